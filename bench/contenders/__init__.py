"""Those who hand out addresses, each behind the same interface."""
