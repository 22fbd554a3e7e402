"""What an authority asks for, and what must be there before one frame is released (EXP-1, EXP-2, ACC-4). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from csu.evidence.spans import CameraSpan, united
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words

UNEXPLAINED_NS_MAX = 12 * 3600 * NS_PER_S
"""A longer stretch of one camera is registered with the authority's words on why so much [D]: never "just in case"."""

_SHA256_HEX = 64


class LegalBasis(StrEnum):
    """On what ground footage leaves the centre (requirements, 2.2). 39-3 CPP is none of them."""

    CPP_60_1 = "CPP_60_1"
    """Flagrance."""
    CPP_77_1_1 = "CPP_77_1_1"
    """Preliminary investigation, on the prosecutor's authorisation."""
    CPP_99_3 = "CPP_99_3"
    """Rogatory commission of an investigating judge."""
    L252_3_HABILITATED = "L252_3_HABILITATED"
    """An agent designated and habilitated by name (CSI L252-3): no requisition, the habilitation instead."""
    GDPR_ACCESS = "GDPR_ACCESS"
    """A filmed person's own right of access."""

    @property
    def words(self) -> Words:
        """As people say it."""
        return _BASIS_WORDS[self]

    @property
    def is_judicial(self) -> bool:
        """Whether it is an act of an investigation: only such an act keeps footage beyond its ceiling (L252-5)."""
        return self in (LegalBasis.CPP_60_1, LegalBasis.CPP_77_1_1, LegalBasis.CPP_99_3)


_BASIS_WORDS = {
    LegalBasis.CPP_60_1: Words("flagrance (60-1 CPP)", "flagrante delicto (60-1 CPP)"),
    LegalBasis.CPP_77_1_1: Words("enquête préliminaire (77-1-1 CPP)", "preliminary investigation (77-1-1 CPP)"),
    LegalBasis.CPP_99_3: Words("commission rogatoire (99-3 CPP)", "rogatory commission (99-3 CPP)"),
    LegalBasis.L252_3_HABILITATED: Words("agent habilité (L252-3 CSI)", "habilitated agent (L252-3 CSI)"),
    LegalBasis.GDPR_ACCESS: Words("droit d'accès (RGPD art. 15)", "right of access (GDPR art. 15)"),
}


@dataclass(frozen=True, slots=True)
class Officer:
    """Who asks, or who receives. For a right of access: the person, `rank`, `unit` and `number` empty."""

    name: str
    rank: str = ""
    unit: str = ""
    number: str = ""
    """Matricule (or RIO)."""

    def words(self) -> str:
        """`Maj. Martin (123456), CIAT Metz`."""
        rank, number = f"{self.rank} " if self.rank else "", f" ({self.number})" if self.number else ""
        return f"{rank}{self.name}{number}" + (f", {self.unit}" if self.unit else "")


@dataclass(frozen=True, slots=True)
class Habilitation:
    """The designation of an agent by his service (ACC-4)."""

    reference: str
    from_ns: Nanoseconds
    to_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Requisition:
    """The act as it was received. Nothing is guessed: what the act does not say stays empty, and is found missing."""

    basis: LegalBasis | None
    number: str
    """Of the procedure; for a right of access, of the request."""
    officer: Officer
    received_at_ns: Nanoseconds
    spans: tuple[CameraSpan, ...]
    act_sha256: str
    """Of the scanned act, hex: the scan itself stays with the desk."""
    is_signed: bool
    """Somebody looked at the scan and saw the signature (and the seal)."""
    authorised_by: str = ""
    """The prosecutor or judge on whose authority it is made: needed for 77-1-1 and 99-3."""
    habilitation: Habilitation | None = None
    proportionality: str = ""
    """Why so long a stretch: needed beyond `UNEXPLAINED_NS_MAX` of one camera."""


def faults_of(act: Requisition) -> tuple[Words, ...]:
    """Why this act releases nothing; empty when it may be acted upon."""
    found = [*_faults_of_form(act), *_faults_of_spans(act)]
    if act.basis in (LegalBasis.CPP_77_1_1, LegalBasis.CPP_99_3) and not act.authorised_by.strip():
        found.append(Words("le magistrat n'est pas nommé", "the magistrate is not named"))
    if act.basis is LegalBasis.L252_3_HABILITATED:
        found += _faults_of_habilitation(act)
    return tuple(found)


def _faults_of_form(act: Requisition) -> list[Words]:
    found = []
    if act.basis is None:
        found.append(Words("le fondement juridique manque", "the legal basis is missing"))
    if not act.number.strip():
        found.append(Words("le numéro de procédure manque", "the procedure number is missing"))
    if not act.is_signed:
        found.append(Words("l'acte n'est pas signé", "the act is not signed"))
    if len(act.act_sha256) != _SHA256_HEX or set(act.act_sha256) - set("0123456789abcdef"):
        found.append(Words("l'acte numérisé manque", "the scanned act is missing"))
    if not act.officer.name.strip():
        found.append(Words("le nom du requérant manque", "the name of who asks is missing"))
    if act.basis is not LegalBasis.GDPR_ACCESS:
        wanted = (
            (act.officer.rank, Words("le grade de l'officier manque", "the officer's rank is missing")),
            (act.officer.unit, Words("l'unité de l'officier manque", "the officer's unit is missing")),
            (act.officer.number, Words("le matricule de l'officier manque", "the officer's number is missing")),
        )
        found += [fault for text, fault in wanted if not text.strip()]
    return found


def _faults_of_spans(act: Requisition) -> list[Words]:
    if not act.spans:
        return [Words("aucun intervalle n'est demandé", "no interval is asked for")]
    if any(span.is_empty or not span.camera for span in act.spans):
        return [
            Words("un intervalle est vide, inversé ou sans caméra", "an interval is empty, reversed or of no camera")
        ]
    longest = max(span.to_ns - span.from_ns for span in united(act.spans))
    if longest > UNEXPLAINED_NS_MAX and not act.proportionality.strip():
        hours = UNEXPLAINED_NS_MAX // (3600 * NS_PER_S)
        return [
            Words(f"plus de {hours} h d'une caméra sans motif écrit", f"more than {hours} h of a camera, and not why")
        ]
    return []


def _faults_of_habilitation(act: Requisition) -> list[Words]:
    given = act.habilitation
    if given is None or not given.reference.strip():
        return [Words("l'habilitation nominative manque", "the habilitation by name is missing")]
    if not given.from_ns <= act.received_at_ns < given.to_ns:
        return [Words("l'habilitation n'est pas en cours de validité", "the habilitation is not in force")]
    return []
