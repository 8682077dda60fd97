"""Which addresses may be listened on."""

import socket
from contextlib import closing

import pytest

from freehold.cli.failure import CommandFailed, ExitCode
from freehold.cli.listening import Endpoint, choose_endpoint, refuse_open_credentials


@pytest.mark.parametrize("host", ["127.0.0.1", "127.255.255.254", "::1"])
def test_the_loopback_is_known(host: str) -> None:
    assert Endpoint(host, 9696).is_loopback


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "fe80::1", "::ffff:10.0.0.1"]
)
def test_everything_else_is_not_the_loopback(host: str) -> None:
    assert not Endpoint(host, 9696).is_loopback


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:9696"), ("::1", "http://[::1]:9696")]
)
def test_the_url_is_what_clients_write(host: str, url: str) -> None:
    assert Endpoint(host, 9696).url == url


def test_localhost_is_the_loopback_of_ipv4() -> None:
    assert choose_endpoint("localhost", 0).host == "127.0.0.1"


def test_port_0_becomes_one_that_is_free() -> None:
    endpoint = choose_endpoint("127.0.0.1", 0)
    with closing(socket.create_server((endpoint.host, endpoint.port))) as listener:
        assert listener.getsockname() == (endpoint.host, endpoint.port)


@pytest.mark.parametrize("host", ["", "no such name", "\N{SNOWMAN}" * 100])
def test_a_host_that_is_none_is_a_misuse(host: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        choose_endpoint(host, 0)
    assert caught.value.code == ExitCode.MISUSED


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(CommandFailed, match="Cannot listen on 192") as caught:
        choose_endpoint("192.0.2.1", 0, allow_remote=True)
    assert caught.value.code == ExitCode.FAILED


def test_with_tls_the_url_says_so() -> None:
    assert Endpoint("127.0.0.1", 9696, tls=True).url == "https://127.0.0.1:9696"


@pytest.mark.parametrize(
    "reason", ["tls", "loopback", "behind_proxy", "allowed", "no_authentication"]
)
def test_credentials_are_sent_in_the_open_only_for_a_reason(reason: str) -> None:
    open_to_all = Endpoint("192.0.2.1", 9696)
    with pytest.raises(CommandFailed, match="--allow-remote-without-tls") as caught:
        refuse_open_credentials(open_to_all, authenticates=True, behind_proxy=False)
    assert caught.value.code == ExitCode.MISUSED
    endpoint = Endpoint(
        "::1" if reason == "loopback" else open_to_all.host, 9696, tls=reason == "tls"
    )
    refuse_open_credentials(
        endpoint,
        authenticates=reason != "no_authentication",
        behind_proxy=reason == "behind_proxy",
        allowed=reason == "allowed",
    )
