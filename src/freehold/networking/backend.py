"""What the faces of Freehold call: the resources of one database."""

from freehold.db.database import Database
from freehold.ipam.driver import Driver, Surroundings
from freehold.networking.address_scopes import AddressScopes
from freehold.networking.limits import Limits
from freehold.networking.networks import Networks
from freehold.networking.ports import Ports
from freehold.networking.subnet_pools import SubnetPools
from freehold.networking.subnets import Subnets

__all__ = ["Backend", "Limits"]


class Backend:
    """Networks and what belongs to them, with one driver for their addresses.

    Attributes:
        networks: the networks.
        subnets: the subnets.
        ports: the ports.
        address_scopes: the address scopes.
        subnet_pools: the subnet pools.
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
        self.address_scopes = AddressScopes(database, around)
        self.subnet_pools = SubnetPools(database, around)
