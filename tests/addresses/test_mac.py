from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold.addresses.mac import normalise_mac, parse_base_mac, random_mac
from tests.addresses.strategies import randoms

octet_strings = st.binary(min_size=6, max_size=6)


@given(octets=octet_strings, upper=st.booleans())
@settings(deadline=None)
def test_every_spelling_has_one_normal_form(octets: bytes, upper: bool) -> None:
    digits = octets.hex()
    spellings = [octets.hex(":"), octets.hex("-"), octets.hex(".", 2), digits]
    expected = ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    for spelling in spellings:
        assert normalise_mac(spelling.upper() if upper else spelling) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fa:16:3e:00:00",
        "fa:16:3e:00:00:00:00",
        "fa:16:3e:00:00:0g",
        "fa:16-3e:00-00:00",
        "fa163e.000000",
        "fa:16:3e:0:0:1",
        " fa:16:3e:00:00:01",
        "fa:16:3e:00:00:01\n",
        "fa:16:3e:00:00:0\N{ARABIC-INDIC DIGIT ONE}",
        "fa163e00000",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a MAC address"):
        normalise_mac(text)


@given(text=st.text("0123456789aF:-.g", min_size=10, max_size=18))
@settings(deadline=None)
def test_any_text_is_normalised_or_refused(text: str) -> None:
    try:
        normal = normalise_mac(text)
    except ValueError:
        return
    assert normalise_mac(normal) == normal


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("fa:16:3e:00:00:00", (0xFA, 0x16, 0x3E)),
        ("FA-16-3E-00-12-34", (0xFA, 0x16, 0x3E)),
        ("fa:16:3e:4f:00:00", (0xFA, 0x16, 0x3E, 0x4F)),
        ("00:00:00:01:00:00", (0, 0, 0, 1)),
    ],
)
def test_the_fixed_octets_are_three_or_four(text: str, octets: tuple[int, ...]) -> None:
    assert parse_base_mac(text) == octets


@pytest.mark.parametrize("text", ["01:00:5e:00:00:00", "ff:ff:ff:ff:ff:ff"])
def test_a_group_address_is_no_base(text: str) -> None:
    with pytest.raises(ValueError, match="of a group"):
        parse_base_mac(text)


@given(octets=octet_strings, random=randoms)
@settings(deadline=None)
def test_a_random_address_begins_as_its_base_does(octets: bytes, random: Random) -> None:
    base = bytes([octets[0] & 0xFE]) + octets[1:]
    mac = random_mac(base.hex(":"), random)
    fixed = 4 if base[3] else 3
    assert normalise_mac(mac) == mac
    assert bytes.fromhex(mac.replace(":", ""))[:fixed] == base[:fixed]


def test_every_free_octet_takes_all_values() -> None:
    random = Random(1)
    macs = [bytes.fromhex(random_mac("fa163e000000", random).replace(":", "")) for _ in range(4000)]
    for place in (3, 4, 5):
        assert len({mac[place] for mac in macs}) == 256
    assert len(set(macs)) > 3990
