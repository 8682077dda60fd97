"""What is no limit, no project or no query is refused, and never fails."""

from itertools import product

import pytest

from freehold.networking.quota_values import LARGEST_LIMIT
from tests.api.service import make_client

ODD: list[object] = [
    None,
    True,
    1.5,
    -1.5,
    "",
    "1.5",
    "٣",
    [],
    {},
    [1],
    LARGEST_LIMIT + 1,
    10**19,
    "x" * 300,
]


def test_odd_values_are_refused_or_read_as_neutron_lib_reads_them() -> None:
    client = make_client()
    for name, value in product(("port", "force", "check_limit", "project_id", "router"), ODD):
        answer = client.simulate_put("/v2.0/quotas/p", json={"quota": {name: value}})
        assert answer.status_code in (200, 400), (name, value)
        kept = client.simulate_get("/v2.0/quotas/p").json["quota"]["port"]
        assert isinstance(kept, int)
        assert -1 <= kept <= LARGEST_LIMIT


@pytest.mark.parametrize("body", [{}, {"quota": None}, {"quota": []}, {"quotas": []}, {"quota": 1}])
def test_odd_bodies_are_refused(body: object) -> None:
    assert make_client().simulate_put("/v2.0/quotas/p", json=body).status_code == 400


def test_a_project_has_an_id_that_can_be_stored() -> None:
    client = make_client()
    for project_id, status in (("x" * 255, 200), ("x" * 256, 400), ("🦫" * 255, 200)):
        answer = client.simulate_put(f"/v2.0/quotas/{project_id}", json={"quota": {"network": 1}})
        assert answer.status_code == status
    assert client.simulate_delete(f"/v2.0/quotas/{'x' * 300}").status_code == 404
    assert client.simulate_get(f"/v2.0/quotas/{'x' * 300}/details").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "marker=x&limit=1",
        "ip_version=four",
        "ip_version=99999999999999999999",
        "network_id=%00",
        "sort_key=network_name&sort_dir=asc",
        "sort_key=network_id",
    ],
)
def test_odd_queries_of_availabilities_do_not_fail(query: str) -> None:
    answer = make_client().simulate_get("/v2.0/network-ip-availabilities", query_string=query)
    assert answer.status_code in (200, 400, 404)
