"""TLS of the service's own: the group ``ssl``, under oslo.service's names where it has them.

Only the names of files are here. Whether they can be used is seen when the service
starts, and again when it is told to read them anew (`freehold.cli.certificates`).
There is no option for a key's password: granian reads no key that has one, and a password
in a file beside the key would keep nobody from it who can read both.
"""

from dataclasses import dataclass

from oslo_config import cfg

from freehold.errors import ConfigurationError

GROUP = "ssl"

TLS_1_2 = "TLSv1.2"
TLS_1_3 = "TLSv1.3"
VERSIONS = (TLS_1_2, TLS_1_3)


@dataclass(frozen=True, slots=True, kw_only=True)
class TLSSettings:
    """How connections are encrypted.

    Attributes:
        cert_file: the path of the certificate, and of those that lead from it to
            a known authority, as PEM; empty for no TLS.
        key_file: the path of its private key, as PEM.
        ca_file: the path of the authorities of which each client must have a
            certificate; empty if clients need none.
        minimum_version: the oldest version of TLS that is spoken.

    Raises:
        ConfigurationError: a value cannot work.
    """

    cert_file: str = ""
    key_file: str = ""
    ca_file: str = ""
    minimum_version: str = TLS_1_2

    def __post_init__(self) -> None:
        if bool(self.cert_file) != bool(self.key_file):
            missing = "key_file" if self.cert_file else "cert_file"
            raise ConfigurationError(f"[{GROUP}] {missing}", "certificate and key go together")
        if self.ca_file and not self.cert_file:
            raise ConfigurationError(f"[{GROUP}] ca_file", "there is no cert_file")
        if self.minimum_version not in VERSIONS:
            raise ConfigurationError(
                f"[{GROUP}] minimum_version", f"it is none of {', '.join(VERSIONS)}"
            )

    @property
    def enabled(self) -> bool:
        """Whether connections are encrypted."""
        return bool(self.cert_file)


OPTIONS = (
    cfg.StrOpt("cert_file", default="", help="The certificate, and its chain, as PEM."),
    cfg.StrOpt("key_file", default="", help="The certificate's private key, as PEM."),
    cfg.StrOpt("ca_file", default="", help="Authorities of the certificates clients need."),
    cfg.StrOpt("minimum_version", default=TLS_1_2, help="TLSv1.2 or TLSv1.3."),
)


def register(options: cfg.ConfigOpts) -> None:
    """Make the options known to oslo.config."""
    options.register_opts(OPTIONS, group=GROUP)


def read(options: cfg.ConfigOpts) -> TLSSettings:
    """Return what is configured.

    Raises:
        ConfigurationError: a value cannot work.
    """
    group = options[GROUP]
    return TLSSettings(**{option.name: group[option.name] for option in OPTIONS})
