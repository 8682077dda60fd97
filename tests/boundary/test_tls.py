"""What is accepted over TLS, told by others' programs; the table of docs/running.md is theirs."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openstack
import pytest
from keystoneauth1.exceptions.discovery import DiscoveryFailure

from freehold.config.tls import TLS_1_2, TLS_1_3
from tests.boundary.authority import Authority, Pair
from tests.boundary.service import ConfiguredService, write_configuration
from tests.end_to_end.service import run_freehold

DOCUMENT = Path(__file__).parents[2] / "docs" / "running.md"
SECONDS = 30


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is not installed; tests/servers/install does that.")
    return path


def trusting(authority: Authority, client: Pair | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(authority.file))
    if client is not None:
        context.load_cert_chain(client.certificate, client.key)
    return context


@dataclass
class Secure:
    """A service on TLS, and the authority that clients trust."""

    service: ConfiguredService
    authority: Authority
    pair: Pair


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A service on TLS with the defaults."""
    folder = tmp_path_factory.mktemp("secure")
    authority = Authority(folder)
    pair = authority.issue("server")
    options = {"ssl": {"cert_file": pair.certificate, "key_file": pair.key}}
    service = ConfiguredService(folder, options, trusting(authority))
    service.start()
    yield Secure(service, authority, pair)
    service.end()


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secure]:
    """A service that speaks TLS 1.3 only, with clients that have certificates."""
    folder = tmp_path_factory.mktemp("strict")
    authority = Authority(folder)
    pair = authority.issue("server")
    ssl_options = {
        "cert_file": pair.certificate,
        "key_file": pair.key,
        "ca_file": authority.file,
        "minimum_version": TLS_1_3,
    }
    context = trusting(authority, authority.issue("client"))
    service = ConfiguredService(folder, {"ssl": ssl_options}, context)
    service.start()
    yield Secure(service, authority, pair)
    service.end()


