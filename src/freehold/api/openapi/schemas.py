"""What a client may send for an attribute, as JSON Schemas.

They are made of the validators and converters of the attribute's definition. What
a schema allows, the check lets pass; what is refused beyond it depends on other
attributes or on what is stored. The other way round a schema is narrower: it has
one way to write a value, where converters take ``"true"`` for ``true`` and
``"24"`` for ``24`` as well.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neutron_lib.api import converters
from neutron_lib.constants import ATTR_NOT_SPECIFIED, IPV6_PD_POOL_ID

from freehold.api import address_pairs, dns
from freehold.api.attributes import MOST_ITEMS, PROJECT, TENANT, Attribute
from freehold.networking.sharing_values import Action, ObjectType

Schema = Mapping[str, Any]

LARGEST = (1 << 63) - 1
"""The largest integer of any database."""

BOOLEAN: Schema = {"type": "boolean"}
INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "string", "format": "uuid"}
ADDRESS: Schema = {"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}
CIDR: Schema = {"type": "string", "format": "cidr"}
MAC: Schema = {"type": "string", "format": "mac"}
MOMENT: Schema = {"type": "string", "format": "date-time"}


def array(of: Schema, *, unique: bool = False) -> Schema:
    """Return the schema of a list."""
    return {
        "type": "array",
        "items": of,
        "maxItems": MOST_ITEMS,
        **({"uniqueItems": True} if unique else {}),
    }


def record(properties: Mapping[str, Schema], required: Sequence[str] | None = None) -> Schema:
    """Return the schema of an object that has these properties and no others.

    Args:
        properties: of each property its schema.
        required: which have to be there; all by default.
    """
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
    }


def nullable(schema: Schema) -> Schema:
    """Return a schema that allows null as well."""
    if not schema:
        return schema
    found = dict(schema)
    if "enum" in found:
        found["enum"] = list(dict.fromkeys([*found["enum"], None]))
    if "anyOf" in found:
        found["anyOf"] = [*found["anyOf"], {"type": "null"}]
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


def is_required(spec: Attribute) -> bool:
    """Tell whether a new resource cannot do without an attribute."""
    return bool(spec["allow_post"]) and "default" not in spec


def sent(name: str, spec: Attribute) -> Schema:
    """Return what a client may send for an attribute.

    Args:
        name: the attribute's.
        spec: its definition.

    Returns:
        A schema; an empty one, which allows anything, if nothing is known of the
        attribute's validator.
    """
    schema = OWN[name] if name in OWN else _validated(spec)
    if spec.get("convert_to") in _TAKING_NULL:
        schema = nullable(schema)
    default = spec.get("default", ATTR_NOT_SPECIFIED)
    if default is ATTR_NOT_SPECIFIED:
        return schema
    return {**schema, "default": default}


def _validated(spec: Attribute) -> Schema:
    converter = spec.get("convert_to")
    for rule, bound in spec.get("validate", {}).items():
        schema = VALIDATORS.get(rule, _anything)(bound)
        is_number = converter in _INTEGERS and schema.get("type") in (None, "string")
        return {**schema, **INTEGER} if is_number else schema
    return next((schema for known, schema in _CONVERTED if converter in known), {})


_INTEGERS = (converters.convert_to_int, converters.convert_to_int_if_not_none)
_BOOLEANS = (converters.convert_to_boolean, converters.convert_to_boolean_if_not_none)
_CONVERTED = ((_INTEGERS, INTEGER), (_BOOLEANS, BOOLEAN))
_TAKING_NULL = (
    converters.convert_allocation_pools_to_canonical_format,
    converters.convert_none_to_empty_list,
    converters.convert_none_to_empty_dict,
    converters.convert_none_to_empty_string,
    converters.convert_to_boolean_if_not_none,
    converters.convert_to_int_if_not_none,
)


# All at which Python ends a line.
_IN_LINE = r"[^\n-\r\x1c-\x1e\x85\u2028\u2029]"


def _anything(_bound: object) -> Schema:
    return {}


def _text(longest: int | None) -> Schema:
    return TEXT if longest is None else {**TEXT, "maxLength": longest}


def _filled(longest: int | None) -> Schema:
    return {**_text(longest), "pattern": r"\S"}


def _line(longest: int | None) -> Schema:
    return {**_text(longest), "pattern": f"^{_IN_LINE}*[^\\s]{_IN_LINE}*$"}


def _name(longest: int | None) -> Schema:
    return {**_text(longest), "format": "name"}


def _domain(longest: int | None) -> Schema:
    return {**_text(longest), "format": "domain"}


def _filled_name(longest: int | None) -> Schema:
    return {**_name(longest), "minLength": 1}


def _values(values: Sequence[object]) -> Schema:
    return {"enum": list(values)}


def _range(bounds: Sequence[int | None]) -> Schema:
    least, most = bounds
    return {
        **INTEGER,
        **({} if least is None else {"minimum": least}),
        "maximum": LARGEST if most is None else most,
    }


def _always(schema: Schema) -> Callable[[Any], Schema]:
    return lambda _bound: schema


def _or_none(make: Callable[[Any], Schema]) -> Callable[[Any], Schema]:
    return lambda bound: nullable(make(bound))


def _unique_texts(longest: int | None) -> Schema:
    return array(_text(longest), unique=True)


def _key_specs(specs: Sequence[Mapping[str, Mapping[str, Any]]]) -> Schema:
    """Return a list of objects, each of which has the keys of one of the specifications."""
    return array({"anyOf": [_key_spec(spec) for spec in specs]})


def _key_spec(spec: Mapping[str, Mapping[str, Any]]) -> Schema:
    required = [key for key, rules in spec.items() if rules.get("required")]
    return record({key: _validated({"validate": _rules(spec[key])}) for key in spec}, required)


def _rules(key: Mapping[str, Any]) -> Mapping[str, Any]:
    return {rule: bound for rule, bound in key.items() if rule in VALIDATORS}


_POOL = record({"start": ADDRESS, "end": ADDRESS})
_ROUTE = record({"destination": CIDR, "nexthop": ADDRESS})
_FIXED_IP: Schema = {
    "type": "object",
    "properties": {"subnet_id": ID, "ip_address": ADDRESS},
    "anyOf": [{"required": ["subnet_id"]}, {"required": ["ip_address"]}],
}
_NOT_NEGATIVE = _range((0, None))
_SERVICE_TYPE: Schema = {
    **_filled(255),
    "description": "A device owner, such as `compute:nova`, or its part before the colon.",
}

_ONCE: Mapping[str, Callable[[Any], Schema]] = {
    "boolean": _always(BOOLEAN),
    "integer": _always(INTEGER),
    "non_negative": _always(_NOT_NEGATIVE),
    "range": _range,
    "values": _values,
    "string": _text,
    "not_empty_string": _filled,
    "oneline_not_empty_string": _line,
    "name_string": _name,
    "not_empty_name_string": _filled_name,
    "list_of_unique_strings": _unique_texts,
    "uuid": _always(ID),
    "uuid_list": _always(array(ID, unique=True)),
    "subnetpool_id": _always({**TEXT, "anyOf": [{"format": "uuid"}, {"const": IPV6_PD_POOL_ID}]}),
    "ip_address": _always(ADDRESS),
    "subnet": _always(CIDR),
    "subnet_list": _always(array(CIDR, unique=True)),
    "ip_pools": _always(array(_POOL)),
    "fixed_ips": _always(array(_FIXED_IP)),
    "nameservers": _always(array(ADDRESS, unique=True)),
    "hostroutes": _always(array(_ROUTE, unique=True)),
    "mac_address": _always(MAC),
    "dict": _always({"type": "object"}),
    "dns_host_name": _text,
    "dns_domain_name": _domain,
    "list_of_any_key_specs": _key_specs,
    "list_of_subnet_service_types": _always(array(_SERVICE_TYPE, unique=True)),
}

VALIDATORS: Mapping[str, Callable[[Any], Schema]] = {
    **{f"type:{name}": make for name, make in _ONCE.items()},
    **{f"type:{name}_or_none": _or_none(make) for name, make in _ONCE.items()},
}
"""Of each of neutron-lib's validators and its bound, the schema of what passes."""

_PAIR = record({"ip_address": {"anyOf": [ADDRESS, CIDR]}, "mac_address": MAC}, ["ip_address"])

OWN: Mapping[str, Schema] = {
    PROJECT: {**TEXT, "maxLength": 255},
    TENANT: {**TEXT, "maxLength": 255, "deprecated": True},
    address_pairs.NAME: array(_PAIR, unique=True),
    # Neutron's definition lets null pass, of which no subnet can be made.
    "cidr": CIDR,
    dns.NAME: {**TEXT, "maxLength": dns.LONGEST, "format": "dns-name"},
    "object_type": {**TEXT, "enum": [one.value for one in ObjectType]},
    "action": {**TEXT, "enum": [one.value for one in Action]},
}
"""What Freehold checks by code of its own, or means otherwise."""
