"""Reading the query part of a URL: which resources of a list, and what of each.

Invariant: a filter is obeyed or refused, never passed over, since a client that
deletes what it finds would find too much.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qs

from falcon import Request
from neutron_lib.api.converters import convert_kvp_str_to_list, convert_to_boolean, convert_to_int

from freehold.addresses.ranges import IPAddress
from freehold.api.converting import converting
from freehold.api.paging import PARAMETERS, Parameters, read_page
from freehold.api.refusals import HTTPBadRequest
from freehold.api.texts import is_storable
from freehold.errors import BadRequest
from freehold.networking.paging import Page
from freehold.networking.values import Filter

FilterReader = Callable[[str, Sequence[str]], tuple[Filter, ...]]
"""Makes conditions from an attribute's name and the texts that a client gave for it."""

MOST_PARAMETERS = 1000


MOST_PARTS = 100
"""How many parts of addresses one request may search for: each makes the statement longer."""

_FIELDS = "fields"


@dataclass(frozen=True, slots=True)
class Fields:
    """Which attributes an answer is to show.

    Attributes:
        names: those; None for all.
    """

    names: frozenset[str] | None = None

    def of(self, rendered: Mapping[str, object]) -> dict[str, object]:
        """Return what is to be shown of a rendered resource."""
        names = self.names
        return {key: value for key, value in rendered.items() if names is None or key in names}


@dataclass(frozen=True, slots=True)
class Query:
    """What a client asked of a list.

    Attributes:
        filters: conditions that all have to hold.
        fields: which attributes to show.
        page: which part of the list, in which order.
        parameters: all of it as it was sent, for links to other pages.
    """

    filters: tuple[Filter, ...]
    fields: Fields
    page: Page
    parameters: Parameters


def read_fields(request: Request) -> Fields:
    """Read which attributes the answer is to show, and nothing else.

    Raises:
        HTTPBadRequest: the query cannot be read.
    """
    return _fields(_parameters(request))


def read_item_query(request: Request, known: Collection[str], sortable: Collection[str]) -> Fields:
    """Read the query of a GET of one resource.

    Args:
        request: the request.
        known: the filters that may stand beside ``fields``. They and all that
            is about pages have no effect on one resource.
        sortable: the attributes by which a list can be ordered.

    Raises:
        HTTPBadRequest: the query cannot be read, or has an unknown parameter.
        BadRequest: the limit is none.
    """
    parameters = _parameters(request)
    _refuse_unknown(parameters, known)
    read_page(parameters, sortable, None)
    return _fields(parameters)


def read_query(
    request: Request,
    readers: Mapping[str, FilterReader],
    sortable: Collection[str],
    most: int | None = None,
) -> Query:
    """Read the query of a GET of a list.

    Args:
        request: the request.
        readers: of each attribute that can be filtered by, how to read it.
        sortable: the attributes by which the list can be ordered.
        most: how many resources one page may have; None for any number.

    Raises:
        HTTPBadRequest: the query cannot be read, or has an unknown parameter.
        BadRequest: the limit is none.
        neutron_lib.exceptions.InvalidInput: a value is not of its attribute's type.
    """
    parameters = _parameters(request)
    _refuse_unknown(parameters, readers)
    filters: list[Filter] = []
    for name, given in parameters.items():
        if name in readers:
            with converting(name):
                filters.extend(readers[name](name, given))
    page = read_page(parameters, sortable, most)
    return Query(tuple(filters), _fields(parameters), page, parameters)


def read_single(request: Request, known: Collection[str]) -> Mapping[str, str]:
    """Read parameters that each have one value, of a GET that is no list of resources.

    Args:
        request: the request.
        known: what may stand beside ``fields``.

    Raises:
        HTTPBadRequest: the query cannot be read, has an unknown parameter, or
            one of the known ones twice.
    """
    parameters = _parameters(request)
    unknown = [name for name in parameters if name not in {*known, _FIELDS}]
    if unknown:
        raise _invalid_filters(unknown)
    given = {name: values for name, values in parameters.items() if name != _FIELDS}
    for name, values in given.items():
        if len(values) > 1:
            raise HTTPBadRequest(f"Invalid input for {name}. Reason: It is given twice.")
    return {name: values[0] for name, values in given.items()}


def texts(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read values that are texts."""
    return (Filter(name, tuple(values)),)


def project(_name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read owners, under either of their names."""
    return (Filter("project_id", tuple(values)),)


def booleans(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read values that are true or false."""
    return (Filter(name, tuple(convert_to_boolean(value) for value in values)),)


def small_integers(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read values of a column of 16 bits, which none that is larger equals."""
    return _integers(name, values, 16)


def integers(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read values of a column of 32 bits, which none that is larger equals."""
    return _integers(name, values, 32)


def big_integers(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read values of a column of 64 bits, which none that is larger equals."""
    return _integers(name, values, 64)


def addresses(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read values that are IP addresses; what is none matches nothing."""
    read = (_address(value) for value in values)
    return (Filter(name, tuple(address for address in read if address is not None)),)


def fixed_ips(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read conditions on a port's addresses, such as ``ip_address=10.0.0.9``."""
    wanted: dict[str, list[str]] = {}
    for value in values:
        key, text = convert_kvp_str_to_list(value)
        wanted.setdefault(key, []).append(text)
    readers: Mapping[str, FilterReader] = {
        "ip_address": addresses,
        "ip_address_substr": _parts,
        "subnet_id": texts,
    }
    unknown = [f"{name}={key}" for key in wanted if key not in readers]
    if unknown:
        raise _invalid_filters(unknown)
    return tuple(
        condition
        for key, given in wanted.items()
        for condition in readers[key](f"{name}.{key}", given)
    )


def _parameters(request: Request) -> dict[str, list[str]]:
    try:
        parameters = parse_qs(
            request.query_string,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError as error:
        raise HTTPBadRequest(
            detail=f"The query is not UTF-8, or has more than {MOST_PARAMETERS} parameters."
        ) from error
    for name, values in parameters.items():
        if not all(map(is_storable, (name, *values))):
            raise HTTPBadRequest(detail="The query has a NUL or half a character.")
    return parameters


def _fields(parameters: Mapping[str, Sequence[str]]) -> Fields:
    named = parameters.get(_FIELDS)
    return Fields() if named is None else Fields(frozenset(named))


def _refuse_unknown(parameters: Mapping[str, Sequence[str]], known: Collection[str]) -> None:
    unknown = [name for name in parameters if name not in {*known, *PARAMETERS, _FIELDS}]
    if unknown:
        raise _invalid_filters(unknown)


def _integers(name: str, values: Sequence[str], bits: int) -> tuple[Filter, ...]:
    # PostgreSQL refuses to compare a column with a number that it has no room for.
    read = (convert_to_int(value) for value in values)
    return (Filter(name, tuple(number for number in read if abs(number) < 1 << bits - 1)),)


def _parts(name: str, values: Sequence[str]) -> tuple[Filter, ...]:
    """Read parts of addresses as they are written."""
    distinct = dict.fromkeys(values)
    if len(distinct) > MOST_PARTS:
        raise BadRequest("list", f"it has more than {MOST_PARTS} parts of addresses")
    return texts(name, tuple(distinct))


def _invalid_filters(names: Sequence[str]) -> HTTPBadRequest:
    return HTTPBadRequest(f"{list(names)} is invalid attribute for filtering")


def _address(text: str) -> IPAddress | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