def handshake(port: int, *words: str) -> str | None:
    """Connect as ``openssl s_client`` does; return the version that was agreed on, or None."""
    ended = subprocess.run(
        [program("openssl"), "s_client", "-connect", f"127.0.0.1:{port}", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found = re.search(r"^New, (\S+), Cipher is (\S+)$", ended.stdout, re.MULTILINE)
    return None if found is None or found[2] == "(NONE)" else found[1]


SCAN = (
    "--no-colour",
    "--no-groups",
    "--no-heartbleed",
    "--no-check-certificate",
    "--no-cipher-details",
)
ANY_CIPHER = ("-cipher", "ALL:COMPLEMENTOFALL:@SECLEVEL=0")


def test_what_is_accepted_is_what_the_documentation_says(secure: Secure) -> None:
    scan = subprocess.run(
        [program("sslscan"), *SCAN, f"127.0.0.1:{secure.service.port}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    ).stdout
    versions = dict(re.findall(r"^((?:SSL|TLS)v\S+)\s+(enabled|disabled)$", scan, re.MULTILINE))
    assert {name for name, state in versions.items() if state == "enabled"} == {TLS_1_2, TLS_1_3}
    assert {"SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"} < versions.keys()
    accepted = set(
        re.findall(r"^(?:Preferred|Accepted)\s+(\S+)\s+\d+ bits\s+(\S+)", scan, re.MULTILINE)
    )
    documented = re.findall(r"^\| (TLSv1\.[23]) \| `(\S+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    # A certificate has a key of one kind; the documentation tells of both.
    assert accepted == {one for one in documented if "ECDHE-RSA" not in one[1]}
    assert not re.search(r"\b(?:RC4|3DES|DES|NULL|EXPORT|MD5|CBC)\b", scan)


@pytest.mark.parametrize("words", [("-tls1_2",), ("-tls1_3",)])
def test_present_versions_are_spoken(secure: Secure, words: tuple[str, ...]) -> None:
    version = handshake(secure.service.port, *words)
    assert version == words[0].lstrip("-").replace("tls1_", "TLSv1.")


@pytest.mark.parametrize(
    "words",
    [
        ("-tls1", *ANY_CIPHER),
        ("-tls1_1", *ANY_CIPHER),
        ("-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "aNULL:eNULL:@SECLEVEL=0"),
        ("-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"),
    ],
    ids=["1.0", "1.1", "no-forward-secrecy", "cbc", "null", "short-tag"],
)
def test_what_is_old_or_weak_is_not_spoken(secure: Secure, words: tuple[str, ...]) -> None:
    assert handshake(secure.service.port, *words) is None


def test_sslv3_is_answered_by_nothing_but_a_refusal(secure: Secure) -> None:
    # No OpenSSL of today says such a hello, so it is written down here.
    ciphers = bytes.fromhex("c014c00a0035002f000a0005")
    body = b"\x03\x00" + bytes(32) + b"\x00" + len(ciphers).to_bytes(2) + ciphers + b"\x01\x00"
    hello = b"\x01" + len(body).to_bytes(3) + body
    with socket.create_connection(("127.0.0.1", secure.service.port), SECONDS) as connection:
        connection.sendall(b"\x16\x03\x00" + len(hello).to_bytes(2) + hello)
        answer = connection.recv(100)
    assert answer[:1] in (b"", b"\x15")  # closed, or an alert


def test_what_is_not_tls_gets_no_answer_of_the_service(secure: Secure) -> None:
    with socket.create_connection(("127.0.0.1", secure.service.port), SECONDS) as connection:
        connection.sendall(b"GET /v2.0/networks HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP/1" not in connection.recv(100)


def test_the_greeting_and_the_links_show_https(secure: Secure) -> None:
    output = secure.service.output
    assert f"at https://127.0.0.1:{secure.service.port}\n" in output
    assert "TLS: TLSv1.2 or newer; the certificate is valid until" in output
    answer = secure.service.client().call("GET", "/")
    href = answer.body["versions"][0]["links"][0]["href"]
    assert href == f"https://localhost:{secure.service.port}/v2.0/"


def test_openstacksdk_trusts_it_by_its_authority_alone(secure: Secure) -> None:
    def names(**more: str) -> list[object]:
        cloud = openstack.connect(auth_type="none", endpoint=secure.service.url, **more)
        return [network.name for network in cloud.network.networks()]

    assert names(cacert=str(secure.authority.file)) == []
    with pytest.raises(DiscoveryFailure):
        names()


def test_stalled_handshakes_keep_nobody_waiting(secure: Secure) -> None:
    stalled = [
        socket.create_connection(("127.0.0.1", secure.service.port), SECONDS) for _ in range(300)
    ]
    try:
        for connection in stalled[::2]:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        assert secure.service.client(timeout=SECONDS).list("network") == []
    finally:
        for connection in stalled:
            connection.close()


def test_tls_1_3_and_certificates_of_clients_can_be_asked_for(strict: Secure) -> None:
    assert strict.service.client().list("network") == []
    assert "TLS: TLSv1.3 or newer" in strict.service.output
    pair = strict.authority.issue("another client")
    words = ("-cert", str(pair.certificate), "-key", str(pair.key))
    assert handshake(strict.service.port, "-tls1_3", *words) == TLS_1_3
    assert handshake(strict.service.port, "-tls1_2", *words) is None


def knock(strict: Secure, client: Pair | None) -> bytes:
    """Ask for something, and return what comes back."""
    context = trusting(strict.authority, client)
    with (
        socket.create_connection(("127.0.0.1", strict.service.port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        # With TLS 1.3 a client learns only when it reads that it was refused.
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        return connection.recv(100)


def test_who_has_no_certificate_by_the_authority_is_not_served(
    strict: Secure, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "other").issue("stranger")
    for client in (None, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            knock(strict, client)
    assert knock(strict, strict.authority.issue("friend")).startswith(b"HTTP/1.1 200")


def test_what_is_wrong_with_the_files_is_told_at_the_start(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("server", begins=datetime.now(UTC) - timedelta(days=100))
    options = {"ssl": {"cert_file": pair.certificate, "key_file": pair.key}}
    file = write_configuration(tmp_path / "some.conf", options)
    ended = run_freehold(tmp_path, "serve", "--port", "0", "--config-file", str(file))
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert "[ssl] cert_file" in line
    assert "expired" in line


def test_a_renewed_certificate_is_read_at_sighup_and_a_broken_one_is_not(secure: Secure) -> None:
    def served() -> bytes:
        context = trusting(secure.authority)
        with (
            socket.create_connection(("127.0.0.1", secure.service.port), SECONDS) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            return connection.getpeercert(binary_form=True) or b""

    def hang_up_until(text: str | None) -> None:
        workers = secure.service.workers()
        os.kill(secure.service.pid, signal.SIGHUP)
        deadline = time.monotonic() + SECONDS
        while text not in secure.service.output if text else workers[0] in secure.service.workers():
            assert time.monotonic() < deadline, secure.service.output
            time.sleep(0.05)

    before = served()
    sound = secure.pair.certificate.read_bytes()
    secure.pair.certificate.write_text("broken")
    hang_up_until("The certificate stays as it was")
    assert served() == before
    secure.pair.certificate.write_bytes(sound)
    renewed = secure.authority.issue("server")
    assert renewed == secure.pair
    hang_up_until(None)
    assert served() not in (before, b"")
    assert secure.service.client().list("network") == []
