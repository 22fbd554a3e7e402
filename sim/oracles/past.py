"""Nothing too old on any disk, nothing destroyed too young, and what is held or locked is kept (3, 4, 5, 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import judged
from sim.past.catalogue import PurgeCatalogue
from sim.past.terms import expiry_ns, first_expiry_ns, last_expiry_ns, shortest_life_ns
from sim.past.tier import HOUR_NS, CityTier

LEAD_NS = 90 * NS_PER_S
"""RET-1: destroyed up to so long before its instant, so that nothing is ever there too long."""
TOLD_AFTER_NS = 3 * HOUR_NS
"""An hour of footage expires for an hour; the catalogue is marked once no more of it goes within another."""
TAKEN_OVER_NS = 2 * NS_PER_MINUTE
OLDEST_HOURS, OTHER_HOURS = 48, 24


@dataclass(frozen=True, slots=True)
class Kept:
    """A stretch that the desk said it keeps."""

    camera: CameraId
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    is_lock: bool
    """A lock's pictures may leave the disk once they are in the evidence store; a hold's may not before its ceiling."""
    since_ns: Nanoseconds = 0
    """When the desk said so."""
    taken_ns: Nanoseconds | None = None
    """Of a hold: when a lock took it over, which covers it."""

    def touches(self, camera: CameraId, start_ns: Nanoseconds, end_ns: Nanoseconds) -> bool:
        return camera == self.camera and start_ns < self.to_ns and self.from_ns < end_ns

    def is_taken_over_by(self, lock: Kept) -> bool:
        is_covered = self.camera == lock.camera and lock.from_ns <= self.from_ns and self.to_ns <= lock.to_ns
        return is_covered and not self.is_lock and self.taken_ns is None

    def is_hold_at(self, now_ns: Nanoseconds) -> bool:
        """Whether it is a hold, or was one a moment ago: the purge comes each minute."""
        return not self.is_lock and (self.taken_ns is None or now_ns < self.taken_ns + TAKEN_OVER_NS)

    def is_of_day(self, day_ns: Nanoseconds) -> bool:
        """Whether it holds an instant of the UTC day that begins then."""
        return day_ns < self.to_ns and self.from_ns < day_ns + NS_PER_DAY


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

    def keep(self, kept: Kept) -> None:
        """The desk says that it keeps this from now on. A lock takes over the holds it covers."""
        if kept.is_lock:
            self.kept = [
                replace(each, taken_ns=kept.since_ns) if each.is_taken_over_by(kept) else each for each in self.kept
            ]
        self.kept.append(kept)

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
            elif kept.taken_ns is None and self._held_until_ns(kept, start_ns, end_ns) - LEAD_NS > now_ns:
                self._unkept.append(_HELD_GONE.at(camera))

    def look(self) -> None:
        """Each minute, after the purge's turn."""
        now_ns = self._clock.now_ns()
        self._looks += 1
        for camera, start_ns, end_ns in self._expired(now_ns):
            if any(kept.is_hold_at(now_ns) and kept.touches(camera, start_ns, end_ns) for kept in self.kept):
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

    def _held_until_ns(self, hold: Kept, start_ns: Nanoseconds, end_ns: Nanoseconds) -> Nanoseconds:
        """A hold dies whole, with the first of its instants that the law wants gone (EXP-4); and a segment that begins
        before the hold does goes at its own ceiling."""
        hold_ends_ns = expiry_ns(hold.from_ns, hold.from_ns + 1, self._order_days)
        return min(hold_ends_ns, expiry_ns(start_ns, end_ns, self._order_days))

    def _expired(self, now_ns: Nanoseconds) -> Iterable[tuple[CameraId, Nanoseconds, Nanoseconds]]:
        for hour_ns in self._tier.hours_ns():
            if hour_ns + shortest_life_ns(self._days) > now_ns:
                return
            if first_expiry_ns(hour_ns, self._days) > now_ns:
                continue
            for camera, start_ns, end_ns in self._tier.begun(hour_ns, now_ns - shortest_life_ns(self._days)):
                if expiry_ns(start_ns, end_ns, self._days) <= now_ns:
                    yield camera, start_ns, end_ns


