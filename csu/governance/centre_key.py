"""The centre's Ed25519 key: it signs journal entries, register lines, anchors and certificates when they are made."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from csu.governance.register_errors import CentreKeyUnusable
from csu.hal.words import Words


class PublicKey:
    """Verifies what the centre signed. Give it to whoever checks: it must not come from beside what is checked."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.hex = key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        """The 32 bytes, hexadecimal."""

    def signed(self, text: str, signature: str) -> bool:
        """Whether `signature` (hexadecimal) is the centre's, of `text`."""
        try:
            self._key.verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def save(self, path: Path) -> None:
        """As PEM, for `openssl pkeyutl -verify` and for `csu journal verify --key`."""
        path.write_bytes(self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    @staticmethod
    def load(path: Path) -> PublicKey:
        """From the PEM of the public key, or of the private one. Raises CentreKeyUnusable."""
        pem = _read(path)
        try:
            key = load_pem_public_key(pem) if b"PUBLIC KEY" in pem else load_pem_private_key(pem, None).public_key()
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _unusable(path, type(error).__name__) from error
        if not isinstance(key, Ed25519PublicKey):
            raise _unusable(path, type(key).__name__)
        return PublicKey(key)


class CentreKey:
    """Signs. About 23 us a signature; RFC 8032 makes equal texts have equal signatures."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key())

    def sign(self, text: str) -> str:
        """The signature of the UTF-8 text, hexadecimal."""
        return self._key.sign(text.encode()).hex()

    @staticmethod
    def load(path: Path) -> CentreKey:
        """From a PEM file without passphrase. Raises CentreKeyUnusable."""
        try:
            key = load_pem_private_key(_read(path), None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _unusable(path, type(error).__name__) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _unusable(path, type(key).__name__)
        return CentreKey(key)

    @staticmethod
    def load_or_make(path: Path) -> CentreKey:
        """The key of this file, made when there is none (readable by its owner only). Raises CentreKeyUnusable."""
        if path.exists():
            return CentreKey.load(path)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(descriptor)
        except FileExistsError:
            pass  # another process made it meanwhile
        except OSError as error:
            raise _unusable(path, error.strerror or type(error).__name__) from error
        return CentreKey.load(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from error


def _unusable(path: Path, why: str) -> CentreKeyUnusable:
    return CentreKeyUnusable(
        Words(f"ce n'est pas une clé Ed25519 utilisable ({why})", f"this is no usable Ed25519 key ({why})"),
        where=str(path),
        what_to_do=Words(
            "Donnez le fichier PEM de la clé du centre, sans phrase secrète",
            "Give the PEM file of the centre's key, without passphrase",
        ),
    )
