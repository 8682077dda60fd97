"""Nothing that gets into a record begins a line of its own, or commands a terminal."""

import json
import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.logs.records import raised, record, request_of, written

HOSTILE = (
    "\n2026-01-01 00:00:00.000 1 INFO freehold.audit [-] all is well",
    "\r\x1b[2J\x1b[1;31m",
    "\x85\x0b\x0c\x1c\u2028\u2029",
    "\u202eevil\u2066\u200b\ufeff",
    "\x00\x7f\x9b31m\ud800\udcff",
)
TEXTS = st.one_of(st.text(), st.sampled_from(HOSTILE))
BEGINNING = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \d+ (WARNING|ERROR) freehold\.some ")


def latin(text: str) -> str:
    """Return a text as a server hands over a header that has it."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@settings(max_examples=40)
@given(TEXTS, TEXTS, TEXTS)
@example(*HOSTILE[:3])
@example(*HOSTILE[2:])
def test_each_line_of_a_record_begins_as_configured_and_is_printable(
    argument: str, header: str, message: str
) -> None:
    error = raised(ValueError(message))
    error.add_note(argument)
    with request_of(HTTP_X_USER_ID=latin(header), HTTP_X_PROJECT_ID=header):
        text = written(record("it is %s", argument, error=error))
    lines = text.split("\n")
    assert [line for line in lines if not BEGINNING.match(line)] == []
    assert [line for line in lines if not line.isprintable()] == []
    calm = written(record("it is %s", "calm", error=raised(ValueError("calm"))))
    assert len(lines) == len(calm.split("\n"))


@settings(max_examples=40)
@given(TEXTS, TEXTS, TEXTS)
@example(*HOSTILE[:3])
@example(*HOSTILE[2:])
def test_a_json_record_is_one_line_of_ascii_that_says_what_there_was(
    argument: str, header: str, message: str
) -> None:
    error = raised(ValueError(message))
    with request_of(HTTP_X_USER_ID=latin(header), HTTP_X_PROJECT_ID=header):
        text = written(
            record("it is %s", argument, error=error, fields={"a": argument}), use_json=True
        )
    assert text.isascii()
    assert text.isprintable()
    document = json.loads(text)
    json.dumps(document, ensure_ascii=False).encode()
    # Two halves that meet are one character in JSON.
    storable = json.loads(json.dumps(argument)).encode("utf-8", "backslashreplace").decode()
    assert document["message"] == f"it is {storable}"
    assert document["extra"] == {"a": storable}
    assert document["error_summary"].startswith("ValueError")


def test_a_long_text_is_cut() -> None:
    assert len(written(record("%s", "x" * 100_000))) < 10_000
    assert len(written(record("%s", "x" * 100_000), use_json=True)) < 10_000


def test_a_record_that_does_not_belong_to_a_request_says_so() -> None:
    assert "freehold.some [-] hello" in written(record("hello"))
    with request_of(HTTP_X_PROJECT_ID="p", HTTP_X_USER_ID=latin("Zoë")):
        text = written(record("hello"))
    assert text.endswith(
        "freehold.some [- req-0a1b2c3d-0000-4000-8000-00000000000f Zoë p - - - -] hello"
    )
