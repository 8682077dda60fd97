"""The entry point ``freehold`` of the group ``neutron.ipam_drivers``.

Neutron makes a pool for each operation, in the middle of its transaction, and
takes the driver's part back by rolling that transaction back; so
``needs_rollback()`` is false, and there is nothing to undo. What the process
remembers is shared by all pools.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Any

from neutron.ipam import exceptions as ipam_exc
from neutron.ipam import requests as ipam_req
from neutron.ipam import subnet_alloc
from neutron.ipam import utils as ipam_utils
from neutron_lib import exceptions as n_exc
from neutron_lib.db import api as db_api
from oslo_db import exception as db_exc
from oslo_log import log
from sqlalchemy.orm import Session

from freehold.addresses.ranges import AddressRange, IPNetwork
from freehold.errors import SubnetNotFound
from freehold.ipam.driver import Surroundings
from freehold.ledger.protocol import LedgerSubnet
from freehold.neutron.prefixes import KnownGaps, PoolPrefixes, guard
from freehold.neutron.subnets import FreeholdSubnet, FreeholdSubnetGroup
from freehold.neutron.unit import Memory, Unit

LOG = log.getLogger(__name__)

_MEMORY = Memory()
_KNOWN_GAPS = KnownGaps()
_SURROUNDINGS = Surroundings(keep_history=False)


class FreeholdPool(subnet_alloc.SubnetAllocator):
    """A subnet pool of Neutron's, or all that is in none.

    Args:
        subnetpool: the subnet pool; None if no subnet is taken from one.
        context: Neutron's, with its session.
    """

    def __init__(self, subnetpool: Any, context: Any) -> None:
        super().__init__(subnetpool, context)
        self._transaction: object = None
        self._unit: Unit | None = None

    def needs_rollback(self) -> bool:
        """Tell that all is done in Neutron's own transaction."""
        return False

    def get_subnet(self, subnet_id: str) -> FreeholdSubnet:
        """Return a subnet.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        with db_api.CONTEXT_READER.using(self._context) as session:
            return self._subnet(self._unit_in(session), subnet_id)

    def get_allocator(self, subnet_ids: Sequence[str]) -> FreeholdSubnetGroup:
        """Return these subnets as a group, preferred ones first."""
        return FreeholdSubnetGroup(subnet_ids, self._open_unit)

    def allocate_subnet(self, request: ipam_req.SubnetRequest) -> FreeholdSubnet:
        """Take up a subnet; out of the subnet pool, if there is one.

        Raises:
            InvalidSubnetRequestType: it asks for any prefix, and there is no
                subnet pool to take one from.
            MaxPrefixSubnetAllocationError, MinPrefixSubnetAllocationError,
            SubnetPoolQuotaExceeded, SubnetAllocationError: the subnet pool has
                no such prefix to give.
        """
        if self._subnetpool:
            request = super().allocate_subnet(request).get_details()
        if not isinstance(request, ipam_req.SpecificSubnetRequest):
            raise ipam_exc.InvalidSubnetRequestType(subnet_type=type(request))
        pools = request.allocation_pools or ipam_utils.generate_pools(
            request.subnet_cidr, request.gateway_ip
        )
        gateway = request.gateway_ip
        subnet = LedgerSubnet(
            subnet_id=request.subnet_id,
            project_id=_project_of(request),
            cidr=_network(request.subnet_cidr),
            gateway_ip=None if gateway is None else ip_address(str(gateway)),
            pools=_ranges(pools, request.subnet_cidr.version),
        )
        with self._open_unit() as unit:
            unit.rows.create(subnet)
            # Neutron has no row of it yet that it could be read from.
            unit.learn(subnet)
        return FreeholdSubnet(subnet, self._open_unit)

    def update_subnet(self, request: ipam_req.SpecificSubnetRequest) -> FreeholdSubnet | None:
        """Replace a subnet's allocation pools, which is all that the tables have of it.

        Raises:
            InvalidSubnetRequest: the request names no subnet.
            SubnetNotFound: there is none with this id.
        """
        if not request.subnet_id:
            raise ipam_exc.InvalidSubnetRequest(reason="it names no subnet")
        if request.allocation_pools is None:
            return None
        with self._open_unit() as unit:
            subnet = self._subnet(unit, request.subnet_id)
            pools = _ranges(request.allocation_pools, request.subnet_cidr.version)
            if pools == unit.subnet(request.subnet_id).pools:
                return subnet
            unit.rows.replace_pools(request.subnet_id, pools)
            unit.forget(request.subnet_id)
            return self._subnet(unit, request.subnet_id)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet, and with it whatever of it is still held.

        Raises:
            SubnetNotFound: there is none with this id.
        """
        with self._open_unit() as unit:
            try:
                unit.rows.remove(subnet_id)
            except SubnetNotFound:
                raise n_exc.SubnetNotFound(subnet_id=subnet_id) from None
            unit.forget(subnet_id)

    # Neutron's class around these checks the request's length, and asks for one of them.

    def _allocate_any_subnet(self, request: ipam_req.AnySubnetRequest) -> subnet_alloc.IpamSubnet:
        with self._guarded(request) as prefixes:
            version = self._subnetpool["ip_version"]
            prefix = prefixes.take_any(version, request.prefixlen)
        if prefix is None:
            raise n_exc.SubnetAllocationError(
                reason=f"Insufficient prefix space to allocate subnet size /{request.prefixlen}"
            )
        gateway = request.gateway_ip
        if not gateway and request.set_gateway_ip:
            gateway = prefix.network_address + 1
        gateway = None if gateway is None else str(gateway)
        return subnet_alloc.IpamSubnet(
            _project_of(request),
            request.subnet_id,
            str(prefix),
            gateway_ip=gateway,
            allocation_pools=ipam_utils.generate_pools(str(prefix), gateway),
            set_gateway_ip=request.set_gateway_ip,
        )

    def _allocate_specific_subnet(
        self, request: ipam_req.SpecificSubnetRequest
    ) -> subnet_alloc.IpamSubnet:
        with self._guarded(request) as prefixes:
            free = prefixes.take(_network(request.subnet_cidr))
        if not free:
            raise n_exc.SubnetAllocationError(
                reason="Cannot allocate requested subnet from the available set of prefixes"
            )
        return subnet_alloc.IpamSubnet(
            _project_of(request),
            request.subnet_id,
            request.subnet_cidr,
            gateway_ip=request.gateway_ip,
            allocation_pools=request.allocation_pools,
            set_gateway_ip=request.set_gateway_ip,
        )

    @contextmanager
    def _guarded(self, request: ipam_req.SubnetRequest) -> Iterator[PoolPrefixes]:
        """Guard the subnet pool, check its quota, and give its prefixes.

        Raises:
            SubnetPoolNotFound: it is gone.
            RetryRequest: another one allocates from it.
            SubnetPoolQuotaExceeded: the project would have more than its share.
        """
        pool_id = self._subnetpool["id"]
        with db_api.CONTEXT_WRITER.using(self._context) as session:
            connection = _connection(session)
            try:
                guarded = guard(connection, pool_id)
            except LookupError as error:
                raise n_exc.SubnetPoolNotFound(subnetpool_id=pool_id) from error
            if guarded is None:
                raise db_exc.RetryRequest(n_exc.SubnetPoolInUse(subnet_pool_id=pool_id))
            held = [_network(one) for one in self._subnetpool.prefixes]
            prefixes = PoolPrefixes(connection, guarded, held, _KNOWN_GAPS)
            self._check_quota(prefixes, request.prefixlen)
            yield prefixes

    def _check_quota(self, prefixes: PoolPrefixes, length: int) -> None:
        """Check the quota of the project that owns the subnet pool, as Neutron does.

        Raises:
            SubnetPoolQuotaExceeded: the project would have more than its share.
        """
        quota = self._subnetpool.get("default_quota")
        if not quota:
            return
        unit = self._sp_helper.ip_version_subnetpool_quota_unit(self._subnetpool["ip_version"])
        used = prefixes.used(self._subnetpool["project_id"])
        units = sum(2.0 ** (unit - bits) * count for bits, count in used.items())
        if units + 2.0 ** (unit - length) > quota:
            raise n_exc.SubnetPoolQuotaExceeded()

    def _subnet(self, unit: Unit, subnet_id: str) -> FreeholdSubnet:
        try:
            return FreeholdSubnet(unit.subnet(subnet_id), self._open_unit)
        except SubnetNotFound:
            LOG.debug("Subnet %s is not in the tables of the IPAM driver", subnet_id)
            raise n_exc.SubnetNotFound(subnet_id=subnet_id) from None

    @contextmanager
    def _open_unit(self) -> Iterator[Unit]:
        with db_api.CONTEXT_WRITER.using(self._context) as session:
            yield self._unit_in(session)

    def _unit_in(self, session: Session) -> Unit:
        """Return the unit of work of a session's transaction, one for all calls in it."""
        connection = _connection(session)
        transaction = session.get_transaction()
        if self._unit is None or self._transaction is not transaction:
            self._transaction = transaction
            self._unit = Unit(connection, _MEMORY, _SURROUNDINGS)
        return self._unit


def _project_of(request: ipam_req.SubnetRequest) -> str:
    """Return whose subnet it is to be; Neutron 27 still calls that by another name."""
    return str(getattr(request, "project_id", None) or getattr(request, "tenant_id", None) or "")


def _connection(session: Session) -> Any:
    """Return the connection of a session's transaction, which has all that the session did."""
    session.flush()
    return session.connection()


def _network(cidr: object) -> IPNetwork:
    return ip_network(str(cidr), strict=False)


def _ranges(pools: Sequence[Any], version: int) -> tuple[AddressRange, ...]:
    """Return pools of netaddr's as ranges, ascending."""
    return tuple(sorted(AddressRange(version, pool.first, pool.last) for pool in pools))
