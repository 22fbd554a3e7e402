"""A dome whose encoder is stuck while its head turns: nothing forbidden leaves the engine's route."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import pytest

from csu.cluster.engine_route import engine_route
from csu.cluster.view_keeper import ViewKeepers
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime, ClearFrame
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.ingest import PictureShape
from csu.masking import FreezeWatch
from sim.levels.posts import HEIGHT_PX, STREET_SEED, WIDTH_PX, pose_of
from sim.street import StreetPainter, build_street, canary_share, planes_of, zones_of

MS = 1_000_000
START_NS = 1_790_000_037_000 * MS
HOME = pose_of(1, turns=True)
SHAPE = PictureShape(WIDTH_PX, HEIGHT_PX, False, 12.5)
STREET = build_street(STREET_SEED)
DOME = Assignment(
    CameraRecord(CameraId("cam-0001"), 1, "dome", CommuneId("valmont"), ViewType.WIDE),
    StreamAddress("rtsp://127.0.0.1/x"),
    None,
    True,
    STREET.buildings,
    2.5,
    mask_epoch=3,
    zones=zones_of(STREET),
    dynamics=PtzDynamics(pan_deg_per_s=60.0, tilt_deg_per_s=40.0, zoom_doublings_per_s=1.0),
)


@pytest.fixture(scope="module", autouse=True)
def one_opencv_thread():
    cv2.setNumThreads(1)


@dataclass
class Filmed:
    """What left the route: how much of each picture is masked, and the most canary that any shows."""

    shares: list[float] = field(default_factory=list)
    leaked: float = 0.0
    drawn: float = 0.0
    """What the camera's own last picture shows of it."""


class Node:
    """An engine route with one dome, a picture each 80 ms and a reading with each."""

    def __init__(self) -> None:
        self.route = engine_route(ViewKeepers(lambda camera, kind, words: None))
        self.connect()
        self.painter = StreetPainter(STREET_SEED, WIDTH_PX, HEIGHT_PX)
        self.number = 0
        self.pan_deg = 0.0

    def connect(self, assignment: Assignment = DOME) -> None:
        self.stage = self.route(assignment, SHAPE)

    def looking(self, number: int, pan_deg_by: float) -> PoseReading:
        pan_deg = self.pan_deg + pan_deg_by * (number - self.number)
        return PoseReading(self.pose(pan_deg), START_NS + number * 80 * MS, moving=pan_deg_by != 0)

    def pose(self, pan_deg: float) -> Pose:
        return replace(HOME, pan_deg=(HOME.pan_deg + pan_deg) % 360.0)

    def film(self, pictures: int, pan_deg_by: float = 0.0, stuck_at: float | None = None) -> Filmed:
        """The head goes on by so much each picture. `stuck_at`: the pan of the picture that is sent again and again."""
        filmed = Filmed()
        for _ in range(pictures):
            self.number += 1
            self.pan_deg += pan_deg_by
            at_ns = START_NS + self.number * 80 * MS
            seen = self.painter.draw(self.pose(self.pan_deg if stuck_at is None else stuck_at), START_NS)
            clear = ClearFrame(CameraId("cam-0001"), self.number, CaptureTime(at_ns, True), planes_of(seen))
            readings = tuple(self.looking(n, pan_deg_by) for n in range(self.number - 4, self.number + 2))
            masked = self.stage.mask(clear, readings, at_ns + 90 * MS)
            filmed.shares.append(masked.covered_share)
            filmed.leaked = max(filmed.leaked, canary_share(masked.planes))
            filmed.drawn = canary_share(clear.planes)
        return filmed


def turned_while_stuck() -> tuple[Node, Filmed]:
    """At rest, then turned by 24 degrees and at rest there, the picture that of before."""
    node = Node()
    node.film(2)
    node.film(8, pan_deg_by=3.0, stuck_at=0.0)
    return node, node.film(2, stuck_at=0.0)


def test_a_picture_that_stays_while_the_head_turns_shows_nothing_forbidden():
    _, frozen = turned_while_stuck()
    assert (frozen.leaked, frozen.drawn > 0.002) == (0.0, True)


def test_after_a_small_turn_it_is_masked_for_the_poses_since_and_not_simply_whole():
    node = Node()
    node.film(2)
    shares = node.film(3, pan_deg_by=2.0, stuck_at=0.0).shares + node.film(2, stuck_at=0.0).shares
    assert max(shares) < 1.0


def test_without_the_watch_it_would(monkeypatch):
    monkeypatch.setattr(FreezeWatch, "since", lambda self, span, from_ns: span)
    assert turned_while_stuck()[1].leaked > 0.002


def test_nor_on_the_next_connection_nor_by_another_assignment():
    node, _ = turned_while_stuck()
    for assignment in (DOME, replace(DOME, mask_epoch=4)):
        node.connect(assignment)
        again = node.film(2, stuck_at=0.0)
        assert (again.leaked, again.drawn > 0.002) == (0.0, True)


def test_the_first_new_picture_after_it_is_masked_as_ever():
    node, frozen = turned_while_stuck()
    fresh, other = node.film(1), Node()
    other.pan_deg = node.pan_deg
    assert fresh.shares == other.film(1).shares < frozen.shares[-1:]


def test_after_a_live_stop_it_is_masked_as_ever_though_nothing_moves_in_the_street():
    node, other = Node(), Node()
    node.film(2)
    node.film(6, pan_deg_by=3.0)
    other.pan_deg = node.pan_deg
    assert node.film(5).shares[2:] == other.film(3).shares
