"""The cameras of one media node in closed form (level L0): what a node that takes every GOP would account for.

A pure core: outages in, the account of any stretch of time out. Exact to the millisecond, proven against a node that is
fed GOP by GOP (tests/sim/test_cohort.py). Rules: a GOP lasts 1 s and each camera has its phase; what came before an
interruption is kept; recording goes on at the first GOP that begins after it; a segment is cut each minute at the first
GOP after the camera's own roll-over instant.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.media import Assignment, Gap, GapCause, SegmentTable, each_camera_once, no_hashes

GOP_NS = NS_PER_S
_Number = TypeVar("_Number", bound=np.generic)
_NOT_RECORDING = -1
_GOLDEN_SHARE = (40_503, 65_536)
"""The roll-over phase of a camera is its number times this, as in csu.recording.Rollover (a test holds them equal)."""
_MINUTES_AHEAD = 64
_JITTER_SHARE = 0.3
"""A segment's size varies by this much around the camera's mean, 15 % to each side."""


@dataclass(frozen=True, slots=True)
class Outage:
    """[start_ns, end_ns) of one camera brings nothing, for `cause`. Whole milliseconds."""

    start_ns: Nanoseconds
    end_ns: Nanoseconds
    cause: GapCause

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns or self.start_ns % NS_PER_MS or self.end_ns % NS_PER_MS:
            raise ValueError(f"{self} must last, in whole milliseconds")


@dataclass(frozen=True, slots=True)
class ClockError:
    """In [start_ns, end_ns) the camera's own clock is ahead by `ahead_ms`, besides its ordinary offset."""

    start_ns: Nanoseconds
    end_ns: Nanoseconds
    ahead_ms: int


