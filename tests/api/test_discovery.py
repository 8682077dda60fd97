"""What the version lists are the collections that there are."""

from falcon.inspect import inspect_routes

from tests.api.service import make_app, make_client


def test_each_collection_is_listed() -> None:
    paths = {route.path for route in inspect_routes(make_app())}
    collections = {path for path in paths if path.startswith("/v2.0/") and path.count("/") == 2}
    listed = make_client().simulate_get("/v2.0/").json["resources"]
    links = ["/v2.0/" + one["links"][0]["href"].rpartition("/")[2] for one in listed]
    assert sorted(links) == sorted(collections - {"/v2.0/", "/v2.0/extensions"})
