"""The configuration: what an operator can set, as values that cannot be wrong.

Options that belong together have a module of their own here, with the frozen
value that they are read into; `Settings` holds them all.
"""

from freehold.config.authentication import Authentication, AuthStrategy
from freehold.config.settings import (
    DATABASE_VARIABLE,
    DEFAULT_DNS_DOMAIN,
    MEBIBYTE,
    UNLIMITED,
    PolicyFiles,
    Settings,
    default_database_url,
    load_settings,
)

__all__ = [
    "DATABASE_VARIABLE",
    "DEFAULT_DNS_DOMAIN",
    "MEBIBYTE",
    "UNLIMITED",
    "AuthStrategy",
    "Authentication",
    "PolicyFiles",
    "Settings",
    "default_database_url",
    "load_settings",
]
