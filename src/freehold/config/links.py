"""Where the links in answers lead, and whether a proxy may say so.

``network_link_prefix`` is Neutron's option, ``enable_proxy_headers_parsing`` one of
oslo.middleware's.
"""

import re
from dataclasses import dataclass

from oslo_config import cfg

from freehold.errors import ConfigurationError

PROXY_GROUP = "oslo_middleware"

HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
"""A host, and a port if need be, as a link can hold it."""

PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
"""A path below which a service may be, as a link can hold it."""

_PREFIX = re.compile(f"https?://{HOST.pattern}{PATH.pattern}/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """What links are made from.

    Attributes:
        network_link_prefix: the URL with which each link begins; empty for the one
            that the client has used.
        enable_proxy_headers_parsing: whether ``Forwarded`` and ``X-Forwarded-...``
            say which one that was.

    Raises:
        ConfigurationError: a value cannot work.
    """

    network_link_prefix: str = ""
    enable_proxy_headers_parsing: bool = False

    def __post_init__(self) -> None:
        if self.network_link_prefix and not _PREFIX.fullmatch(self.network_link_prefix):
            raise ConfigurationError(
                "network_link_prefix", "it is not the beginning of a URL: https://host/path"
            )

    @property
    def prefix(self) -> str | None:
        """With what each link begins, without a slash at its end; None for the request's own."""
        return self.network_link_prefix.rstrip("/") or None


OPTIONS = (cfg.StrOpt("network_link_prefix", default="", help="The URL with which links begin."),)

PROXY_OPTIONS = (
    cfg.BoolOpt("enable_proxy_headers_parsing", default=False, help="Believe a proxy's headers."),
)


def register(options: cfg.ConfigOpts) -> None:
    """Make the options known to oslo.config."""
    options.register_opts(OPTIONS)
    options.register_opts(PROXY_OPTIONS, group=PROXY_GROUP)


def read(options: cfg.ConfigOpts) -> LinkSettings:
    """Return what is configured.

    Raises:
        ConfigurationError: a value cannot work.
    """
    return LinkSettings(
        network_link_prefix=options.network_link_prefix,
        enable_proxy_headers_parsing=options[PROXY_GROUP].enable_proxy_headers_parsing,
    )
