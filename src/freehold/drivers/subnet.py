"""A subnet whose addresses are proposed here and claimed in a ledger.

What is known of the subnet may be out of date: the ledger refuses what is done
under an old stamp, and then it is read again. A refusal that comes of what is
known is told only when that is known to be true still.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from freehold import accounts
from freehold.addresses.pools import is_assignable
from freehold.addresses.ranges import IPAddress, address_of
from freehold.drivers import refusals
from freehold.drivers.bulk import claim_bulk
from freehold.drivers.proposals import propose
from freehold.drivers.resting import rested
from freehold.drivers.site import Site
from freehold.errors import (
    AllocationContention,
    InvalidInput,
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
)
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
from freehold.ledger.protocol import Claim, SubnetChanged

T = TypeVar("T")

ROUNDS = 16
"""Changes of a subnet that one request follows."""


_REFUSALS = (
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
)
"""What may come of a state of the subnet that is over."""


class OpenSite(Protocol):
    """A way of looking at a subnet."""

    def __call__(self, *, fresh: bool = False) -> Site:
        """Return the subnet as it is known, or, if ``fresh``, as this unit of work has read it.

        Raises:
            SubnetNotFound: it is gone.
        """
        ...


class LedgerBackedSubnet(Subnet):
    """One subnet in one unit of work."""

    def __init__(self, open_site: OpenSite, reread: Callable[[], None]) -> None:
        """Make a subnet.

        Args:
            open_site: returns it as it is known.
            reread: forgets what is known of it.
        """
        self._open_site = open_site
        self._reread = reread

    def allocate(self, request: AddressRequest) -> IPAddress:
        """Hand out one address.

        An address asked for by value may be an IPv6 subnet's network address:
        only routers may hold that one, and a request does not tell whom it is
        for, so whoever makes the request sees to it.

        Raises:
            IpAddressGenerationFailure: all addresses of the pools are held, or
                were released too lately.
            IpAddressAlreadyAllocated: the address asked for is held, or was
                released too lately.
            InvalidIpForSubnet: the address asked for is not in the subnet, or
                is reserved there.
            InvalidInput: the request is of a kind that asks for no one
                address, or no EUI-64 address can be made of it.
            AllocationContention: others took what was proposed, again and again.
            SubnetNotFound: the subnet was removed in the meantime.
        """
        match request:
            case AnyAddressRequest():
                return self._as_it_is(lambda site: _claim_first(site, request.holder, False))
            case PreferNextAddressRequest():
                return self._as_it_is(lambda site: _claim_first(site, request.holder, True))
            case SpecificAddressRequest():
                return self._as_it_is(
                    lambda site: _claim_this(
                        site, request.address, request.holder, request.even_if_cooling
                    )
                )
            case AutomaticAddressRequest():
                # It belongs to whoever has that MAC address, so nobody else is to be kept from it.
                return self._as_it_is(
                    lambda site: _claim_this(site, request.address, request.holder, True)
                )
        raise InvalidInput(f"a request of the kind {type(request).__name__} is not for one address")

    def bulk_allocate(self, request: BulkAddressRequest) -> list[IPAddress]:
        """Hand out several addresses: all that were asked for, or none.

        Raises:
            IpAddressGenerationFailure: fewer than that are free.
            AllocationContention: others took what was proposed, again and again.
            SubnetNotFound: the subnet was removed in the meantime.
        """
        return self._as_it_is(lambda site: _claim_several(site, request))

    def allocate_each(self, requests: Sequence[AddressRequest]) -> Iterator[tuple[int, IPAddress]]:
        """Hand out an address for each request; in few statements, however many they are.

        Raises:
            IpAddressGenerationFailure, IpAddressAlreadyAllocated,
            InvalidIpForSubnet, InvalidInput, AllocationContention,
            SubnetNotFound: see `allocate`; of one request that was not served yet.
        """
        if len(requests) == 1:
            # What is known of the subnet spares the look around that many are worth.
            yield 0, self.allocate(requests[0])
            return
        waiting = dict(enumerate(requests))
        for serve in (self._claim_certain, self._claim_any, self._claim_lowest):
            for place, address in serve(waiting):
                del waiting[place]
                yield place, address
        # Whatever did not come off at once is refused for its own reason, or served.
        for place, request in waiting.items():
            yield place, self.allocate(request)

    def deallocate(self, address: IPAddress) -> None:
        """Take an address back.

        Raises:
            IpAddressAllocationNotFound: nobody holds it.
            SubnetNotFound: the subnet was removed in the meantime.
        """
        self._as_it_is(lambda site: _release(site, address))

    def get_details(self) -> SpecificSubnetRequest:
        """Return the subnet as the request that would create it again."""
        subnet = self._open_site(fresh=True).subnet
        return SpecificSubnetRequest(
            subnet_id=subnet.subnet_id,
            project_id=subnet.project_id,
            cidr=subnet.cidr,
            gateway_ip=subnet.gateway_ip,
            allocation_pools=subnet.pools,
            strategy=subnet.strategy,
            cool_down=subnet.cool_down,
        )

    def _claim_certain(self, waiting: Mapping[int, AddressRequest]) -> list[tuple[int, IPAddress]]:
        """Claim those of the given addresses that nobody has, each for the first who asks."""
        wanted: dict[IPAddress, int] = {}
        for place, request in waiting.items():
            if isinstance(request, SpecificAddressRequest | AutomaticAddressRequest):
                wanted.setdefault(request.address, place)
        claims = [Claim(address, waiting[place].holder) for address, place in wanted.items()]
        claimed = self._as_it_is(lambda site: _claim_these(site, claims)) if claims else ()
        return [(wanted[address], address) for address in claimed]

    def _claim_any(self, waiting: Mapping[int, AddressRequest]) -> list[tuple[int, IPAddress]]:
        return self._claim_some(waiting, AnyAddressRequest, lowest=False)

    def _claim_lowest(self, waiting: Mapping[int, AddressRequest]) -> list[tuple[int, IPAddress]]:
        return self._claim_some(waiting, PreferNextAddressRequest, lowest=True)

    def _claim_some(
        self, waiting: Mapping[int, AddressRequest], kind: type[AddressRequest], *, lowest: bool
    ) -> list[tuple[int, IPAddress]]:
        """Claim as many addresses as there are, for the requests of a kind."""
        places = [place for place, request in waiting.items() if isinstance(request, kind)]
        if not places:
            return []
        holders = [waiting[place].holder for place in places]
        claimed = self._as_it_is(
            lambda site: claim_bulk(site, holders, lowest=lowest, all_or_none=False)
        )
        return [(places[place], address) for place, address in claimed]

    def _as_it_is(self, work: Callable[[Site], T]) -> T:
        """Do something on the subnet as it is, however often it changes meanwhile."""
        site = self._open_site()
        for _ in range(ROUNDS):
            try:
                return work(site)
            except SubnetChanged:
                accounts.lost_races()
                self._reread()
                site = self._open_site(fresh=True)
            except _REFUSALS:
                fresh = self._open_site(fresh=True)
                if fresh.subnet.stamp == site.subnet.stamp:
                    raise
                site = fresh
        raise AllocationContention(site.subnet.subnet_id)


def _claim_first(site: Site, holder: str | None, lowest: bool) -> IPAddress:
    """Claim the first proposal that nobody else has claimed."""
    for number, rests_since in propose(site, lowest=lowest):
        address = address_of(site.subnet.cidr.version, number)
        if rests_since is None:
            claimed = site.ledger.claim(site.subnet, address, holder)
        else:
            # Not from a later rest, for which it would not be its turn yet.
            wanted = [Claim(address, holder)]
            claimed = bool(site.ledger.reclaim_many(site.subnet, wanted, rests_since))
        if claimed:
            site.claimed.add(number)
            site.saw_taken(number)
            if rests_since is not None:
                site.at_rollback(site.hints.forget_released)
            return address
        accounts.lost_races()
    raise AllocationContention(site.subnet.subnet_id)


def _claim_several(site: Site, request: BulkAddressRequest) -> list[IPAddress]:
    """Claim as many as are asked for, of pools that have so many at all."""
    if request.count > site.total:
        free = site.total - sum(site.count_taken(site.subnet.pools))
        rests = len(rested(site, site.total - free))
        raise refusals.too_few(site, free, rests, request.count)
    holders = [request.holder] * request.count
    return [address for _, address in claim_bulk(site, holders)]


def _claim_these(site: Site, claims: Sequence[Claim]) -> list[IPAddress]:
    """Claim those of the addresses that the subnet has and nobody else."""
    cidr = site.subnet.cidr
    wanted = [claim for claim in claims if is_assignable(cidr, claim.address, router=True)]
    claimed = site.ledger.claim_many(site.subnet, wanted)
    site.claimed.update(map(int, claimed))
    return claimed


def _claim_this(
    site: Site, address: IPAddress, holder: str | None, even_if_cooling: bool
) -> IPAddress:
    subnet, ledger = site.subnet, site.ledger
    if not is_assignable(subnet.cidr, address, router=True):
        raise refusals.not_assignable(subnet, address)
    if not ledger.claim(subnet, address, holder):
        if int(address) in site.claimed:
            raise refusals.held(subnet, address, own=True)
        released = ledger.released_at(subnet.subnet_id, address)
        if released is None:
            raise refusals.held(subnet, address, own=False)
        released_by = released if even_if_cooling else site.rested
        if released > released_by:
            raise refusals.cooling(site, address, released)
        if not ledger.reclaim_many(subnet, [Claim(address, holder)], released_by):
            raise refusals.held(subnet, address, own=False)
    site.claimed.add(int(address))
    return address


def _release(site: Site, address: IPAddress) -> None:
    subnet, number = site.subnet, int(address)
    # ::ffff:10.0.0.1 and 10.0.0.1 are one to a ledger, and two to a subnet.
    if address.version != subnet.cidr.version:
        raise IpAddressAllocationNotFound(str(address), subnet.subnet_id)
    in_pools = site.in_pools(number)
    rests = in_pools and site.reuse.keeps_released
    site.ledger.release(subnet, address, keep=rests)
    site.claimed.discard(number)
    site.released.add(number)
    if in_pools and not rests:
        site.hints.lower_lowest(number)
        # While there is much room, a blind guess does well, and the address given
        # back would be the very next one to be handed out.
        if len(site.hints) or site.hints.crowded:
            site.hints.add(number)
