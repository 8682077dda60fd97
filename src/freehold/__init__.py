"""Freehold: the address register for clouds.

It decides which address is free, hands it out, holds it, takes it back, and
never gives one address to two owners.

These names are the library, for programs that keep addresses in a database of
their own: see docs/library.md. What is not among them may change.
"""

from freehold.addresses.ranges import AddressRange
from freehold.errors import (
    AllocationContention,
    FreeholdError,
    HistoryNotKept,
    InvalidInput,
    InvalidIpForSubnet,
    IpAddressAllocationNotFound,
    IpAddressAlreadyAllocated,
    IpAddressGenerationFailure,
    SubnetAlreadyExists,
    SubnetNotFound,
)
from freehold.ipam.allocation import Allocation
from freehold.ipam.driver import Surroundings
from freehold.ipam.strategy import Reuse, Strategy
from freehold.ledger.protocol import LedgerSubnet
from freehold.ledger.tables import metadata
from freehold.register import OpenRegister, Register, create_tables

__version__ = "0.1.0"

__all__ = [
    "AddressRange",
    "Allocation",
    "AllocationContention",
    "FreeholdError",
    "HistoryNotKept",
    "InvalidInput",
    "InvalidIpForSubnet",
    "IpAddressAllocationNotFound",
    "IpAddressAlreadyAllocated",
    "IpAddressGenerationFailure",
    "LedgerSubnet",
    "OpenRegister",
    "Register",
    "Reuse",
    "Strategy",
    "SubnetAlreadyExists",
    "SubnetNotFound",
    "Surroundings",
    "create_tables",
    "metadata",
]
