"""Who and what moves in a clip, and where it is at every instant. Nothing here draws."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import atan2, cos, degrees, hypot, pi, radians, sin
from typing import TypeAlias

from csu.detection.evaluation.scenes.body import PHASES, STRIDE, Pace, Stance
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.place import Spot
from csu.hal.analysis import ObjectClass

RUNNING_M_S = 2.4
FALLING_S = 1.0
_LYING_DEG = 85


@dataclass(frozen=True, slots=True)
class Placed:
    """Where something is: metres, the way it looks (clockwise from north), how fast it goes, how far it went."""

    spot: Spot
    heading_deg: float
    speed_m_s: float
    gone_m: float


@dataclass(frozen=True)
class Course:
    """(seconds, x, y) in their order: straight and even between them, absent before the first and after the last."""

    points: tuple[tuple[float, float, float], ...]

    @cached_property
    def _legs(self) -> tuple[list[float], list[tuple[float, float, float]]]:
        """When each leg begins; how far one had gone then, its speed and its heading."""
        found: list[tuple[float, float, float]] = []
        gone, lengths = 0.0, []
        for (t0, x0, y0), (t1, x1, y1) in zip(self.points, self.points[1:], strict=False):
            length = hypot(x1 - x0, y1 - y0)
            lengths.append(length)
            found.append((gone, length / (t1 - t0), degrees(atan2(x1 - x0, y1 - y0))))
            gone += length
        for n in range(len(found)):
            if lengths[n] <= 1e-6:  # who stands looks the way he came, or the way he will go
                before = [m for m in range(n) if lengths[m] > 1e-6]
                after = [m for m in range(n + 1, len(found)) if lengths[m] > 1e-6]
                way = found[before[-1] if before else after[0]][2] if before or after else 0.0
                found[n] = (*found[n][:2], way)
        return [t for t, _, _ in self.points], found

    def at(self, t_s: float) -> Placed | None:
        times, legs = self._legs
        if not times[0] <= t_s < times[-1]:
            return None
        leg = bisect_right(times, t_s) - 1
        (t0, x0, y0), (t1, x1, y1) = self.points[leg], self.points[leg + 1]
        share = (t_s - t0) / (t1 - t0)
        gone, speed, heading = legs[leg]
        spot = (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)
        return Placed(spot, heading, speed, gone + speed * (t_s - t0))


def walk(begin_s: float, *spots: Spot, speed_m_s: float = 1.3) -> Course:
    """From spot to spot at one speed; a spot given twice in a row is a stop of 1 s."""
    points = [(begin_s, *spots[0])]
    for spot in spots[1:]:
        t, x, y = points[-1]
        length = hypot(spot[0] - x, spot[1] - y)
        points.append((t + (length / speed_m_s if length else 1.0), *spot))
    return Course(tuple(points))


def stay(begin_s: float, end_s: float, spot: Spot, facing_deg: float = 0.0) -> Course:
    """In one place; the last instant is a hair's breadth on, so that it looks that way."""
    x, y = spot
    ahead = (x + 1e-4 * sin(radians(facing_deg)), y + 1e-4 * cos(radians(facing_deg)))
    return Course(((begin_s, x, y), (end_s, *ahead)))


class Posture(StrEnum):
    UPRIGHT = "upright"
    SITTING = "sitting"
    FALLING = "falling"
    LYING = "lying"


