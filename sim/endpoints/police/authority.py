"""A private certificate authority for rehearsals: it signs one machine's certificate after another, right or wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csu.hal.clock import NS_PER_S, Clock

LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Papers:
    """A certificate and its key, as PEM."""

    certificate_pem: bytes = field(repr=False)
    key_pem: bytes = field(repr=False)


class PrivateAuthority:
    """Makes its own key; nothing of it is written anywhere."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name, self._clock = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), clock
        self._key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(self._name, self._key.public_key(), is_expired=False)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        self._certificate = builder.add_extension(constraints, critical=True).sign(self._key, hashes.SHA256())

    @property
    def certificate_pem(self) -> bytes:
        """What whoever believes it is given."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, host: str, *, is_expired: bool = False) -> Papers:
        """Papers of a machine that is reached under this name."""
        return self._issue(host, ExtendedKeyUsageOID.SERVER_AUTH, is_expired=is_expired)

    def client(self, name: str) -> Papers:
        """Papers of whoever connects under this name."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH, is_expired=False)

    def _issue(self, name: str, usage: x509.ObjectIdentifier, *, is_expired: bool) -> Papers:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signed = (
            self._builder(subject, key.public_key(), is_expired=is_expired)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return Papers(signed.public_bytes(serialization.Encoding.PEM), pem)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, is_expired: bool
    ) -> x509.CertificateBuilder:
        now = datetime.fromtimestamp(self._clock.now_ns() // NS_PER_S, UTC)
        end = now - timedelta(days=1) if is_expired else now + LASTS
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - 2 * LASTS)
            .not_valid_after(end)
        )
