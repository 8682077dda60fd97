"""A real nginx with the configuration that docs/running.md shows."""

import re
import shutil
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.boundary.authority import Pair

DOCUMENT = Path(__file__).parents[2] / "docs" / "running.md"
START_SECONDS = 30

FRAME = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    keepalive_timeout 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""


class Nginx:
    """The program, in front of a service."""

    def __init__(self, folder: Path, pair: Pair, upstream: int) -> None:
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.fail("nginx is not installed; tests/servers/install does that.")
        with closing(socket.create_server(("127.0.0.1", 0))) as probe:
            self.port: int = probe.getsockname()[1]
        file = folder / "nginx.conf"
        file.write_text(FRAME.format(folder=folder, servers=self._servers(pair, upstream)))
        log = folder / "error.log"
        command = [program, "-p", str(folder), "-c", str(file), "-e", str(log)]
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                pytest.fail(f"nginx did not start:\n{log.read_text()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(START_SECONDS)

    def _servers(self, pair: Pair, upstream: int) -> str:
        found = re.search(r"```nginx\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
        assert found is not None
        text = found[1]
        for shown, used in {
            "listen 443": f"listen 127.0.0.1:{self.port}",
            "/etc/nginx/server.crt": str(pair.certificate),
            "/etc/nginx/server.key": str(pair.key),
            "client_header_timeout  15s": "client_header_timeout 1s",
            "client_body_timeout    15s": "client_body_timeout 1s",
            "server_name cloud.example": "server_name localhost",
            "127.0.0.1:9696": f"127.0.0.1:{upstream}",
        }.items():
            assert shown in text
            text = text.replace(shown, used)
        return text

    def _listens(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
