"""``freehold serve`` with a configuration of its own, over TLS as well as without."""

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.end_to_end.service import Client, Service

Options = Mapping[str, Mapping[str, object]]
NOTHING: Options = MappingProxyType({})


def write_configuration(file: Path, options: Options) -> Path:
    """Write options, by group and name, as a file of oslo.config's."""
    lines = [
        line
        for group, values in options.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in values.items()))
    ]
    file.write_text("\n".join(lines) + "\n")
    return file


class SecureClient(Client):
    """One connection to the API over TLS."""

    def __init__(self, port: int, context: ssl.SSLContext, *, timeout: float = 60) -> None:
        super().__init__(port, timeout=timeout)
        self._connection = http.client.HTTPSConnection(
            "localhost", port, timeout=timeout, context=context
        )


class ConfiguredService(Service):
    """A service on options of a test's own; on TLS if it is given what a client trusts."""

    def __init__(
        self, folder: Path, options: Options, context: ssl.SSLContext | None = None
    ) -> None:
        file = write_configuration(folder / "some.conf", options)
        super().__init__(folder, "--config-file", str(file))
        self._context = context

    @property
    def url(self) -> str:
        """The root of the service."""
        return f"https://localhost:{self.port}" if self._context else super().url

    def client(self, *, timeout: float = 60) -> Client:
        """Open a connection."""
        if self._context is None:
            return super().client(timeout=timeout)
        return SecureClient(self.port, self._context, timeout=timeout)
