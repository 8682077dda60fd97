"""``freehold neutron audit``: on the database of a Neutron, with or without its driver of ours.

The database is the one of Neutron's own configuration. Its URL, which has a
password in it, is never taken from the command line, where all users of the
machine could read it.
"""

import json
import sys
import time
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from itertools import groupby

from oslo_config import cfg
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import ArgumentError

from freehold.cli.failure import CommandFailed, ExitCode
from freehold.db.urls import secrets_in_url
from freehold.logs.secrets import Secrets
from freehold.neutron.audit import audit, look, still_there
from freehold.neutron.connecting import Failures, open_engine, told_by
from freehold.neutron.findings import CAUSES, MEANINGS, Finding
from freehold.neutron.repairs import repair_all
from freehold.neutron.tables import metadata

PAUSE_SECONDS = 30
CONFIG_FILE = "/etc/neutron/neutron.conf"

_CONNECTION = cfg.StrOpt("connection", secret=True)


def add_to(commands: "_SubParsersAction[ArgumentParser]") -> None:
    """Add the command's words to the parser."""
    neutron = commands.add_parser("neutron", help="look after the database of a Neutron")
    actions = neutron.add_subparsers(required=True, metavar="ACTION")
    auditing = actions.add_parser(
        "audit",
        help="compare what the IPAM driver holds with what ports have",
        epilog="Exit code: 0 if all is in order or was repaired, 3 if something was found "
        "and is left, 1 if the database failed, 2 if it was not meant so.",
    )
    auditing.add_argument(
        "--config-file",
        metavar="F",
        action="append",
        help=f"Neutron's configuration ({CONFIG_FILE}); may be said several times. The "
        "environment's OS_DATABASE__CONNECTION goes before what it says",
    )
    auditing.add_argument(
        "--pause",
        metavar="SECONDS",
        type=float,
        default=PAUSE_SECONDS,
        help=f"between the two looks that both have to show a finding ({PAUSE_SECONDS})",
    )
    auditing.add_argument(
        "--repair", action="store_true", help="show a plan, and repair if that is confirmed"
    )
    auditing.add_argument("--yes", action="store_true", help="repair without asking")
    auditing.add_argument("--json", dest="as_json", action="store_true", help="for a program")
    auditing.set_defaults(run=run)


def main(arguments: Sequence[str]) -> int:
    """Run the command where the service is not installed; return its exit code."""
    parser = ArgumentParser(prog="freehold")
    add_to(parser.add_subparsers(required=True, metavar="COMMAND"))
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except CommandFailed as error:
        print(f"freehold: {' '.join(str(error).split())}", file=sys.stderr)
        return int(error.code)


def run(options: Namespace) -> ExitCode:
    """Audit, print what was found, and repair it if that is wanted.

    Raises:
        CommandFailed: the options contradict each other, no database is named, it
            fails, or it is not Neutron's.
    """
    if options.pause < 0:
        raise CommandFailed("A pause is 0 seconds or longer.", ExitCode.MISUSED)
    if options.yes and not options.repair:
        raise CommandFailed("--yes confirms a repair: say --repair as well.", ExitCode.MISUSED)
    with _neutron(database_url(options.config_file)) as engine:
        wait = partial(time.sleep, options.pause)
        found = audit(engine, wait)
        planned = [finding for finding in found if options.repair and finding.repair]
        if options.as_json:
            confirmed = options.yes
        else:
            print(described(found))
            if planned:
                print(plan_of(planned))
            confirmed = options.yes or (bool(planned) and _confirmed())
        confirmed_plan = planned if confirmed else []
        left = _carry_out(engine, found, confirmed_plan, wait, as_json=options.as_json)
    return ExitCode.FOUND if left else ExitCode.OK


def database_url(config_files: Sequence[str] | None) -> str:
    """Return the URL of Neutron's database, as Neutron itself would find it.

    Raises:
        CommandFailed: there is none, or a file cannot be read.
    """
    configuration = cfg.ConfigOpts()
    configuration.register_opt(_CONNECTION, group="database")
    try:
        configuration(
            [], project="neutron", default_config_files=list(config_files or _usual_files())
        )
        url = configuration.database.connection
    except cfg.Error as error:
        raise CommandFailed(str(error), ExitCode.MISUSED) from error
    if not url:
        raise CommandFailed(
            "No database is named: say --config-file with Neutron's configuration that has "
            "[database] connection, or set OS_DATABASE__CONNECTION.",
            ExitCode.MISUSED,
        )
    return str(url)


