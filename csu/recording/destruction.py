"""What footage is to be destroyed now, what must be copied out before, and when to look again (RET-1 to RET-4, EXP-3).

Pure: footage, rules, what is protected and `now` in; a plan out. `csu.centre.purge.purge` carries it out, in order:

    journal -> evidence copies (`recut`) -> files (`destroy`) -> catalogue -> keys (`key_due_ns`) -> register

A locked stretch is cut out and sealed anew in the evidence store before its file goes, and no key dies while a file
under it lives: what is out of order destroys evidence, or leaves what is unlawful (docs/decisions/0035).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from csu.governance.destruction import destruction_due
from csu.governance.retention import RuledPiece, minimum_end_of, terms_of_hour
from csu.governance.spans import Span, overlap, without
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.keys import KeyName, utc_day
from csu.recording.names import segment_name

LEAD_NS = 90 * NS_PER_S
"""How long before its expiry footage goes: the next round is a minute away and takes its time. Nothing is ever there
one instant too long; what an order wants kept to the last instant is the exception (RET-3)."""
RECUT_AHEAD_NS = NS_PER_DAY
"""Locked stretches are copied out a day before their file goes: an evidence store in trouble is told in time."""
HOUR_NS = 60 * NS_PER_MINUTE
Rules = Callable[[CameraId, Span], Sequence[RuledPiece]]
"""`governance.rules_over`, bound to the register and the doctrine: under which rules this was captured."""


@dataclass(frozen=True, slots=True)
class Footage:
    """One segment, wherever copies of it lie."""

    camera: CameraId
    commune: CommuneId
    span: Span
    """From its first picture to its end. It must hold each of its pictures: a lock that touches one must be seen."""
    size_bytes: int = 0

    @property
    def name(self) -> str:
        """Of its file, on every tier."""
        return segment_name(self.camera, self.span.from_ns)

    @property
    def key(self) -> KeyName:
        """Of the key that seals it: of its commune and the UTC day in which it begins."""
        return KeyName(self.commune, utc_day(self.span.from_ns))


@dataclass(frozen=True, slots=True)
class Protection:
    """What keeps footage now, by camera; and, by the name of a segment, what of it the evidence store holds durably."""

    holds: Mapping[CameraId, tuple[Span, ...]] = field(default_factory=dict)
    locks: Mapping[CameraId, tuple[Span, ...]] = field(default_factory=dict)
    preserved: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recut:
    """To be cut out of a segment at key frames and sealed anew in the evidence store, before its file goes."""

    footage: Footage
    spans: tuple[Span, ...]
    is_due: bool
    """Its file is due now, and waits for nothing else; else there is a day left."""


@dataclass(frozen=True, slots=True)
class DestructionPlan:
    """What is to be done now, in this order: every `recut`, then plan again, then `destroy`."""

    recut: tuple[Recut, ...] = ()
    destroy: tuple[Footage, ...] = ()
    """Every copy of it, on every tier. Nothing in it waits for a recut."""
    next_ns: Nanoseconds | None = None
    """When to plan again at the latest; None: nothing of this footage is left."""
    exact_ns: Nanoseconds | None = None
    """The next instant up to which an order wants something kept: it is due then, and not up to `LEAD_NS` before."""
    unlawful: int = 0
    """Segments that no order governed at capture: an incident for the DPO, whatever their age (AUT-1)."""
    late_ns: Nanoseconds = 0
    """How long ago the first of `destroy` or `overdue` should have been gone; 0: it is in time."""

    @property
    def overdue(self) -> tuple[Footage, ...]:
        """What should go and cannot, because a locked part of it is not yet safe elsewhere. An incident (RET-6)."""
        return tuple(each.footage for each in self.recut if each.is_due)


def plan_destruction(
    footage: Iterable[Footage], rules: Rules, protection: Protection, now_ns: Nanoseconds
) -> DestructionPlan:
    """Decide on each segment. A segment goes whole or stays whole: a part of it lives on only as evidence.

    A hold keeps the segments it touches whole until the ceiling of the law: only the doctrine's days are exceeded, and
    by less than a segment. A lock keeps nothing of the segment but its own stretch, elsewhere.
    """
    return plan_governed(((each, rules(each.camera, each.span)) for each in footage), protection, now_ns)


def plan_governed(
    footage: Iterable[tuple[Footage, Sequence[RuledPiece]]], protection: Protection, now_ns: Nanoseconds
) -> DestructionPlan:
    """`plan_destruction` of segments of which it is known under which rules each was captured."""
    recut: list[Recut] = []
    destroy = list[Footage]()
    next_ns: Nanoseconds | None = None
    exact_ns: Nanoseconds | None = None
    late_ns = unlawful = 0
    for each, pieces in footage:
        unlawful += any(not piece.rule.order for piece in pieces)
        verdict = _verdict(each, pieces, protection, now_ns)
        if verdict.missing:
            recut.append(Recut(each, verdict.missing, verdict.is_due))
        if verdict.is_due:
            late_ns = max(late_ns, now_ns - verdict.end_ns)
        if verdict.is_due and not verdict.missing:
            destroy.append(each)
        next_ns = earlier(next_ns, verdict.again_ns)
        if verdict.again_ns is not None and verdict.again_ns > verdict.end_ns - LEAD_NS:
            exact_ns = earlier(exact_ns, verdict.again_ns)
    return DestructionPlan(tuple(recut), tuple(destroy), next_ns, exact_ns, unlawful, late_ns)


def earlier(one: Nanoseconds | None, other: Nanoseconds | None) -> Nanoseconds | None:
    """Of two instants that may not come."""
    return other if one is None else one if other is None else min(one, other)


def changed(before: Protection, after: Protection) -> dict[CameraId, list[Span]]:
    """Where a hold or a lock came or went, by camera: what lies elsewhere is decided as before."""
    found: dict[CameraId, list[Span]] = {}
    for old, new in ((before.holds, after.holds), (before.locks, after.locks)):
        for camera in old.keys() | new.keys():
            differ = set(old.get(camera, ())) ^ set(new.get(camera, ()))
            if differ:
                found.setdefault(camera, []).extend(differ)
    return found


def stretches(gone: Iterable[Footage], kept: Iterable[Footage]) -> dict[CameraId, tuple[Span, ...]]:
    """[first begin, last begin + 1) of runs of `gone`, by camera; none of them holds the begin of a segment in `kept`.

    So that the catalogue is told of an hour of destroyed files in one line (`Catalogue.destroy`).
    """
    lives: dict[CameraId, set[Nanoseconds]] = {}
    for each in kept:
        lives.setdefault(each.camera, set()).add(each.span.from_ns)
    begins: dict[CameraId, list[Nanoseconds]] = {}
    for each in gone:
        begins.setdefault(each.camera, []).append(each.span.from_ns)
    return {camera: tuple(_runs(sorted(set(at)), lives.get(camera, set()))) for camera, at in begins.items()}


def last_expiry_ns(pieces: Sequence[RuledPiece]) -> Nanoseconds:
    """When the last instant of this stretch expires; `governance.expiry_of` is when the first one does."""
    return max(map(_last_expiry_ns, pieces))


def _last_expiry_ns(piece: RuledPiece) -> Nanoseconds:
    span = piece.span
    lasts: list[Nanoseconds] = [*range(_hour_after(span.from_ns) - 1, span.to_ns - 1, HOUR_NS), span.to_ns - 1]
    return max(at + terms_of_hour(piece.rule, at // HOUR_NS * HOUR_NS).expiry_ns for at in lasts)


def _hour_after(at_ns: Nanoseconds) -> Nanoseconds:
    return (at_ns // HOUR_NS + 1) * HOUR_NS


def shortest_life_ns(days: int) -> Nanoseconds:
    """No footage of an order or a doctrine of so many days is due sooner: a month may have 28, and a day 23 hours."""
    return min(days, 28) * NS_PER_DAY - 2 * HOUR_NS


def span_of_utc_day(day: date) -> Span:
    """All its instants."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS_PER_S
    return Span(start, start + NS_PER_DAY)


