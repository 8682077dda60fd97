"""Records as any program makes them, and what becomes of them."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from freehold.config.logs import LogSettings
from freehold.logs.requests import Current, current
from freehold.logs.secrets import Secrets
from freehold.logs.setup import make_formatter

REQUEST_ID = "req-0a1b2c3d-0000-4000-8000-00000000000f"


def record(
    text: object,
    *arguments: object,
    logger: str = "freehold.some",
    error: BaseException | None = None,
    fields: dict[str, object] | None = None,
) -> logging.LogRecord:
    """Make a record."""
    info = None if error is None else (type(error), error, error.__traceback__)
    extra = {} if fields is None else {"fields": fields}
    return logging.getLogger(logger).makeRecord(
        logger, logging.WARNING, "some.py", 7, text, arguments, info, extra=extra
    )


def written(one: logging.LogRecord, *secrets: str, **settings: Any) -> str:
    """Return what is written of a record."""
    return make_formatter(LogSettings(**settings), Secrets(secrets)).format(one)


def raised(error: BaseException) -> BaseException:
    """Return an exception that has been raised."""
    try:
        raise error
    except type(error):
        caught = sys.exception()
    assert caught is not None
    return caught


@contextmanager
def request_of(**environ: object) -> Iterator[None]:
    """Be at a request."""
    before = current.set(Current(REQUEST_ID, "", environ))
    try:
        yield
    finally:
        current.reset(before)
