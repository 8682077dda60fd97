"""What the faces of Freehold call: networks, subnets and ports of one database."""

from freehold.db.database import Database
from freehold.ipam.driver import Driver, Surroundings
from freehold.networking.history import History
from freehold.networking.limits import Limits
from freehold.networking.networks import Networks
from freehold.networking.ports import Ports
from freehold.networking.subnets import Subnets

__all__ = ["Backend", "Limits"]


class Backend:
    """Networks, subnets and ports, with one driver for their addresses.

    Attributes:
        networks: the networks.
        subnets: the subnets.
        ports: the ports.
        history: who holds and who held which address.
    """

    def __init__(
        self,
        database: Database,
        driver: Driver,
        limits: Limits | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        bounds = limits or Limits()
        around = surroundings or Surroundings()
        self.networks = Networks(database, driver, around)
        self.subnets = Subnets(database, driver, bounds, around)
        self.ports = Ports(database, driver, bounds, around)
        self.history = History(database, driver, around)
