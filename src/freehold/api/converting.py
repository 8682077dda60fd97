"""Calling neutron-lib's validators and converters on whatever a client sent.

They are written for the types that a sensible client sends; on others they,
and netaddr below them, raise whatever their code runs into. That is the
client's error, and named by the attribute. What they raise on purpose
(``neutron_lib.exceptions``) is left as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from netaddr import AddrConversionError, AddrFormatError

from freehold.api.refusals import HTTPBadRequest

_BAFFLED = (
    AddrConversionError,
    AddrFormatError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@contextmanager
def converting(name: str) -> Iterator[None]:
    """Make what baffles neutron-lib a refusal that names the attribute.

    Raises:
        HTTPBadRequest: neutron-lib could make nothing of the value.
    """
    try:
        yield
    except _BAFFLED as error:
        raise HTTPBadRequest(f"Invalid input for {name}.") from error
