"""The options that the configuration knows, and where secrets may come from besides.

A secret is never said on the command line, where all users of the machine read it. Beside
configuration files and the environment it can come from a file that holds nothing else, as
container engines give secrets to programs: ``OS_<GROUP>__<OPTION>_FILE`` names it, for
each option that is a secret.
"""

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from oslo_config import cfg

from freehold.db.urls import secrets_in_url
from freehold.errors import ConfigurationError

DEFAULT = "DEFAULT"

LONGEST_SECRET = 65_536


class Options(cfg.ConfigOpts):  # type: ignore[misc]  # it comes without types
    """The options of oslo.config, which also tells which ones were registered.

    Attributes:
        known: the options by group and name.
        secret_files: the files that secrets were taken from.
    """

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], cfg.Opt] = {}
        self.secret_files: list[str] = []
        self._environ: Mapping[str, str] = {}
        super().__init__()

    def register_opt(
        self, opt: cfg.Opt, group: object = None, cli: bool = False, **more: object
    ) -> bool:
        """Register an option."""
        named = group if isinstance(group, str) else getattr(group, "name", DEFAULT)
        self.known[named or DEFAULT, opt.dest] = opt
        registered = bool(super().register_opt(opt, group, cli, **more))
        self._take_secret(named or DEFAULT, opt)
        return registered

    def value(self, group: str, name: str) -> object:
        """Return the value of an option."""
        return self[name] if group == DEFAULT else self[group][name]

    def secrets(self) -> Iterator[tuple[str, str, str]]:
        """Yield group, name and value of each secret that there is."""
        for (group, name), option in self.known.items():
            if option.secret and (value := self.value(group, name)):
                yield group, name, str(value)

    def read_secret_files(self, environ: Mapping[str, str]) -> None:
        """Take secrets from the files that the environment names.

        So it is done with options that are registered afterwards, too.

        Raises:
            ConfigurationError: a file cannot be read.
        """
        self._environ = environ
        for (group, _), option in list(self.known.items()):
            self._take_secret(group, option)

    def _take_secret(self, group: str, option: cfg.Opt) -> None:
        variable = f"OS_{group.upper()}__{option.dest.upper()}"
        file = self._environ.get(f"{variable}_FILE") if option.secret else None
        if file:
            where = None if group == DEFAULT else group
            self.set_override(option.dest, secret_in(file, variable), where)
            self.secret_files.append(file)

    def files_with_secrets(self) -> Iterator[str]:
        """Yield the configuration files in which a secret stands."""
        for group, name, value in self.secrets():
            place = self.get_location(name, None if group == DEFAULT else group)
            in_file = place is not None and place.location is cfg.Locations.user
            if in_file and (name != "connection" or any(secrets_in_url(value))):
                yield str(place.detail)


def secret_in(file: str, variable: str) -> str:
    """Return the secret that a file holds.

    Args:
        file: its path.
        variable: what names it, without its ``_FILE``.

    Raises:
        ConfigurationError: it cannot be read, or has no text in it.
    """
    try:
        with Path(file).open(encoding="utf-8") as opened:
            text = opened.read(LONGEST_SECRET).strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"{variable}_FILE", f"cannot read {file}: {reason}") from error
    if not text:
        raise ConfigurationError(f"{variable}_FILE", f"{file} is empty")
    return text


def is_readable_by_all(file: str) -> bool:
    """Tell whether everybody on the machine may read a file."""
    if not file:
        return False
    try:
        return bool(Path(file).stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
