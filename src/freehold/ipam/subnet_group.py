"""Asking several subnets in order of preference, whatever driver they are of.

Each subnet answers with an address or with a refusal. A refusal that another
subnet may not share leads on to the next one; when none is left, the error
holds all refusals in the order in which they were given. Two answers end the
search at once: the address asked for is held, and contention, after which
nobody knows whether the preferred subnet was full.
"""

from collections.abc import Iterable, Sequence

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
            try:
                address = self._pool.get_subnet(subnet_id).allocate(request)
            except IpAddressGenerationFailure as error:
                refusals += _refusals(error, Reason.POOL_EXHAUSTED, subnet_id)
            except InvalidIpForSubnet as error:
                refusals += _refusals(error, Reason.ADDRESS_OUTSIDE_SUBNET, subnet_id)
            except SubnetNotFound as error:
                refusals += _refusals(error, Reason.SUBNET_GONE, subnet_id)
            else:
                return AllocatedAddress(address, subnet_id)
        if not self._subnet_ids:
            refusals.append(Refusal(Reason.NO_SUBNET, "There is no subnet to take it from."))
        raise _failure(request, refusals)


def _failure(request: AddressRequest, refusals: Iterable[Refusal]) -> FreeholdError:
    if isinstance(request, SpecificAddressRequest | AutomaticAddressRequest):
        return InvalidIpForSubnet(str(request.address), refusals=refusals)
    return IpAddressGenerationFailureAllSubnets(refusals)


def _refusals(error: FreeholdError, reason: Reason, subnet_id: str) -> tuple[Refusal, ...]:
    """Return an error's refusals; an error that brings none is made into one."""
    return error.refusals or (Refusal(reason, error.message, subnet_id=subnet_id),)
