"""Errors about networks: what they are, and who uses them.

Most of them keep a network as those rely on it who have ports or subnets there.
"""

from freehold.errors.base import Conflict, NotFound


class NetworkNotFound(NotFound):
    """There is no network with this id."""

    def __init__(self, network_id: str) -> None:
        super().__init__(f"Network {network_id} could not be found.")


class NetworkInUse(Conflict):
    """The network still has ports that do not go with it."""

    def __init__(self, network_id: str, reason: str) -> None:
        super().__init__(f"Unable to complete operation on network {network_id}. {reason}.")


class InvalidSharedSetting(Conflict):
    """A network cannot be un-shared while others than its owner use it."""

    def __init__(self, network: str) -> None:
        super().__init__(
            f"Unable to reconfigure sharing settings for network {network}. Multiple projects "
            "are using it."
        )


class ExternalNetworkInUse(Conflict):
    """A network stays external while routers have their gateways on it."""

    def __init__(self, network_id: str) -> None:
        super().__init__(
            f"External network {network_id} cannot be updated to be made non-external, since it "
            "has existing gateway ports."
        )


class NetworkMTUSubnetConflict(Conflict):
    """The MTU of a network is smaller than its subnets' IP version needs."""

    def __init__(self, network_id: str, least: int) -> None:
        super().__init__(f"MTU of {network_id} is not valid, subnet requires a minimum of {least}")
