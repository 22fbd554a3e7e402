"""The coverage ledger: of every second that was to be recorded, whether it was, and if not, who said why.

For each camera and day `recorded + seams + gaps + unaccounted = expected`, to the nanosecond. Nothing is taken from
what anybody remembers: it is computed from the catalogue, so what was lost together with the control plane (a node and
its centre down at once) is missing here too, as `unaccounted`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.media import Gap, GapCause

SEAM_NS = 250 * NS_PER_MS
"""A stretch this short that nobody accounts for is a seam, not a loss: at 6 images/s (TEC-2) a picture stands for
167 ms, durations are whole milliseconds, and a file's own time may be wrong by as much (`recorder.TIME_ERROR_NS`)."""
ACCOUNT_LAG_NS = 3 * NS_PER_MINUTE
"""A second is accounted for when its segment was closed (70 s), its minute told, and both written."""

RECEIVED_CAUSES = frozenset({GapCause.STREAM_CHANGED, GapCause.OVERLOAD, GapCause.DISK})
"""Pictures came and were not kept. Every other cause, and none, counts as no picture (TEC-6)."""

Interval: TypeAlias = tuple[Nanoseconds, Nanoseconds]
"""[start, end), UTC."""

_PARIS = ZoneInfo("Europe/Paris")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """What the catalogue knows of one camera in a stretch of time, in no order."""

    recorded_ns: NDArray[np.int64]
    """(n, 2): start and end of each segment."""
    gaps: tuple[Gap, ...] = ()

    def beside(self, other: Account) -> Account:
        """Both, each gap once."""
        gaps = tuple(dict.fromkeys((*self.gaps, *other.gaps)))
        return Account(np.concatenate((self.recorded_ns, other.recorded_ns)), gaps)

    def touching(self, from_ns: Nanoseconds, to_ns: Nanoseconds) -> Account:
        """What of it lies, at least in part, in [from_ns, to_ns)."""
        pieces = self.recorded_ns
        near = (pieces[:, 0] < to_ns) & (pieces[:, 1] > from_ns)
        return Account(pieces[near], tuple(gap for gap in self.gaps if gap.start_ns < to_ns and gap.end_ns > from_ns))


class Accounts(Protocol):
    """Who can be asked for them: a `Catalogue`."""

    def accounts(
        self, cameras: Collection[CameraId], from_ns: Nanoseconds, to_ns: Nanoseconds
    ) -> dict[CameraId, Account]: ...


