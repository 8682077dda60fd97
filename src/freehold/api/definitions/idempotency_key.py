"""Requests that have one effect: the extension ``freehold-idempotency-key``."""

NAME = "Freehold idempotency keys"
ALIAS = "freehold-idempotency-key"
DESCRIPTION = (
    "A POST of a collection with an Idempotency-Key header has one effect and one answer, however "
    "often it is sent."
)
UPDATED_TIMESTAMP = "2026-11-21T15:00:00-00:00"

RESOURCE_ATTRIBUTE_MAP: dict[str, object] = {}

IS_SHIM_EXTENSION = True
IS_STANDARD_ATTR_EXTENSION = False
SUB_RESOURCE_ATTRIBUTE_MAP: dict[str, object] = {}
ACTION_MAP: dict[str, object] = {}
REQUIRED_EXTENSIONS: list[str] = []
OPTIONAL_EXTENSIONS: list[str] = []
ACTION_STATUS: dict[str, int] = {}