@dataclass(frozen=True, slots=True)
class Held:
    """A body at one instant. `lift_m`: its feet above the ground."""

    placed: Placed
    stance: Stance
    posture: Posture
    lift_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Walker:
    """A person. `falls_s`: goes down then and stays down. `lies`, `sits`: from first to last.

    `crouches_s`: (from, to) low: ties a shoe, sits down. `sways`: how far one wanders who stands, m.
    """

    course: Course
    look: int = 0
    tall_m: float = 1.72
    falls_s: float | None = None
    lies: bool = False
    sits: bool = False
    vest: bool = False
    crouches_s: tuple[float, float] | None = None
    sways_m: float = 0.0

    kind = ObjectClass.PERSON

    def at(self, t_s: float) -> Held | None:
        placed = self.course.at(t_s)
        if placed is None:
            return None
        if self.sways_m:
            placed = self._swayed(placed, t_s)
        if self.lies:
            return Held(placed, Stance(Pace.STAND, 0, _LYING_DEG, self._curl(t_s)), Posture.LYING)
        if self.falls_s is not None and t_s >= self.falls_s:
            share = min(1.0, (t_s - self.falls_s) / FALLING_S)
            if share >= 1.0:
                return Held(placed, Stance(Pace.STAND, 0, _LYING_DEG, self._curl(t_s)), Posture.LYING)
            pitch = round(_LYING_DEG * share * share * (3 - 2 * share) / 12) * 12
            return Held(placed, Stance(Pace.STAND, 0, pitch, int(share > 0.6)), Posture.FALLING)
        if self.sits or (self.crouches_s and self.crouches_s[0] <= t_s < self.crouches_s[1]):
            return Held(placed, Stance(Pace.SIT), Posture.SITTING)
        return Held(placed, self._step(placed), Posture.UPRIGHT)

    def _step(self, placed: Placed) -> Stance:
        if placed.speed_m_s < 0.15:
            return Stance(Pace.STAND)
        pace = Pace.RUN if placed.speed_m_s > RUNNING_M_S else Pace.WALK
        return Stance(pace, int(placed.gone_m / (STRIDE[pace] * self.tall_m) * PHASES + self.look) % PHASES)

    def _curl(self, t_s: float) -> int:
        """Whoever lies there moves now and then."""
        return int((t_s + self.look) % 5.0 < 0.8)

    def _swayed(self, placed: Placed, t_s: float) -> Placed:
        dice = Dice(self.look)
        beat, turn = dice.within("beat", 4, 9), dice.within("turn", 0, 2 * pi)
        along = self.sways_m * sin(2 * pi * t_s / beat + turn)
        x, y = placed.spot
        spot = (x + along * cos(turn), y + along * sin(turn))
        heading = placed.heading_deg + 40 * sin(2 * pi * t_s / (2.3 * beat))
        return Placed(spot, heading, placed.speed_m_s, placed.gone_m)


class Make(StrEnum):
    """Vehicles by their shape."""

    CAR = "car"
    VAN = "van"
    BUS = "bus"
    TRUCK = "truck"
    BICYCLE = "bicycle"
    MOTORCYCLE = "motorcycle"


COUNTED_AS = {
    Make.CAR: ObjectClass.CAR,
    Make.VAN: ObjectClass.CAR,
    Make.BUS: ObjectClass.BUS,
    Make.TRUCK: ObjectClass.TRUCK,
    Make.BICYCLE: ObjectClass.BICYCLE,
    Make.MOTORCYCLE: ObjectClass.MOTORCYCLE,
}
"""A van is counted as a car: M1 and N1 are told apart by papers, not by pictures."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Something on wheels. `backwards`: its front looks against its course. `beacon`: blue lights that turn."""

    course: Course
    make: Make = Make.CAR
    look: int = 0
    beacon: bool = False
    backwards: bool = False
    door_s: tuple[float, float] | None = None
    """A door stands open from then to then."""

    @property
    def kind(self) -> ObjectClass:
        return COUNTED_AS[self.make]


@dataclass(frozen=True, slots=True)
class Bag:
    """Luggage. Carried by the actor of index `carrier` until `put_s`, then at `at` until `taken_s`."""

    at: Spot
    put_s: float
    taken_s: float | None = None
    carrier: int | None = None
    size_m: tuple[float, float, float] = (0.45, 0.25, 0.6)
    """Wide, deep, high."""
    look: int = 0
    turn_deg: float = 20.0

    kind = ObjectClass.BAG

    def stands(self, t_s: float) -> bool:
        return t_s >= self.put_s and (self.taken_s is None or t_s < self.taken_s)


class Glow(StrEnum):
    """What shines or burns. Only FLAME is a fire."""

    FLAME = "flame"
    BEACON = "beacon"
    NEON = "neon"
    SUNSET = "sunset"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Light:
    """Something bright at a place, from `begin_s` to `end_s`. A flame grows to `size_m` in `grows_s`."""

    glow: Glow
    at: Spot
    begin_s: float
    end_s: float
    size_m: float = 0.8
    height_m: float = 0.0
    """Its foot above the ground."""
    grows_s: float = 10.0
    smoke: bool = False
    seed: int = 0


Actor: TypeAlias = Walker | Vehicle | Bag | Light
