"""Requests of two meanings, directly and by way of a real proxy: nothing is smuggled."""

import ssl
from collections.abc import Iterator, Mapping

import pytest

from tests.boundary.authority import Authority
from tests.boundary.nginx import Nginx
from tests.boundary.raw import HEAD, body, chunked, connect, creation, exchange, statuses
from tests.boundary.service import ConfiguredService, Options

ASKED = body("asked")
LENGTH = b"Content-Length: %d\r\n" % len(ASKED)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = creation("smuggled")
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
END = b"Connection: close\r\n\r\n"
LAST = HEAD + b"Connection: close\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredService]:
    """A service that is told of its proxy, and closes silent connections soon."""
    options: Options = {
        "DEFAULT": {"client_socket_timeout": 1},
        "oslo_middleware": {"enable_proxy_headers_parsing": True},
    }
    made = ConfiguredService(tmp_path_factory.mktemp("service"), options)
    made.start()
    yield made
    made.end()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def nginx(
    service: ConfiguredService, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nginx]:
    """The proxy in front of it."""
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    made = Nginx(folder, authority.issue("proxy"), service.port)
    yield made
    made.stop()


@pytest.fixture
def trusted(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


def made(service: ConfiguredService) -> list[str]:
    """Return the names of the networks that there are, and remove them."""
    client = service.client()
    networks = client.list("network")
    for network in networks:
        assert client.call("DELETE", f"/v2.0/networks/{network['id']}").status == 204
    client.close()
    return sorted(network["name"] for network in networks)


OF_TWO_MEANINGS: Mapping[str, bytes] = {
    "length-and-chunked": HEAD
    + b"Content-Length: %d\r\n" % (5 + len(SMUGGLED))
    + CHUNKED
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunked-and-length": HEAD + CHUNKED + b"Content-Length: 4\r\n\r\n" + chunked(SMUGGLED),
    "two-lengths": HEAD
    + LENGTH
    + b"Content-Length: %d\r\n\r\n" % (len(ASKED) + len(SMUGGLED))
    + ASKED
    + SMUGGLED,
    "list-of-lengths": HEAD + b"Content-Length: %d, 0\r\n\r\n" % len(ASKED) + ASKED + SMUGGLED,
    "length-with-sign": HEAD + b"Content-Length: +%d\r\n\r\n" % len(ASKED) + ASKED + SMUGGLED,
    "length-in-hex": HEAD + b"Content-Length: 0x1b\r\n\r\n" + ASKED + SMUGGLED,
    "length-beyond-64-bits": HEAD + b"Content-Length: %d\r\n\r\n" % (1 << 64) + ASKED + SMUGGLED,
    "space-before-colon": HEAD + b"Content-Length : 400\r\n\r\n" + ASKED + SMUGGLED,
    "unknown-coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n" + chunked(ASKED) + SMUGGLED,
    "coding-after-chunked": HEAD
    + b"Transfer-Encoding: chunked, identity\r\n\r\n"
    + chunked(ASKED)
    + SMUGGLED,
    "two-codings": HEAD + CHUNKED + b"Transfer-Encoding: x\r\n\r\n" + chunked(ASKED) + SMUGGLED,
    "coding-with-vertical-tab": HEAD
    + b"Transfer-Encoding: \x0bchunked\r\n\r\n"
    + chunked(ASKED)
    + SMUGGLED,
    "chunked-in-http-1.0": HEAD.replace(b"1.1", b"1.0")
    + CHUNKED
    + b"\r\n"
    + chunked(ASKED)
    + SMUGGLED,
    "folded-header": HEAD + b"X: a\r\n b\r\n" + LENGTH + b"\r\n" + ASKED,
    "folded-coding": HEAD + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked(ASKED) + SMUGGLED,
    "bare-carriage-return": HEAD
    + b"X: a\rContent-Length: 0\r\n"
    + LENGTH
    + b"\r\n"
    + ASKED
    + SMUGGLED,
    "nul-in-a-value": HEAD + b"X: a\0b\r\n" + LENGTH + b"\r\n" + ASKED,
    "nul-in-a-name": HEAD + b"X\0: b\r\n" + LENGTH + b"\r\n" + ASKED,
    "space-in-a-name": HEAD + b"X Y: b\r\n" + LENGTH + b"\r\n" + ASKED,
    "space-before-the-first-name": HEAD.replace(b"\r\nHost", b"\r\n Host") + b"\r\n",
    "newline-in-chunk-extension": HEAD
    + CHUNKED
    + b"\r\n%x;a\nb\r\n" % len(ASKED)
    + ASKED
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "long-chunk-extension": HEAD
    + CHUNKED
    + b"\r\n%x;%b\r\n" % (len(ASKED), b"a" * 100_000)
    + ASKED
    + b"\r\n0\r\n\r\n",
    "chunk-size-with-prefix": HEAD + CHUNKED + b"\r\n0x" + chunked(ASKED) + SMUGGLED,
    "chunk-size-with-sign": HEAD + CHUNKED + b"\r\n+" + chunked(ASKED) + SMUGGLED,
    "negative-chunk-size": HEAD + CHUNKED + b"\r\n-1\r\n" + chunked(ASKED) + SMUGGLED,
    "chunk-size-beyond-64-bits": HEAD
    + CHUNKED
    + b"\r\n1%016x\r\n" % len(ASKED)
    + ASKED
    + b"\r\n0\r\n\r\n"
    + SMUGGLED,
    "chunk-size-without-return": HEAD
    + CHUNKED
    + b"\r\n%x\n%b\n0\n\n" % (len(ASKED), ASKED)
    + SMUGGLED,
    "http-0.9": b"GET /v2.0/networks\r\n",
    "two-hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END,
    "no-host": b"GET / HTTP/1.1\r\n" + END,
    "host-with-path": b"GET / HTTP/1.1\r\nHost: a/b\r\n" + END,
    "lower-case-verb": b"get / HTTP/1.1\r\nHost: localhost\r\n" + END,
    "many-headers": GET + b"".join(b"X%d: y\r\n" % n for n in range(150)) + END,
    "long-header": GET + b"X: " + b"x" * 500_000 + b"\r\n" + END,
    "long-url": b"GET /?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n" + END,
}


@pytest.mark.parametrize("sent", OF_TWO_MEANINGS.values(), ids=OF_TWO_MEANINGS)
def test_what_can_be_read_in_two_ways_is_refused_once_and_does_nothing(
    service: ConfiguredService, sent: bytes
) -> None:
    answers = statuses(exchange(service.port, sent))
    assert len(answers) <= 1
    assert all(400 <= status < 500 for status in answers)
    assert made(service) == []


def test_no_proxy_makes_two_requests_of_one(
    service: ConfiguredService, nginx: Nginx, trusted: ssl.SSLContext
) -> None:
    for name, sent in OF_TWO_MEANINGS.items():
        outside = sent.replace(b" /v2.0/", b" /network/v2.0/")
        assert len(statuses(exchange(nginx.port, outside, trusted))) <= 1, name
        assert "smuggled" not in made(service), name


ONE_MEANING: Mapping[str, bytes] = {
    "the-same-length-twice": LAST + LENGTH + LENGTH + b"\r\n" + ASKED,
    "chunk-extension": LAST + CHUNKED + b"\r\n%x;a=b\r\n" % len(ASKED) + ASKED + b"\r\n0\r\n\r\n",
    "trailer": LAST + CHUNKED + b"\r\n%x\r\n" % len(ASKED) + ASKED + b"\r\n0\r\nX-Roles: x\r\n\r\n",
    "underscore-in-a-name": LAST + LENGTH + b"Transfer_Encoding: chunked\r\n\r\n" + ASKED,
    "bare-newlines": (LAST + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + ASKED,
    "expectation": LAST + LENGTH + b"Expect: 100-continue\r\n\r\n" + ASKED,
    "upgrade": LAST + LENGTH + b"Upgrade: h2c\r\n\r\n" + ASKED,
}


@pytest.mark.parametrize("sent", ONE_MEANING.values(), ids=ONE_MEANING)
def test_what_is_odd_and_has_one_meaning_is_done_once(
    service: ConfiguredService, sent: bytes
) -> None:
    answers = [status for status in statuses(exchange(service.port, sent)) if status != 100]
    assert answers == [201]
    assert made(service) == ["asked"]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /v2.0/networks HTTP/1.1\r\n",
        b"POST /nothing HTTP/1.1\r\n",
        b"DELETE /v2.0/networks/none HTTP/1.1\r\n",
        b"GET /v2.0/networks HTTP/1.1\r\nX-HTTP-Method-Override: POST\r\n",
        b"POST /v2.0/networks HTTP/1.1\r\nContent-Type: text/plain\r\n",
    ],
    ids=["get", "unknown-path", "delete", "override", "other-type"],
)
@pytest.mark.parametrize("announced", [True, False], ids=["length", "chunked"])
def test_a_body_that_nobody_reads_is_not_taken_for_the_next_request(
    service: ConfiguredService, head: bytes, announced: bool
) -> None:
    framed = (
        b"Content-Length: %d\r\n\r\n%b" % (len(SMUGGLED), SMUGGLED)
        if announced
        else CHUNKED + b"\r\n" + chunked(SMUGGLED)
    )
    answers = statuses(exchange(service.port, head + b"Host: localhost\r\n" + framed + GET + END))
    # The server may as well close the connection instead of passing over the body.
    assert answers[1:] in ([], [200])
    assert made(service) == []


