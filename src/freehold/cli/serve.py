"""``freehold serve``: the API on granian, until somebody stops it.

The process that is started by the operator serves nothing itself: it brings
the database up, starts the workers, replaces those that fail, and stops them.
"""

import logging
import os
import resource
import signal
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any

from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from freehold import __version__
from freehold.api.authentication import authenticator_of
from freehold.api.metrics.sharing import shared_folder
from freehold.cli import database
from freehold.cli.certificates import Certificate, read_certificate
from freehold.cli.failure import CommandFailed
from freehold.cli.listening import Endpoint, choose_endpoint, refuse_open_credentials
from freehold.cli.logs import begin_log, warn_of_exposed_files
from freehold.cli.worker import load_application
from freehold.config import AuthStrategy, Settings
from freehold.config.metrics import MetricsSettings
from freehold.config.tls import TLS_1_2, TLS_1_3, TLSSettings
from freehold.errors import ConfigurationError
from freehold.ipam.loader import load_driver

log = logging.getLogger(__name__)

CONNECTIONS = 8192
"""How many connections each worker keeps at once, if it may have as many open files."""

OTHER_FILES = 256
"""How many open files are for others than clients."""

QUEUED_CONNECTIONS = 2048
"""How many connections more may queue."""

STALLED_REQUESTS = 1024
"""How many clients may be in the middle of a body before others have to wait.

Each keeps a thread waiting; threads are made when they are needed. How many
requests are worked on at once is another number (``api_threads``).
"""

HEAD_BYTES = 1 << 17
"""How long the first line of a request and its headers may be together, or half as much more.

The server looks at it when it makes more room for them.
"""

SSL_VERSIONS = {TLS_1_2: SSLProtocols.tls12, TLS_1_3: SSLProtocols.tls13}

STOPPING = (signal.SIGTERM, signal.SIGINT)

RENEWAL_SECONDS = 2.0
"""How long an old process goes on beside the one that replaces it when SIGHUP has come."""

STOP_SECONDS = 5
"""How long requests in progress are waited for when the service stops."""

LOGGING: Mapping[str, Any] = {
    "version": 1,
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {"_granian": {}, "granian.access": {}},
}
"""That granian leaves the log as it is configured (`freehold.logs.setup`)."""


def serve(settings: Settings, *, allow_remote: bool = False, allow_plain: bool = False) -> None:
    """Serve the API until SIGTERM or SIGINT.

    Args:
        settings: the service's configuration.
        allow_remote: whether other machines may reach it without authentication.
        allow_plain: whether they may send passwords and tokens in the open.

    Raises:
        CommandFailed, FreeholdError: it cannot start, or cannot go on.
    """
    certificate = read_certificate(settings.tls) if settings.tls.enabled else None
    endpoint = replace(
        choose_endpoint(
            settings.bind_host,
            settings.bind_port,
            allow_remote=allow_remote or settings.authentication.is_on,
        ),
        tls=certificate is not None,
    )
    refuse_open_credentials(
        endpoint,
        authenticates=settings.authentication.is_on,
        behind_proxy=settings.links.enable_proxy_headers_parsing,
        allowed=allow_plain,
    )
    load_driver(settings.ipam_driver)
    authenticator_of(settings.authentication)
    database.prepare(settings)
    begin_log(settings)
    warn_of_exposed_files(settings)
    _claim_port_of_metrics(settings.metrics, endpoint)
    server = _make_server(settings, endpoint, certificate, _raise_file_limit())
    server.on_startup(_heed_first_signal)
    server.on_startup(partial(_renew_only_with_sound_files, settings.tls))
    server.on_startup(partial(print, _greeting(settings, endpoint, certificate), flush=True))
    load = partial(load_application, settings, os.getpid(), endpoint.port)
    try:
        with shared_folder() if settings.metrics.enabled else nullcontext() as counts:
            server.serve(target_loader=partial(load, counts=counts), wrap_loader=False)
    except SystemExit as ended:
        # Workers that are told to stop together with this process, as supervisors do,
        # count as failed in granian's books.
        if not server.interrupt_signal:
            raise CommandFailed("The processes that serve requests failed repeatedly.") from ended


