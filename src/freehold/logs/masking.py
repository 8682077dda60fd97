"""Hiding what belongs to users, for logs that others read than those who run the cloud.

What a log may hold is told by where it comes from, and not by what it looks like: nobody
can recognise a name. So, when masked, a record consists of what stands in Freehold's own code
(the text of the call), of numbers, of words from vocabularies of the code (`Word`), and of
ids that were made up at random. All else that is put into the text is replaced, and of a record of
another program's nothing is written but who wrote it, where and how grave it is: its text may be
made of anything. Of an exception, the types and the places in the code stay.

Behind that stands a net: what has the form of an IP address, a prefix or a MAC address is
replaced wherever it is found, should it have got into a word or an id after all.

Ids stay (``req-...``, UUIDs, and ids of 32 or more hexadecimal digits, as Keystone makes
them): they are random, tell nothing of a user to who cannot ask the API, and without them
nobody could find out, with the cloud's operator, what a line is about.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from freehold.words import Word

MASK = "***"

OWN = "freehold"
"""The logger of this program, whose calls have what varies in their arguments."""


_ID = re.compile(
    r"(?:req-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32,64}"
)

_NET = re.compile(
    r"""
    (?<![0-9A-Za-z]) (?: [0-9A-Fa-f]{0,4} : ){2,7} [0-9A-Fa-f.]{0,15} (?: /\d{1,3} )?  # IPv6, MAC
    | (?<!\d) (?: \d{1,3} \. ){3} \d{1,3} (?: /\d{1,2} )? (?!\d)                       # IPv4
    | (?<![0-9A-Fa-f]) (?: [0-9A-Fa-f]{2} - ){5} [0-9A-Fa-f]{2} (?![0-9A-Fa-f])         # MAC
    | (?<![0-9A-Fa-f]) (?: [0-9A-Fa-f]{4} \. ){2} [0-9A-Fa-f]{4} (?![0-9A-Fa-f])        # MAC
    """,
    re.VERBOSE,
)


def is_own(logger: str) -> bool:
    """Tell whether a logger is one of this program's."""
    return logger == OWN or logger.startswith(f"{OWN}.")


def without_addresses(text: str) -> str:
    """Return a text without what has the form of an address."""
    return _NET.sub(MASK, text)


@lru_cache(maxsize=4096)
def _cleaned(text: str) -> str:
    """Return a text of the code, of which there are not many, without addresses."""
    return without_addresses(text)


def masked(value: object) -> object:
    """Return a value that is to be written, or the mask if it may be a user's."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Word):
        return _cleaned(str(value))
    return value if isinstance(value, str) and _ID.fullmatch(value) else MASK


def masked_message(template: object, arguments: object) -> str:
    """Return the text of a call of this program's own with its arguments masked.

    Args:
        template: the text as it stands in the code.
        arguments: what is put into it.
    """
    if not isinstance(template, str):
        return MASK
    cleaned = _cleaned(template)
    if not arguments:
        return cleaned
    try:
        return cleaned % _all_masked(arguments)
    except (KeyError, TypeError, ValueError):
        return MASK


def _all_masked(arguments: object) -> object:
    if isinstance(arguments, Mapping):
        return {name: masked(value) for name, value in arguments.items()}
    return tuple(map(masked, arguments)) if isinstance(arguments, tuple) else masked(arguments)
