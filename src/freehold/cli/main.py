"""The command line: what can be said, and how a command ends.

The service is loaded by the commands that need it: that takes a second.
"""

import logging
import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from freehold import __version__
from freehold.cli import configuration, database, history, neutron, user_command
from freehold.cli.failure import CommandFailed, ExitCode
from freehold.cli.listening import ALLOW_PLAIN, ALLOW_REMOTE
from freehold.cli.secret_words import refuse_secret_words
from freehold.config import Settings, load_settings
from freehold.errors import ConfigurationError, FreeholdError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command ``freehold``.

    Args:
        arguments: the words after the command's name; the process's own by default.

    Returns:
        The exit code: 0, or 1 if the machine does not allow it, or 2 if it was not
        meant so, or another one that the command returned. (argparse leaves by
        itself, with 2, when it understands nothing.)
    """
    options = _parser().parse_args(arguments)
    # What fails before the service has its log is told once, by the command.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        code = options.run(options)
    except ConfigurationError as error:
        return _fail(str(error), ExitCode.MISUSED)
    except FreeholdError as error:
        return _fail(str(error), ExitCode.FAILED)
    except CommandFailed as error:
        return _fail(str(error), error.code)
    return int(code or ExitCode.OK)


def _fail(text: str, code: ExitCode) -> int:
    print(f"freehold: {' '.join(text.split())}", file=sys.stderr)
    return int(code)


def _serve(options: Namespace) -> None:
    from freehold.cli.serve import serve

    serve(_settings(options), allow_remote=options.allow_remote, allow_plain=options.allow_plain)


def _upgrade(options: Namespace) -> None:
    print(database.upgrade(_settings(options)))


def _current(options: Namespace) -> None:
    print(database.describe(_settings(options)))


def _tell_history(options: Namespace) -> None:
    print(
        history.tell(
            _settings(options),
            options.address,
            subnet_id=options.subnet_id,
            at=options.at,
            as_json=options.as_json,
        )
    )


def _forget_history(options: Namespace) -> None:
    print(history.forget(_settings(options), options.days))


def _settings(options: Namespace) -> Settings:
    """Read the configuration, and replace what the command line says otherwise."""
    said: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("database_url", "bind_host", "bind_port", "api_workers")
        if getattr(options, name, None) is not None
    }
    refuse_secret_words(said.get("database_url"))
    return replace(load_settings(options.config_file), **said)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="freehold", description="The address register for clouds.")
    parser.add_argument("--version", action="version", version=f"freehold {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="serve the OpenStack Networking API v2.0")
    _add_common(serving)
    serving.add_argument(
        "--host", dest="bind_host", metavar="H", help="address to listen on (127.0.0.1)"
    )
    serving.add_argument(
        "--port",
        dest="bind_port",
        metavar="P",
        type=int,
        help="TCP port to listen on (9696); 0 for any that is free",
    )
    serving.add_argument(
        "--workers",
        dest="api_workers",
        metavar="N",
        type=int,
        help="how many processes serve requests (1)",
    )
    serving.add_argument(
        ALLOW_REMOTE,
        dest="allow_remote",
        action="store_true",
        help="listen on an address that other machines reach, though anybody who "
        "reaches it is an administrator",
    )
    serving.add_argument(
        ALLOW_PLAIN,
        dest="allow_plain",
        action="store_true",
        help="let clients of other machines send passwords and tokens without TLS",
    )
    serving.set_defaults(run=_serve)

    looking_after = commands.add_parser("db", help="look after the database")
    actions = looking_after.add_subparsers(required=True, metavar="ACTION")
    upgrading = actions.add_parser("upgrade", help="bring it to this version's schema")
    _add_common(upgrading)
    upgrading.set_defaults(run=_upgrade)
    telling = actions.add_parser("current", help="tell which schema it has")
    _add_common(telling)
    telling.set_defaults(run=_current)
    _add_history(commands)
    neutron.add_to(commands)
    user_command.add_to(commands, _settings)
    _add_common(configuration.add_to(commands))
    return parser


def _add_history(commands: "_SubParsersAction[ArgumentParser]") -> None:
    asking = commands.add_parser("history", help="tell who holds and who held an address")
    _add_common(asking)
    asking.add_argument("address", metavar="ADDRESS", help="an IP address")
    asking.add_argument("--subnet", dest="subnet_id", metavar="ID", help="on this subnet only")
    asking.add_argument(
        "--at", metavar="TIME", help="only who held it then; such as 2026-03-01T12:00:00Z"
    )
    asking.add_argument("--json", dest="as_json", action="store_true", help="for a program")
    asking.set_defaults(run=_tell_history)
    forgetting = commands.add_parser("forget-history", help="forget who held addresses long ago")
    _add_common(forgetting)
    forgetting.add_argument(
        "--older-than",
        dest="days",
        metavar="DAYS",
        type=int,
        required=True,
        help="forget who gave an address back longer ago than that",
    )
    forgetting.set_defaults(run=_forget_history)


def _add_common(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        dest="database_url",
        metavar="URL",
        help="SQLAlchemy database URL (an SQLite file in the user's data folder)",
    )
    parser.add_argument(
        "--config-file",
        metavar="F",
        action="append",
        help="configuration file; may be said several times, the last one wins "
        "(/etc/freehold/freehold.conf and other usual places)",
    )
