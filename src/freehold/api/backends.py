"""The backend of a configuration: what commands need of the service, without the web around it."""

from freehold.config import Settings
from freehold.db.database import Database
from freehold.db.engine import is_sqlite
from freehold.db.schema import require_current, upgrade
from freehold.ipam.driver import Driver, Surroundings
from freehold.ipam.loader import load_driver
from freehold.networking.backend import Backend, Limits


def open_backend(settings: Settings, driver: Driver | None = None) -> Backend:
    """Open the configured database, and return what is done on it.

    Raises:
        As `create_app`.
    """
    return make_backend(settings, _open_database(settings), driver)


def make_backend(settings: Settings, database: Database, driver: Driver | None = None) -> Backend:
    """Return what is done on a database, with the driver and the bounds that are configured.

    Raises:
        DriverNotFound: there is no driver of the configured name.
    """
    surroundings = Surroundings(reuse=settings.reuse, keep_history=settings.history_days > 0)
    return Backend(
        database,
        driver or load_driver(settings.ipam_driver, surroundings),
        Limits(
            base_mac=settings.base_mac,
            max_dns_nameservers=settings.max_dns_nameservers,
            max_subnet_host_routes=settings.max_subnet_host_routes,
            max_fixed_ips_per_port=settings.max_fixed_ips_per_port,
            max_allowed_address_pair=settings.max_allowed_address_pair,
            global_physnet_mtu=settings.global_physnet_mtu,
            quotas=settings.quotas,
        ),
        surroundings,
        key_lifetime=settings.key_lifetime,
    )


def _open_database(settings: Settings) -> Database:
    database = Database(
        settings.database_url,
        pool_size=settings.api_threads,
        answer_seconds=settings.times.answer_seconds,
        statement_seconds=settings.times.statement_timeout,
    )
    if is_sqlite(database.engine.url):
        upgrade(database)
    else:
        require_current(database)
    return database
