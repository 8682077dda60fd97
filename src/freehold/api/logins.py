"""Logins that are refused, as auditors read of them and as they are counted.

A refusal is told in words of a vocabulary, since both the log and the labels of metrics want
what clients have no influence on. A user is named only if there is one of that name: what else
stands in its place may be a password that was typed into the wrong field.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from freehold.config import AuthStrategy


class Why(StrEnum):
    """Why a login is refused."""

    NOTHING_SHOWN = "nothing-shown"
    UNREADABLE = "unreadable"
    UNKNOWN_USER = "unknown-user"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105  # a reason
    TOKEN_REFUSED = "token-refused"  # noqa: S105  # a reason
    SERVICE_TOKEN_REFUSED = "service-token-refused"  # noqa: S105  # a reason


REASONS: Mapping[AuthStrategy, tuple[Why, ...]] = {
    AuthStrategy.HTTP_BASIC: (
        Why.NOTHING_SHOWN,
        Why.UNREADABLE,
        Why.UNKNOWN_USER,
        Why.WRONG_PASSWORD,
    ),
    AuthStrategy.KEYSTONE: (
        Why.NOTHING_SHOWN,
        Why.UNREADABLE,
        Why.TOKEN_REFUSED,
        Why.SERVICE_TOKEN_REFUSED,
    ),
}
"""All reasons that there are in each mode that refuses anybody."""


@dataclass(frozen=True, slots=True)
class RefusedLogin:
    """A login that is refused.

    Attributes:
        mode: how it was to be shown who it is.
        why: one of the mode's `REASONS`.
        user: the name of the user, if there is one of that name; None if not, or if it is
            not known.
    """

    mode: AuthStrategy
    why: Why
    user: str | None = None
