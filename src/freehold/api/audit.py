"""What those who watch over a cloud want to find in the log: who changed who may do what.

These are refused logins, the refusals by the rules, and changes of quotas and of what is shared.
Who it was is in the context of the record, as it is of all records of a request; of whoever did not
show that, the address is told instead.
"""

import logging
from collections.abc import Collection, Mapping
from http import HTTPStatus

from falcon import Request, Response

from freehold.api.client_addresses import canonical
from freehold.api.logins import RefusedLogin
from freehold.logs.escaping import as_token
from freehold.words import Word

log = logging.getLogger("freehold.audit")

NOTHING = Word("-")
"""What stands in a text where there is nothing to say."""

SHARING = ("shared", "router:external", "is_default")
"""Attributes that decide who else may use a resource."""


def note(request: Request, response: Response, fields: Mapping[str, object]) -> None:
    """Write what a request means to an auditor, if it means anything.

    Args:
        request: the request.
        response: its answer.
        fields: what the log's line on it says.
    """
    action, status, subject = fields["action"], response.status_code, fields["resource_id"]
    login: RefusedLogin | None = getattr(request.context, "refused_login", None)
    if login is not None:
        _note_login(login, canonical(request.env.get("REMOTE_ADDR")))
    elif status == HTTPStatus.FORBIDDEN and fields["error"] == "PolicyNotAuthorized":
        _write("refused", "Refused by policy: %(rule)s", rule=_rule(response))
    elif status >= HTTPStatus.BAD_REQUEST or getattr(request.context, "given_again", False):
        return
    elif action == "update_quota":
        limits = _media(response, "quota")
        shown = Word(" ".join(f"{name}={limit}" for name, limit in limits.items()))
        text = "Quota of project %(project)s is now %(limits)s"
        _write("quota_changed", text, project=subject, limits=shown)
    elif action == "delete_quota":
        _write("quota_reset", "Quota of project %(project)s is the default", project=subject)
    elif action == "delete_rbac_policy":
        _write("rbac_deleted", "RBAC policy %(policy)s is deleted", policy=subject)
    elif action in ("create_rbac_policy", "update_rbac_policy"):
        event = "rbac_created" if action == "create_rbac_policy" else "rbac_changed"
        for policy in _all(response, "rbac_policy", "rbac_policies"):
            _note_policy(event, policy)
    else:
        _note_sharing(request, response, str(fields["resource"]))


def _note_login(login: RefusedLogin, address: str | None) -> None:
    _write(
        "login_refused",
        "Login refused: mode=%(mode)s reason=%(reason)s user=%(user)s client=%(client)s",
        mode=Word(login.mode),
        reason=Word(login.why),
        user=None if login.user is None else as_token(login.user),
        client=address,
    )


def _note_policy(event: str, policy: Mapping[str, object]) -> None:
    target = policy.get("target_tenant")
    _write(
        event,
        "RBAC policy %(policy)s: %(action)s to %(object_type)s %(object)s for %(target)s",
        policy=policy.get("id"),
        action=Word(policy.get("action")),
        object_type=Word(policy.get("object_type")),
        object=policy.get("object_id"),
        target=Word("*") if target == "*" else target,
    )


def _note_sharing(request: Request, response: Response, kind: str) -> None:
    """Write what a resource's own attributes say of who may use it, where they were said."""
    new = request.method == "POST"
    changed: Collection[str] = getattr(request.context, "changed", ())
    if not new and not changed:
        return
    for resource in _all(response, kind, f"{kind}s"):
        for name in SHARING:
            if (new and resource.get(name) is True) or (name in changed and name in resource):
                _write(
                    "shared",
                    "%(kind)s %(object)s: %(attribute)s is %(value)s",
                    kind=Word(kind),
                    object=resource.get("id"),
                    attribute=Word(name),
                    value=bool(resource[name]),
                )


def _write(event: str, text: str, **about: object) -> None:
    shown = {name: NOTHING if value is None else value for name, value in about.items()}
    log.info(text, shown, extra={"fields": {"event": Word(event), **about}})


def _rule(response: Response) -> Word:
    # The text names the rules, and nothing else that varies.
    message = _media(response, "NeutronError").get("message", "")
    return Word(str(message).removesuffix(" is disallowed by policy"))


def _media(response: Response, name: str) -> Mapping[str, object]:
    found = response.media.get(name) if isinstance(response.media, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _all(response: Response, name: str, collection: str) -> list[Mapping[str, object]]:
    one = _media(response, name)
    if one:
        return [one]
    several = response.media.get(collection) if isinstance(response.media, Mapping) else None
    return [item for item in several if isinstance(item, Mapping)] if several else []
