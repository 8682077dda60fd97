"""The order in which a group asks its subnets, whatever driver they are of."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from freehold.addresses.ranges import IPAddress
from freehold.errors import (
    AllocationContention,
    FreeholdError,
    InvalidInput,
    InvalidIpForSubnet,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    IpAddressGenerationFailureAllSubnets,
    Reason,
    Refusal,
    SubnetNotFound,
)
from freehold.ipam.driver import AllocatedAddress, Pool, Subnet, SubnetGroup
from freehold.ipam.requests import (
    AddressRequest,
    AnyAddressRequest,
    AutomaticAddressRequest,
    BulkAddressRequest,
    SpecificAddressRequest,
    SpecificSubnetRequest,
    SubnetRequest,
)
from freehold.ipam.subnet_group import OrderedSubnetGroup

ANY = AnyAddressRequest()
GIVEN = SpecificAddressRequest(ip_address("10.0.0.5"))
AUTOMATIC = AutomaticAddressRequest(ip_network("2001:db8::/64"), "fa:16:3e:12:34:56")

Answer = IPAddress | FreeholdError


class Oracle(Pool):
    """A pool whose subnets answer each request in one way, and which notes who was asked."""

    def __init__(self, answers: dict[str, Answer]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def needs_rollback(self) -> bool:
        return True

    def get_subnet(self, subnet_id: str) -> Subnet:
        self.asked.append(subnet_id)
        if subnet_id not in self.answers:
            raise SubnetNotFound(subnet_id)
        return OracleSubnet(self.answers[subnet_id])

    def get_allocator(self, subnet_ids: Sequence[str]) -> SubnetGroup:
        return OrderedSubnetGroup(self, subnet_ids)

    def allocate_subnet(self, request: SubnetRequest) -> Subnet:
        raise NotImplementedError

    def update_subnet(self, request: SpecificSubnetRequest) -> Subnet:
        raise NotImplementedError

    def remove_subnet(self, subnet_id: str) -> None:
        raise NotImplementedError


class OracleSubnet(Subnet):
    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def allocate(self, request: AddressRequest) -> IPAddress:
        if isinstance(self.answer, FreeholdError):
            raise self.answer
        return self.answer

    def bulk_allocate(self, request: BulkAddressRequest) -> list[IPAddress]:
        raise NotImplementedError

    def deallocate(self, address: IPAddress) -> None:
        raise NotImplementedError

    def get_details(self) -> SpecificSubnetRequest:
        raise NotImplementedError


FREE = ip_address("10.0.1.7")


def refusal(subnet_id: str, reason: Reason = Reason.POOL_EXHAUSTED) -> Refusal:
    return Refusal(reason, f"{subnet_id} is full.", subnet_id, "10.0.0.0/24", {"total": 3})


def full(subnet_id: str) -> FreeholdError:
    return IpAddressGenerationFailure.in_subnet(subnet_id, refusal(subnet_id))


def test_the_first_subnet_that_has_an_address_is_the_last_one_asked() -> None:
    pool = Oracle({"a": full("a"), "b": FREE, "c": FREE})
    group = pool.get_allocator(["a", "gone", "b", "c"])
    assert group.allocate(ANY) == AllocatedAddress(FREE, "b")
    assert pool.asked == ["a", "gone", "b"]


def test_when_none_has_one_each_reason_is_told_in_order() -> None:
    pool = Oracle({"a": full("a"), "b": SubnetNotFound("b"), "c": full("c")})
    with pytest.raises(IpAddressGenerationFailureAllSubnets) as caught:
        pool.get_allocator(["c", "b", "a"]).allocate(ANY)
    gone = Refusal(Reason.SUBNET_GONE, "Subnet b could not be found.", "b")
    assert caught.value.refusals == (refusal("c"), gone, refusal("a"))
    assert caught.value.detail == "c is full. Subnet b could not be found. a is full."


def test_a_driver_that_gives_no_reasons_is_quoted() -> None:
    pool = Oracle({"a": IpAddressGenerationFailure("Sold out."), "b": InvalidIpForSubnet("x")})
    with pytest.raises(IpAddressGenerationFailureAllSubnets) as caught:
        pool.get_allocator(["a", "b"]).allocate(ANY)
    assert caught.value.refusals == (
        Refusal(Reason.POOL_EXHAUSTED, "Sold out.", "a"),
        Refusal(Reason.ADDRESS_OUTSIDE_SUBNET, InvalidIpForSubnet("x").message, "b"),
    )


@pytest.mark.parametrize("wanted", [GIVEN, AUTOMATIC])
def test_a_given_address_that_fits_no_subnet_is_not_valid_for_them(
    wanted: SpecificAddressRequest | AutomaticAddressRequest,
) -> None:
    outside = refusal("a", Reason.ADDRESS_OUTSIDE_SUBNET)
    pool = Oracle({"a": InvalidIpForSubnet("x", refusals=[outside])})
    with pytest.raises(InvalidIpForSubnet, match=str(wanted.address)) as caught:
        pool.get_allocator(["a", "b"]).allocate(wanted)
    assert [one.reason for one in caught.value.refusals] == [
        Reason.ADDRESS_OUTSIDE_SUBNET,
        Reason.SUBNET_GONE,
    ]


def test_a_given_address_goes_on_to_the_subnet_that_it_fits() -> None:
    pool = Oracle({"a": InvalidIpForSubnet("x"), "b": GIVEN.address})
    assert pool.get_allocator(["a", "b"]).allocate(GIVEN) == (GIVEN.address, "b")


@pytest.mark.parametrize(
    "error",
    [
        IpAddressAlreadyAllocated("10.0.0.5", "a"),
        AllocationContention("a"),
        InvalidInput("no EUI-64 address"),
    ],
)
def test_an_answer_that_is_final_ends_the_search(error: FreeholdError) -> None:
    pool = Oracle({"a": error, "b": FREE})
    with pytest.raises(type(error)) as caught:
        pool.get_allocator(["a", "b"]).allocate(GIVEN)
    assert caught.value is error
    assert pool.asked == ["a"]


def test_a_group_of_no_subnets_says_so() -> None:
    with pytest.raises(IpAddressGenerationFailureAllSubnets) as caught:
        Oracle({}).get_allocator([]).allocate(ANY)
    assert [one.reason for one in caught.value.refusals] == [Reason.NO_SUBNET]
