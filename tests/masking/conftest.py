"""Streets, pictures and the checks that tests and planted defects share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import remainder

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

import csu.masking.cover as cover_module
import csu.masking.outlines as outlines_module
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Assignment
from csu.hal.place import Building, MapZone, PictureZone, Pose, PoseBounds, PoseReading, PtzDynamics, Zone, ZoneKind
from csu.masking import Cover, FreezeWatch, MaskedEncoder, cover_of_path, forbidden_surfaces, mask
from csu.masking.freeze import STOP_TOGETHER_NS
from csu.masking.track import CAPTURE_JITTER_NS, PoseSpan, capture_window, poses_during

CAMERA = CameraId("cam-0042")
NUMBER = 42
START_NS = 1_800_000_000_000_000_000
FRAME_NS = 40_000_000
MASK_ABOVE_M = 2.5
SKY, GROUND, OTHER, LOW, SENSITIVE = range(5)


@dataclass(frozen=True)
class View:
    """A camera in a street: what it is told, and what is there. `balconies`: what no map shows."""

    pose: Pose
    buildings: tuple[Building, ...]
    width_px: int
    height_px: int
    zones: tuple[Zone, ...] = ()
    balconies: tuple[Building, ...] = ()


@pytest.fixture(scope="session")
def random_views() -> Callable[..., Iterator[View]]:
    """Views in random cities: fixed, on a mast, telephoto, looking down, rolled, through a bent lens.

    `shapes`: arms, courts and kites, some with a balcony; else boxes. `all_around`: boxes with balconies on every side.
    """

    def views(
        seed: int,
        count: int,
        *,
        focal_px: tuple[float, float] = (300, 2500),
        height_m: tuple[float, float] = (3, 20),
        tilt_deg: tuple[float, float] = (-60, 15),
        roll_deg: float = 4.0,
        reach_m: float = 120.0,
        k1: tuple[float, float] = (0.0, 0.0),
        shapes: bool = False,
        all_around: bool = False,
        zones: bool = False,
    ) -> Iterator[View]:
        rng = np.random.default_rng(seed)
        for _ in range(count):
            pose = Pose(
                *(float(v) for v in rng.uniform(-3, 3, 2)),
                z_m=float(rng.uniform(*height_m)),
                pan_deg=float(rng.uniform(-400, 400)),
                tilt_deg=float(rng.uniform(*tilt_deg)),
                roll_deg=float(rng.normal(0, roll_deg)),
                focal_px=float(np.exp(rng.uniform(*np.log(focal_px)))),
                k1=float(rng.uniform(*k1)),
            )
            buildings = _city(rng, reach_m, shapes=shapes)
            balconies = tuple(_balcony(building, rng) for building in buildings if shapes and building.dwelling)
            if all_around:
                balconies = tuple(_gallery(building) for building in buildings if building.dwelling is not False)
            drawn = _zones(pose, rng) if zones else ()
            yield View(pose, buildings, 640, 360, drawn, balconies)

    return views


_L = ((-1, -1), (1, -1), (1, 0.2), (0.1, 0.2), (0.1, 1), (-1, 1))
_U = ((-1, -1), (1, -1), (1, 1), (0.5, 1), (0.5, -0.4), (-0.5, -0.4), (-0.5, 1), (-1, 1))
_KITE = ((-1, 0), (0, -0.3), (1, 0), (0, 1))
_BOX = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def _city(rng: np.random.Generator, reach_m: float, count: int = 40, *, shapes: bool = False) -> tuple[Building, ...]:
    """Boxes (or other shapes) around the origin, none of them over the camera."""
    buildings: list[Building] = []
    while len(buildings) < count:
        x, y = rng.uniform(-reach_m, reach_m, 2)
        width, depth = rng.uniform(6, 22, 2)
        if np.hypot(x, y) < np.hypot(width, depth) / 2 + 5:
            continue
        angle = float(rng.normal(0, 0.3)) + (float(rng.integers(4)) * np.pi / 2 if shapes else 0.0)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        outline = np.array((_BOX, _L, _U, _KITE)[rng.integers(4)] if shapes else _BOX, np.float64)
        corners = outline * (width / 2, depth / 2) @ turn.T + (x, y)
        use = (True, True, False, None)[rng.integers(4)]
        footprint = tuple((float(a), float(b)) for a, b in corners)
        buildings.append(Building(f"b{len(buildings)}", footprint, 0.0, float(rng.uniform(2, 24)), use))
    return tuple(buildings)


def _balcony(building: Building, rng: np.random.Generator) -> Building:
    """A box 1.45 m deep before a wall, up to the roof: whatever balcony there is lies in it."""
    ring = np.array(building.footprint_m)
    first = int(rng.integers(len(ring)))
    a, b = ring[first], ring[(first + 1) % len(ring)]
    out = np.array([b[1] - a[1], a[0] - b[0]]) / np.hypot(*(b - a)) * 1.45
    at, to = a + (b - a) * 0.1, a + (b - a) * rng.uniform(0.3, 1.0)
    corners = tuple((float(x), float(y)) for x, y in (at, to, to + out, at + out))
    return replace(building, building="balcony", footprint_m=corners)


def _gallery(building: Building) -> Building:
    """A box as wide as its balconies may make it: what is drawn for it has nothing to spare."""
    a, b, c, d = np.array(building.footprint_m)
    along, up = (b - a) / np.hypot(*(b - a)) * 1.49, (d - a) / np.hypot(*(d - a)) * 1.49
    corners = (a - along - up, b + along - up, c + along + up, d - along + up)
    return replace(building, building="gallery", footprint_m=tuple((float(x), float(y)) for x, y in corners))


def _zones(pose: Pose, rng: np.random.Generator) -> tuple[Zone, ...]:
    """Three doors around, and a shape with a dent drawn on the picture of a camera that looked elsewhere a little."""
    doors = []
    for _ in range(3):
        turn = np.radians(pose.pan_deg) + rng.uniform(-0.4, 0.4)
        x, y = np.array([np.sin(turn), np.cos(turn)]) * rng.uniform(8, 30) + (pose.x_m, pose.y_m)
        ring = ((x, y), (x + 1.2, y + 0.2), (x + 1.1, y + 0.5), (x, y + 0.3))
        doors.append(MapZone("door", ZoneKind.DWELLING_ENTRANCE, ring, 0.0, 2.1))
    u, v = rng.uniform(0.1, 0.6, 2)
    drawn = ((u, v), (u + 0.3, v), (u + 0.3, v + 0.35), (u + 0.15, v + 0.1), (u, v + 0.3))
    seen_from = replace(pose, pan_deg=pose.pan_deg + rng.uniform(-3, 3), tilt_deg=pose.tilt_deg + rng.uniform(-3, 3))
    return (*doors, PictureZone("window", ZoneKind.DWELLING_INTERIOR, drawn, seen_from, (640, 360)))


@pytest.fixture(scope="session")
def view_of() -> Callable[..., View]:
    """A view of 640 x 360 from a pose: (pose, buildings, balconies)."""

    def make(pose: Pose, buildings: tuple[Building, ...], balconies: tuple[Building, ...] = ()) -> View:
        return View(pose, buildings, 640, 360, balconies=balconies)

    return make


@pytest.fixture(scope="session")
def world_from_camera() -> Callable[[Pose], NDArray[np.float64]]:
    """The rotation of a camera (x right, y forward, z up) into the world, written apart from csu.masking."""
    return _world_from_camera


@pytest.fixture(scope="session")
def look() -> Callable[..., NDArray[np.uint8]]:
    """The truth, by casting a ray through every `step`-th pixel: (labels (n, m), from pixel step // 2 on).

    Written apart from csu.masking: another rotation, no projection, no polygon.
    """

    def cast(view: View, step: int) -> NDArray[np.uint8]:
        columns = np.arange(step // 2, view.width_px, step)
        rows = np.arange(step // 2, view.height_px, step)
        u, v = np.meshgrid(columns - (view.width_px - 1) / 2, rows - (view.height_px - 1) / 2)
        u, v = u.ravel() / view.pose.focal_px, v.ravel() / view.pose.focal_px
        straight = _straight(np.hypot(u, v), view.pose.k1)
        rays = np.stack([u * straight, np.ones(u.size), -v * straight], axis=1)  # x right, y on, z up
        rays = rays @ _world_from_camera(view.pose).T
        place = np.array([view.pose.x_m, view.pose.y_m, view.pose.z_m])
        nearest = np.full(len(rays), np.inf)
        labels = np.full(len(rays), SKY, np.uint8)
        with np.errstate(divide="ignore", invalid="ignore"):
            to_ground = -place[2] / rays[:, 2]
            hit = to_ground > 0
            nearest[hit], labels[hit] = to_ground[hit], GROUND
            for building in (*view.buildings, *view.balconies):
                _cast_building(building, place, rays, nearest, labels)
            for zone in view.zones:
                _cast_zone(zone, place, rays, nearest, labels)
        labels[np.isnan(straight)] = SENSITIVE  # no ray: nobody knows what a lens shows there
        return labels.reshape(len(rows), len(columns))

    return cast


def _straight(shown: NDArray[np.float64], k1: float) -> NDArray[np.float64]:
    """r / shown for r (1 + k1 r^2) = shown: the smallest root of the cubic. NaN: there is none on the rising side."""
    if k1 == 0:
        return np.ones_like(shown)
    top = 1 / np.sqrt(-3 * k1) if k1 < 0 else 10.0
    radius = np.linspace(0.0, top, 200_001)
    reached = radius * (1 + k1 * radius**2)
    inverse = np.interp(shown, reached, radius, right=np.nan)
    return np.where(shown > 0, inverse / np.maximum(shown, 1e-12), 1.0)


def _world_from_camera(pose: Pose) -> NDArray[np.float64]:
    """Camera axes: x right, y forward, z up. Roll about y, then tilt about x, then pan about z."""
    pan, tilt, roll = np.radians([-pose.pan_deg, pose.tilt_deg, pose.roll_deg])
    about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    about_z = np.array([[np.cos(pan), -np.sin(pan), 0], [np.sin(pan), np.cos(pan), 0], [0, 0, 1]])
    return about_z @ about_x @ about_y


def _cast_building(
    building: Building,
    place: NDArray[np.float64],
    rays: NDArray[np.float64],
    nearest: NDArray[np.float64],
    labels: NDArray[np.uint8],
) -> None:
    height = 1000.0 if building.height_m is None else building.height_m
    dwelling = building.dwelling is not False
    ring = np.array(building.footprint_m)
    for distance in _walls(ring, 0.0, height, place, rays):
        hit = distance < nearest
        altitude = place[2] + distance[hit] * rays[hit, 2]
        nearest[hit] = distance[hit]
        labels[hit] = np.where(altitude > MASK_ABOVE_M, SENSITIVE, LOW) if dwelling else OTHER
    distance = _flat(ring, height, place, rays)
    hit = distance < nearest
    nearest[hit] = distance[hit]
    labels[hit] = SENSITIVE if dwelling and height > MASK_ABOVE_M else (LOW if dwelling else OTHER)


def _cast_zone(
    zone: Zone,
    place: NDArray[np.float64],
    rays: NDArray[np.float64],
    nearest: NDArray[np.float64],
    labels: NDArray[np.uint8],
) -> None:
    if isinstance(zone, MapZone):
        ring = np.array(zone.ring_m)
        flats = [_flat(ring, height, place, rays) for height in (zone.low_m, zone.high_m)]
        for distance in (*_walls(ring, zone.low_m, zone.high_m, place, rays), *flats):
            hit = distance < nearest
            nearest[hit], labels[hit] = distance[hit], SENSITIVE
        return
    seen = rays @ _world_from_camera(zone.seen_from)
    right, down = seen[:, 0] / seen[:, 1], -seen[:, 2] / seen[:, 1]
    square, k1 = right**2 + down**2, zone.seen_from.k1
    is_true = (seen[:, 1] > 0) & ((3 * k1 * square > -1) if k1 < 0 else True)
    scale = (1 + k1 * square) * zone.seen_from.focal_px
    shown = np.stack([right * scale / zone.size_px[0] + 0.5, down * scale / zone.size_px[1] + 0.5], axis=1)
    labels[_inside(np.array(zone.corners), shown) & is_true] = SENSITIVE


def _walls(
    ring: NDArray[np.float64], low: float, high: float, place: NDArray[np.float64], rays: NDArray[np.float64]
) -> Iterator[NDArray[np.float64]]:
    """For each wall of a prism, how far along each ray it is met; inf: not."""
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        along, to_a = b - a, a - place[:2]
        cross = rays[:, 0] * along[1] - rays[:, 1] * along[0]
        distance = (to_a[0] * along[1] - to_a[1] * along[0]) / cross
        share = (to_a[0] * rays[:, 1] - to_a[1] * rays[:, 0]) / cross
        altitude = place[2] + distance * rays[:, 2]
        hit = (distance > 1e-6) & (share >= 0) & (share <= 1) & (altitude >= low) & (altitude <= high)
        yield np.where(hit, distance, np.inf)


def _flat(
    ring: NDArray[np.float64], height: float, place: NDArray[np.float64], rays: NDArray[np.float64]
) -> NDArray[np.float64]:
    distance = (height - place[2]) / rays[:, 2]
    hit = (distance > 1e-6) & _inside(ring, place[:2] + distance[:, None] * rays[:, :2])
    return np.where(hit, distance, np.inf)


def _inside(ring: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    inside = np.zeros(len(points), bool)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        crosses = (ay > points[:, 1]) != (by > points[:, 1])
        inside ^= crosses & (points[:, 0] < (bx - ax) * (points[:, 1] - ay) / (by - ay + (ay == by)) + ax)
    return inside


def _wrong(pose: Pose, bounds: PoseBounds, rng: np.random.Generator) -> Pose:
    """A pose within the bounds: at their corners as often as between them, or turned about any axis."""
    errors = rng.choice([-1.0, 1.0], 8) if rng.random() < 0.5 else rng.uniform(-1, 1, 8)
    place, turns = errors[:3] * bounds.position_m, errors[3:6] * bounds.angle_deg
    wrong = replace(
        pose,
        x_m=pose.x_m + place[0],
        y_m=pose.y_m + place[1],
        z_m=pose.z_m + place[2],
        focal_px=pose.focal_px * (1 + errors[6] * bounds.focal_share),
        k1=pose.k1 + errors[7] * bounds.k1,
    )
    if rng.random() < 0.5:
        return replace(
            wrong,
            pan_deg=pose.pan_deg + turns[0],
            tilt_deg=pose.tilt_deg + turns[1],
            roll_deg=pose.roll_deg + turns[2],
        )
    axis = rng.normal(size=3)
    axis *= np.radians(bounds.angle_deg) / np.linalg.norm(axis)
    turn = _rotation(axis) @ _world_from_camera(pose)
    tilt = np.degrees(np.arcsin(np.clip(turn[2, 1], -1, 1)))
    pan = np.degrees(np.arctan2(turn[0, 1], turn[1, 1]))
    roll = np.degrees(np.arctan2(-turn[2, 0], turn[2, 2]))
    return replace(wrong, pan_deg=float(pan), tilt_deg=float(tilt), roll_deg=float(roll))


def _rotation(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    angle = float(np.linalg.norm(vector))
    if angle == 0:
        return np.eye(3)
    x, y, z = vector / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


@dataclass
class Coverage:
    """What a cover made of the truth, over many views. Pixels are the sampled ones."""

    sensitive: int = 0
    missed: int = 0
    """Sensitive, and not covered with one more cell on every side."""
    other: int = 0
    overcovered: int = 0
    whole: int = 0
    """Covers that hide everything."""
    views: int = 0


@pytest.fixture(scope="session")
def coverage(random_views, look) -> Callable[..., Coverage]:
    """Judge covers against what cameras truly see that are wrong by up to `bounds`, somewhere on a path by `sweep`.

    `sweep`: pan and tilt turned, and doublings of the focal length, from the first to the last pose that is told.
    """

    def judge(
        seed: int,
        count: int,
        *,
        step: int = 8,
        bounds: PoseBounds = PoseBounds(),  # noqa: B008
        sweep: tuple[float, float, float] | None = None,
        **views,
    ) -> Coverage:
        result = Coverage()
        rng = np.random.default_rng(seed + 1)
        for view in random_views(seed, count, **views):
            told = view.pose
            path, at = [told], told
            if sweep is not None:
                turns = np.array(sweep) * rng.choice([-1, 1], 3) * rng.uniform(0.3, 1)
                path = [_on(told, turns, share) for share in (0.0, 0.4, 1.0)]
                at = _on(told, turns, float(rng.choice([0.0, 1.0, rng.uniform()])))
            surfaces = forbidden_surfaces(view.buildings, view.zones, MASK_ABOVE_M)
            cover = cover_of_path(path, surfaces, view.width_px, view.height_px, bounds)
            labels = look(replace(view, pose=_wrong(at, bounds, rng)), step)
            _count(result, cover, labels, step)
        return result

    return judge


def _on(pose: Pose, turns: NDArray[np.float64], share: float) -> Pose:
    return replace(
        pose,
        pan_deg=pose.pan_deg + share * turns[0],
        tilt_deg=pose.tilt_deg + share * turns[1],
        focal_px=pose.focal_px * 2 ** (share * turns[2]),
    )


def _count(result: Coverage, cover: Cover, labels: NDArray[np.uint8], step: int) -> None:
    rows = (np.arange(labels.shape[0]) * step + step // 2) // 16
    columns = (np.arange(labels.shape[1]) * step + step // 2) // 16
    covered = cover.cells[np.ix_(rows, columns)]
    ringed = _with_all_neighbours(cover.cells)[np.ix_(rows, columns)]
    sensitive = labels == SENSITIVE
    result.sensitive += int(sensitive.sum())
    result.missed += int((sensitive & ~ringed).sum())
    result.other += int((~sensitive).sum())
    result.overcovered += int((~sensitive & covered).sum())
    result.whole += cover.is_whole
    result.views += 1


def _with_all_neighbours(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True where a cell and its eight neighbours (inside the picture) are covered."""
    padded = np.pad(cells, 1, constant_values=True)
    rows, columns = cells.shape
    result = np.ones_like(cells)
    for down in range(3):
        for right in range(3):
            result &= padded[down : down + rows, right : right + columns]
    return result


@pytest.fixture(scope="session")
def cells_not_drawn() -> Callable[[int, int], int]:
    """How many cells that random convex shapes touch are not marked when those are drawn."""

    def count_them(seed: int, count: int) -> int:
        rng = np.random.default_rng(seed)
        missing = 0
        for _ in range(count):
            size = float(np.exp(rng.uniform(-2, 7)))
            corners = rng.uniform(-1, 1, (int(rng.integers(3, 7)), 2)) * size * (1, rng.uniform(0.01, 1))
            corners += rng.uniform(-80, 80, 2)
            shape = shapely.MultiPoint(corners).convex_hull
            grid = cover_module._grid(150, 100)
            boxes = outlines_module._boxes(corners[None], np.full((1, 1, 2), cover_module.RASTER_PX))
            assert cover_module._fill(boxes, grid, 150, 100)
            marked = cover_module._cells_touched(grid)
            for row, column in np.ndindex(marked.shape):
                left, top = column * 16 - 75, row * 16 - 50
                touched = shape.intersects(shapely.box(left, top, min(left + 16, 75), min(top + 16, 50)))
                missing += bool(touched) and not marked[row, column]
        return missing

    return count_them


@pytest.fixture(scope="session")
def noise_planes() -> Callable[..., YuvPlanes]:
    """Noise in all three planes; with `padded`, as views on wider buffers, like a decoder's."""

    def make(seed: int, width: int, height: int, *, padded: bool = False, full_range: bool = False) -> YuvPlanes:
        rng = np.random.default_rng(seed)
        pad = 13 if padded else 0

        def plane(h: int, w: int) -> NDArray[np.uint8]:
            return rng.integers(0, 256, (h, w + pad), np.uint8)[:, :w]

        half = ((height + 1) // 2, (width + 1) // 2)
        return YuvPlanes(plane(height, width), plane(*half), plane(*half), full_range)

    return make


@pytest.fixture(scope="session")
def clear_frame() -> Callable[..., ClearFrame]:
    def make(planes: YuvPlanes, sequence: int = 0, at_ns: int | None = None) -> ClearFrame:
        at_ns = START_NS + sequence * FRAME_NS if at_ns is None else at_ns
        return ClearFrame(CAMERA, sequence, CaptureTime(at_ns, from_camera=True), planes)

    return make


@pytest.fixture(scope="session")
def some_cover() -> Callable[..., Cover]:
    """A cover whose cells are drawn by chance from `seed`, with the last row and column in it."""

    def make(seed: int, width: int, height: int, share: float = 0.4) -> Cover:
        cells = np.random.default_rng(seed).random((-(-height // 16), -(-width // 16))) < share
        cells[-1, -1] = True
        return Cover(width, height, cells)

    return make


@pytest.fixture(scope="session")
def traces_of_the_hidden(noise_planes, clear_frame) -> Callable[..., list[str]]:
    """What differs between the outputs of pairs of pictures that differ under the cover only. Must be nothing."""

    def compare(seed: int, cover: Cover, *, frames: int = 3, encode: bool = True) -> list[str]:
        width, height = cover.width_px, cover.height_px
        encoders = [MaskedEncoder(CAMERA, width, height, 25.0) for _ in range(2)]
        traces: list[str] = []
        for sequence in range(frames):
            first, other = (noise_planes(seed * 1000 + sequence * 2 + side, width, height) for side in range(2))
            second = _equal_outside(first, other, cover)
            masked = [mask(clear_frame(planes, sequence), cover, 1, NUMBER) for planes in (first, second)]
            for name in "yuv":
                a, b = (getattr(frame.planes, name) for frame in masked)
                if not np.array_equal(a, b):
                    traces.append(f"plane {name} of picture {sequence}")
            if encode:
                sent = [[packet.data for packet in e.encode(m)] for e, m in zip(encoders, masked, strict=True)]
                if sent[0] != sent[1]:
                    traces.append(f"packet {sequence}")
        return traces

    return compare


def _equal_outside(first: YuvPlanes, other: YuvPlanes, cover: Cover) -> YuvPlanes:
    """`first` outside the covered cells, `other` inside. Cells looked up pixel by pixel, apart from the stencil."""

    def blend(a: NDArray[np.uint8], b: NDArray[np.uint8], cell: int) -> NDArray[np.uint8]:
        rows, columns = np.arange(a.shape[0]) // cell, np.arange(a.shape[1]) // cell
        return np.where(cover.cells[np.ix_(rows, columns)], b, a)

    return YuvPlanes(blend(first.y, other.y, 16), blend(first.u, other.u, 8), blend(first.v, other.v, 8))


@pytest.fixture(scope="session")
def decoder_planes_changed(noise_planes, clear_frame, some_cover) -> Callable[[], bool]:
    """Whether masking wrote into the planes it was lent."""

    def check() -> bool:
        lent = noise_planes(5, 96, 64, padded=True)
        before = [plane.copy() for plane in (lent.y, lent.u, lent.v)]
        mask(clear_frame(lent), some_cover(3, 96, 64), 1, NUMBER)
        return any(not np.array_equal(a, b) for a, b in zip(before, (lent.y, lent.u, lent.v), strict=True))

    return check


@pytest.fixture
def assignment() -> Callable[..., Assignment]:
    """A camera before one dwelling, 20 m to the north."""

    def make(pose: Pose | None = None, *, follows_pose: bool = False, **changes) -> Assignment:
        record = CameraRecord(CAMERA, NUMBER, "Place d'Armes", CommuneId("metz"), ViewType.WIDE)
        house = Building("house", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
        address = StreamAddress("rtsp://127.0.0.1/1")
        made = Assignment(record, address, pose, follows_pose, (house,), MASK_ABOVE_M, mask_epoch=1)
        return replace(made, **changes)

    return make


@pytest.fixture
def north() -> Pose:
    """5 m up, looking north, a little down."""
    return Pose(0.0, 0.0, 5.0, pan_deg=0.0, tilt_deg=-5.0, roll_deg=0.0, focal_px=500.0)


@pytest.fixture(scope="session")
def old_views_missed() -> Callable[..., tuple[int, int, float]]:
    """Pictures whose true view a `FreezeWatch` left out, how many showed an old one, and how far the farthest of those
    is left out that were taken in the last STOP_TOGETHER_NS of a turn. See `_life_of_a_dome`."""

    def missed(seeds: range, **world: bool) -> tuple[int, int, float]:
        lives = [_life_of_a_dome(seed, **world) for seed in seeds]
        return sum(life[0] for life in lives), sum(life[1] for life in lives), max(life[2] for life in lives)

    return missed


DOME_SHEET = PtzDynamics(pan_deg_per_s=60.0, tilt_deg_per_s=40.0, zoom_doublings_per_s=1.0)


def _life_of_a_dome(seed: int, *, flat: bool = False, lapses: bool = False) -> tuple[int, int, float]:
    """Twelve seconds of a dome that turns and rests, and whose encoder is stuck at times, its clock ticking.

    The world is a wall of blocks, one a degree; `flat`: half of it has nothing to show. `lapses`: at times it does not
    say where it looks. Each picture is a little noisy and has passers-by.
    """
    rng, watch = np.random.default_rng(seed), FreezeWatch()
    wall = rng.integers(0, 256, (36, 400)).astype(np.float64)
    if flat:
        wall[:, 100:300] = 120.0
    pan_deg, speed, until, stuck, silent = float(rng.uniform(0, 360)), 0.0, 0, 0, 0
    pans = []
    for number in range(306):
        if number >= until:
            speed, until = float(rng.choice([0.0, 0.0, 1.0, -8.0, 60.0])), number + int(rng.integers(5, 60))
        pan_deg += speed * 0.04
        pans.append(pan_deg)
    missed, old, late_deg = 0, 0, 0.0
    shown: tuple[NDArray[np.float64], int] | None = None
    for number in range(6, 300):
        at_ns = START_NS + number * FRAME_NS
        stuck = int(rng.integers(5, 80)) if stuck == 0 and rng.random() < 0.02 and not silent else max(0, stuck - 1)
        silent = int(rng.integers(5, 30)) if lapses and not stuck and rng.random() < 0.01 else max(0, silent - 1)
        if stuck == 0 or shown is None:
            left = int(pans[number] % 330)
            view = wall[:, left : left + 64].copy()
            place = rng.integers(0, (30, 58))
            view[place[0] : place[0] + 4, place[1] : place[1] + 3] = rng.integers(0, 256)
            shown = view, number
        luma = shown[0] + rng.uniform(-4, 4, (36, 64))
        luma[1, 5:45] = rng.integers(0, 256, 40)
        planes = YuvPlanes(np.clip(luma, 0, 255).astype(np.uint8), *np.full((2, 18, 32), 128, np.uint8))
        readings = [
            PoseReading(_looking(pans[n]), START_NS + n * FRAME_NS, moving=pans[n] != pans[n - 1])
            for n in range(max(1, number - 12), number + 6)
            if n % 2 == 0 and not silent
        ]
        watch.look(planes)
        span = poses_during(readings, *capture_window(CaptureTime(at_ns, from_camera=True)), DOME_SHEET)
        span = watch.since(span, at_ns - CAPTURE_JITTER_NS)
        old += abs(pans[shown[1]] - pans[number]) > 1.0
        off_deg = 0.0 if span is None else _off_deg(span, pans[shown[1]])
        if _is_late_in_a_turn(pans, shown[1]):
            late_deg = max(late_deg, off_deg)
        else:
            missed += off_deg > 0.01
    return missed, old, late_deg


def _is_late_in_a_turn(pans: list[float], number: int) -> bool:
    """May the stop of the turn that the picture was taken in be believed, though it was the last before it froze?"""
    until = number + (STOP_TOGETHER_NS - CAPTURE_JITTER_NS) // FRAME_NS
    stop = next((at for at in range(number, len(pans) - 1) if pans[at] == pans[at + 1]), None)
    return stop is not None and number < stop <= until


def _looking(pan_deg: float) -> Pose:
    return Pose(0.0, 0.0, 6.0, pan_deg % 360.0, -5.0, 0.0, 900.0)


def _off_deg(span: PoseSpan, pan_deg: float) -> float:
    """How far a pan is beyond the reach of the path, each turn of it taken the shorter way."""
    at_deg = remainder(span.path[0].pan_deg - pan_deg, 360.0)
    nearest_deg = abs(at_deg)
    for a, b in pairwise(span.path):
        next_deg = at_deg + remainder(b.pan_deg - a.pan_deg, 360.0)
        between = min(at_deg, next_deg) <= 0.0 <= max(at_deg, next_deg)
        nearest_deg = 0.0 if between else min(nearest_deg, abs(next_deg))
        at_deg = next_deg
    return max(0.0, nearest_deg - span.angle_deg)
