"""What the tiers hold although it has expired and no row names it: a restored backup, a lost row, a late node's file.

Names tell when a file was filmed, so nothing needs to be opened; what cannot be due is not even listed. Calls block.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache

from csu.centre.purge.ports import PurgePorts
from csu.centre.purge.tiers import Tier, segment_of
from csu.governance.retention import RuledPiece, terms_of_hour
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.keys import utc_day
from csu.recording import SEGMENT_NS_MAX
from csu.recording.destruction import (
    HOUR_NS,
    LEAD_NS,
    DestructionPlan,
    Footage,
    Protection,
    plan_destruction,
    shortest_life_ns,
    span_of_utc_day,
)
from csu.recording.hour_footage import NOBODY

Begun = tuple[CameraId, Nanoseconds]
"""A camera, and the begin of one of its files as its name tells it."""


def find_strays(
    ports: PurgePorts, known: Collection[Begun], protection: Protection, now_ns: Nanoseconds
) -> DestructionPlan:
    """What is due and not `known`. What is not due is of an hour that the agenda will name; its rows know its length.

    Raises DiskError when a tier does not answer.
    """
    cameras = ports.cameras()
    found: dict[str, Footage] = {}
    for tier in ports.tiers:
        for name in _candidates(tier, ports, now_ns):
            begun = segment_of(name)
            if begun is None or (begun.camera, begun.start_ns) in known:
                continue
            # How long it is, only its content says: as long as one can be, so that no lock is overlooked.
            span = Span(begun.start_ns, begun.start_ns + SEGMENT_NS_MAX)
            found[name] = Footage(begun.camera, cameras.get(begun.camera, NOBODY), span)
    plan = plan_destruction(found.values(), ports.rules, protection, now_ns)
    ends_ns = _ends_ns(ports, plan.destroy)
    for name, each in found.items():
        end_ns = ends_ns.get((each.camera, each.span.from_ns))
        if end_ns is not None:
            found[name] = replace(each, span=Span(each.span.from_ns, end_ns))
    return plan_destruction(found.values(), ports.rules, protection, now_ns) if ends_ns else plan


def _ends_ns(ports: PurgePorts, footage: Sequence[Footage]) -> dict[Begun, Nanoseconds]:
    """The end of those that a living row knows: at a month's end a longer one would be due a day before."""
    found = dict[Begun, Nanoseconds]()
    for hour_ns in sorted({each.span.from_ns // HOUR_NS * HOUR_NS for each in footage}):
        rows = ports.catalogue.living_segments(hour_ns, hour_ns + HOUR_NS)
        cameras = [rows.cameras[index] for index in rows.camera.tolist()]
        begins_ns = (rows.start_ns // NS_PER_MS * NS_PER_MS).tolist()
        found |= dict(zip(zip(cameras, begins_ns, strict=True), rows.end_ns.tolist(), strict=True))
    return found


def cameras_that_hold(tiers: Sequence[Tier], span: Span, cameras: Collection[CameraId]) -> set[CameraId]:
    """Those of `cameras` of which a tier holds a file that begins in `span`. Raises DiskError."""
    found: set[CameraId] = set()
    for tier in tiers:
        for day in sorted({utc_day(span.from_ns), utc_day(span.to_ns - 1)}):
            there = set(tier.cameras(day)) & (set(cameras) - found)
            if span.covers(span_of_utc_day(day)):
                found |= there
                continue
            for camera in there:
                begun = map(segment_of, tier.names(day, camera))
                if any(each is not None and span.holds(each.start_ns) for each in begun):
                    found.add(camera)
    return found


def _candidates(tier: Tier, ports: PurgePorts, now_ns: Nanoseconds) -> Iterator[str]:
    """Names of files that begin in an hour in which something of their camera is due."""
    last = utc_day(max(0, now_ns + LEAD_NS - shortest_life_ns(ports.shortest_days())))
    for day in tier.days():
        if day > last:
            return
        for camera in tier.cameras(day):
            pieces = tuple(
                ports.rules(camera, Span(span_of_utc_day(day).from_ns, span_of_utc_day(day).to_ns + HOUR_NS))
            )
            hours = _hours_due(pieces, day, now_ns + LEAD_NS)
            if hours:
                yield from tier.names(day, camera, hours)


@lru_cache(maxsize=4096)  # the cameras of one order have one answer
def _hours_due(pieces: tuple[RuledPiece, ...], day: date, by_ns: Nanoseconds) -> frozenset[int]:
    """Hours of a UTC day, 0 to 23, of which the first instant to expire has expired."""
    begin_ns = span_of_utc_day(day).from_ns
    due = set[int]()
    for number in range(24):
        hour_ns = begin_ns + number * HOUR_NS
        hours = (hour_ns, hour_ns + HOUR_NS)  # a file reaches into the next one, where an expiry can fall back
        if any(at + terms_of_hour(piece.rule, at).expiry_ns <= by_ns for piece in pieces for at in hours):
            due.add(number)
    return frozenset(due)
