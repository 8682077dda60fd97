"""Runs the stories in ``gabbits/``, which are the API's specification.

Each file is a story of its own, on an empty database, its requests in order. Meanwhile all
that is logged at the level DEBUG is written in the masked mode, and nothing that
users said is to stand in it.
"""

import unittest
from pathlib import Path

import pytest
from gabbi import handlers, utils
from gabbi.suitemaker import test_suite_from_dict as suite_from_story

from tests.api.service import make_app
from tests.logs.watching import watched, watching

STORIES = sorted((Path(__file__).parent / "gabbits").glob("*.yaml"))


@pytest.mark.parametrize("story", [pytest.param(path, id=path.stem) for path in STORIES])
def test_story_is_told_by_the_service(story: Path) -> None:
    told = utils.load_yaml(yaml_file=str(story))
    result = unittest.TestResult()
    with watching() as watch:
        app = watched(make_app(), watch)
        suite = suite_from_story(
            unittest.TestLoader(),
            story.stem.replace("-", "_"),
            told,
            str(story.parent),
            "freehold.test",
            80,
            None,
            lambda: app,
            handlers=[handler() for handler in handlers.RESPONSE_HANDLERS],
        )
        suite.run(result)
    problems = [text for _, text in (*result.failures, *result.errors)]
    assert not problems, "\n\n".join(problems)
    assert result.testsRun == len(told["tests"])
    assert not result.skipped
    assert watch.log.getvalue()
    assert watch.told() == {}
