"""Is this package what the centre signed, for this case, and does it show what was filmed? Offline, link by link.

Never raises for a bad package: the broken link is the answer. Every link is looked at that still can be, so that the
report says all of it; each content link also holds by itself against somebody who can make manifests and signatures
anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import av
from cryptography import x509

from csu.evidence import seal
from csu.evidence.bag import MANIFEST, TAG_MANIFEST, manifest_of, sha256_of
from csu.evidence.contents import Broken, Contents
from csu.evidence.errors import EvidenceInputRefused, PackageUnusable
from csu.evidence.package import CERTIFICATES_FILE, SIGNATURE_FILE, STAMP_FILE
from csu.evidence.sign import (
    CertificateBroken,
    SignatureBroken,
    fingerprint,
    load_certificates,
    require_trusted,
    signed_by,
)
from csu.evidence.verdict import Link, LinkKind, LinkState, Verdict
from csu.governance.register_errors import StampRefused
from csu.governance.time_stamps import StampTrust, stamped_at
from csu.hal.clock import NS_PER_S
from csu.hal.words import Words

_TROUBLE = (
    ValueError,
    KeyError,
    TypeError,
    OSError,
    AttributeError,
    RecursionError,
    x509.InvalidVersion,
    av.FFmpegError,
)
"""What a file that somebody wrote at will may make of its readers."""
_IN_THE_WAY = Words("un maillon précédent empêche de regarder", "an earlier link stands in the way")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts: authorities' certificates that came by another way than the package."""

    signers: tuple[x509.Certificate, ...] = ()
    stampers: tuple[x509.Certificate, ...] = ()
    enclosed: bool = False
    """Take those in the package: shows that it is whole, not who made it. For who compares the fingerprint by hand."""


def verify_package(
    path: Path, trust: Trust, now: datetime, work: Path, *, identities: str = "", case: str | None = None
) -> Verdict:
    """Look at a package: a directory, a `.tar`, or a `.age` that `identities` opens.

    `now`: aware; used where no time-stamp says when it was signed. `work`: an empty directory for what is unpacked;
    its reader removes it. `case`: the case that this must be of. Raises PackageUnusable: nothing there, wrong key.
    """
    found = _Findings()
    root = _opened(path, work, identities, found)
    if root is None:
        return found.verdict()
    contents = Contents(root)
    found.look(LinkKind.STRUCTURE, contents.structure)
    if found.is_broken(LinkKind.STRUCTURE) and not (root / TAG_MANIFEST).is_file():
        return found.verdict()
    _look_at_signature(root, trust, now, found)
    found.look(LinkKind.MANIFEST, lambda: _manifest(root))
    found.package_sha256 = sha256_of(root / TAG_MANIFEST)
    found.look(LinkKind.CASE, lambda: contents.case_and_act(case))
    found.case = contents.case
    for kind, work_of in (
        (LinkKind.PICTURES, contents.pictures),
        (LinkKind.SOUND, contents.sound),
        (LinkKind.FRAMES, contents.frames),
        (LinkKind.SEGMENTS, contents.segments),
        (LinkKind.JOURNAL, contents.journal),
        (LinkKind.BOUNDS, contents.bounds),
    ):
        found.look(kind, work_of)
    return found.verdict()


@dataclass(slots=True)
class _Findings:
    """Links as they are looked at."""

    links: dict[LinkKind, Link] = field(default_factory=dict)
    case: str = ""
    signer: str = ""
    signer_fingerprint: str = ""
    signed_at: str = ""
    package_sha256: str = ""

    def look(self, kind: LinkKind, work: Callable[[], Words]) -> None:
        """Run one look; whatever it says or raises becomes the link."""
        try:
            self.links[kind] = Link(kind, LinkState.HOLDS, work())
        except Broken as broken:
            self.links[kind] = Link(kind, LinkState.BROKEN, broken.words, broken.where)
        except _TROUBLE as error:
            words = Words(f"illisible ({error})", f"cannot be read ({error})")
            self.links[kind] = Link(kind, LinkState.BROKEN, words)

    def skip(self, kind: LinkKind, words: Words) -> None:
        self.links[kind] = Link(kind, LinkState.NOT_CHECKED, words)

    def is_broken(self, kind: LinkKind) -> bool:
        return self.links[kind].state is LinkState.BROKEN

    def verdict(self) -> Verdict:
        """Every link, in order: the seal and the archive only where there was one."""
        links = []
        for kind in LinkKind:
            if kind in self.links:
                links.append(self.links[kind])
            elif kind not in (LinkKind.SEAL, LinkKind.ARCHIVE):
                links.append(Link(kind, LinkState.NOT_CHECKED, _IN_THE_WAY))
        told = Verdict(tuple(links), self.case, self.signer, self.signer_fingerprint, self.signed_at)
        return replace(told, package_sha256=self.package_sha256)


def _opened(path: Path, work: Path, identities: str, found: _Findings) -> Path | None:
    """The bag as a directory; None: it could not be opened, and a link says why."""
    if path.is_dir():
        return path
    if not path.is_file():
        raise PackageUnusable(
            Words("il n'y a pas de paquet ici", "there is no package here"),
            where=str(path),
            what_to_do=Words("Donnez un dossier, un .tar ou un .age", "Give a directory, a .tar or a .age"),
        )
    tar = path
    with path.open("rb") as file:
        is_sealed = file.read(21) == b"age-encryption.org/v1"
    if is_sealed or path.suffix == ".age":
        tar = work / "package.tar"
        with tar.open("xb") as target:
            found.look(LinkKind.SEAL, lambda: _unsealed(path, target, identities))
        if found.is_broken(LinkKind.SEAL):
            return None
    bags: list[Path] = []
    found.look(LinkKind.ARCHIVE, lambda: _unpacked(tar, work, bags))
    if tar != path:
        tar.unlink()
    return bags[0] if bags else None


