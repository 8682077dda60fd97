"""HTTP as bytes, for what no client would send."""

import re
import socket
import ssl

SECONDS = 30

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")

HEAD = b"POST /v2.0/networks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def body(name: str) -> bytes:
    """The body of a request that makes a network."""
    return b'{"network": {"name": "%s"}}' % name.encode()


def chunked(content: bytes) -> bytes:
    """A body in one chunk."""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)


def creation(name: str) -> bytes:
    """A whole request that makes a network."""
    return HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body(name)), body(name))


def connect(port: int, context: ssl.SSLContext | None = None) -> socket.socket:
    """Connect to a server on the loopback."""
    connection = socket.create_connection(("127.0.0.1", port), SECONDS)
    if context is None:
        return connection
    return context.wrap_socket(connection, server_hostname="localhost")


def exchange(port: int, sent: bytes, context: ssl.SSLContext | None = None) -> bytes:
    """Send bytes, and return all that comes back until the server closes."""
    received = b""
    with connect(port, context) as connection:
        try:
            connection.sendall(sent)
            while part := connection.recv(65536):
                received += part
        except (ConnectionError, ssl.SSLEOFError):
            pass  # it closed before it had read everything
    return received


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(found) for found in _STATUS.findall(received)]
