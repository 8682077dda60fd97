"""oslo.policy, which decides whether somebody may do something: the only place that asks it.

Rules are read once, when the service starts: after a change of a policy file it is restarted.
So what a rule says of somebody without looking at what it is about stays true, and is kept: an
administrator's request costs no evaluation of rules but the first.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from falcon import Request
from oslo_config import cfg
from oslo_policy import opts
from oslo_policy import policy as oslo

from freehold.api.callers import Caller, caller_of
from freehold.api.policies import list_rules
from freehold.config import Settings
from freehold.errors import ConfigurationError, PolicyNotAuthorized

if TYPE_CHECKING:
    from freehold.api.sights import Seen

GROUP = "oslo_policy"

# Of a file that is YAML and no mapping, oslo.policy asks for what only mappings have.
_UNREADABLE = (cfg.Error, AttributeError, OSError, TypeError, ValueError)

MOST_CALLERS = 1_000
"""How many callers are remembered; then all are forgotten."""

LONGEST_KEPT = 1_024
"""Who is remembered at all: whose roles have no more characters together.

Else the memory that this takes would be up to who calls.
"""


class Target(Mapping[str, object]):
    """What a rule is about, and whether the rule has looked at it.

    Args:
        values: its attributes.
    """

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> object:
        """Return an attribute, and note that it was looked at."""
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What has been found out of a caller.

    Attributes:
        answers: whether a rule allows something, whatever it is about.
        seen: what a rule allows the caller to see.
    """

    answers: dict[str, bool] = field(default_factory=dict)
    seen: "dict[str, Seen]" = field(default_factory=dict)


class Policy:
    """The rules as they are with what the operator has replaced.

    Args:
        settings: where the policy files are.

    Raises:
        ConfigurationError: a policy file cannot be read, or makes no sense.
    """

    def __init__(self, settings: Settings) -> None:
        self._enforcer = _loaded(_configuration(settings), settings.policy_files.file)
        self._remembered: dict[Caller, Remembered] = {}

    def caller_of(self, request: Request) -> Caller:
        """Return who makes a request.

        Raises:
            HTTPBadRequest: a header has what cannot be stored.
        """
        caller = caller_of(request)
        return replace(caller, is_admin=self.allows("context_is_admin", caller, {}))

    def remembered_of(self, caller: Caller) -> Remembered:
        """Return what has been found out of a caller, to be added to."""
        # Another thread may forget all of them meanwhile.
        known = self._remembered.get(caller)
        if known is not None:
            return known
        if sum(map(len, caller.roles | caller.service_roles)) > LONGEST_KEPT:
            return Remembered()
        if len(self._remembered) >= MOST_CALLERS:
            self._remembered.clear()
        return self._remembered.setdefault(caller, Remembered())

    def has(self, rule: str) -> bool:
        """Tell whether there is a rule of this name."""
        return rule in self._enforcer.rules

    def rules_below(self, rule: str) -> tuple[str, ...]:
        """Return the attributes for which there is a rule of their own below a rule."""
        beginning = f"{rule}:"
        return tuple(
            name.removeprefix(beginning)
            for name in self._enforcer.rules
            if name.startswith(beginning)
        )

    def allows(self, rule: str, caller: Caller, about: Mapping[str, object]) -> bool:
        """Tell whether a rule allows something; a rule that is not there does not.

        Args:
            rule: the rule's name.
            caller: who wants to do it.
            about: the attributes of what it is done to.
        """
        answers = self.remembered_of(caller).answers
        if rule in answers:
            return answers[rule]
        target = about if isinstance(about, Target) else Target(about)
        before = set(target.asked)
        target.asked.clear()
        allowed = bool(self._enforcer.enforce(rule, target, caller.credentials()))
        if not target.asked and self.has(rule):
            answers[rule] = allowed
        target.asked |= before
        return allowed

    def require(self, rule: str, caller: Caller, about: Mapping[str, object]) -> None:
        """Refuse what a rule does not allow.

        Raises:
            PolicyNotAuthorized: it does not.
        """
        if not self.allows(rule, caller, about):
            raise PolicyNotAuthorized(f"rule:{rule}")


def get_enforcer() -> oslo.Enforcer:
    """Return the rules for the tools of oslo.policy, with the policy file of the configuration.

    The tools have options of their own on the command line, which are none of Freehold's.
    """
    named = {"--config-file", "--config-dir"}
    arguments = [
        text
        for place, one in enumerate(sys.argv[1:], start=1)
        for text in (one, *sys.argv[place + 1 : place + 2])
        if one in named
    ]
    configuration = cfg.ConfigOpts()
    opts.set_defaults(configuration)
    configuration(arguments, project="freehold")
    enforcer = oslo.Enforcer(configuration)
    enforcer.register_defaults(list_rules())
    return enforcer


def _configuration(settings: Settings) -> cfg.ConfigOpts:
    configuration = cfg.ConfigOpts()
    opts.set_defaults(configuration)
    configuration([], project="freehold", default_config_files=[], default_config_dirs=[])
    configuration.set_override("policy_dirs", list(settings.policy_files.folders), GROUP)
    return configuration


def _loaded(configuration: cfg.ConfigOpts, file: str) -> oslo.Enforcer:
    # Without a file it would look for one in the usual places, which the settings have done.
    enforcer = oslo.Enforcer(configuration, policy_file=file or "/dev/null")
    enforcer.register_defaults(list_rules())
    try:
        enforcer.load_rules(force_reload=True)
        enforcer.check_rules(raise_on_violation=True)
    except (*_UNREADABLE, oslo.InvalidDefinitionError) as error:
        raise ConfigurationError(f"[{GROUP}] policy_file", str(error)) from error
    # From here on nothing looks at the files.
    enforcer.use_conf = False
    return enforcer
