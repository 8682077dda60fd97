"""What can be said after ``freehold user``; what it does is in `freehold.cli.users`."""

from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable

from freehold.config import Settings

ReadSettings = Callable[[Namespace], Settings]


def add_to(commands: "_SubParsersAction[ArgumentParser]", read: ReadSettings) -> None:
    """Add the command's words to the parser.

    Args:
        commands: where they go.
        read: reads the configuration.
    """
    parser = commands.add_parser("user", help="look after who may log in with a password")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    adding = actions.add_parser(
        "add", help="make one; the password comes from the terminal or from standard input"
    )
    adding.add_argument("name", metavar="NAME", help="the user's name")
    adding.add_argument(
        "--project", dest="project_id", metavar="ID", required=True, help="the user's project"
    )
    adding.add_argument(
        "--role",
        dest="roles",
        metavar="ROLE",
        action="append",
        help="admin, manager, member, reader, service or another (member); may be said several "
        "times",
    )
    adding.add_argument("--generate", action="store_true", help="make up a password and show it")
    adding.add_argument("--replace", action="store_true", help="change one who is there")
    removing = actions.add_parser("remove", help="remove one, who is refused from then on")
    removing.add_argument("name", metavar="NAME", help="the user's name")
    listing = actions.add_parser("list", help="tell who they are, and their roles")
    for action, run in ((adding, _add), (removing, _remove), (listing, _list)):
        action.add_argument(
            "--config-file",
            metavar="F",
            action="append",
            help="configuration file; may be said several times, the last one wins "
            "(/etc/freehold/freehold.conf and other usual places)",
        )
        action.set_defaults(run=run, read=read)


# What these load is large, and needed by no other command.


def _add(options: Namespace) -> None:
    from freehold.cli import users

    print(users.add(options.read(options), options))


def _remove(options: Namespace) -> None:
    from freehold.cli import users

    print(users.remove(options.read(options), options.name))


def _list(options: Namespace) -> None:
    from freehold.cli import users

    print(users.list_all(options.read(options)))
