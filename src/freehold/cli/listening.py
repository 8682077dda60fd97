"""Which address the service listens on, and whether it may.

Invariants: without authentication, nobody but the machine itself reaches the
service, and with it nobody's password or token crosses a network in the open, unless
the operator has said in so many words that it may be so.
"""

import socket
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_address

from freehold.cli.failure import CommandFailed, ExitCode

ALLOW_REMOTE = "--allow-remote-without-authentication"
ALLOW_PLAIN = "--allow-remote-without-tls"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An IP address and a TCP port to listen on, with TLS or without."""

    host: str
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        """The root of the service, as clients write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return ip_address(self.host).is_loopback


def choose_endpoint(host: str, port: int, *, allow_remote: bool = False) -> Endpoint:
    """Turn what the operator asked for into an address that can be listened on.

    Args:
        host: an IP address, or a name of this machine.
        port: a TCP port; 0 for any that is free.
        allow_remote: whether other machines may reach it.

    Raises:
        CommandFailed: the name is unknown, the address is not the loopback's
            though it has to be, or it cannot be listened on.
    """
    endpoint = Endpoint(_resolve(host), port)
    if not endpoint.is_loopback and not allow_remote:
        raise CommandFailed(
            f"{host} can be reached from other machines, and there is no authentication "
            "(auth_strategy = noauth): whoever reaches it is an administrator. Listen on "
            f"127.0.0.1, or say {ALLOW_REMOTE} if something else protects it.",
            ExitCode.MISUSED,
        )
    return Endpoint(endpoint.host, _claim_port(endpoint))


def refuse_open_credentials(
    endpoint: Endpoint, *, authenticates: bool, behind_proxy: bool, allowed: bool = False
) -> None:
    """See to it that no password or token has to cross a network in the open.

    Args:
        endpoint: where the service is going to listen.
        authenticates: whether clients have to send one.
        behind_proxy: whether the operator has said that clients come by way of a proxy,
            which then speaks TLS with them.
        allowed: whether the operator has said that they may send it all the same.

    Raises:
        CommandFailed: they would.
    """
    if endpoint.tls or endpoint.is_loopback or behind_proxy or allowed or not authenticates:
        return
    raise CommandFailed(
        f"{endpoint.host} can be reached from other machines, and what clients prove with who "
        "they are could be read on the way. Set [ssl] cert_file and key_file; or listen on "
        "127.0.0.1 behind a proxy that speaks TLS; or, if the proxy is on another machine, set "
        f"[oslo_middleware] enable_proxy_headers_parsing; or say {ALLOW_PLAIN}.",
        ExitCode.MISUSED,
    )


def _resolve(host: str) -> str:
    # An unspecified host would mean every address to getaddrinfo.
    if not host:
        raise CommandFailed("There is no address to listen on.", ExitCode.MISUSED)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CommandFailed(
            f"{host} is neither an IP address nor a known name.", ExitCode.MISUSED
        ) from error
    # IPv4 first: clients that are given "localhost" try either, those that are given
    # the URL printed at the start are best served by what they surely have.
    addresses = sorted(found, key=lambda entry: entry[0] != socket.AF_INET)
    return str(addresses[0][4][0])


def _claim_port(endpoint: Endpoint) -> int:
    """Return the port if it is free to listen on; for port 0, one that is.

    The server's processes share their port (``SO_REUSEPORT``), so that they would
    share it with another Freehold as well, silently. Hence this look beforehand,
    without that option.
    """
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    try:
        with closing(socket.create_server((endpoint.host, endpoint.port), family=family)) as probe:
            return int(probe.getsockname()[1])
    except OSError as error:
        raise CommandFailed(
            f"Cannot listen on {endpoint.host} port {endpoint.port}: {error.strerror or error}."
        ) from error
