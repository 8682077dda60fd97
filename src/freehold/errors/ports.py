"""Errors about ports: their MAC addresses, address pairs, and what they are plugged into.

Which addresses a port can have is in `addresses`.
"""

from freehold.errors.base import BadRequest, Conflict, FreeholdError, NotFound, ServiceUnavailable


class AllowedAddressPairExhausted(BadRequest):
    """More address pairs than a port may have."""

    def __init__(self, quota: int) -> None:
        FreeholdError.__init__(
            self, f"The number of allowed address pair exceeds the maximum {quota}."
        )


class DuplicateAddressPairInRequest(BadRequest):
    """Two address pairs of a port are the same."""

    def __init__(self, mac_address: str | None, ip_address: str) -> None:
        FreeholdError.__init__(
            self,
            f"Request contains duplicate address pair: mac_address {mac_address} ip_address "
            f"{ip_address}.",
        )


class PortNotFound(NotFound):
    """There is no port with this id."""

    def __init__(self, port_id: str) -> None:
        super().__init__(f"Port {port_id} could not be found.")


class MacAddressInUse(Conflict):
    """Another port of the network has this MAC address."""

    def __init__(self, network_id: str, mac: str) -> None:
        super().__init__(
            f"Unable to complete operation for network {network_id}. The mac address {mac} is "
            "in use."
        )


class PortInUse(Conflict):
    """The port is plugged in on a host, and cannot change in this way."""

    def __init__(self, port_id: str, network_id: str, device_id: str) -> None:
        super().__init__(
            f"Unable to complete operation on port {port_id} for network {network_id}. Port "
            f"already has an attached device {device_id}."
        )


class UnsupportedPortDeviceOwner(Conflict):
    """Ports of this device owner do not allow the operation."""

    def __init__(self, op: str, device_owner: str, port_id: str) -> None:
        super().__init__(
            f"Operation {op} is not supported for device_owner {device_owner} on port {port_id}."
        )


class MacAddressGenerationFailure(ServiceUnavailable):
    """No unused MAC address was found under the configured prefix."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Unable to generate a unique MAC address on network {network_id}.")
