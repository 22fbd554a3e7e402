"""What of a stretch of footage is to be destroyed now, and what keeps the rest (RET-3 to RET-5, EXP-3 to EXP-5).

A precautionary hold keeps from the expiry of the local doctrine to the ceiling of the law, never beyond, and from hands
before (EXP-4). An evidence lock keeps longer, exactly its camera and interval (EXP-3), until each of the locks on it
has ended (EXP-5). Pure: the caller deletes, and asks again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from csu.governance.decision import Decision, granted, refused
from csu.governance.legal_calendar import days_after, in_paris, one_month_after
from csu.governance.retention import RuledPiece, ceiling_of, expiry_of, minimum_end_of
from csu.governance.spans import Span, overlap, without
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class Destruction:
    """What is to be done now with one stretch: `destroy` and `keep` are all of it, and share nothing."""

    destroy: tuple[Span, ...]
    keep: tuple[Span, ...]
    locked: tuple[Span, ...]
    """What of `keep` only locks keep: to be cut out and re-encrypted before the rest and its key go."""
    expiry_ns: Nanoseconds
    ceiling_ns: Nanoseconds
    ask_again_ns: Nanoseconds | None
    """When the answer changes by itself. None: only when a hold or a lock ends. Ask again at either, too."""
    unlawful: tuple[Span, ...]
    """What no order governed at capture: an incident for the DPO, whatever its age (AUT-1)."""


def destruction_due(
    pieces: Sequence[RuledPiece], *, holds: Iterable[Span], locks: Iterable[Span], at_ns: Nanoseconds
) -> Destruction:
    """What to destroy at `at_ns` of footage that dies as one (a segment): `pieces` are it, from `rules_over`.

    `holds`, `locks`: what those that count at `at_ns` keep of this camera. Captured under two orders, the footage takes
    the stricter, whole. Due at exactly the expiry: what is kept is strictly before it.
    """
    span = _whole(pieces)
    expiry, ceiling = expiry_of(pieces), ceiling_of(pieces)
    locked = overlap(span, locks)
    keep, ask_again = locked, None
    if at_ns < expiry:
        keep, ask_again = (span,), expiry
    elif at_ns < ceiling:
        keep = overlap(span, (*locked, *holds))
        ask_again = ceiling if keep != locked else None
    return Destruction(
        destroy=without(span, keep),
        keep=keep,
        locked=() if at_ns < expiry else locked,
        expiry_ns=expiry,
        ceiling_ns=ceiling,
        ask_again_ns=ask_again,
        unlawful=tuple(piece.span for piece in pieces if not piece.rule.order),
    )


def may_purge_by_hand(
    pieces: Sequence[RuledPiece], *, holds: Iterable[Span], locks: Iterable[Span], at_ns: Nanoseconds
) -> Decision:
    """Whether a person may destroy this footage before its time: the whole stretch, or nothing of it.

    Footage that no order governed has no minimum. Who may ask is for `csu.governance.rights` to say.
    """
    span, until = _whole(pieces), minimum_end_of(pieces)
    if overlap(span, locks):
        answer = refused("un verrou de preuve le protège", "an evidence lock protects it", "CSI L252-5 ; EXP-3")
    elif overlap(span, holds):
        answer = refused("un gel conservatoire le protège", "a precautionary hold protects it", "EXP-4")
    elif at_ns < until:
        when = in_paris(until)
        answer = refused(
            f"l'arrêté impose de le conserver jusqu'au {when}",
            f"the order wants it kept until {when}",
            "CSI L252-5 al. 2",
        )
    else:
        answer = granted("aucun minimum ne court plus", "no minimum runs any more", "CSI L252-5")
    return replace(answer, must_journal=True)


def _whole(pieces: Sequence[RuledPiece]) -> Span:
    return Span(pieces[0].span.from_ns, pieces[-1].span.to_ns)


@dataclass(frozen=True, slots=True)
class RecipientCopy:
    """What was handed to a recipient of L252-3 (not under requisition): it lives by a clock of its own (RET-5)."""

    reference: str
    recipient: str
    camera: CameraId
    span: Span
    transmitted_ns: Nanoseconds
    """Or accessed."""
    days: int | None = None
    """What the order grants, if less than a month."""
    destroyed_ns: Nanoseconds | None = None

    @property
    def expiry_ns(self) -> Nanoseconds:
        month = one_month_after(self.transmitted_ns)
        return month if self.days is None else min(month, days_after(self.transmitted_ns, self.days))


def overdue_copies(copies: Iterable[RecipientCopy], at_ns: Nanoseconds) -> tuple[RecipientCopy, ...]:
    """Copies whose destruction their recipient has not reported in time, oldest first: for the DPO."""
    late = (each for each in copies if each.destroyed_ns is None and each.expiry_ns <= at_ns)
    return tuple(sorted(late, key=lambda each: (each.expiry_ns, each.reference)))
