"""``freehold config show``: the configuration as it is in effect, and where it is from.

What it prints can be used as a configuration file, but for secrets, which are not shown.
"""

import json
import os
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from dataclasses import dataclass

from oslo_config import cfg

from freehold.cli.secret_words import refuse_secret_words
from freehold.config import DATABASE_VARIABLE, load_settings, logs
from freehold.config.options import DEFAULT, Options
from freehold.db.urls import secrets_in_url, shown_url

HIDDEN = "***"

_USED_OF_POLICY = {"policy_file", "policy_dirs"}

_OF_THE_COMMAND_LINE = {"config_dir", "config_file", "config_source", "shell_completion"}
"""Options that oslo.config has for itself."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An option as it is shown.

    Attributes:
        group: its group.
        name: its name.
        value: its value; None for none.
        source: where that is from.
        commented: whether the line is a comment, as it would mean something else if it
            was none: a value that is not, or not all, shown, or a file that is used if it is there.
    """

    group: str
    name: str
    value: object
    source: str
    commented: bool = False


def add_to(commands: "_SubParsersAction[ArgumentParser]") -> ArgumentParser:
    """Add the command's words to the parser, and return that of ``show``."""
    actions = commands.add_parser("config", help="look at the configuration").add_subparsers(
        required=True, metavar="ACTION"
    )
    showing = actions.add_parser("show", help="show what is in effect, without secrets")
    showing.add_argument("--json", dest="as_json", action="store_true", help="for a program")
    showing.set_defaults(run=run)
    return showing


def run(options: Namespace) -> None:
    """Print the configuration.

    Raises:
        ConfigurationError, CommandFailed: it cannot work.
    """
    refuse_secret_words(options.database_url)
    known = Options()
    settings = load_settings(options.config_file, options=known)
    url = options.database_url or settings.database_url
    shown = list(_shown(known, url, said=options.database_url is not None))
    print(as_json(shown) if options.as_json else as_file(shown))


def as_json(shown: list[Shown]) -> str:
    """Return options as a JSON document, by group and name."""
    groups: dict[str, dict[str, object]] = {}
    for one in shown:
        groups.setdefault(one.group, {})[one.name] = {"value": one.value, "from": one.source}
    return json.dumps(groups, indent=2)


def as_file(shown: list[Shown]) -> str:
    """Return options as a configuration file has them."""
    lines: list[str] = []
    group = None
    for one in shown:
        if one.group != group:
            group = one.group
            lines += ["", f"[{group}]"]
        unsaid = one.value is None or one.commented
        lines.append(f"# {one.source}")
        lines.append(f"{'# ' if unsaid else ''}{one.name} = {_text(one.value)}".rstrip())
    return "\n".join(lines[1:])


def _shown(options: Options, url: str, *, said: bool) -> Iterator[Shown]:
    for group, name in sorted(options.known, key=lambda one: (one[0] != DEFAULT, one)):
        if group == DEFAULT and name in logs.NOT_OFFERED | _OF_THE_COMMAND_LINE:
            continue
        if group == "oslo_policy" and name not in _USED_OF_POLICY:
            continue
        value, source = options.value(group, name), _source(options, group, name)
        if (group, name) == ("database", "connection"):
            source = _source_of_url(source, said)
            yield Shown(group, name, shown_url(url), source, commented=any(secrets_in_url(url)))
        elif options.known[group, name].secret and value:
            yield Shown(group, name, HIDDEN, source, commented=True)
        else:
            optional = name == "policy_file" and source == "default"
            yield Shown(group, name, value, source, commented=optional)


def _source(options: Options, group: str, name: str) -> str:
    place = options.get_location(name, None if group == DEFAULT else group)
    if place is None:
        return "default"
    match place.location:
        case cfg.Locations.user:
            return str(place.detail)
        case cfg.Locations.environment:
            return f"environment: OS_{group.upper()}__{name.upper()}"
        case cfg.Locations.set_override:
            return f"environment: OS_{group.upper()}__{name.upper()}_FILE"
    return "default"


def _source_of_url(source: str, said: bool) -> str:
    if said:
        return "command line"
    for variable in (DATABASE_VARIABLE, f"{DATABASE_VARIABLE}_FILE"):
        if os.environ.get(variable):
            return f"environment: {variable}"
    return source


def _text(value: object) -> str:
    """Return a value as oslo.config reads it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() | tuple():
            return ",".join(map(_text, value))
        case dict():
            return ",".join(f"{name}:{_text(one)}" for name, one in value.items())
    text = str(value).replace("$", "$$")
    return f'"{text}"' if text != text.strip() else text
