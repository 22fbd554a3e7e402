"""`csu masks show|propose|sign`, as typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csu.centre.masks.commissioning import Commissioning, survey
from csu.cli import build_app
from csu.governance import (
    AuditJournal,
    CentreKey,
    JournalEntry,
    JournalUnavailable,
    LocalDoctrine,
    MaskProposalRefused,
    Operation,
    SignatureRefused,
    read_journal,
)
from csu.governance.journal_verify import verify_journal
from csu.hal.camera import CameraCapabilities, CameraId, StreamProfile
from csu.hal.errors import BadInput
from csu.hal.place import Building, MapZone, PictureZone, Pose, ZoneKind
from csu.hal.site import Signatory, SignRole, Site
from csu.machine import SystemClock

CAMERA = CameraId("cam-0001")
POSE = Pose(0.0, 0.0, 5.0, 0.0, -5.0, 0.0, 500.0)
HOUSE = Building("a", ((-5.0, 20.0), (5.0, 20.0), (5.0, 30.0), (-5.0, 30.0)), 0.0, 9.0, True)
DOOR = MapZone("door", ZoneKind.DWELLING_ENTRANCE, ((0.0, 19.5), (1.0, 19.5), (1.0, 20.0)), 0.0, 2.2)
SITE = Site("site", (), (HOUSE,), zones=(DOOR,))
FIXED = CameraCapabilities(False, 0, 0, (StreamProfile("main", "h264", 640, 360, 12.0),))
DOOR_AS_TYPED = """
zones:
  - {zone: door, kind: dwelling_entrance, ring_m: [[0, 19.5], [1, 19.5], [1, 20]], low_m: 0, high_m: 2.2}
"""


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A camera in service, signed by Anne and Denis."""
    path = tmp_path / "masks.sqlite"
    masks = Commissioning.open(path)
    people = (Signatory("Anne", SignRole.TECHNICAL), Signatory("Denis", SignRole.DPO))
    masks.take_in([survey(CAMERA, SITE, LocalDoctrine(), FIXED, POSE)], people, SystemClock().now_ns(), note=list)
    masks.close()
    return path


@pytest.fixture
def typed(register, capsys, monkeypatch) -> Callable[..., Any]:
    monkeypatch.setenv("CSU_LANG", "en")

    def run(command: str, *words: str, as_json: bool = True) -> Any:
        arguments = ["masks", command, *words, "--register", str(register), *(["--json"] if as_json else [])]
        build_app()(arguments, standalone_mode=False)
        out = capsys.readouterr().out
        return json.loads(out) if as_json else out

    return run


@pytest.fixture
def zones(tmp_path) -> Callable[[str], str]:
    def write(text: str) -> str:
        (tmp_path / "zones.yaml").write_text(text, encoding="utf-8")
        return str(tmp_path / "zones.yaml")

    return write


WHO = ("--camera", "cam-0001", "--by", "Paul", "--reason", "visite")


def sign(version: int, person: str, role: str) -> tuple[str, ...]:
    return ("--camera", "cam-0001", "--version", str(version), "--person", person, "--role", role)


def test_show_says_where_each_camera_stands_and_who_signed(typed):
    (camera,) = typed("show")["cameras"]
    assert (camera["lifecycle"], camera["in_force"], camera["waiting"]) == ("active", 1, None)
    assert [s["person"] for s in camera["versions"][0]["signatures"]] == ["Anne", "Denis"]
    assert camera["versions"][0]["zones"] == ["door"]


def test_a_person_reads_the_same_without_json(typed, zones):
    typed("propose", zones("[]"), *WHO)
    told = typed("show", "--camera", "cam-0001", as_json=False)
    assert "would show more: zones are no longer in it, or no longer as they were: door" in told
    assert "Anne (technical), Denis (dpo)" in told


def test_removing_a_zone_is_told_to_loosen_and_takes_two_people(typed, zones):
    proposed = typed("propose", zones("[]"), *WHO)
    assert (proposed["in_force"], proposed["waiting"]) == (1, 2)
    assert proposed["versions"][0]["signatures_needed"] == 2
    assert typed("sign", *sign(2, "Anne", "technical"))["in_force"] == 1
    with pytest.raises(SignatureRefused):
        typed("sign", *sign(2, "anne ", "dpo"))
    assert typed("sign", *sign(2, "Denis", "dpo"))["in_force"] == 2


def test_adding_a_zone_drawn_on_the_picture_protects_at_once(typed, zones, register):
    drawn = "- {zone: window, kind: dwelling_interior, corners: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]]}"
    proposed = typed("propose", zones(drawn), "--add", *WHO)
    assert (proposed["in_force"], proposed["versions"][0]["zones"]) == (2, ["door", "window"])
    made = Commissioning.open(register).standing(CAMERA, SystemClock().now_ns()).in_force.mask_set
    (window,) = (zone for zone in made.zones if isinstance(zone, PictureZone))
    assert (window.seen_from, window.size_px) == (POSE, (640, 360))


def test_the_zones_there_are_typed_again_change_nothing_but_ask_to_verify(typed, zones):
    proposed = typed("propose", zones(DOOR_AS_TYPED), *WHO)
    assert proposed["versions"][0]["loosens"] == []
    assert (proposed["in_force"], proposed["waiting"]) == (1, 2)


