"""COM-3, EXP-1, EXP-9 at the desk's doors: whose case is told to whom, what may be done now, and the signed receipt."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from csu.console import case_reach
from csu.evidence import CameraSpan, Officer
from csu.governance import Role
from tests.compliance.doors.facts import ACT, CASE, FAR_CAMERA, HOLD, account, act

CLERK, MANAGER, OFFICER = Role.EVIDENCE_CLERK, Role.CSU_MANAGER, Role.JUDICIAL_OFFICER
FAR_CASE, FAR_HOLD = "2027-500", "G-2027-500"
FAR = replace(ACT, camera=FAR_CAMERA)
STEPS = ("check", "lock", "prepare", "reject", "copy-destroyed")
REASON = json.dumps({"reason": "2027/12"}).encode()
PREPARE = json.dumps({"recipients": ["age1"]}).encode()


@pytest.fixture
def world(shared_world):
    """One console for all of them; no yes of the test before still stands."""
    shared_world.clock.runs_ns += 120_000_000_000
    shared_world.entries()
    return shared_world


def told(world, method: str, path: str, role: Role, body: object = None):
    answer = world.ask(method, path, role, body=b"" if body is None else json.dumps(body).encode())
    return answer.status, json.loads(answer.body)


def of_another_commune(world) -> None:
    desk = world.desk
    officer = Officer("Klein", "Cne", "CIAT Ars", "777")
    desk._apply(desk._desk.receive(FAR_CASE, replace(act(), spans=(FAR,), officer=officer), by="x", at_ns=1))


@pytest.mark.requirement("COM-3")
def test_a_case_of_another_commune_is_one_that_nobody_registered(world) -> None:
    world.desk.stand("released")
    of_another_commune(world)
    assert [case["case"] for case in told(world, "GET", "/api/cases", CLERK)[1]] == [CASE]
    assert [case["case"] for case in told(world, "GET", "/api/cases", MANAGER)[1]] == [CASE, FAR_CASE]
    for path in (f"/api/cases/{FAR_CASE}", "/api/cases/2027-501"):
        status, answer = told(world, "GET", path, CLERK)
        assert (status, answer["code"]) == (404, "case_unknown")
    for step in STEPS:
        body = PREPARE if step == "prepare" else REASON
        answer = world.ask("POST", f"/api/cases/{FAR_CASE}/{step}", CLERK, body=body)
        assert (answer.status, json.loads(answer.body)["code"]) == (404, "case_unknown"), step
    strangers = [entry for entry in world.entries() if entry.case == FAR_CASE and entry.role == CLERK.value]
    assert strangers == []


@pytest.mark.requirement("COM-3")
def test_a_hold_of_another_commune_is_one_that_nobody_asked_for(world) -> None:
    world.desk.stand("hold_requested")
    desk = world.desk
    desk._apply(desk._desk.request_hold(FAR_HOLD, FAR, reason="12", by="chief", at_ns=world.clock.at_ns))
    assert [hold["hold"] for hold in told(world, "GET", "/api/holds", CLERK)[1]] == [HOLD]
    assert len(told(world, "GET", "/api/holds", MANAGER)[1]) == 2
    unknown = [world.ask("POST", f"/api/holds/{name}/place", CLERK) for name in (FAR_HOLD, "G-9")]
    assert unknown[0].status == unknown[1].status
    assert json.loads(unknown[0].body)["code"] == json.loads(unknown[1].body)["code"]


@pytest.mark.requirement("COM-3")
def test_a_clerk_files_no_act_for_a_camera_of_another_commune(world, act_json) -> None:
    world.desk.stand("none")
    far = act_json | {"spans": [act_json["spans"][0] | {"camera": FAR_CAMERA}]}
    status, answer = told(world, "PUT", "/api/cases/2027-9", CLERK, far)
    assert (status, answer["code"]) == (404, "camera_unknown")
    assert told(world, "PUT", "/api/cases/2027-9", OFFICER, far)[0] == 201


def test_the_test_of_communes_finds_a_desk_that_tells_all(world, monkeypatch) -> None:
    monkeypatch.setattr(case_reach, "OUT_OF_SCOPE", "")
    with pytest.raises(AssertionError):
        test_a_case_of_another_commune_is_one_that_nobody_registered(world)


@pytest.mark.requirement("EXP-1")
def test_an_officer_is_told_his_own_cases_and_no_other_officer_s(world) -> None:
    world.desk.stand("released")
    of_another_commune(world)
    assert [case["case"] for case in told(world, "GET", "/api/own-cases", OFFICER)[1]] == [CASE]
    assert told(world, "GET", f"/api/own-cases/{CASE}", OFFICER)[1]["number"] == "PV 2027/88"
    for name in (FAR_CASE, "2027-501"):
        status, answer = told(world, "GET", f"/api/own-cases/{name}", OFFICER)
        assert (status, answer["rule"]) == (403, "exp-1.not-this-persons-case")
    world.desk.stand("none")
    assert told(world, "GET", "/api/own-cases", OFFICER) == (200, [])


def test_a_case_tells_its_history_and_what_this_person_may_do_now_and_why_not(world) -> None:
    world.desk.stand("prepared")
    of_manager = told(world, "GET", f"/api/cases/{CASE}", MANAGER)[1]
    assert [each["what"] for each in of_manager["history"]] == ["received", "checked", "locked", "prepared"]
    assert {each["by"] for each in of_manager["history"]} == {account(CLERK)}
    assert {step["step"]: step["may"] for step in of_manager["steps"]} == {
        "release": True,
        "return": True,
        "end-lock": True,
    }
    assert of_manager["due"]["step"] == "release"
    assert told(world, "GET", f"/api/cases/{CASE}", CLERK)[1]["steps"] == []
    world.desk.stand("released")
    of_clerk = told(world, "GET", f"/api/cases/{CASE}", CLERK)[1]
    assert {step["step"] for step in of_clerk["steps"]} == {"offer", "hand-over", "footage", "package", "copy"}


def test_a_step_that_is_held_back_says_why_in_the_words_of_the_rights(world) -> None:
    world.desk.stand("prepared")
    world.desk._signed.clear()  # nobody is known to have prepared it
    steps = {step["step"]: step for step in told(world, "GET", f"/api/cases/{CASE}", MANAGER)[1]["steps"]}
    assert not steps["release"]["may"]
    assert "autre personne" in steps["release"]["why"]["fr"]


@pytest.mark.requirement("EXP-9")
def test_the_officer_gives_his_seal_reads_the_receipt_and_signs_it(world) -> None:
    world.desk.stand("offered")
    assert told(world, "GET", f"/api/own-cases/{CASE}", OFFICER)[1]["receipt"] is None
    assert told(world, "POST", f"/api/cases/{CASE}/seal", OFFICER, {"seal": "S-77"})[0] == 200
    receipt = told(world, "GET", f"/api/own-cases/{CASE}", OFFICER)[1]["receipt"]
    assert "S-77" in receipt["text"]
    status, answer = told(world, "POST", f"/api/cases/{CASE}/receipt", OFFICER, {"sha256": "0" * 64})
    assert (status, "reçu" in answer["detail"]["fr"]) == (409, True)
    status, answer = told(world, "POST", f"/api/cases/{CASE}/receipt", OFFICER, {"sha256": receipt["sha256"]})
    assert (status, answer["state"]) == (200, "handed_over")
    last = told(world, "GET", f"/api/cases/{CASE}", CLERK)[1]
    assert (last["history"][-1]["by"], last["handed_over"]["receipt"]) == (account(OFFICER), receipt["sha256"])


@pytest.mark.requirement("EXP-2")
def test_an_act_that_is_being_typed_is_looked_at_and_nothing_is_registered(world, act_json) -> None:
    world.desk.stand("released")
    ahead = {"camera": ACT.camera, "from_at": "2027-06-02T10:00:00+02:00", "to_at": "2027-06-02T10:20:00+02:00"}
    typed = act_json | {"basis": None, "spans": [*act_json["spans"], ahead]}
    remarks = told(world, "POST", "/api/acts/look", CLERK, typed)[1]
    assert [(each["weight"], each["span"]) for each in remarks] == [("fault", None), ("note", 0), ("note", 1)]
    assert CASE in remarks[1]["words"]["fr"]
    assert "verrou programmé" in remarks[2]["words"]["fr"]
    assert not any(CASE in each["words"]["fr"] for each in told(world, "POST", "/api/acts/look", OFFICER, typed)[1])
    assert [case.case for case in world.desk.cases()] == [CASE]


def test_a_person_rejects_an_act_and_the_reason_is_told(world) -> None:
    world.desk.stand("received")
    status, answer = told(world, "POST", f"/api/cases/{CASE}/reject", CLERK, {"reason": "cachet inconnu"})
    assert (status, answer["state"], answer["reasons"][0]["fr"]) == (200, "rejected", "cachet inconnu")


def test_a_camera_that_nobody_knows_hides_a_case_from_nobody_who_could_reject_it(world) -> None:
    world.desk.stand("none")
    desk = world.desk
    unknown = CameraSpan(type(FAR_CAMERA)("cam-9999"), ACT.from_ns, ACT.to_ns)
    desk._apply(desk._desk.receive(CASE, replace(act(), spans=(unknown,)), by="x", at_ns=1))
    assert [case["case"] for case in told(world, "GET", "/api/cases", CLERK)[1]] == [CASE]
