"""What a client says of a port's binding beyond its host."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.api.bindings import LONGEST_PROFILE, PROFILE, parse_profile, render
from freehold.errors import InvalidInput
from freehold.networking.values import Port

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


def port(profile: str) -> Port:
    return Port(
        id="i",
        network_id="n",
        project_id="p",
        name="",
        admin_state_up=True,
        mac_address="02:00:00:00:00:01",
        device_id="",
        device_owner="",
        binding_profile=profile,
    )


@given(profile=st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_a_profile_is_shown_as_it_was_sent(profile: dict[str, object]) -> None:
    if len(json.dumps(profile)) <= LONGEST_PROFILE:
        assert render(port(parse_profile(PROFILE, profile)))[PROFILE] == profile


def test_a_profile_that_is_too_long_is_refused() -> None:
    around = len(json.dumps({"a": ""}))
    assert parse_profile(PROFILE, {"a": "x" * (LONGEST_PROFILE - around)})
    with pytest.raises(InvalidInput, match="too large"):
        parse_profile(PROFILE, {"a": "x" * (LONGEST_PROFILE - around + 1)})
