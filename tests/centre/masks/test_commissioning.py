"""From a site to signed masks to what a node is told: only what is in force shows anything (PRV-1, PRV-6)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from csu.centre.masks.commissioning import Commissioning, survey
from csu.governance import LocalDoctrine, MaskLedger
from csu.hal.camera import (
    CameraCapabilities,
    CameraId,
    CameraLifecycle,
    CameraRecord,
    CommuneId,
    OnboardMask,
    StreamAddress,
    StreamProfile,
    ViewType,
)
from csu.hal.media import Assignment, EdgePlan
from csu.hal.place import Building, MapZone, Pose, PtzDynamics, ZoneKind
from csu.hal.site import Signatory, SignRole, Site
from csu.hal.words import Words

CAMERA = CameraId("cam-0001")
NOW_NS = 1_800_000_000 * 1_000_000_000
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
HOUSE = Building("a", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
DOOR = MapZone("door", ZoneKind.DWELLING_ENTRANCE, ((0.0, 19.5), (1.0, 19.5), (1.0, 20.0)), 0.0, 2.2)
PEOPLE = (Signatory("Anne", SignRole.TECHNICAL), Signatory("Denis", SignRole.DPO))
SITE = Site("site", (), (HOUSE,), zones=(DOOR,), signatories=PEOPLE)
FIXED = CameraCapabilities(False, 0, 0, (StreamProfile("main", "h264", 640, 360, 12.0),))
TURNING = replace(FIXED, ptz=True, dynamics=PtzDynamics(100.0, 80.0, 1.0))
RECORD = CameraRecord(CAMERA, 1, "Place", CommuneId("metz"), ViewType.WIDE)
BARE = Assignment(RECORD, StreamAddress("rtsp://127.0.0.1/1"), None, False, (), 2.5, 0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "masks.sqlite"


@pytest.fixture
def opened(path):
    """Open a centre's commissioning on the file as a site says it is."""

    def open_with(site=SITE, capabilities=FIXED, pose=POSE, now_ns=NOW_NS) -> Commissioning:
        masks = Commissioning.open(path)
        said = survey(CAMERA, site, LocalDoctrine(), capabilities, pose)
        masks.take_in([said], site.signatories, now_ns, note=list)
        return masks

    return open_with


def test_a_simulated_site_signs_and_its_camera_gets_what_was_signed(opened):
    bound = opened().bind(BARE, NOW_NS)
    assert bound.commissioned
    assert bound.mask_epoch == 1
    assert (bound.pose, bound.buildings, bound.zones, bound.mask_above_m) == (POSE, (HOUSE,), (DOOR,), 2.5)
    assert bound.pose_size_px == (640, 360)


def test_a_turning_camera_follows_its_poses_at_the_speeds_of_its_mount(opened):
    bound = opened(capabilities=TURNING).bind(BARE, NOW_NS)
    assert (bound.follows_pose, bound.pose, bound.dynamics) == (True, None, TURNING.dynamics)


def test_a_real_site_has_no_signatories_and_its_cameras_show_nothing(opened):
    masks = opened(replace(SITE, signatories=()))
    assert masks.standing(CAMERA, NOW_NS).lifecycle is CameraLifecycle.NOT_COMMISSIONED
    for tempting in (BARE, replace(BARE, pose=POSE, commissioned=True, mask_epoch=7, follows_pose=True)):
        bound = masks.bind(tempting, NOW_NS)
        assert (bound.commissioned, bound.pose, bound.follows_pose, bound.mask_epoch) == (False, None, False, 0)


@pytest.mark.parametrize("people", [PEOPLE[:1], PEOPLE[1:]], ids=["no dpo", "no technician"])
def test_half_the_signatories_are_not_enough(opened, people):
    assert not opened(replace(SITE, signatories=people)).bind(BARE, NOW_NS).commissioned


def test_opening_again_proposes_nothing_again(opened):
    opened()
    again = opened()
    assert again.bind(BARE, NOW_NS).mask_epoch == 1
    assert again.standing(CAMERA, NOW_NS).waiting is None


def test_a_camera_that_moved_stays_masked_over_a_restart_though_the_site_has_people_who_sign(opened):
    opened().moved(CAMERA, NOW_NS, Words("heurtée", "knocked"))
    again = opened()
    assert not again.bind(BARE, NOW_NS).commissioned
    assert again.standing(CAMERA, NOW_NS).why.fr == "heurtée"


def test_a_building_less_in_the_data_waits_for_people_and_one_more_protects_at_once(opened):
    opened()
    nobody = replace(SITE, signatories=())
    more = replace(HOUSE, building="b", height_m=None)
    assert opened(replace(nobody, buildings=(HOUSE, more))).bind(BARE, NOW_NS).buildings == (HOUSE, more)
    less = opened(replace(nobody, buildings=(more,)))
    assert less.bind(BARE, NOW_NS).buildings == (HOUSE, more)
    assert less.standing(CAMERA, NOW_NS).waiting.number == 3


