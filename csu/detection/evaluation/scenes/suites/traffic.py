"""Traffic and people to be counted at lines, and bins into which something is put. Nothing here is an event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from csu.detection.evaluation.scenes.actors import Actor, Bag, Course, Make, Vehicle, Walker, walk
from csu.detection.evaluation.scenes.clip import Clip, Conditions, TrueCount, TrueDeposit
from csu.detection.evaluation.scenes.dice import Dice
from csu.detection.evaluation.scenes.happening import crossings, line_on, rectangle, zone_on
from csu.detection.evaluation.scenes.place import Kind, Place, Spot, Thing, square
from csu.detection.evaluation.scenes.suites import cameras as seen
from csu.detection.evaluation.scenes.suites.cameras import Camera
from csu.detection.evaluation.scenes.suites.passers import passers
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import BinPlace, CountLine, ObjectClass

_VEHICLES = (ObjectClass.CAR, ObjectClass.BUS, ObjectClass.TRUCK, ObjectClass.MOTORCYCLE, ObjectClass.BICYCLE)
_MIX = (*[Make.CAR] * 9, *[Make.VAN] * 3, Make.BUS, Make.TRUCK, Make.MOTORCYCLE, Make.MOTORCYCLE)
"""What drives: about the shares of an urban avenue, with more of what is rare."""
_LONG_M = {Make.BUS: 14.0, Make.TRUCK: 10.0}


@dataclass(frozen=True, slots=True)
class Lane:
    """Where vehicles drive, from one place to another, and how fast."""

    start: Spot
    end: Spot
    speed_m_s: float


_AVENUE_LANES = (
    Lane((-45.0, 19.8), (45.0, 19.8), 9.0),
    Lane((-45.0, 23.2), (45.0, 23.2), 11.0),
    Lane((45.0, 26.8), (-45.0, 26.8), 10.5),
    Lane((45.0, 30.2), (-45.0, 30.2), 8.5),
)
_STREET_LANES = (Lane((2.0, 4.0), (2.0, 110.0), 8.5), Lane((-1.3, 110.0), (-1.3, 4.0), 8.0))


def flowing(
    seed: int, lanes: Sequence[Lane], seconds: float, gap_s: float, mix: Sequence[Make] = _MIX
) -> list[Vehicle]:
    """Vehicles in their lanes, at one speed a lane, about `gap_s` apart and never less than their length."""
    dice = Dice(seed)
    found: list[Vehicle] = []
    for number, lane in enumerate(lanes):
        t_s = -1.0 + dice.within(f"{number}", 0, gap_s)
        n = 0
        while t_s < seconds - 2:
            name = f"{number}/{n}"
            make = dice.one_of(f"make{name}", mix)
            course = walk(t_s, lane.start, lane.end, speed_m_s=lane.speed_m_s)
            found.append(Vehicle(course, make, seed * 50 + len(found)))
            own_s = _LONG_M.get(make, 7.0) / lane.speed_m_s
            t_s += own_s + 0.6 + dice.within(f"gap{name}", 0.35, 1.65) * gap_s
            n += 1
    return found


def cyclists(seed: int, seconds: float, count: int) -> list[Vehicle]:
    """On the cycle lane before the avenue."""
    dice = Dice(seed)
    found = []
    for n in range(count):
        ends = ((-24.0, 15.0), (24.0, 15.2))
        begin = 0.5 + seconds * 0.7 * n / max(1, count)
        course = walk(begin, *(ends if n % 3 else ends[::-1]), speed_m_s=dice.within(f"v{n}", 3.8, 5.4))
        found.append(Vehicle(course, Make.BICYCLE, seed * 9 + n))
    return found


def counted(
    clip_view: View, lines: Iterable[CountLine], actors: Sequence[Actor], seconds: float
) -> tuple[TrueCount, ...]:
    """The true count of every line and class that the line counts, also of those that were none."""
    found = []
    for line in lines:
        for kind in sorted(line.classes):
            courses = [
                actor.course.at for actor in actors if isinstance(actor, Walker | Vehicle) and actor.kind is kind
            ]
            found.append(crossings(clip_view, line, kind, courses, seconds))
    return tuple(found)


def _count(
    name: str,
    camera: Camera,
    conditions: Conditions,
    about: str,
    actors: Sequence[Actor],
    lines: Sequence[tuple[str, Spot, Spot, Sequence[ObjectClass]]],
    seed: int,
    seconds: float = 20.0,
) -> Clip:
    place, pose = camera
    view = View(pose, 640, 360)
    drawn = tuple(line_on(view, *line) for line in lines)
    counts = counted(view, drawn, actors, seconds)
    return Clip(
        name, place, pose, seconds, tuple(actors), None, conditions, lines=drawn, counts=counts, about=about, seed=seed
    )


def counting() -> list[Clip]:
    """Six clips: avenue by day, grey, in rain and at night, a street from its end, people on a square."""
    across = ("axe", (0.0, 17.6), (0.0, 32.4), _VEHICLES)
    cycle = ("piste", (-1.0, 13.9), (-1.0, 16.2), (ObjectClass.BICYCLE,))
    along = ("rue", (-3.9, 24.0), (3.9, 24.0), _VEHICLES)
    people = ("passage", (0.0, 14.5), (0.5, 30.0), (ObjectClass.PERSON,))
    ways = (((-9.0, 17.0), (9.5, 18.0)), ((-9.5, 21.0), (10.0, 22.0)), ((-10.0, 25.5), (10.5, 26.5)))
    long = 20.0
    return [
        _count(
            "counting_sun_7m",
            seen.AVENUE_7,
            seen.DAY,
            "an avenue and its cycle lane",
            [*flowing(1, _AVENUE_LANES, long, 3.2), *cyclists(1, long, 4)],
            [across, cycle],
            131,
        ),
        _count(
            "counting_grey_10m",
            seen.AVENUE_10,
            seen.GREY,
            "the same from 10 m, denser",
            [*flowing(2, _AVENUE_LANES, long, 2.2), *cyclists(2, long, 3)],
            [across, cycle],
            132,
        ),
        _count(
            "counting_rain_7m",
            seen.AVENUE_7,
            seen.RAIN,
            "in the rain",
            [*flowing(3, _AVENUE_LANES, long, 3.0), *cyclists(3, long, 2)],
            [across, cycle],
            133,
        ),
        _count(
            "counting_night_10m",
            seen.AVENUE_10,
            seen.NIGHT,
            "at night, with head lamps",
            flowing(4, _AVENUE_LANES, long, 3.6),
            [across],
            134,
        ),
        _count(
            "counting_street_6m",
            seen.STREET_6,
            seen.CLOUD,
            "a street seen along, two lanes",
            [
                *flowing(5, _STREET_LANES, long, 3.0, (Make.CAR, Make.CAR, Make.VAN)),
                *passers(5, (((5.5, 12.0), (6.0, 42.0)),), long, 4, View(seen.STREET_6[1], 640, 360), "street"),
            ],
            [along],
            135,
        ),
        _count(
            "counting_people_8m",
            seen.WIDE_8,
            seen.DAY,
            "people cross a square both ways",
            passers(6, ways, long, 16, View(seen.WIDE_8[1], 640, 360), "square"),
            [people],
            136,
        ),
    ]


# ---------------------------------------------------------------------------------------------------------------- bins
_BIN_AT: Spot = (1.0, 22.0)


def _with_bin() -> Place:
    place = square()
    return replace(place, things=(*place.things, Thing(Kind.BIN, _BIN_AT, 190.0)))


def _deposit(
    begin_s: float, come: Spot, go: Spot, look: int, index: int, seconds_there: int = 4
) -> tuple[Walker, Bag, float]:
    """Comes with a bag, stands before the bin for `seconds_there`, puts it in, goes. `index`: its own."""
    before = (_BIN_AT[0] - 0.1, _BIN_AT[1] - 0.85)
    course = walk(begin_s, come, before, *[before] * seconds_there, go)
    in_s = course.points[1][0] + seconds_there - 1.0
    bag = Bag(before, in_s, taken_s=in_s, carrier=index, size_m=(0.36, 0.3, 0.45), look=3)
    return Walker(Course(course.points), look), bag, in_s


def _bins(name: str, camera: Camera, conditions: Conditions, about: str, people: int, seed: int) -> Clip:
    """`people` who put something in, one after the other, and passers who do not."""
    _, pose = camera
    place, seconds = _with_bin(), 30.0
    view = View(pose, 640, 360)
    actors: list[Actor] = []
    deposits = []
    for n in range(people):
        left = n % 2 == 0
        come, go = ((-7.5, 20.0), (8.5, 24.0)) if left else ((8.5, 20.5), (-8.0, 23.5))
        walker, bag, in_s = _deposit(0.5 + 9.0 * n, come, go, seed + n, len(actors))
        actors += [walker, bag]
        deposits.append(in_s)
    actors += passers(seed, (((-9.0, 26.5), (10.0, 27.0)), ((-9.0, 17.5), (9.0, 17.0))), seconds, 4, view, place.name)
    x, y = _BIN_AT
    ring = zone_on(view, "pave-12", rectangle((x - 1.3, y - 1.6), (x + 1.3, y + 1.2))).corners
    bin_ = BinPlace("pave-12", ring)
    clip = Clip(name, place, pose, seconds, tuple(actors), None, conditions, bins=(bin_,), about=about, seed=seed)
    return replace(clip, deposits=tuple(TrueDeposit(bin_.bin, clip.at_ns(in_s)) for in_s in deposits))


def bins() -> list[Clip]:
    """Two clips: three deposits by day, two at night; passers who put nothing in."""
    return [
        _bins("bins_sun_8m", seen.SQUARE_8, seen.DAY, "three people put something in", 3, 141),
        _bins("bins_night_8m", seen.SQUARE_8, seen.NIGHT, "two people put something in, at night", 2, 142),
    ]
