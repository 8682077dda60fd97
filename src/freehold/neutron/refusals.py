"""Freehold's refusals as the errors that Neutron's callers catch by class.

The message is the one of Neutron's class, with the reason behind it where it
tells more than the message does.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from neutron.ipam import exceptions as ipam_exc
from neutron_lib import exceptions as n_exc
from oslo_db import exception as db_exc

from freehold import errors

_TELLING = frozenset(
    {
        errors.Reason.POOL_EXHAUSTED,
        errors.Reason.NO_POOL,
        errors.Reason.ADDRESS_RESERVED,
        errors.Reason.OTHER_IP_VERSION,
    }
)


@contextmanager
def as_neutron(subnet_id: str) -> Iterator[None]:
    """Turn what is refused inside into Neutron's error for this subnet.

    Raises:
        IpAddressGenerationFailure: nothing is free.
        IpAddressAlreadyAllocated: the address asked for is held.
        InvalidIpForSubnet: it is none of the subnet's.
        SubnetNotFound: the subnet is gone.
        RetryRequest: others took what was proposed, again and again; Neutron
            begins the request anew.
    """
    try:
        yield
    except errors.IpAddressGenerationFailure as error:
        failure = ipam_exc.IpAddressGenerationFailure(subnet_id=subnet_id)
        raise explained(failure, error.refusals) from error
    except errors.IpAddressAlreadyAllocated as error:
        raise ipam_exc.IpAddressAlreadyAllocated(ip=_address(error), subnet_id=subnet_id) from error
    except errors.InvalidIpForSubnet as error:
        invalid = ipam_exc.InvalidIpForSubnet(ip=_address(error), subnet_id=subnet_id)
        raise explained(invalid, error.refusals) from error
    except errors.SubnetNotFound as error:
        raise n_exc.SubnetNotFound(subnet_id=subnet_id) from error
    except errors.AllocationContention as error:
        raise db_exc.RetryRequest(n_exc.ServiceUnavailable()) from error


def explained(
    error: n_exc.NeutronException, refusals: Iterable[errors.Refusal]
) -> n_exc.NeutronException:
    """Return an error of Neutron's whose message goes on with the reasons."""
    reasons = [one.text for one in refusals if one.reason in _TELLING]
    error.msg = " ".join([error.msg, *reasons])
    error.args = (error.msg,)
    return error


def _address(error: errors.FreeholdError) -> object:
    [refusal] = error.refusals
    return refusal.figures["ip_address"]
