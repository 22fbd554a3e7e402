"""Cameras that were silent when the centre opened: taken in when they answer, told once, and the others untouched."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from csu.centre import Papers, Trouble
from csu.centre.masks.commissioning import CameraSurvey
from csu.centre.preparing import AnsweredCamera, Awaited
from csu.centre.watches.device_watch import AGAIN_AFTER_NS, FIRST_AFTER_NS
from csu.hal.camera import CameraError, CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, NodeId, NodeLost
from csu.hal.place import Pose, PoseReading
from csu.hal.words import Words
from csu.ingest.board import CameraChanged, CameraState
from sim.papers import PaperCamera, PapersOf, papers_text

LATE = CameraId("cam-0099")
RECORD = CameraRecord(LATE, 99, "Pont", CommuneId("Orval"), ViewType.WIDE)
WHY = Words("pas de réponse", "no answer")
NODE = NodeId("n1")


class Silent:
    """A camera that answers from `after_s` on; asked at these times, in seconds."""

    record = RECORD

    def __init__(self, clock, after_s: float) -> None:
        self._clock, self._began_ns, self._after_s = clock, clock.monotonic_ns(), after_s
        self.turns, self.found_at_m, self.stops = False, (3.0, 4.0), 0
        self.asked_s: list[float] = []
        self.whys = [WHY]
        self.hangs = False
        self.followed = 0

    async def capabilities(self):
        self.followed += 1
        raise CameraError(WHY, where=LATE, what_to_do=Words("", ""))

    async def pose(self):
        return PoseReading(Pose(3.0, 4.0, 5.0, 0.0, -5.0, 0.0, 500.0), self._clock.now_ns(), moving=False)

    async def stop(self):
        self.stops += 1

    async def ask(self, camera: object) -> AnsweredCamera:
        assert camera is self
        now_s = (self._clock.monotonic_ns() - self._began_ns) / NS_PER_S
        self.asked_s.append(now_s)
        if self.hangs:
            await asyncio.sleep(3_600)
        if now_s < self._after_s:
            why = self.whys[len(self.asked_s) % len(self.whys)]
            raise CameraError(why, where=LATE, what_to_do=Words("", ""))
        given = Assignment(RECORD, StreamAddress("rtsp://late/1"), None, False, (), 2.5, 1)
        return AnsweredCamera(self, given, CameraSurvey(LATE, None, self.turns), False, self.found_at_m)

    def awaited(self) -> Awaited:
        return Awaited({NODE: [(self, WHY)]}, self.ask)


def vouches(scripted):
    """A node that says of each camera that it is live as soon as it is given to it, and accounts for each minute."""

    async def script(node):
        told: set[CameraId] = set()
        second = 0
        while not node._stopped.is_set():
            cameras = tuple(given.record.camera for given in node.assigned)
            for camera in cameras:
                if camera not in told:
                    told.add(camera)
                    yield CameraEvent(NODE, camera, CameraEventKind.LIVE, scripted.EPOCH_NS)
            second += 1
            if second % 60 == 0:
                yield scripted.manifest("n1", node.starts, second // 60 - 1, cameras)
            await asyncio.sleep(1)

    return script


@pytest.fixture
def node(scripted):
    return scripted.Node("n1", vouches(scripted))


def given_to(node) -> list[tuple[str, ...]]:
    return [tuple(each.record.camera for each in assigned) for assigned in node.all_assigned]


def troubles(stage) -> list[str]:
    return [each.what.en for each in stage.told(Trouble) if each.where == LATE]


def test_it_is_asked_less_and_less_often_taken_in_when_it_answers_and_told_once_each_way(stage, node) -> None:
    late = Silent(stage.clock, 50.0)
    centre = stage.centre([node], awaited=late.awaited())
    assert (centre.board[LATE].state, centre.board[LATE].detail) == (CameraState.LOST, WHY)
    stage.play(centre, 200)
    waits = [b - a for a, b in zip(late.asked_s, late.asked_s[1:], strict=False)]
    assert late.asked_s[0] == pytest.approx(FIRST_AFTER_NS / NS_PER_S, abs=1.1)
    assert waits == pytest.approx([each / NS_PER_S for each in AGAIN_AFTER_NS[: len(waits)]], abs=1.1)
    assert troubles(stage) == ["no answer", "it answers: it is taken in"]
    assert late.followed == 0
    assert centre.board[LATE].state is CameraState.LIVE
    changes = [change.after for change in stage.told(CameraChanged) if change.camera == LATE]
    assert changes == [CameraState.LIVE]
    assert given_to(node) == [("cam-0001", "cam-0002"), ("cam-0001", "cam-0002", LATE)], "the others were given once"
    assert centre.assignment(LATE).address == StreamAddress("rtsp://late/1")


def test_reasons_that_come_by_turns_are_told_once_each(stage, node) -> None:
    late = Silent(stage.clock, 1e9)
    late.whys = [WHY, Words("ordures", "garbage")]
    stage.play(stage.centre([node], awaited=late.awaited()), 1_000)
    assert len(late.asked_s) > 10
    assert troubles(stage) == ["no answer", "garbage"]


def test_one_that_hangs_is_asked_again_and_holds_nobody_up(stage, node) -> None:
    late = Silent(stage.clock, 0.0)
    late.hangs = True
    centre = stage.centre([node], awaited=late.awaited())

    async def answers_later() -> None:
        await asyncio.sleep(60)
        assert centre.board[CameraId("cam-0001")].state is CameraState.LIVE
        late.hangs = False

    stage.play(centre, 100, answers_later)
    assert troubles(stage) == ["no answer", "no answer within 20 s", "it answers: it is taken in"]
    assert centre.board[LATE].state is CameraState.LIVE


def test_without_an_order_it_is_taken_in_and_given_to_no_node(stage, node) -> None:
    late = Silent(stage.clock, 10.0)
    centre = stage.centre([node], awaited=late.awaited(), papers=Papers.stated("{}"))
    stage.play(centre, 60)
    assert centre.board[LATE].state is CameraState.UNAUTHORISED
    assert centre.assignment(LATE)
    assert set(given_to(node)) == {()}


@pytest.mark.parametrize(("x_m", "is_used"), [(0.0, True), (5_000.0, False)])
def test_one_that_stands_elsewhere_than_its_order_says_is_given_to_no_node(stage, node, x_m, is_used) -> None:
    late = Silent(stage.clock, 10.0)
    late.found_at_m = (x_m, 0.0)
    known = [PaperCamera(CameraId(name), CommuneId("Orval")) for name in ("cam-0001", "cam-0002")]
    told = papers_text(PapersOf([*known, PaperCamera(LATE, CommuneId("Orval"), 0.0, 0.0)], stage.clock.now_ns()))
    stage.play(stage.centre([node], awaited=late.awaited(), papers=Papers.stated(told)), 60)
    assert any(LATE in cameras for cameras in given_to(node)) is is_used


def test_one_that_turns_is_told_to_stop_and_its_pose_reaches_its_node(stage, node) -> None:
    late = Silent(stage.clock, 10.0)
    late.turns = True
    stage.play(stage.centre([node], awaited=late.awaited()), 30)
    assert late.stops >= 1, "who knows what moved while nobody heard it"
    poses = [reading for reading in node.poses if reading is not None]
    assert len(poses) > 100
    assert poses[0].pose.x_m == 3.0


def test_a_node_that_starts_again_is_given_it_too(stage, scripted) -> None:
    async def dies(node):
        await asyncio.sleep(90)
        yield NodeLost(NODE, 1, scripted.EPOCH_NS, Words("code 1", "exit code 1"))

    node = scripted.Node("n1", dies, vouches(scripted))
    late = Silent(stage.clock, 10.0)
    stage.play(stage.centre([node], awaited=late.awaited()), 150)
    assert given_to(node)[-1] == ("cam-0001", "cam-0002", LATE)
    assert node.starts == 2


def test_what_is_lost_again_is_asked_where_it_is(stage, scripted) -> None:
    """Once it is taken in it is a camera as any other."""

    async def script(node):
        while LATE not in {each.record.camera for each in node.assigned}:
            await asyncio.sleep(1)
        yield CameraEvent(NODE, LATE, CameraEventKind.LIVE, scripted.EPOCH_NS)
        yield CameraEvent(NODE, LATE, CameraEventKind.LOST, scripted.EPOCH_NS)
        await node._stopped.wait()

    late = Silent(stage.clock, 10.0)
    stage.play(stage.centre([scripted.Node("n1", script)], awaited=late.awaited()), 60)
    assert late.followed >= 2
    assert troubles(stage) == ["no answer", "it answers: it is taken in", "no answer"]


def test_replaced_assignments_of_it_are_followed(stage, node) -> None:
    late = Silent(stage.clock, 5.0)
    centre = stage.centre([node], awaited=late.awaited())

    async def moved() -> None:
        await asyncio.sleep(30)
        await centre.reassign(replace(centre.assignment(LATE), address=StreamAddress("rtsp://late/2")))

    stage.play(centre, 40, moved)
    assert node.assigned[-1].address == StreamAddress("rtsp://late/2")
