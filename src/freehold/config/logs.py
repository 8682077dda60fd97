"""What the operator says of the log: oslo.log's options under their own names, and one of ours.

Not all of oslo.log's options fit a service of several processes whose log is to be clean
(`freehold.logs`). Those that would have it written past what cleans it, or rotated by each
process for itself, are refused rather than passed over.
"""

import logging
from dataclasses import dataclass, fields
from typing import Any

from oslo_config import cfg
from oslo_log._options import list_opts  # oslo.log's entry point for lists of options

from freehold.errors import ConfigurationError

QUIET = ("alembic=WARN", "oslo_middleware.basic_auth=WARN")
"""Libraries of ours that talk more than is of use, beside those that oslo.log knows of."""

_OPTIONS = (
    cfg.BoolOpt(
        "log_mask_sensitive",
        default=False,
        help="Leave addresses, MAC addresses, names and device ids out of the log.",
    ),
)

_OSLO = {option.dest: option for _, options in list_opts() for option in options}

_REFUSED = {
    "log_config_append": "a logging configuration would bypass what keeps secrets out of the log",
    "use_journal": "under systemd, standard error goes to the journal",
    "publish_errors": "errors are not published",
}
_REFUSED_ROTATION = (
    "each process would rotate the file by itself: use logrotate, the file is opened anew when "
    "it was moved"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """How and where the log is written; but for the first the names are those of oslo.log.

    Attributes:
        log_mask_sensitive: whether what may be a user's is left out.
        debug: whether records of the level DEBUG are written.
        log_file: the file; empty for none.
        log_dir: the folder of the file.
        use_stderr: whether it is written to standard error, too. It is anyway if
            nothing else is configured.
        use_syslog: whether it is sent to syslog.
        syslog_log_facility: as what.
        use_json: whether each record is a JSON document.
        log_date_format: the form of times, as `time.strftime` has it.
        logging_context_format_string: the form of records that are of a request.
        logging_default_format_string: the form of all others.
        logging_debug_format_suffix: what is added to them at the level DEBUG.
        logging_exception_prefix: how each line of a traceback begins.
        logging_user_identity_format: the form of ``user_identity``.
        default_log_levels: from which level on certain loggers are written.
        rate_limit_interval: of how many seconds records are counted.
        rate_limit_burst: how many are written of those seconds; 0 for all.
        rate_limit_except_level: from this level on all are written.

    Raises:
        ConfigurationError: a value cannot work.
    """

    log_mask_sensitive: bool = False
    debug: bool = False
    log_file: str = ""
    log_dir: str = ""
    use_stderr: bool = False
    use_syslog: bool = False
    syslog_log_facility: str = "LOG_USER"
    use_json: bool = False
    log_date_format: str = _OSLO["log_date_format"].default
    logging_context_format_string: str = _OSLO["logging_context_format_string"].default
    logging_default_format_string: str = _OSLO["logging_default_format_string"].default
    logging_debug_format_suffix: str = _OSLO["logging_debug_format_suffix"].default
    logging_exception_prefix: str = _OSLO["logging_exception_prefix"].default
    logging_user_identity_format: str = _OSLO["logging_user_identity_format"].default
    default_log_levels: tuple[str, ...] = (*_OSLO["default_log_levels"].default, *QUIET)
    rate_limit_interval: int = 0
    rate_limit_burst: int = 0
    rate_limit_except_level: str = "CRITICAL"

    def __post_init__(self) -> None:
        known = logging.getLevelNamesMapping()
        for pair in self.default_log_levels:
            level = pair.partition("=")[2]
            if level not in known and not level.isdigit():
                raise ConfigurationError("default_log_levels", f"'{pair}' ends with no level")
        for name in _FORMATS:
            try:
                getattr(self, name) % _SAMPLE
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigurationError(name, f"it is no format of a record: {error}") from error

    @property
    def to_stderr(self) -> bool:
        """Whether it is written to standard error."""
        return self.use_stderr or not (self.log_file or self.log_dir or self.use_syslog)

    @property
    def oslo(self) -> dict[str, Any]:
        """The values of oslo.log's options, by their names."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        del values["log_mask_sensitive"]
        file = self.log_file or ("freehold.log" if self.log_dir else None)
        levels = list(self.default_log_levels)
        return values | {
            "use_stderr": self.to_stderr,
            "log_file": file,
            "log_dir": self.log_dir or None,
            "default_log_levels": levels,
        }


class _Sample(dict[str, object]):
    """Has a number where formats expect one, and a text for all else."""

    def __missing__(self, name: str) -> object:
        return 1 if name in {"msecs", "process", "lineno", "levelno", "created"} else "-"


_SAMPLE = _Sample()
_FORMATS = [field.name for field in fields(LogSettings) if field.name.startswith("logging_")]


NOT_OFFERED = frozenset(_OSLO) - {field.name for field in fields(LogSettings)}
"""Options of oslo.log that have no effect, or are refused."""


def register(options: cfg.ConfigOpts) -> None:
    """Have the configuration know the options of the log."""
    options.register_opts(list(_OSLO.values()))
    options.register_opts(_OPTIONS)
    options.set_default("default_log_levels", list(LogSettings().default_log_levels))


def read(options: cfg.ConfigOpts) -> LogSettings:
    """Return what the configuration says of the log.

    Raises:
        ConfigurationError: a value cannot work, or an option is said that is not offered.
    """
    for name, reason in _REFUSED.items():
        if options[name]:
            raise ConfigurationError(name, reason)
    if str(options.log_rotation_type).lower() != "none":
        raise ConfigurationError("log_rotation_type", _REFUSED_ROTATION)
    values = {field.name: options[field.name] for field in fields(LogSettings)}
    said = {name: value for name, value in values.items() if value is not None}
    said["default_log_levels"] = tuple(said["default_log_levels"])
    return LogSettings(**said)
