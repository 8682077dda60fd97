"""Checking what a client sent against neutron-lib's definition of the resource.

neutron-lib's own maps are shared by all of a process and stay as they are:
each `AttributeMap` has its copy.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from neutron_lib.api.attributes import AttributeInfo

from freehold.api.bodies import Values
from freehold.api.converting import converting
from freehold.api.refusals import HTTPBadRequest

Attribute = Mapping[str, Any]
"""neutron-lib's definition of an attribute: defaults, converter, validators."""

Checked = Mapping[str, Any]
"""A resource's attributes, converted and validated; for the parsers only."""

MOST_ITEMS = 1000
"""How long a list within an attribute may be: neutron-lib compares each item with each other."""

PROJECT = "project_id"
TENANT = "tenant_id"


class AttributeMap:
    """The attributes of one resource.

    Args:
        definition: the resource's map in ``neutron_lib.api.definitions``.
        replaced: attributes that extensions add, or define anew.
    """

    def __init__(
        self, definition: Mapping[str, Attribute], replaced: Mapping[str, Attribute] | None = None
    ) -> None:
        attributes = {**deepcopy(dict(definition)), **(replaced or {})}
        attributes[PROJECT] = attributes[TENANT]
        self._attributes = attributes
        self._all = AttributeInfo(attributes)
        self._each = {name: AttributeInfo({name: spec}) for name, spec in attributes.items()}

    @property
    def definition(self) -> Mapping[str, Attribute]:
        """neutron-lib's definition of each attribute, as it is applied here."""
        return self._attributes

    @property
    def sort_keys(self) -> frozenset[str]:
        """The attributes by which a list can be ordered."""
        return frozenset(name for name, spec in self._attributes.items() if spec.get("is_sort_key"))

    def check_new(self, sent: Values, project_id: str) -> Checked:
        """Complete, convert and validate the attributes of a resource to be.

        Args:
            sent: what the client sent; not changed.
            project_id: the owner, if the client names none.

        Raises:
            HTTPBadRequest: an attribute is unknown, missing, not settable or wrong.
            neutron_lib.exceptions.NeutronException: a converter refuses a value.
        """
        values = self._known(sent)
        values.setdefault(PROJECT, project_id)
        values.setdefault(TENANT, project_id)
        self._all.fill_post_defaults(values, exc_cls=HTTPBadRequest)
        return self._convert(values)

    def check_changed(self, sent: Values) -> Checked:
        """Convert and validate the attributes that are to change.

        Args:
            sent: what the client sent; not changed.

        Raises:
            HTTPBadRequest: an attribute is unknown, read-only or wrong.
            neutron_lib.exceptions.NeutronException: a converter refuses a value.
        """
        values = self._known(sent)
        for name, spec in self._attributes.items():
            if name in values and not spec["allow_put"]:
                raise HTTPBadRequest(f"Cannot update read-only attribute {name}")
        return self._convert(values)

    def _known(self, sent: Values) -> dict[str, Any]:
        values = _with_both_names_of_project(sent)
        unknown = [name for name in values if name not in self._attributes]
        if unknown:
            raise HTTPBadRequest(f"Unrecognized attribute(s) '{', '.join(unknown)}'")
        return values

    def _convert(self, values: dict[str, Any]) -> Checked:
        for name, attribute in self._each.items():
            if name in values:
                _check_length(name, values[name])
                with converting(name):
                    attribute.convert_values(values, exc_cls=HTTPBadRequest)
        return values


def _with_both_names_of_project(sent: Values) -> dict[str, Any]:
    values = deepcopy(dict(sent))
    if (PROJECT in values) != (TENANT in values):
        owner = values[PROJECT] if PROJECT in values else values[TENANT]
        values[PROJECT] = values[TENANT] = owner
    if values.get(PROJECT) != values.get(TENANT):
        raise HTTPBadRequest("'project_id' and 'tenant_id' do not match")
    return values


def _check_length(name: str, value: object) -> None:
    if isinstance(value, list | dict) and len(value) > MOST_ITEMS:
        raise HTTPBadRequest(
            f"Invalid input for {name}.", detail=f"It has more than {MOST_ITEMS} items."
        )