@dataclass(frozen=True, slots=True)
class CameraCoverage:
    """One camera over one stretch, as a rule a day of Paris."""

    camera: CameraId
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    expected_ns: int
    """What was to be recorded, as far as it could have been told."""
    recorded_ns: int
    seams_ns: int
    gaps: tuple[Gap, ...]
    """By start, cut to what was expected and not recorded; none overlaps another: who said it first is believed."""
    unaccounted: tuple[Interval, ...]
    """Neither recorded nor explained, by start."""
    doubled_ns: int
    """Recorded by two segments. Not counted twice."""
    contradicted_ns: int
    """Declared a gap, yet recorded. Counted as recorded."""
    unexpected_ns: int
    """Recorded although it was not to be (AUT-1)."""

    @property
    def gap_ns(self) -> int:
        """Missing and explained."""
        return sum(gap.end_ns - gap.start_ns for gap in self.gaps)

    @property
    def unaccounted_ns(self) -> int:
        """Missing and not explained."""
        return sum(end_ns - start_ns for start_ns, end_ns in self.unaccounted)

    @property
    def received_ns(self) -> int:
        """Pictures came, kept or not."""
        unkept_ns = sum(gap.end_ns - gap.start_ns for gap in self.gaps if gap.cause in RECEIVED_CAUSES)
        return self.recorded_ns + self.seams_ns + unkept_ns

    @property
    def recorded_share(self) -> float | None:
        """Of what was expected, 0 to 1 (TEC-6: recorded). None: nothing was expected."""
        return (self.recorded_ns + self.seams_ns) / self.expected_ns if self.expected_ns else None

    @property
    def received_share(self) -> float | None:
        """Pictures came, kept or not (TEC-6: image received). None: nothing was expected."""
        return self.received_ns / self.expected_ns if self.expected_ns else None

    def gap_ns_by_cause(self) -> dict[GapCause, int]:
        """Missing and explained, by explanation."""
        sums: dict[GapCause, int] = {}
        for gap in self.gaps:
            sums[gap.cause] = sums.get(gap.cause, 0) + gap.end_ns - gap.start_ns
        return sums

    def as_json(self) -> dict[str, object]:
        """Seconds, shares, and every gap; for registers and pages."""
        return {
            "camera": self.camera,
            "from_ns": self.from_ns,
            "to_ns": self.to_ns,
            "expected_s": self.expected_ns / NS_PER_S,
            "recorded_s": self.recorded_ns / NS_PER_S,
            "seams_s": self.seams_ns / NS_PER_S,
            "gaps_s": {cause.value: ns / NS_PER_S for cause, ns in sorted(self.gap_ns_by_cause().items())},
            "unaccounted_s": self.unaccounted_ns / NS_PER_S,
            "doubled_s": self.doubled_ns / NS_PER_S,
            "contradicted_s": self.contradicted_ns / NS_PER_S,
            "unexpected_s": self.unexpected_ns / NS_PER_S,
            "recorded_share": self.recorded_share,
            "received_share": self.received_share,
            "gaps": [[gap.start_ns, gap.end_ns, gap.cause.value] for gap in self.gaps],
            "unaccounted": [list(interval) for interval in self.unaccounted],
        }


def paris_day(day: date) -> Interval:
    """A day as people in Metz count it: 24 h of UTC instants, 23 and 25 on the two days the clocks change."""
    begins, ends = (datetime(each.year, each.month, each.day, tzinfo=_PARIS) for each in (day, day + timedelta(days=1)))
    return _ns(begins), _ns(ends)


def coverage_of(
    catalogue: Accounts,
    expected: Mapping[CameraId, Sequence[Interval]],
    from_ns: Nanoseconds,
    to_ns: Nanoseconds,
    *,
    now_ns: Nanoseconds,
) -> list[CameraCoverage]:
    """The ledger of [from_ns, to_ns), a camera a line, by name.

    `expected`: when each camera was to be recorded (commissioned, authorised, not stopped on purpose); what lies
    outside [from_ns, to_ns) is left out, and so is what nobody can have told by `now_ns`. Nodes that were cut off tell
    late: until then it is unaccounted.
    """
    told_until_ns = min(to_ns, now_ns - ACCOUNT_LAG_NS)
    accounts = catalogue.accounts(expected.keys(), from_ns, to_ns)
    return [
        cover(camera, from_ns, to_ns, _within(intervals, from_ns, told_until_ns), accounts[camera])
        for camera, intervals in sorted(expected.items())
    ]


def cover(
    camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds, expected: Sequence[Interval], account: Account
) -> CameraCoverage:
    """Account for every nanosecond of `expected`, which must lie within [from_ns, to_ns)."""
    wanted = _union(_within(expected, from_ns, to_ns))
    clipped = np.clip(account.recorded_ns, from_ns, to_ns)
    recorded = _union_of(clipped)
    recorded_ns = _length_ns(recorded)
    kept = _both(wanted, recorded)
    missing = _without(wanted, recorded)
    gaps: list[Gap] = []
    for gap in sorted(account.gaps, key=lambda gap: (gap.start_ns, gap.end_ns)):
        said = [(gap.start_ns, gap.end_ns)] if gap.end_ns > gap.start_ns else []
        gaps += [Gap(camera, *piece, gap.cause) for piece in _both(missing, said)]
        missing = _without(missing, said)
    declared = _union(_within([(gap.start_ns, gap.end_ns) for gap in account.gaps], from_ns, to_ns))
    return CameraCoverage(
        camera,
        from_ns,
        to_ns,
        expected_ns=_length_ns(wanted),
        recorded_ns=_length_ns(kept),
        seams_ns=_length_ns(piece for piece in missing if piece[1] - piece[0] <= SEAM_NS),
        gaps=tuple(sorted(gaps, key=lambda gap: gap.start_ns)),
        unaccounted=tuple(piece for piece in missing if piece[1] - piece[0] > SEAM_NS),
        doubled_ns=int((clipped[:, 1] - clipped[:, 0]).sum()) - recorded_ns,
        contradicted_ns=_length_ns(_both(declared, recorded)),
        unexpected_ns=recorded_ns - _length_ns(kept),
    )


