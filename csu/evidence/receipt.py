"""The receipt that an officer signs here for what lies ready: its words, and the digest that names them (EXP-9).

The same case gives the same words for ever: anybody can make them again from the stored events. Pure.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from csu.evidence.case import Case
from csu.evidence.spans import CameraSpan, paris_text

SPANS_TOLD_MAX = 20
"""The others are in the act, and in the package: a receipt is read before it is signed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """French, as it goes into the procedure. `sha256`: of the words, UTF-8, hex."""

    text: str
    sha256: str


def receipt_of(case: Case) -> Receipt | None:
    """What is to be signed, or was; None while nothing lies ready, or no seal was given."""
    given = case.offered if case.handed_over is None else case.handed_over.hand_over
    seal = case.seal or ("" if case.handed_over is None else case.handed_over.hand_over.seal)
    if given is None or not seal or not case.exports:
        return None
    package, act = case.exports[-1], case.act
    support = given.support + (f" (réinscriptible : {given.why_rewritable})" if given.is_rewritable else "")
    text = "\n".join(
        [
            f"REÇU — dossier {case.case}",
            f"Procédure : {act.number}" + ("" if act.basis is None else f" — {act.basis.words.fr}"),
            f"Je soussigné(e) {given.officer.words()} reconnais avoir reçu du centre de supervision urbain :",
            *(f"- {_span_words(span)}" for span in package.spans[:SPANS_TOLD_MAX]),
            *_more(len(package.spans) - SPANS_TOLD_MAX),
            f"Paquet : SHA-256 {package.package_sha256}",
            f"Support : {support}",
            f"Exemplaires : {given.copies}",
            f"Scellé : {seal}",
            f"Préparé par {package.by}, libéré par {case.validated_by}.",
        ]
    )
    return Receipt(text, hashlib.sha256(text.encode()).hexdigest())


def _span_words(span: CameraSpan) -> str:
    told = (paris_text(at_ns).replace("T", " ") for at_ns in (span.from_ns, span.to_ns))
    return f"caméra {span.camera}, du {' au '.join(told)}"


def _more(count: int) -> list[str]:
    return [f"- et {count} autres intervalles de l'acte"] if count > 0 else []
