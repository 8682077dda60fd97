"""Where requests come from, whatever clients say of it."""

from ipaddress import ip_address

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from freehold.api.client_addresses import LONGEST, canonical, seen_by_proxy

PEER = "203.0.113.9"
SENT = st.one_of(
    st.text(st.characters(max_codepoint=255)),
    st.text('";,=for \\[]:6.', max_size=20),
    st.sampled_from(('"', 'for=6.6.6.6;a="', 'for="', '"a,b";for=6.6.6.6')),
)
ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))

FORMS = {
    "192.0.2.7": "192.0.2.7",
    " 192.0.2.7 ": "192.0.2.7",
    "192.0.2.7:4711": "192.0.2.7",
    '"192.0.2.7:4711"': "192.0.2.7",
    "2001:DB8:0::7": "2001:db8::7",
    "[2001:db8::7]": "2001:db8::7",
    '"[2001:db8::7]:4711"': "2001:db8::7",
    "fe80::7%eth0\nx": "fe80::7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "unknown": None,
    "_hidden": None,
    "": None,
    "192.0.2.7 x": None,
    "7": None,
    "192.0.2.0/24": None,
}


@pytest.mark.parametrize(("text", "address"), FORMS.items())
def test_an_address_is_told_in_one_form(text: str, address: str | None) -> None:
    assert canonical(text) == address


def test_what_is_no_text_or_too_long_is_no_address() -> None:
    assert canonical(None) is None
    assert canonical("192.0.2.7" + " " * LONGEST) is None


@given(SENT)
def test_what_is_told_is_an_address_or_nothing(text: str) -> None:
    for environ in (
        {"HTTP_FORWARDED": text},
        {"HTTP_X_FORWARDED_FOR": text},
        {"REMOTE_ADDR": text},
    ):
        found = seen_by_proxy(environ)
        assert found is None or str(ip_address(found)) == found


@settings(max_examples=200)
@given(SENT, ADDRESSES)
@example('a="', ip_address("2001:db8::7"))
@example('for=6.6.6.6;a="', ip_address("2001:db8::7"))
def test_what_a_client_sent_does_not_change_what_the_proxy_has_added(
    sent: str, address: object
) -> None:
    quoted = f'"[{address}]:4711"' if ":" in str(address) else str(address)
    added = f'{sent}, for={quoted};by="_a,for=6.6.6.6";proto=https'
    listed = {"HTTP_X_FORWARDED_FOR": f"{sent}, {address}", "REMOTE_ADDR": PEER}
    assert seen_by_proxy(listed) == canonical(str(address))
    told = seen_by_proxy({"HTTP_FORWARDED": added, "REMOTE_ADDR": PEER})
    # A backslash may have any quotation mark mean nothing: then it is not clear where it ends.
    assert told == (None if "\\" in sent else canonical(str(address)))


UNCLEAR = ["for=192.0.2.7;for=192.0.2.8", "proto=https", 'for="192.0.2.7', 'for="\\192.0.2.7"', ","]


@pytest.mark.parametrize("header", UNCLEAR)
def test_what_is_unclear_is_not_told(header: str) -> None:
    assert seen_by_proxy({"HTTP_FORWARDED": header, "REMOTE_ADDR": PEER}) is None


def test_where_no_proxy_says_anything_it_is_the_other_end() -> None:
    assert seen_by_proxy({"REMOTE_ADDR": PEER}) == PEER
    assert seen_by_proxy({}) is None


def test_the_newer_header_wins_as_in_oslo_middleware() -> None:
    headers = {"HTTP_FORWARDED": "For=192.0.2.7", "HTTP_X_FORWARDED_FOR": "192.0.2.8"}
    assert seen_by_proxy(headers) == "192.0.2.7"


@pytest.mark.parametrize("part", [",", '"', ',"', '",', "for=", ";", 'for="x",'])
def test_a_long_header_is_read_at_once(part: str) -> None:
    # Would it be read again from each of its parts, this would take minutes.
    assert seen_by_proxy({"HTTP_FORWARDED": part * 30_000}) is None
