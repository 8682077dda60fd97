"""What rules are asked about: the attributes of a resource, some read when a rule looks at them."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from neutron_lib.constants import ATTR_NOT_SPECIFIED

from freehold.api.attributes import PROJECT, Checked
from freehold.api.sights import NETWORK_OWNER, ROUTER_EXTERNAL

OF_NETWORK = (NETWORK_OWNER, "shared", ROUTER_EXTERNAL)
"""What rules can ask of the network that a resource is on."""

Load = Callable[[], Mapping[str, object]]
FactsOf = Callable[[str], Mapping[str, object]]
"""Returns what rules can ask of the network with an id."""


class Layers(Mapping[str, object]):
    """The attributes of what a rule is about, some of which are read when they are looked at.

    Args:
        values: those that are known.
        more: the names of further ones, None for any, and what reads them.
    """

    def __init__(
        self, values: Mapping[str, object], more: tuple[Sequence[str] | None, Load] | None = None
    ) -> None:
        self._values = values
        self._more = more

    def __getitem__(self, name: str) -> object:
        """Return an attribute; what the client did not specify is not there."""
        if is_given(self._values, name):
            return self._values[name]
        if self._more is not None:
            names, load = self._more
            if names is None or name in names:
                return load()[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def is_given(values: Mapping[str, object], name: str) -> bool:
    """Tell whether a client specified an attribute, or a default stands for it."""
    return values.get(name, ATTR_NOT_SPECIFIED) is not ATTR_NOT_SPECIFIED


def networks_of(items: Sequence[Checked]) -> list[str]:
    """Return the networks that some resources are to be on, each once."""
    return list(
        dict.fromkeys(str(one["network_id"]) for one in items if is_given(one, "network_id"))
    )


def facts_of_network(rendered: Mapping[str, object]) -> Mapping[str, object]:
    """Return what rules can ask of a network, of all that is shown of it."""
    return {NETWORK_OWNER: rendered[PROJECT], **{name: rendered[name] for name in OF_NETWORK[1:]}}
