"""Keeping a text from being more than text: one that begins a line, or commands a terminal.

Invariant: what is returned consists of characters that are printed, and of blanks. So no
input makes a second line out of one (CR, LF, VT, FF, NEL, the line and paragraph
separators of Unicode), moves a cursor or sets a colour (ESC and the other control
characters), turns the direction of what follows (bidirectional controls), hides
something (zero-width and unassigned characters), or cannot be encoded (surrogates, which is what
bytes become that are not UTF-8).

Source: CWE-117, CWE-150; Unicode Technical Report 36; ``str.isprintable``.
"""

import re

LONGEST = 4096
"""Characters of a text that are written; of those that are longer the end is missing."""

CUT = "[...]"

_BETWEEN = re.compile(r"[ \[\]=\"']")


def cut(text: str) -> str:
    """Return a text without the end of it, if it is too long."""
    return text if len(text) <= LONGEST else text[:LONGEST] + CUT


def escaped(text: str) -> str:
    """Return a text with each character escaped, as in Python, that is not printed."""
    text = cut(text)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def as_token(text: str) -> str:
    """Return a text that stands among others, as one of them: without blanks and what encloses."""
    text = escaped(text)
    if not _BETWEEN.search(text):
        return text
    return _BETWEEN.sub(lambda found: f"\\x{ord(found.group()):02x}", text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
