"""Lists where the operator has set how many resources one answer may list."""

import pytest
from falcon.testing import TestClient as Client

from freehold.config import Settings
from tests.api.service import make_client


@pytest.fixture
def client() -> Client:
    made = make_client(Settings(database_url="sqlite://", pagination_max_limit=2))
    names = [{"name": name} for name in "abcde"]
    assert made.simulate_post("/v2.0/networks", json={"networks": names}).status_code == 201
    return made


@pytest.mark.parametrize("query", ["", "limit=0", "limit=2", "limit=99"])
def test_no_page_is_longer_and_the_links_lead_through_all_of_them(
    client: Client, query: str
) -> None:
    path = f"/v2.0/networks?sort_key=name&sort_dir=asc&fields=name&{query}"
    lengths, found = [], []
    while path:
        answer = client.simulate_get(path).json
        lengths.append(len(answer["networks"]))
        found += [network["name"] for network in answer["networks"]]
        links = {link["rel"]: link["href"] for link in answer["networks_links"]}
        path = links.get("next", "").removeprefix("http://falconframework.org")
    assert lengths == [2, 2, 1]
    assert "".join(found) == "abcde"


def test_a_shorter_page_can_be_asked_for(client: Client) -> None:
    assert len(client.simulate_get("/v2.0/networks?limit=1").json["networks"]) == 1


def test_a_marker_needs_no_limit_then(client: Client) -> None:
    [last] = client.simulate_get("/v2.0/networks?name=e").json["networks"]
    query = f"sort_key=name&sort_dir=asc&marker={last['id']}&page_reverse=True&fields=name"
    answer = client.simulate_get(f"/v2.0/networks?{query}").json
    assert answer["networks"] == [{"name": "c"}, {"name": "d"}]


def test_each_list_is_described_with_it_as_no_bound_of_what_can_be_asked(client: Client) -> None:
    paths = client.simulate_get("/openapi.json").json["paths"]
    limits = {
        url: one
        for url, path in paths.items()
        for one in path.get("get", {}).get("parameters", ())
        if one["name"] == "limit" and url != "/v2.0/address-holdings"
    }
    assert "/v2.0/ports" in limits
    assert "/v2.0/network-ip-availabilities" in limits
    for url, limit in limits.items():
        assert limit["description"].endswith("No page has more than 2."), url
        assert "maximum" not in limit["schema"], url
        assert client.simulate_get(f"{url}?limit=3").status_code == 200, url
