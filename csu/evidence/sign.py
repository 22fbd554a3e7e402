"""The centre's signature over a package: CMS (RFC 5652), detached, SHA-256, so that `openssl` alone can check it.

`cryptography` signs; it does not verify CMS. The verification here reads the structure with its ASN.1 decoder, checks
one signature over the signed attributes, and leaves the chain of certificates to `cryptography.x509.verification`.
It knows exactly what `sign` makes, and refuses everything else; tests hold it against `openssl cms`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from csu.evidence.errors import EvidenceInputRefused
from csu.hal.words import Words

SigningKey: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_SIGNED_DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.2")
_DATA = x509.ObjectIdentifier("1.2.840.113549.1.7.1")
_CONTENT_TYPE = x509.ObjectIdentifier("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = x509.ObjectIdentifier("1.2.840.113549.1.9.4")
_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")
_ECDSA_SHA256 = x509.ObjectIdentifier("1.2.840.10045.4.3.2")
_RSA = (x509.ObjectIdentifier("1.2.840.113549.1.1.1"), x509.ObjectIdentifier("1.2.840.113549.1.1.11"))


class SignatureBroken(ValueError):
    """This signature does not hold over these bytes."""


class CertificateBroken(ValueError):
    """Nobody who is trusted vouches for this certificate at that instant."""


@dataclass(frozen=True, slots=True)
class Signer:
    """The centre's signing key and the certificates that vouch for it, its own first."""

    key: SigningKey
    certificates: tuple[x509.Certificate, ...]


def load_signer(key: Path, certificates: Path, *, password: bytes | None = None) -> Signer:
    """From PEM files. Raises EvidenceInputRefused: unreadable, or key and certificate that do not belong together."""
    try:
        private = load_pem_private_key(key.read_bytes(), password)
        chain = tuple(x509.load_pem_x509_certificates(certificates.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise _unusable(f"{key} {certificates}", str(error)) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise _unusable(str(key), "EC P-256, RSA")
    if private.public_key() != chain[0].public_key():
        raise _unusable(str(certificates), "key != certificate")
    return Signer(private, chain)


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM file. Raises EvidenceInputRefused."""
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise _unusable(str(path), str(error)) from error


def sign(content: bytes, signer: Signer) -> bytes:
    """A detached CMS signature of `content`, DER, with the certificates in it."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(signer.certificates[0], signer.key, hashes.SHA256())
    for certificate in signer.certificates[1:]:
        builder = builder.add_certificate(certificate)
    options = (pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities)
    return builder.sign(Encoding.DER, options)


def signed_by(signature: bytes, content: bytes) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """(the signer's certificate, the others in the signature). Raises SignatureBroken.

    Says that this key signed these bytes; who vouches for the key is `require_trusted`'s question.
    """
    try:
        return _signed_by(asn1.decode_der(_ContentInfo, signature), content)
    except SignatureBroken:
        raise
    except InvalidSignature as error:
        raise SignatureBroken("the signature is not the signer's") from error
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise SignatureBroken(f"not a signature of this kind: {error}") from error


def require_trusted(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    trusted: Sequence[x509.Certificate],
    at: datetime,
) -> None:
    """Raises CertificateBroken unless one of `trusted` vouches for `certificate` at that instant (aware)."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise CertificateBroken(
            f"valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC, not on {at:%Y-%m-%d %H:%M}"
        )
    if certificate in trusted:
        return
    policy = PolicyBuilder().store(Store(list(trusted))).time(at)
    policy = policy.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
    )
    try:
        policy.build_client_verifier().verify(certificate, list(others))
    except VerificationError as error:
        raise CertificateBroken(str(error)) from error


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` prints it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


# -- the structure, RFC 5652 ------------------------------------------------------------------------------------------


@asn1.sequence
class _Algorithm:
    oid: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _Detached:
    """encapContentInfo without content: a signature that carries another text than the file beside it is refused."""

    oid: x509.ObjectIdentifier


@asn1.sequence
class _IssuerAndSerial:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class _Attribute:
    oid: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _SignerInfo:
    version: int
    sid: _IssuerAndSerial
    digest: _Algorithm
    attributes: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    algorithm: _Algorithm
    signature: bytes


@asn1.sequence
class _SignedData:
    version: int
    digests: asn1.SetOf[_Algorithm]
    encapsulated: _Detached
    certificates: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]
    signers: asn1.SetOf[_SignerInfo]


@asn1.sequence
class _ContentInfo:
    oid: x509.ObjectIdentifier
    content: Annotated[_SignedData, asn1.Explicit(0)]


def _signed_by(info: _ContentInfo, content: bytes) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    data = info.content
    signers = data.signers.as_list()
    if info.oid != _SIGNED_DATA or data.encapsulated.oid != _DATA or len(signers) != 1:
        raise SignatureBroken("not one detached signature")
    told = signers[0]
    if (data.version, told.version, [each.oid for each in data.digests.as_list()]) != (1, 1, [_SHA256]):
        raise SignatureBroken("not of the kind that is made here")
    certificates = [x509.load_der_x509_certificate(_whole(each)) for each in data.certificates.as_list()]
    issuer, serial = _whole(told.sid.issuer), told.sid.serial
    mine = [c for c in certificates if c.serial_number == serial and c.issuer.public_bytes() == issuer]
    if len(mine) != 1:
        raise SignatureBroken("the signer's certificate is not in it")
    _require_attributes(told, content)
    _verify(mine[0], told, asn1.encode_der(told.attributes))
    return mine[0], tuple(each for each in certificates if each != mine[0])


def _require_attributes(told: _SignerInfo, content: bytes) -> None:
    """The signed attributes say: data, of this digest. Each exactly once."""
    attributes = told.attributes.as_list()
    values = {each.oid: each.values.as_list() for each in attributes}
    if len(values) != len(attributes) or any(len(each) != 1 for each in values.values()):
        raise SignatureBroken("an attribute is there twice")
    if _CONTENT_TYPE not in values or values[_CONTENT_TYPE][0].parse(x509.ObjectIdentifier) != _DATA:
        raise SignatureBroken("the content is of another type")
    if told.digest.oid != _SHA256 or _MESSAGE_DIGEST not in values:
        raise SignatureBroken("no SHA-256 of the content")
    if values[_MESSAGE_DIGEST][0].parse(bytes) != hashlib.sha256(content).digest():
        raise SignatureBroken("the signature belongs to other bytes")


def _verify(certificate: x509.Certificate, told: _SignerInfo, attributes: bytes) -> None:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and told.algorithm.oid == _ECDSA_SHA256:
        key.verify(told.signature, attributes, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, rsa.RSAPublicKey) and told.algorithm.oid in _RSA:
        key.verify(told.signature, attributes, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise SignatureBroken(f"signed in another way: {told.algorithm.oid.dotted_string}")


def _whole(field: asn1.TLV) -> bytes:
    """A field with its tag and length."""
    size = len(field.data)
    length = bytes([size]) if size < 128 else b""
    if not length:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(digits)]) + digits
    return field.tag_bytes + length + bytes(field.data)


def _unusable(where: str, why: str) -> EvidenceInputRefused:
    return EvidenceInputRefused(
        Words(f"clé ou certificat inutilisable ({why})", f"key or certificate cannot be used ({why})"),
        where=where,
        what_to_do=Words(
            "Donnez une clé EC P-256 ou RSA et sa chaîne, en PEM", "Give an EC P-256 or RSA key and its chain, in PEM"
        ),
    )
