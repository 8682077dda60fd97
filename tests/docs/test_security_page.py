"""What SECURITY.md says is shown by what it says it is shown by."""

import re
from pathlib import Path

from tests.api.test_nothing_learnt import LEARNT

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()


def test_each_test_and_page_that_is_named_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)", PAGE)
    assert len(targets) > 10
    assert [target for target in targets if not (ROOT / target).is_file()] == []
    tests = {target for target in targets if target.startswith("tests/")}
    assert [one for one in tests if "\ndef test_" not in (ROOT / one).read_text()] == []


def test_what_may_be_learnt_of_others_is_told() -> None:
    told = re.findall(r"^\| ([^|]+) \| `(\w+)` \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert told == [(what, case.told) for what, case in LEARNT.items()]
