"""How the service learns who makes a request.

With Keystone, what is read is what keystonemiddleware wants to know, and not
known beforehand: which options there are depends on ``auth_type``. They are kept
as plain values, from which each process makes a configuration of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from oslo_config import cfg

from freehold.errors import ConfigurationError

KEYSTONE_GROUP = "keystone_authtoken"

KEYSTONE_SECONDS = 10
"""How long Keystone may take to answer, unless ``http_connect_timeout`` says otherwise."""

KEYSTONE_RETRIES = 1
"""How often it is asked again if it does not, unless ``http_request_max_retries`` says otherwise.

As often as keystonemiddleware would by itself (3), a request would wait for longer than a request
may take. Not at all would refuse clients when Keystone has closed a connection that was kept.
"""

LONGEST_CACHE_TIME = 3600

_IGNORED = {
    # An answer that is put off is never given.
    "delay_auth_decision": False,
    # Access rules of application credentials are checked with the catalogue.
    "include_service_catalog": True,
    # What it refers to is read from where it says.
    "auth_section": None,
}
"""Options that have these values, whatever the operator says."""


class AuthStrategy(StrEnum):
    """What is believed of a request."""

    NOAUTH = "noauth"
    HTTP_BASIC = "http_basic"
    KEYSTONE = "keystone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How the service learns who makes a request.

    Attributes:
        auth_strategy: the value of a `AuthStrategy`.
        http_basic_auth_user_file: the path of the file with the passwords' hashes.
        http_basic_auth_roles_file: the path of the file with the users' projects and roles.
        http_basic_auth_cache_time: how long it is known that a password was right, in
            seconds; 0 for not at all.
        keystone: the options of the group ``keystone_authtoken`` that have a value, and the
            values; not shown by ``repr``, since they hold a password.

    Raises:
        ConfigurationError: a value cannot work.
    """

    auth_strategy: str = AuthStrategy.NOAUTH.value
    http_basic_auth_user_file: str = ""
    http_basic_auth_roles_file: str = ""
    http_basic_auth_cache_time: int = 60
    keystone: tuple[tuple[str, object], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if self.auth_strategy not in list(AuthStrategy):
            raise ConfigurationError("auth_strategy", f"it is none of {', '.join(AuthStrategy)}")
        if not 0 <= self.http_basic_auth_cache_time <= LONGEST_CACHE_TIME:
            raise ConfigurationError(
                "http_basic_auth_cache_time",
                f"{self.http_basic_auth_cache_time} is not from 0 to {LONGEST_CACHE_TIME}",
            )

    @property
    def is_on(self) -> bool:
        """Whether those who make requests have to say, and show, who they are."""
        return self.auth_strategy != AuthStrategy.NOAUTH

    def keystone_configuration(self) -> cfg.ConfigOpts:
        """Return the group ``keystone_authtoken`` as keystonemiddleware wants it."""
        configuration = cfg.ConfigOpts()
        configuration([], default_config_files=[], default_config_dirs=[])
        values = dict(self.keystone)
        for option in (*_middleware_options(), *_plugin_options(str(values["auth_type"]))):
            configuration.register_opt(option, group=KEYSTONE_GROUP)
        for name, value in values.items():
            configuration.set_override(name, value, KEYSTONE_GROUP)
        return configuration


OPTIONS = (
    cfg.StrOpt("auth_strategy", default="noauth", help="noauth, http_basic or keystone."),
    cfg.StrOpt("http_basic_auth_user_file", help="The file with the passwords' hashes."),
    cfg.StrOpt("http_basic_auth_roles_file", help="The file with projects and roles."),
    cfg.IntOpt("http_basic_auth_cache_time", default=60, help="Seconds, for right passwords."),
)


def read_authentication(options: cfg.ConfigOpts, folder: Path) -> Authentication:
    """Return what is configured.

    Args:
        options: the configuration, with `OPTIONS` among it.
        folder: where the files of users are if nothing is said of them.

    Raises:
        ConfigurationError: a value cannot work.
    """
    strategy: str = options.auth_strategy
    return Authentication(
        auth_strategy=strategy,
        http_basic_auth_user_file=options.http_basic_auth_user_file or str(folder / "htpasswd"),
        http_basic_auth_roles_file=options.http_basic_auth_roles_file or str(folder / "users.yaml"),
        http_basic_auth_cache_time=options.http_basic_auth_cache_time,
        keystone=tuple(_keystone(options)) if strategy == AuthStrategy.KEYSTONE else (),
    )


def _keystone(options: cfg.ConfigOpts) -> Iterator[tuple[str, object]]:
    """Yield the options of the group ``keystone_authtoken`` that have a value."""
    own = _middleware_options()
    options.register_opts(own, group=KEYSTONE_GROUP)
    options.set_default("http_connect_timeout", KEYSTONE_SECONDS, KEYSTONE_GROUP)
    options.set_default("http_request_max_retries", KEYSTONE_RETRIES, KEYSTONE_GROUP)
    options.set_default("service_type", "network", KEYSTONE_GROUP)
    section: str = options[KEYSTONE_GROUP].auth_section or KEYSTONE_GROUP
    options.register_opts(own, group=section)
    plugin: str | None = options[section].auth_type
    if plugin is None:
        raise ConfigurationError(f"[{section}] auth_type", "it is needed to ask Keystone")
    logging_in = _plugin_options(plugin)
    options.register_opts(logging_in, group=section)
    found = {option.dest: options[KEYSTONE_GROUP][option.dest] for option in own}
    found |= {option.dest: options[section][option.dest] for option in logging_in}
    found |= {"auth_type": plugin, **_IGNORED}
    if "auth_url" in found and not found["auth_url"]:
        raise ConfigurationError(f"[{section}] auth_url", "it is needed to ask Keystone")
    if found["www_authenticate_uri"] is None:
        found["www_authenticate_uri"] = found.get("auth_url")
    for name, value in found.items():
        if value is not None:
            yield name, tuple(value) if isinstance(value, list) else value


def _middleware_options() -> list[cfg.Opt]:
    # It takes a while to load, and is needed with Keystone only.
    from keystonemiddleware import auth_token

    return [option for _group, some in auth_token.list_opts() for option in some]


def _plugin_options(name: str) -> list[cfg.Opt]:
    """Return the options of a way to log in to Keystone.

    Raises:
        ConfigurationError: there is no such way.
    """
    from keystoneauth1 import exceptions, loading

    try:
        return list(loading.get_auth_plugin_conf_options(loading.get_plugin_loader(name)))
    except exceptions.NoMatchingPlugin as error:
        raise ConfigurationError(
            f"[{KEYSTONE_GROUP}] auth_type", f"there is no '{name}' to log in with"
        ) from error
