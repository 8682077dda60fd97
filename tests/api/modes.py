"""A service in each mode of authentication, and how a request says who makes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from freehold.config import Settings


@dataclass(frozen=True)
class Mode:
    """A service's settings, and whom it knows.

    Attributes:
        settings: of the service.
        headers: what an administrator's requests have in this mode.
    """

    settings: Settings
    headers: Mapping[str, str] = field(default_factory=dict)


def _noauth(_folder: Path) -> Mode:
    return Mode(Settings(database_url="sqlite://"))


MODES: Mapping[str, Callable[[Path], Mode]] = {"noauth": _noauth}
"""Each mode by its name, with a folder for the files that it needs."""
