"""Where everything is put together; nowhere else is anything made and wired."""

import falcon
from falcon import App, Request, Response

from freehold.api.bodies import BodyLimits
from freehold.api.faults import install_faults
from freehold.api.middleware import AccessLog, OnlyJson, PathSpelling, RequestIds
from freehold.api.routes import routes
from freehold.config import Settings, load_settings
from freehold.db.database import Database
from freehold.db.engine import is_sqlite
from freehold.db.schema import require_current, upgrade
from freehold.ipam.driver import Driver
from freehold.ipam.loader import load_driver
from freehold.networking.backend import Backend, Limits

MIDDLEWARE = (
    # Outermost, so that whatever else fails has an id to be logged and answered with.
    RequestIds(),
    # Before all that refuses, so that refusals are logged as well.
    AccessLog(),
    # Before routing, which sees the path as spelled here.
    PathSpelling(),
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
    database = _open_database(chosen)
    backend = Backend(
        database,
        driver or load_driver(chosen.ipam_driver),
        Limits(
            base_mac=chosen.base_mac,
            max_dns_nameservers=chosen.max_dns_nameservers,
            max_subnet_host_routes=chosen.max_subnet_host_routes,
            max_fixed_ips_per_port=chosen.max_fixed_ips_per_port,
            max_allowed_address_pair=chosen.max_allowed_address_pair,
            global_physnet_mtu=chosen.global_physnet_mtu,
        ),
    )
    app: App[Request, Response] = falcon.App(middleware=list(MIDDLEWARE))
    install_faults(app)
    limits = BodyLimits(
        size=chosen.max_request_body_size, depth=chosen.max_json_depth, bulk=chosen.max_bulk_items
    )
    for url, resource in routes(backend, limits, chosen.longest_page, chosen.dns_domain).items():
        app.add_route(url, resource)
    return app


def _open_database(settings: Settings) -> Database:
    database = Database(settings.database_url, pool_size=settings.api_threads)
    if is_sqlite(database.engine.url):
        upgrade(database)
    else:
        require_current(database)
    return database
