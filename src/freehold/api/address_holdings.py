"""``/v2.0/address-holdings``: who holds and who held an address.

It is read and nothing else. Its query names one address, so that an answer has
a bounded length, and what an answer leaves out is at its old end.
"""

from collections.abc import Callable
from typing import TypeVar

from falcon import Request, Response

from freehold.api.definitions import address_history as definition
from freehold.api.holdings import render
from freehold.api.parsing import address
from freehold.api.policy import Policy
from freehold.api.queries import read_fields, read_single
from freehold.api.refusals import HTTPBadRequest
from freehold.api.times import read_time
from freehold.networking.history import History

MOST = 1000
"""Holdings in one answer, at the most and by default."""

T = TypeVar("T")


class AddressHoldings:
    """The holdings of one address.

    Args:
        history: who held what.
        policy: who may know it.
    """

    def __init__(self, history: History, policy: Policy) -> None:
        self._history = history
        self._policy = policy

    def on_get(self, request: Request, response: Response) -> None:
        """List them, those that began last first."""
        fields = read_fields(request)
        given = read_single(request, ("ip_address", "subnet_id", "at", "limit"))
        if "ip_address" not in given:
            raise HTTPBadRequest("Unable to find 'ip_address' in the query")
        self._policy.require("get_address_holding", self._policy.caller_of(request), {})
        found = self._history.find(
            address("ip_address", given["ip_address"]),
            subnet_id=given.get("subnet_id"),
            at=_parsed("at", given.get("at"), read_time),
            limit=_parsed("limit", given.get("limit"), _limit) or MOST,
        )
        shown = [fields.of(render(holding)) for holding in found]
        response.media = {definition.COLLECTION_NAME: shown}


def _parsed(name: str, text: str | None, parse: Callable[[str], T]) -> T | None:
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise HTTPBadRequest(f"Invalid input for {name}. Reason: {error}.") from error


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:10]) <= MOST):
        raise ValueError(f"'{text}' is not a whole number from 0, for no other limit, to {MOST}")
    return int(text)
