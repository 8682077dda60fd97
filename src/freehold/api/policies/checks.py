"""What a rule can ask beyond what oslo.policy has: the value of an attribute.

oslo.policy reads a rule when the rule is made, so that this has to be there before.
"""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from oslo_policy import policy as oslo


@oslo.register("field")
class FieldCheck(oslo.Check):
    """``field:networks:shared=True``: an attribute of what a rule is about has a value.

    A value that begins with ``~`` is a regular expression for the attribute's beginning.
    """

    def __init__(self, kind: str, match: str) -> None:
        super().__init__(kind, match)
        _, _, attribute = match.partition(":")
        self._name, _, value = attribute.rpartition("=")
        self._value = value
        self._pattern = re.compile(value[1:]) if value.startswith("~") else None

    def __call__(
        self,
        target: Mapping[str, Any],
        _creds: MutableMapping[str, Any],
        _enforcer: oslo.Enforcer,
        _rule: str | None = None,
    ) -> bool:
        """Compare them; what is not there has no value."""
        value = target.get(self._name)
        if value is None:
            return False
        if self._pattern is not None:
            return self._pattern.match(str(value)) is not None
        return str(value) == self._value
