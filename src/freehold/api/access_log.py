"""A line of the log about each request: who asked for what, how it ended, and what it cost.

The line has ids and words of the code: the template of the route instead of the path, the
name of the rule that the operation is under, the type of a refusal. It has neither headers
nor bodies nor queries. A path is looked at for an id of ours only: clients look
for resources by names there, too.
"""

import logging
import re
import time
from collections.abc import Mapping
from functools import cache

from falcon import HTTP_METHODS, Request, Response

from freehold.accounts import Account, open_account
from freehold.api import audit
from freehold.api.audit import NOTHING
from freehold.api.metrics import serving
from freehold.api.policies import list_rules
from freehold.logs.escaping import as_token
from freehold.words import Word

log = logging.getLogger("freehold.requests")

_LINE = (
    "%(method)s %(route)s %(status)d action=%(action)s resource=%(resource)s id=%(resource_id)s "
    "number=%(number)s error=%(error)s ms=%(ms).1f statements=%(statements)d retries=%(retries)d "
    "lost_races=%(lost_races)d"
)

_ANY = re.compile(r"\{[^}]*\}")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def _actions() -> Mapping[tuple[str, str], Word]:
    """Return the name of the rule of each operation, by its verb and route."""
    found = {("GET", serving.URL): Word(serving.RULE)}  # which is no part of the API
    # Rules of attributes name the operations, too, in which the attributes stand.
    for rule in sorted(list_rules(), key=lambda rule: -rule.name.count(":")):
        for operation in getattr(rule, "operations", ()):
            route = _ANY.sub("{}", f"/v2.0{operation['path']}")
            found[operation["method"], route] = Word(rule.name)
    return found


_ACTIONS = _actions()


@cache
def action_of(method: str, route: str | None) -> Word:
    """Return the name of the rule that an operation is under.

    Args:
        method: one of HTTP.
        route: the template of its URL.
    """
    return _ACTIONS.get((method, _ANY.sub("{}", route or "")), NOTHING)


@cache
def kind_of(route: str | None) -> Word:
    """Return what a route leads to, as one of that kind is called in JSON."""
    parts = (route or "").split("/")
    if parts[:2] != ["", "v2.0"] or len(parts) < 3 or not parts[2]:
        return NOTHING
    name = (parts[4] if parts[2:4] == ["freehold", "dry-run"] else parts[2]).replace("-", "_")
    return Word(f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s"))


class AccessLog:
    """Writes the line, and what is to be known to auditors (`freehold.api.audit`)."""

    def process_request(self, request: Request, _response: Response) -> None:
        """Take the time, and open the account of what the request costs."""
        request.context.begun = time.perf_counter()
        request.context.account = open_account()

    def process_resource(
        self, request: Request, _response: Response, _resource: object, parameters: dict[str, str]
    ) -> None:
        """Keep what stands in the path where the route has a parameter."""
        request.context.in_path = parameters

    def process_response(
        self, request: Request, response: Response, _resource: object, _succeeded: bool
    ) -> None:
        """Write the line."""
        if not any(one.isEnabledFor(logging.INFO) for one in (log, audit.log)):
            return
        fields = fields_of(request, response)
        shown = {name: NOTHING if value is None else value for name, value in fields.items()}
        log.info(_LINE, shown, extra={"fields": fields})
        audit.note(request, response, fields)


def fields_of(request: Request, response: Response) -> dict[str, object]:
    """Return what the line says, by name."""
    context, route = request.context, request.uri_template
    account: Account = context.account
    method = request.method if request.method in HTTP_METHODS else "?"
    kind = kind_of(route)
    resource_id, number = _resource(request, response, kind)
    error: str | None = getattr(context, "error_type", None)
    return {
        "method": Word(method),
        "route": Word(route or NOTHING),
        "status": response.status_code,
        "action": action_of(method, route),
        "resource": kind,
        "resource_id": resource_id,
        "number": number,
        "error": None if error is None else Word(error),
        "ms": round(1000 * (time.perf_counter() - context.begun), 1),
        "statements": account.statements,
        "retries": account.runs_again,
        "lost_races": account.lost_races,
    }


def _resource(request: Request, response: Response, kind: str) -> tuple[str | None, int | None]:
    """Return the id of the resource, if it is one, or how many the answer has."""
    in_path: dict[str, str] = getattr(request.context, "in_path", {})
    if kind == "quota" and "project_id" in in_path:
        return as_token(in_path["project_id"]), None
    for value in in_path.values():
        return (value if _ID.fullmatch(value) else None), None
    media = response.media
    if not isinstance(media, Mapping):
        return None, None
    one = media.get(kind)
    if isinstance(one, Mapping):
        found = one.get("id")
        return (found if isinstance(found, str) else None), None
    return None, next((len(value) for value in media.values() if isinstance(value, list)), None)
