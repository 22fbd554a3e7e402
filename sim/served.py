"""Which cameras a node serves, set after set within one epoch, and what it accounts for them. Pure.

A set holds from the instant at which it was given, and a camera of it until its `Assignment.until_ns`: the node then
stops by itself, even when nobody reaches it (AUT-2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.media import Gap, SegmentTable
from sim.cohort import Account, Cohort, CohortCamera
from sim.intervals import Interval

Roster: TypeAlias = tuple[CameraId, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """From `at_ns` on a node is to serve these cameras, each until the instant given; None: no end is known."""

    at_ns: Nanoseconds
    until_ns: Mapping[CameraId, Nanoseconds | None]


@dataclass(slots=True)
class Epoch:
    """One life of the node: recording began, and the node stopped or crashed. `given`: the sets it had to serve."""

    begun_ns: Nanoseconds
    ended_ns: Nanoseconds | None = None
    given: list[Given] = field(default_factory=list)
    announced_ns: Nanoseconds | None = None
    """Up to where a centre has heard its account, when it ended because that centre was gone."""

    def serves(self, camera: CameraId, at_ns: Nanoseconds) -> bool:
        """Whether the node, as long as it lives, films this camera at that instant."""
        newest = next((given for given in reversed(self.given) if given.at_ns <= at_ns), None)
        if newest is None or camera not in newest.until_ns:
            return False
        until_ns = newest.until_ns[camera]
        return until_ns is None or at_ns < until_ns


def closed_times(
    camera: CameraId, history: Iterable[Epoch], begins_ns: Nanoseconds, ends_ns: Nanoseconds
) -> tuple[Interval, ...]:
    """When no node was to film this camera. A crashed node's cameras stay expected until its next epoch begins."""
    turns: list[tuple[Nanoseconds, bool]] = []
    for given in (given for epoch in history for given in epoch.given):
        while turns and turns[-1][0] > given.at_ns:  # an end that was to come, and another set came first
            turns.pop()
        turns.append((given.at_ns, camera in given.until_ns))
        if (until_ns := given.until_ns.get(camera)) is not None:
            turns.append((max(until_ns, given.at_ns), False))
    closed: list[Interval] = []
    since_ns: Nanoseconds | None = None
    for at_ns, is_served in turns:
        if is_served and since_ns is not None:
            closed.append((since_ns, at_ns))
            since_ns = None
        elif not is_served and since_ns is None:
            since_ns = at_ns if closed or turns[0][1] else begins_ns
    if since_ns is not None:
        closed.append((since_ns, ends_ns))
    return tuple((start_ns, min(end_ns, ends_ns)) for start_ns, end_ns in closed if start_ns < min(end_ns, ends_ns))


class Served:
    """The cameras of one epoch, a cohort for each set."""

    def __init__(
        self, cameras: Sequence[CohortCamera], begun_ns: Nanoseconds, lost_since_ns: Mapping[CameraId, Nanoseconds]
    ) -> None:
        """`lost_since_ns`: see Cohort."""
        self._cohort = Cohort(cameras, begun_ns, lost_since_ns)
        self._serve(tuple(cameras))
        self._next: list[tuple[Nanoseconds, tuple[CohortCamera, ...]]] = []

    def give(self, cameras: Sequence[CohortCamera], at_ns: Nanoseconds) -> None:
        """Serve these from `at_ns` on, which no account has reached yet."""
        self._next.append((at_ns, tuple(cameras)))

    def account(self, until_ns: Nanoseconds, *, last: bool = False) -> tuple[Roster, SegmentTable, tuple[Gap, ...]]:
        """As Cohort.account, with the cameras it is about: all that were served at any time in it."""
        if not self._next and (self._over_ns is None or self._over_ns >= until_ns):
            return self._cohort.cameras, *self._cohort.account(until_ns, last=last)
        parts: list[tuple[Roster, Account]] = []
        while (change := self._change(until_ns)) is not None:
            before = self._cohort
            self._cohort, account = before.changed(change[1], change[0])
            self._serve(change[1])
            parts.append((before.cameras, account))
        parts.append((self._cohort.cameras, self._cohort.account(until_ns, last=last)))
        return _together(parts)

    @property
    def at_ns(self) -> Nanoseconds:
        """Up to where it has accounted."""
        return self._cohort.at_ns

    def accounted_until_ns(self) -> dict[CameraId, Nanoseconds]:
        """See Cohort.accounted_until_ns; of cameras that came since, when they came."""
        came = {camera.camera: at_ns for at_ns, cameras in reversed(self._next) for camera in cameras}
        return came | self._cohort.accounted_until_ns()

    def _serve(self, cameras: tuple[CohortCamera, ...]) -> None:
        self._serving = cameras
        self._over_ns = min((end_ns for camera in cameras if (end_ns := _end_ns(camera)) is not None), default=None)
        """When the time of the first of them is over."""

    def _change(self, until_ns: Nanoseconds) -> tuple[Nanoseconds, tuple[CohortCamera, ...]] | None:
        """The next change of the set before `until_ns`: a camera whose time is over, or another set."""
        over_ns = self._over_ns
        if self._next and (over_ns is None or self._next[0][0] <= over_ns):
            return self._next.pop(0) if self._next[0][0] < until_ns else None
        if over_ns is None or over_ns >= until_ns:
            return None
        left = tuple(camera for camera in self._serving if (_end_ns(camera) or until_ns) > over_ns)
        return max(over_ns, self._cohort.at_ns), left


def _end_ns(camera: CohortCamera) -> Nanoseconds | None:
    """The last whole millisecond at which it may be filmed: never one too many."""
    until_ns = camera.assignment.until_ns
    return None if until_ns is None else until_ns // NS_PER_MS * NS_PER_MS


def _together(parts: Sequence[tuple[Roster, Account]]) -> tuple[Roster, SegmentTable, tuple[Gap, ...]]:
    if len(parts) == 1:
        return parts[0][0], *parts[0][1]
    roster = tuple(dict.fromkeys(camera for cameras, _ in parts for camera in cameras))
    place = {camera: index for index, camera in enumerate(roster)}
    tables = [table for _, (table, _) in parts]
    index = [np.array([place[cameras[at]] for at in table.camera.tolist()], np.int32) for cameras, (table, _) in parts]
    columns = ("start_ns", "duration_ms", "size_bytes", "mask_epoch", "clock_offset_ms", "sha256")
    joined = [np.concatenate([getattr(table, name) for table in tables]) for name in columns]
    return roster, SegmentTable(np.concatenate(index), *joined), tuple(gap for _, (_, gaps) in parts for gap in gaps)
