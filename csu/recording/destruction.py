"""What footage is to be destroyed now, what must be copied out before, and when to look again (RET-1 to RET-4, EXP-3).

Pure: footage, rules, what is protected and `now` in; a plan out. `csu.centre.purge` carries it out, in this order:

    journal -> evidence copies (`recut`) -> files (`destroy`) -> catalogue -> keys (`key_due_ns`) -> register

A locked stretch is cut out and sealed anew in the evidence store before its file goes, and no key dies while a file
under it lives: what is out of order destroys evidence, or leaves what is unlawful (docs/decisions/0035).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache

from csu.governance.destruction import destruction_due
from csu.governance.retention import RuledPiece, minimum_end_of
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
SETTLED_NS = 12 * HOUR_NS
"""An hour of footage is first looked at when the manifests of its minutes have come; what comes later still, a scan of
the disks finds."""

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

    recut: tuple[Recut, ...]
    destroy: tuple[Footage, ...]
    """Every copy of it, on every tier. Nothing in it waits for a recut."""
    kept: tuple[Footage, ...]
    """Neither due nor waiting, or kept by a hold."""
    next_ns: Nanoseconds | None
    """When to plan again at the latest; None: nothing of this footage is left."""
    unlawful: tuple[Footage, ...]
    """No order governed it at capture: an incident for the DPO, whatever its age (AUT-1)."""
    late_ns: Nanoseconds = 0
    """How long ago the first of `destroy` or `overdue` should have been gone; 0: it is in time."""

    @property
    def overdue(self) -> tuple[Footage, ...]:
        """What should go and cannot, because a locked part of it is not yet safe elsewhere. An incident (RET-6)."""
        return tuple(each.footage for each in self.recut if each.is_due)


def plan_destruction(
    footage: Iterable[Footage],
    rules: Rules,
    protection: Protection,
    now_ns: Nanoseconds,
    *,
    lead_ns: Nanoseconds = LEAD_NS,
) -> DestructionPlan:
    """Decide on each segment. A segment goes whole or stays whole: a part of it lives on only as evidence.

    A hold keeps the segments it touches whole until the ceiling of the law: only the doctrine's days are exceeded, and
    by less than a segment. A lock keeps nothing of the segment but its own stretch, elsewhere.
    """
    recut: list[Recut] = []
    destroy, kept, unlawful = list[Footage](), list[Footage](), list[Footage]()
    next_ns: Nanoseconds | None = None
    late_ns = 0
    governed = _governed(rules)
    for each in footage:
        pieces = governed(each)
        if any(not piece.rule.order for piece in pieces):
            unlawful.append(each)
        verdict = _verdict(each, pieces, protection, now_ns, lead_ns)
        if verdict.missing:
            recut.append(Recut(each, verdict.missing, verdict.is_due))
        if verdict.is_due:
            late_ns = max(late_ns, now_ns - verdict.end_ns)
        if verdict.is_due and not verdict.missing:
            destroy.append(each)
        elif not verdict.is_due:
            kept.append(each)
        if verdict.again_ns is not None:
            next_ns = verdict.again_ns if next_ns is None else min(next_ns, verdict.again_ns)
    return DestructionPlan(tuple(recut), tuple(destroy), tuple(kept), next_ns, tuple(unlawful), late_ns)


def spans_kept(footage: Iterable[Footage], protection: Protection) -> dict[CameraId, tuple[Span, ...]]:
    """What of destroyed footage lives on as evidence: for the register's line."""
    found: dict[CameraId, list[Span]] = {}
    for each in footage:
        locked = overlap(each.span, protection.locks.get(each.camera, ()))
        found.setdefault(each.camera, []).extend(locked)
    return {camera: _joined(spans) for camera, spans in found.items() if spans}


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
    return _last_expiry_ns(tuple(pieces))


