"""What is measured for Prometheus, and where it is told: the group ``metrics``."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from oslo_config import cfg

from freehold.errors import ConfigurationError

GROUP = "metrics"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    """How the service tells what it does.

    Attributes:
        enabled: whether anything is measured.
        host: the address of a listener for Prometheus alone.
        port: its TCP port; 0 for no such listener.
        max_subnets: how many subnets have series of their own.
        max_subnetpools: how many subnet pools have series of their own.
        cache_seconds: how long it is not counted anew how full subnets are.

    Raises:
        ConfigurationError: a value cannot work.
    """

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = 0
    max_subnets: int = 100
    max_subnetpools: int = 100
    cache_seconds: int = 15

    def __post_init__(self) -> None:
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigurationError(
                    f"[{GROUP}] {name}", f"{value} is not from {least} to {most}"
                )
        try:
            ip_address(self.host)
        except ValueError as error:
            raise ConfigurationError(f"[{GROUP}] host", "it is no IP address") from error


BOUNDS: Mapping[str, tuple[int, int]] = {
    "port": (0, 65535),
    "max_subnets": (0, 10_000),
    "max_subnetpools": (0, 10_000),
    "cache_seconds": (1, 3600),
}

OPTIONS = (
    cfg.BoolOpt("enabled", default=True, help="Whether there is anything at /metrics."),
    cfg.StrOpt("host", default="127.0.0.1", help="Where a listener for Prometheus is."),
    cfg.IntOpt("port", default=0, help="Its TCP port; 0 for no such listener."),
    cfg.IntOpt("max_subnets", default=100, help="How many subnets have series of their own."),
    cfg.IntOpt("max_subnetpools", default=100, help="The same of subnet pools."),
    cfg.IntOpt("cache_seconds", default=15, help="How long counts of addresses are kept."),
)


def register(options: cfg.ConfigOpts) -> None:
    """Make the options known to oslo.config."""
    options.register_opts(OPTIONS, group=GROUP)


def read(options: cfg.ConfigOpts) -> MetricsSettings:
    """Return what is configured.

    Raises:
        ConfigurationError: a value cannot work.
    """
    group = options[GROUP]
    return MetricsSettings(**{option.name: group[option.name] for option in OPTIONS})
