"""The differences that are known, with their reasons: ``differences.yaml``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gabbi.utils import load_yaml

from tests.parity.comparing import Difference

FILE = Path(__file__).with_name("differences.yaml")


@dataclass(frozen=True)
class Attribute:
    """An attribute that only one of the two shows, wherever the resource is shown.

    Attributes:
        path: such as ``network.l2_adjacency``.
        only: ``neutron`` or ``freehold``.
    """

    path: str
    only: str


@dataclass(frozen=True)
class Known:
    """All that is listed.

    Attributes:
        attributes: those that only one of the two shows.
        requests: of each story and request, what differs in its answers: in which place,
            and what both have there if that is listed.
        explanations: of each entry, why it is so and which decision says so.
    """

    attributes: frozenset[Attribute]
    requests: Mapping[tuple[str, str], Mapping[str, tuple[str, str] | None]]
    explanations: Sequence[tuple[str, str]]


def load() -> Known:
    """Read the file."""
    listed = load_yaml(yaml_file=str(FILE))
    requests: dict[tuple[str, str], dict[str, tuple[str, str] | None]] = {}
    for entry in listed["requests"]:
        for name in entry["do"]:
            places = requests.setdefault((entry["in"], str(name)), {})
            for where in _places(entry):
                if where in places:
                    raise ValueError(f"{entry['in']}: {name}: {where} is listed twice")
                places[where] = _values(entry)
    return Known(
        frozenset(
            Attribute(f"{entry['of']}.{name}", entry["only"])
            for entry in listed["attributes"]
            for name in entry["names"]
        ),
        requests,
        [(entry["why"], entry["see"]) for part in listed.values() for entry in part],
    )


def _places(entry: Mapping[str, Any]) -> Sequence[str]:
    return [str(where) for where in entry.get("where", ["outcome"])]


def _values(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what both have where they differ; None if only the place is listed."""
    return (str(entry["neutron"]), str(entry["freehold"])) if "neutron" in entry else None


def attribute_in(difference: Difference) -> Attribute | None:
    """Return the attribute that only one of the two shows; None if both show something."""
    if (difference.neutron is None) == (difference.freehold is None):
        return None
    resource, _, name = difference.where.partition(".")
    only = "neutron" if difference.freehold is None else "freehold"
    return Attribute(f"{_ONE.get(resource, resource)}.{name}", only)


_ONE = {
    "networks": "network",
    "segments": "segment",
    "subnets": "subnet",
    "ports": "port",
    "subnetpools": "subnetpool",
    "address_scopes": "address_scope",
    "rbac_policies": "rbac_policy",
    "quotas": "quota",
}
