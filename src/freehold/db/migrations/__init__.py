"""Alembic's migrations of Freehold's schema."""
