"""Servers to run stories against."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.service import Service

Start = Callable[..., Service]


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Iterator[Start]:
    """How a test starts a server of its own, with arguments of its own."""
    services: list[Service] = []

    def start(*arguments: str) -> Service:
        folder = tmp_path / str(len(services))
        folder.mkdir()
        service = Service(folder, *arguments)
        services.append(service)
        service.start()
        return service

    yield start
    for service in services:
        service.end()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server that the tests of a module share; each makes networks of its own."""
    service = Service(tmp_path_factory.mktemp("server"), "--workers", "2")
    service.start()
    yield service
    service.end()
