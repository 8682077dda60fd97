"""An authority of a test's own, and certificates by it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates, into files of one folder."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = generate_private_key(SECP256R1())
        self._name = _name(name)
        own = _builder(self._name, self._name, self._key, datetime.now(UTC) - DAY, 30)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        certificate = own.add_extension(constraints, critical=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(
            certificate.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        )

    def issue(
        self,
        name: str,
        *,
        begins: datetime | None = None,
        days: int = 30,
        password: str | None = None,
    ) -> Pair:
        """Make a certificate of ``localhost``, valid since yesterday by default, and its key."""
        key = generate_private_key(SECP256R1())
        start = begins or datetime.now(UTC) - DAY
        names = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        )
        signed = (
            _builder(_name(name), self._name, key, start, days)
            .add_extension(names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pair = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        pair.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        write_key(pair.key, key, password)
        return pair


def write_key(path: Path, key: EllipticCurvePrivateKey, password: str | None = None) -> None:
    """Write a key, for nobody else to read."""
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(password.encode()) if password else NoEncryption()
    )
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    begins: datetime,
    days: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + days * DAY)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
