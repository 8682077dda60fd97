"""What the operator sets, read once and frozen.

oslo.config reads files and environment under the names that operators know
from Neutron; the rest of Freehold sees a `Settings` only, which cannot be made
with a value that would not work.

Where an option comes from, the later winning: its default, the files, the
environment (``OS_<GROUP>__<OPTION>`` as oslo.config reads it, and
``FREEHOLD_DATABASE``), and what the command line replaces by
``dataclasses.replace``.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts as policy_options
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from freehold.addresses.mac import parse_base_mac
from freehold.config import authentication, health, links, logs, metrics, times, tls
from freehold.config.authentication import Authentication
from freehold.config.health import HealthSettings
from freehold.config.links import LinkSettings
from freehold.config.logs import LogSettings
from freehold.config.metrics import MetricsSettings
from freehold.config.options import Options, is_readable_by_all, secret_in
from freehold.config.times import TimeLimits
from freehold.config.tls import TLSSettings
from freehold.errors import ConfigurationError
from freehold.ipam.strategy import COOL_DOWN, LONGEST_COOL_DOWN, Reuse, Strategy
from freehold.networking.quota_values import LARGEST_LIMIT, Counted, QuotaLimits

DATABASE_VARIABLE = "FREEHOLD_DATABASE"
DATABASE_FILE_VARIABLE = f"{DATABASE_VARIABLE}_FILE"

MEBIBYTE = 1 << 20

UNLIMITED = -1

DEFAULT_DNS_DOMAIN = "openstacklocal"
"""Neutron's default, in which ports get no names from clients."""

_DNS_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.|$))*", re.IGNORECASE)
_LONGEST_DNS_DOMAIN = 253


