"""Who held which address, and when: the extension ``freehold-address-history``."""

NAME = "Freehold address history"
ALIAS = "freehold-address-history"
DESCRIPTION = "Who holds and who held an IP address, from when to when."
UPDATED_TIMESTAMP = "2026-11-21T12:00:00-00:00"

RESOURCE_NAME = "address_holding"
COLLECTION_NAME = "address_holdings"

_READ_ONLY = {"allow_post": False, "allow_put": False, "is_visible": True}

RESOURCE_ATTRIBUTE_MAP = {
    COLLECTION_NAME: {
        "subnet_id": {**_READ_ONLY, "is_filter": True},
        "ip_address": {**_READ_ONLY, "is_filter": True},
        "holder": _READ_ONLY,
        "since": _READ_ONLY,
        "until": _READ_ONLY,
    }
}

IS_SHIM_EXTENSION = False
IS_STANDARD_ATTR_EXTENSION = False
SUB_RESOURCE_ATTRIBUTE_MAP: dict[str, object] = {}
ACTION_MAP: dict[str, object] = {}
REQUIRED_EXTENSIONS: list[str] = []
OPTIONAL_EXTENSIONS: list[str] = []
ACTION_STATUS: dict[str, int] = {}