def _unsealed(path: Path, target: BinaryIO, identities: str) -> Words:
    try:
        seal.unseal(path, target, identities)
    except seal.SealBroken as error:
        words = Words("le fichier scellé a été modifié ou tronqué", "the sealed file was changed or cut")
        raise Broken(words, path.name) from error
    return Words("il s'ouvre, entier, avec cette clé", "it opens, whole, with this key")


def _unpacked(tar: Path, work: Path, bags: list[Path]) -> Words:
    inside = work / "package"
    inside.mkdir()
    try:
        bags.append(seal.unpack(tar, inside))
    except seal.ArchiveBroken as error:
        what = Words(f"l'archive est tronquée ou abîmée ({error})", f"the archive is cut or damaged ({error})")
        raise Broken(what, tar.name) from error
    return Words("entière", "whole")


def _look_at_signature(root: Path, trust: Trust, now: datetime, found: _Findings) -> None:
    """Signature, certificate and time: three links that need each other."""
    signature_file, stamp_file = root / SIGNATURE_FILE, root / STAMP_FILE
    if trust.enclosed:
        trust = _enclosed(root)
    at: list[datetime] = []
    if not trust.stampers:
        found.skip(LinkKind.TIME, _nobody("--trust-time"))
    else:
        found.look(LinkKind.TIME, lambda: _time(signature_file, stamp_file, trust, at))
    found.signed_at = f"{at[0]:%Y-%m-%dT%H:%M:%SZ}" if at else ""
    who: list[tuple[x509.Certificate, tuple[x509.Certificate, ...]]] = []
    found.look(LinkKind.SIGNATURE, lambda: _signature(root, signature_file, who))
    if not who:
        found.skip(LinkKind.CERTIFICATE, _IN_THE_WAY)
        return
    certificate, others = who[0]
    found.signer, found.signer_fingerprint = certificate.subject.rfc4514_string(), fingerprint(certificate)
    if not trust.signers:
        found.skip(LinkKind.CERTIFICATE, _nobody("--trust"))
    else:
        when = at[0] if at else now
        found.look(LinkKind.CERTIFICATE, lambda: _certificate(certificate, others, trust, when))


def _enclosed(root: Path) -> Trust:
    """The package's own certificates as if they were trusted; none when they cannot be read."""
    try:
        given = load_certificates(root / CERTIFICATES_FILE)
    except EvidenceInputRefused:
        return Trust()
    return Trust(given, given)


def _signature(root: Path, file: Path, who: list[tuple[x509.Certificate, tuple[x509.Certificate, ...]]]) -> Words:
    if not file.is_file():
        raise Broken(Words("la signature a été enlevée", "the signature was taken away"), SIGNATURE_FILE)
    try:
        who.append(signed_by(file.read_bytes(), (root / TAG_MANIFEST).read_bytes()))
    except SignatureBroken as error:
        words = Words(
            f"la signature n'est pas celle de ce manifeste ({error})", f"the signature is not this manifest's ({error})"
        )
        raise Broken(words, SIGNATURE_FILE) from error
    name = who[0][0].subject.rfc4514_string()
    return Words(f"par {name}", f"by {name}")


def _certificate(
    certificate: x509.Certificate, others: tuple[x509.Certificate, ...], trust: Trust, at: datetime
) -> Words:
    try:
        require_trusted(certificate, others, trust.signers, at)
    except CertificateBroken as error:
        if at > certificate.not_valid_after_utc:
            words = Words(
                f"le certificat avait expiré à la signature ({error})",
                f"the certificate had expired when it signed ({error})",
            )
        else:
            words = Words(f"personne n'en répond ({error})", f"nobody vouches for it ({error})")
        raise Broken(words, SIGNATURE_FILE) from error
    return Words(f"valable le {at:%d/%m/%Y}, autorité reconnue", f"valid on {at:%Y-%m-%d}, known authority")


def _time(signature: Path, token: Path, trust: Trust, at: list[datetime]) -> Words:
    if not token.is_file() or not signature.is_file():
        raise Broken(Words("l'horodatage a été enlevé", "the time-stamp was taken away"), STAMP_FILE)
    try:
        at_ns = stamped_at(token.read_bytes(), signature.read_bytes(), StampTrust.of(trust.stampers))
    except StampRefused as error:
        said = error.trouble.what
        words = Words(f"le jeton ne tient pas ({said.fr})", f"the token does not hold ({said.en})")
        raise Broken(words, STAMP_FILE) from error
    at.append(datetime.fromtimestamp(at_ns // NS_PER_S, UTC))
    return Words(f"signé avant le {at[0]:%d/%m/%Y %H:%M:%S} UTC", f"signed before {at[0]:%Y-%m-%d %H:%M:%S} UTC")


def _manifest(root: Path) -> Words:
    """The signed list holds the digests of the manifest, the notices and the reader."""
    listed = manifest_of((root / TAG_MANIFEST).read_text(encoding="utf-8"))
    if MANIFEST not in listed or "bag-info.txt" not in listed:
        raise Broken(Words("le manifeste n'est pas couvert", "the manifest is not covered"), TAG_MANIFEST)
    for name, digest in listed.items():
        if sha256_of(root / name) != digest:
            words = Words("ce fichier n'est plus celui qui a été signé", "this file is not the one that was signed")
            raise Broken(words, name)
    return Words(f"{len(listed)} fichiers, les mêmes", f"{len(listed)} files, the same")


def _nobody(option: str) -> Words:
    return Words(f"aucune autorité donnée ({option})", f"no authority given ({option})")
