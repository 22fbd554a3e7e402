"""A running centre and its register: a camera that moves is masked before anything else happens (PRV-5, PRV-6)."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from types import SimpleNamespace

import pytest

from csu.centre import CameraLifecycleChanged, MasksInForce, Trouble
from csu.centre.masks import mask_watch
from csu.centre.masks.commissioning import Commissioning, survey
from csu.centre.preparing import AnsweredCamera, Awaited
from csu.governance import LifecycleRefused, LocalDoctrine, MaskLedger
from csu.hal.camera import (
    CameraCapabilities,
    CameraId,
    CameraLifecycle,
    CameraRecord,
    CommuneId,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.clock import NS_PER_DAY
from csu.hal.media import Assignment, CameraEvent, CameraEventKind, EdgePlan
from csu.hal.place import Building, Pose, PoseReading
from csu.hal.site import Signatory, SignRole, Site
from csu.hal.words import Words

FIRST, SECOND, LATE = CameraId("cam-0001"), CameraId("cam-0002"), CameraId("cam-0099")
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
HOUSE = Building("a", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
PEOPLE = (Signatory("Anne", SignRole.TECHNICAL), Signatory("Denis", SignRole.DPO))
SITE = Site("site", (), (HOUSE,), signatories=PEOPLE)
FIXED = CameraCapabilities(False, 0, 0, (StreamProfile("main", "h264", 640, 360, 12.0),))
NOT_COMMISSIONED, ACTIVE = CameraLifecycle.NOT_COMMISSIONED, CameraLifecycle.ACTIVE
KNOCKED = Words("heurtée", "knocked")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "masks.sqlite"


@pytest.fixture
def masks(path, scripted):
    masks = Commissioning.open(path)
    said = [survey(camera, SITE, LocalDoctrine(), FIXED, POSE) for camera in (FIRST, SECOND)]
    masks.take_in(said, PEOPLE, scripted.EPOCH_NS, note=list)
    return masks


@pytest.fixture
def moves(scripted):
    """A node whose first camera is knocked after `after_s`."""

    def node(after_s: float = 5.0):
        async def script(node):
            await asyncio.sleep(after_s)
            yield CameraEvent(node.node, FIRST, CameraEventKind.VIEW_MOVED, scripted.EPOCH_NS, KNOCKED)
            await node._stopped.wait()

        return scripted.Node("n1", script)

    return node


def shown(node) -> list[bool]:
    return [assignment.commissioned for assignment in node.assigned]


def test_nodes_are_told_what_the_register_has_in_force_whatever_the_assignments_said(stage, scripted, masks):
    node = scripted.Node("n1")
    stage.play(stage.centre([node], masks=masks), 1)
    first = node.all_assigned[0][0]
    assert (first.mask_epoch, first.pose, first.buildings) == (1, POSE, (HOUSE,))


def test_a_moved_camera_is_wholly_masked_at_once_and_the_others_are_not(stage, moves, masks):
    node = moves()
    centre = stage.centre([node], masks=masks)
    stage.play(centre, 5.01)
    assert shown(node) == [False, True]
    assert node.assigned[0].pose is None
    assert node.assigned[0].mask_epoch == 0
    (told,) = stage.told(CameraLifecycleChanged)
    assert (told.camera, told.before, told.after, told.detail) == (FIRST, ACTIVE, NOT_COMMISSIONED, KNOCKED)
    assert [(s.lifecycle, s.mask_version) for s in centre.board.all()] == [(NOT_COMMISSIONED, 0), (ACTIVE, 1)]


def test_a_camera_that_moved_is_masked_before_anything_is_written(stage, moves, masks, monkeypatch):
    node, seen = moves(), []
    write = Commissioning.moved
    monkeypatch.setattr(Commissioning, "moved", lambda self, *move: (seen.append(shown(node)), write(self, *move)))
    stage.play(stage.centre([node], masks=masks), 6)
    assert seen == [[False, True]]


@pytest.mark.parametrize("is_down", [False, True])
def test_a_camera_that_comes_late_is_wholly_masked_until_its_masks_are_journaled(
    stage, scripted, masks, monkeypatch, is_down
):
    """Two people signed for it the day before; it was silent when the centre opened."""
    monkeypatch.setattr(mask_watch, "noting", lambda journal: list)  # which hands over between threads: there is one
    node, record = scripted.Node("n1"), CameraRecord(LATE, 99, "Pont", CommuneId("Orval"), ViewType.WIDE)
    said = survey(LATE, SITE, LocalDoctrine(), FIXED, POSE)
    masks.take_in([said], PEOPLE, scripted.EPOCH_NS, note=list)

    async def ask(camera):
        bare = Assignment(record, StreamAddress("rtsp://late/1"), POSE, False, (), 2.5, 1, commissioned=True)
        return AnsweredCamera(camera, bare, said, False, None)

    awaited = Awaited({node.node: [(SimpleNamespace(record=record), KNOCKED)]}, ask)
    centre = stage.centre([node], masks=masks, awaited=awaited)

    async def meanwhile():
        stage.journal.is_down = is_down

    stage.play(centre, 5.5, meanwhile)  # asked after 3 s, and as a lost one 3 s later
    of_late = [each for assigned in node.all_assigned for each in assigned if each.record.camera == LATE]
    assert [(each.commissioned, each.pose, each.mask_epoch) for each in of_late[:1]] == [(False, None, 0)]
    in_force = [(each.commissioned, each.pose, each.mask_epoch, each.buildings) for each in of_late[1:]]
    assert in_force == ([] if is_down else [(True, POSE, 1, (HOUSE,))])
    assert centre.board[LATE].mask_version == (0 if is_down else 1)
    assert ["masks/in-force/1"] * (not is_down) == [each.subject for each in stage.journal.entries]


def test_it_stays_so_when_the_centre_starts_again(stage, moves, scripted, masks, path):
    stage.play(stage.centre([moves()], masks=masks), 10)
    node = scripted.Node("n1")
    stage.play(stage.centre([node], masks=Commissioning.open(path)), 10)
    assert shown(node) == [False, True]


def test_a_register_that_cannot_be_written_does_not_unmask_and_is_tried_again(stage, moves, masks, monkeypatch):
    failures, write = iter(range(4)), Commissioning.moved

    def failing(self, *move):
        if next(failures, None) is not None:
            self._ledger.decide(lambda register: sqlite_says_no())
        write(self, *move)

    def sqlite_says_no():
        import sqlalchemy as sa

        raise sa.exc.OperationalError("INSERT", {}, sqlite3.OperationalError("disk full"))

    monkeypatch.setattr(Commissioning, "moved", failing)
    node = moves()
    stage.play(stage.centre([node], masks=masks), 20)
    assert all(not assigned[0].commissioned for assigned in node.all_assigned[1:])
    assert len([t for t in stage.told(Trouble) if t.where == "masks"]) == 1
    assert not masks.bind(node.all_assigned[0][0], stage.clock.now_ns()).commissioned, "written in the end"
    assert len(stage.told(CameraLifecycleChanged)) == 1


def test_what_people_sign_in_another_process_is_in_force_within_two_seconds(stage, moves, masks, path):
    node = moves()
    centre = stage.centre([node], masks=masks)

    async def sign_again():
        await asyncio.sleep(10)
        assert shown(node) == [False, True]
        there = MaskLedger(path)
        made = there.register.versions(FIRST)[0].mask_set
        now_ns = stage.clock.now_ns()
        there.decide(lambda r: [r.propose(made, by="Anne", at_ns=now_ns, reason="vérifiée sur place")])
        there.decide(lambda r: [r.sign(FIRST, 2, person="Anne", role=SignRole.TECHNICAL, at_ns=now_ns)])
        await asyncio.sleep(2)
        assert shown(node) == [False, True]
        there.decide(lambda r: [r.sign(FIRST, 2, person="Denis", role=SignRole.DPO, at_ns=now_ns)])
        await asyncio.sleep(2)
        assert shown(node) == [True, True]

    stage.play(centre, 1, sign_again)
    assert node.assigned[0].mask_epoch == 2
    assert [(told.camera, told.version) for told in stage.told(MasksInForce)] == [(FIRST, 2)]
    assert centre.board[FIRST].lifecycle is ACTIVE


def test_masks_whose_term_ends_while_the_centre_runs_hide_the_picture(stage, scripted, masks):
    node = scripted.Node("n1")
    stage.clock = type(stage.clock)(stage.env, scripted.EPOCH_NS + 365 * NS_PER_DAY - 30 * 1_000_000_000)
    stage.play(stage.centre([node], masks=masks), 40)
    assert shown(node) == [False, False]
    assert any("verified again before" in told.what.en for told in stage.told(Trouble))


def test_a_register_changed_while_it_runs_masks_every_camera(stage, scripted, masks, path):
    node = scripted.Node("n1")

    async def tamper():
        await asyncio.sleep(5)
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO mask_event VALUES (99, 'Signed', '{}', 'x')")
        connection.commit()
        connection.close()
        await asyncio.sleep(2)
        assert shown(node) == [False, False]

    stage.play(stage.centre([node], masks=masks), 1, tamper)
    assert any("changed outside csu" in told.what.en for told in stage.told(Trouble))


def test_without_a_register_a_moved_camera_is_masked_all_the_same(stage, moves):
    node = moves()
    centre = stage.centre([node])
    stage.play(centre, 6)
    assert shown(node) == [False, True]
    assert centre.board[FIRST].lifecycle is NOT_COMMISSIONED


def test_nobody_lifts_a_mask_by_reassigning(stage, scripted, moves, masks):
    node = moves()
    centre = stage.centre([node], masks=masks)
    plan = EdgePlan(())

    async def try_hard():
        given = centre.assignment(FIRST)
        bare = replace(given, buildings=(), zones=(), mask_above_m=99.0, pose=None, follows_pose=True, mask_epoch=9)
        await centre.reassign(replace(bare, edge=plan, address=StreamAddress("rtsp://127.0.0.1/new")))
        assert centre.assignment(FIRST) == replace(given, address=StreamAddress("rtsp://127.0.0.1/new"))
        await centre.reassign(replace(given, edge=plan))
        assert centre.assignment(FIRST).edge == plan
        await asyncio.sleep(10)
        await centre.reassign(replace(given, edge=plan))  # it has moved: what was right is not any longer
        assert shown(node) == [False, True]
        assert centre.assignment(FIRST).edge is None
        with pytest.raises(KeyError):
            await centre.reassign(replace(given, record=replace(given.record, camera=CameraId("cam-0077"))))

    stage.play(centre, 1, try_hard)


def test_a_node_that_does_not_take_its_orders_is_told_again_while_the_centre_goes_on(stage, moves, masks):
    node = moves()
    centre = stage.centre([node], masks=masks)

    async def refuse_later():
        await asyncio.sleep(1)
        node.refusals = 3

    stage.play(centre, 30, refuse_later)
    assert shown(node) == [False, True]
    assert len([t for t in stage.told(Trouble) if t.where == "n1"]) == 3


class Turning:
    """A PTZ camera that turns for its first second."""

    def __init__(self, record, clock, began_ns):
        self.record = record
        self._clock, self._began_ns = clock, began_ns
        self.asked_ns = []

    async def pose(self):
        now_ns = self._clock.now_ns()
        self.asked_ns.append(now_ns)
        return PoseReading(POSE, now_ns, moving=now_ns - self._began_ns < 1_000_000_000)


def test_poses_are_read_twice_as_often_while_a_camera_turns(stage, scripted):
    node = scripted.Node("n1")
    centre = stage.centre([node])
    camera = Turning(centre.board[FIRST].record, stage.clock, stage.clock.now_ns())
    centre._poses.cameras = (camera,)
    stage.play(centre, 1.96)
    turning = [at_ns for at_ns in camera.asked_ns if at_ns - camera.asked_ns[0] < 1_000_000_000]
    assert len(turning) == 20
    assert len(camera.asked_ns) - len(turning) == 10


def test_a_camera_that_a_person_sets_aside_is_wholly_masked_before_he_is_answered(stage, scripted, masks):
    node = scripted.Node("n1")
    centre = stage.centre([node], masks=masks)

    async def suspend() -> None:
        await asyncio.sleep(1)
        await centre.set_lifecycle(FIRST, CameraLifecycle.SUSPENDED, "t.roy", "travaux")
        assert shown(node) == [False, True]
        assert centre.board[FIRST].lifecycle is CameraLifecycle.SUSPENDED
        for refused in (CameraLifecycle.ACTIVE, CameraLifecycle.FAULT):
            with pytest.raises(LifecycleRefused):
                await centre.set_lifecycle(FIRST, refused, "t.roy", "travaux finis")
        await centre.set_lifecycle(FIRST, CameraLifecycle.NOT_COMMISSIONED, "t.roy", "travaux finis")

    stage.play(centre, 5, suspend)
    assert shown(node) == [False, True]  # only signatures bring it back
    told = [change.after for change in stage.told(CameraLifecycleChanged)]
    assert told == [CameraLifecycle.SUSPENDED, NOT_COMMISSIONED]


def test_without_a_register_nobody_sets_a_camera_aside(stage, scripted, path):
    broken = Commissioning(None, Words("abîmé", "broken"))
    for masks in (None, broken):
        centre = stage.centre([scripted.Node("n1")], masks=masks)

        async def suspend(centre=centre) -> None:
            with pytest.raises(LifecycleRefused):
                await centre.set_lifecycle(FIRST, CameraLifecycle.SUSPENDED, "t.roy", "travaux")

        stage.play(centre, 1, suspend)
