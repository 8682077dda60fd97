"""What a caller may see of the resources of one kind, as the rules have it.

A list is restricted by the database, so that its pages are full and its markers are known to
who asks. The database cannot ask oslo.policy about each row; so the rules are asked beforehand,
about an example of each sort of row that they can tell apart: one's own, one on one's own
network, shared, external, and all that go together.

A rule that an operator has written may look at something else, such as a name. Then nothing is
restricted beforehand, and each resource that was found is looked at (``each``): a page has gaps
then, as it has with Neutron.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

from freehold.api.callers import Caller
from freehold.api.policy import Policy, Target
from freehold.networking.sharing_values import Sight

OWN = "own"
ON_OWN_NETWORKS = "on_own_networks"
SHARED = "shared"
EXTERNAL = "external"

# No project has it: it is longer than any.
_ANOTHERS = "*" * 256

NETWORK_OWNER = "network:project_id"
ROUTER_EXTERNAL = "router:external"


_TOLD_BY = {
    OWN: ("project_id", "tenant_id"),
    ON_OWN_NETWORKS: (NETWORK_OWNER,),
    SHARED: ("shared",),
    EXTERNAL: (ROUTER_EXTERNAL,),
}
"""By which attributes a rule tells that a resource is of a sort."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a caller may see.

    Attributes:
        sight: by what the database restricts a list.
        each: whether a rule is to be asked about each resource that was found.
    """

    sight: Sight
    each: bool = False

    def covers(self, other: "Seen") -> bool:
        """Tell whether whatever another rule lets the caller see this one does, too."""
        if self.each or other.each:
            return False
        mine, others = self.sight, other.sight
        return mine.everything or not (
            others.everything
            or (others.own and not mine.own)
            or (others.on_own_networks and not mine.on_own_networks)
            or (others.shared and not mine.shared)
            or (others.external and not mine.external)
        )


def seen_by(policy: Policy, caller: Caller, rule: str, sorts: Sequence[str]) -> Seen:
    """Return what a caller may see of the resources of a kind.

    Args:
        policy: the rules.
        caller: who wants to see them.
        rule: the one by which a resource may be seen.
        sorts: which sorts of rows there are of the kind, besides others' own.
    """
    told_apart = {name for sort in sorts for name in _TOLD_BY[sort]}
    if not caller.project_id:
        sorts = [sort for sort in sorts if sort not in {OWN, ON_OWN_NETWORKS}]
    targets = {frozenset(some): Target(_example(caller, some)) for some in _subsets(sorts)}
    allowed = {some: policy.allows(rule, caller, target) for some, target in targets.items()}
    everything = allowed[frozenset()]
    each_alone = {sort for sort in sorts if allowed[frozenset({sort})]}
    sight = Sight(project_id=caller.project_id, everything=everything)
    asked = frozenset(chain.from_iterable(target.asked for target in targets.values()))
    if asked - told_apart:
        return Seen(replace(sight, everything=True), each=True)
    exact = all(may == (everything or bool(some & each_alone)) for some, may in allowed.items())
    if exact:
        return Seen(_extended(sight, each_alone))
    somehow = set(chain.from_iterable(some for some, may in allowed.items() if may))
    return Seen(_extended(sight, somehow), each=True)


def _extended(sight: Sight, sorts: set[str]) -> Sight:
    return replace(
        sight,
        own=OWN in sorts,
        on_own_networks=ON_OWN_NETWORKS in sorts,
        shared=SHARED in sorts,
        external=EXTERNAL in sorts,
    )


def _subsets(sorts: Sequence[str]) -> list[tuple[str, ...]]:
    return [some for size in range(len(sorts) + 1) for some in combinations(sorts, size)]


def _example(caller: Caller, sorts: Sequence[str]) -> Mapping[str, object]:
    """Return what rules can ask of a resource that is of these sorts."""
    owner = caller.project_id if OWN in sorts else _ANOTHERS
    return {
        "project_id": owner,
        "tenant_id": owner,
        NETWORK_OWNER: caller.project_id if ON_OWN_NETWORKS in sorts else _ANOTHERS,
        "shared": SHARED in sorts,
        ROUTER_EXTERNAL: EXTERNAL in sorts,
    }
