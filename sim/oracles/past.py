"""Nothing too old on any disk, nothing destroyed too young, and what is held or locked is kept (3, 4, 5, 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from csu.centre import Catalogue
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import judged
from sim.past.terms import expiry_ns, shortest_life_ns
from sim.past.tier import HOUR_NS, CityTier

LEAD_NS = 90 * NS_PER_S
"""RET-1: destroyed up to so long before its instant, so that nothing is ever there too long."""
TOLD_AFTER_NS = 3 * HOUR_NS
"""An hour of footage expires for an hour; the catalogue is marked once no more of it goes within another."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A stretch that the desk said it keeps."""

    camera: CameraId
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    is_lock: bool
    """A lock's pictures may leave the disk once they are in the evidence store; a hold's may not before its ceiling."""

    def touches(self, camera: CameraId, start_ns: Nanoseconds, end_ns: Nanoseconds) -> bool:
        return camera == self.camera and start_ns < self.to_ns and self.from_ns < end_ns


class PastOracle:
    """Looks at the disk each minute, and at each file that goes. Give `destroyed` to the tier."""

    def __init__(self, tier: CityTier, clock: Clock, doctrine_days: int, order_days: int) -> None:
        self._clock = clock
        self._tier, self._days, self._order_days = tier, min(doctrine_days, order_days), order_days
        self.kept: list[Kept] = []
        self.preserved: set[tuple[CameraId, Nanoseconds]] = set()
        """(camera, start) of the segments of which the evidence store took a copy."""
        self._old: list[Words] = []
        self._young: list[Words] = []
        self._unkept: list[Words] = []
        self._looks = self._kept_cases = 0
        self._oldest_ns = 0
        self._gone = 0
        self._told_old: set[tuple[CameraId, Nanoseconds]] = set()

    def destroyed(self, camera: CameraId, start_ns: Nanoseconds, end_ns: Nanoseconds) -> None:
        """A file goes from the disk now."""
        self._gone += 1
        now_ns = self._clock.now_ns()
        early_ns = expiry_ns(start_ns, end_ns, self._days) - LEAD_NS - now_ns
        if early_ns > 0:
            self._young.append(_early(early_ns).at(camera))
        for kept in self.kept:
            if not kept.touches(camera, start_ns, end_ns):
                continue
            self._kept_cases += 1
            if kept.is_lock:
                if (camera, start_ns) not in self.preserved:
                    self._unkept.append(_LOCKED_GONE.at(camera))
            elif expiry_ns(start_ns, end_ns, self._order_days) - LEAD_NS > now_ns:
                self._unkept.append(_HELD_GONE.at(camera))

    def look(self) -> None:
        """Each minute, after the purge's turn."""
        now_ns = self._clock.now_ns()
        self._looks += 1
        first_ns = self._tier.first_hour_ns
        if first_ns is None or first_ns + shortest_life_ns(self._days) > now_ns:
            return
        for camera, start_ns, end_ns in self._expired(now_ns):
            if any(not kept.is_lock and kept.touches(camera, start_ns, end_ns) for kept in self.kept):
                self._kept_cases += 1
                if expiry_ns(start_ns, end_ns, self._order_days) > now_ns:
                    continue
            late_ns = now_ns - expiry_ns(start_ns, end_ns, self._days)
            self._oldest_ns = max(self._oldest_ns, late_ns)
            if (camera, start_ns) not in self._told_old:
                self._told_old.add((camera, start_ns))
                self._old.append(_late(late_ns).at(camera))

    def judge(self) -> tuple[Judgement, ...]:
        """The run is over."""
        return (
            judged("nothing_too_old", self._old, self._looks, self._oldest_ns / NS_PER_S, "s"),
            judged("nothing_too_young_destroyed", self._young, self._gone, cases_least=0),
            judged("held_is_kept", self._unkept, self._kept_cases, cases_least=0),
        )

    def _expired(self, now_ns: Nanoseconds) -> Iterable[tuple[CameraId, Nanoseconds, Nanoseconds]]:
        for camera, start_ns, end_ns in self._tier.begun_by(now_ns - shortest_life_ns(self._days)):
            if expiry_ns(start_ns, end_ns, self._days) <= now_ns:
                yield camera, start_ns, end_ns


def judge_catalogue_is_the_disk(tier: CityTier, catalogue: Catalogue, to_ns: Nanoseconds, days: int) -> Judgement:
    """What the catalogue says is alive is on disk, hour by hour, and nothing else is: no orphan, no ghost.

    An hour that is just expiring is left out: the catalogue is told of it when it is over. `to_ns`: the end of the run;
    `days`: how long footage lives.
    """
    told, cases = list[Words](), 0
    for day in catalogue.days():
        begin_ns = _begin_ns(day)
        for hour_ns in range(begin_ns, min(begin_ns + 24 * HOUR_NS, to_ns), HOUR_NS):
            there = tier.count(hour_ns, hour_ns + HOUR_NS)
            if -HOUR_NS < to_ns - expiry_ns(hour_ns, hour_ns, days) < TOLD_AFTER_NS:
                continue
            living = len(catalogue.living_segments(hour_ns, hour_ns + HOUR_NS).start_ns)
            if there or living:
                cases += 1
            if there != living:
                told.append(_differs(there, living))
    return judged("catalogue_is_the_disk", told, cases)


def _begin_ns(day: date) -> Nanoseconds:
    return (day - date(1970, 1, 1)).days * 24 * HOUR_NS


def _early(early_ns: Nanoseconds) -> Words:
    length = f"{early_ns / NS_PER_MINUTE:.1f} min"
    return Words(f"détruite {length} trop tôt", f"destroyed {length} too early")


def _late(late_ns: Nanoseconds) -> Words:
    length = f"{late_ns / NS_PER_MINUTE:.1f} min"
    return Words(f"lisible {length} après son terme", f"there {length} after its expiry")


def _differs(there: int, living: int) -> Words:
    return Words(
        f"une heure a {there} fichiers sur disque, {living} au catalogue",
        f"an hour has {there} files on disk, {living} in the catalogue",
    )


_LOCKED_GONE = Words("verrouillée, détruite sans copie", "locked, and destroyed without a copy")
_HELD_GONE = Words("gelée, et détruite", "held, and destroyed")
