"""Where everything is put together; nowhere else is anything made and wired."""

import falcon
from falcon import App, Request, Response

from freehold.api.access_log import AccessLog
from freehold.api.answer_headers import AnswerHeaders
from freehold.api.authentication import authenticated
from freehold.api.backends import open_backend
from freehold.api.bodies import BodyLimits
from freehold.api.faults import install_faults
from freehold.api.idempotency import KnowsKeys
from freehold.api.middleware import OnlyJson, PathSpelling, RequestIds
from freehold.api.observability import Observability
from freehold.api.outside import SoundOrigin
from freehold.api.policy import Policy
from freehold.api.request_time import RequestTime
from freehold.api.routes import routes
from freehold.config import Settings, load_settings
from freehold.ipam.driver import Driver
from freehold.networking.backend import Backend

MIDDLEWARE = (
    # Outermost, so that whatever else fails has an id to be logged and answered with.
    RequestIds(),
    # Before all that refuses, so that refusals are logged as well.
    AccessLog(),
    # Before all that refuses as well.
    AnswerHeaders(),
    # Before routing, which sees the path as spelled here.
    PathSpelling(),
    # Before any answer with a link in it.
    SoundOrigin(),
    # Last, since it goes by the path.
    OnlyJson(),
)
"""Each request passes these from first to last, and each answer from last to first."""


def create_app(
    settings: Settings | None = None, *, driver: Driver | None = None
) -> App[Request, Response]:
    """Make the service, as a WSGI application.

    An SQLite database, be it missing, empty or in memory, is upgraded; any
    other must have been.

    Args:
        settings: the configuration; read from the usual places by default.
        driver: an IPAM driver to use instead of the configured one.

    Raises:
        ConfigurationError: a setting cannot work.
        DriverNotFound: there is no driver of the configured name.
        DatabaseNotUpgraded: the database's schema is not the one needed.
        DatabaseUnavailable: the database does not answer.
    """
    chosen = settings or load_settings()
    return make_app(chosen, open_backend(chosen, driver))


def make_app(
    settings: Settings, backend: Backend, observability: Observability | None = None
) -> App[Request, Response]:
    """Return the service over a backend, as a WSGI application.

    Args:
        settings: the configuration.
        backend: what is done on the database.
        observability: what this process tells of itself; made by default for a
            process that is the only one of its service.

    Raises:
        ConfigurationError: a file of policies or users cannot be read, or makes no sense.
    """
    telling = observability or Observability(settings, backend)
    policy = Policy(settings)
    app: App[Request, Response] = falcon.App(
        middleware=[
            # Outermost of all: a request's time begins when it comes.
            RequestTime(settings.times.request_timeout),
            *telling.middleware,
            *authenticated(MIDDLEWARE, settings.authentication),
            KnowsKeys(backend.idempotency_keys),
        ]
    )
    install_faults(app)
    limits = BodyLimits(
        size=settings.max_request_body_size,
        depth=settings.max_json_depth,
        bulk=settings.max_bulk_items,
    )
    table = routes(backend, limits, policy, settings.longest_page, settings.dns_domain)
    for url, resource in {**table, **telling.routes(policy)}.items():
        app.add_route(url, resource)
    return app