def test_http_2_is_not_spoken(service: ConfiguredService) -> None:
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    assert statuses(exchange(service.port, preface + SMUGGLED)) in ([], [400], [505])
    assert made(service) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2.0/../", 404),
        ("/v2.0/../v2.0/networks", 404),
        ("/v2.0/%2e%2e/v2.0/networks", 404),
        ("/v2.0/networks/%2e%2e/ports", 404),
        ("/v2.0/networks/..;/ports", 404),
        ("/v2.0/networks;x=1", 404),
        ("/v2.0//networks", 404),
        ("/v2.0/networks%2f..", 404),
        ("/v2.0/networks%252f..", 404),
        ("/v2.0/networks%00", 400),
        ("/v2.0/networks%0d%0aX:y", 404),
        ("/v2.0/%ff", 400),
        ("/V2.0/networks", 404),
        ("/v2.0\\networks", 404),
        ("http://evil.example/v2.0/networks/../ports", 404),
        # These mean /v2.0/networks, to whatever looks at the path.
        ("//v2.0/networks", 200),
        ("/v2%2e0/networks", 200),
        ("/v2.0/networks/", 200),
        ("http://evil.example/v2.0/networks", 200),
    ],
)
def test_a_path_means_what_it_says(service: ConfiguredService, path: str, status: int) -> None:
    sent = b"GET %b HTTP/1.1\r\nHost: localhost\r\n%b" % (path.encode(), END)
    received = exchange(service.port, sent)
    assert statuses(received) == [status]
    assert b"evil" not in received


