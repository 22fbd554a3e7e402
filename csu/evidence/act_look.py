"""An act looked at while it is being typed: why it would be rejected, and what a careful reader would ask. Pure.

Nothing of this refuses: `faults_of` does, when the act is checked. A typed hour or camera that is wrong costs a case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from csu.evidence.requisition import Requisition, faults_of
from csu.evidence.spans import CameraSpan, paris_text
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words

LONG_NS = 120 * NS_PER_MINUTE
"""A stretch of one camera that is asked about [D]; beyond 12 h the act has to say why."""
SOON_NS = 2 * NS_PER_DAY


class Weight(StrEnum):
    """How much a remark weighs."""

    FAULT = "fault"
    """The act would be rejected."""
    WARNING = "warning"
    """It can be filed, and is probably not what was meant, or comes too late."""
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know before filing. `span`: index of the stretch it is about; None: the act."""

    weight: Weight
    span: int | None
    words: Words


@dataclass(frozen=True, slots=True)
class Around:
    """What is known here of what an act names."""

    now_ns: Nanoseconds
    known: Collection[CameraId]
    dies_at_ns: Callable[[CameraSpan], Nanoseconds | None]
    """When the first instant of a stretch that nobody locks is destroyed; None: unknown."""
    locked_by: Callable[[CameraSpan], tuple[str, ...]]
    """Cases whose lock holds some of it already; none where the asker may not know of them."""


def look_at(act: Requisition, around: Around) -> tuple[Remark, ...]:
    """Every remark: faults first, then stretch by stretch."""
    found = [Remark(Weight.FAULT, None, fault) for fault in faults_of(act)]
    if act.received_at_ns > around.now_ns:
        found.append(_warning(None, "la date de réception est dans l'avenir", "it was received in the future"))
    for index, span in enumerate(act.spans):
        found += _of_span(index, span, around)
        earlier = [other for other in act.spans[:index] if not other.is_empty and not span.is_empty]
        if any(span.touches(other) for other in earlier):
            found.append(_note(index, "recoupe un autre intervalle de l'acte", "overlaps another stretch of the act"))
    return tuple(found)


def _of_span(index: int, span: CameraSpan, around: Around) -> list[Remark]:
    if span.camera not in around.known:
        return [_warning(index, "caméra inconnue de ce centre", "this centre does not know the camera")]
    if span.is_empty:
        return [_warning(index, "la fin n'est pas après le début", "the end is not after the start")]
    found = []
    if span.to_ns - span.from_ns > LONG_NS:
        minutes = (span.to_ns - span.from_ns) // NS_PER_MINUTE
        told = f"{minutes // 60} h {minutes % 60:02}"
        french, english = "l'acte le demande-t-il ?", "does the act ask for it?"
        found.append(_warning(index, f"{told} d'une caméra : {french}", f"{told} of one camera: {english}"))
    if span.to_ns > around.now_ns:
        until = paris_text(span.to_ns)[:16].replace("T", " ")
        found.append(
            _note(
                index,
                f"intervalle à venir : verrou programmé, rien à extraire avant le {until}",
                f"not yet past: a scheduled lock, nothing to export before {until}",
            )
        )
    found += _of_life(index, span, around)
    if cases := around.locked_by(span):
        told = ", ".join(cases)
        found.append(_note(index, f"déjà verrouillé : {told} (EXP-5)", f"locked already: {told} (EXP-5)"))
    return found


def _of_life(index: int, span: CameraSpan, around: Around) -> list[Remark]:
    dies_ns = around.dies_at_ns(span)
    if dies_ns is None or span.from_ns > around.now_ns:
        return []
    at = paris_text(dies_ns)[:16].replace("T", " ")
    if dies_ns <= around.now_ns:
        told = f"les images du début sont détruites depuis le {at}", f"its first pictures were destroyed on {at}"
        return [_warning(index, *told)]
    if dies_ns - around.now_ns < SOON_NS:
        told = f"détruit dès le {at} : verrouillez avant", f"destroyed from {at}: lock it before"
        return [_warning(index, *told)]
    return []


def _warning(index: int | None, french: str, english: str) -> Remark:
    return Remark(Weight.WARNING, index, Words(french, english))


def _note(index: int, french: str, english: str) -> Remark:
    return Remark(Weight.NOTE, index, Words(french, english))
