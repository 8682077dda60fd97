"""Every kind of broken promise is found, and nothing else is taken for one."""

import pytest

from soak.checking import Holding, check
from soak.journal import Kind, Operation, Outcome

TAKEN = Operation(
    name="w-1",
    kind=Kind.BULK,
    subnet_id="wide",
    count=2,
    begun=1.0,
    ended=2.0,
    outcome=Outcome.DONE,
    addresses=("10.1.0.1", "10.1.0.2"),
)
REFUSED = Operation(
    name="w-2",
    kind=Kind.ANY,
    subnet_id="wide",
    count=1,
    begun=2.0,
    ended=3.0,
    outcome=Outcome.REFUSED,
    error="IpAddressGenerationFailure",
)
UNHEARD = Operation(name="w-3", kind=Kind.BULK, subnet_id="wide", count=2, begun=3.0)


def given_back(
    outcome: Outcome, *, of: str = "w-1", begun: float = 5.0, error: str | None = None
) -> Operation:
    return Operation(
        name=f"{of}-back",
        kind=Kind.RELEASE,
        subnet_id="wide",
        count=2,
        begun=begun,
        releases=of,
        ended=begun + 1,
        outcome=outcome,
        error=error,
        addresses=TAKEN.addresses,
    )


def held(*last: int, by: str = "w-1") -> list[Holding]:
    return [Holding("wide", f"10.1.0.{number}", by) for number in last]


@pytest.mark.parametrize(
    ("operations", "holdings", "unknown", "carried_out"),
    [
        ([TAKEN], held(1, 2), 0, 0),
        ([REFUSED], [], 0, 0),
        ([TAKEN, given_back(Outcome.DONE)], [], 0, 0),
        ([UNHEARD], [], 1, 0),
        ([UNHEARD], held(7, 8, by="w-3"), 1, 1),
        ([TAKEN, given_back(Outcome.UNKNOWN)], held(1, 2), 1, 0),
        ([TAKEN, given_back(Outcome.UNKNOWN)], [], 1, 1),
    ],
)
def test_promises_that_were_kept(
    operations: list[Operation], holdings: list[Holding], unknown: int, carried_out: int
) -> None:
    verdict = check(operations, holdings)
    assert verdict.violations == ()
    assert (verdict.unknown, verdict.carried_out) == (unknown, carried_out)
    assert verdict.held == len(holdings)


@pytest.mark.parametrize(
    ("operations", "holdings"),
    [
        pytest.param([TAKEN], [], id="lost"),
        pytest.param([TAKEN], held(1), id="partly lost"),
        pytest.param([TAKEN], held(1, 3), id="not what was told"),
        pytest.param([TAKEN], held(1, 2, 3), id="more than was told"),
        pytest.param([TAKEN], held(1, 2, by="w-9"), id="held by a stranger"),
        pytest.param([REFUSED], held(1, by="w-2"), id="refused and held"),
        pytest.param([TAKEN, given_back(Outcome.DONE)], held(1, 2), id="not released"),
        pytest.param([TAKEN, given_back(Outcome.DONE)], held(2), id="partly released"),
        pytest.param([TAKEN, given_back(Outcome.UNKNOWN)], held(2), id="half a release"),
        pytest.param([UNHEARD], held(7, by="w-3"), id="half a request"),
        pytest.param(
            [TAKEN, given_back(Outcome.REFUSED, error="IpAddressAllocationNotFound")],
            [],
            id="gone before it was given back",
        ),
        pytest.param([], held(1, by="w-9"), id="leaked"),
        pytest.param([TAKEN], [*held(1, 2), *held(2, by="w-2")], id="held twice"),
    ],
)
def test_promises_that_were_broken(operations: list[Operation], holdings: list[Holding]) -> None:
    assert check(operations, holdings).violations != ()


def test_an_address_that_was_given_to_two_at_once_is_found_after_both_gave_it_back() -> None:
    second = Operation(
        name="w-4",
        kind=Kind.ANY,
        subnet_id="wide",
        count=1,
        begun=3.0,
        ended=4.0,
        outcome=Outcome.DONE,
        addresses=("10.1.0.2",),
    )
    both = [TAKEN, second, given_back(Outcome.DONE, of="w-4", begun=8.0)]
    early = given_back(Outcome.DONE, begun=2.5)
    late = given_back(Outcome.DONE, begun=5.0)
    assert check([*both, early], []).violations == ()
    assert check([*both, late], []).violations == (
        "10.1.0.2 of wide was given to w-1 and to w-4 at once",
    )
