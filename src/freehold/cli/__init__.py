"""The command ``freehold``: serving the API, and looking after the database."""
