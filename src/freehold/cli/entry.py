"""Where the command ``freehold`` begins, be the service installed or not.

The library alone brings the command too, since a package cannot leave it out;
it then says what is missing instead of failing with a traceback. What looks after
Neutron's database needs no service, and works beside a Neutron that has none.
"""

import sys
from importlib.util import find_spec

from freehold.cli.failure import ExitCode


def main() -> int:
    """Run the command; return its exit code."""
    try:
        from freehold.cli.main import main as run

        # Some commands load what they need when they run.
        return run()
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "freehold":
            raise
        if sys.argv[1:2] == ["neutron"] and find_spec("oslo_config"):
            from freehold.cli.neutron import main as run_for_neutron

            return run_for_neutron(sys.argv[1:])
        print(
            f"freehold: only the library is installed, and the service needs {missing}: "
            "run pip install '.[service]' in a clone of Freehold",
            file=sys.stderr,
        )
        return int(ExitCode.FAILED)
