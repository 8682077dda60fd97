"""One subnet, and several in order of preference, as Neutron's IPAM interface has them.

Neutron may keep such an object for longer than the transaction in which it got
it. So it holds no connection: each call works in the transaction that Neutron
is in by then, or in one of its own.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import netaddr
from neutron.ipam import driver as ipam_driver
from neutron.ipam import exceptions as ipam_exc
from neutron.ipam import requests as ipam_req
from oslo_log import log

from freehold.addresses.ranges import IPAddress, address_of
from freehold.errors import IpAddressAllocationNotFound
from freehold.ipam import requests
from freehold.ledger.protocol import LedgerSubnet
from freehold.neutron.refusals import as_neutron
from freehold.neutron.texts import text
from freehold.neutron.unit import Unit

LOG = log.getLogger(__name__)


class OpenUnit(Protocol):
    """A way into the transaction that Neutron is in."""

    def __call__(self) -> AbstractContextManager[Unit]:
        """Open it, or begin one if there is none."""
        ...


class FreeholdSubnet(ipam_driver.Subnet):
    """One subnet's addresses.

    Args:
        subnet: as it was read or made.
        open_unit: the way into Neutron's transaction.
    """

    def __init__(self, subnet: LedgerSubnet, open_unit: OpenUnit) -> None:
        self._subnet = subnet
        self._open_unit = open_unit

    def allocate(self, address_request: ipam_req.AddressRequest) -> str:
        """Hand out one address.

        Raises:
            IpAddressGenerationFailure: nothing is free.
            IpAddressAlreadyAllocated: the address asked for is held.
            InvalidIpForSubnet: it is none of the subnet's.
            SubnetNotFound: the subnet is gone.
        """
        with self._open_unit() as unit:
            return allocate(unit, self._subnet.subnet_id, address_request)

    def bulk_allocate(self, address_request: ipam_req.AddressRequest) -> list[str]:
        """Hand out as many addresses as are asked for, or none.

        Raises:
            IpAddressGenerationFailure: fewer are free.
            SubnetNotFound: the subnet is gone.
        """
        if not isinstance(address_request, ipam_req.BulkAddressRequest):
            return [self.allocate(address_request)]
        subnet_id, count = self._subnet.subnet_id, address_request.num_addresses
        with self._open_unit() as unit, as_neutron(subnet_id):
            return [text(one) for one in unit.allocate_many(subnet_id, count)]

    def deallocate(self, address: object) -> None:
        """Take an address back; that nobody holds it is told to the log only.

        Neutron deletes a port by this, and no failure may keep a port from being
        deleted of which an address is gone already.

        Raises:
            SubnetNotFound: the subnet is gone.
        """
        subnet_id = self._subnet.subnet_id
        with self._open_unit() as unit, as_neutron(subnet_id):
            try:
                unit.open(subnet_id).deallocate(_address(address))
            except IpAddressAllocationNotFound:
                LOG.warning("Nobody held %s of subnet %s, which is released", address, subnet_id)

    def get_details(self) -> ipam_req.SpecificSubnetRequest:
        """Return the subnet as the request that would create it again."""
        subnet = self._subnet
        version = subnet.cidr.version
        return ipam_req.SpecificSubnetRequest(
            subnet.project_id,
            subnet.subnet_id,
            str(subnet.cidr),
            gateway_ip=None if subnet.gateway_ip is None else text(subnet.gateway_ip),
            allocation_pools=[
                netaddr.IPRange(
                    netaddr.IPAddress(pool.first, version), netaddr.IPAddress(pool.last, version)
                )
                for pool in subnet.pools
            ],
        )


class FreeholdSubnetGroup(ipam_driver.SubnetGroup):
    """Several subnets that can serve one request, preferred ones first; read at once."""

    def __init__(self, subnet_ids: Sequence[str], open_unit: OpenUnit) -> None:
        self._subnet_ids = tuple(subnet_ids)
        self._open_unit = open_unit

    def allocate(self, address_request: ipam_req.AddressRequest) -> tuple[str, str]:
        """Hand out one address of the first subnet that has one, and name that subnet.

        Raises:
            IpAddressGenerationFailureAllSubnets: none has.
            IpAddressAlreadyAllocated: the address asked for is held.
            InvalidIpForSubnet: it is none of the subnet's.
            SubnetNotFound: a subnet is gone.
        """
        reasons: list[str] = []
        with self._open_unit() as unit:
            unit.read(self._subnet_ids)
            for subnet_id in self._subnet_ids:
                try:
                    return allocate(unit, subnet_id, address_request), subnet_id
                except ipam_exc.IpAddressGenerationFailure as error:
                    reasons.append(str(error))
        # The core plugin has a message of its own for its client.
        LOG.info("No subnet of %s has an address left: %s", self._subnet_ids, " ".join(reasons))
        failure = ipam_exc.IpAddressGenerationFailureAllSubnets()
        failure.msg = " ".join([failure.msg, *reasons])
        raise failure


def allocate(unit: Unit, subnet_id: str, request: ipam_req.AddressRequest) -> str:
    """Hand out one address of a subnet, within a unit of work, spelled as Neutron does.

    Raises:
        IpAddressGenerationFailure, IpAddressAlreadyAllocated, InvalidIpForSubnet,
        SubnetNotFound, RetryRequest: see `freehold.neutron.refusals.as_neutron`.
    """
    with as_neutron(subnet_id):
        return text(unit.open(subnet_id).allocate(_asked(request)))


def _asked(request: ipam_req.AddressRequest) -> requests.AddressRequest:
    """Return what a request of Neutron's asks for; one of no known kind is for any address."""
    if isinstance(request, ipam_req.SpecificAddressRequest):
        # Automatic ones are of this kind, their address computed.
        return requests.SpecificAddressRequest(_address(request.address))
    if isinstance(request, ipam_req.PreferNextAddressRequest):
        return requests.PreferNextAddressRequest()
    return requests.AnyAddressRequest()


def _address(address: object) -> IPAddress:
    """Return an address that netaddr understands."""
    understood = netaddr.IPAddress(address)
    return address_of(understood.version, int(understood))
