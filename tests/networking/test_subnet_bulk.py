"""Many networks or subnets in one request: as if they had been created one by one.

What is compared: on two backends that are alike, the same subnets are created in one
request, and in one request each.
"""

from dataclasses import dataclass, replace

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from freehold.errors import FreeholdError, NetworkNotFound, SubnetPoolQuotaExceeded
from freehold.networking.records import UNSTORED
from freehold.networking.values import FixedIPRequest, FromPool, NetworkDraft, Subnet, SubnetDraft
from tests.backends import Premises, addresses, pooled_draft, subnet_draft
from tests.networking.conftest import Twins, anew
from tests.networking.test_networks import NOWHERE

NETWORKS = 3
CIDRS = [
    *("10.0.0.0/24", "10.0.0.128/25", "10.0.1.0/24", "192.0.2.0/24"),
    *("2001:db8:1::/64", "2001:db8:2::/64"),
]


@dataclass(frozen=True)
class Wanted:
    """A subnet to be, on the network of a place: with a CIDR, or out of the pool of a place."""

    network: int
    cidr: str | None = None
    pool: int | None = None
    length: int | None = None


plain = st.builds(Wanted, network=st.integers(0, NETWORKS - 1), cidr=st.sampled_from(CIDRS))
pooled = st.builds(
    Wanted,
    network=st.integers(0, NETWORKS - 1),
    pool=st.integers(0, 1),
    length=st.none() | st.sampled_from([26, 27, 28]),
)
given_of_pool = st.builds(
    Wanted,
    network=st.integers(0, NETWORKS - 1),
    pool=st.integers(0, 1),
    cidr=st.sampled_from(["172.16.0.0/27", "172.16.0.32/28", "172.16.1.64/26", "172.17.0.0/26"]),
)


class House:
    """One of the two backends; a network of it has a port that gets automatic addresses."""

    def __init__(self, premises: Premises) -> None:
        self.premises = anew(premises)
        self.networks = [self.premises.network() for _ in range(NETWORKS)]
        scope = self.premises.scope().id
        self.pools = [
            self.premises.pool(
                *prefixes,
                min_prefixlen=26,
                default_prefixlen=27,
                address_scope_id=scope,
                default_quota=quota,
            )
            for prefixes, quota in (
                (("172.16.0.0/26", "172.16.1.0/25"), None),
                (("172.17.0.0/25",), 96),
            )
        ]
        self.port = self.premises.port(self.networks[0])

    def draft(self, wanted: Wanted) -> SubnetDraft:
        network = self.networks[wanted.network]
        if wanted.pool is None:
            mode = "slaac" if wanted.cidr == "2001:db8:1::/64" else None
            return subnet_draft(network, str(wanted.cidr), mode)
        draft = pooled_draft(self.pools[wanted.pool], network, wanted.cidr)
        return replace(draft, from_pool=FromPool(self.pools[wanted.pool].id, wanted.length))

    def together(self, wanted: list[Wanted]) -> list[Subnet] | FreeholdError:
        try:
            drafts = [self.draft(one) for one in wanted]
            return list(self.premises.backend.subnets.create(drafts))
        except FreeholdError as error:
            return error

    def one_by_one(self, wanted: list[Wanted]) -> list[Subnet] | FreeholdError:
        try:
            return [self.premises.backend.subnets.create([self.draft(one)])[0] for one in wanted]
        except FreeholdError as error:
            return error

    def shown(self) -> list[str]:
        return addresses(self.premises.backend.ports.get(self.port.id))


def content(subnet: Subnet) -> Subnet:
    """Return a subnet without what is made up for it."""
    return replace(subnet, id="", record=UNSTORED)