@lru_cache(maxsize=4096)  # a day is asked for once for each camera, and the cameras of one order have one answer
def _last_expiry_ns(pieces: tuple[RuledPiece, ...]) -> Nanoseconds:
    return max(
        piece.rule.expiry_ns(at - 1)
        for piece in pieces
        for at in (*range((piece.span.from_ns // HOUR_NS + 1) * HOUR_NS, piece.span.to_ns, HOUR_NS), piece.span.to_ns)
    )


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


class Agenda:
    """Which hours of footage are to be looked at, so that a minute's round does not read a month of catalogue.

    An hour that nobody has looked at is due when the shortest of all rules could have expired in it. Forget all where a
    rule, a hold or a lock changed.
    """

    def __init__(self) -> None:
        self._next: dict[Nanoseconds, Nanoseconds | None] = {}

    def forget(self) -> None:
        """Every hour of which anything is left is to be looked at again."""
        self._next = {hour: at for hour, at in self._next.items() if at is None}

    def due(
        self, oldest_ns: Nanoseconds, shortest_days: int, now_ns: Nanoseconds, *, lead_ns: Nanoseconds = LEAD_NS
    ) -> list[Span]:
        """Hours (UTC) between the oldest footage and now that may hold something due, the oldest first."""
        life_ns = shortest_life_ns(shortest_days)
        last = min(now_ns + max(lead_ns, RECUT_AHEAD_NS) - life_ns, now_ns - SETTLED_NS)
        hours = range(oldest_ns // HOUR_NS * HOUR_NS, last + 1, HOUR_NS)
        found = []
        for hour in hours:
            at = self._next.get(hour, hour)
            if at is not None and at <= now_ns:
                found.append(Span(hour, hour + HOUR_NS))
        return found

    def told(self, hour: Span, next_ns: Nanoseconds | None) -> None:
        """When this hour is to be looked at again; None: nothing of it is left."""
        self._next[hour.from_ns] = next_ns

    @property
    def next_ns(self) -> Nanoseconds | None:
        """The next of the hours that were looked at."""
        return min((at for at in self._next.values() if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Verdict:
    is_due: bool
    missing: tuple[Span, ...]
    again_ns: Nanoseconds | None
    end_ns: Nanoseconds


def _verdict(
    footage: Footage, pieces: Sequence[RuledPiece], protection: Protection, now_ns: Nanoseconds, lead_ns: Nanoseconds
) -> _Verdict:
    holds = overlap(footage.span, protection.holds.get(footage.camera, ()))
    locks = protection.locks.get(footage.camera, ())
    # What an order wants kept to the last instant is not taken before it; else the round comes before the expiry.
    to_the_end = minimum_end_of(pieces) > now_ns
    by_ns = now_ns if to_the_end else now_ns + lead_ns
    found = destruction_due(pieces, holds=[footage.span] if holds else [], locks=locks, at_ns=by_ns)
    is_due = found.keep == found.locked and by_ns >= found.expiry_ns
    end_ns = found.ceiling_ns if holds else found.expiry_ns
    again_ns = None if is_due else max(end_ns - lead_ns, min(end_ns, minimum_end_of(pieces)))
    locked = overlap(footage.span, locks)
    if not locked or (again_ns is not None and again_ns - now_ns > RECUT_AHEAD_NS):
        ahead = again_ns - RECUT_AHEAD_NS if locked and again_ns is not None else again_ns
        return _Verdict(is_due, (), ahead, end_ns)
    safe = protection.preserved.get(footage.name, ())
    missing = tuple(part for span in locked for part in without(span, safe))
    if missing:
        return _Verdict(is_due, missing, now_ns, end_ns)
    return _Verdict(is_due, (), again_ns, end_ns)


def _governed(rules: Rules) -> Callable[[Footage], Sequence[RuledPiece]]:
    """`rules`, asked once for each camera and hour: an order changes a few times a year."""
    known: dict[tuple[CameraId, Nanoseconds], Sequence[RuledPiece]] = {}

    def ask(footage: Footage) -> Sequence[RuledPiece]:
        hour = footage.span.from_ns // HOUR_NS * HOUR_NS
        if footage.span.to_ns > hour + 2 * HOUR_NS:
            return rules(footage.camera, footage.span)
        pieces = known.get((footage.camera, hour))
        if pieces is None:
            pieces = known[footage.camera, hour] = rules(footage.camera, Span(hour, hour + 2 * HOUR_NS))
        return [RuledPiece(part, piece.rule) for piece in pieces for part in overlap(piece.span, [footage.span])]

    return ask


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    every = sorted(spans)
    return overlap(Span(every[0].from_ns, max(span.to_ns for span in every)), every)


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
