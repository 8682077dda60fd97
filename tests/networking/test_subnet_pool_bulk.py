"""Many subnet pools in one request: as if they had been created one by one.

What is compared: on two backends that are alike, the same pools are created in one
request, and in one request each.
"""

import re
from dataclasses import dataclass, replace

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from freehold.errors import AddressScopePrefixConflict, FreeholdError
from freehold.networking.pool_values import SubnetPool, SubnetPoolDraft
from freehold.networking.records import UNSTORED
from tests.backends import Premises, pool_draft
from tests.networking.conftest import Twins, anew
from tests.networking.test_networks import NOWHERE

SCOPES = 3
PREFIXES = [
    *("10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/23", "10.9.0.0/16"),
    *("2001:db8:1::/64", "2001:db8::/32"),
]


@dataclass(frozen=True)
class Wanted:
    """A subnet pool to be, in the scope of a place, in none, or in one that is not there."""

    prefixes: tuple[str, ...]
    scope: int | None = None
    is_default: bool = False
    shared: bool = False


some_pool = st.builds(
    Wanted,
    prefixes=st.sampled_from(PREFIXES).map(lambda one: (one,)),
    scope=st.none() | st.integers(0, SCOPES),
    is_default=st.sampled_from([False, False, False, True]),
    shared=st.sampled_from([False, False, False, True]),
)


class House:
    """One of the two backends: with scopes, of which one has a pool and one is shared."""

    def __init__(self, premises: Premises) -> None:
        self.premises = anew(premises)
        scopes = [self.premises.scope(), self.premises.scope(shared=True), self.premises.scope(6)]
        self.scopes = [*(scope.id for scope in scopes), NOWHERE]
        self.premises.pool("10.9.5.0/24", address_scope_id=self.scopes[0])

    def draft(self, wanted: Wanted) -> SubnetPoolDraft:
        scope_id = None if wanted.scope is None else self.scopes[wanted.scope]
        return pool_draft(
            *wanted.prefixes,
            address_scope_id=scope_id,
            is_default=wanted.is_default,
            shared=wanted.shared,
        )

    def together(self, wanted: list[Wanted]) -> list[SubnetPool] | FreeholdError:
        try:
            drafts = [self.draft(one) for one in wanted]
            return list(self.premises.backend.subnet_pools.create(drafts))
        except FreeholdError as error:
            return error

    def one_by_one(self, wanted: list[Wanted]) -> list[SubnetPool] | FreeholdError:
        pools = self.premises.backend.subnet_pools
        try:
            return [pools.create([self.draft(one)])[0] for one in wanted]
        except FreeholdError as error:
            return error


def content(pool: SubnetPool) -> SubnetPool:
    """Return a pool without what is made up for it."""
    return replace(pool, id="", record=UNSTORED)


def wording(error: FreeholdError | list[SubnetPool]) -> str:
    """Return the text of a refusal without ids that are made up."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "-", str(error))


@settings(deadline=None, max_examples=60)
@given(wanted=st.lists(some_pool, min_size=1, max_size=6))
@example(wanted=[Wanted((PREFIXES[0],), 0), Wanted((PREFIXES[1],), 0), Wanted((PREFIXES[2],), 1)])
@example(wanted=[Wanted((PREFIXES[0],), 0), Wanted((PREFIXES[2],), 0), Wanted((PREFIXES[0],), 3)])
@example(wanted=[Wanted((PREFIXES[3],), 0), Wanted((PREFIXES[0],), 3)])
@example(
    wanted=[
        Wanted((PREFIXES[0],), is_default=True),
        Wanted((PREFIXES[1],), 1, is_default=True),
        Wanted((PREFIXES[0],), 3),
    ]
)
def test_pools_in_one_request_are_and_are_refused_as_they_would_be_one_by_one(
    twins: Twins, wanted: list[Wanted]
) -> None:
    bulk, single = map(House, twins)
    before = bulk.premises.dump()
    got, expected = bulk.together(wanted), single.one_by_one(wanted)
    if isinstance(got, FreeholdError) or isinstance(expected, FreeholdError):
        event("refused")
        assert (type(got), wording(got)) == (type(expected), wording(expected))
        assert bulk.premises.dump() == before
    else:
        event("created")
        assert list(map(content, got)) == list(map(content, expected))
        stored = bulk.premises.backend.subnet_pools.find([])
        assert {*got} <= {*stored}
        bulk.premises.check_pools()


def test_more_pools_and_scopes_than_one_statement_names_are_created_together(
    premises: Premises,
) -> None:
    scopes = [premises.scope().id for _ in range(501)]
    drafts = [
        pool_draft(f"10.{number >> 8}.{number & 255}.0/24", address_scope_id=scope)
        for number, scope in enumerate([*scopes, *scopes])
    ]
    created = premises.backend.subnet_pools.create(drafts)
    assert {one.id for one in premises.backend.subnet_pools.find([])} == {one.id for one in created}
    with premises.refused(AddressScopePrefixConflict):
        premises.backend.subnet_pools.create(
            [
                pool_draft(f"10.128.{number & 255}.{number >> 8}/32", address_scope_id=scope)
                for number, scope in enumerate(scopes)
            ]
            + [pool_draft("10.0.0.7/32", address_scope_id=scopes[0])]
        )
