"""Random places: what truly stands around a camera, and what the masks were told of it.

Boxes and L-shapes on sloping ground, of known and unknown height and use; balconies, low walls, kiosks on no map;
doors and windows drawn on the map, and on the picture. Cameras on masts and on facades, wide with a bent lens or long,
level or rolled. All from one stream of chance: a number is a scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, degrees, exp, hypot, log, pi, radians, sin, sqrt
from typing import TypeAlias, TypeVar

from csu.hal.chance import Chance
from csu.hal.place import Building, MapZone, PictureZone, Pose, Zone, ZoneKind
from csu.masking.proof.rays import Faces, Label, World

MASK_ABOVE_M = 2.5
"""The doctrine of these scenes (Metz). The masks are told it with the assignment."""

SIZES_PX = ((640, 360), (704, 576), (960, 540), (1281, 719), (1920, 1080))
BALCONY_OUT_M_MAX = 1.5
"""How far a balcony stands out: the masks must hold for it although no map shows it (notes on vision, section 6)."""
_CLEAR_OF_CAMERA_M = 4.0

Point: TypeAlias = tuple[float, float]
_Face: TypeAlias = tuple[Sequence[float], Sequence[float], Sequence[float], Label, float]
_T = TypeVar("_T")


@dataclass(frozen=True)
class Scene:
    """One camera in one place. `pose` is where it truly looks when it looks straight; cases go from there."""

    number: int
    world: World
    buildings: tuple[Building, ...]
    zones: tuple[Zone, ...]
    pose: Pose
    width_px: int
    height_px: int
    mask_above_m: float
    wall: Point | None
    """Away from the facade it hangs on; None on a mast. No camera stands in a wall, however wrong its told place."""


@dataclass(frozen=True, slots=True)
class _Box:
    """An upright box: the corner `at`, a side of `wide_m` towards `turn` (radians), another of `deep_m` to its left."""

    at: Point
    turn: float
    wide_m: float
    deep_m: float

    def point(self, along_m: float, left_m: float) -> Point:
        x, y = self.at
        return (
            x + along_m * cos(self.turn) - left_m * sin(self.turn),
            y + along_m * sin(self.turn) + left_m * cos(self.turn),
        )

    @property
    def ring(self) -> tuple[Point, ...]:
        return (
            self.point(0, 0),
            self.point(self.wide_m, 0),
            self.point(self.wide_m, self.deep_m),
            self.point(0, self.deep_m),
        )

    def from_side(self, side: int) -> _Box:
        """The same box, told from another of its four sides."""
        at, turn = self.ring[side], self.turn + side * pi / 2
        return _Box(at, turn, *((self.wide_m, self.deep_m) if side % 2 == 0 else (self.deep_m, self.wide_m)))

    def holds(self, place: Point, margin_m: float) -> bool:
        x, y = place[0] - self.at[0], place[1] - self.at[1]
        along, left = x * cos(self.turn) + y * sin(self.turn), y * cos(self.turn) - x * sin(self.turn)
        return -margin_m < along < self.wide_m + margin_m and -margin_m < left < self.deep_m + margin_m

    def faces(self, low_m: float, top_m: float, label: Label, line_m: float = float("inf")) -> list[_Face]:
        """Its four walls, its top and its bottom."""
        ring, up = self.ring, (0.0, 0.0, top_m - low_m)
        found: list[_Face] = []
        for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
            found.append(((ax, ay, low_m), (bx - ax, by - ay, 0.0), up, label, line_m))
        (ox, oy), (wx, wy), _, (dx, dy) = ring
        for z in (top_m, low_m):
            found.append(((ox, oy, z), (wx - ox, wy - oy, 0.0), (dx - ox, dy - oy, 0.0), label, line_m))
        return found


def scene(number: int, chance: Chance) -> Scene:
    """The scene of that number of this chance: always the same one."""
    dice = chance.stream(f"scene/{number}")
    slope = (0.0, 0.0) if dice.uniform(0, 1) < 0.5 else (dice.uniform(-0.08, 0.08), dice.uniform(-0.08, 0.08))
    ground = (*slope, dice.uniform(-3, 190))
    width_px, height_px = pick(dice, SIZES_PX)
    long = dice.uniform(0, 1) < 0.4
    focal_px = width_px * log_uniform(dice, *((0.42, 7.3) if long else (0.36, 1.3)))
    town = _Town(dice, ground, reach_m=dice.uniform(60, 130) + (focal_px / width_px) * 25)
    eye, facing = town.camera_place()
    zones = town.draw_zones()
    pose = _pose(dice, town, eye, facing, focal_px, (width_px, height_px))
    drawn = _picture_zones(dice, pose, (width_px, height_px))
    world = World(Faces.of(town.faces), ground, drawn)
    wall = None if facing is None else (sin(radians(facing)), cos(radians(facing)))
    return Scene(number, world, tuple(town.buildings), zones + drawn, pose, width_px, height_px, MASK_ABOVE_M, wall)


class _Town:
    """Fills a place around the origin, keeping clear of the camera's foot."""

    def __init__(self, dice: Chance, ground: tuple[float, float, float], reach_m: float) -> None:
        self._dice = dice
        self._ground = ground
        self._reach_m = reach_m
        self._solid: list[_Box] = []
        self._others: list[tuple[_Box, float]] = []
        self._homes: list[tuple[_Box, float, float]] = []
        self._bare_homes: list[tuple[_Box, float]] = []
        self.faces: list[_Face] = []
        self.buildings: list[Building] = []
        for _ in range(dice.integer(20, 45)):
            self._building()
        for _ in range(dice.integer(0, 8)):
            self._low_thing()

    def ground_m(self, place: Point) -> float:
        a, b, c = self._ground
        return a * place[0] + b * place[1] + c

    def camera_place(self) -> tuple[tuple[float, float, float], float | None]:
        """(eye, the way a facade faces or None on a mast). Never inside anything that stands there."""
        dice = self._dice
        walls = self._others if dice.uniform(0, 1) < 0.75 else self._bare_homes
        if walls and dice.uniform(0, 1) < 0.3:
            box, top_m = pick(dice, walls)
            place = box.point(dice.uniform(0.2, 0.8) * box.wide_m, -dice.uniform(0.1, 1.0))
            foot = self.ground_m(place)
            if top_m - foot > 3.5 and not any(other.holds(place, 0.3) for other in self._solid if other.at != box.at):
                eye = (*place, foot + dice.uniform(3.0, min(9.0, top_m - foot)))
                return eye, degrees(atan2(sin(box.turn), -cos(box.turn)))  # clockwise from north
        place = (dice.uniform(-2, 2), dice.uniform(-2, 2))
        return (*place, self.ground_m(place) + dice.uniform(3.5, 16)), None

    def target(self, eye: tuple[float, float, float]) -> tuple[float, float, float]:
        """A point to look at: on a building more often than not."""
        dice = self._dice
        if self._homes and dice.uniform(0, 1) < 0.85:
            near = sorted(self._homes, key=lambda home: hypot(home[0].at[0] - eye[0], home[0].at[1] - eye[1]))
            box, low_m, top_m = near[dice.integer(0, (len(near) - 1) // 3)]
            along, left = dice.uniform(-0.1, 1.1) * box.wide_m, dice.uniform(-0.1, 1.1) * box.deep_m
            return (*box.point(along, left), dice.uniform(low_m, min(top_m + 2, low_m + 15)))
        turn, away = dice.uniform(0, 2 * pi), dice.uniform(10, 60)
        place = (eye[0] + away * cos(turn), eye[1] + away * sin(turn))
        return (*place, self.ground_m(place) + dice.uniform(0, 3))

    def draw_zones(self) -> tuple[MapZone, ...]:
        """Doors and ground-floor windows of the nearest homes, as thin prisms before their facade."""
        dice = self._dice
        found: list[MapZone] = []
        nearest = sorted(self._homes, key=lambda home: hypot(*home[0].at))[: dice.integer(0, 4)]
        for box, low_m, top_m in nearest:
            wide = dice.uniform(0.8, 2.0)
            out = dice.uniform(0.05, 0.3)
            start = dice.uniform(0, max(0.0, box.wide_m - wide))
            thin = _Box(box.point(start, -out), box.turn, wide, out)
            is_door = dice.uniform(0, 1) < 0.6
            foot = self.ground_m(thin.at)
            low, high = (foot - 0.2, foot + 2.2) if is_door else (foot + 0.9, foot + 2.3)
            kind = ZoneKind.DWELLING_ENTRANCE if is_door else ZoneKind.DWELLING_INTERIOR
            found.append(MapZone(f"zone-{len(found)}", kind, thin.ring, low, min(high, max(top_m, low_m + 2.3))))
            self.faces += thin.faces(found[-1].low_m, found[-1].high_m, Label.ZONE)
        return tuple(found)

    def _free_box(self) -> _Box | None:
        dice, reach = self._dice, self._reach_m
        for _ in range(12):
            box = _Box(
                (dice.uniform(-reach, reach), dice.uniform(-reach, reach)),
                pick(dice, (0.0, pi / 2, pi, -pi / 2)) + dice.uniform(-0.4, 0.4),
                dice.uniform(6, 22),
                dice.uniform(6, 22),
            )
            middle = box.point(box.wide_m / 2, box.deep_m / 2)
            away = hypot(box.wide_m, box.deep_m) / 2
            if box.holds((0.0, 0.0), _CLEAR_OF_CAMERA_M):
                continue
            if all(_apart(box, other, middle, away) for other in self._solid):
                return box
        return None

    def _building(self) -> None:
        box, dice = self._free_box(), self._dice
        if box is None:
            return
        use = pick(dice, (True, True, True, False, False, None))
        is_home = use is not False  # of unknown use: the worst is true
        height_m = log_uniform(dice, 2.2, 24) if dice.uniform(0, 1) < 0.9 else dice.uniform(24, 90)
        told_m = None if dice.uniform(0, 1) < 0.08 else height_m
        parts, ring = _l_shape(dice, box) if dice.uniform(0, 1) < 0.35 else ((box,), box.ring)
        low_m = min(self.ground_m(corner) for corner in ring)
        top_m = low_m + height_m
        line_m = low_m + MASK_ABOVE_M if is_home else float("inf")
        for part in parts:
            self.faces += part.faces(low_m - 1, top_m, Label.LOW if is_home else Label.OTHER, line_m)
        self._solid.append(box)
        self.buildings.append(Building(f"b{len(self.buildings)}", ring, low_m, told_m, use))
        if is_home:
            self._homes.append((parts[0], low_m, top_m))
            if height_m > 5 and dice.uniform(0, 1) < 0.5:
                self._balconies(parts[0], low_m, top_m, line_m)
            else:
                self._bare_homes.append((parts[0], top_m))
        elif height_m > 4:
            self._others.append((parts[0], top_m))

    def _balconies(self, part: _Box, low_m: float, top_m: float, line_m: float) -> None:
        """Before one facade, on up to four floors; now and then from corner to corner."""
        dice = self._dice
        part = part.from_side(dice.integer(0, 3))
        out = dice.uniform(0.6, BALCONY_OUT_M_MAX)
        wide = part.wide_m if dice.uniform(0, 1) < 0.3 else dice.uniform(1, part.wide_m)
        start = dice.uniform(0, part.wide_m - wide) if dice.uniform(0, 1) < 0.8 else -out  # round the corner
        at = part.point(start, -out)
        for floor in range(1, 5):
            slab = low_m + 2.6 + 2.8 * (floor - 1)
            if slab + 1.1 > top_m:
                return
            self.faces += _Box(at, part.turn, wide, out).faces(slab, slab + 1.1, Label.LOW, line_m)

    def _low_thing(self) -> None:
        """A wall, a hedge, a kiosk, a bus: it hides what is behind it, and no map shows it."""
        dice = self._dice
        turn, away = dice.uniform(0, 2 * pi), dice.uniform(6, 45)
        at = (away * cos(turn), away * sin(turn))
        box = _Box(at, dice.uniform(0, pi), dice.uniform(1, 12), dice.uniform(0.2, 2.5))
        if box.holds((0.0, 0.0), 3.0):
            return
        foot = self.ground_m(at)
        self._solid.append(box)
        self.faces += box.faces(foot - 1, foot + dice.uniform(0.8, 3.2), Label.OTHER)


def _apart(box: _Box, other: _Box, middle: Point, away_m: float) -> bool:
    other_middle = other.point(other.wide_m / 2, other.deep_m / 2)
    gap = hypot(middle[0] - other_middle[0], middle[1] - other_middle[1])
    return gap > away_m + hypot(other.wide_m, other.deep_m) / 2 + 0.5


def _l_shape(dice: Chance, box: _Box) -> tuple[tuple[_Box, ...], tuple[Point, ...]]:
    """Two boxes that make an L within `box`, and its ring."""
    wide, deep = dice.uniform(0.3, 0.7) * box.wide_m, dice.uniform(0.3, 0.7) * box.deep_m
    parts = (_Box(box.at, box.turn, box.wide_m, deep), _Box(box.point(0, deep), box.turn, wide, box.deep_m - deep))
    ring = (
        box.point(0, 0),
        box.point(box.wide_m, 0),
        box.point(box.wide_m, deep),
        box.point(wide, deep),
        box.point(wide, box.deep_m),
        box.point(0, box.deep_m),
    )
    return parts, ring


def _pose(
    dice: Chance,
    town: _Town,
    eye: tuple[float, float, float],
    facing: float | None,
    focal_px: float,
    size: tuple[int, int],
) -> Pose:
    """Looking at something, or along from a facade; a short lens is bent."""
    x, y, z = town.target(eye)
    away = max(hypot(x - eye[0], y - eye[1]), 0.5)
    pan = degrees(atan2(x - eye[0], y - eye[1]))
    tilt = max(-75.0, min(30.0, degrees(atan2(z - eye[2], away))))
    if facing is not None:
        pan, tilt = facing + dice.uniform(-75, 75), dice.uniform(-50, 5)
    roll = dice.uniform(-4, 4) if dice.uniform(0, 1) < 0.7 else dice.uniform(-20, 20)
    k1 = 0.0 if dice.uniform(0, 1) < 0.35 else dice.uniform(-0.3, 0.05)
    return Pose(*eye, pan, tilt, roll, focal_px, max(k1, bend_min(size, focal_px)))


def bend_min(size_px: tuple[int, int], focal_px: float) -> float:
    """The most negative k1 with which each pixel of a picture still has a ray, with a rest of a quarter."""
    corner = hypot(*size_px) / 2 / focal_px  # r * (1 + k1 * r^2) has its top at r = 1 / sqrt(-3 k1), 2/3 of r high
    return -0.75 * (2 / 3 / corner) ** 2 / 3


def _picture_zones(dice: Chance, pose: Pose, size_px: tuple[int, int]) -> tuple[PictureZone, ...]:
    """Now and then a polygon that a person drew on the picture."""
    if dice.uniform(0, 1) > 0.3:
        return ()
    u, v, half = dice.uniform(0, 1), dice.uniform(0, 1), dice.uniform(0.02, 0.15)
    count = dice.integer(3, 7)
    corners = tuple(
        (
            min(1.0, max(0.0, u + half * cos(2 * pi * i / count))),
            min(1.0, max(0.0, v + half * 1.6 * sin(2 * pi * i / count))),
        )
        for i in range(count)
    )
    return (PictureZone("drawn", ZoneKind.DWELLING_INTERIOR, corners, pose, size_px),)


def pick(dice: Chance, options: Sequence[_T]) -> _T:
    """One of them."""
    return options[dice.integer(0, len(options) - 1)]


def log_uniform(dice: Chance, low: float, high: float) -> float:
    """Between `low` and `high`, each doubling as likely as the next."""
    return exp(dice.uniform(log(low), log(high)))


def unit_vector(dice: Chance) -> tuple[float, float, float]:
    """Any direction, each as likely as the next."""
    up, turn = dice.uniform(-1, 1), dice.uniform(0, 2 * pi)
    level = sqrt(1 - up * up)
    return level * cos(turn), level * sin(turn), up
