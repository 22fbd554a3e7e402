"""A PTZ is sent somewhere, pictures and readings come as they do in a centre: what is covered, instant by instant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

import csu.masking.policy as policy_module
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, YuvPlanes
from csu.hal.media import Assignment
from csu.hal.place import Building, Pose, PoseBounds, PtzDynamics
from csu.masking import Cover, CoverPolicy, FreezeWatch, cover_of_path, forbidden_surfaces
from sim.street.mount import Motion, MountLimits, at_rest, drive, go_to

MS = 1_000_000
NOW = 1_800_000_000_000_000_000
WIDTH, HEIGHT = 960, 544
LIMITS = MountLimits()
PANS = MountLimits(tilt_deg_s=1.0, zoom_doublings_s=0.01)
"""Little reach beside the path, so that a defect of the path itself shows."""
HOME = Pose(0.0, 0.0, 8.0, 340.0, -8.0, 0.0, 900.0)
FRAME_MS, POLL_MS, LATENCY_MS, ANSWER_MS = 40, 100, 70, 20
BACK_MS, OVER_MASK_MAX = 500, 0.15


def box(x: float, y: float, half: float, height: float) -> Building:
    ring = ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half))
    return Building(f"{x} {y}", ring, 0.0, height, True)


STREET = tuple(box(x, y, 2.0, 6.0) for x, y in ((-17.0, 47.0), (21.0, 45.0), (43.0, 25.0)))


@dataclass(frozen=True)
class Shown:
    """One picture: when it was captured after the order, and its cover beside that of the true pose without margins."""

    captured_ms: int
    shown_ms: int
    cover: Cover
    truth: NDArray[np.bool_]

    @property
    def missed_cells(self) -> int:
        return int((self.truth & ~self.cover.cells).sum())


@pytest.fixture(scope="session")
def tour() -> Callable[..., list[Shown]]:
    """What is shown from one second before an order to three after it."""

    def run(
        order: Callable[[Pose, int], list[Motion]],
        *,
        jitter: int = 0,
        limits: MountLimits = LIMITS,
        freeze: FreezeWatch | None = None,
    ) -> list[Shown]:
        record = CameraRecord(CameraId("cam-1"), 1, "", CommuneId("metz"), ViewType.WIDE)
        address = StreamAddress("rtsp://127.0.0.1/1")
        dynamics = PtzDynamics(limits.pan_deg_s, limits.tilt_deg_s, limits.zoom_doublings_s)
        camera = Assignment(record, address, None, True, STREET, 2.5, 1, dynamics=dynamics)
        policy, surfaces = CoverPolicy(camera, WIDTH, HEIGHT), forbidden_surfaces(STREET, (), 2.5)
        motions = [at_rest(HOME, NOW - 10_000 * MS), *order(HOME, NOW)]

        def motion_at(at_ns: int) -> Motion:
            return next(motion for motion in reversed(motions) if motion.start_ns <= at_ns)

        late = np.random.default_rng(7).integers(0, jitter + 1, 6_000 // POLL_MS).cumsum()
        asked = np.arange(-2_000, 4_000, POLL_MS) + late
        readings = [motion_at(NOW + int(at) * MS).reading_at(NOW + int(at) * MS) for at in asked]
        shown = []
        for captured_ms in range(-1_000, 3_000, FRAME_MS):
            captured_ns = NOW + captured_ms * MS
            captured = CaptureTime(captured_ns, True, at_latest_ns=captured_ns + LATENCY_MS * MS)
            for now_ns in waiting(captured):
                known = tuple(reading for reading in readings if reading.at_ns + ANSWER_MS * MS <= now_ns)
                if policy.is_ready(captured, known):
                    break
            true_pose = motion_at(captured_ns).pose_at(captured_ns)
            truth = cover_of_path((true_pose,), surfaces, WIDTH, HEIGHT, PoseBounds(0.0)).cells
            if freeze is not None:
                freeze.look(seen_from(true_pose))
            cover = policy.cover(captured, now_ns, known, freeze)
            shown.append(Shown(captured_ms, (now_ns - NOW) // MS, cover, truth))
        return shown

    def waiting(captured: CaptureTime) -> Iterator[int]:
        """A picture is looked at when it comes and with each one after it, until it has waited 150 ms."""
        came_ns = captured.at_ns + LATENCY_MS * MS
        return iter(range(came_ns, came_ns + 150 * MS + FRAME_MS * MS, FRAME_MS * MS))

    return run


def seen_from(pose: Pose) -> YuvPlanes:
    """A street that nothing moves in: another picture with each degree and each twentieth of a doubling."""
    steps = (pose.pan_deg, pose.tilt_deg + 90.0, 20.0 * np.log2(pose.focal_px))
    luma = np.random.default_rng([int(step) for step in steps]).integers(0, 256, (36, 64)).astype(np.uint8)
    return YuvPlanes(luma, luma[::2, ::2], luma[::2, ::2])


def to_preset(goal: Pose) -> Callable[[Pose, int], list[Motion]]:
    return lambda home, at_ns: [go_to(home, at_ns, goal, LIMITS)]


def nudge(pan: float, tilt: float, zoom: float, lasting_ms: int) -> Callable[[Pose, int], list[Motion]]:
    def order(home: Pose, at_ns: int) -> list[Motion]:
        away = drive(home, at_ns, pan, tilt, zoom, LIMITS)
        stopped_ns = at_ns + lasting_ms * MS
        return [away, at_rest(away.pose_at(stopped_ns), stopped_ns)]

    return order


ORDERS = {
    "a preset across north": to_preset(replace(HOME, pan_deg=25.0)),
    "a preset with tilt and zoom": to_preset(replace(HOME, pan_deg=10.0, tilt_deg=-2.0, focal_px=1300.0)),
    "a slow drive": nudge(0.1, 0.0, 0.0, 1_000),
    "full speed on all axes": nudge(1.0, -1.0, -0.5, 400),
    "a short push": nudge(-1.0, 0.0, 0.0, 60),
    "zoom alone": nudge(0.0, 0.0, 1.0, 500),
}
STOPPED_MS = {
    "a preset across north": 750,
    "a preset with tilt and zoom": 531,
    "a slow drive": 1_000,
    "full speed on all axes": 400,
    "a short push": 60,
    "zoom alone": 500,
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("jitter_ms", [0, 40])
def test_no_cell_that_the_true_pose_needs_is_ever_open(tour, order, jitter_ms):
    assert sum(shown.missed_cells for shown in tour(ORDERS[order], jitter=jitter_ms)) == 0


@pytest.mark.parametrize("order", ORDERS)
def test_after_a_move_the_picture_is_back_within_half_a_second(tour, order):
    """Issue 3: in at most 0.5 s, with over-masking of at most 15 % of what a camera at rest shows."""
    shown = tour(ORDERS[order])
    rest = shown[-1].cover
    assert 0.02 < rest.share < 0.7
    back = [each for each in shown if each.captured_ms >= STOPPED_MS[order] + 250]
    assert all(each.cover == rest for each in back)
    over = [
        (each.cover.cells & ~rest.cells).sum() / (~rest.cells).sum()
        for each in shown
        if each.captured_ms + LATENCY_MS + 190 >= STOPPED_MS[order] + BACK_MS
    ]
    assert max(over) <= OVER_MASK_MAX


@pytest.mark.parametrize("order", ORDERS)
def test_nor_is_it_kept_wider_because_nothing_moves_in_its_street(tour, order):
    """Decision 0019: the mask of rest within 0.41 s of the stop, though the last of the turn looks as rest does."""
    shown = tour(ORDERS[order], freeze=FreezeWatch())
    rest = shown[-1].cover
    assert 0.02 < rest.share < 0.7
    assert all(each.cover == rest for each in shown if each.shown_ms > STOPPED_MS[order] + 410)


def test_in_motion_the_picture_is_not_simply_gone(tour):
    moving = [each.cover.share for each in tour(ORDERS["a slow drive"]) if 100 < each.captured_ms < 900]
    assert max(moving) < 0.9


def test_a_mount_that_only_pans_has_no_cell_open_either(tour):
    assert sum(shown.missed_cells for shown in tour(ORDERS["a preset across north"], limits=PANS)) == 0


@pytest.mark.parametrize("late_ms", [120, -120])
def test_a_cover_of_another_instant_is_seen(tour, monkeypatch, late_ms):
    """The pictures after a preset with the cover of the preset: three frames too early, or too late."""
    true_window = policy_module.capture_window
    monkeypatch.setattr(
        policy_module,
        "capture_window",
        lambda captured: tuple(at_ns + late_ms * MS for at_ns in true_window(captured)),
    )
    assert sum(shown.missed_cells for shown in tour(ORDERS["a preset across north"], limits=PANS)) > 0


def test_a_move_that_is_not_swept_is_seen(tour, monkeypatch):
    true_draw = CoverPolicy._draw
    monkeypatch.setattr(CoverPolicy, "_draw", lambda self, path, *reach: true_draw(self, path[-1:], *reach))
    assert sum(shown.missed_cells for shown in tour(ORDERS["a preset across north"], limits=PANS)) > 0
