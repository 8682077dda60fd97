"""How the service tells whether it is well: the group ``healthcheck``.

``disable_by_file_path`` is an option of oslo.middleware's, under its own name.
"""

from dataclasses import dataclass

from oslo_config import cfg

from freehold.errors import ConfigurationError

GROUP = "healthcheck"

LEAST_SECONDS, MOST_SECONDS = 0.1, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthSettings:
    """When a service counts as ready.

    Attributes:
        database_timeout: how long the database may take to answer, in seconds.
        disable_by_file_path: as long as there is a file of this path, the service
            says that it is not ready; empty for no such file.

    Raises:
        ConfigurationError: a value cannot work.
    """

    database_timeout: float = 1.0
    disable_by_file_path: str = ""

    def __post_init__(self) -> None:
        if not LEAST_SECONDS <= self.database_timeout <= MOST_SECONDS:
            raise ConfigurationError(
                f"[{GROUP}] database_timeout",
                f"{self.database_timeout} is not from {LEAST_SECONDS} to {MOST_SECONDS:g}",
            )


OPTIONS = (
    cfg.FloatOpt("database_timeout", default=1.0, help="How long the database may take."),
    cfg.StrOpt("disable_by_file_path", default="", help="Not ready while this file is there."),
)


def register(options: cfg.ConfigOpts) -> None:
    """Make the options known to oslo.config."""
    options.register_opts(OPTIONS, group=GROUP)


def read(options: cfg.ConfigOpts) -> HealthSettings:
    """Return what is configured.

    Raises:
        ConfigurationError: a value cannot work.
    """
    group = options[GROUP]
    return HealthSettings(**{option.name: group[option.name] for option in OPTIONS})
