"""The data protection officer's doors: a reason or nothing, one's communes only, and refusals change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from csu.console import create_app
from csu.console.desks import Desks
from csu.governance import Role
from csu.governance.journal_entry import Outcome
from tests.compliance.doors.dpo_desks import CAMERA, FAR, OLD, dpo_bodies

WHY = {"ground": "control", "reference": "CTRL-2027-4"}


def ask(world, method: str, path: str, role: Role, body: object = None) -> tuple[int, Any, list[Any]]:
    """Status, answer, and what was journaled."""
    world.entries()
    answer = world.ask(method, path, role, body=b"" if body is None else json.dumps(body).encode())
    return answer.status, json.loads(answer.body), world.entries()


# -- the journal ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"ground": "control"},
        {"ground": "control", "reference": ""},
        {"ground": "productivity", "reference": "RH-2027-4"},
        {"ground": "control", "reference": "AB-123-CD"},
        {"ground": "control", "reference": "parce que je veux"},
        [],
    ],
    ids=str,
)
def test_the_journal_is_not_read_without_a_reason_that_it_can_name(shared_world, body) -> None:
    status, told, (entry,) = ask(shared_world, "POST", "/api/dpo/journal", Role.DPO, body)
    assert (status, told["rule"]) == (403, "log-3.no-reason")
    assert (entry.outcome, entry.reference) == (Outcome.REFUSED, "")


def test_who_read_the_journal_and_why_and_about_which_camera_is_in_it(shared_world) -> None:
    body = WHY | {"camera": CAMERA, "case": "2027-101", "person": "operator.1"}
    status, told, (entry,) = ask(shared_world, "POST", "/api/dpo/journal", Role.INSPECTOR, body)
    assert (status, told) == (200, {"entries": [], "go_on_before": None})
    assert (entry.author, entry.ground, entry.reference) == ("inspector.1", "control", "CTRL-2027-4")
    assert ([each.camera for each in entry.data], entry.case) == ([CAMERA], "2027-101")


def test_what_was_typed_and_is_none_of_the_centres_does_not_get_into_the_journal(shared_world) -> None:
    body = WHY | {"camera": "voiture-rouge", "case": "dupont"}
    status, _, (entry,) = ask(shared_world, "POST", "/api/dpo/journal", Role.DPO, body)
    assert (status, entry.data, entry.case) == (200, (), "")


@pytest.mark.parametrize("wrong", [{"before": 0}, {"from_day": "hier"}, {"operation": "spy"}, {"sort_by": "person"}])
def test_a_search_that_can_be_none_is_refused(shared_world, wrong) -> None:
    assert ask(shared_world, "POST", "/api/dpo/journal", Role.DPO, WHY | wrong)[0] == 403


# -- the regime -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [None, "", "  ", 7])
def test_no_regime_is_entered_or_taken_back_without_a_reason(shared_world, reason) -> None:
    for method, path, door in (("PUT", "/api/regime", "regime/set"), ("POST", "/api/regime/off", "regime/off")):
        body = {name: value for name, value in dpo_bodies()[door].items() if name != "reason"}
        status, told, _ = ask(
            shared_world, method, path, Role.DPO, body if reason is None else body | {"reason": reason}
        )
        assert (status, told["rule"]) == (403, "log-3.no-reason")


@pytest.mark.parametrize("missing", ["valid_until", "official_journal", "law"])
def test_no_regime_is_entered_without_its_end_or_its_journal(shared_world, missing) -> None:
    body = {name: value for name, value in dpo_bodies()["regime/set"].items() if name != missing}
    assert ask(shared_world, "PUT", "/api/regime", Role.DPO, body)[0] == 422


# -- signs and the legal register: communes ---------------------------------------------------------------------------


@pytest.mark.parametrize(("cameras", "status"), [(["cam-9"], 404), ([CAMERA, "cam-9"], 404), ([CAMERA, FAR], 409)])
def test_a_sign_announces_cameras_that_there_are_of_one_commune(shared_world, cameras, status) -> None:
    body = dpo_bodies()["signs/record"] | {"cameras": cameras}
    assert ask(shared_world, "PUT", "/api/signs/P-1", Role.DPO, body)[0] == status


@pytest.mark.parametrize(
    ("role", "recorded", "sent"),
    [(Role.EVIDENCE_CLERK, [CAMERA], [CAMERA]), (Role.DPO, [CAMERA, FAR], [CAMERA, FAR, OLD])],
)
def test_the_legal_register_is_cut_to_the_communes_of_who_reads(shared_world, role, recorded, sent) -> None:
    status, told, _ = ask(shared_world, "GET", "/api/register/2027-05-20", role)
    assert status == 200
    assert [line["camera"] for line in told["recorded"]] == recorded
    assert [line["cameras"] for line in told["transmitted"]] == [[camera] for camera in sent]


def test_a_register_that_this_centre_has_not_says_so(world) -> None:
    world.app = create_app(world.room, clock=world.clock, access=world.access, desks=Desks())
    for path in ("/api/masks", "/api/signs", "/api/access-requests", "/api/regime", "/api/register/2027-05-20"):
        status, told, _ = ask(world, "GET", path, Role.DPO)
        assert (status, told["code"]) == (503, "dpo_absent")