@dataclass(frozen=True, slots=True)
class PolicyFiles:
    """Where rules are by which an operator replaces those of the API.

    Attributes:
        file: the path of a file; empty for none.
        folders: the paths of folders with further files.
    """

    file: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of a service.

    Attributes:
        database_url: an SQLAlchemy database URL; not shown by ``repr``, since it
            may hold a password.
        bind_host: the address that the service listens on.
        bind_port: the TCP port that the service listens on.
        api_workers: how many processes serve requests.
        api_threads: how many database connections a process has, and so how
            many requests it works on at once.
        ipam_driver: an entry point of the group ``freehold.ipam_drivers``.
        allocation_strategy: how subnets choose addresses that do not say it
            themselves: the value of a `Strategy`.
        allocation_cool_down: how long a released address rests on subnets that
            do not say it themselves, in seconds.
        history_days: how long who held an address is remembered after a
            release; 0 for not at all.
        base_mac: made-up MAC addresses begin like this.
        max_dns_nameservers: how many a subnet may have.
        max_subnet_host_routes: how many a subnet may have.
        max_fixed_ips_per_port: how many a client may ask for on one port.
        max_allowed_address_pair: how many a port may have.
        global_physnet_mtu: the MTU of the networks below, in bytes.
        dns_domain: the domain in which ports have names; empty for none.
        max_request_body_size: in bytes.
        max_json_depth: how deep arrays and objects of a body may be nested.
        max_bulk_items: how many resources one request may create.
        pagination_max_limit: how many resources one answer may list; -1 for
            any number.
        authentication: how the service learns who makes a request.
        policy_files: where the operator's rules are.
        log: how and where the log is written.
        secrets: what is not to be told, beside what is in the database's URL.
        exposed_files: files with secrets that everybody on the machine may read.
        idempotency_hours: how long a request's idempotency key is known.
        quota_network: how many networks a project may have that has no limit of
            its own; -1 for any number.
        quota_subnet: the same of subnets.
        quota_port: the same of ports.
        quota_subnetpool: the same of subnet pools.
        quota_address_scope: the same of address scopes.
        tls: how connections are encrypted.
        links: where the links in answers lead.
        times: how long what may take.
        metrics: what is measured, and where it is told.
        health: when the service counts as ready.

    Raises:
        ConfigurationError: a value cannot work.
    """

    database_url: str = field(repr=False)
    bind_host: str = "127.0.0.1"
    bind_port: int = 9696
    api_workers: int = 1
    api_threads: int = 16
    ipam_driver: str = "reference"
    allocation_strategy: str = Strategy.RANDOM.value
    allocation_cool_down: int = int(COOL_DOWN.total_seconds())
    history_days: int = 90
    base_mac: str = "fa:16:3e:00:00:00"
    max_dns_nameservers: int = 5
    max_subnet_host_routes: int = 20
    max_fixed_ips_per_port: int = 100
    max_allowed_address_pair: int = 10
    global_physnet_mtu: int = 1500
    dns_domain: str = DEFAULT_DNS_DOMAIN
    max_request_body_size: int = MEBIBYTE
    max_json_depth: int = 32
    max_bulk_items: int = 1000
    pagination_max_limit: int = UNLIMITED
    authentication: Authentication = field(default_factory=Authentication)
    policy_files: PolicyFiles = field(default_factory=PolicyFiles)
    log: LogSettings = field(default_factory=LogSettings)
    secrets: tuple[str, ...] = field(default_factory=tuple, repr=False)
    exposed_files: tuple[str, ...] = field(default_factory=tuple, compare=False)
    idempotency_hours: int = 24
    quota_network: int = 100
    quota_subnet: int = 100
    quota_port: int = 500
    quota_subnetpool: int = UNLIMITED
    quota_address_scope: int = UNLIMITED
    tls: TLSSettings = field(default_factory=TLSSettings)
    links: LinkSettings = field(default_factory=LinkSettings)
    times: TimeLimits = field(default_factory=TimeLimits)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    health: HealthSettings = field(default_factory=HealthSettings)

    @property
    def longest_page(self) -> int | None:
        """How many resources one answer may list; None for any number."""
        return self.pagination_max_limit if self.pagination_max_limit > 0 else None

    def __post_init__(self) -> None:
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigurationError(name, f"{value} is not from {least} to {most}")
        if self.allocation_strategy not in list(Strategy):
            raise ConfigurationError("allocation_strategy", f"it is none of {', '.join(Strategy)}")
        try:
            parse_base_mac(self.base_mac)
        except ValueError as error:
            raise ConfigurationError("base_mac", str(error)) from error
        if len(self.dns_domain) > _LONGEST_DNS_DOMAIN or not _DNS_DOMAIN.fullmatch(self.dns_domain):
            raise ConfigurationError("dns_domain", "it is not a DNS domain")
        try:
            make_url(self.database_url)
        except (ArgumentError, ValueError) as error:
            raise ConfigurationError("[database] connection", "it is not a database URL") from error

    @property
    def reuse(self) -> Reuse:
        """How subnets choose addresses that do not say it themselves."""
        return Reuse(
            strategy=Strategy(self.allocation_strategy),
            cool_down=timedelta(seconds=self.allocation_cool_down),
        )

    @property
    def key_lifetime(self) -> timedelta:
        """How long a request's idempotency key is known."""
        return timedelta(hours=self.idempotency_hours)

    @property
    def quotas(self) -> QuotaLimits:
        """How many resources a project may have that has no limits of its own."""
        return QuotaLimits({one: getattr(self, f"{_QUOTA}{one.value}") for one in Counted})


_QUOTA = "quota_"

