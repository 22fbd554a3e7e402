"""Lost cameras are asked where they are; those that hear are made deaf; nobody waits for one that does not answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from csu.centre.watches.device_watch import AGAIN_AFTER_NS, FIRST_AFTER_NS, Asking, DeviceWatch
from csu.hal.camera import (
    AudioState,
    CameraCapabilities,
    CameraError,
    CameraId,
    CameraRecord,
    CommuneId,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.clock import NS_PER_S
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, NodeId
from csu.hal.words import Words
from csu.ingest.board import CameraChanged, CameraState
from sim.journal import JournalStandIn

CAM = CameraId("cam-0001")
MAIN = StreamProfile("main", "h264", 640, 360, 12.0)


class Clock:
    now = 0

    def now_ns(self) -> int:
        return self.now

    def monotonic_ns(self) -> int:
        return self.now


class Device:
    """Its stream is at `url`; or it fails."""

    def __init__(self) -> None:
        self.record = CameraRecord(CAM, 1, "Place", CommuneId("metz"), ViewType.WIDE)
        self.url, self.ears, self.asked, self.deafened = "rtsp://a/1", 0, 0, 0
        self.fails: CameraError | None = None
        self.after = AudioState.ABSENT

    async def capabilities(self) -> CameraCapabilities:
        self.asked += 1
        if self.fails:
            raise self.fails
        return CameraCapabilities(False, 0, self.ears, (MAIN,))

    async def stream(self, profile: str) -> StreamAddress:
        return StreamAddress(self.url)

    async def refuse_audio(self) -> AudioState:
        self.deafened += 1
        self.ears = 0
        return self.after


class Watched:
    """A watch of one camera, and what it did."""

    def __init__(self) -> None:
        self.clock, self.device, self.may_record = Clock(), Device(), True
        self.assignment = Assignment(
            self.device.record, StreamAddress("rtsp://a/1"), None, False, (), 2.5, 7, commissioned=False
        )
        self.given: list[Assignment] = []
        self.told: list[str] = []
        self.journal = JournalStandIn()
        self.watch = DeviceWatch(
            [self.device],  # type: ignore[list-item]
            assignment=lambda _: self.assignment,
            reassign=self._reassign,
            may_record=lambda _: self.may_record,
            tell=lambda _, words: self.told.append(words.en),
            clock=self.clock,
            journal=self.journal,
        )

    async def _reassign(self, assignment: Assignment) -> None:
        self.given.append(assignment)
        self.assignment = assignment

    def state(self, after: CameraState) -> None:
        self.watch.hear(CameraChanged(CAM, CameraState.LIVE, after, 0))

    def offers_sound(self) -> None:
        self.watch.hear(CameraEvent(NodeId("n"), CAM, CameraEventKind.AUDIO_OFFERED, 0))

    def look(self, after_s: float = 0.0) -> None:
        self.clock.now += round(after_s * NS_PER_S)
        asyncio.run(self.watch.look())


@pytest.fixture
def at() -> Watched:
    return Watched()


@pytest.mark.parametrize("lost", [CameraState.LOST, CameraState.REFUSED, CameraState.UNSUPPORTED])
def test_a_lost_camera_whose_stream_is_elsewhere_is_followed_and_nothing_else_of_it_changes(at, lost):
    at.device.url = "rtsp://a/2"
    at.look(100)
    assert at.device.asked == 0, "a camera that is live is not asked"
    at.state(lost)
    at.look(FIRST_AFTER_NS / NS_PER_S - 0.1)
    assert at.device.asked == 0
    before = at.assignment
    at.look(0.2)
    assert at.given == [replace(before, address=StreamAddress("rtsp://a/2"))]
    assert at.told == ["its stream is elsewhere: it is followed there"]


def test_it_is_asked_less_and_less_often_and_told_once(at):
    at.device.fails = CameraError(Words("x", "garbage"), where=CAM, what_to_do=Words("", ""))
    at.state(CameraState.LOST)
    for _ in range(300):
        at.look(1)
    assert 5 <= at.device.asked <= 9, at.device.asked
    assert at.told == ["garbage"]
    at.state(CameraState.LIVE)
    at.look(500)
    assert at.device.asked <= 9
    at.state(CameraState.LOST)
    at.look(60)
    assert at.told == ["garbage", "garbage"], "another loss is told again"


def test_a_camera_that_no_order_covers_is_not_asked(at):
    at.may_record = False
    at.state(CameraState.LOST)
    at.look(60)
    assert at.device.asked == 0


def test_a_stream_that_is_where_it_was_is_not_given_again(at):
    at.state(CameraState.LOST)
    at.look(60)
    assert (at.device.asked, at.given, at.told) == (1, [], [])


def test_a_camera_that_offers_sound_is_made_deaf_once_in_ten_minutes_and_that_is_journaled_first(at):
    at.offers_sound()
    at.look()
    assert at.device.deafened == 1
    assert at.told == ["it offered sound: that is taken out of it once more"]
    at.offers_sound()
    at.look(60)
    assert at.device.deafened == 1
    at.device.after = AudioState.STILL_OFFERED
    at.offers_sound()
    at.look(600)
    assert at.device.deafened == 2
    assert "unplug" in at.told[-1]


def test_a_lost_camera_that_has_ears_again_is_made_deaf_before_it_is_followed(at):
    at.device.ears = 1
    at.state(CameraState.LOST)
    at.look(60)
    assert at.device.deafened == 1


def test_the_timetable_never_stops_and_never_hurries():
    asking, now, asked = Asking.begin(0), 0, list[int]()
    for _ in range(20):
        now = asking.due_ns
        assert asking.is_due(now)
        assert not asking.is_due(now - 1)
        asked.append(now)
        asking.asked(now)
    gaps = [b - a for a, b in zip(asked, asked[1:], strict=False)]
    assert gaps[: len(AGAIN_AFTER_NS)] == list(AGAIN_AFTER_NS)
    assert set(gaps[len(AGAIN_AFTER_NS) :]) == {AGAIN_AFTER_NS[-1]}
