"""The page and the package, as a program finds them that has nothing but the core."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import freehold

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "library.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
OUTPUTS = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
SOURCE = str(Path(freehold.__file__).parents[1])

FORBID = """
import sys

FORBIDDEN = {"alembic", "falcon", "granian", "netaddr", "neutron_lib", "oslo_config", "oslo_db",
             "oslo_utils", "stevedore", "prometheus_client"}


class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FORBIDDEN:
            raise ModuleNotFoundError(f"{name} is not of the core", name=name)


sys.meta_path.insert(0, Forbid())
"""

OF_THE_SERVICE = ("freehold.api", "freehold.cli", "freehold.config", "freehold.db")

TYPED = """
from ipaddress import IPv4Address, IPv6Address
from typing import assert_type

from sqlalchemy import Connection

import freehold


def use(register: freehold.Register, connection: Connection) -> None:
    book = register.open(connection)
    subnet = book.create_subnet("10.0.0.0/24", pools=[("10.0.0.1", "10.0.0.9")])
    assert_type(subnet.subnet_id, str)
    assert_type(book.allocate("s", holder="h"), IPv4Address | IPv6Address)
    assert_type(book.allocate_many("s", 2, "h"), list[IPv4Address | IPv6Address])
    assert_type(book.find("s", "10.0.0.1"), freehold.Allocation | None)
    assert_type(book.held("s"), list[freehold.Allocation])
    assert_type(book.history("10.0.0.1"), list[freehold.Allocation])
    reuse = freehold.Reuse(strategy=freehold.Strategy.NEXT)
    freehold.Register(freehold.Surroundings(keep_history=False, reuse=reuse))
    assert_type(subnet.strategy, freehold.Strategy | None)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": SOURCE, "MYPYPATH": SOURCE},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("example", "output"), list(zip(EXAMPLES, OUTPUTS, strict=True)), ids=["fleet", "history"]
)
def test_an_example_runs_as_it_stands_with_the_core_alone(
    tmp_path: Path, example: str, output: str
) -> None:
    done = run(tmp_path, "-c", FORBID + example)
    assert (done.stderr, done.stdout) == ("", output)


def test_the_examples_have_about_twenty_lines() -> None:
    assert len(EXAMPLES) == 2
    for example in EXAMPLES:
        assert len([line for line in example.splitlines() if line]) <= 22


def test_importing_loads_nothing_of_the_service(tmp_path: Path) -> None:
    loaded = run(tmp_path, "-c", f"{FORBID}\nimport freehold\nprint(*sys.modules)").stdout.split()
    assert "freehold.register" in loaded
    assert [name for name in loaded if name.startswith(OF_THE_SERVICE)] == []


def test_the_command_says_what_it_needs_where_only_the_library_is(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", f"{FORBID}\nfrom freehold.cli.entry import main\nsys.exit(main())")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("freehold: only the library is installed")
    assert "pip install '.[service]'" in done.stderr


@pytest.mark.parametrize("program", [*EXAMPLES, TYPED], ids=["fleet", "history", "types"])
def test_a_program_that_uses_it_passes_strict_typing(tmp_path: Path, program: str) -> None:
    (tmp_path / "program.py").write_text(program)
    done = run(tmp_path, "-m", "mypy", "--strict", "--config-file=", "program.py")
    assert done.stdout.startswith("Success"), done.stdout + done.stderr


def test_all_that_is_public_is_there_and_on_the_page() -> None:
    assert sorted(freehold.__all__) == freehold.__all__
    assert all(hasattr(freehold, name) for name in freehold.__all__)
    methods = [name for name in vars(freehold.OpenRegister) if not name.startswith("_")]
    named = re.findall(r"\w+", PAGE)
    told = {*freehold.__all__, *methods} - {"OpenRegister"}
    assert sorted(told - set(named)) == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(freehold.__file__).parent / "py.typed").is_file()
