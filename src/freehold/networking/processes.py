"""Telling whether a process that began something can still be at it.

A process is named by its host, its id and the time of its start, so that an id that is
used again names another one. Of a process elsewhere nothing is known.
"""

import os
from pathlib import Path
from socket import gethostname

_START_TIME = 19
"""The place of ``starttime`` after the command's name. Source: proc(5)."""


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
    """Return when a process was started, in ticks since the host was; empty if it is not there."""
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return ""
    # The command's name is in brackets, and may have brackets and blanks.
    return text.rpartition(")")[2].split()[_START_TIME]
