"""Undoing what was done outside of our transaction, when the rest fails.

Each step that has an effect elsewhere registers its undo. When the block is
left by an exception, the undos run, the last one first; one that fails is
logged and does not keep the others from running, nor does it replace the
exception that began it. When the block ends well, nothing is undone.

A bare `contextlib.ExitStack` will not do: an undo that fails there replaces
the first error, and it runs on success too.
"""

import logging
from collections.abc import Callable
from types import TracebackType
from typing import Self

from freehold.words import Word

log = logging.getLogger(__name__)


class Compensations:
    """A context manager that undoes on failure."""

    def __init__(self) -> None:
        self._undos: list[tuple[str, Callable[[], object]]] = []

    def add(self, what: str, undo: Callable[[], object]) -> None:
        """Register an undo for a step that has just been done.

        Args:
            what: the undo in words, for the log: it must not hold anything
                that a log may not.
            undo: called without arguments, once at most.
        """
        self._undos.append((what, undo))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        undos, self._undos = self._undos, []
        if error is None:
            return
        for what, undo in reversed(undos):
            try:
                undo()
            except Exception:  # whatever an outside system raises, the rest must be undone
                log.exception("Could not %s after a failure; an audit will find it", Word(what))