def test_a_stricter_doctrine_is_in_force_at_once_a_weaker_one_waits(opened, path):
    opened()
    masks = Commissioning.open(path)
    for above_m, expected_m in ((2.0, 2.0), (3.0, 2.0)):
        said = survey(CAMERA, SITE, LocalDoctrine(mask_above_m=above_m), FIXED, POSE)
        masks.take_in([said], (), NOW_NS, note=list)
        assert masks.bind(BARE, NOW_NS).mask_above_m == expected_m


def test_zones_people_drew_survive_new_site_data(opened, path, monkeypatch):
    opened()
    drawn = replace(DOOR, zone="drawn", ring_m=((3.0, 19.5), (4.0, 19.5), (4.0, 20.0)))
    ledger = MaskLedger(path)
    held = ledger.register.effective(CAMERA, NOW_NS).mask_set
    ledger.decide(
        lambda r: [r.propose(replace(held, zones=(DOOR, drawn)), by="Anne", at_ns=NOW_NS, reason="porte oubliée")]
    )
    more = replace(HOUSE, building="b", height_m=None)
    assert opened(replace(SITE, buildings=(HOUSE, more))).bind(BARE, NOW_NS).zones == (DOOR, drawn)


def test_what_two_people_loosened_is_not_proposed_back_by_the_next_opening(opened, path):
    opened()
    ledger = MaskLedger(path)
    held = ledger.register.effective(CAMERA, NOW_NS).mask_set
    ledger.decide(
        lambda r: [
            r.propose(replace(held, zones=()), by="Anne", at_ns=NOW_NS, reason="c'est une vitrine"),
            r.sign(CAMERA, 2, person="Anne", role=SignRole.TECHNICAL, at_ns=NOW_NS),
            r.sign(CAMERA, 2, person="Denis", role=SignRole.DPO, at_ns=NOW_NS),
        ]
    )
    assert opened().bind(BARE, NOW_NS).zones == ()
    assert opened().bind(BARE, NOW_NS).mask_epoch == 2


def test_a_fixed_camera_that_is_declared_to_stand_elsewhere_was_moved(opened):
    opened()
    turned = replace(POSE, pan_deg=3.0)
    masks = opened(replace(SITE, signatories=()), pose=turned)
    assert not masks.bind(BARE, NOW_NS).commissioned
    assert opened(SITE, pose=turned).bind(BARE, NOW_NS).commissioned is False  # proposed before: who signs has to look


def test_a_camera_replaced_by_one_that_turns_was_moved(opened):
    opened()
    assert not opened(replace(SITE, signatories=()), TURNING, None).bind(BARE, NOW_NS).commissioned


def test_a_fixed_camera_that_cannot_say_where_it_looks_keeps_the_pose_people_signed(opened):
    opened()
    assert opened(pose=None).bind(BARE, NOW_NS).pose == POSE
    assert opened().bind(BARE, NOW_NS).mask_epoch == 1


def test_a_camera_nobody_calibrated_is_wholly_masked_even_when_signed(opened):
    bound = opened(pose=None).bind(BARE, NOW_NS)
    assert bound.commissioned
    assert bound.pose is None
    assert not bound.follows_pose


def test_an_edge_plan_is_for_one_version_only(opened):
    masks = opened()
    plan = EdgePlan((OnboardMask("m", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),))
    assert masks.bind(replace(BARE, edge=plan, mask_epoch=1), NOW_NS).edge == plan
    assert masks.bind(replace(BARE, edge=plan, mask_epoch=2), NOW_NS).edge is None
    masks.moved(CAMERA, NOW_NS, Words("heurtée", "knocked"))
    assert masks.bind(replace(BARE, edge=plan, mask_epoch=1), NOW_NS).edge is None


def test_a_tampered_register_masks_every_camera_and_the_centre_still_opens(opened, path):
    opened().close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER mask_event_no_update")
    connection.execute("UPDATE mask_event SET body = replace(body, 'Denis', 'Eve')")
    connection.commit()
    masks = opened()
    assert not masks.bind(BARE, NOW_NS).commissioned
    assert masks.standing(CAMERA, NOW_NS).lifecycle is CameraLifecycle.NOT_COMMISSIONED
    assert "changed outside csu" in masks.troubles[0][1].en


def test_a_site_with_broken_data_masks_that_camera_and_says_why(opened):
    masks = opened(replace(SITE, buildings=(replace(HOUSE, ground_m=float("nan")),)))
    assert not masks.bind(BARE, NOW_NS).commissioned
    assert [where for where, _ in masks.troubles] == [CAMERA]


# -- which buildings --------------------------------------------------------------------------------------------------


def test_the_node_is_told_every_building_of_the_site_and_cameras_share_them(opened):
    def at(i: int) -> Building:
        x, y = float(i % 50) * 40 - 1000, float(i // 50) * 40 - 1000
        return replace(HOUSE, building=f"b{i}", footprint_m=((x, y), (x + 20, y), (x + 20, y + 15)))

    town = tuple(at(i) for i in range(2500))
    masks = opened(replace(SITE, buildings=town))
    told = [masks.bind(BARE, NOW_NS).buildings for _ in range(2)]
    assert told[0] == town
    assert told[0] is told[1], "one message to a node holds them once"
