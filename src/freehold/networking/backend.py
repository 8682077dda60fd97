"""What the faces of Freehold call: the resources of one database."""

from datetime import timedelta

from freehold.db.database import Database
from freehold.ipam.driver import Driver, Surroundings
from freehold.networking.address_scopes import AddressScopes
from freehold.networking.history import History
from freehold.networking.idempotency import LIFETIME, IdempotencyKeys
from freehold.networking.ip_availability import IpAvailability
from freehold.networking.limits import Limits
from freehold.networking.networks import Networks
from freehold.networking.ports import Ports
from freehold.networking.quotas import Quotas
from freehold.networking.rbac_policies import RbacPolicies
from freehold.networking.segments import Segments
from freehold.networking.store import networks as network_rows
from freehold.networking.store import ports as port_rows
from freehold.networking.store import segments as segment_rows
from freehold.networking.store import subnet_pools as pool_rows
from freehold.networking.store import subnets as subnet_rows
from freehold.networking.subnet_pools import SubnetPools
from freehold.networking.subnets import Subnets
from freehold.networking.tags import Tags

__all__ = ["Backend", "Limits"]


class Backend:
    """Networks and what belongs to them, with one driver for their addresses.

    Attributes:
        database: where all of it is.
        networks: the networks.
        segments: the networks' segments.
        subnets: the subnets.
        ports: the ports.
        history: who holds and who held which address.
        address_scopes: the address scopes.
        subnet_pools: the subnet pools.
        rbac_policies: who may use networks, address scopes and subnet pools of others.
        network_tags: the networks' tags.
        segment_tags: the segments' tags.
        subnet_tags: the subnets' tags.
        port_tags: the ports' tags.
        subnet_pool_tags: the subnet pools' tags.
        quotas: how many resources a project may have.
        idempotency_keys: the requests that were sent with a key.
        ip_availability: how many addresses networks have.
    """

    def __init__(
        self,
        database: Database,
        driver: Driver,
        limits: Limits | None = None,
        surroundings: Surroundings | None = None,
        *,
        key_lifetime: timedelta = LIFETIME,
    ) -> None:
        bounds = limits or Limits()
        around = surroundings or Surroundings()
        self.database = database
        self.quotas = Quotas(database, around, bounds.quotas)
        self.networks = Networks(database, driver, bounds, around, self.quotas)
        self.segments = Segments(database, bounds, around)
        self.subnets = Subnets(database, driver, bounds, around, self.quotas)
        self.ports = Ports(database, driver, bounds, around, self.quotas)
        self.idempotency_keys = IdempotencyKeys(database, around, key_lifetime)
        self.ip_availability = IpAvailability(database)
        self.history = History(database, driver, around)
        self.address_scopes = AddressScopes(database, around, self.quotas)
        self.subnet_pools = SubnetPools(database, around, self.quotas)
        self.rbac_policies = RbacPolicies(database, around)
        self.network_tags = Tags(
            database, around, "networks", network_rows.get, network_rows.RECORDS
        )
        self.segment_tags = Tags(
            database, around, "segments", segment_rows.get, segment_rows.RECORDS
        )
        self.subnet_tags = Tags(database, around, "subnets", subnet_rows.get, subnet_rows.RECORDS)
        self.port_tags = Tags(database, around, "ports", port_rows.get, port_rows.RECORDS)
        self.subnet_pool_tags = Tags(
            database, around, "subnetpools", pool_rows.get, pool_rows.RECORDS
        )
