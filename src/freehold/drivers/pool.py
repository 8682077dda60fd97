"""A driver's unit of work over any ledger.

A subnet is read once in a unit of work: what was read for a group answers for
its subnets, too. Whether a subnet still exists is decided when an address is
claimed, by the ledger.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from freehold.addresses.pools import check_pools, default_pools
from freehold.addresses.proposing import HintBook
from freehold.drivers.site import Site
from freehold.drivers.subnet import LedgerBackedSubnet
from freehold.errors import InvalidSubnetRequest, SubnetNotFound
from freehold.ipam.driver import Pool, Subnet, SubnetGroup, Surroundings
from freehold.ipam.requests import SpecificSubnetRequest, SubnetRequest
from freehold.ipam.subnet_group import OrderedSubnetGroup
from freehold.ledger.protocol import Ledger, LedgerSubnet


class LedgerPool(Pool):
    """A pool for one unit of work; not to be shared among threads.

    Args:
        ledger: bound to the unit of work.
        book: hints, shared by all pools of a driver.
        surroundings: where randomness comes from.
    """

    def __init__(self, ledger: Ledger, book: HintBook, surroundings: Surroundings) -> None:
        self._ledger = ledger
        self._book = book
        self._random = surroundings.random
        self._read: dict[str, LedgerSubnet] = {}
        self._claimed: dict[str, set[int]] = defaultdict(set)

    def needs_rollback(self) -> bool:
        """Tell whether what is done here outlives a transaction rolled back."""
        return not self._ledger.transactional

    def get_subnet(self, subnet_id: str) -> Subnet:
        """Return a subnet.

        Raises:
            SubnetNotFound: the ledger does not know it.
        """
        return self._open(self._known(subnet_id))

    def get_allocator(self, subnet_ids: Sequence[str]) -> SubnetGroup:
        """Return these subnets as a group, preferred ones first; reads them at once."""
        unread = [subnet_id for subnet_id in subnet_ids if subnet_id not in self._read]
        for subnet in self._ledger.get_subnets(unread):
            self._read[subnet.subnet_id] = subnet
        return OrderedSubnetGroup(self, subnet_ids)

    def allocate_subnet(self, request: SubnetRequest) -> Subnet:
        """Take up a subnet, and validate its pools once more.

        Raises:
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
            SubnetAlreadyExists: the id is taken.
            InvalidSubnetRequest: the request does not name a CIDR.
        """
        if not isinstance(request, SpecificSubnetRequest):
            raise InvalidSubnetRequest("this driver serves requests for a given CIDR only.")
        pools = request.allocation_pools
        if pools is None:
            pools = default_pools(request.cidr, request.gateway_ip)
        subnet = LedgerSubnet(
            subnet_id=request.subnet_id,
            project_id=request.project_id,
            cidr=request.cidr,
            gateway_ip=request.gateway_ip,
            pools=check_pools(request.cidr, request.gateway_ip, pools),
        )
        self._ledger.create_subnet(subnet)
        self._read[subnet.subnet_id] = subnet
        return self._open(subnet)

    def update_subnet(self, request: SpecificSubnetRequest) -> Subnet:
        """Replace a subnet's gateway and pools; pools of None stay as they are.

        Raises:
            SubnetNotFound: the ledger does not know the subnet.
            InvalidAllocationPool, OutOfBoundsAllocationPool,
            OverlappingAllocationPools, GatewayConflictWithAllocationPools:
                a pool cannot stand.
            InvalidSubnetRequest: the CIDR is another one.
        """
        subnet = self._known(request.subnet_id)
        if request.cidr != subnet.cidr:
            raise InvalidSubnetRequest(
                f"the CIDR of subnet {subnet.subnet_id} is {subnet.cidr} and cannot change."
            )
        pools = subnet.pools if request.allocation_pools is None else request.allocation_pools
        subnet = replace(
            subnet,
            gateway_ip=request.gateway_ip,
            pools=check_pools(subnet.cidr, request.gateway_ip, pools),
        )
        self._ledger.replace_subnet(subnet)
        self._book.forget(subnet.subnet_id)
        self._read[subnet.subnet_id] = subnet
        return self._open(subnet)

    def remove_subnet(self, subnet_id: str) -> None:
        """Forget a subnet, and with it whatever of it is still held.

        Raises:
            SubnetNotFound: the ledger does not know it.
        """
        self._ledger.remove_subnet(subnet_id)
        self._book.forget(subnet_id)
        self._read.pop(subnet_id, None)

    def _known(self, subnet_id: str) -> LedgerSubnet:
        if subnet_id not in self._read:
            found = self._ledger.get_subnets([subnet_id])
            if not found:
                raise SubnetNotFound(subnet_id)
            self._read[subnet_id] = found[0]
        return self._read[subnet_id]

    def _open(self, subnet: LedgerSubnet) -> LedgerBackedSubnet:
        return LedgerBackedSubnet(
            Site(
                self._ledger,
                subnet,
                self._book.of(subnet.subnet_id),
                self._random,
                self._claimed[subnet.subnet_id],
            )
        )