@dataclass(frozen=True, slots=True)
class CohortCamera:
    """One camera as the cohort needs it. `gop_phase_ns`: its GOPs begin at this, modulo GOP_NS."""

    assignment: Assignment
    gop_phase_ns: Nanoseconds
    mean_bits_per_s: int
    clock_offset_ms: int = 0
    outages: tuple[Outage, ...] = ()
    """Disjoint, in order: see `disjoint`."""
    clock_errors: tuple[ClockError, ...] = ()

    @property
    def camera(self) -> CameraId:
        return self.assignment.record.camera

    def next_gop_ns(self, at_ns: Nanoseconds) -> Nanoseconds:
        """Where the first GOP at or after `at_ns` begins."""
        return at_ns + (self.gop_phase_ns - at_ns) % GOP_NS

    @property
    def roll_over_ns(self) -> Nanoseconds:
        """Where in each minute the segment is cut; may lie past the minute's end by less than a GOP."""
        multiplier, modulus = _GOLDEN_SHARE
        return self.next_gop_ns(self.assignment.record.number * multiplier % modulus * NS_PER_MINUTE // modulus)


_WEIGHT = {GapCause.CAMERA_LOST: 2, GapCause.DISK: 1}
"""Of causes at once the heaviest is told: a disk cannot refuse what no camera sends, nor a packet of it be lost."""


def disjoint(outages: Sequence[Outage]) -> tuple[Outage, ...]:
    """The same outages without overlap, in order; of several at once the heaviest cause is told."""
    edges = sorted({edge for outage in outages for edge in (outage.start_ns, outage.end_ns)})
    waiting = deque(sorted(outages, key=lambda outage: outage.start_ns))
    pieces: list[Outage] = []
    now: list[Outage] = []
    for start_ns, end_ns in pairwise(edges):
        while waiting and waiting[0].start_ns <= start_ns:
            now.append(waiting.popleft())
        now = [outage for outage in now if outage.end_ns > start_ns]
        if not now:
            continue
        cause = max(now, key=lambda outage: (_WEIGHT.get(outage.cause, 0), outage.start_ns)).cause
        if pieces and pieces[-1].end_ns == start_ns and pieces[-1].cause is cause:
            start_ns = pieces.pop().start_ns
        pieces.append(Outage(start_ns, end_ns, cause))
    return tuple(pieces)


Account: TypeAlias = tuple[SegmentTable, tuple[Gap, ...]]
"""What was closed and what was missed in a stretch of time."""


class Cohort:
    """One epoch of a node's cameras, from `begun_at_ns` on. `account` takes it forward, minute by minute."""

    def __init__(
        self,
        cameras: Sequence[CohortCamera],
        begun_at_ns: Nanoseconds,
        lost_since_ns: Mapping[CameraId, Nanoseconds] | None = None,
    ) -> None:
        """`lost_since_ns`: up to where a former epoch accounted for each camera; the rest is a gap NODE_LOST."""
        n = len(cameras)
        self._cameras = tuple(cameras)
        self.cameras = tuple(camera.camera for camera in cameras)
        self._at_ns = begun_at_ns
        self._open_since_ns = np.full(n, _NOT_RECORDING, np.int64)
        self._roll_over_ns = np.array([camera.roll_over_ns % NS_PER_MINUTE for camera in cameras], np.int64)
        self._tracks = [_Track(camera, begun_at_ns, int(self._roll_over_ns[i])) for i, camera in enumerate(cameras)]
        self._owed_gaps = [
            Gap(camera, since_ns, begun_at_ns, GapCause.NODE_LOST)
            for camera, since_ns in (lost_since_ns or {}).items()
            if since_ns < begun_at_ns
        ]
        self._sizes = _Sizes(self._cameras)
        self._everyone = each_camera_once(n)
        self._mask_epoch = _frozen(np.array([camera.assignment.mask_epoch for camera in cameras], np.int32))
        self._clock_offset_ms = _frozen(np.array([camera.clock_offset_ms for camera in cameras], np.int32))
        self._clock_changes = sorted(
            (at_ns, index, ahead_ms)
            for index, camera in enumerate(cameras)
            for error in camera.clock_errors
            for at_ns, ahead_ms in ((error.start_ns, error.ahead_ms), (error.end_ns, -error.ahead_ms))
        )
        self._alike: _Alike | None = None
        """Of the last minute, if some were recorded all along in it and cut once, and the others not at all."""
        self._all = range(n)
        self._touched = self._touched_cameras()

    @property
    def at_ns(self) -> Nanoseconds:
        """Up to where it has accounted."""
        return self._at_ns

    def accounted_until_ns(self) -> dict[CameraId, Nanoseconds]:
        """Per camera, where its last announced segment or gap ends: what a crash now would lose begins there."""
        until = np.where(self._open_since_ns == _NOT_RECORDING, self._at_ns, self._open_since_ns).tolist()
        owed = {gap.camera: gap.start_ns for gap in self._owed_gaps}
        return dict(zip(self.cameras, until, strict=True)) | owed

    def changed(self, cameras: Sequence[CohortCamera], at_ns: Nanoseconds) -> tuple[Cohort, Account]:
        """The node serves these cameras from `at_ns` on: the cohort that goes on, and the account of this one.

        Those let go are closed there; what is open of the others goes on, and keeps its place in outages.
        """
        kept = {camera.camera: index for index, camera in enumerate(cameras)}
        account = self._account(at_ns, {index for index, camera in enumerate(self.cameras) if camera not in kept})
        after = Cohort(cameras, at_ns)
        for before, camera in enumerate(self.cameras):
            if (index := kept.get(camera)) is not None:
                after._tracks[index] = self._tracks[before]
                after._open_since_ns[index] = self._open_since_ns[before]
        return after, account

    def account(self, until_ns: Nanoseconds, *, last: bool = False) -> Account:
        """Segments closed and gaps in [where the last account ended, until_ns). `last` closes what is open."""
        return self._account(until_ns, self._all if last else ())

    def _account(self, until_ns: Nanoseconds, let_go: Collection[int]) -> Account:
        """`let_go`: the cameras whose segment is closed at the end."""
        since_ns, self._at_ns = self._at_ns, until_ns
        if self._clock_changes and self._clock_changes[0][0] < until_ns:
            self._change_clocks(until_ns)
        whole_minute = since_ns % NS_PER_MINUTE == 0 and until_ns - since_ns == NS_PER_MINUTE
        if not whole_minute or let_go or self._owed_gaps or not self._cameras:
            touched: Sequence[int] = self._all
        else:
            touched = self._touched.get(since_ns // NS_PER_MINUTE, ())
            if not touched:
                table = self._whole_minutes(touched, since_ns)
                return table if table is not None else self._table((), since_ns), ()
        gaps, self._owed_gaps = self._owed_gaps, []
        rows: list[tuple[int, list[tuple[Nanoseconds, Nanoseconds]]]] = []
        for index in touched:
            track = self._tracks[index]
            track.open_since_ns = int(self._open_since_ns[index])
            rows.append((index, track.advance(since_ns, until_ns, gaps, last=index in let_go)))
        none_closed = whole_minute and not any(segments for _, segments in rows)
        table = self._whole_minutes(touched, since_ns) if none_closed else None
        if table is None:
            table = self._table(rows, since_ns)
        for index in touched:
            self._open_since_ns[index] = self._tracks[index].open_since_ns
        return table, tuple(gaps)

    def _change_clocks(self, until_ns: Nanoseconds) -> None:
        """An offset counts for the whole minute in which it changes: segments tell one each."""
        offsets = self._clock_offset_ms.copy()
        while self._clock_changes and self._clock_changes[0][0] < until_ns:
            _, index, ahead_ms = self._clock_changes.pop(0)
            offsets[index] += ahead_ms
        self._clock_offset_ms = _frozen(offsets)
        self._alike = None

    def _whole_minutes(self, silent: Sequence[int], minute_ns: Nanoseconds) -> SegmentTable | None:
        """A whole minute of each camera but the `silent`, of which nothing ended; None: it was not so in the minute
        before, so that some of these segments may not be of a whole minute."""
        before = self._alike
        if before is None or before.silent != silent or before.until_ns != minute_ns:
            self._alike = _Alike(silent, minute_ns + NS_PER_MINUTE)
            return None
        before.until_ns += NS_PER_MINUTE
        if before.columns is None:
            others = np.delete(self._everyone, list(silent)) if silent else self._everyone
            minute_ms = np.full(len(others), NS_PER_MINUTE // NS_PER_MS, np.int32)
            epochs, offsets = self._mask_epoch[others], self._clock_offset_ms[others]
            sizes = self._sizes.only(others) if silent else self._sizes
            before.columns = _frozen(others), _frozen(minute_ms), _frozen(epochs), _frozen(offsets), sizes
        camera, duration_ms, epochs, offsets, sizes = before.columns
        start_ns, size_bytes = sizes.of_whole_minutes(minute_ns)
        self._open_since_ns = minute_ns + self._roll_over_ns  # of the silent, the caller says
        none = no_hashes(len(camera))
        return SegmentTable(camera, start_ns, duration_ms, size_bytes, epochs, offsets, none, none, none)

    def _table(
        self, rows: Sequence[tuple[int, Sequence[tuple[Nanoseconds, Nanoseconds]]]], minute_ns: Nanoseconds
    ) -> SegmentTable:
        """The segments (start, end) of the cameras in `rows`; one of each of the others, recorded all along."""
        camera = self._everyone
        if rows:
            counts = np.ones(len(self._cameras), np.intp)
            counts[[index for index, _ in rows]] = [len(segments) for _, segments in rows]
            camera = np.repeat(camera, counts)
        cut_ns = minute_ns + self._roll_over_ns
        start_ns, end_ns = self._open_since_ns[camera], cut_ns[camera]
        before = 0  # rows that those seen so far have beyond one each
        for index, segments in rows:
            at = index + before
            for place, (segment_start_ns, segment_end_ns) in enumerate(segments, start=at):
                start_ns[place], end_ns[place] = segment_start_ns, segment_end_ns
            before += len(segments) - 1
        self._open_since_ns = cut_ns  # of those in `rows`, the caller says
        duration_ms = ((end_ns - start_ns) // NS_PER_MS).astype(np.int32)
        sizes = self._sizes.of(camera, start_ns, duration_ms)
        offsets, epochs = self._clock_offset_ms[camera], self._mask_epoch[camera]
        return SegmentTable(camera, start_ns, duration_ms, sizes, epochs, offsets, no_hashes(len(camera)))

    def _touched_cameras(self) -> Mapping[int, Sequence[int]]:
        """By minute, the cameras of which it may hold anything but one cut: all in the first two, then those with an
        outage."""
        touched = defaultdict[int, list[int]](list)
        for index, camera in enumerate(self._cameras):
            for outage in camera.outages:
                resumed = camera.next_gop_ns(outage.end_ns) // NS_PER_MINUTE
                for minute in range(outage.start_ns // NS_PER_MINUTE, resumed + 1):
                    if not touched[minute] or touched[minute][-1] != index:
                        touched[minute].append(index)
        first = self._at_ns // NS_PER_MINUTE
        return {**touched, first: self._all, first + 1: self._all}


@dataclass(slots=True)
class _Alike:
    """Minutes that follow one another, in which the same cameras are recorded all along."""

    silent: Sequence[int]
    until_ns: Nanoseconds
    columns: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], _Sizes] | None = None
    """Of the others: who, how long, mask epochs, clock offsets, sizes."""


class _Track:
    """One camera's way through outages and roll-overs, event by event; for the minutes in which something happens."""

    def __init__(self, camera: CohortCamera, begun_at_ns: Nanoseconds, roll_over_ns: Nanoseconds) -> None:
        self._camera = camera
        self._roll_over_ns = roll_over_ns
        self.open_since_ns = _NOT_RECORDING
        self._gap_since_ns = begun_at_ns
        self._cause = GapCause.STARTING
        self._resumes_at_ns = camera.next_gop_ns(begun_at_ns)
        self._outage = 0
        outages = camera.outages
        while self._outage < len(outages) and outages[self._outage].start_ns <= begun_at_ns:
            if outages[self._outage].end_ns > begun_at_ns:
                self._interrupt(outages[self._outage], begun_at_ns)
            self._outage += 1

    def advance(
        self, since_ns: Nanoseconds, until_ns: Nanoseconds, gaps: list[Gap], *, last: bool
    ) -> list[tuple[Nanoseconds, Nanoseconds]]:
        """Segments (start, end) closed in [since_ns, until_ns); appends to `gaps`, an open one cut at `until_ns`."""
        outages, closed = self._camera.outages, list[tuple[Nanoseconds, Nanoseconds]]()
        at_ns = since_ns
        while True:
            outage = outages[self._outage] if self._outage < len(outages) else None
            turns_at_ns = self._resumes_at_ns if self.open_since_ns == _NOT_RECORDING else self._next_cut_ns(at_ns)
            if outage is not None and outage.start_ns <= turns_at_ns:
                if outage.start_ns >= until_ns:
                    break
                at_ns = outage.start_ns
                self._stop_recording(at_ns, closed, gaps)
                self._interrupt(outage, at_ns)
                self._outage += 1
            elif turns_at_ns >= until_ns:
                break
            else:
                at_ns = turns_at_ns
                self._stop_recording(at_ns, closed, gaps)
                self.open_since_ns = at_ns
        if last or self.open_since_ns == _NOT_RECORDING:
            self._stop_recording(until_ns, closed, gaps)
            self.open_since_ns, self._gap_since_ns = _NOT_RECORDING, until_ns
        return closed

    def _next_cut_ns(self, at_ns: Nanoseconds) -> Nanoseconds:
        after_ns = max(at_ns, self.open_since_ns + 1)  # at `at_ns` itself too, unless the segment began there
        return after_ns + (self._roll_over_ns - after_ns) % NS_PER_MINUTE

    def _stop_recording(
        self, at_ns: Nanoseconds, closed: list[tuple[Nanoseconds, Nanoseconds]], gaps: list[Gap]
    ) -> None:
        """Close the segment, or the gap, that ends here."""
        if self.open_since_ns != _NOT_RECORDING:
            closed.append((self.open_since_ns, at_ns))
        elif at_ns > self._gap_since_ns:
            gaps.append(Gap(self._camera.camera, self._gap_since_ns, at_ns, self._cause))

    def _interrupt(self, outage: Outage, at_ns: Nanoseconds) -> None:
        self.open_since_ns = _NOT_RECORDING
        self._gap_since_ns, self._cause = at_ns, outage.cause
        self._resumes_at_ns = self._camera.next_gop_ns(outage.end_ns)


class _Sizes:
    """Segment sizes: counter-based, so that a size depends on its camera and start, and on nothing else."""

    def __init__(self, cameras: Sequence[CohortCamera]) -> None:
        keys = [int.from_bytes(blake2b(camera.camera.encode(), digest_size=8).digest(), "little") for camera in cameras]
        self._keys = np.array(keys, np.uint64)
        self._bytes_per_ms = np.array([camera.mean_bits_per_s / 8000 for camera in cameras], np.float64)
        self._roll_over_ns = np.array([camera.roll_over_ns % NS_PER_MINUTE for camera in cameras], np.int64)
        self._ahead: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        self._ahead_of_ns = 0
        """The minute of the first."""

    def only(self, index: NDArray[np.int32]) -> _Sizes:
        """Of these cameras alone."""
        some = _Sizes(())
        some._keys, some._bytes_per_ms = self._keys[index], self._bytes_per_ms[index]
        some._roll_over_ns = self._roll_over_ns[index]
        return some

    def of_whole_minutes(self, minute_ns: Nanoseconds) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(start, bytes) of a segment of each camera that ends at its roll-over in this minute and began at the one
        before; worked out many minutes at once."""
        at = (minute_ns - self._ahead_of_ns) // NS_PER_MINUTE
        if not 0 <= at < len(self._ahead):
            begins_ns = minute_ns - NS_PER_MINUTE + self._roll_over_ns
            starts = _frozen(begins_ns + NS_PER_MINUTE * np.arange(_MINUTES_AHEAD, dtype=np.int64)[:, None])
            sizes = _mixed(self._keys, starts) * self._bytes_per_ms * (NS_PER_MINUTE // NS_PER_MS)
            self._ahead = list(zip(starts, _frozen(sizes.astype(np.int64)), strict=True))
            self._ahead_of_ns, at = minute_ns, 0
        return self._ahead[at]

    def of(
        self, index: NDArray[np.int32], start_ns: NDArray[np.int64], duration_ms: NDArray[np.int32]
    ) -> NDArray[np.int64]:
        """Bytes of each segment, shape of `index`."""
        share = _mixed(self._keys[index], start_ns)
        return (share * self._bytes_per_ms[index] * duration_ms).astype(np.int64)


def _mixed(keys: NDArray[np.uint64], start_ns: NDArray[np.int64]) -> NDArray[np.float64]:
    """A share around 1 for each segment: SplitMix64's mixer (Steele, Lea, Flood 2014)."""
    mixed = keys ^ start_ns.view(np.uint64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed >> np.uint64(40)).astype(np.float64) * (_JITTER_SHARE / (1 << 24)) + (1 - _JITTER_SHARE / 2)


def _frozen(array: NDArray[_Number]) -> NDArray[_Number]:
    array.setflags(write=False)
    return array
