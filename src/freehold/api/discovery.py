"""How clients find out which API this is, and where its parts are.

Links are absolute and lead back the way the client came (`freehold.api.outside`).
"""

from collections.abc import Sequence

from falcon import Request, Response

VERSION = "v2.0"


def _version(request: Request) -> dict[str, object]:
    href = f"{request.prefix}/{VERSION}/"
    return {"id": VERSION, "status": "CURRENT", "links": [{"rel": "self", "href": href}]}


class Versions:
    """The root: all versions of the API, of which there is one."""

    def on_get(self, request: Request, response: Response) -> None:
        """List them."""
        response.media = {"versions": [_version(request)]}


class Version:
    """``/v2.0`` without a slash at its end.

    Neutron has nothing here. A client that is given this endpoint and no
    catalogue (``auth_type = none``) looks for a version document, though.
    """

    def on_get(self, request: Request, response: Response) -> None:
        """Show the version."""
        response.media = {"version": _version(request)}


class Resources:
    """``/v2.0/``: the collections of the API.

    Args:
        names: of each kind of resource, the name of one and of the collection.
    """

    def __init__(self, names: Sequence[tuple[str, str]]) -> None:
        self._names = tuple(names)

    def on_get(self, request: Request, response: Response) -> None:
        """List them."""
        response.media = {
            "resources": [
                {
                    "name": name,
                    "collection": collection,
                    "links": [{"rel": "self", "href": f"{request.prefix}/{VERSION}/{path}"}],
                }
                for name, collection in self._names
                for path in [collection.replace("_", "-")]
            ]
        }
