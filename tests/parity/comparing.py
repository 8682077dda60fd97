"""Two answers to one request, and where they differ.

What is made up has no meaning of its own and is replaced before: ids, times,
MAC addresses and addresses that nobody asked for.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.parity.stories import Answer, Request, Teller

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MOMENT = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MAC = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b")
_PLACE = re.compile(r"https?://[a-z0-9.]+(:\d+)?")
_SET = re.compile(r"\{'\w+'(?:, '\w+')*\}")
# Orders that are a database's, or that are known to differ (docs/decisions/0005).
_UNORDERED = {"subnets", "tags", "subnet_ip_availability"}
_ADDRESSES = {"fixed_ips", "dns_assignment"}


@dataclass(frozen=True, order=True)
class Difference:
    """One place in which two answers differ.

    Attributes:
        where: ``outcome`` (status and type of error), ``message``, or the path of a part
            of the body, such as ``port.fixed_ips``.
        neutron: what Neutron has there; None for nothing.
        freehold: what Freehold has there; None for nothing.
    """

    where: str
    neutron: str | None
    freehold: str | None


def outcome(answer: Answer) -> str:
    """Return an answer's status, and the type of error if it is one."""
    kind = _error(answer).get("type", "")
    return f"{answer.status} {kind}".strip()


def compare(
    request: Request, neutron: tuple[Teller, Answer], freehold: tuple[Teller, Answer]
) -> list[Difference]:
    """Return where the answers to a request differ."""
    (of_neutron, theirs), (of_freehold, ours) = neutron, freehold
    if outcome(theirs) != outcome(ours):
        return [Difference("outcome", outcome(theirs), outcome(ours))]
    if theirs.status >= 400:
        messages = [
            _once(normal(teller, _error(answer).get("message", "")))
            for teller, answer in ((of_neutron, theirs), (of_freehold, ours))
        ]
        return [] if messages[0] == messages[1] else [Difference("message", *messages)]
    ordered = "sort_key" in request.path
    return list(
        differences(
            "", normal(of_neutron, theirs.body, ordered), normal(of_freehold, ours.body, ordered)
        )
    )


def differences(where: str, neutron: Any, freehold: Any) -> Iterator[Difference]:
    """Yield where two values of JSON differ, as far into them as they are alike."""
    if isinstance(neutron, dict) and isinstance(freehold, dict):
        for key in sorted({*neutron, *freehold}):
            inside = f"{where}.{key}".removeprefix(".")
            if key not in neutron or key not in freehold:
                yield Difference(inside, _shown(neutron, key), _shown(freehold, key))
            else:
                yield from differences(inside, neutron[key], freehold[key])
    elif isinstance(neutron, list) and isinstance(freehold, list) and len(neutron) == len(freehold):
        found = [
            one for pair in zip(neutron, freehold, strict=True) for one in differences(where, *pair)
        ]
        yield from dict.fromkeys(found)
    elif neutron != freehold:
        yield Difference(where, json.dumps(neutron), json.dumps(freehold))


def normal(teller: Teller, value: Any, ordered: bool = True) -> Any:
    """Return a value of JSON in which nothing is made up.

    Args:
        teller: who got it.
        value: the value.
        ordered: whether the order of a list of resources has a meaning.
    """
    if isinstance(value, dict):
        found = {key: _entry(teller, key, inner, value) for key, inner in value.items()}
        if ordered:
            return found
        return {
            key: sorted(inner, key=_in_full) if isinstance(inner, list) else inner
            for key, inner in found.items()
        }
    if isinstance(value, list):
        return [normal(teller, inner) for inner in value]
    return _text(teller, value) if isinstance(value, str) else value


def _once(message: str) -> str:
    """Return a message in which nothing is said twice, as when two callbacks of Neutron's say it.

    How many there are depends on what Neutron was asked before.
    """
    return "\n".join(dict.fromkeys(message.split("\n")))


def _in_full(value: Any) -> str:
    """Return a value as a text that does not depend on the order of attributes."""
    return json.dumps(value, sort_keys=True)


def _entry(teller: Teller, key: str, value: Any, resource: Mapping[str, Any]) -> Any:
    if key in _ADDRESSES and isinstance(value, list):
        chosen = teller.chosen.get(str(resource.get("id")), frozenset())
        value = [one if one["ip_address"] in chosen else _without_address(one) for one in value]
    found = normal(teller, value)
    return sorted(found, key=_in_full) if key in _UNORDERED | _ADDRESSES else found


def _without_address(held: Mapping[str, Any]) -> Mapping[str, Any]:
    made_up = {"ip_address", "hostname", "fqdn"}
    return {key: f"<{key}>" if key in made_up else value for key, value in held.items()}


def _text(teller: Teller, text: str) -> str:
    text = _ID.sub(lambda found: teller.labels.get(found[0], "<id>"), text)
    text = _MOMENT.sub("<time>", text)
    text = _MAC.sub(lambda found: found[0] if found[0] in teller.asked else "<mac>", text)
    text = _PLACE.sub("<service>", text)
    return _SET.sub(lambda found: str(sorted(re.findall(r"\w+", found[0]))), text)


def _error(answer: Answer) -> Mapping[str, Any]:
    body = answer.body
    found = body.get("NeutronError", {}) if isinstance(body, dict) else {}
    return found if isinstance(found, dict) else {}


def _shown(value: Mapping[str, Any], key: str) -> str | None:
    return json.dumps(value[key]) if key in value else None
