"""Where the log goes, and that what Python would print past it goes there, too."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold.config.logs import LogSettings
from freehold.errors import ConfigurationError
from freehold.logs.secrets import Secrets
from freehold.logs.setup import begin

log = logging.getLogger("freehold.test")


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level, hooks = root.handlers[:], root.level, (sys.excepthook, threading.excepthook)
    raising = logging.raiseExceptions
    yield
    for handler in [one for one in root.handlers if one not in handlers]:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    logging.raiseExceptions = raising


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file of a log that has begun."""
    begin(LogSettings(log_dir=str(tmp_path), log_file="f.log"), Secrets(["hunter2hunter2"]))
    return tmp_path / "f.log"


def test_a_folder_alone_means_a_file_of_the_services_name(tmp_path: Path) -> None:
    begin(LogSettings(log_dir=str(tmp_path)), Secrets())
    log.info("hello")
    assert " INFO freehold.test [-] hello" in (tmp_path / "freehold.log").read_text()


def test_the_file_is_its_owners_only_and_opened_anew_after_it_was_moved(file: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    log.info("before")
    moved = file.rename(file.with_suffix(".1"))
    log.info("after")
    assert "before" in moved.read_text()
    assert "after" in file.read_text()
    assert "before" not in file.read_text()


def test_what_fails_in_a_thread_and_warnings_are_written_and_cleaned(
    file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError("\nhunter2hunter2")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("\nhunter2hunter2", UserWarning, stacklevel=1)
    log.info("%d", "\nhunter2hunter2")
    text = file.read_text()
    assert "A thread failed" in text
    assert r"ValueError: \n***" in text
    assert r"UserWarning: \n***" in text
    assert "hunter2" not in text + "".join(capfd.readouterr())


def test_debug_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    for debug in (False, True):
        begin(LogSettings(log_dir=str(tmp_path), debug=debug), Secrets())
        log.debug("debugging is %s", debug)
    text = (tmp_path / "freehold.log").read_text()
    assert "debugging is True" in text
    assert "debugging is False" not in text


def test_without_anything_else_it_is_written_to_standard_error(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_DEFAULT__LOG_COLOR", "true")
    begin(LogSettings(), Secrets())
    log.info("hello")
    logging.getLogger("alembic.some").info("not this")
    out, error = capfd.readouterr()
    assert error.endswith(" INFO freehold.test [-] hello\n")
    assert (out, "not this" in error) == ("", False)


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        (LogSettings(log_file="/nowhere/f.log"), "log_file"),
        (LogSettings(log_file="/"), "log_file"),
        (LogSettings(use_syslog=True, syslog_log_facility="LOG_NONE"), "syslog_log_facility"),
    ],
)
def test_what_cannot_be_written_to_is_refused(settings: LogSettings, option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        begin(settings, Secrets())
