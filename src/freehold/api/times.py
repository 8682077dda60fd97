"""Times as clients write and read them: ISO 8601, with a zone."""

from datetime import UTC, datetime


def read_time(text: str) -> datetime:
    """Return a time in UTC.

    Raises:
        ValueError: the text is no time, or names no zone.
    """
    try:
        moment = datetime.fromisoformat(text)
        # Without a zone it would be the time of whatever machine this is.
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (OverflowError, ValueError):
        pass
    raise ValueError(f"'{text}' is not a time with its zone, such as 2026-03-01T12:00:00Z")


def show_time(moment: datetime) -> str:
    """Return a time in UTC, to the microsecond: so that it can be asked for again."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
