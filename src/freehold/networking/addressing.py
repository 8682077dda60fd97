"""Putting a plan's wishes to the IPAM driver, so that each effect can be undone.

A driver that shares the unit's transaction is undone by it. For any other
driver each call registers the call that undoes it. What is given back goes
last in a unit, after all that can be refused: an address that was given back
may be somebody else's before it could be taken again.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from freehold import accounts
from freehold.addresses.ranges import IPAddress
from freehold.db.database import Unit
from freehold.errors import (
    IpAddressAllocationNotFound,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureAllSubnets,
    SubnetNotFound,
)
from freehold.ipam.driver import Driver
from freehold.ipam.requests import (
    AddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)
from freehold.networking.plan.ports import Wish
from freehold.networking.values import FixedIP, Holding, Subnet
from freehold.words import Word

log = logging.getLogger(__name__)


class Addressing:
    """The driver's side of one unit of work."""

    def __init__(self, driver: Driver, unit: Unit) -> None:
        self._pool = driver.open(unit.connection)
        self._undo = unit.undo

    def allocate(self, network_id: str, wishes: Sequence[Wish]) -> tuple[FixedIP, ...]:
        """Fulfil all the wishes of one port, in their order.

        Returns:
            The addresses by the rank of their wishes.

        Raises:
            IpAddressGenerationFailure: nothing is left for one of them.
            IpAddressAlreadyAllocated: an address asked for is held, or rests.
            InvalidIpForSubnet: an address asked for cannot be had there.
            SubnetNotFound: a subnet was removed meanwhile.
        """
        claimed = [(wish.rank, self._allocate(network_id, wish)) for wish in wishes]
        return tuple(fixed_ip for _, fixed_ip in sorted(claimed, key=lambda pair: pair[0]))

    def allocate_each(
        self, subnet_ids: Sequence[str], requests: Sequence[AddressRequest]
    ) -> Iterator[tuple[int, FixedIP]]:
        """Fulfil wishes of several ports that the same subnets may serve, in whatever order.

        Yields:
            The place of a wish among them, and its address.

        Raises:
            FreeholdError: one of them is refused; see `SubnetGroup.allocate_each`.
        """
        for place, (address, subnet_id) in self._pool.get_allocator(subnet_ids).allocate_each(
            requests
        ):
            self._allocated(subnet_id, address)
            yield place, FixedIP(subnet_id, address)

    def deallocate(self, holder: str, fixed_ips: Iterable[FixedIP]) -> None:
        """Give back addresses of one port.

        An address that the driver does not know is given back already: that
        is logged, and keeps nobody from deleting a port.
        """
        for fixed_ip in fixed_ips:
            try:
                self._pool.get_subnet(fixed_ip.subnet_id).deallocate(fixed_ip.ip_address)
            except (IpAddressAllocationNotFound, SubnetNotFound) as error:
                log.warning(
                    "The IPAM driver did not hold an address of port %s on subnet %s: %s",
                    holder,
                    fixed_ip.subnet_id,
                    Word(type(error).__name__),
                )
            else:
                accounts.released()
                self._when_undone(
                    "take a released address again", partial(self._take_again, holder, fixed_ip)
                )

    def create_subnet(self, subnet: Subnet) -> None:
        """Make a subnet known to the driver.

        Raises:
            FreeholdError: the driver refuses it; see `Pool.allocate_subnet`.
        """
        self._pool.allocate_subnet(_request(subnet))
        self._taken_up(subnet)

    def create_subnets(self, subnets: Sequence[Subnet]) -> None:
        """Make several subnets known to the driver; see `create_subnet`."""
        made = self._pool.allocate_subnets([_request(subnet) for subnet in subnets])
        for subnet, _ in zip(subnets, made, strict=True):
            self._taken_up(subnet)

    def update_subnet(self, before: Subnet, after: Subnet) -> None:
        """Tell the driver of a subnet's new gateway, pools, strategy and cool-down.

        Raises:
            FreeholdError: the driver refuses them; see `Pool.update_subnet`.
        """
        self._pool.update_subnet(_request(after))
        self._when_undone(
            "make a subnet what it was before", partial(self._pool.update_subnet, _request(before))
        )

    def remove_subnet(self, subnet: Subnet, holdings: Sequence[Holding]) -> None:
        """Make the driver forget a subnet and what is still held of it.

        Args:
            subnet: the subnet.
            holdings: who holds which of its addresses.

        Raises:
            SubnetNotFound: the driver does not know it.
        """
        self._pool.remove_subnet(subnet.id)
        accounts.released(len(holdings))
        self._when_undone("restore a removed subnet", partial(self._restore, subnet, holdings))

    def _allocate(self, network_id: str, wish: Wish) -> FixedIP:
        try:
            address, subnet_id = self._pool.get_allocator(wish.subnet_ids).allocate(wish.request)
        except IpAddressGenerationFailureAllSubnets as error:
            raise IpAddressGenerationFailure.on_network(network_id, error.refusals) from error
        self._allocated(subnet_id, address)
        return FixedIP(subnet_id, address)

    def _allocated(self, subnet_id: str, address: IPAddress) -> None:
        accounts.allocated()
        self._when_undone(
            "release an address of a port that was not stored",
            partial(self._release, subnet_id, address),
        )

    def _taken_up(self, subnet: Subnet) -> None:
        self._when_undone(
            "remove a subnet that was not stored", partial(self._pool.remove_subnet, subnet.id)
        )

    def _when_undone(self, what: str, undo: Callable[[], object]) -> None:
        if self._pool.needs_rollback():
            self._undo.add(what, undo)

    def _release(self, subnet_id: str, address: IPAddress) -> None:
        self._pool.get_subnet(subnet_id).deallocate(address)

    def _take_again(self, holder: str, fixed_ip: FixedIP) -> None:
        self._pool.get_subnet(fixed_ip.subnet_id).allocate(
            # It may rest since it was released, and whoever held it is to have it back.
            SpecificAddressRequest(fixed_ip.ip_address, even_if_cooling=True, holder=holder)
        )

    def _restore(self, subnet: Subnet, holdings: Sequence[Holding]) -> None:
        self._pool.allocate_subnet(_request(subnet))
        for holding in holdings:
            self._take_again(holding.port_id, holding.fixed_ip)


def _request(subnet: Subnet) -> SpecificSubnetRequest:
    return SpecificSubnetRequest(
        subnet_id=subnet.id,
        project_id=subnet.project_id,
        cidr=subnet.cidr,
        gateway_ip=subnet.gateway_ip,
        allocation_pools=subnet.allocation_pools,
        strategy=subnet.allocation_strategy,
        cool_down=subnet.cool_down,
    )
