"""What must not stand on a command line, where every user of the machine can read it."""

from freehold.cli.failure import CommandFailed, ExitCode
from freehold.config import DATABASE_VARIABLE
from freehold.db.urls import secrets_in_url


def refuse_secret_words(database_url: str | None) -> None:
    """Refuse a database URL with a password that came by the command line.

    Raises:
        CommandFailed: there is one.
    """
    if database_url is None or "://" not in database_url or not any(secrets_in_url(database_url)):
        return
    raise CommandFailed(
        "A password on the command line can be read by every user of this machine: change it, "
        f"and put the URL into the environment's {DATABASE_VARIABLE}, into a file that "
        f"{DATABASE_VARIABLE}_FILE names, or into [database] connection of a configuration file "
        "of mode 0600.",
        ExitCode.MISUSED,
    )
