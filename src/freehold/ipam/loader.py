"""Finding a driver by the name under which it is installed."""

from stevedore import DriverManager, ExtensionManager
from stevedore.exception import NoMatches

from freehold.errors import DriverNotFound
from freehold.ipam.driver import Driver, Surroundings

NAMESPACE = "freehold.ipam_drivers"


def load_driver(name: str, surroundings: Surroundings | None = None) -> Driver:
    """Make the driver of this name.

    Args:
        name: an entry point's name in the group ``freehold.ipam_drivers``.
        surroundings: randomness and clock; the system's by default.

    Raises:
        DriverNotFound: nothing is installed under that name.
    """
    try:
        manager = DriverManager(
            NAMESPACE,
            name,
            invoke_on_load=True,
            invoke_args=(surroundings or Surroundings(),),
            on_missing_entrypoints_callback=None,
        )
    except NoMatches as error:
        known = ExtensionManager(NAMESPACE, invoke_on_load=False).names()
        raise DriverNotFound(name, known) from error
    driver: Driver = manager.driver
    return driver
