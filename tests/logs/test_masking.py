"""In a masked log nothing of a user's stands, wherever it got into a record."""

import json
import logging
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.logs.masking import without_addresses
from freehold.words import Word
from tests.logs.records import REQUEST_ID, raised, record, request_of, written
from tests.logs.watching import watching

log = logging.getLogger("freehold.test")

FORMS = ({"use_json": False}, {"use_json": True})

NAMES = st.text(
    st.characters(categories=("L", "Nd"), min_codepoint=0x21), min_size=5, max_size=20
).map(lambda text: f"zq{text}qz")

MACS = st.binary(min_size=6, max_size=6).map(lambda one: one.hex(":"))


def masked(one: logging.LogRecord, *, use_json: bool) -> str:
    with request_of(HTTP_X_USER_ID="zqalice", HTTP_X_PROJECT_ID="zqproject"):
        text = written(one, log_mask_sensitive=True, use_json=use_json)
    assert "zq" not in text
    return text


@pytest.mark.parametrize("form", FORMS, ids=str)
@settings(max_examples=20)
@given(name=NAMES)
def test_no_name_is_written_wherever_it_stands(form: dict[str, bool], name: str) -> None:
    error = raised(ValueError(name))
    error.__cause__ = raised(KeyError(name))
    error.add_note(name)
    for one in (
        record("it is %s", name, error=error, fields={"name": name, "of": {"it": name}}),
        record("it is %(name)s", {"name": name}),
        record("%d", name),
        record("%s and %s", name),
        record(ValueError(name)),
        record(f"row {name}", logger="sqlalchemy.engine"),
        record("row %s", name, logger="sqlalchemy.engine"),
    ):
        assert name not in masked(one, **form)


@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.ip_addresses().map(lambda one: one.exploded.upper()),
        st.ip_addresses(v=4).map(lambda one: f"::ffff:{one}"),
        st.ip_addresses().map(lambda one: str(ip_network(one))),
        MACS,
        MACS.map(lambda one: one.replace(":", "-").upper()),
    ),
    st.sampled_from(("%s", "[%s]", "(%s, 7)", "a=%s.", "http://[%s]:80/", "'%s':")),
)
def test_addresses_are_found_wherever_they_stand(address: str, around: str) -> None:
    if address == "::/128" or address == "::":
        return  # it is two colons
    text = without_addresses(around % address)
    assert address not in text
    assert address.partition("/")[0] not in text
    assert "***" in text


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_ids_numbers_and_words_of_the_code_stay(form: dict[str, bool]) -> None:
    port = str(UUID(int=7, version=4))
    one = record(
        "%(rule)s of %(id)s took %(ms).1f ms",
        {"rule": Word("create_port"), "id": port, "ms": 1.5},
        error=raised(LookupError("zq")),
        fields={"rule": Word("create_port"), "id": port, "number": 5, "none": None},
    )
    text = masked(one, **form)
    assert f"create_port of {port} took 1.5 ms" in text
    assert REQUEST_ID in text
    assert "LookupError" in text
    assert "records.py" in text
    if form["use_json"]:
        document = json.loads(text)
        assert document["extra"] == {"rule": "create_port", "id": port, "number": 5, "none": None}
        assert document["context"]["user_id"] == "***"


def test_an_address_in_a_word_is_masked_all_the_same() -> None:
    address = str(ip_address("2001:db8::17"))
    text = masked(record("%s", Word(f"get_{address}"), fields={"a": Word(address)}), use_json=True)
    assert address not in text


def test_of_another_programs_record_stands_where_it_was_written() -> None:
    text = masked(record("row %s", 7, logger="sqlalchemy.engine"), use_json=False)
    assert text.endswith("*** (some.py:7)")
    assert "WARNING sqlalchemy.engine" in text


def test_the_watch_over_the_stories_finds_what_is_not_masked() -> None:
    with watching() as watch:
        watch.note({"port": {"name": "zq-port", "fixed_ips": [{"ip_address": "192.0.2.7"}]}})
        log.info("%s and %s", "zq-port", "192.0.2.7")
        assert watch.told() == {}
        log.info("%s", Word("zq-port"))
    watch.log.write("192.0.2.7\n")
    assert set(watch.told()) == {"zq-port", "192.0.2.7"}
