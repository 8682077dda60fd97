"""A subnet's own strategy and cool-down: the extension ``freehold-allocation-strategy``."""

from neutron_lib.api.converters import convert_to_int_if_not_none
from neutron_lib.api.definitions import subnet

from freehold.ipam.strategy import LONGEST_COOL_DOWN, Strategy

NAME = "Freehold allocation strategy"
ALIAS = "freehold-allocation-strategy"
DESCRIPTION = (
    "How a subnet chooses the addresses that it hands out, and how long a released one rests."
)
UPDATED_TIMESTAMP = "2026-11-21T12:00:00-00:00"

STRATEGY = "freehold:allocation_strategy"
COOL_DOWN = "freehold:cool_down"

_NAMES = [None, *(strategy.value for strategy in Strategy)]

RESOURCE_ATTRIBUTE_MAP = {
    subnet.COLLECTION_NAME: {
        STRATEGY: {
            "allow_post": True,
            "allow_put": True,
            "default": None,
            "validate": {"type:values": _NAMES},
            "is_filter": True,
            "is_visible": True,
        },
        COOL_DOWN: {
            "allow_post": True,
            "allow_put": True,
            "default": None,
            "convert_to": convert_to_int_if_not_none,
            "validate": {"type:range_or_none": [0, int(LONGEST_COOL_DOWN.total_seconds())]},
            "is_filter": True,
            "is_visible": True,
        },
    }
}

IS_SHIM_EXTENSION = False
IS_STANDARD_ATTR_EXTENSION = False
SUB_RESOURCE_ATTRIBUTE_MAP: dict[str, object] = {}
ACTION_MAP: dict[str, object] = {}
REQUIRED_EXTENSIONS: list[str] = []
OPTIONAL_EXTENSIONS: list[str] = []
ACTION_STATUS: dict[str, int] = {}
