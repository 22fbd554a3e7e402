"""The register's file: it survives, it only grows, several processes share it, and a changed row is never believed."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from csu.governance import MaskLedger, MaskRegisterBroken, MaskRegisterNotKept, SignatureRefused
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.place import PictureZone, Pose, PtzDynamics, ZoneKind
from csu.hal.site import SignRole
from csu.hal.words import Words

CAMERA = CameraId("cam-0042")
NOW_NS = 1_800_000_000 * 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "register" / "masks.sqlite"


def propose(ledger, mask_set, at_ns=NOW_NS):
    ledger.decide(lambda register: [register.propose(mask_set, by="Paul", at_ns=at_ns, reason="é test")])


def sign(ledger, version, person, role):
    ledger.decide(lambda r: [r.sign(CAMERA, version, person=person, role=role, at_ns=NOW_NS + version)])


@pytest.fixture
def signed(path, mask_set):
    """A file with a camera in service under version 1."""
    ledger = MaskLedger(path)
    propose(ledger, mask_set)
    sign(ledger, 1, "Anne", SignRole.TECHNICAL)
    sign(ledger, 1, "Denis", SignRole.DPO)
    ledger.close()
    return path


def change(path: Path, *statements: str) -> None:
    """As somebody with the file and sqlite3 would, past the guards."""
    connection = sqlite3.connect(path)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_what_was_signed_is_in_force_after_a_restart_to_the_last_field(signed, mask_set):
    again = MaskLedger(signed).register.effective(CAMERA, NOW_NS)
    assert again.mask_set == mask_set
    assert [(s.person, s.role) for s in again.signatures] == [("Anne", SignRole.TECHNICAL), ("Denis", SignRole.DPO)]


def test_every_kind_of_set_and_event_comes_back_as_it_was(path, mask_set):
    ledger = MaskLedger(path)
    drawn = PictureZone(
        "d", ZoneKind.DWELLING_INTERIOR, ((0.1, 0.1), (0.2, 0.1), (0.2, 0.3)), mask_set.pose, (640, 360)
    )
    turning = replace(
        mask_set, pose=None, follows_pose=True, dynamics=PtzDynamics(120.0, 90.0, 1.5), zones=(drawn, *mask_set.zones)
    )
    blind = replace(mask_set, camera=CameraId("cam-0001"), pose=None, pose_size_px=None, buildings=())
    propose(ledger, turning)
    propose(ledger, blind)
    ledger.decide(lambda r: [r.move(CAMERA, at_ns=NOW_NS, why=Words("heurtée", "knocked"))])
    ledger.decide(
        lambda r: [r.set_lifecycle(CAMERA, CameraLifecycle.RETIRED, by="Paul", at_ns=NOW_NS, reason="vieille")]
    )
    again = MaskLedger(path)
    assert again.register.versions(CAMERA) == ledger.register.versions(CAMERA)
    assert again.register.versions(blind.camera)[0].mask_set == blind
    assert again.register.standing(CAMERA, NOW_NS) == ledger.register.standing(CAMERA, NOW_NS)
    assert again.head == ledger.head


def test_buildings_that_many_cameras_share_are_kept_once(path, mask_set):
    ledger = MaskLedger(path)
    ledger.decide(
        lambda r: [
            r.propose(replace(mask_set, camera=CameraId(f"cam-{i:04d}")), by="Paul", at_ns=NOW_NS, reason="")
            for i in range(50)
        ]
    )
    count = sqlite3.connect(path).execute("SELECT count(*) FROM mask_text").fetchone()[0]
    assert count == 51
    again = MaskLedger(path).register
    kept = {id(again.versions(camera)[0].mask_set.buildings) for camera in again.cameras()}
    assert len(kept) == 1


def test_a_refused_deed_leaves_nothing_even_when_it_came_after_good_ones(signed, tighter_set):
    ledger = MaskLedger(signed)
    head = ledger.head

    def half_wrong(register):
        made = register.propose(tighter_set, by="Paul", at_ns=NOW_NS, reason="")
        register.sign(CAMERA, made.version, person="Anne", role=SignRole.DPO, at_ns=NOW_NS)
        register.sign(CAMERA, made.version, person="Anne", role=SignRole.TECHNICAL, at_ns=NOW_NS)
        return []

    with pytest.raises(SignatureRefused):
        ledger.decide(half_wrong)
    assert ledger.head == head
    assert ledger.register.effective(CAMERA, NOW_NS).number == 1
    assert MaskLedger(signed).head == head


@pytest.fixture
def tighter_set(mask_set, make_door):
    return replace(mask_set, zones=(*mask_set.zones, make_door("more", 12.0)))


def test_a_process_sees_what_another_one_signed_and_decides_on_it(signed, mask_set, tighter_set):
    here, there = MaskLedger(signed), MaskLedger(signed)
    propose(there, tighter_set)
    assert here.register.effective(CAMERA, NOW_NS).number == 1
    assert here.catch_up()
    assert here.register.effective(CAMERA, NOW_NS).number == 2
    assert not here.catch_up()
    propose(there, mask_set)
    with pytest.raises(
        SignatureRefused
    ):  # without catching up first: version 2 was overtaken meanwhile... by version 3
        here.decide(lambda r: [r.sign(CAMERA, 1, person="Eve", role=SignRole.DPO, at_ns=NOW_NS)])
    assert len(here.register.versions(CAMERA)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mask_event SET body = body",
        "DELETE FROM mask_event",
        "INSERT OR REPLACE INTO mask_event VALUES (1, 'Moved', '{}', 'x')",
        "UPDATE mask_text SET body = '[]'",
        "DELETE FROM mask_text",
    ],
)
def test_the_file_itself_refuses_to_forget(signed, statement):
    connection = sqlite3.connect(signed)
    with pytest.raises(sqlite3.IntegrityError, match="only grows"):
        connection.execute(statement)
    connection.close()


def test_a_kept_set_is_not_replaced_by_another_of_its_name(signed, mask_set):
    connection = sqlite3.connect(signed)
    connection.execute("INSERT OR REPLACE INTO mask_text SELECT digest, '[]' FROM mask_text")
    connection.commit()
    connection.close()
    assert MaskLedger(signed).register.effective(CAMERA, NOW_NS).mask_set == mask_set


TAMPERINGS = {
    "a signature in another name": "UPDATE mask_event SET body = replace(body, 'Denis', 'Eve') WHERE sequence = 3",
    "the first row forgotten": "DELETE FROM mask_event WHERE sequence = 1",
    "a row in the middle forgotten": "DELETE FROM mask_event WHERE sequence = 2",
    "rows exchanged": "UPDATE mask_event SET sequence = 105 - sequence WHERE sequence > 1",
    "a signature added": "INSERT INTO mask_event SELECT 4, kind, body, digest FROM mask_event WHERE sequence = 3",
    "a row of no known kind": "UPDATE mask_event SET kind = 'Lifted' WHERE sequence = 3",
    "a door taken out of the set": "UPDATE mask_text SET body = replace(body, 'door a', 'nothing') ",
    "the houses taken away": "UPDATE mask_text SET body = '[]' WHERE body LIKE '[%'",
    "a set forgotten": "DELETE FROM mask_text",
    "no table": "DROP TABLE mask_text",
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_changed_file_is_not_believed(signed, name):
    change(signed, TAMPERINGS[name])
    with pytest.raises(MaskRegisterBroken):
        MaskLedger(signed)


def test_a_forged_row_with_a_right_chain_is_refused_by_the_rules(signed, looser_set):
    """Somebody who knows the format signs a loosening twice for one person, with all digests right."""
    from csu.governance import chained_file

    ledger = MaskLedger(signed)
    propose(ledger, looser_set)
    sign(ledger, 2, "Anne", SignRole.TECHNICAL)
    ledger.close()
    connection = sqlite3.connect(signed)
    sequence, kind, body, head = connection.execute(
        "SELECT * FROM mask_event ORDER BY sequence DESC LIMIT 1"
    ).fetchone()
    forged = body.replace("technical", "dpo")
    link = chained_file.link(head, sequence + 1, kind, forged)
    connection.execute("INSERT INTO mask_event VALUES (?, ?, ?, ?)", (sequence + 1, kind, forged, link))
    connection.commit()
    connection.close()
    with pytest.raises(MaskRegisterBroken):
        MaskLedger(signed)


@pytest.fixture
def looser_set(mask_set):
    return replace(mask_set, buildings=())


def test_a_register_that_is_changed_while_it_runs_is_noticed(signed):
    ledger = MaskLedger(signed)
    change(signed, "INSERT INTO mask_event SELECT 4, kind, body, digest FROM mask_event WHERE sequence = 3")
    with pytest.raises(MaskRegisterBroken):
        ledger.catch_up()


def test_what_is_no_database_is_a_broken_register(path):
    path.parent.mkdir()
    path.write_text("not a database, " * 100)
    with pytest.raises(MaskRegisterBroken):
        MaskLedger(path)


def test_a_register_that_cannot_be_opened_is_not_kept(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MaskRegisterNotKept):
        MaskLedger(tmp_path / "file" / "masks.sqlite")


def test_a_set_far_from_home_keeps_every_digit(path, mask_set):
    pose = Pose(931_234.567890123, 6_895_432.109876543, 178.3, 359.99999999999994, -0.1, 1e-9, 1234.5678901234567)
    ledger = MaskLedger(path)
    propose(ledger, replace(mask_set, pose=pose))
    assert MaskLedger(path).register.versions(CAMERA)[0].mask_set.pose == pose