def condensed(account: Account) -> Account:
    """The same in few stretches: segments that a seam parts are one, unless somebody declared a gap in between.

    `cover` says the same of both, but for seams, which count as recorded, and what was doubled, which is lost.
    """
    declared = _union([(gap.start_ns, gap.end_ns) for gap in account.gaps])
    found: list[Interval] = []
    for start_ns, end_ns in _union_of(account.recorded_ns):
        is_seam = bool(found) and start_ns - found[-1][1] <= SEAM_NS
        if is_seam and not _both([(found[-1][1], start_ns)], declared):
            found[-1] = (found[-1][0], end_ns)
        else:
            found.append((start_ns, end_ns))
    return Account(np.array(found, np.int64).reshape(-1, 2), account.gaps)


def _ns(instant: datetime) -> Nanoseconds:
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000


def _within(intervals: Iterable[Interval], from_ns: Nanoseconds, to_ns: Nanoseconds) -> list[Interval]:
    cut = [(max(start_ns, from_ns), min(end_ns, to_ns)) for start_ns, end_ns in intervals]
    return [piece for piece in cut if piece[1] > piece[0]]


def _union(intervals: Iterable[Interval]) -> list[Interval]:
    """By start, disjoint and not touching."""
    return _union_of(np.array(sorted(intervals), np.int64).reshape(-1, 2))


def _union_of(pieces: NDArray[np.int64]) -> list[Interval]:
    pieces = pieces[pieces[:, 1] > pieces[:, 0]]
    if not len(pieces):
        return []
    pieces = pieces[np.argsort(pieces[:, 0], kind="stable")]
    reach = np.maximum.accumulate(pieces[:, 1])
    begins = np.concatenate(([True], pieces[1:, 0] > reach[:-1]))
    ends = np.concatenate((begins[1:], [True]))
    return list(zip(pieces[begins, 0].tolist(), reach[ends].tolist(), strict=True))


def _both(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """What lies in both; each by start and disjoint."""
    found, at, beside = list[Interval](), 0, 0
    while at < len(one) and beside < len(other):
        start_ns, end_ns = max(one[at][0], other[beside][0]), min(one[at][1], other[beside][1])
        if end_ns > start_ns:
            found.append((start_ns, end_ns))
        if one[at][1] < other[beside][1]:
            at += 1
        else:
            beside += 1
    return found


def _without(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """What lies in the first alone; each by start and disjoint."""
    left, beside = list[Interval](), 0
    for begin_ns, end_ns in one:
        start_ns = begin_ns
        while beside < len(other) and other[beside][1] <= start_ns:
            beside += 1
        at = beside
        while at < len(other) and other[at][0] < end_ns:
            if other[at][0] > start_ns:
                left.append((start_ns, other[at][0]))
            start_ns = max(start_ns, other[at][1])
            at += 1
        if start_ns < end_ns:
            left.append((start_ns, end_ns))
    return left


def _length_ns(intervals: Iterable[Interval]) -> int:
    return sum(end_ns - start_ns for start_ns, end_ns in intervals)
