"""LOG-2 at the control plane: the entry before the deed, no deed without it; and what never waits, journaled late."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from csu.centre import Trouble
from csu.centre.masks.commissioning import Commissioning, survey
from csu.centre.masks.edge_masks import EdgeMasks, EdgeRefused
from csu.governance import Author, LocalDoctrine, MaskLedger, Operation
from csu.hal.camera import (
    CameraCapabilities,
    CameraId,
    CameraRecord,
    CommuneId,
    PtzVelocity,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.disk import DiskError
from csu.hal.media import Assignment, CameraEvent, CameraEventKind
from csu.hal.place import Building, MapZone, Pose, ZoneKind
from csu.hal.site import Signatory, SignRole, Site
from csu.hal.words import Words
from sim.journal import JournalStandIn

FIRST, SECOND = CameraId("cam-0001"), CameraId("cam-0002")
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
HOUSE = Building("a", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
DOOR = MapZone("door", ZoneKind.DWELLING_ENTRANCE, ((0.0, 19.5), (1.0, 19.5), (1.0, 20.0)), 0.0, 2.2)
PEOPLE = (Signatory("Anne", SignRole.TECHNICAL), Signatory("Denis", SignRole.DPO))
SITE = Site("site", (), (HOUSE,), signatories=PEOPLE)
FIXED = CameraCapabilities(False, 0, 0, (StreamProfile("main", "h264", 640, 360, 12.0),))
OPERATOR = Author("a.martin", "operator")
LEFT = PtzVelocity(-0.5, 0.0, 0.0)


class Turret:
    """A PTZ camera that remembers what the journal held when it was told something."""

    def __init__(self, record, journal):
        self.record, self._journal = record, journal
        self.deeds: list[tuple[str, int]] = []

    async def move(self, velocity):
        self.deeds.append(("move", len(self._journal.entries)))

    async def go_to(self, pose):
        self.deeds.append(("go_to", len(self._journal.entries)))

    async def stop(self):
        self.deeds.append(("stop", len(self._journal.entries)))

    async def pose(self):
        return None


@pytest.fixture
def path(tmp_path):
    return tmp_path / "masks.sqlite"


@pytest.fixture
def masks(path, scripted):
    made = Commissioning.open(path)
    said = [survey(camera, SITE, LocalDoctrine(), FIXED, POSE) for camera in (FIRST, SECOND)]
    made.take_in(said, PEOPLE, scripted.EPOCH_NS, note=list)
    return made


def told_of(journal):
    cameras = [[span.camera for span in each.data] for each in journal.entries]
    return [
        (each.operation, each.author, each.subject, about) for each, about in zip(journal.entries, cameras, strict=True)
    ]


def shown(node):
    return [assignment.commissioned for assignment in node.assigned]


# -- a camera is steered ----------------------------------------------------------------------------------------------


def test_each_order_to_a_camera_is_one_entry_and_comes_first(stage, scripted):
    centre = stage.centre([scripted.Node("n1")])
    turret = Turret(centre.board[FIRST].record, stage.journal)

    async def steer():
        stage.two_watch(centre)
        await centre.move(turret, LEFT, OPERATOR)
        await centre.halt(turret, OPERATOR)
        await centre.go_to(turret, POSE, OPERATOR)
        await centre.go_to(turret, POSE, OPERATOR, preset="school")

    stage.play(centre, 1, steer)
    assert turret.deeds == [("move", 1), ("stop", 1), ("go_to", 3), ("go_to", 4)]
    assert told_of(stage.journal) == [
        (Operation.PTZ, "a.martin", "ptz_move", [FIRST]),
        (Operation.PTZ, "a.martin", "halt", [FIRST]),
        (Operation.PTZ, "a.martin", "pose", [FIRST]),
        (Operation.PRESET, "a.martin", "preset/school", [FIRST]),
    ]


def test_a_camera_does_not_turn_when_the_journal_refuses(stage, scripted):
    centre = stage.centre([scripted.Node("n1")])
    turret = Turret(centre.board[FIRST].record, stage.journal)

    async def steer():
        stage.two_watch(centre)
        stage.journal.is_down = True
        for order in (
            centre.move(turret, LEFT, OPERATOR),
            centre.go_to(turret, POSE, OPERATOR),
            centre.go_to(turret, POSE, OPERATOR, preset="school"),
        ):
            with pytest.raises(DiskError):
                await order

    stage.play(centre, 1, steer)
    assert turret.deeds == []


def test_a_camera_that_turns_is_halted_whatever_the_journal_says_and_that_is_written_when_it_can_be(stage, scripted):
    centre = stage.centre([scripted.Node("n1")])
    turret = Turret(centre.board[FIRST].record, stage.journal)

    async def halt():
        stage.journal.is_down = True
        await centre.halt(turret, OPERATOR)
        assert [deed for deed, _ in turret.deeds] == ["stop"]
        await asyncio.sleep(5)
        assert stage.journal.entries == []
        stage.journal.is_down = False
        await asyncio.sleep(2)
        assert [each.subject for each in stage.journal.entries] == ["halt"]

    stage.play(centre, 1, halt)
    assert len([each for each in stage.told(Trouble) if each.where == "journal"]) == 1


def test_what_could_not_be_journaled_before_the_end_is_told(stage, scripted):
    centre = stage.centre([scripted.Node("n1")])
    turret = Turret(centre.board[FIRST].record, stage.journal)

    async def halt():
        stage.journal.is_down = True
        await centre.halt(turret, OPERATOR)

    stage.play(centre, 3, halt)
    assert stage.told(Trouble)[-1].what.en == "done and never journaled: 1"


# -- masks ------------------------------------------------------------------------------------------------------------


def test_a_moved_camera_is_masked_while_the_journal_is_down_and_journaled_afterwards(stage, scripted, masks):
    async def script(node):
        await asyncio.sleep(5)
        yield CameraEvent(node.node, FIRST, CameraEventKind.VIEW_MOVED, scripted.EPOCH_NS, Words("heurtée", "knocked"))
        await node._stopped.wait()

    node = scripted.Node("n1", script)
    centre = stage.centre([node], masks=masks)

    async def watch():
        stage.journal.is_down = True
        await asyncio.sleep(5.1)
        assert shown(node) == [False, True]
        stage.journal.is_down = False
        await asyncio.sleep(3)

    stage.play(centre, 1, watch)
    assert told_of(stage.journal) == [(Operation.CAMERA_LIFECYCLE, "csu", "masks/whole", [FIRST])]


def _decide(path, *decisions):
    ledger = MaskLedger(path)
    try:
        for decision in decisions:
            ledger.decide(lambda register, decision=decision: [decision(register)])
    finally:
        ledger.close()


def loosen(path, now_ns):
    """Both sign a version of the first camera without its house."""
    ledger = MaskLedger(path)
    made = replace(ledger.register.versions(FIRST)[-1].mask_set, buildings=())
    ledger.close()
    _decide(
        path,
        lambda r: r.propose(made, by="Anne", at_ns=now_ns, reason="x"),
        lambda r: r.sign(FIRST, 2, person="Anne", role=SignRole.TECHNICAL, at_ns=now_ns),
        lambda r: r.sign(FIRST, 2, person="Denis", role=SignRole.DPO, at_ns=now_ns),
    )


def test_masks_that_show_more_reach_a_node_only_once_that_is_journaled(stage, scripted, masks, path):
    node = scripted.Node("n1")
    centre = stage.centre([node], masks=masks)

    async def sign():
        await asyncio.sleep(1)
        stage.journal.is_down = True
        loosen(path, stage.clock.now_ns())
        await asyncio.sleep(5)
        assert centre.assignment(FIRST).mask_epoch == 1
        await centre.reassign(replace(centre.assignment(FIRST), address=StreamAddress("rtsp://127.0.0.1/new")))
        assert node.assigned[0].buildings == (HOUSE,), "not by the back door either"
        stage.journal.is_down = False
        await asyncio.sleep(2)
        assert (node.assigned[0].mask_epoch, node.assigned[0].buildings) == (2, ())

    stage.play(centre, 1, sign)
    assert told_of(stage.journal) == [(Operation.MASK_EDIT, "csu", "masks/in-force/2", [FIRST])]
    assert len([each for each in stage.told(Trouble) if each.where == FIRST]) == 1


def test_masks_that_hide_more_do_not_wait_for_the_journal(stage, scripted, masks, path):
    node = scripted.Node("n1")
    centre = stage.centre([node], masks=masks)

    async def tighten():
        await asyncio.sleep(1)
        stage.journal.is_down = True
        made = centre._masks._told_sets[FIRST]
        more, now_ns = replace(made, zones=(DOOR,)), stage.clock.now_ns()
        _decide(path, lambda r: r.propose(more, by="Anne", at_ns=now_ns, reason="x"))
        await asyncio.sleep(2)
        assert (node.assigned[0].mask_epoch, node.assigned[0].zones) == (2, (DOOR,))
        assert stage.journal.entries == []
        stage.journal.is_down = False
        await asyncio.sleep(3)

    stage.play(centre, 1, tighten)
    assert told_of(stage.journal) == [(Operation.MASK_EDIT, "csu", "masks/in-force/2", [FIRST])]


def test_what_a_site_proposes_is_journaled_before_it_is_written_or_is_not_written(tmp_path, scripted):
    masks, noted = Commissioning.open(tmp_path / "new.sqlite"), []
    said = [survey(FIRST, SITE, LocalDoctrine(), FIXED, POSE)]

    def refuse(entries):
        raise DiskError(Words.same("journal unavailable"), where="journal", what_to_do=Words.same(""))

    with pytest.raises(DiskError):
        masks.take_in(said, PEOPLE, scripted.EPOCH_NS, refuse)
    assert masks.standing(FIRST, scripted.EPOCH_NS).in_force is None

    def note(entries):
        assert masks.standing(FIRST, scripted.EPOCH_NS + 1) is not None
        noted.extend(entries)

    masks.take_in(said, PEOPLE, scripted.EPOCH_NS, note)
    assert [(each.author, each.role, each.subject) for each in noted] == [
        ("site", "proposer", "masks/1/proposed"),
        ("anne", "technical", "masks/1/signed"),
        ("denis", "dpo", "masks/1/signed"),
    ]
    assert noted[0].sha256 == masks._ledger.register.versions(FIRST)[0].digest


class Device:
    """A fixed camera that can mask by itself."""

    record = CameraRecord(FIRST, 1, "x", CommuneId("metz"), ViewType.WIDE)

    def __init__(self):
        self.pushes = []

    async def capabilities(self):
        return CameraCapabilities(False, 8, 0, (StreamProfile("main", "H264", 640, 360, 12.0),))

    async def snapshot(self):
        return None

    async def push_masks(self, masks):
        self.pushes.append(tuple(masks))

    async def read_masks(self):
        return self.pushes[-1]


def test_no_mask_is_pushed_onto_a_camera_that_is_not_journaled_and_the_engine_goes_on_masking():
    device, journal = Device(), JournalStandIn()
    edge = EdgeMasks(device, journal, settle_s=0.0)
    held = Assignment(Device.record, StreamAddress("rtsp://h/"), POSE, False, (HOUSE,), 2.5, 3)
    journal.is_down = True
    found = asyncio.run(edge.prepare(held, 0))
    assert isinstance(found, EdgeRefused)
    assert found.is_trouble
    assert device.pushes == []
    journal.is_down = False
    assert not isinstance(asyncio.run(edge.prepare(held, 0)), EdgeRefused)
    assert told_of(journal) == [(Operation.MASK_EDIT, "csu", "camera-masks/3", [FIRST])]
