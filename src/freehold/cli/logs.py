"""The log of the service's processes, begun in each of them with the secrets to keep."""

from freehold.config import Settings
from freehold.logs import setup
from freehold.logs.secrets import Secrets, secrets_in_url


def secrets_of(settings: Settings) -> Secrets:
    """Return what is secret in a configuration."""
    return Secrets(secrets_in_url(settings.database_url))


def begin_log(settings: Settings) -> None:
    """Write the log of this process from here on.

    Raises:
        ConfigurationError: that is not possible as it is configured.
    """
    setup.begin(settings.log, secrets_of(settings))
