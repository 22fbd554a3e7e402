"""A picture of a PTZ waits for the reading that says where it looked, and never long; nobody else waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import av
import pytest

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import ClearFrame, MaskedFrame
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.hal.words import NO_WORDS
from csu.ingest import Outlets
from csu.ingest.admission import Admission
from csu.ingest.connection import PICTURES_WAITING_MAX, POSE_AWAITED_NS, READINGS_KEPT, Connection, Directions
from csu.ingest.session import Arrival
from csu.ingest.tally import Tally

NOW = 1_800_000_000 * NS_PER_S
FRAME_MS, LATENCY_MS = 40, 70
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 100.0)
CAMERA = CameraId("cam-0001")


@dataclass
class Hands:
    """A clock that the stream moves on."""

    at_ns: int = NOW
    set_forward_ns: int = 0

    def now_ns(self) -> int:
        return self.at_ns + self.set_forward_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


@dataclass
class Masked:
    captured_ms: int
    after_ms: float
    """From capture to mask."""
    readings: tuple[PoseReading, ...]


@dataclass
class Stream:
    """A clip whose packets come as a camera's would; before each, `told` is called with the time in ms."""

    assignment: Assignment
    clock: Hands
    told: Callable[[int], None]
    slow_ms: int = 0
    """Work that each packet costs the thread."""
    note: object = NO_WORDS
    frames_per_s: float = 25.0
    is_annex_b: bool = False
    dropped: frozenset[int] = frozenset()
    """Packets that never come."""
    came: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.container = av.open(self.assignment.address.url.removeprefix("file://"))
        self.decoder = self.container.streams.video[0].codec_context

    def arrivals(self) -> Iterator[Arrival]:
        for number, packet in enumerate(p for p in self.container.demux(video=0) if p.size):
            if packet.is_keyframe:
                self.keys.append(number)
            if number in self.dropped:
                continue
            captured_ns = NOW + number * FRAME_MS * NS_PER_MS
            self.clock.at_ns = max(captured_ns + LATENCY_MS * NS_PER_MS, self.clock.at_ns)
            self.told((self.clock.at_ns - NOW) // NS_PER_MS)
            self.came.append(number)
            yield Arrival(packet, number * FRAME_MS * NS_PER_MS, self.clock.at_ns, captured_ns)
            self.clock.at_ns += self.slow_ms * NS_PER_MS


@pytest.fixture
def run(tmp_path, clip, real_stage, kept) -> Callable[..., list[Masked]]:
    def play(
        follows_pose: bool,
        poll_ms: int | None,
        *,
        slow_ms: int = 0,
        lost_from_ms: int = 10**9,
        clock_set_at_ms: int = 10**9,
        dropped: frozenset[int] = frozenset(),
        keys: list[int] | None = None,
    ) -> list[Masked]:
        """`poll_ms`: how often the pose is read, each answer there 20 ms later; None: never."""
        dynamics = PtzDynamics(60.0, 40.0, 1.0)
        assignment = replace(clip(tmp_path / "a.mp4"), pose=POSE, follows_pose=follows_pose, dynamics=dynamics)
        directions, clock, masked, asked = Directions(assignment), Hands(), list[Masked](), [-1_000]

        class Told(real_stage):
            def mask(self, clear: ClearFrame, readings: tuple[PoseReading, ...], now_ns: int) -> MaskedFrame:
                captured_ms = (clear.captured.at_ns - NOW) // NS_PER_MS
                masked.append(Masked(captured_ms, (now_ns - clear.captured.at_ns) / NS_PER_MS, readings))
                return super().mask(clear, readings, now_ns)

        def told(now_ms: int) -> None:
            if now_ms >= clock_set_at_ms:
                clock.set_forward_ns = NS_PER_S
            for at_ms in range(asked[-1] + 1, min(now_ms - 20, lost_from_ms) + 1):
                if poll_ms is not None and at_ms % poll_ms == 0:
                    directions.look(PoseReading(POSE, NOW + at_ms * NS_PER_MS, moving=False))
                    asked.append(at_ms)

        tally = Tally(CAMERA, NOW, threading.Lock())
        outlets = Outlets(Told, kept(), kept(), None)
        connection = Connection(directions, outlets, clock, tally, lambda *_: None, 0)
        stream = Stream(assignment, clock, told, slow_ms, dropped=dropped, keys=[] if keys is None else keys)
        for _ in connection.steps(stream, Admission(CAMERA)):
            pass
        assert [each.captured_ms for each in masked] == sorted(each.captured_ms for each in masked)
        assert len(masked) == len(stream.came) or slow_ms
        return masked

    return play


def test_a_fixed_cameras_pictures_do_not_wait(run):
    assert {each.after_ms for each in run(False, None)} == {LATENCY_MS}


def test_a_ptz_that_says_nothing_does_not_wait_either(run):
    assert {each.after_ms for each in run(True, None)} == {LATENCY_MS}


def test_a_ptz_picture_waits_for_a_reading_younger_than_itself(run):
    masked = run(True, 100)[:-5]  # the last ones are handed on when the stream ends
    assert all(each.readings[-1].at_ns >= NOW + (each.captured_ms + 50) * NS_PER_MS for each in masked)
    assert max(each.after_ms for each in masked) <= LATENCY_MS + 150
    assert sum(each.after_ms for each in masked) / len(masked) < LATENCY_MS + 90


def test_when_readings_stop_no_picture_waits_for_ever(run):
    masked = run(True, 100, lost_from_ms=500)
    waited = [each.after_ms - LATENCY_MS for each in masked if each.captured_ms > 600]
    assert max(waited) <= POSE_AWAITED_NS / NS_PER_MS + FRAME_MS
    assert len(waited) > 20


def test_a_thread_that_is_behind_does_not_wait_on_top_of_it(run):
    """Each packet takes 50 ms and stands for 40: from 150 ms of delay on, nothing waits."""
    late = [each for each in run(True, 100, slow_ms=50) if each.captured_ms > 1_000]
    quick = [each for each in run(False, 100, slow_ms=50) if each.captured_ms > 1_000]
    assert late
    assert [each.after_ms for each in late] == [each.after_ms for each in quick]


def test_after_a_step_of_our_clock_no_reading_from_before_is_believed(run):
    masked = run(True, 100, lost_from_ms=950, clock_set_at_ms=1_000)
    assert all(each.readings == () for each in masked if each.after_ms > NS_PER_S / NS_PER_MS)
    assert sum(each.readings == () for each in masked) > 20


def test_pictures_do_not_pile_up(run, monkeypatch):
    monkeypatch.setattr("csu.ingest.connection.POSE_AWAITED_NS", 10**15)
    waited = [each.after_ms for each in run(True, 100, lost_from_ms=200)]
    assert max(waited) == LATENCY_MS + (PICTURES_WAITING_MAX - 1) * FRAME_MS


def test_what_was_told_is_forgotten_when_the_camera_cannot_say_or_its_time_goes_back(clip, tmp_path):
    directions = Directions(clip(tmp_path / "a.mp4"))
    readings = [PoseReading(POSE, NOW + at, moving=False) for at in range(READINGS_KEPT + 5)]
    for reading in readings:
        directions.look(reading)
    assert directions.readings == tuple(readings[5:])
    directions.look(readings[0])
    assert directions.readings == (readings[0],)
    directions.look(None)
    assert directions.readings == ()


@pytest.mark.requirement("PRV-5")
def test_after_a_lost_picture_no_reading_is_believed_of_a_ptz_until_the_next_key_picture(run):
    """What is decoded then was predicted from another picture than its encoder had: of another pose, moved on."""
    keys: list[int] = []
    masked = run(True, 100, dropped=frozenset({17, 18}), keys=keys)
    healed = next(number for number in keys if number > 18)
    assert healed < 45
    numbers = {each.captured_ms // FRAME_MS: each for each in masked}
    assert all(numbers[number].readings == () for number in range(19, healed))
    assert all(numbers[number].readings for number in [*range(5, 17), *range(healed, 45)])