def test_without_a_file_the_same_masks_are_verified_again(typed):
    proposed = typed("propose", *WHO)
    assert (proposed["waiting"], proposed["versions"][0]["signatures_needed"]) == (2, 2)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[", "not readable"),
        ("zones: 7", "not a list"),
        ("- {zone: a, kind: garden, ring_m: [[0,0],[1,0],[1,1]], low_m: 0, high_m: 1}", "zone a, kind"),
        ("- {zone: a, kind: dwelling_interior, ring_m: [[0,0],[1,0]], low_m: 0, high_m: 1}", "3 corners"),
        ("- {zone: a, kind: dwelling_interior, ring_m: [[0,0],[1,0],[1,1]], low_m: 2, high_m: 1}", "low_m below"),
        ("- {zone: a, kind: dwelling_interior, ring_m: [[0,0],[1,0],[1,1]], low_m: 0, high_m: 1, hide: no}", "hide"),
        ("- {zone: a, kind: dwelling_interior, corners: [[0,0],[1,0],[1,7]]}", "from 0 to 1"),
        ("- {zone: a, kind: dwelling_interior, ring_m: [[0,0],[1,0],[1,.nan]], low_m: 0, high_m: 1}", "finite"),
    ],
)
def test_a_drawing_that_cannot_be_used_is_refused_by_name(typed, zones, text, why):
    with pytest.raises(BadInput, match=why):
        typed("propose", zones(text), *WHO)
    assert typed("show")["cameras"][0]["versions"][-1]["version"] == 1


def test_a_camera_or_a_register_there_is_not_is_bad_input(typed, tmp_path):
    with pytest.raises(MaskProposalRefused):
        typed("show", "--camera", "cam-0777")
    with pytest.raises(BadInput):
        build_app()(["masks", "show", "--register", str(tmp_path / "none.sqlite")], standalone_mode=False)
    assert not (tmp_path / "none.sqlite").exists()


def test_no_command_lifts_a_mask():
    """The closed list of `csu masks` and of the console's routes: a new name must be judged here (PRV-4)."""
    from csu.centre.commands.masks import app

    names = {command.name for command in app.registered_commands}
    assert names <= {"import", "prove", "show", "propose", "sign"}


# -- the journal (LOG-2, LOG-3) ---------------------------------------------------------------------------------------


@pytest.fixture
def journaled(register) -> Callable[[], list[tuple[str, str, str, str]]]:
    def rows() -> list[tuple[str, str, str, str]]:
        found = [row.entry for row in read_journal(register.parent / "journal")]
        return [(each.operation.value, each.author, each.subject, each.outcome.value) for each in found]

    return rows


@pytest.fixture
def no_journal(register) -> None:
    """Where the journal should be there is a file."""
    (register.parent / "journal").write_text("")


def test_each_decision_is_one_entry_and_so_is_what_was_refused(typed, zones, journaled):
    typed("propose", zones("[]"), "--camera", "cam-0001", "--by", "Paul Évrard", "--reason", "un homme en rouge")
    typed("sign", *sign(2, "Anne", "technical"))
    with pytest.raises(SignatureRefused):
        typed("sign", *sign(2, "anne ", "dpo"))
    assert journaled() == [
        ("mask_edit", "paul.evrard", "masks/2/proposed", "granted"),
        ("mask_edit", "anne", "masks/2/signed", "granted"),
        ("mask_edit", "anne", "masks/2/signed", "refused"),
    ]


def test_what_would_show_more_is_not_kept_without_a_journal(typed, zones, no_journal):
    with pytest.raises(JournalUnavailable):
        typed("propose", zones("[]"), *WHO)
    assert typed("show")["cameras"][0]["waiting"] is None


def test_a_signature_does_not_count_without_a_journal(typed, zones, register):
    typed("propose", zones("[]"), *WHO)
    typed("sign", *sign(2, "Anne", "technical"))
    shutil.rmtree(register.parent / "journal")
    (register.parent / "journal").write_text("")
    with pytest.raises(JournalUnavailable):
        typed("sign", *sign(2, "Denis", "dpo"))
    assert typed("show")["cameras"][0]["in_force"] == 1


def test_what_hides_more_is_kept_and_told_without_a_journal(typed, zones, register, no_journal, capsys):
    drawn = "- {zone: window, kind: dwelling_interior, corners: [[0.1, 0.1], [0.2, 0.1], [0.2, 0.3]]}"
    build_app()(["masks", "propose", zones(drawn), "--add", *WHO, "--register", str(register)], standalone_mode=False)
    assert "the journal cannot be written" in capsys.readouterr().err
    assert typed("show")["cameras"][0]["in_force"] == 2


def test_a_centre_that_runs_and_a_command_write_one_journal(typed, zones, register):
    """Two processes share the files: whoever writes reads on first, under SQLite's write lock."""
    key = CentreKey.load_or_make(register.parent / "centre" / "key.pem")
    centre = AuditJournal(register.parent / "journal", key)
    entry, now_ns = JournalEntry(Operation.LOGIN, "agent-7", "operator"), SystemClock().now_ns()
    centre.append([entry], now_ns)
    typed("propose", zones("[]"), *WHO)
    centre.append([entry], now_ns)
    typed("sign", *sign(2, "Anne", "technical"))
    centre.append([entry], now_ns)
    centre.close()
    found = verify_journal(register.parent / "journal", key.public)
    assert (found.holds, found.rows) == (True, 5)
