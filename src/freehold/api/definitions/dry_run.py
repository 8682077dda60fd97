"""What would be created: the extension ``freehold-dry-run``."""

NAME = "Freehold dry run"
ALIAS = "freehold-dry-run"
DESCRIPTION = (
    "A POST of /v2.0/freehold/dry-run/ports or .../subnets tells what would be created, or why it "
    "would be refused, and creates nothing."
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
