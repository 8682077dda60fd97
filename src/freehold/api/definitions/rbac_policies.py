"""Who may use what is another's: the extension ``rbac-policies``.

neutron-lib has the extensions that add to it, and not itself; alias, names and date are Neutron's.
"""

from typing import Any

ALIAS = "rbac-policies"
NAME = "RBAC Policies"
DESCRIPTION = "Allows one project, or all, to use networks, subnet pools and address scopes."
UPDATED_TIMESTAMP = "2015-06-17T12:15:12-00:00"

RESOURCE_NAME = "rbac_policy"
COLLECTION_NAME = "rbac_policies"

LONGEST_PROJECT_ID = 255

_GIVEN = {"allow_post": True, "allow_put": False, "is_visible": True, "is_filter": True}
_SORTED = {"is_sort_key": True}

RESOURCE_ATTRIBUTE_MAP: dict[str, dict[str, dict[str, Any]]] = {
    COLLECTION_NAME: {
        "id": {
            **_GIVEN,
            **_SORTED,
            "allow_post": False,
            "validate": {"type:uuid": None},
            "primary_key": True,
        },
        "object_type": {**_GIVEN, **_SORTED, "validate": {"type:string": 255}},
        "object_id": {**_GIVEN, **_SORTED, "validate": {"type:uuid": None}},
        "target_tenant": {
            **_GIVEN,
            "allow_put": True,
            "validate": {"type:not_empty_string": LONGEST_PROJECT_ID},
        },
        "tenant_id": {
            **_GIVEN,
            **_SORTED,
            "validate": {"type:string": LONGEST_PROJECT_ID},
            "required_by_policy": True,
        },
        "action": {**_GIVEN, **_SORTED, "validate": {"type:string": 255}},
    }
}
"""For all projects the target is ``*``."""

IS_SHIM_EXTENSION = False
IS_STANDARD_ATTR_EXTENSION = False
SUB_RESOURCE_ATTRIBUTE_MAP: dict[str, object] = {}
ACTION_MAP: dict[str, object] = {}
REQUIRED_EXTENSIONS: list[str] = []
OPTIONAL_EXTENSIONS: list[str] = []
ACTION_STATUS: dict[str, int] = {}
