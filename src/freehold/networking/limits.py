"""Bounds and defaults that the operator sets; named as Neutron's options are."""

from dataclasses import dataclass, field

from freehold.networking.quota_values import QuotaLimits


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator sets.

    Attributes:
        base_mac: generated MAC addresses begin like this; see
            `freehold.addresses.mac.parse_base_mac`.
        max_dns_nameservers: how many a subnet may have.
        max_subnet_host_routes: how many a request may give a subnet.
        max_fixed_ips_per_port: how many a client may ask for on one port.
        max_allowed_address_pair: how many a port may have.
        global_physnet_mtu: the MTU of the networks below, in bytes.
        quotas: how many resources a project may have that has no limits of its own.
    """

    base_mac: str = "fa:16:3e:00:00:00"
    max_dns_nameservers: int = 5
    max_subnet_host_routes: int = 20
    max_fixed_ips_per_port: int = 100
    max_allowed_address_pair: int = 10
    global_physnet_mtu: int = 1500
    quotas: QuotaLimits = field(default_factory=QuotaLimits)
