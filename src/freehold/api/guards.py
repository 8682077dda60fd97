"""Who may do what with the resources of one kind: between the routes and what they lead to.

Each operation passes here before it is carried out, and each answer before it is given. Rules
decide (`freehold.api.policy`), and what they are asked about is read from the database only when
one looks at it; an administrator's request reads nothing more.

What somebody may not know of is not there: 404 as for what does not exist, in the same words. What
somebody may know of and not do is refused with 403. The owner of a thing does not change, so that
what its owner was allowed is allowed when it is carried out; of what is shared, see
docs/decisions/0014.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

from falcon import Request

from freehold.api.abouts import (
    OF_NETWORK,
    FactsOf,
    Layers,
    Load,
    facts_of_network,
    is_given,
    networks_of,
)
from freehold.api.attributes import PROJECT, Checked
from freehold.api.callers import Caller
from freehold.api.kinds import Kind, Service
from freehold.api.paging import SORT_KEY, Parameters
from freehold.api.policy import Policy
from freehold.api.refusals import HTTPBadRequest
from freehold.api.sights import Seen, seen_by
from freehold.errors import NotFound, PolicyNotAuthorized
from freehold.networking.paging import ALL, Page
from freehold.networking.sharing_values import SELECTIVE, VISIBLE, Sight
from freehold.networking.values import Filter

_BY_TAGS = dict.fromkeys(("tags-any", "not-tags", "not-tags-any"), "tags")

Rule = tuple[str, tuple[str, ...]]
"""A rule of an operation or attribute, and those of what stands in the attribute."""

Rules = Sequence[Rule]


@dataclass(frozen=True, slots=True)
class Nature:
    """What a guard has to know of one kind of resource.

    Attributes:
        kind: the kind.
        service: what is done with its resources.
        missing: what is raised where one of them is not there.
        sorts: of what sorts they are for those who look; see `freehold.api.sights`.
        is_shown_shared: whether a resource shows that it is shared with who looks at it.
    """

    kind: Kind[Any, Any, Any]
    service: Service[Any, Any, Any]
    missing: Callable[[str], NotFound]
    sorts: Sequence[str]
    is_shown_shared: bool = False


CheckReferences = Callable[[Caller, Sequence[Checked], Sequence[Mapping[str, object]]], None]
"""Is told what a client says of some resources, and what they are going to be then."""


def _refers_to_nothing(
    _caller: Caller, _items: Sequence[Checked], _abouts: Sequence[Mapping[str, object]]
) -> None:
    """Refuse nothing."""


class Guard:
    """Who may do what with the resources of one kind.

    Args:
        policy: the rules.
        nature: the kind.
        networks: the guard of networks, for what is on one; None for what is not.
        refers: refuses what resources refer to and the caller may not know of, or not use.
    """

    def __init__(
        self,
        policy: Policy,
        nature: Nature,
        networks: "Guard | None" = None,
        refers: "CheckReferences | None" = None,
    ) -> None:
        self._policy = policy
        self._nature = nature
        self._networks = networks
        self._refers = refers or _refers_to_nothing
        self._name = nature.kind.name
        self._hideable = policy.rules_below(f"get_{self._name}")

    def seen(self, caller: Caller, attribute: str = "") -> Seen:
        """Return what a caller may see, or of what he may see an attribute."""
        rule = f"get_{self._name}:{attribute}" if attribute else f"get_{self._name}"
        known = self._policy.remembered_of(caller).seen
        if rule not in known:
            known[rule] = seen_by(self._policy, caller, rule, self._nature.sorts)
        return known[rule]

    def sees_all(self, caller: Caller) -> bool:
        """Tell whether a caller may see whatever there is."""
        seen = self.seen(caller)
        return seen.sight.everything and not seen.each

    def check_query(self, caller: Caller, parameters: Parameters) -> None:
        """Refuse to filter or order a list by what is not shown to a caller.

        Raises:
            PolicyNotAuthorized: a parameter names such an attribute.
        """
        for parameter in (*parameters, *parameters.get(SORT_KEY, ())):
            name = _BY_TAGS.get(parameter, parameter)
            # Where each that is listed shows it, nothing is learnt by it.
            if name in self._hideable and not self.seen(caller, name).covers(self.seen(caller)):
                self._policy.require(f"get_{self._name}:{name}", caller, {})

    def find(self, caller: Caller, filters: Sequence[Filter], page: Page = ALL) -> tuple[Any, ...]:
        """Return those resources on a page that a caller may see; see `Seen.each`.

        Raises:
            NotFound: there is none with the marker's id that he may see.
        """
        sight = self.seen(caller).sight
        if sight.nothing:
            return ()
        if sight.everything and not (self._nature.is_shown_shared and caller.project_id):
            return self._nature.service.find(filters, page)
        if any(one.attribute in SELECTIVE for one in filters):
            sight = replace(sight, among_few=True)
        return self._nature.service.find([*filters, Filter(VISIBLE, (sight,))], page)

    def get(self, caller: Caller, resource_id: str) -> Any:
        """Return one resource that a caller may see.

        Raises:
            NotFound: there is none of this id that he may see.
        """
        if self.sees_all(caller) and not self._nature.is_shown_shared:
            return self._nature.service.get(resource_id)
        for found in self.find(caller, [Filter("id", (resource_id,))]):
            if self._may_see(caller, found):
                return found
        raise self._nature.missing(resource_id)

    def check_there(self, caller: Caller, resource_ids: Sequence[str]) -> None:
        """Refuse resources that a caller refers to and may not know of.

        Raises:
            NotFound: one of them is not there for him.
        """
        if not resource_ids or self.sees_all(caller):
            return
        found = {
            one.id
            for one in self.find(caller, [Filter("id", tuple(resource_ids))])
            if self._may_see(caller, one)
        }
        for resource_id in resource_ids:
            if resource_id not in found:
                raise self._nature.missing(resource_id)

    def caller(self, request: Request) -> Caller:
        """Return who makes a request.

        Raises:
            HTTPBadRequest: a header has what cannot be stored.
        """
        return self._policy.caller_of(request)

    def shown(self, caller: Caller, resources: Sequence[Any]) -> list[Mapping[str, object]]:
        """Return what a caller may see of resources that were found."""
        networks = cache(partial(self._network, caller))
        return [
            self._shown_of(caller, one, networks)
            for one in resources
            if self._may_see(caller, one, networks)
        ]

    def shown_new(self, caller: Caller, resources: Sequence[Any]) -> list[Mapping[str, object]]:
        """Return those attributes that a caller may see of resources that he created, for JSON."""
        networks = cache(partial(self._network, caller))
        return [self._shown_of(caller, one, networks) for one in resources]

    def shown_of(self, caller: Caller, resource: Any) -> Mapping[str, object]:
        """Return those attributes of a resource that a caller may see, for JSON."""
        return self._shown_of(caller, resource, partial(self._network, caller))

    def _shown_of(self, caller: Caller, resource: Any, networks: FactsOf) -> Mapping[str, object]:
        rendered = self._nature.kind.render(resource)
        seen = self.seen(caller)
        doubtful = [name for name in self._hideable if not self.seen(caller, name).covers(seen)]
        if not doubtful:
            return rendered
        about = self._about(rendered, of_network=networks)
        hidden = {
            name
            for name in doubtful
            if not self._policy.allows(f"get_{self._name}:{name}", caller, about)
        }
        return {name: value for name, value in rendered.items() if name not in hidden}

    def visible(self, caller: Caller, resource_id: str) -> Mapping[str, object]:
        """Return what rules can ask of a resource that a caller may see.

        Raises:
            NotFound: there is none of this id that he may see.
        """
        return self._nature.kind.render(self.get(caller, resource_id))

    def describe(self, caller: Caller, resource_id: str) -> Mapping[str, object]:
        """Return what rules can ask of a resource, be it visible or not.

        Raises:
            NotFound: there is none of this id.
        """
        sight = Sight(project_id=caller.project_id, everything=True)
        for found in self._nature.service.find(
            [Filter("id", (resource_id,)), Filter(VISIBLE, (sight,))], ALL
        ):
            return self._nature.kind.render(found)
        raise self._nature.missing(resource_id)

    def facts_of(self, caller: Caller, network_ids: Sequence[str]) -> FactsOf:
        """Return what tells of networks that a caller may see; the first asked for reads all."""

        @cache
        def read() -> Mapping[str, Mapping[str, object]]:
            return {
                one.id: facts_of_network(self._nature.kind.render(one))
                for one in self.find(caller, [Filter("id", tuple(network_ids))])
                if self._may_see(caller, one)
            }

        def facts(network_id: str) -> Mapping[str, object]:
            if network_id not in read():
                raise self._nature.missing(network_id)
            return read()[network_id]

        return facts

    def check_new(self, caller: Caller, items: Sequence[Checked]) -> None:
        """Refuse resources that a caller may not create.

        Raises:
            HTTPBadRequest: one is to belong to another project.
            NotFound: what one refers to is not there for the caller.
            PolicyNotAuthorized: one may not be created, or not with these attributes.
        """
        for values in items:
            if values[PROJECT] != caller.project_id:
                self._check_anothers(caller)
        networks = (self._networks or self).facts_of(caller, networks_of(items))
        abouts = [self._about(values, of_network=networks) for values in items]
        definition = self._nature.kind.attributes.definition
        for values, about in zip(items, abouts, strict=True):
            given = [
                name
                for name, spec in definition.items()
                if is_given(values, name) and values[name] != spec.get("default")
            ]
            rules = self._rules("create", given, values)
            if not self._allows(caller, rules, about):
                raise PolicyNotAuthorized(_text(rules))
        if self._networks is not None and not self._networks.sees_all(caller):
            for values in items:
                networks(values["network_id"])
        self._refers(caller, items, abouts)

    def check_change(self, caller: Caller, resource_id: str, values: Checked) -> None:
        """Refuse a change that a caller may not make.

        Raises:
            NotFound: the resource, or what it is to refer to, is not there for the caller.
            PolicyNotAuthorized: it may not be changed, or not these attributes of it.
        """
        definition = self._nature.kind.attributes.definition
        given = [name for name in definition if is_given(values, name)]
        about = self._check(caller, resource_id, self._rules("update", given, values), values)
        self._refers(caller, [values], [about])

    def check(self, caller: Caller, resource_id: str, rule: str) -> None:
        """Refuse what a caller may not do with a resource.

        Raises:
            NotFound: the resource is not there for the caller.
            PolicyNotAuthorized: he may not do it.
        """
        self._check(caller, resource_id, [(rule, ())], {})

    def check_verb(self, caller: Caller, resource_id: str, verb: str, attribute: str = "") -> None:
        """Refuse to have a caller do something with a resource, or an attribute of it.

        Raises:
            NotFound: the resource is not there for the caller.
            PolicyNotAuthorized: he may not do it.
        """
        rule = f"{verb}_{self._name}"
        self.check(caller, resource_id, f"{rule}:{attribute}" if attribute else rule)

    def allows(self, caller: Caller, resource_id: str, rule: str) -> bool:
        """Tell whether a caller may do something with a resource that he may see.

        Raises:
            NotFound: a rule looks at the resource, and it is not there for the caller.
        """
        about = self._about({}, present=cache(partial(self.visible, caller, resource_id)))
        return self._policy.allows(rule, caller, about)

    def _check(
        self, caller: Caller, resource_id: str, rules: Rules, values: Mapping[str, object]
    ) -> Layers:
        present = cache(partial(self.visible, caller, resource_id))
        about = self._about(values, present, cache(partial(self._network, caller)))
        if not self._allows(caller, rules, about):
            # Raises if it may not even be known that the resource is there.
            present()
            raise PolicyNotAuthorized(_text(rules))
        return about

    def _check_anothers(self, caller: Caller) -> None:
        if not self._policy.allows("context_can_set_project_id", caller, {}):
            raise HTTPBadRequest(
                "Specifying 'project_id' other than the authenticated project in request is not "
                "allowed for the current user."
            )

    def _rules(self, verb: str, given: Sequence[str], values: Mapping[str, object]) -> Rules:
        """Return the rules of an operation and of the attributes that are given in it."""
        action = f"{verb}_{self._name}"
        rules: list[Rule] = [(action, ())]
        for name in given:
            rule, value = f"{action}:{name}", values[name]
            items = value if isinstance(value, list) else []
            keys = dict.fromkeys(key for item in items if isinstance(item, Mapping) for key in item)
            below = tuple(f"{rule}:{key}" for key in keys if self._policy.has(f"{rule}:{key}"))
            if below or self._policy.has(rule):
                rules.append((rule, below))
        return rules

    def _allows(self, caller: Caller, rules: Rules, about: Mapping[str, object]) -> bool:
        return all(
            self._policy.allows(one, caller, about)
            for rule, below in rules
            for one in (rule, *below)
        )

    def _about(
        self,
        values: Mapping[str, object],
        present: Load | None = None,
        of_network: FactsOf | None = None,
    ) -> Layers:
        """Return what rules can ask of a resource, with what it is to be, and its network."""
        layers = Layers(values, None if present is None else (None, present))
        if self._networks is None or of_network is None:
            return layers
        return Layers(layers, (OF_NETWORK, lambda: of_network(str(layers["network_id"]))))

    def _may_see(self, caller: Caller, resource: Any, networks: FactsOf | None = None) -> bool:
        if not self.seen(caller).each:
            return True
        facts = networks or partial(self._network, caller)
        about = self._about(self._nature.kind.render(resource), of_network=facts)
        return self._policy.allows(f"get_{self._name}", caller, about)

    def _network(self, caller: Caller, network_id: str) -> Mapping[str, object]:
        networks = self._networks or self
        return facts_of_network(networks.describe(caller, network_id))


def _text(rules: Rules) -> str:
    """Return rules that are to be passed together, as oslo.policy writes them."""
    text = ""
    for rule, below in rules:
        one = f"rule:{rule}"
        if below:
            one = f"({one} and {_joined(below)})"
        text = f"({text} and {one})" if text else one
    return text


def _joined(rules: Sequence[str]) -> str:
    return f"({' and '.join(f'rule:{rule}' for rule in rules)})"