def test_no_spelling_of_a_path_leaves_out_what_the_path_asks_for(
    service: ConfiguredService,
) -> None:
    # The API speaks JSON only, which is looked at by the path.
    for path in (b"/v2.0/networks", b"//v2.0/networks", b"///v2.0/networks/"):
        head = b"GET %b HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n" % path
        assert statuses(exchange(service.port, head + END)) == [406]


def test_links_lead_through_the_proxy(
    service: ConfiguredService, nginx: Nginx, trusted: ssl.SSLContext
) -> None:
    head = b"GET /network/ HTTP/1.1\r\nHost: localhost:%d\r\n" % nginx.port
    received = exchange(nginx.port, head + END, trusted)
    assert b'"https://localhost:%d/network/v2.0/"' % nginx.port in received
    lies = b"X-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"
    received = exchange(nginx.port, head + lies + END, trusted)
    assert b'"https://localhost:%d/network/v2.0/"' % nginx.port in received


def test_the_proxy_serves_no_other_host(nginx: Nginx, trusted: ssl.SSLContext) -> None:
    sent = b"GET /network/ HTTP/1.1\r\nHost: evil.example\r\n" + END
    assert statuses(exchange(nginx.port, sent, trusted)) == [421]


@pytest.mark.parametrize("name", ["X-Roles", "X_Roles", "x-roles"])
def test_nobody_tells_who_they_are_through_the_proxy(
    service: ConfiguredService, nginx: Nginx, trusted: ssl.SSLContext, name: str
) -> None:
    said = b"%b: reader\r\n" % name.encode()
    sent = HEAD + LENGTH + said + END + ASKED
    # A reader may not make networks; whoever is not said to be one is an administrator here.
    assert statuses(exchange(service.port, sent)) == [403]
    outside = sent.replace(b" /v2.0/", b" /network/v2.0/")
    assert statuses(exchange(nginx.port, outside, trusted)) == [201]
    assert made(service) == ["asked"]


def test_the_proxy_keeps_half_requests_to_itself(
    service: ConfiguredService, nginx: Nginx, trusted: ssl.SSLContext
) -> None:
    before = service.output.count("\n")
    sent = HEAD.replace(b" /v2.0/", b" /network/v2.0/") + LENGTH + b"\r\n" + ASKED[:-1]
    with pytest.raises(TimeoutError):
        _wait_for_answer(nginx.port, sent, trusted)
    assert service.output.count("\n") == before


def _wait_for_answer(port: int, sent: bytes, context: ssl.SSLContext) -> bytes:
    with connect(port, context) as connection:
        connection.settimeout(0.5)
        connection.sendall(sent)
        return connection.recv(1)
