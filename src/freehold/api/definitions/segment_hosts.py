"""Which hosts are on a segment: the extension ``freehold-segment-hosts``."""

from typing import Any

from neutron_lib.api.definitions import segment

NAME = "Freehold segment hosts"
ALIAS = "freehold-segment-hosts"
DESCRIPTION = "Administrators say which hosts are on a segment."
UPDATED_TIMESTAMP = "2026-11-21T15:00:00-00:00"

HOSTS = "freehold:hosts"
LONGEST_HOST = 255


def _none_as_no_hosts(value: Any) -> Any:
    return [] if value is None else value


RESOURCE_ATTRIBUTE_MAP = {
    segment.COLLECTION_NAME: {
        HOSTS: {
            "allow_post": True,
            "allow_put": True,
            "default": None,
            "convert_to": _none_as_no_hosts,
            "validate": {"type:list_of_unique_strings": LONGEST_HOST},
            "is_filter": True,
            "is_visible": True,
        }
    }
}

IS_SHIM_EXTENSION = False
IS_STANDARD_ATTR_EXTENSION = False
SUB_RESOURCE_ATTRIBUTE_MAP: dict[str, object] = {}
ACTION_MAP: dict[str, object] = {}
REQUIRED_EXTENSIONS: list[str] = [segment.ALIAS]
OPTIONAL_EXTENSIONS: list[str] = []
ACTION_STATUS: dict[str, int] = {}
