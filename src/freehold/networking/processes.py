"""Telling whether a process that began something can still be at it.

A process is named by its host, its id and the time of its start, so that an id that is
used again names another one. Of a process elsewhere nothing is known.
"""

import os
from pathlib import Path
from socket import gethostname

_STATE, _START_TIME = 0, 19
"""The places of ``state`` and ``starttime`` after the command's name. Source: proc(5)."""

_ENDED = "ZX"
"""The states of those who have ended, and whose parent has not taken notice of it yet."""


def this_process() -> str:
    """Return the name of this process."""
    return _name(os.getpid(), _started(os.getpid()))


def may_be_running(name: str) -> bool:
    """Tell whether the process of a name may be running: it is not known not to be."""
    host, _, rest = name.rpartition(" ")[0].rpartition(" ")
    if host != gethostname() or not rest.isdigit():
        return True
    return name == _name(int(rest), _started(int(rest)))


def _name(process_id: int, started: str) -> str:
    return f"{gethostname()} {process_id} {started}"


def _started(process_id: int) -> str:
    """Return when a process was started, in ticks since the host was; empty if it has ended."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return ""
    # The command's name is in brackets, and may have brackets and blanks.
    told = text.rpartition(")")[2].split()
    return "" if told[_STATE] in _ENDED else told[_START_TIME]
