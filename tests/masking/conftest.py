"""Streets, pictures and the checks that tests and planted defects share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, ClearFrame, YuvPlanes
from csu.hal.media import Assignment
from csu.hal.place import Building, Pose
from csu.masking import Cover, MaskedEncoder, cover_of, mask

CAMERA = CameraId("cam-0042")
NUMBER = 42
START_NS = 1_800_000_000_000_000_000
FRAME_NS = 40_000_000
MASK_ABOVE_M = 2.5
SKY, GROUND, OTHER, LOW, SENSITIVE = range(5)


@dataclass(frozen=True)
class View:
    """A camera in a street: what it is told, and what is there."""

    pose: Pose
    buildings: tuple[Building, ...]
    width_px: int
    height_px: int


@pytest.fixture(scope="session")
def random_views() -> Callable[..., Iterator[View]]:
    """Views in random box cities: fixed, on a mast, telephoto, looking down, rolled."""

    def views(
        seed: int,
        count: int,
        *,
        focal_px: tuple[float, float] = (300, 2500),
        height_m: tuple[float, float] = (3, 20),
        tilt_deg: tuple[float, float] = (-60, 15),
        reach_m: float = 120.0,
    ) -> Iterator[View]:
        rng = np.random.default_rng(seed)
        for _ in range(count):
            pose = Pose(
                *(float(v) for v in rng.uniform(-3, 3, 2)),
                z_m=float(rng.uniform(*height_m)),
                pan_deg=float(rng.uniform(-400, 400)),
                tilt_deg=float(rng.uniform(*tilt_deg)),
                roll_deg=float(rng.normal(0, 4)),
                focal_px=float(np.exp(rng.uniform(*np.log(focal_px)))),
            )
            yield View(pose, _city(rng, reach_m), 640, 360)

    return views


def _city(rng: np.random.Generator, reach_m: float, count: int = 40) -> tuple[Building, ...]:
    """Boxes around the origin, none of them over the camera."""
    buildings: list[Building] = []
    while len(buildings) < count:
        x, y = rng.uniform(-reach_m, reach_m, 2)
        width, depth = rng.uniform(6, 22, 2)
        if np.hypot(x, y) < np.hypot(width, depth) / 2 + 5:
            continue
        angle = float(rng.normal(0, 0.3))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = np.array([[-width, -depth], [width, -depth], [width, depth], [-width, depth]]) / 2 @ turn.T + (x, y)
        use = (True, True, False, None)[rng.integers(4)]
        footprint = tuple((float(a), float(b)) for a, b in corners)
        buildings.append(Building(f"b{len(buildings)}", footprint, 0.0, float(rng.uniform(2, 24)), use))
    return tuple(buildings)


@pytest.fixture(scope="session")
def look() -> Callable[..., NDArray[np.uint8]]:
    """The truth, by casting a ray through every `step`-th pixel: (labels (n, m), from pixel step // 2 on).

    Written apart from csu.masking: another rotation, no projection, no polygon.
    """

    def cast(view: View, step: int) -> NDArray[np.uint8]:
        columns = np.arange(step // 2, view.width_px, step)
        rows = np.arange(step // 2, view.height_px, step)
        u, v = np.meshgrid(columns - (view.width_px - 1) / 2, rows - (view.height_px - 1) / 2)
        rays = np.stack([u.ravel(), np.full(u.size, view.pose.focal_px), -v.ravel()], axis=1)  # x right, y on, z up
        rays = rays @ _world_from_camera(view.pose).T
        place = np.array([view.pose.x_m, view.pose.y_m, view.pose.z_m])
        nearest = np.full(len(rays), np.inf)
        labels = np.full(len(rays), SKY, np.uint8)
        with np.errstate(divide="ignore", invalid="ignore"):
            to_ground = -place[2] / rays[:, 2]
            hit = to_ground > 0
            nearest[hit], labels[hit] = to_ground[hit], GROUND
            for building in view.buildings:
                _cast_building(building, place, rays, nearest, labels)
        return labels.reshape(len(rows), len(columns))

    return cast


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
    ring = np.array(building.footprint_m)
    height = 1000.0 if building.height_m is None else building.height_m
    dwelling = building.dwelling is not False
    for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        along, to_a = b - a, a - place[:2]
        cross = rays[:, 0] * along[1] - rays[:, 1] * along[0]
        distance = (to_a[0] * along[1] - to_a[1] * along[0]) / cross
        share = (to_a[0] * rays[:, 1] - to_a[1] * rays[:, 0]) / cross
        altitude = place[2] + distance * rays[:, 2]
        hit = (distance > 1e-6) & (share >= 0) & (share <= 1) & (altitude >= 0) & (altitude <= height)
        hit &= distance < nearest
        nearest[hit] = distance[hit]
        labels[hit] = np.where(altitude[hit] > MASK_ABOVE_M, SENSITIVE, LOW) if dwelling else OTHER
    distance = (height - place[2]) / rays[:, 2]
    points = place[:2] + distance[:, None] * rays[:, :2]
    inside = np.zeros(len(rays), bool)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        crosses = (ay > points[:, 1]) != (by > points[:, 1])
        inside ^= crosses & (points[:, 0] < (bx - ax) * (points[:, 1] - ay) / (by - ay + (ay == by)) + ax)
    hit = (distance > 1e-6) & inside & (distance < nearest)
    nearest[hit] = distance[hit]
    labels[hit] = SENSITIVE if dwelling and height > MASK_ABOVE_M else (LOW if dwelling else OTHER)


@dataclass
class Coverage:
    """What a cover made of the truth, over many views. Pixels are the sampled ones."""

    sensitive: int = 0
    missed: int = 0
    """Sensitive, and not covered with one more cell on every side."""
    other: int = 0
    overcovered: int = 0


@pytest.fixture(scope="session")
def coverage(random_views, look) -> Callable[..., Coverage]:
    """Judge covers made from a pose that is wrong by `error_deg` against what the camera truly sees."""

    def judge(seed: int, count: int, *, step: int = 6, error_deg: float = 0.0, **views) -> Coverage:
        result = Coverage()
        rng = np.random.default_rng(seed + 1)
        for view in random_views(seed, count, **views):
            labels = look(view, step)
            pan, tilt = rng.uniform(-1, 1, 2) * error_deg / np.sqrt(2)
            told = replace(view.pose, pan_deg=view.pose.pan_deg + pan, tilt_deg=view.pose.tilt_deg + tilt)
            cover = cover_of(told, view.buildings, view.width_px, view.height_px, MASK_ABOVE_M)
            rows = (np.arange(labels.shape[0]) * step + step // 2) // 16
            columns = (np.arange(labels.shape[1]) * step + step // 2) // 16
            covered = cover.cells[np.ix_(rows, columns)]
            ringed = _with_all_neighbours(cover.cells)[np.ix_(rows, columns)]
            sensitive = labels == SENSITIVE
            result.sensitive += int(sensitive.sum())
            result.missed += int((sensitive & ~ringed).sum())
            result.other += int((~sensitive).sum())
            result.overcovered += int((~sensitive & covered).sum())
        return result

    return judge


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
