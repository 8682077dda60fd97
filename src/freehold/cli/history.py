"""``freehold history`` and ``freehold forget-history``: on the configured database.

Neither needs the service to run, and neither disturbs it.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_address

from freehold.api.backends import make_backend
from freehold.api.holdings import render
from freehold.api.times import read_time
from freehold.cli import database
from freehold.cli.failure import CommandFailed, ExitCode
from freehold.config import Settings
from freehold.ipam.allocation import Allocation
from freehold.ipam.driver import utc_now

LONGEST_DAYS = 36500

_COLUMNS = ("subnet_id", "holder", "since", "until")


def tell(
    settings: Settings,
    address: str,
    *,
    subnet_id: str | None = None,
    at: str | None = None,
    as_json: bool = False,
) -> str:
    """Return who holds and who held an address, those who got it last first.

    Args:
        settings: the configuration.
        address: an IP address.
        subnet_id: on this subnet only.
        at: only who held it at this time: ISO 8601 with a zone.
        as_json: whether it is for a program: a list, as the API has it.

    Raises:
        CommandFailed: the address or the time is none, or the database cannot be used.
        HistoryNotKept: none is kept.
    """
    try:
        wanted = ip_address(address)
        moment = None if at is None else read_time(at)
    except ValueError as error:
        raise CommandFailed(f"{error}.", ExitCode.MISUSED) from error
    with database.opened_as_it_is(settings) as opened:
        history = make_backend(settings, opened).history
        found = history.find(wanted, subnet_id=subnet_id, at=moment)
    if as_json:
        return json.dumps([render(holding) for holding in found], indent=2)
    return _table(found) if found else f"Nobody is known to have held {wanted}."


def forget(settings: Settings, older_than_days: int) -> str:
    """Forget who gave an address back longer ago than so many days.

    Returns:
        What to tell the operator.

    Raises:
        CommandFailed: that many days cannot be, or the database cannot be used.
    """
    if not 0 <= older_than_days <= LONGEST_DAYS:
        raise CommandFailed(f"Days are from 0 to {LONGEST_DAYS}.", ExitCode.MISUSED)
    before = utc_now() - timedelta(days=older_than_days)
    forgotten = 0
    with database.opened_as_it_is(settings) as opened:
        history = make_backend(settings, opened).history
        while count := history.forget(before):
            forgotten += count
    return f"{forgotten} forgotten."


def _table(found: Sequence[Allocation]) -> str:
    rows = [_COLUMNS, *(_cells(holding) for holding in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def _cells(holding: Allocation) -> tuple[str, ...]:
    shown = render(holding)
    return tuple(_printable(shown[name]) for name in _COLUMNS)


def _printable(value: object) -> str:
    """Return a value without what a terminal would take for more than text."""
    text = "-" if value is None else str(value)
    return text if text.isprintable() else ascii(text)
