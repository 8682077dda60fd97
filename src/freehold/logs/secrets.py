"""Texts without the secrets of the configuration, wherever they come from.

Drivers and libraries quote what they were given when it does not work. They are not
trusted to leave out a password: each text that is written is searched for the very
secrets that are configured, and for what has the form of one.

Invariant: a secret of the configuration is in no text that was cleaned, neither as it is
nor as it stands in a URL.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

HIDDEN = "***"

_LONG = 8
"""Characters of a secret that is replaced within words, too."""

_FORMS = (
    # A password in a URL; tokens of Keystone (Fernet); what an Authorization header has.
    ("://", re.compile(r"(://[^\s:/@]*):[^\s/@]+(?=@)"), rf"\1:{HIDDEN}"),
    ("gAAAA", re.compile(r"gAAAA[\w-]{20,}={0,2}"), HIDDEN),
    ("asic ", re.compile(r"\b([Bb]asic) +[\w+/.~-]{6,}={0,2}"), rf"\1 {HIDDEN}"),
    ("earer ", re.compile(r"\b([Bb]earer) +[\w+/.~-]{6,}={0,2}"), rf"\1 {HIDDEN}"),
)
"""A part of what has a form, which is looked for first; the form; and what stands there then."""


class Secrets:
    """The secrets that no text may have.

    Args:
        known: the secrets; empty ones are none.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        forms = {form for one in known if one for form in (one, quote(one, ""), quote_plus(one))}
        # The longest first: one may be a part of another.
        pieces = [_pattern(form) for form in sorted(forms, key=len, reverse=True)]
        self._known = re.compile("|".join(pieces)) if pieces else None

    def removed_from(self, text: str) -> str:
        """Return a text without them."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for hint, form, instead in _FORMS:
            if hint in text:
                text = form.sub(instead, text)
        return text


def _pattern(secret: str) -> str:
    # A short one may be a part of words that have nothing to do with it.
    plain = re.escape(secret)
    return plain if len(secret) >= _LONG else rf"(?<!\w){plain}(?!\w)"
