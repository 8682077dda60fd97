"""``/v2.0/quotas``: how many resources a project may have, and has.

Who sees and changes them is for the rules to say. These are no resources that are created: each
project has its limits, be they its own or the configured ones.
"""

from collections.abc import Mapping
from http import HTTPStatus

from falcon import Request, Response
from neutron_lib.api.converters import convert_to_boolean, convert_to_int

from freehold.api import queries
from freehold.api.attributes import AttributeMap
from freehold.api.bodies import BodyLimits, put_resource, refuse_body
from freehold.api.paging import links
from freehold.api.policy import Policy
from freehold.api.projects import LONGEST_PROJECT_ID, project_of
from freehold.api.queries import read_fields, read_query
from freehold.api.refusals import HTTPBadRequest, QuotaMissingTenant
from freehold.networking.quota_values import LARGEST_LIMIT, UNLIMITED, Counted, QuotaLimits, Usage
from freehold.networking.quotas import Quotas

NAME = "quota"
COLLECTION = "quotas"

FORCE = "force"
CHECK = "check_limit"

_READ_ONLY = {"allow_post": False, "allow_put": False, "is_visible": True}
_FLAG = {
    "allow_post": False,
    "allow_put": True,
    "convert_to": convert_to_boolean,
    "is_visible": False,
}
_LIMIT = {
    "allow_post": False,
    "allow_put": True,
    "convert_to": convert_to_int,
    "validate": {"type:range": [UNLIMITED, LARGEST_LIMIT]},
    "is_visible": True,
}

ATTRIBUTES = AttributeMap(
    {
        "tenant_id": _READ_ONLY,
        # A limit is compared with what there is unless it is forced: so Neutron does, too,
        # whatever the older of the two flags says.
        FORCE: _FLAG,
        CHECK: _FLAG,
        **{resource.value: _LIMIT for resource in Counted},
    }
)

FILTERS = {"tenant_id": queries.project, "project_id": queries.project}
SORT_KEYS = frozenset(FILTERS)


class ProjectsWithQuotas:
    """The projects that have limits of their own.

    Args:
        quotas: the quotas.
        policy: who may do what.
        longest_page: how many one answer may list; None for any number.
    """

    def __init__(self, quotas: Quotas, policy: Policy, longest_page: int | None = None) -> None:
        self._quotas = quotas
        self._policy = policy
        self._longest_page = longest_page

    @property
    def longest_page(self) -> int | None:
        """How many projects one answer may list; None for any number."""
        return self._longest_page

    def on_get(self, request: Request, response: Response) -> None:
        """List those that meet the filters, or a page of them."""
        self._policy.require("get_quota", self._policy.caller_of(request), {})
        query = read_query(request, FILTERS, SORT_KEYS, self._longest_page)
        found = self._quotas.own_limits(query.filters, query.page)
        beside = links(request, query.parameters, query.page, [*found])
        shown = [
            query.fields.of({**_limits(limits), "project_id": project_id, "tenant_id": project_id})
            for project_id, limits in found.items()
        ]
        response.media = {COLLECTION: shown, **({f"{COLLECTION}_links": beside} if beside else {})}


class QuotaOfProject:
    """The limits of one project.

    Args:
        quotas: the quotas.
        limits: what a request's body may measure.
        policy: who may do what.
    """

    def __init__(self, quotas: Quotas, limits: BodyLimits, policy: Policy) -> None:
        self._quotas = quotas
        self._limits = limits
        self._policy = policy

    def on_get(self, request: Request, response: Response, project_id: str) -> None:
        """Show them."""
        _require(self._policy, "get_quota", request, project_id)
        fields = read_fields(request)
        limits = self._quotas.limits(project_id)
        response.media = {NAME: fields.of(_limits(limits))}

    def on_put(self, request: Request, response: Response, project_id: str) -> None:
        """Change some of them."""
        _require(self._policy, "update_quota", request, project_id)
        if len(project_id) > LONGEST_PROJECT_ID:
            raise HTTPBadRequest(
                detail=f"A project's id has no more than {LONGEST_PROJECT_ID} characters."
            )
        sent = put_resource(request, self._limits, NAME, COLLECTION)
        checked = ATTRIBUTES.check_changed(sent)
        wanted = {one: checked[one.value] for one in Counted if one.value in checked}
        limits = self._quotas.change(project_id, wanted, force=checked.get(FORCE, False))
        response.media = {NAME: _limits(limits)}

    def on_delete(self, request: Request, response: Response, project_id: str) -> None:
        """Have the configured ones hold instead."""
        _require(self._policy, "delete_quota", request, project_id)
        refuse_body(request)
        self._quotas.reset(project_id)
        response.status = HTTPStatus.NO_CONTENT


class DefaultQuota:
    """The configured limits: ``/v2.0/quotas/{project_id}/default``.

    Args:
        quotas: the quotas.
        policy: who may do what.
    """

    def __init__(self, quotas: Quotas, policy: Policy) -> None:
        self._quotas = quotas
        self._policy = policy

    def on_get(self, request: Request, response: Response, project_id: str) -> None:
        """Show them; they are the same for each project."""
        _require(self._policy, "get_quota", request, project_id)
        response.media = {NAME: _limits(self._quotas.defaults)}


class QuotaDetails:
    """Limits and what is used of them: ``/v2.0/quotas/{project_id}/details``.

    Args:
        quotas: the quotas.
        policy: who may do what.
    """

    def __init__(self, quotas: Quotas, policy: Policy) -> None:
        self._quotas = quotas
        self._policy = policy

    def on_get(self, request: Request, response: Response, project_id: str) -> None:
        """Show them."""
        _require(self._policy, "get_quota", request, project_id)
        used = self._quotas.usage(project_id)
        response.media = {NAME: {resource.value: _usage(used[resource]) for resource in Counted}}


class OwnProject:
    """In whose name the request is made: ``/v2.0/quotas/project``, or ``tenant`` of old.

    Args:
        name: by which of the two.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def on_get(self, request: Request, response: Response) -> None:
        """Tell."""
        project_id = project_of(request)
        if not project_id:
            raise QuotaMissingTenant
        response.media = {self._name: {f"{self._name}_id": project_id}}


def _require(policy: Policy, rule: str, request: Request, project_id: str) -> None:
    policy.require(rule, policy.caller_of(request), {"project_id": project_id})


def _limits(limits: QuotaLimits) -> dict[str, int]:
    return {resource.value: limit for resource, limit in limits}


def _usage(usage: Usage) -> Mapping[str, int]:
    # Room is taken with what is created, and nothing is reserved before.
    return {"limit": usage.limit, "used": usage.used, "reserved": 0}
