"""What looking costs before anything is recognised: motion gate and tracker, beside OpenCV's MOG2 and ByteTrack.

Same pictures, same detections, CPU time. How well they tell is measured in the same run, where the truth is at hand.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.pets import HEIGHT_PX, WIDTH_PX, Boxes, Grey, Truth, pictures, scaled
from benchmarks.scoreboard import Scoreboard
from csu.detection.ground import GroundView
from csu.detection.motion_gate import MotionGate
from csu.detection.observed import Detections, Tracked
from csu.detection.tracker import Tracker
from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose

Measure = Callable[..., float]
Look = Callable[[Grey], Boxes]

LARGE, SMALL = (1920, 1080), (640, 360)
ROUNDS, LARGE_PICTURES, SMALL_PICTURES, NIGHT_PICTURES = 5, 60, 250, 160
PEER_CELLS_AT_320 = 12
"""A peer's least component: where its recall is best (smaller ones add nothing)."""
GATE = "Motion gate: a picture of {}x{} (PETS S2.L1)"
QUALITY = "Motion gate: PETS S2.L1, pictures 25 to 250"
NIGHT = "Motion gate: pictures of an empty street with a box, at night (light x 0.25, noise 7)"
LOW = "Motion gate: pictures with a walker 14x56 px, 14 grey levels, noise 5, that tell him"
TRACKER = "Tracker: a picture with {} objects"
PEER = Path(__file__).resolve().parents[1] / ".venv-peer" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Gate:
    """One way to tell where a picture moves. `make(width, height)`: a new one."""

    make: Callable[[int, int], Look]
    pictures: int = LARGE_PICTURES


def csu_gate(width_px: int, height_px: int) -> Look:
    gate = MotionGate(width_px, height_px)
    return lambda luma: gate.look(luma).moving


def mog2(columns: int, interpolation: int) -> Callable[[int, int], Look]:
    """OpenCV's MOG2 at `columns` (0: as large as the picture), shadows left out, a median and components: what its
    tutorials do."""

    def make(width_px: int, height_px: int) -> Look:
        subtractor = cv2.createBackgroundSubtractorMOG2()
        wide = columns or width_px
        scale = width_px / wide
        cells_min = PEER_CELLS_AT_320 * (wide / 320) ** 2

        def look(luma: Grey) -> Boxes:
            small = luma
            if columns:
                small = np.asarray(cv2.resize(luma, (wide, round(height_px / scale)), interpolation=interpolation))
            _, certain = cv2.threshold(cv2.medianBlur(subtractor.apply(small), 5), 200, 255, cv2.THRESH_BINARY)
            _, _, about, _ = cv2.connectedComponentsWithStats(cv2.dilate(certain, np.ones((3, 3), np.uint8)))
            large = about[1:, cv2.CC_STAT_AREA] >= cells_min
            boxes: Boxes = np.asarray(about[1:, :4][large], np.float32)
            boxes[:, 2:] += boxes[:, :2]
            return np.asarray(boxes * np.float32(scale), np.float32)

        return look

    return make


