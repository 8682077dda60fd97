"""The log of the service's processes, begun in each of them with the secrets to keep."""

import logging

from freehold.config import Settings
from freehold.db.urls import secrets_in_url
from freehold.logs import setup
from freehold.logs.secrets import Secrets
from freehold.words import Word

log = logging.getLogger(__name__)


def secrets_of(settings: Settings) -> Secrets:
    """Return what is secret in a configuration."""
    return Secrets([*secrets_in_url(settings.database_url), *settings.secrets])


def begin_log(settings: Settings) -> None:
    """Write the log of this process from here on.

    Raises:
        ConfigurationError: that is not possible as it is configured.
    """
    setup.begin(settings.log, secrets_of(settings))


def warn_of_exposed_files(settings: Settings) -> None:
    """Write which files have secrets that everybody on the machine may read."""
    for file in settings.exposed_files:
        log.warning("Everybody on this machine may read %s, which has secrets", Word(file))
