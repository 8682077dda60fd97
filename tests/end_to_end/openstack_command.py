"""How tests run the ``openstack`` command: by a program that has it loaded already."""

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from threading import Lock

_ONE_AT_A_TIME = Lock()


def openstack(
    *words: str, environment: Mapping[str, str], folder: Path
) -> "subprocess.CompletedProcess[str]":
    """Run the command until it ends.

    Its configuration is what `environment` says; it looks for no files of a user's.
    """
    asked = {"words": words, "environment": dict(environment), "folder": str(folder)}
    with _ONE_AT_A_TIME:
        process = _process()
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{json.dumps(asked)}\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
    return subprocess.CompletedProcess(
        ["openstack", *words], told["code"], told["output"], told["errors"]
    )


@cache
def _process() -> "subprocess.Popen[str]":
    folder = tempfile.TemporaryDirectory()
    root = Path(__file__).parents[2]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.end_to_end.openstack_process"],
        cwd=folder.name,
        env=kept | {"HOME": folder.name, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def end() -> None:
        process.kill()
        process.wait()
        folder.cleanup()

    atexit.register(end)
    return process