_BOUNDS: Mapping[str, tuple[int, int]] = {
    "bind_port": (0, 65535),
    "api_workers": (1, 1024),
    "api_threads": (1, 1024),
    "allocation_cool_down": (0, int(LONGEST_COOL_DOWN.total_seconds())),
    "history_days": (0, 3650),
    "max_dns_nameservers": (0, 1000),
    "max_subnet_host_routes": (0, 1000),
    "max_fixed_ips_per_port": (1, 10_000),
    "max_allowed_address_pair": (0, 1000),
    "global_physnet_mtu": (1280, 65_535),
    "max_request_body_size": (1024, 1024 * MEBIBYTE),
    "max_json_depth": (4, 500),
    "max_bulk_items": (1, 100_000),
    "pagination_max_limit": (-1, 1_000_000),
    "idempotency_hours": (1, 8760),
    **{f"{_QUOTA}{one.value}": (UNLIMITED, LARGEST_LIMIT) for one in Counted},
}


def _number_or_infinite(text: object) -> int:
    """Read a number, or the word that Neutron has for none."""
    if isinstance(text, str) and text.strip().lower() == "infinite":
        return UNLIMITED
    return int(str(text))


_OPTIONS = (
    cfg.StrOpt("bind_host", default="127.0.0.1", help="The address to listen on."),
    cfg.IntOpt("bind_port", default=9696, help="The TCP port to listen on."),
    cfg.IntOpt("api_workers", default=1, help="How many processes serve requests."),
    cfg.IntOpt("api_threads", default=16, help="Database connections of a process."),
    cfg.StrOpt("ipam_driver", default="reference", help="The IPAM driver, by its name."),
    cfg.StrOpt("allocation_strategy", default="random", help="How addresses are chosen."),
    cfg.IntOpt("allocation_cool_down", default=3600, help="Seconds that a released one rests."),
    cfg.IntOpt("history_days", default=90, help="How long former holders are remembered."),
    cfg.StrOpt(
        "base_mac",
        default="fa:16:3e:00:00:00",
        help="Made-up MAC addresses keep the first three octets, and the fourth one too "
        "unless it is 00.",
    ),
    cfg.IntOpt("max_dns_nameservers", default=5, help="How many a subnet may have."),
    cfg.IntOpt("max_subnet_host_routes", default=20, help="How many a subnet may have."),
    cfg.IntOpt("max_fixed_ips_per_port", default=100, help="How many one port may ask for."),
    cfg.IntOpt("max_allowed_address_pair", default=10, help="How many a port may have."),
    cfg.IntOpt("global_physnet_mtu", default=1500, help="The MTU of the networks below."),
    cfg.StrOpt(
        "dns_domain", default=DEFAULT_DNS_DOMAIN, help="The domain in which ports have names."
    ),
    cfg.IntOpt("max_request_body_size", default=MEBIBYTE, help="In bytes."),
    cfg.IntOpt("max_json_depth", default=32, help="How deep the JSON of a body may be nested."),
    cfg.IntOpt("max_bulk_items", default=1000, help="How many one request may create."),
    cfg.Opt(
        "pagination_max_limit",
        type=_number_or_infinite,
        default=UNLIMITED,
        help="How many resources one answer may list; -1, 0 or 'infinite' for any number.",
    ),
    cfg.IntOpt("idempotency_hours", default=24, help="How long idempotency keys are known."),
)

_QUOTA_OPTIONS = (
    cfg.IntOpt("quota_network", default=100, help="How many a project may have; -1 for any."),
    cfg.IntOpt("quota_subnet", default=100, help="How many a project may have."),
    cfg.IntOpt("quota_port", default=500, help="How many a project may have."),
    cfg.IntOpt("quota_subnetpool", default=UNLIMITED, help="How many a project may have."),
    cfg.IntOpt("quota_address_scope", default=UNLIMITED, help="How many a project may have."),
)

_DATABASE_OPTIONS = (
    cfg.StrOpt(
        "connection",
        secret=True,
        help="An SQLAlchemy database URL; an SQLite file of the user's by default.",
    ),
)


