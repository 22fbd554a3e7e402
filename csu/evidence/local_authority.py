"""A practice signing authority and a practice time-stamp authority (`openssl ts`), for rehearsals and tests.

A shell: it runs `openssl`. Nothing made with it proves anything to a court, and every certificate says so in its name.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from csu.evidence.sign import Signer, load_certificates, load_signer
from csu.governance.time_stamps import stamp_refused
from csu.hal.clock import NS_PER_S, Nanoseconds

OPENSSL_TIMEOUT_S = 20
_TSA_CONF = """
[tsa]
default_tsa = practice
[practice]
serial = {directory}/serial
signer_cert = {directory}/tsa.pem
signer_key = {directory}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.55555.1
digests = sha256
accuracy = secs:1
"""


@dataclass(frozen=True, slots=True)
class PracticePki:
    """Two authorities of no authority: one vouches for the centre's signature, one for the time."""

    signer: Signer
    root: x509.Certificate
    stamp_root: x509.Certificate
    authority: OpensslAuthority


class OpensslAuthority:
    """Answers time-stamp requests with `openssl ts -reply`: the real protocol, a worthless key."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def answer(self, request: bytes) -> bytes:
        """See StampAuthority.answer."""
        query, reply = self._directory / "query.tsq", self._directory / "reply.tsr"
        query.write_bytes(request)
        command = ["openssl", "ts", "-reply", "-config", str(self._directory / "tsa.cnf"), "-queryfile", str(query)]
        try:
            subprocess.run([*command, "-out", str(reply)], check=True, capture_output=True, timeout=OPENSSL_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError) as error:
            raise stamp_refused(f"openssl ts: {type(error).__name__}") from error
        return reply.read_bytes()


def practice_pki(directory: Path, now_ns: Nanoseconds) -> PracticePki:
    """The authorities in `directory`, made when they are not there."""
    if not (directory / "tsa.cnf").exists():
        return make_practice_pki(directory, now_ns)
    (root,) = load_certificates(directory / "signer-authority.pem")
    (stamp_root,) = load_certificates(directory / "stamp-authority.pem")
    signer = load_signer(directory / "signer.key", directory / "signer.pem")
    return PracticePki(signer, root, stamp_root, OpensslAuthority(directory))


def make_practice_pki(
    directory: Path,
    now_ns: Nanoseconds,
    *,
    signer_days: tuple[int, int] = (-1, 365),
    stamp_days: tuple[int, int] = (-1, 365),
) -> PracticePki:
    """Make both authorities; the keys stay in `directory`. `*_days`: validity from now, as (from, to)."""
    directory.mkdir(parents=True, exist_ok=True)
    now = datetime.fromtimestamp(now_ns // NS_PER_S, UTC)
    root_key, root = _authority("EXERCICE autorite de signature", now)
    stamp_root_key, stamp_root = _authority("EXERCICE autorite d'horodatage", now)
    key = ec.generate_private_key(ec.SECP256R1())
    mine = _certificate("EXERCICE CSU", key, root, root_key, now, signer_days, stamps=False)
    stamp_key = ec.generate_private_key(ec.SECP256R1())
    stamps = _certificate("EXERCICE horodatage", stamp_key, stamp_root, stamp_root_key, now, stamp_days, stamps=True)
    (directory / "serial").write_text("01\n", encoding="utf-8")
    (directory / "tsa.pem").write_bytes(stamps.public_bytes(Encoding.PEM))
    (directory / "signer.pem").write_bytes(mine.public_bytes(Encoding.PEM))
    (directory / "signer-authority.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (directory / "stamp-authority.pem").write_bytes(stamp_root.public_bytes(Encoding.PEM))
    for name, private in (("tsa.key", stamp_key), ("signer.key", key)):
        path = directory / name
        path.touch(0o600)
        path.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    # Last: where it is, all is there.
    (directory / "tsa.cnf").write_text(_TSA_CONF.format(directory=directory), encoding="utf-8")
    return PracticePki(Signer(key, (mine,)), root, stamp_root, OpensslAuthority(directory))


def self_signed(
    name: str, key: ec.EllipticCurvePrivateKey, now_ns: Nanoseconds, days: tuple[int, int]
) -> x509.Certificate:
    """A certificate for signing that vouches for itself: who verifies compares its fingerprint with the receipt's."""
    now = datetime.fromtimestamp(now_ns // NS_PER_S, UTC)
    builder = _builder(_name(name), _name(name), key, now, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    return builder.add_extension(_usage(signs=True), critical=True).sign(key, hashes.SHA256())


def _authority(name: str, now: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    builder = _builder(subject, subject, key, now, (-3650, 3650))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    usage = _usage(signs=False)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = builder.add_extension(usage, critical=True).add_extension(identifier, critical=False)
    return key, built.sign(key, hashes.SHA256())


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: tuple[int, int],
    *,
    stamps: bool,
) -> x509.Certificate:
    builder = _builder(_name(name), issuer.subject, key, now, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    from_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(from_issuer, critical=False)
    if stamps:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, days: tuple[int, int]
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
