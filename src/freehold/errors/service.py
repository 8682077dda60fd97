"""Errors about the service itself: its database, its configuration, its driver.

No request is to blame for them, and each is for the operator to mend.
"""

from collections.abc import Iterable

from freehold.errors.base import FreeholdError, ServiceUnavailable


class DatabaseUnavailable(ServiceUnavailable):
    """The database does not answer, or not in time."""

    def __init__(self) -> None:
        super().__init__("The database is not available at the moment; try again.")


class DatabaseNotUpgraded(ServiceUnavailable):
    """The database's schema is not the one that this version needs."""

    def __init__(self, found: str | None, needed: str) -> None:
        super().__init__(
            f"The database's schema is at revision {found or 'none'}, and {needed} is needed: "
            "run 'freehold db upgrade'."
        )


class ConfigurationError(FreeholdError):
    """The operator set a value that cannot work."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"Wrong value of {option}: {reason}.")


class DriverNotFound(FreeholdError):
    """No IPAM driver of this name is installed."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(
            f"There is no IPAM driver '{name}'. Installed: {', '.join(sorted(known)) or 'none'}."
        )