def _claim_port_of_metrics(told: MetricsSettings, endpoint: Endpoint) -> None:
    """See to it that the listener for Prometheus has a port, if there is to be one.

    Raises:
        CommandFailed: the port is taken.
        ConfigurationError: it is the API's. Both would share it, and the kernel would give
            each client to either.
    """
    if not (told.enabled and told.port):
        return
    if told.port == endpoint.port:
        raise ConfigurationError("[metrics] port", f"the API itself listens on {told.port}")
    # Whoever can reach it may read it, and the operator says who that is.
    choose_endpoint(told.host, told.port, allow_remote=True)


def _make_server(
    settings: Settings, endpoint: Endpoint, certificate: Certificate | None, files: int
) -> MPServer:
    return MPServer(
        "freehold",
        address=endpoint.host,
        port=endpoint.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.api_workers,
        blocking_threads=max(STALLED_REQUESTS, settings.api_threads),
        backlog=QUEUED_CONNECTIONS,
        backpressure=max(min(CONNECTIONS, files - OTHER_FILES), OTHER_FILES),
        http1_settings=HTTP1Settings(
            header_read_timeout=settings.times.client_socket_timeout * 1000,
            max_buffer_size=HEAD_BYTES,
        ),
        respawn_failed_workers=True,
        respawn_interval=RENEWAL_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=dict(LOGGING),
        **_ssl_options(settings.tls, certificate),
    )


def _ssl_options(tls: TLSSettings, certificate: Certificate | None) -> dict[str, Any]:
    if certificate is None:
        return {}
    return {
        "ssl_cert": certificate.cert_file,
        "ssl_key": certificate.key_file,
        "ssl_protocol_min": SSL_VERSIONS[tls.minimum_version],
        "ssl_ca": certificate.ca_file,
        "ssl_client_verify": certificate.ca_file is not None,
    }


def _heed_first_signal() -> None:
    """Stop at the first signal, and ignore those that follow.

    granian's handler waits for itself forever if it is interrupted by another.
    """
    handler = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        for each in STOPPING:
            signal.signal(each, signal.SIG_IGN)
        if callable(handler):
            handler(number, frame)

    for each in STOPPING:
        signal.signal(each, stop)


def _renew_only_with_sound_files(tls: TLSSettings) -> None:
    """Replace the processes at SIGHUP, so that they read the certificate anew, if they can."""
    renew = signal.getsignal(signal.SIGHUP)

    def look_first(number: int, frame: FrameType | None) -> None:
        # As in `_heed_first_signal`: no other signal may come in between.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, *STOPPING})
        try:
            if tls.enabled:
                read_certificate(tls)
            if callable(renew):
                renew(number, frame)
        except ConfigurationError as error:
            log.error("The certificate stays as it was: %s", error)  # noqa: TRY400
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, *STOPPING})

    signal.signal(signal.SIGHUP, look_first)


def _raise_file_limit() -> int:
    """Allow as many open files as the system lets us, and return how many: a connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return CONNECTIONS + OTHER_FILES if most == resource.RLIM_INFINITY else most


def _greeting(settings: Settings, endpoint: Endpoint, certificate: Certificate | None) -> str:
    tls = f"TLS: {settings.tls.minimum_version} or newer; " if certificate else ""
    if certificate:
        tls += f"the certificate is valid until {certificate.valid_until:%F %T} UTC\n"
    return f"""\
Freehold {__version__} serves the Networking API at {endpoint.url}
Database: {database.shown(settings)}
{tls}{_invitation(settings, endpoint)}"""


def _invitation(settings: Settings, endpoint: Endpoint) -> str:
    match AuthStrategy(settings.authentication.auth_strategy):
        case AuthStrategy.NOAUTH:
            return f"""\
There is no authentication: whoever reaches this address is an administrator.
Try: curl {endpoint.url}/v2.0/networks -H 'Content-Type: application/json' \
-d '{{"network": {{"name": "first"}}}}'"""
        case AuthStrategy.HTTP_BASIC:
            return f"""\
Users log in with their passwords (auth_strategy = http_basic); 'freehold user add' makes one.
Try: openstack --os-auth-type http_basic --os-endpoint {endpoint.url} --os-username NAME \
network create first"""
        case AuthStrategy.KEYSTONE:
            return """\
Users log in with tokens of Keystone (auth_strategy = keystone).
Try: openstack network create first (the catalogue says where the service of type network is)"""
