"""What a certificate's files must be, told before the service starts."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from freehold.cli.certificates import read_certificate
from freehold.config.tls import TLSSettings
from freehold.errors import ConfigurationError
from tests.boundary.authority import Authority, Pair


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def settings(pair: Pair, **more: str) -> TLSSettings:
    return TLSSettings(cert_file=str(pair.certificate), key_file=str(pair.key), **more)


def test_a_certificate_and_its_key_are_taken_as_they_are(authority: Authority) -> None:
    pair = authority.issue("server", days=30)
    read = read_certificate(settings(pair, ca_file=str(authority.file)))
    assert (read.cert_file, read.key_file, read.ca_file) == (
        pair.certificate,
        pair.key,
        authority.file,
    )
    assert timedelta(days=28) < read.valid_until - datetime.now(UTC) < timedelta(days=30)


def test_a_chain_is_valid_as_long_as_all_of_it(authority: Authority) -> None:
    pair = authority.issue("server", days=300)
    pair.certificate.write_bytes(pair.certificate.read_bytes() + authority.file.read_bytes())
    assert read_certificate(settings(pair)).valid_until < datetime.now(UTC) + timedelta(days=30)


def broken(pair: Pair, change: Callable[[Pair], object]) -> str:
    """Change something, and return what is said of it."""
    change(pair)
    with pytest.raises(ConfigurationError) as caught:
        read_certificate(settings(pair))
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda pair: pair.certificate.unlink(), "cert_file"),
        (lambda pair: pair.key.unlink(), "key_file"),
        (lambda pair: pair.key.chmod(0o604), "everybody"),
        (lambda pair: pair.certificate.write_text("no certificate"), "no certificate"),
        (lambda pair: pair.key.write_text("no key"), "no private key"),
        (lambda pair: pair.key.write_bytes(pair.certificate.read_bytes()), "no private key"),
        (lambda pair: pair.key.write_text("Proc-Type: 4,ENCRYPTED"), "has a password"),
    ],
    ids=["no-certificate", "no-key", "open-key", "text", "text-key", "not-a-key", "old-form"],
)
def test_files_that_cannot_be_served_with_are_told(
    authority: Authority, change: Callable[[Pair], object], told: str
) -> None:
    assert told in broken(authority.issue("server"), change)


def test_the_key_of_another_certificate_is_told(authority: Authority) -> None:
    other = authority.issue("other")
    message = broken(
        authority.issue("server"), lambda pair: pair.key.write_bytes(other.key.read_bytes())
    )
    assert "not the key of the certificate" in message


@pytest.mark.parametrize(("days", "told"), [(-100, "has expired at"), (100, "is not valid before")])
def test_a_certificate_of_another_time_is_told(authority: Authority, days: int, told: str) -> None:
    pair = authority.issue("server", begins=datetime.now(UTC) + timedelta(days=days))
    with pytest.raises(ConfigurationError, match=told):
        read_certificate(settings(pair))


def test_a_key_with_a_password_is_refused_before_anybody_is_asked_for_it(
    authority: Authority,
) -> None:
    pair = authority.issue("server", password="a word")
    with pytest.raises(ConfigurationError, match="openssl pkey") as caught:
        read_certificate(settings(pair))
    assert "a word" not in str(caught.value)


def test_authorities_that_are_none_are_told(authority: Authority, tmp_path: Path) -> None:
    file = tmp_path / "none.pem"
    file.write_text("none")
    with pytest.raises(ConfigurationError, match="ca_file"):
        read_certificate(settings(authority.issue("server"), ca_file=str(file)))


@pytest.mark.parametrize(
    "values",
    [
        {"cert_file": "c"},
        {"key_file": "k"},
        {"ca_file": "a"},
        {"minimum_version": "TLSv1.1"},
        {"minimum_version": "SSLv3"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="ssl"):
        TLSSettings(**values)
