"""Everything that a process logs when masked, beside everything that clients said and saw."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from freehold.config.logs import LogSettings
from freehold.logs.secrets import Secrets
from freehold.logs.setup import make_formatter

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

TALKATIVE = ("", "oslo_policy", "oslo.policy")
"""Loggers that are listened to from the level DEBUG on: all, and those that others hush."""

WORDS = {"network", "subnet", "port"}
"""Names in stories that are words of the API, too."""

NAMING = {"name", "description", "device_id", "dns_name", "hostname", "tags", "tag", "client_id"}
"""Attributes in which users write what they like."""

_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)


@dataclass
class Watch:
    """What was said and seen, and what was logged meanwhile.

    Attributes:
        addresses: IP addresses, prefixes and MAC addresses.
        names: names, descriptions, device ids, tags.
        log: what was logged, in both forms.
    """

    addresses: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    log: io.StringIO = field(default_factory=io.StringIO)

    def note(self, document: object, key: str = "") -> None:
        """Keep the texts of a document."""
        if isinstance(document, dict):
            for name, value in document.items():
                self.note(value, name)
        elif isinstance(document, list):
            for value in document:
                self.note(value, key)
        elif isinstance(document, str):
            if _is_address(document):
                self.addresses.add(document.partition("/")[0])
            elif key in NAMING and len(document) > 2 and document not in WORDS:
                self.names.add(document)

    def told(self) -> dict[str, str]:
        """Return what of it stands in the log, each with a line in which it does."""
        lines = self.log.getvalue().splitlines()
        text = "\n".join(lines)
        found = {one for one in self.addresses if one in text}
        found |= {one for one in self.names if re.search(rf"(?<![\w:-]){re.escape(one)}\b", text)}
        return {one: next(line for line in lines if one in line) for one in found}


def _is_address(text: str) -> bool:
    if _MAC.fullmatch(text):
        return True
    try:
        return ip_network(text, strict=False).network_address.packed.strip(b"\0") != b""
    except ValueError:
        return False


@contextmanager
def watching() -> Iterator[Watch]:
    """Log all there is, in the masked mode."""
    watch = Watch()
    handlers = []
    for use_json in (False, True):
        handler = logging.StreamHandler(watch.log)
        handler.setFormatter(
            make_formatter(LogSettings(log_mask_sensitive=True, use_json=use_json), Secrets())
        )
        handlers.append(handler)
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in TALKATIVE}
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield watch
    finally:
        for handler in handlers:
            root.removeHandler(handler)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def watched(app: WSGI, watch: Watch) -> WSGI:
    """Return an application whose requests and answers are looked at."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answer = b"".join(app(environ, start_response))
        for text in (body, answer):
            try:
                watch.note(json.loads(text))
            except ValueError:
                continue
        return [answer]

    return application
