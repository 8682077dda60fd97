"""The URLs at which the description of the API is."""

import json
from collections.abc import Mapping
from functools import cached_property

from falcon import Request, Response

from freehold.api.openapi.document import document_of
from freehold.api.openapi.page import POLICY, page_of

DOCUMENT_URL = "/openapi.json"
PAGE_URL = "/docs"


def with_description(routes: Mapping[str, object]) -> Mapping[str, object]:
    """Return a table of routes, and beside it the URLs at which it is described."""
    described = Described(routes)
    return {**routes, DOCUMENT_URL: Document(described), PAGE_URL: Page(described)}


class Described:
    """A table of routes in both forms, each made when it is first asked for.

    Args:
        routes: the resource behind each URL.
    """

    def __init__(self, routes: Mapping[str, object]) -> None:
        self._routes = routes

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document."""
        return json.dumps(document_of(self._routes)).encode()

    @cached_property
    def page(self) -> bytes:
        """The page."""
        return page_of(document_of(self._routes), DOCUMENT_URL).encode()


class Document:
    """The OpenAPI document.

    Args:
        described: what it is made of.
    """

    def __init__(self, described: Described) -> None:
        self._described = described

    def on_get(self, _request: Request, response: Response) -> None:
        """Return it."""
        response.data = self._described.document


class Page:
    """The page.

    Args:
        described: what it is made of.
    """

    def __init__(self, described: Described) -> None:
        self._described = described

    def on_get(self, _request: Request, response: Response) -> None:
        """Return it."""
        response.content_type = "text/html; charset=utf-8"
        response.set_header("Content-Security-Policy", POLICY)
        response.data = self._described.page
