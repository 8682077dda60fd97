"""From a record to what is written: one line, or a JSON document in one line.

The forms are those of oslo.log, so that what reads the logs of other OpenStack
services reads these, but not its formatters: they put the error that is being handled into a line
by themselves, and texts as they are.

Invariants: a record's line begins with what the operator has configured, and what comes from
anywhere else is in that line (a traceback: in lines that each begin with the configured prefix);
nothing is written that was not cleaned by the same `Edge`.
"""

import json
import logging
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from freehold.logs import masking, tracebacks
from freehold.logs.escaping import as_token, cut, escaped
from freehold.logs.masking import MASK
from freehold.logs.requests import Current, current
from freehold.logs.secrets import Secrets
from freehold.words import Word

NOTHING = "-"
"""What stands where there is nothing to say, as in oslo.log."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


@dataclass(frozen=True, slots=True)
class Edge:
    """What a text passes before it is written.

    Attributes:
        masks: whether what may be a user's is left out.
        secrets: what is always left out.
    """

    masks: bool = False
    secrets: Secrets = field(default_factory=Secrets)

    def message(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        if not self.masks:
            return cut(self.secrets.removed_from(record.getMessage()))
        if masking.is_own(record.name):
            return self.secrets.removed_from(masking.masked_message(record.msg, record.args))
        return f"{MASK} ({record.pathname}:{record.lineno})"

    def text(self, text: str) -> str:
        """Return a text that is a program's own, such as a line of its code."""
        text = self.secrets.removed_from(text)
        return masking.without_addresses(text) if self.masks else text

    def value(self, value: object) -> object:
        """Return a value of a record, for JSON."""
        if isinstance(value, Mapping):
            return {str(name): self.value(one) for name, one in value.items()}
        if self.masks:
            return masking.masked(value)
        if value is None or isinstance(value, Word | bool | int | float):
            return value
        return self.secrets.removed_from(str(value))

    def error(self, record: logging.LogRecord) -> Iterator[str]:
        """Yield the lines of a record's exception and stack."""
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            for line in tracebacks.lines_of(error, with_texts=not self.masks):
                yield self.text(line)
        if record.stack_info:
            for line in record.stack_info.splitlines():
                yield self.text(line)

    def summary(self, record: logging.LogRecord) -> str:
        """Return the type and the text of a record's exception; empty if it has none."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return ""
        return self.text(tracebacks.summary_of(error, with_text=not self.masks))

    def who(self, request: Current) -> dict[str, str]:
        """Return who makes a request, and by which ids it is known."""
        return {
            name: str(masking.masked(value)) if value and self.masks else value
            for name, value in (
                ("request_id", request.request_id),
                ("global_request_id", request.global_request_id),
                ("project_id", request.project_id),
                ("user_id", request.user_id),
            )
        }


class _Values(dict[str, object]):
    """What a format can name; what it names besides is nothing."""

    def __missing__(self, _name: str) -> str:
        return NOTHING


@dataclass(frozen=True, slots=True)
class Formats:
    """The forms of lines, as oslo.log's options of these names have them.

    Attributes:
        with_context: of a record that is of a request.
        without_context: of any other.
        debug_suffix: what is added to records of the level DEBUG.
        exception_prefix: how each line of a traceback begins.
        user_identity: who makes a request.
        date: of the time.
    """

    with_context: str
    without_context: str
    debug_suffix: str
    exception_prefix: str
    user_identity: str
    date: str


class LineFormatter(logging.Formatter):
    """Makes a line of a record, and further ones of its traceback.

    Args:
        edge: what each text passes.
        formats: the forms of the lines.
    """

    def __init__(self, edge: Edge, formats: Formats) -> None:
        super().__init__(datefmt=formats.date)
        self._edge = edge
        self._formats = formats

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines."""
        formats, request = self._formats, current.get()
        values = self._values(record, request)
        form = formats.without_context if request is None else formats.with_context
        if record.levelno == logging.DEBUG and formats.debug_suffix:
            form += f" {formats.debug_suffix}"
        lines = [form % values]
        if record.exc_info or record.stack_info:
            prefix = formats.exception_prefix % values
            lines += [prefix + escaped(line) for line in self._edge.error(record)]
        return "\n".join(lines)

    def _values(self, record: logging.LogRecord, request: Current | None) -> _Values:
        edge = self._edge
        values = _Values(
            asctime=self.formatTime(record, self.datefmt),
            msecs=record.msecs,
            created=record.created,
            process=record.process,
            levelname=record.levelname,
            levelno=record.levelno,
            name=escaped(record.name),
            pathname=record.pathname,
            filename=record.filename,
            module=record.module,
            lineno=record.lineno,
            funcName=record.funcName,
            threadName=record.threadName,
            processName=record.processName,
            instance="",
            resource="",
            color="",
            message=escaped(edge.message(record)),
            error_summary=escaped(edge.summary(record)) if record.exc_info else NOTHING,
        )
        if request is not None:
            who = {name: as_token(text) or NOTHING for name, text in edge.who(request).items()}
            values.update(who)
            named = _Values(who, user=who["user_id"], project=who["project_id"])
            values["user_identity"] = self._formats.user_identity % named
        return values


class JsonFormatter(logging.Formatter):
    """Makes a JSON document in one line of a record, with the names that oslo.log gives.

    Args:
        edge: what each text passes.
        date: the form of ``asctime``.
    """

    def __init__(self, edge: Edge, date: str) -> None:
        super().__init__(datefmt=date)
        self._edge = edge
        self._host = socket.gethostname()

    def format(self, record: logging.LogRecord) -> str:
        """Return the document."""
        edge, request = self._edge, current.get()
        lines = list(edge.error(record))
        document = {
            "message": edge.message(record),
            "asctime": self.formatTime(record, self.datefmt),
            "created": record.created,
            "name": record.name,
            "levelname": record.levelname,
            "levelno": record.levelno,
            "pathname": record.pathname,
            "lineno": record.lineno,
            "funcname": record.funcName,
            "thread_name": record.threadName,
            "process": record.process,
            "hostname": self._host,
            "traceback": "\n".join(lines) or None,
            "error_summary": edge.summary(record),
            "context": {} if request is None else edge.who(request),
            "extra": edge.value(getattr(record, "fields", {})),
        }
        return _encodable(json.dumps(document))


def _encodable(document: str) -> str:
    r"""Return a JSON text without halves of characters, which not every program can read.

    All else that is no ASCII is an escape in it anyway; so is a backslash, which
    tells the escape ``\ud800`` from the six characters of that look.
    """
    if "\\ud" not in document:
        return document
    return json.dumps(_without_halves(json.loads(document)))


def _without_halves(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {str(_without_halves(name)): _without_halves(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_halves(one) for one in value]
    return value
