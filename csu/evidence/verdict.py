"""What was found of a package, link by link, in the order in which trust goes: from the seal inwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from csu.hal.words import Words


class LinkKind(StrEnum):
    """The links of the chain that binds a package to what was filmed. The first broken one is named."""

    SEAL = "seal"
    ARCHIVE = "archive"
    STRUCTURE = "structure"
    SIGNATURE = "signature"
    CERTIFICATE = "certificate"
    TIME = "time"
    MANIFEST = "manifest"
    CASE = "case"
    PICTURES = "pictures"
    SOUND = "sound"
    FRAMES = "frames"
    SEGMENTS = "segments"
    JOURNAL = "journal"
    BOUNDS = "bounds"

    @property
    def words(self) -> Words:
        """As people say it."""
        return _KIND_WORDS[self]


_KIND_WORDS = {
    LinkKind.SEAL: Words("scellé numérique", "digital seal"),
    LinkKind.ARCHIVE: Words("archive", "archive"),
    LinkKind.STRUCTURE: Words("pièces du paquet", "parts of the package"),
    LinkKind.SIGNATURE: Words("signature du centre", "the centre's signature"),
    LinkKind.CERTIFICATE: Words("certificat du signataire", "the signer's certificate"),
    LinkKind.TIME: Words("horodatage", "time-stamp"),
    LinkKind.MANIFEST: Words("manifeste", "manifest"),
    LinkKind.CASE: Words("affaire et réquisition", "case and requisition"),
    LinkKind.PICTURES: Words("fichiers vidéo", "video files"),
    LinkKind.FRAMES: Words("images et leurs heures", "frames and their times"),
    LinkKind.SEGMENTS: Words("chaîne des segments", "chain of segments"),
    LinkKind.JOURNAL: Words("journal des opérations", "operations journal"),
    LinkKind.BOUNDS: Words("bornes de l'acte", "bounds of the act"),
    LinkKind.SOUND: Words("absence de son", "absence of sound"),
}


class LinkState(StrEnum):
    """What was found of one link."""

    HOLDS = "holds"
    BROKEN = "broken"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Link:
    """One link. `where`: the file it broke in, when it is one file's."""

    kind: LinkKind
    state: LinkState
    words: Words
    where: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All links of one package. It holds only if every one was looked at and holds."""

    links: tuple[Link, ...]
    case: str = ""
    signer: str = ""
    """Name on the signing certificate."""
    signer_fingerprint: str = ""
    """Its SHA-256, to compare with the one on the receipt."""
    signed_at: str = ""
    """UTC, by the time-stamp."""
    package_sha256: str = ""
    """Of the tag manifest: the digest in the centre's register."""

    @property
    def holds(self) -> bool:
        return bool(self.links) and all(link.state is LinkState.HOLDS for link in self.links)

    @property
    def first_broken(self) -> Link | None:
        """The first link that is broken; where none is, the first that could not be looked at."""
        for state in (LinkState.BROKEN, LinkState.NOT_CHECKED):
            for link in self.links:
                if link.state is state:
                    return link
        return None
