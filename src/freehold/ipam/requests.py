"""What can be asked of an IPAM driver: frozen values, one class for each kind.

A request for an address says *which* address, and for whom (``holder``, an
opaque name that the ledger keeps beside the address: a port's id, say). It
does not say from which subnet: that is whom it is put to.
"""

from dataclasses import dataclass
from datetime import timedelta

from freehold.addresses.eui64 import eui64_address
from freehold.addresses.ranges import AddressRange, IPAddress, IPNetwork
from freehold.ipam.strategy import Strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRequest:
    """What all requests for addresses have in common.

    Attributes:
        holder: who is to hold the address; None if that does not matter.
    """

    holder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyAddressRequest(AddressRequest):
    """Any free address of the subnet's pools, chosen by the subnet's strategy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferNextAddressRequest(AddressRequest):
    """The lowest free address of the subnet's pools, taken in their order."""


@dataclass(frozen=True, slots=True)
class SpecificAddressRequest(AddressRequest):
    """This address and no other; it may lie outside of the pools.

    Attributes:
        address: which one.
        even_if_cooling: whether it may be had although it was released so
            lately that it is not handed out again yet.
    """

    address: IPAddress
    even_if_cooling: bool = False


@dataclass(frozen=True, slots=True)
class AutomaticAddressRequest(AddressRequest):
    """The address that a host forms by itself from a prefix and its MAC address.

    Source: RFC 4291, appendix A (modified EUI-64).

    Attributes:
        prefix: an IPv6 prefix of 64 bits.
        mac: six octets in hexadecimal, separated by colons.
    """

    prefix: IPNetwork
    mac: str

    @property
    def address(self) -> IPAddress:
        """The address that prefix and MAC make.

        Raises:
            InvalidInput: the prefix is not an IPv6 /64, or the MAC is none.
        """
        return eui64_address(self.prefix, self.mac)


@dataclass(frozen=True, slots=True)
class BulkAddressRequest(AddressRequest):
    """Several free addresses of the subnet's pools at once: all or none.

    Attributes:
        count: how many, at least 1.
    """

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a bulk request asks for 1 address or more, not {self.count}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetRequest:
    """What all requests for subnets have in common.

    Attributes:
        subnet_id: the id that the subnet has, or is to have.
        project_id: whose it is; may be empty.
        gateway_ip: the gateway; None if the subnet has none.
        allocation_pools: the ranges to hand out from; None leaves them to the
            driver, which makes them around the gateway.
        strategy: how addresses are chosen; None leaves it to the driver.
        cool_down: how long a released address rests before it is handed out
            again, where the strategy asks for that; None leaves it to the driver.
    """

    subnet_id: str
    project_id: str = ""
    gateway_ip: IPAddress | None = None
    allocation_pools: tuple[AddressRange, ...] | None = None
    strategy: Strategy | None = None
    cool_down: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnySubnetRequest(SubnetRequest):
    """Some free prefix of a subnet pool.

    Attributes:
        ip_version: 4 or 6.
        prefixlen: the length of the prefix, in bits.
    """

    ip_version: int
    prefixlen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificSubnetRequest(SubnetRequest):
    """This prefix.

    Attributes:
        cidr: the prefix.
    """

    cidr: IPNetwork
