"""How the service is seen from outside: what links in answers begin with.

They begin with what the client has used to get here. By itself Freehold knows that
from the ``Host`` header and the kind of its connection. A proxy in front knows more, and
is believed only if the operator says that there is one: else anybody can send what it
would. Or the operator names the beginning, and no header has any effect on links.

Invariant: what a link begins with is made of a scheme, a host and a path and of
nothing else, whatever headers hold.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from falcon import Request, Response

from freehold.api.client_addresses import seen_by_proxy
from freehold.api.refusals import HTTPBadRequest
from freehold.config.links import HOST, PATH, LinkSettings

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_SCHEMES = ("http", "https")


class SoundOrigin:
    """Refuses requests of which no link could be made, whoever has written their headers."""

    def process_request(self, request: Request, _response: Response) -> None:
        """Look at scheme, host and path."""
        environ = request.env
        host = environ.get("HTTP_HOST")
        if host is not None and not HOST.fullmatch(host):
            raise HTTPBadRequest(detail="The Host header is not a host.")
        if environ["wsgi.url_scheme"] not in _SCHEMES:
            raise HTTPBadRequest(detail="The proxy names neither http nor https.")
        if not PATH.fullmatch(environ.get("SCRIPT_NAME", "")):
            raise HTTPBadRequest(detail="The proxy names a prefix that is no path.")


def seen_from_outside(application: Application, links: LinkSettings) -> Application:
    """Return an application whose links are as they are configured."""
    if links.prefix is not None:
        return _with_prefix(application, links.prefix)
    if links.enable_proxy_headers_parsing:
        return _behind_proxy(application)
    return application


def _with_prefix(application: Application, prefix: str) -> Application:
    parts = urlsplit(prefix)
    origin = {
        "wsgi.url_scheme": parts.scheme,
        "HTTP_HOST": parts.netloc,
        "SCRIPT_NAME": parts.path,
    }

    def call(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        return application(environ | origin, start_response)

    return call


def _behind_proxy(application: Application) -> Application:
    # With it comes all of oslo.middleware, which nobody else needs.
    from oslo_config import cfg
    from oslo_middleware.http_proxy_to_wsgi import HTTPProxyToWSGI
    from webob import Request as WebObRequest

    # oslo.middleware's own call passes each answer through WebOb, for nothing.
    parser = HTTPProxyToWSGI(application, cfg.ConfigOpts())
    parser.oslo_conf.set_override("enable_proxy_headers_parsing", True, group="oslo_middleware")

    def call(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        # oslo.middleware takes the first of the addresses, or all of them for one.
        address = seen_by_proxy(environ)
        parser.process_request(WebObRequest(environ))
        environ["REMOTE_ADDR"] = address or ""
        return application(environ, start_response)

    return call
