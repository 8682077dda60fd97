"""What can be wrong between Neutron's tables, and how it may have come about."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """A way in which the tables contradict each other."""

    LEAK = "leak"
    GHOST = "ghost"
    ORPHAN = "orphan"
    UNKNOWN_SUBNET = "unknown-subnet"
    POOLS = "pools-differ"
    TWICE = "subnet-twice"
    PORTLESS = "portless"
    OUTSIDE = "outside"


MEANINGS = {
    Kind.LEAK: "The IPAM driver holds an address that no port has, so nobody can get it.",
    Kind.GHOST: "A port has an address that the IPAM driver does not hold, so that it may be "
    "given out twice.",
    Kind.ORPHAN: "The IPAM driver keeps a subnet that Neutron does not have.",
    Kind.UNKNOWN_SUBNET: "Neutron has a subnet that the IPAM driver does not know, so that no "
    "address can be had of it.",
    Kind.POOLS: "The IPAM driver hands out of other pools than the subnet shows.",
    Kind.TWICE: "The IPAM driver keeps a subnet twice, and an address may be held in both.",
    Kind.PORTLESS: "An address is stored as a port's, and there is no such port.",
    Kind.OUTSIDE: "A port has an address that is not of its subnet.",
}

CAUSES = {
    Kind.LEAK: "a port was deleted from the database by hand or by a restored backup; a driver "
    "that keeps its books elsewhere failed to give it back; or a release was lost with the "
    "process that was about to make it",
    Kind.GHOST: "the row was deleted by hand; the port was stored while another IPAM driver, "
    "with books elsewhere, was configured; or only a part of the tables was restored",
    Kind.ORPHAN: "the subnet was deleted from the database by hand, or while an IPAM driver "
    "with books elsewhere was configured",
    Kind.UNKNOWN_SUBNET: "the subnet was made while an IPAM driver with books elsewhere was "
    "configured, or only a part of the tables was restored",
    Kind.POOLS: "the pools were changed while an IPAM driver with books elsewhere was "
    "configured, or in one of the tables by hand",
    Kind.TWICE: "two requests made it at once, or only a part of the tables was restored",
    Kind.PORTLESS: "the port was deleted from the database by hand, foreign keys being off",
    Kind.OUTSIDE: "the subnet's CIDR or the address was changed by hand",
}

# The others have more than one way out, and are only told.
REPAIRS = {
    Kind.LEAK: "free {address} of subnet {subnet}",
    Kind.GHOST: "hold {address} of subnet {subnet} for port {port}",
    Kind.ORPHAN: "forget subnet {subnet}, and what is held in it",
    Kind.UNKNOWN_SUBNET: "take up subnet {subnet}, with its pools and its ports' addresses",
    Kind.POOLS: "hand out of the pools that subnet {subnet} shows: {detail}",
}


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Finding:
    """One contradiction.

    Attributes:
        kind: which one.
        subnet_id: Neutron's id of the subnet.
        address: as it is spelled in the tables; empty if it is about a subnet.
        port_id: whose address it is; empty if there is none.
        detail: what else is known; may be empty.
    """

    kind: Kind
    subnet_id: str
    address: str = ""
    port_id: str = ""
    detail: str = ""

    @property
    def repair(self) -> str | None:
        """What `freehold.neutron.repairs` does about it; None for nothing."""
        text = REPAIRS.get(self.kind)
        return text and text.format(
            address=self.address, subnet=self.subnet_id, port=self.port_id, detail=self.detail
        )
