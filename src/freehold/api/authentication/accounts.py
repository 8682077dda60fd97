"""The file that says of each user in which project he is, and with which roles.

::

    alice:
      project_id: 8d1c34c5e1fb4d5ea6c1a2bb0e3a0c7e
      roles: [member]

Roles imply one another here as Keystone's defaults have it, so that ``admin`` need
not be told to be a member, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from freehold.api.callers import LONGEST_PROJECT_ID
from freehold.errors import ConfigurationError

_IMPLIED = {"admin": "manager", "manager": "member", "member": "reader"}
_KEYS = {"project_id", "roles"}


@dataclass(frozen=True, slots=True)
class Account:
    """In whose name a user makes requests.

    Attributes:
        project_id: the project.
        roles: what the user is in it, implied roles not among them.
    """

    project_id: str
    roles: tuple[str, ...]

    @property
    def all_roles(self) -> tuple[str, ...]:
        """The roles, implied ones among them."""
        found: list[str] = []
        for role in map(str.lower, self.roles):
            one: str | None = role
            while one is not None and one not in found:
                found.append(one)
                one = _IMPLIED.get(one)
        return tuple(found)


def is_name(text: object) -> bool:
    """Tell whether something can be a user's, a project's or a role's name."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= LONGEST_PROJECT_ID
        and text.isprintable()
        and text == text.strip()
    )


def is_user_name(text: object) -> bool:
    """Tell whether something can be a user's name; it stands before a colon in its line."""
    return is_name(text) and ":" not in str(text) and not str(text).startswith("#")


def is_role(text: object) -> bool:
    """Tell whether something can be a role's name; several stand with commas between them."""
    return is_name(text) and "," not in str(text)


def parse_accounts(text: str, option: str) -> dict[str, Account]:
    """Read the file.

    Args:
        text: what is in it.
        option: what names the file, for errors.

    Raises:
        ConfigurationError: it is not YAML, or says something else.
    """
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(option, "the file is not YAML") from error
    if document is None:
        return {}
    if not isinstance(node, yaml.MappingNode) or not isinstance(document, dict):
        raise ConfigurationError(option, "the file is not a mapping of users")
    if len(document) != len(node.value):
        raise ConfigurationError(option, "the file has a user twice")
    return {_user(name, option): _account(name, said, option) for name, said in document.items()}


def _user(name: object, option: str) -> str:
    if not is_user_name(name):
        raise ConfigurationError(
            option, f"{name!r} is not a user's name; put what looks like a number into quotes"
        )
    return str(name)


def _account(name: object, said: object, option: str) -> Account:
    if not isinstance(said, Mapping) or set(said) != _KEYS:
        raise ConfigurationError(option, f"user {name!r} does not have a project_id and roles")
    project_id, roles = said["project_id"], said["roles"]
    if not is_name(project_id):
        raise ConfigurationError(
            option,
            f"the project_id of user {name!r} is not a text of 1 to {LONGEST_PROJECT_ID} "
            "characters; put what looks like a number into quotes",
        )
    if not isinstance(roles, list) or not all(map(is_role, roles)):
        raise ConfigurationError(option, f"the roles of user {name!r} are not a list of names")
    return Account(project_id, tuple(roles))


def format_accounts(accounts: Mapping[str, Account]) -> str:
    """Return what `parse_accounts` reads."""
    return "".join(_entry(name, account) for name, account in accounts.items())


def _entry(name: str, account: Account) -> str:
    said: dict[str, str | Iterable[str]] = {
        "project_id": account.project_id,
        "roles": list(account.roles),
    }
    return str(yaml.safe_dump({name: said}, allow_unicode=True, sort_keys=False))
