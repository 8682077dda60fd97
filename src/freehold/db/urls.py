"""What is secret in a database URL, and the URL without that."""

import re
from collections.abc import Iterator

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

_SENSITIVE = re.compile(r"pass|pwd|secret|key|token", re.IGNORECASE)
"""Parameters of a database URL that may be secret."""


def secrets_in_url(url: str) -> Iterator[str]:
    """Yield what is secret in a database URL; all of it, if it is none."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        yield url
        return
    if parsed.password:
        yield str(parsed.password)
    for name, values in parsed.normalized_query.items():
        if _SENSITIVE.search(name):
            yield from values


def shown_url(url: str) -> str:
    """Return a database URL without what is secret in it.

    The query is left out, since drivers take passwords there, too.
    """
    try:
        return make_url(url).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "***"