GATES = {
    "csu": Gate(csu_gate),
    "OpenCV MOG2 at 320 px, area mean": Gate(mog2(320, cv2.INTER_AREA)),
    "OpenCV MOG2 at 320 px, bilinear (sees 1 pixel in 9)": Gate(mog2(320, cv2.INTER_LINEAR)),
    "OpenCV MOG2 at full size": Gate(mog2(0, cv2.INTER_AREA), 12),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    cv2.setNumThreads(1)


@pytest.fixture(scope="module")
def street() -> list[Grey]:
    return pictures()


@pytest.fixture(scope="module")
def empty(street: list[Grey]) -> NDArray[np.float32]:
    """The same street without anybody: the median of its pictures."""
    return np.asarray(np.median(np.stack(street[::5]), axis=0), np.float32)


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
@pytest.mark.parametrize("subject", GATES)
def test_gate(
    subject: str, size: tuple[int, int], street: list[Grey], measure: Measure, scoreboard: Scoreboard
) -> None:
    gate = GATES[subject]
    count = gate.pictures if size == LARGE else SMALL_PICTURES
    shown = [scaled(luma, *size) for luma in street[:count]]

    def look(_: Path) -> int:
        each = gate.make(*size)
        return sum(len(each(luma)) for luma in shown)

    best_s = measure(look, lambda told, _: _require(told > 0), ROUNDS)
    scoreboard.add(GATE.format(*size), subject, best_s * 1e3 / count, "ms CPU")


@pytest.mark.parametrize("subject", GATES)
def test_what_gates_tell(subject: str, street: list[Grey], scoreboard: Scoreboard) -> None:
    truth, look = Truth.supplied(), GATES[subject].make(*LARGE)
    scale = np.array([WIDTH_PX / LARGE[0], HEIGHT_PX / LARGE[1]] * 2, np.float32)
    score = truth.judge(lambda frame: look(scaled(street[frame - 1], *LARGE)) * scale)
    scoreboard.add(QUALITY, subject, score.recall, "recall", "more")
    scoreboard.add(QUALITY, subject, score.false_per_picture, "false boxes a picture")
    assert score.persons > 1_000


@pytest.mark.parametrize("subject", GATES)
def test_gates_at_night(subject: str, empty: NDArray[np.float32], scoreboard: Scoreboard) -> None:
    dice = np.random.default_rng(9)
    dark = GATES[subject].make(WIDTH_PX, HEIGHT_PX)
    told = [len(dark(_noisy(empty * 0.25, 7.0, dice))) for _ in range(NIGHT_PICTURES + 30)][30:]
    scoreboard.add(NIGHT, subject, sum(each > 0 for each in told) / NIGHT_PICTURES, "share")
    dim = GATES[subject].make(WIDTH_PX, HEIGHT_PX)
    for _ in range(30):
        dim(_noisy(empty * 0.25, 5.0, dice))
    seen = 0
    for step in range(NIGHT_PICTURES):
        left = 60 + 4 * step
        shown = empty * 0.25
        shown[350:406, left : left + 14] += 14
        boxes = dim(_noisy(shown, 5.0, dice))
        seen += any(box[0] < left + 14 and box[2] > left and box[1] < 406 and box[3] > 350 for box in boxes)
    scoreboard.add(LOW, subject, seen / NIGHT_PICTURES, "share", "more")


def _noisy(luma: NDArray[np.float32], levels: float, dice: np.random.Generator) -> Grey:
    noise = dice.standard_normal(luma.shape, np.float32) * np.float32(levels)
    return np.clip(luma + noise, 0, 255).astype(np.uint8)


def _require(holds: bool) -> None:
    assert holds


# --- tracker ---------------------------------------------------------------------------------------------------------


def walkers(count: int, seconds: int = 60, hz: int = 10) -> tuple[list[Detections], list[list[int]]]:
    """`count` people who walk to and fro in 1280x720 and pass each other, as a detector of 2 px and 5 % misses sees
    them, and who each detection is."""
    dice = np.random.default_rng(count)
    x, y = dice.uniform(100, 1180, count), np.sort(dice.uniform(200, 680, count))
    speed = dice.uniform(25, 60, count) * dice.choice([-1, 1], count)
    found, who = [], []
    for _ in range(seconds * hz):
        x += speed / hz
        speed = np.where((x < 80) | (x > 1200), -speed, speed)
        high = 40 + (y - 200) / 6
        seen = np.flatnonzero(dice.random(count) > 0.05)
        boxes = np.stack([x - high * 0.2, y - high, x + high * 0.2, y], axis=1)[seen]
        boxes += dice.normal(0, 2.0, boxes.shape)
        scores = dice.uniform(0.3, 0.95, len(seen))
        found.append(Detections(boxes.astype(np.float32), scores.astype(np.float32), np.zeros(len(seen), np.int64)))
        who.append(seen.tolist())
    return found, who


def switches(told: list[list[tuple[int, NDArray[np.float64]]]], found: list[Detections], who: list[list[int]]) -> int:
    """How often a walker's number changed. A told box is whose detection it overlaps most, by half at least."""
    last: dict[int, int] = {}
    count = 0
    for tracks, here, names in zip(told, found, who, strict=True):
        for number, box in tracks:
            shares = [_overlap(box, other) for other in here.boxes.astype(np.float64)]
            if shares and max(shares) >= 0.5:
                name = names[int(np.argmax(shares))]
                count += last.get(name, number) != number
                last[name] = number
    return count


def _overlap(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    common = max(0.0, wide) * max(0.0, high)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(common / (areas - common))


SWITCHES = "Tracker: {} people who pass each other, a minute at 10 pictures/s"


GROUND = GroundView(Pose(0.0, 0.0, 7.0, 0.0, -20.0, 0.0, 900.0), 1280, 720)


@pytest.mark.parametrize(("subject", "ground"), [("csu", None), ("csu, and metres on the ground", GROUND)])
@pytest.mark.parametrize("objects", [9, 50])
def test_csu_tracks(
    objects: int, subject: str, ground: GroundView | None, measure: Measure, scoreboard: Scoreboard
) -> None:
    found, who = walkers(objects)

    def follow(_: Path) -> list[list[Tracked]]:
        tracker = Tracker(ground)
        return [list(tracker.step((number + 1) * NS_PER_S // 10, here)) for number, here in enumerate(found)]

    told: list[list[list[Tracked]]] = []
    best_s = measure(follow, lambda tracks, _: told.append(tracks), ROUNDS)
    boxed = [[(each.track, np.array(each.box)) for each in tracks if each.is_seen] for tracks in told[-1]]
    scoreboard.add(TRACKER.format(objects), subject, best_s * 1e3 / len(found), "ms CPU")
    scoreboard.add(SWITCHES.format(objects), subject, switches(boxed, found, who), "numbers that changed")
    assert sum(map(len, boxed)) > 0.8 * sum(map(len, who))


@pytest.mark.parametrize("objects", [9, 50])
def test_bytetrack_tracks(objects: int, tmp_path: Path, scoreboard: Scoreboard) -> None:
    found, who = walkers(objects)
    told = [{"boxes": each.boxes.tolist(), "scores": each.scores.tolist()} for each in found]
    (tmp_path / "detections.json").write_text(json.dumps(told))
    command = [str(PEER), str(Path(__file__).with_name("track_peer.py")), str(tmp_path / "detections.json"), "10"]
    ran = subprocess.run(command, capture_output=True, timeout=300, check=False)
    if ran.returncode and b"No module named" in ran.stderr:
        pytest.skip("the peer, trackers, is not installed beside csu")
    assert ran.returncode == 0, ran.stderr.decode()[-2_000:]
    answer = json.loads(ran.stdout)
    boxed = [
        [(number, np.array(box)) for number, box in zip(numbers, boxes, strict=True) if number >= 0]
        for numbers, boxes in zip(answer["numbers"], answer["boxes"], strict=True)
    ]
    subject = "trackers 2.6 ByteTrack"
    scoreboard.add(TRACKER.format(objects), subject, answer["s"] * 1e3 / len(found), "ms CPU")
    scoreboard.add(SWITCHES.format(objects), subject, switches(boxed, found, who), "numbers that changed")