def key_due_ns(key: KeyName, cameras: Collection[CameraId], rules: Rules) -> Nanoseconds:
    """When every instant of a key's day has expired for every camera of its commune.

    From then on it is to be shredded as soon as nothing sealed by it lives, by catalogue and by disks, and not before:
    a key of which the catalogue knows no footage may seal minutes that a node has not told yet. A commune without
    cameras (any more) is judged by what `rules` says of a camera that no paper knows: the month of the law.
    """
    span = span_of_utc_day(key.day)
    return max(last_expiry_ns(rules(camera, span)) for camera in cameras or (CameraId("-"),))


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_due: bool
    missing: tuple[Span, ...]
    again_ns: Nanoseconds | None
    end_ns: Nanoseconds


def _verdict(footage: Footage, pieces: Sequence[RuledPiece], protection: Protection, now_ns: Nanoseconds) -> _Verdict:
    holds = overlap(footage.span, protection.holds.get(footage.camera, ()))
    locks = protection.locks.get(footage.camera, ())
    # What an order wants kept to the last instant is not taken before it; else the round comes before the expiry.
    to_the_end = minimum_end_of(pieces) > now_ns
    by_ns = now_ns if to_the_end else now_ns + LEAD_NS
    found = destruction_due(pieces, holds=[footage.span] if holds else [], locks=locks, at_ns=by_ns)
    # A lock over the whole of what is held ends no hold: its copy is the case's, and may go before the hold does.
    end_ns = found.ceiling_ns if holds else found.expiry_ns
    is_due = by_ns >= end_ns
    again_ns = None if is_due else max(end_ns - LEAD_NS, min(end_ns, minimum_end_of(pieces)))
    locked = overlap(footage.span, locks)
    if not locked or (again_ns is not None and again_ns - now_ns > RECUT_AHEAD_NS):
        ahead = again_ns - RECUT_AHEAD_NS if locked and again_ns is not None else again_ns
        return _Verdict(is_due, (), ahead, end_ns)
    safe = protection.preserved.get(footage.name, ())
    missing = tuple(part for span in locked for part in without(span, safe))
    if missing:
        return _Verdict(is_due, missing, now_ns, end_ns)
    return _Verdict(is_due, (), again_ns, end_ns)


def _runs(begins: Sequence[Nanoseconds], lives: Collection[Nanoseconds]) -> Iterable[Span]:
    every = sorted((*((at, True) for at in begins), *((at, False) for at in lives)))
    run: list[Nanoseconds] = []
    for at, is_gone in every:
        if is_gone:
            run.append(at)
        elif run:
            yield Span(run[0], run[-1] + 1)
            run = []
    if run:
        yield Span(run[0], run[-1] + 1)
