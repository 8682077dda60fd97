"""Beginning to write the log, in each process of the service.

oslo.log decides where records go and from which level on; what writes them is
replaced by the formatters of this package, on each handler. What Python itself would print past
the log (warnings, exceptions that nobody caught in a thread) goes into it, too, and a record
that cannot be written is not printed instead, since that would be as it came.
"""

import logging
import os
import threading
from pathlib import Path

from oslo_config import cfg
from oslo_log import log as oslo_log

from freehold.config.logs import LogSettings
from freehold.errors import ConfigurationError
from freehold.logs.formatters import Edge, Formats, JsonFormatter, LineFormatter
from freehold.logs.secrets import Secrets

PRODUCT = "freehold"

MODE = 0o600
"""Of a file that is made; one that is there keeps its own."""

log = logging.getLogger("freehold")


def begin(settings: LogSettings, secrets: Secrets) -> None:
    """Write the log from here on as it is configured.

    Args:
        settings: the configuration of the log.
        secrets: what never gets into it.

    Raises:
        ConfigurationError: the file cannot be written to, or there is no such facility.
    """
    configuration = cfg.ConfigOpts()
    oslo_log.register_options(configuration)
    configuration([], project=PRODUCT, default_config_files=[], default_config_dirs=[])
    # The environment may ask for colours, which are commands to a terminal.
    for name, value in {**settings.oslo, "log_color": False}.items():
        configuration.set_override(name, value)
    _make_file(settings)
    try:
        oslo_log.setup(configuration, PRODUCT, fix_eventlet=False)
    except TypeError as error:
        raise ConfigurationError("syslog_log_facility", str(error)) from error
    formatter = make_formatter(settings, secrets)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(formatter)
    logging.captureWarnings(True)
    logging.raiseExceptions = False
    threading.excepthook = _log_unhandled


def make_formatter(settings: LogSettings, secrets: Secrets) -> logging.Formatter:
    """Return what makes lines of records."""
    edge = Edge(settings.log_mask_sensitive, secrets)
    if settings.use_json:
        return JsonFormatter(edge, settings.log_date_format)
    return LineFormatter(
        edge,
        Formats(
            with_context=settings.logging_context_format_string,
            without_context=settings.logging_default_format_string,
            debug_suffix=settings.logging_debug_format_suffix,
            exception_prefix=settings.logging_exception_prefix,
            user_identity=settings.logging_user_identity_format,
            date=settings.log_date_format,
        ),
    )


def _make_file(settings: LogSettings) -> None:
    """Make the file of the log if it is missing.

    Raises:
        ConfigurationError: it cannot be made, or not be written to.
    """
    values = settings.oslo
    if not values["log_file"]:
        return
    file = Path(values["log_dir"] or "", values["log_file"])
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, MODE))
    except OSError as error:
        raise ConfigurationError("log_file", f"cannot write to {file}: {error.strerror}") from error


def _log_unhandled(arguments: threading.ExceptHookArgs) -> None:
    error = arguments.exc_value
    if error is not None:
        log.critical("A thread failed", exc_info=(type(error), error, arguments.exc_traceback))