def described(found: Sequence[Finding]) -> str:
    """Return what was found as a text, by kind, each with how it may have come about."""
    if not found:
        return "Nothing was found: the IPAM driver holds what ports have, and nothing else."
    lines: list[str] = []
    for kind, some in groupby(found, key=lambda finding: finding.kind):
        alike = list(some)
        lines.append(f"{kind}: {len(alike)}. {MEANINGS[kind]}")
        lines += [f"  {_line(finding)}" for finding in alike]
        lines.append(f"  How it may have come about: {CAUSES[kind]}.")
    return "\n".join(lines)


def plan_of(planned: Sequence[Finding]) -> str:
    """Return what a repair would do, as a text."""
    steps = [f"  {number}. {finding.repair}" for number, finding in enumerate(planned, start=1)]
    return "\n".join(["Plan:", *steps])


def _usual_files() -> list[str]:
    return list(cfg.find_config_files(project="neutron", prog="neutron-server"))


@contextmanager
def _neutron(url: str) -> Iterator[Engine]:
    """Open Neutron's database.

    Raises:
        CommandFailed: that is not possible, or it is another one.
    """
    try:
        engine = open_engine(url)
    except (ArgumentError, ModuleNotFoundError, TypeError, ValueError) as error:
        # The text of the first one may have the whole URL in it.
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        reason = f"{missing} is not installed" if missing else "its URL is none"
        raise CommandFailed(f"Neutron's database: {reason}.", ExitCode.MISUSED) from error
    try:
        absent = metadata.tables.keys() - set(inspect(engine).get_table_names())
        if absent:
            raise CommandFailed(
                f"This is not Neutron's database: it has no table {min(absent)}.",
                ExitCode.MISUSED,
            )
        yield engine
    except Failures as error:
        cleaned = Secrets(secrets_in_url(url)).removed_from(str(told_by(error)))
        raise CommandFailed(f"Neutron's database: {cleaned}") from error
    finally:
        engine.dispose()


def _confirmed() -> bool:
    """Ask whether to go on; nobody is asked who is no terminal."""
    if not sys.stdin.isatty():
        print("Nothing was changed: say --yes to repair without being asked.")
        return False
    return input("Repair? Type yes: ").strip() == "yes"


def _carry_out(
    engine: Engine,
    found: Sequence[Finding],
    planned: Sequence[Finding],
    wait: Callable[[], None],
    *,
    as_json: bool,
) -> Sequence[Finding]:
    """Repair what is planned, look once more, and return what is left of what was found.

    What has become of it is told in any case: steps that were done before another one
    fails stay done.
    """
    repaired: dict[Finding, bool] = {}
    left = None if planned else found
    try:
        # Each step is noted before the next one is made.
        repaired.update(repair_all(engine, planned, wait))
        if left is None:
            left = still_there(found, look(engine))
    finally:
        if as_json:
            print(json.dumps([_json(finding, repaired, left) for finding in found], indent=2))
        elif planned:
            print(_outcome(planned, repaired, left))
    return left


def _outcome(
    planned: Sequence[Finding], repaired: Mapping[Finding, bool], left: Sequence[Finding] | None
) -> str:
    """Return what has become of a plan, as a text; None is left if that is not known."""
    lines = [f"{sum(repaired.values())} repaired."]
    in_order = [one for one, done in repaired.items() if not done and one not in (left or ())]
    if in_order:
        lines[0] += f" {len(in_order)} were in order by then, and left alone."
    if len(repaired) < len(planned):
        step = len(repaired) + 1
        lines.append(f"Stopped at step {step} of {len(planned)}: {planned[step - 1].repair}.")
    if left:
        lines.append(f"{len(left)} still there, maybe with other details:")
        lines += [f"  {one.kind}: {_line(one)}" for one in left]
    return "\n".join(lines)


def _line(finding: Finding) -> str:
    parts = [f"subnet {finding.subnet_id}"]
    if finding.address:
        parts.insert(0, finding.address)
    if finding.port_id:
        parts.append(f"port {finding.port_id}")
    if finding.detail:
        parts.append(f"({finding.detail})")
    return " ".join(parts)


def _json(
    finding: Finding, repaired: Mapping[Finding, bool], left: Sequence[Finding] | None
) -> dict[str, object]:
    return {
        **asdict(finding),
        "cause": CAUSES[finding.kind],
        "repair": finding.repair,
        "repaired": repaired.get(finding),
        "left": None if left is None else finding in left,
    }
