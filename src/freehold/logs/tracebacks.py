"""An exception as lines of a log, each of which this module has made.

The texts of exceptions are often what a client sent, or what a database holds. Here such a
text is always within one line, and may be left out; the lines of the code never are, since they are
what the code says and not what it was given.
"""

import traceback
from collections.abc import Iterator

MOST_FRAMES = 100
MOST_ERRORS = 20

_CAUSE = "The above exception was the direct cause of the following exception:"
_CONTEXT = "During handling of the above exception, another exception occurred:"


def lines_of(error: BaseException, *, with_texts: bool) -> Iterator[str]:
    """Yield the lines of an exception, those of what it came of first.

    Args:
        error: the exception.
        with_texts: whether the texts of exceptions are told, and not their types only.
    """
    for one, link in reversed(_chain(error)):
        yield "Traceback (most recent call last):"
        for frame in traceback.extract_tb(one.__traceback__, limit=-MOST_FRAMES):
            yield f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}'
            if frame.line:
                yield f"    {frame.line}"
        yield summary_of(one, with_text=with_texts)
        if link:
            yield link


def summary_of(error: BaseException, *, with_text: bool) -> str:
    """Return an exception's type, and its text if that is wanted, which may have several lines."""
    if with_text:
        return "".join(traceback.format_exception_only(error)).strip()
    kind = type(error)
    return f"{kind.__module__}.{kind.__qualname__}"


def _chain(error: BaseException) -> list[tuple[BaseException, str]]:
    """Return an exception and what it came of, each with what it is to the one before."""
    found: list[tuple[BaseException, str]] = []
    seen: set[int] = set()
    link = ""
    one: BaseException | None = error
    while one is not None and id(one) not in seen and len(found) < MOST_ERRORS:
        found.append((one, link))
        seen.add(id(one))
        if one.__cause__ is not None:
            one, link = one.__cause__, _CAUSE
        else:
            one, link = (None if one.__suppress_context__ else one.__context__), _CONTEXT
    return found
