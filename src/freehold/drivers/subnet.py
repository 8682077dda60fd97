"""A subnet whose addresses are proposed here and claimed in a ledger."""

from collections.abc import Iterator

from freehold.addresses.pools import is_assignable
from freehold.addresses.ranges import IPAddress, address_of
from freehold.drivers import refusals
from freehold.drivers.bulk import claim_bulk
from freehold.drivers.proposals import propose_any, propose_next
from freehold.drivers.site import Site
from freehold.errors import AllocationContention, InvalidInput, IpAddressAllocationNotFound
from freehold.ipam.driver import Subnet
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    AutomaticAddressRequest,
    BulkAddressRequest,
    PreferNextAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
)


class LedgerBackedSubnet(Subnet):
    """One subnet in one unit of work, with its pools as they were read there."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def allocate(self, request: AddressRequest) -> IPAddress:
        """Hand out one address.

        An address asked for by value may be an IPv6 subnet's network address:
        only routers may hold that one, and a request does not tell whom it is
        for, so whoever makes the request sees to it.

        Raises:
            IpAddressGenerationFailure: all addresses of the pools are held.
            IpAddressAlreadyAllocated: the address asked for is held.
            InvalidIpForSubnet: the address asked for is not in the subnet, or
                is reserved there.
            InvalidInput: the request is of a kind that asks for no one
                address, or no EUI-64 address can be made of it.
            AllocationContention: others took what was proposed, again and again.
            SubnetNotFound: the subnet was removed in the meantime.
        """
        match request:
            case AnyAddressRequest():
                return self._claim_first(propose_any(self._site), request.holder)
            case PreferNextAddressRequest():
                return self._claim_first(propose_next(self._site), request.holder)
            case SpecificAddressRequest() | AutomaticAddressRequest():
                return self._claim_this(request.address, request.holder)
        raise InvalidInput(f"a request of the kind {type(request).__name__} is not for one address")

    def bulk_allocate(self, request: BulkAddressRequest) -> list[IPAddress]:
        """Hand out several addresses: all that were asked for, or none.

        Raises:
            IpAddressGenerationFailure: fewer than that are free.
            AllocationContention: others took what was proposed, again and again.
            SubnetNotFound: the subnet was removed in the meantime.
        """
        claimed = claim_bulk(self._site, request.count, request.holder)
        self._site.claimed.update(map(int, claimed))
        return claimed

    def deallocate(self, address: IPAddress) -> None:
        """Take an address back.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
        """
        site = self._site
        # ::ffff:10.0.0.1 and 10.0.0.1 are one to a ledger, and two to a subnet.
        if address.version != site.subnet.cidr.version:
            raise IpAddressAllocationNotFound(str(address), site.subnet.subnet_id)
        site.ledger.release(site.subnet.subnet_id, address)
        site.claimed.discard(int(address))
        # Where there are no hints, a blind guess does well, and the address
        # given back would be the very next one to be handed out.
        if len(site.hints) and site.in_pools(int(address)):
            site.hints.add(int(address))

    def get_details(self) -> SpecificSubnetRequest:
        """Return the subnet as the request that would create it again."""
        subnet = self._site.subnet
        return SpecificSubnetRequest(
            subnet_id=subnet.subnet_id,
            project_id=subnet.project_id,
            cidr=subnet.cidr,
            gateway_ip=subnet.gateway_ip,
            allocation_pools=subnet.pools,
        )

    def _claim_first(self, proposals: Iterator[int], holder: str | None) -> IPAddress:
        """Claim the first proposal that nobody else has claimed."""
        subnet = self._site.subnet
        for number in proposals:
            address = address_of(subnet.cidr.version, number)
            if self._site.ledger.claim(subnet.subnet_id, address, holder):
                self._site.claimed.add(number)
                return address
        raise AllocationContention(subnet.subnet_id)

    def _claim_this(self, address: IPAddress, holder: str | None) -> IPAddress:
        subnet = self._site.subnet
        if not is_assignable(subnet.cidr, address, router=True):
            raise refusals.not_assignable(subnet, address)
        if not self._site.ledger.claim(subnet.subnet_id, address, holder):
            raise refusals.held(subnet, address, own=int(address) in self._site.claimed)
        self._site.claimed.add(int(address))
        return address
