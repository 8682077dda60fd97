"""Asking several subnets in order of preference, whatever driver they are of.

Each subnet answers with an address or with a refusal. A refusal that another
subnet may not share leads on to the next one; when none is left, the error
holds all refusals in the order in which they were given. Two answers end the
search at once: the address asked for is held, and contention, after which
nobody knows whether the preferred subnet was full.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from freehold.errors import (
    FreeholdError,
    InvalidIpForSubnet,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureAllSubnets,
    Reason,
    Refusal,
    SubnetNotFound,
)
from freehold.ipam.driver import AllocatedAddress, Pool, SubnetGroup
from freehold.ipam.requests import (
    AddressRequest,
    AutomaticAddressRequest,
    SpecificAddressRequest,
)


class OrderedSubnetGroup(SubnetGroup):
    """The subnets of a pool with these ids, preferred ones first.

    A driver that can read several subnets at once does so when it makes the
    group, and lets its ``get_subnet`` answer from what it read.
    """

    def __init__(self, pool: Pool, subnet_ids: Sequence[str]) -> None:
        self._pool = pool
        self._subnet_ids = tuple(subnet_ids)

    def allocate(self, request: AddressRequest) -> AllocatedAddress:
        """Hand out one address of the first subnet that has one.

        Raises:
            IpAddressGenerationFailureAllSubnets: none has, or there is none.
            IpAddressAlreadyAllocated: the address asked for is held.
            InvalidIpForSubnet: the address asked for fits none of them.
            InvalidInput: the request makes no sense for a subnet that came up.
            AllocationContention: others took what was proposed, again and again.
        """
        refusals: list[Refusal] = []
        for subnet_id in self._subnet_ids:
            with _noting(refusals, subnet_id):
                address = self._pool.get_subnet(subnet_id).allocate(request)
                return AllocatedAddress(address, subnet_id)
        raise _failure(request, refusals)

    def allocate_each(
        self, requests: Sequence[AddressRequest]
    ) -> Iterator[tuple[int, AllocatedAddress]]:
        """Hand out an address for each request: each subnet is asked for as many as it has.

        A subnet that has none for one request has none for any other like it, so
        only those for whichever address are put to a subnet together.

        Raises:
            FreeholdError: a request is refused; see `allocate`.
        """
        if len(self._subnet_ids) > 1 and any(map(_is_for_one_address, requests)):
            yield from super().allocate_each(requests)
            return
        refusals: list[Refusal] = []
        waiting = dict(enumerate(requests))
        for subnet_id in self._subnet_ids:
            places = list(waiting)
            with _noting(refusals, subnet_id):
                served = self._pool.get_subnet(subnet_id).allocate_each(list(waiting.values()))
                for place, address in served:
                    del waiting[places[place]]
                    yield places[place], AllocatedAddress(address, subnet_id)
            if not waiting:
                return
        for request in waiting.values():
            raise _failure(request, refusals)


@contextmanager
def _noting(refusals: list[Refusal], subnet_id: str) -> Iterator[None]:
    """Note a refusal that another subnet may not share, and go on."""
    try:
        yield
    except IpAddressGenerationFailure as error:
        refusals += _refusals(error, Reason.POOL_EXHAUSTED, subnet_id)
    except InvalidIpForSubnet as error:
        refusals += _refusals(error, Reason.ADDRESS_OUTSIDE_SUBNET, subnet_id)
    except SubnetNotFound as error:
        refusals += _refusals(error, Reason.SUBNET_GONE, subnet_id)


def _is_for_one_address(request: AddressRequest) -> bool:
    return isinstance(request, SpecificAddressRequest | AutomaticAddressRequest)


def _failure(request: AddressRequest, refusals: Sequence[Refusal]) -> FreeholdError:
    refusals = refusals or [Refusal(Reason.NO_SUBNET, "There is no subnet to take it from.")]
    if isinstance(request, SpecificAddressRequest | AutomaticAddressRequest):
        return InvalidIpForSubnet(str(request.address), refusals=refusals)
    return IpAddressGenerationFailureAllSubnets(refusals)


def _refusals(error: FreeholdError, reason: Reason, subnet_id: str) -> tuple[Refusal, ...]:
    """Return an error's refusals; an error that brings none is made into one."""
    return error.refusals or (Refusal(reason, error.message, subnet_id=subnet_id),)
