"""The ``openstack`` command many times: each in a process of its own that has it loaded already.

To load the client takes a second, and what it is asked to do a twentieth of that.
So this program loads it, and forks for each command that it reads from standard
input: a line of JSON with the words, the environment and the folder. The answer is
such a line, too: the exit code, and what was written to both outputs.
"""

import importlib
import json
import logging
import os
import pkgutil
import sys
import tempfile
from typing import Any

NOWHERE = ("--os-auth-type", "none", "--os-endpoint", "http://127.0.0.1:1", "network", "list")


def main() -> None:
    """Answer until nobody asks any more."""
    from openstackclient import shell
    from openstackclient.network import v2

    # Descriptors of their own: whatever a command writes goes elsewhere.
    asked, answered = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    quiet = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(quiet, descriptor)
    for module in pkgutil.iter_modules(v2.__path__):
        importlib.import_module(f"{v2.__name__}.{module.name}")
    # What a command looks up once it keeps: plug-ins, and the modules of its clients.
    shell.main(list(NOWHERE))
    for line in asked:
        answered.write(f"{json.dumps(_run(shell.main, json.loads(line)))}\n")
        answered.flush()


def _run(command: Any, asked: Any) -> dict[str, Any]:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            # Each command sets its log up; the first one has done so before.
            logging.getLogger().handlers.clear()
            os.environ.clear()
            os.environ.update(asked["environment"])
            os.chdir(asked["folder"])
            os.dup2(output.fileno(), 1)
            os.dup2(errors.fileno(), 2)
            code = _code_of(command, asked["words"])
            sys.stdout.flush()
            sys.stderr.flush()
            # To take the whole client down in order takes longer than the command itself.
            os._exit(code)
        _, status = os.waitpid(child, 0)
        written = []
        for file in (output, errors):
            file.seek(0)
            written.append(file.read().decode())
    return {
        "code": os.waitstatus_to_exitcode(status),
        "output": written[0],
        "errors": written[1],
    }


def _code_of(command: Any, words: list[str]) -> int:
    try:
        return int(command(words) or 0)
    except SystemExit as ended:
        return int(ended.code or 0)


if __name__ == "__main__":
    main()
