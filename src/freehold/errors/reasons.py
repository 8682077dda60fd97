"""Why a subnet could not serve: what an error tells as data, beside its sentence.

A request for an address may be put to several subnets, and each has a reason of
its own. The sentence of an error names one thing; its refusals name them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why one subnet could not serve one request for an address."""

    POOL_EXHAUSTED = "pool-exhausted"
    NO_POOL = "no-allocation-pool"
    ADDRESS_HELD = "address-held"
    ADDRESS_COOLING = "address-cooling"
    ADDRESS_OUTSIDE_SUBNET = "address-outside-subnet"
    ADDRESS_RESERVED = "address-reserved"
    OTHER_IP_VERSION = "other-ip-version"
    AUTOMATIC_ADDRESSES_ONLY = "automatic-addresses-only"
    SUBNET_GONE = "subnet-gone"
    NO_SUBNET = "no-subnet"
    OTHER_SEGMENT = "other-segment"
    OTHER_OWNERS = "other-device-owners"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One candidate subnet's answer to a request that it could not serve.

    Attributes:
        reason: the reason, for programs.
        text: the same for people, one sentence.
        subnet_id: the subnet that refused; None if there was none to ask.
        cidr: that subnet's CIDR.
        figures: numbers and addresses behind the reason, such as ``total`` and
            ``held`` of an exhausted pool.
    """

    reason: Reason
    text: str
    subnet_id: str | None = None
    cidr: str | None = None
    figures: Mapping[str, int | str] = field(default_factory=dict)
