"""Who signs the packages of a centre, and who says when: configuration, and what a fresh machine has without any.

The centre signs with a certificate that an authority gave it, else with one it makes for itself once. The time is never
its own word: without a time-stamp authority no package is made. A demonstration may declare the practice one.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from csu.centre.registers.settings import TSA_NAME, TSA_ROOT_NAME
from csu.centre.registers.stamp_client import HttpAuthority
from csu.evidence import (
    EvidenceInputRefused,
    ExportFailed,
    Signer,
    load_certificates,
    load_signer,
)
from csu.evidence.local_authority import practice_pki, self_signed
from csu.governance.time_stamps import StampAuthority
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

KEY, CERTIFICATES = "CSU_EVIDENCE_KEY", "CSU_EVIDENCE_CERTIFICATES"
PRACTICE = "CSU_EVIDENCE_PRACTICE"
SELF_MADE_DAYS = 3650
NAME_LENGTH_MAX = 64
"""Of a common name (RFC 5280)."""


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """What a person decides about packages. Everything has a default but the time."""

    centre: str = "CSU"
    """As packages name it."""
    key: Path | None = None
    """PEM of the signing key (EC P-256 or RSA), with `certificates`; None: the centre makes both for itself."""
    certificates: Path | None = None
    stamp_url: str = ""
    """Of an RFC 3161 authority, with `stamp_certificates`; empty: no package can be made."""
    stamp_certificates: Path | None = None
    practice: bool = False
    """Sign and stamp with the practice authorities of this machine: worth nothing, and each certificate says so."""

    @staticmethod
    def of(environment: Mapping[str, str]) -> EvidenceSettings:
        """From `CSU_EVIDENCE_KEY`, `CSU_EVIDENCE_CERTIFICATES`, `CSU_TSA`, `CSU_TSA_ROOT`,
        `CSU_EVIDENCE_PRACTICE=1`."""

        def path(name: str) -> Path | None:
            return Path(environment[name]) if environment.get(name) else None

        return EvidenceSettings(
            key=path(KEY),
            certificates=path(CERTIFICATES),
            stamp_url=environment.get(TSA_NAME, ""),
            stamp_certificates=path(TSA_ROOT_NAME),
            practice=environment.get(PRACTICE) == "1",
        )


@dataclass(frozen=True, slots=True)
class Signing:
    """What a package is made with."""

    signer: Signer
    authority: StampAuthority | None
    stamp_roots: tuple[x509.Certificate, ...] = ()

    def require_authority(self) -> StampAuthority:
        """Raises ExportFailed where nobody can say the time: then no package is even begun."""
        if self.authority is None:
            raise ExportFailed(
                Words("aucune autorité d'horodatage n'est configurée", "no time-stamp authority is configured"),
                where=TSA_NAME,
                what_to_do=Words(
                    f"Aucun paquet n'a été fait. Donnez {TSA_NAME} et {TSA_ROOT_NAME} (RFC 3161) ; pour un "
                    f"exercice sans valeur, {PRACTICE}=1",
                    f"No package was made. Give {TSA_NAME} and {TSA_ROOT_NAME} (RFC 3161); for practice that "
                    f"proves nothing, {PRACTICE}=1",
                ),
            )
        return self.authority


def open_signing(settings: EvidenceSettings, directory: Path, now_ns: Nanoseconds) -> Signing:
    """Keys and authorities; what the centre makes for itself stays in `directory`. Raises EvidenceInputRefused."""
    if settings.practice:
        pki = practice_pki(directory / "practice", now_ns)
        return Signing(pki.signer, pki.authority, (pki.stamp_root,))
    for names, one, other in (
        ((KEY, CERTIFICATES), settings.key, settings.certificates),
        ((TSA_NAME, TSA_ROOT_NAME), settings.stamp_url, settings.stamp_certificates),
    ):
        if bool(one) is not bool(other):
            raise EvidenceInputRefused(
                Words("l'un sans l'autre", "one without the other"),
                where=" ".join(names),
                what_to_do=Words("Donnez les deux, ou aucun", "Give both, or neither"),
            )
    if settings.key is not None and settings.certificates is not None:
        signer = load_signer(settings.key, settings.certificates)
    else:
        signer = _self_made(directory, settings.centre, now_ns)
    if settings.stamp_certificates is None:
        return Signing(signer, None)
    return Signing(signer, HttpAuthority(settings.stamp_url), load_certificates(settings.stamp_certificates))


def _self_made(directory: Path, centre: str, now_ns: Nanoseconds) -> Signer:
    """A key and a certificate that vouches for itself: whoever verifies compares its fingerprint with the receipt's."""
    key, certificate = directory / "signer.key", directory / "signer.pem"
    if not certificate.exists():
        private = ec.generate_private_key(ec.SECP256R1())
        try:
            directory.mkdir(parents=True, exist_ok=True)
            _write(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            made = self_signed(f"{centre} (auto-signe)"[:NAME_LENGTH_MAX], private, now_ns, (-1, SELF_MADE_DAYS))
            _write(certificate, made.public_bytes(Encoding.PEM))
        except OSError as error:
            raise EvidenceInputRefused(
                Words(f"clé non écrite ({error.strerror})", f"the key was not written ({error.strerror})"),
                where=str(directory),
                what_to_do=Words("Vérifiez ce volume et ses droits", "Check this volume and its rights"),
            ) from error
    return load_signer(key, certificate)


def _write(path: Path, content: bytes) -> None:
    """For this user alone, durably; one that a crash left half written is written again."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
