"""How long what may take: a client's sending, a request, a statement.

``client_socket_timeout`` is oslo.service's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from oslo_config import cfg

from freehold.errors import ConfigurationError

DATABASE_GROUP = "database"

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "client_socket_timeout": (1, 900),
    "request_timeout": (1, 3600),
    "statement_timeout": (1, 3600),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """The longest that things may take, in seconds.

    Attributes:
        client_socket_timeout: a client's sending of a request's headers, its
            silence between two requests, and the time in which it takes nothing of
            an answer.
        request_timeout: a request, from its headers on; no statement is begun
            afterwards.
        statement_timeout: one statement in the database.

    Raises:
        ConfigurationError: a value cannot work.
    """

    client_socket_timeout: int = 30
    request_timeout: int = 30
    statement_timeout: int = 12

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigurationError(name, f"{value} is not from {least} to {most}")

    @property
    def answer_seconds(self) -> int:
        """How long the database's server may take to answer, some time for the way included."""
        return self.statement_timeout + 3


OPTIONS = (
    cfg.IntOpt("client_socket_timeout", default=30, help="Seconds that a client may be silent."),
    cfg.IntOpt("request_timeout", default=30, help="Seconds that a request may take."),
)

DATABASE_OPTIONS = (
    cfg.IntOpt("statement_timeout", default=12, help="Seconds that a statement may take."),
)


def register(options: cfg.ConfigOpts) -> None:
    """Make the options known to oslo.config."""
    options.register_opts(OPTIONS)
    options.register_opts(DATABASE_OPTIONS, group=DATABASE_GROUP)


def read(options: cfg.ConfigOpts) -> TimeLimits:
    """Return what is configured.

    Raises:
        ConfigurationError: a value cannot work.
    """
    return TimeLimits(
        client_socket_timeout=options.client_socket_timeout,
        request_timeout=options.request_timeout,
        statement_timeout=options[DATABASE_GROUP].statement_timeout,
    )
