"""Whether the certificate and its key can be served with, told before anybody connects.

The server reads the files itself, in each of its processes, and ends with a traceback if it
cannot. So they are looked at beforehand: when the service starts, and when it is told to
read them again.
"""

import ssl
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from freehold.config.tls import GROUP, TLSSettings
from freehold.errors import ConfigurationError

_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")
"""What a key with a password has in it: source: RFC 7468 section 11, RFC 1421 section 4.6.1.1."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that can be served with.

    Attributes:
        cert_file: the path of the certificate and its chain.
        key_file: the path of its key.
        ca_file: the path of the authorities of clients' certificates; None if clients
            need none.
        valid_until: when the first certificate of the chain expires.
    """

    cert_file: Path
    key_file: Path
    ca_file: Path | None
    valid_until: datetime


def read_certificate(tls: TLSSettings, now: datetime | None = None) -> Certificate:
    """Make sure that the configured files can be served with.

    Args:
        tls: the configured files.
        now: the time at which they have to be valid; the present by default.

    Raises:
        ConfigurationError: a file is missing, cannot be read, or is readable for
            everybody though it is secret; what is in it is not what it should be; key
            and certificate do not belong together; a certificate is not valid now.
    """
    chain = _read("cert_file", tls.cert_file)
    key = _read("key_file", tls.key_file, secret=True)
    if any(mark in key for mark in _ENCRYPTED):
        raise _unusable(
            "key_file", "it has a password: openssl pkey -in IT -out ANOTHER removes it"
        )
    valid_until = _valid_until(chain, now or datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password of ours OpenSSL could ask for one at the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except ssl.SSLError as error:
        raise _unusable("key_file", _reason(error)) from error
    if tls.ca_file:
        _read("ca_file", tls.ca_file)
        try:
            context.load_verify_locations(tls.ca_file)
        except ssl.SSLError as error:
            raise _unusable("ca_file", "there is no certificate in it") from error
    return Certificate(
        Path(tls.cert_file),
        Path(tls.key_file),
        Path(tls.ca_file) if tls.ca_file else None,
        valid_until,
    )


def _read(option: str, name: str, *, secret: bool = False) -> bytes:
    path = Path(name)
    try:
        if secret and stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO:
            raise _unusable(option, f"everybody on this machine may use {name}: chmod o= {name}")
        return path.read_bytes()
    except OSError as error:
        raise _unusable(option, f"{name}: {error.strerror}") from error


def _valid_until(chain: bytes, now: datetime) -> datetime:
    """Return when the first certificate of a chain expires that does.

    Raises:
        ConfigurationError: one of them is not valid now, or there is none.
    """
    # It is large, and only needed here.
    from cryptography import x509

    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        raise _unusable("cert_file", "there is no certificate in it, as PEM") from error
    begins = max(one.not_valid_before_utc for one in certificates)
    ends = min(one.not_valid_after_utc for one in certificates)
    if now < begins:
        raise _unusable("cert_file", f"a certificate in it is not valid before {begins:%F %T} UTC")
    if now > ends:
        raise _unusable("cert_file", f"a certificate in it has expired at {ends:%F %T} UTC")
    return ends


def _reason(error: ssl.SSLError) -> str:
    if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        return "it is not the key of the certificate in cert_file"
    return "there is no private key in it, as PEM, that can be used"


def _unusable(option: str, reason: str) -> ConfigurationError:
    return ConfigurationError(f"[{GROUP}] {option}", reason)