def load_settings(
    config_files: Sequence[str | os.PathLike[str]] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    options: Options | None = None,
) -> Settings:
    """Read the configuration.

    Args:
        config_files: files in oslo.config's format; None for those in the usual
            places, such as ``/etc/freehold/freehold.conf``, if there are any.
        environ: the environment in which to look for ``FREEHOLD_DATABASE`` and
            the user's folders; the process's own by default.
        options: what is to know the options afterwards.

    Raises:
        ConfigurationError: a file is missing or malformed, or a value cannot work.
    """
    environment = os.environ if environ is None else environ
    options = Options() if options is None else options
    options.register_opts(_OPTIONS)
    logs.register(options)
    options.register_opts(authentication.OPTIONS)
    options.register_opts(_QUOTA_OPTIONS, group="quotas")
    options.register_opts(_DATABASE_OPTIONS, group="database")
    tls.register(options)
    links.register(options)
    times.register(options)
    metrics.register(options)
    health.register(options)
    for group, some in policy_options.list_opts():
        options.register_opts(some, group=group)
    files = None if config_files is None else [os.fspath(path) for path in config_files]
    try:
        options([], project="freehold", default_config_files=files)
        options.read_secret_files(environment)
        values = {option.name: options[option.name] for option in _OPTIONS}
        values |= {option.name: options.quotas[option.name] for option in _QUOTA_OPTIONS}
        configured = options.database.connection
        values["policy_files"] = _policy_files(options)
        values["tls"] = tls.read(options)
        values["links"] = links.read(options)
        values["times"] = times.read(options)
        values["log"] = logs.read(options)
        values["metrics"] = metrics.read(options)
        values["health"] = health.read(options)
        values["authentication"] = authentication.read_authentication(
            options, default_folder(environment)
        )
    except cfg.Error as error:
        raise ConfigurationError("the configuration", str(error)) from error
    url = _database_url(environment, configured) or default_database_url(environment)
    files = [environment.get(DATABASE_FILE_VARIABLE, ""), *options.secret_files]
    files += options.files_with_secrets()
    values["exposed_files"] = tuple(filter(is_readable_by_all, dict.fromkeys(files)))
    values["secrets"] = tuple(value for group, _, value in options.secrets() if group != "database")
    return Settings(database_url=url, **values)


def _database_url(environment: Mapping[str, str], configured: str | None) -> str | None:
    """Return the database's URL; None if there is none.

    Raises:
        ConfigurationError: the environment has two, or its file cannot be read.
    """
    url = environment.get(DATABASE_VARIABLE)
    file = environment.get(DATABASE_FILE_VARIABLE)
    if url and file:
        raise ConfigurationError(DATABASE_FILE_VARIABLE, f"{DATABASE_VARIABLE} is set, too")
    return secret_in(file, DATABASE_VARIABLE) if file else url or configured


def _policy_files(options: cfg.ConfigOpts) -> PolicyFiles:
    """Return where the operator's rules are.

    Raises:
        ConfigurationError: a file was named, and is missing.
    """
    named: str = options.oslo_policy.policy_file
    found = options.find_file(named)
    by = options.get_location("policy_file", "oslo_policy").location
    if found is None and by is not cfg.Locations.opt_default:
        raise ConfigurationError("[oslo_policy] policy_file", f"there is no file '{named}'")
    folders = (options.find_file(folder) for folder in options.oslo_policy.policy_dirs)
    return PolicyFiles(found or "", tuple(one for one in folders if one is not None))


def default_database_url(environ: Mapping[str, str]) -> str:
    """Return the URL of the SQLite file that is used when no database is named."""
    return f"sqlite:///{default_folder(environ) / 'freehold.sqlite'}"


def default_folder(environ: Mapping[str, str]) -> Path:
    """Return where files are that nothing else is said of.

    Source: XDG Base Directory Specification, ``XDG_DATA_HOME``.
    """
    named = environ.get("XDG_DATA_HOME", "")
    # The specification has relative paths ignored.
    folder = Path(named) if named.startswith("/") else Path.home() / ".local" / "share"
    return folder / "freehold"