class CatalogueIsTheDisk:
    """What the catalogue says is alive is on disk, hour by hour, and nothing else is: no orphan, no ghost.

    A day is there as long as anything of it may live, and not much longer.
    """

    def __init__(self, tier: CityTier, ends_ns: Nanoseconds, doctrine_days: int, order_days: int) -> None:
        self._tier, self._ends_ns = tier, ends_ns
        self._days, self._order_days = min(doctrine_days, order_days), order_days
        self._told: list[Words] = []
        self._cases = 0

    def judge(self, catalogue: PurgeCatalogue, kept: Sequence[Kept], chance: Chance) -> Judgement:
        """The run is over. `kept`: what the desk keeps; `chance`: deals the hours of a long run that are looked at."""
        for hour_ns in _some_hours(catalogue.days(), self._ends_ns, chance):
            self._judge_hour(catalogue, hour_ns)
        for day, at_ns in catalogue.dropped.days.items():
            self._judge_dropped(day, at_ns, kept)
        for day in catalogue.days():
            self._judge_day(day, kept)
        return judged("catalogue_is_the_disk", self._told, self._cases)

    def _judge_hour(self, catalogue: PurgeCatalogue, hour_ns: Nanoseconds) -> None:
        """One that is just expiring is left out: the catalogue is told of it when it is over."""
        terms = (expiry_ns(hour_ns, hour_ns, days) for days in (self._days, self._order_days))
        if any(-HOUR_NS < self._ends_ns - expires_ns < TOLD_AFTER_NS for expires_ns in terms):
            return
        there = self._tier.count(hour_ns, hour_ns + HOUR_NS)
        living = len(catalogue.living_segments(hour_ns, hour_ns + HOUR_NS).start_ns)
        self._cases += bool(there or living)
        if there != living:
            self._told.append(_differs(there, living))

    def _judge_dropped(self, day: date, at_ns: Nanoseconds, kept: Sequence[Kept]) -> None:
        """Not while its last file may be there, nor while a lock needs the rows that prove its copies."""
        self._cases += 1
        day_ns = _begin_ns(day)
        locks = [each for each in kept if each.is_lock and each.since_ns <= at_ns and each.is_of_day(day_ns)]
        if at_ns < last_expiry_ns(day_ns, self._days) - LEAD_NS - NS_PER_S or locks:
            self._told.append(_DROPPED_EARLY.at(f"{day}"))

    def _judge_day(self, day: date, kept: Sequence[Kept]) -> None:
        """A day waits for the next one: a day of Paris begins in it, and has one certificate."""
        day_ns = _begin_ns(day)
        touched = [each for each in kept if any(each.is_of_day(at) for at in (day_ns, day_ns + NS_PER_DAY))]
        days = self._order_days if touched else self._days
        gone_ns = max(last_expiry_ns(at, days) for at in (day_ns, day_ns + NS_PER_DAY))
        if self._ends_ns < gone_ns + TOLD_AFTER_NS or any(each.is_lock for each in touched):
            return
        self._cases += 1
        self._told.append(_STILL_THERE.at(f"{day}"))


def _some_hours(days: Sequence[date], ends_ns: Nanoseconds, chance: Chance) -> list[Nanoseconds]:
    """All, or those of the oldest days and as many more by chance: a month read hour by hour costs as much as a run."""
    hours = [at for day in days for at in range(_begin_ns(day), min(_begin_ns(day + _DAY), ends_ns), HOUR_NS)]
    oldest, rest = hours[:OLDEST_HOURS], hours[OLDEST_HOURS:]
    if len(rest) > OTHER_HOURS:
        rest = [rest[chance.integer(0, len(rest) - 1)] for _ in range(OTHER_HOURS)]
    return sorted({*oldest, *rest})


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


_DAY = timedelta(days=1)
_DROPPED_EARLY = Words("jour oublié du catalogue trop tôt", "a day dropped from the catalogue too early")
_STILL_THERE = Words("jour échu encore au catalogue", "a day that is over is still in the catalogue")
_LOCKED_GONE = Words("verrouillée, détruite sans copie", "locked, and destroyed without a copy")
_HELD_GONE = Words("gelée, et détruite", "held, and destroyed")