@settings(deadline=None, max_examples=60)
@given(wanted=st.lists(plain | pooled | given_of_pool, min_size=2, max_size=10))
@example(wanted=[Wanted(0, cidr="10.0.0.0/24"), Wanted(1, cidr="10.0.0.0/24")])
@example(wanted=[Wanted(0, cidr="10.0.0.0/24"), Wanted(0, cidr="10.0.0.128/25")])
@example(wanted=[Wanted(0, pool=0)] * 7)
@example(
    wanted=[
        Wanted(1, pool=1, length=28),
        Wanted(1, pool=1, length=27),
        Wanted(1, pool=1, length=26),
    ]
)
@example(wanted=[Wanted(0, pool=0, cidr="172.16.0.32/28"), Wanted(2, pool=0, length=26)])
@example(wanted=[Wanted(0, cidr="2001:db8:1::/64"), Wanted(1, cidr="2001:db8:1::/64")])
def test_subnets_in_one_request_get_and_are_refused_what_they_would_be_one_by_one(
    twins: Twins, wanted: list[Wanted]
) -> None:
    bulk, single = map(House, twins)
    before = bulk.premises.dump()
    got, expected = bulk.together(wanted), single.one_by_one(wanted)
    if isinstance(got, FreeholdError) or isinstance(expected, FreeholdError):
        event("refused")
        assert (type(got), str(got)) == (type(expected), str(expected))
        assert bulk.premises.dump() == before
    else:
        event("created")
        assert list(map(content, got)) == list(map(content, expected))
        stored = bulk.premises.backend.subnets.find([])
        assert list(stored) == sorted(got, key=lambda subnet: subnet.id)
        assert bulk.shown() == single.shown()
        known = [bulk.premises.backend.networks.get(one.id).subnet_ids for one in bulk.networks]
        assert set().union(*known) == {subnet.id for subnet in got}
        for subnet in got:
            if subnet.ip_version == 4:
                asked = (FixedIPRequest(subnet.id),)
                network = bulk.premises.backend.networks.get(subnet.network_id)
                [held] = bulk.premises.port(network, fixed_ips=asked).fixed_ips[:1]
                assert held.ip_address in subnet.cidr
        bulk.premises.check_pools()


def test_subnets_out_of_a_pool_are_cut_out_where_they_fit_best(premises: Premises) -> None:
    pool = premises.pool("10.0.0.0/16", min_prefixlen=20, default_quota=1 << 16)
    networks = premises.backend.networks.create([NetworkDraft(project_id="p")] * 40)
    premises.subnet_of(pool, networks[0], "10.0.128.0/28")
    drafts = [
        pooled_draft(pool, network, 28 if place % 2 else 24)
        for place, network in enumerate(networks)
    ]
    created = premises.backend.subnets.create(drafts)
    assert [str(subnet.cidr) for subnet in created[:4]] == [
        "10.0.129.0/24",
        "10.0.128.16/28",
        "10.0.130.0/24",
        "10.0.128.32/28",
    ]
    premises.check_pools()
    small = premises.pool("172.16.0.0/24", min_prefixlen=24, default_quota=255)
    wanted = [(premises.network(), length) for length in (26, 25, 25)]
    with premises.refused(SubnetPoolQuotaExceeded):
        premises.backend.subnets.create(
            [pooled_draft(small, other, length) for other, length in wanted]
        )


def test_many_networks_are_created_together_and_can_be_used(premises: Premises) -> None:
    drafts = [NetworkDraft(project_id="p", name=str(number)) for number in range(600)]
    created = premises.backend.networks.create(drafts)
    assert [network.name for network in created] == [str(number) for number in range(600)]
    stored = premises.backend.networks.find([])
    assert list(stored) == sorted(created, key=lambda network: network.id)
    subnets = premises.backend.subnets.create(
        [subnet_draft(network, "10.0.0.0/24") for network in created]
    )
    used = premises.backend.networks.get(created[-1].id)
    assert used.subnet_ids == (subnets[-1].id,)
    assert used.record.revision == created[-1].record.revision + 1
    nowhere = replace(created[0], id=NOWHERE)
    with premises.refused(NetworkNotFound):
        premises.backend.subnets.create(
            [subnet_draft(network, "10.1.0.0/24") for network in (*created, nowhere)]
        )
