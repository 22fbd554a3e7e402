"""`csu masks show|propose|sign`, as typed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csu.centre.commissioning import Commissioning, survey
from csu.cli import build_app
from csu.governance import LocalDoctrine, MaskProposalRefused, SignatureRefused
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
    from csu.centre.masks_command import app

    names = {command.name for command in app.registered_commands}
    assert names <= {"import", "prove", "show", "propose", "sign"}
