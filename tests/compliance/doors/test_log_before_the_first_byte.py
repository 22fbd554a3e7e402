"""LOG-2, LOG-3, ACC-2, EXP-1, EXP-2, EXP-9 at the doors: written first, or not done; asked again while it lasts."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from csu.console import create_app
from csu.governance import Role
from csu.governance.centre_key import CentreKey
from csu.governance.journal import AuditJournal
from csu.governance.journal_desk import JournalDesk
from csu.governance.journal_entry import Ended, JournalEntry, Operation, Outcome
from csu.governance.journal_reading import journal_unavailable

CASE, CAMERA = "2027-101", "cam-0012"
PACKAGE, FOOTAGE = f"/api/cases/{CASE}/package", f"/api/cases/{CASE}/footage/{CAMERA}"
PAST_BYTES = b"the past itself"
ONE_SECOND_MORE = "?from_at=2027-05-20T10:00:00%2B02:00&to_at=2027-05-20T10:20:01%2B02:00"
ONE_SECOND_BEFORE = "?from_at=2027-05-20T09:59:59%2B02:00&to_at=2027-05-20T10:20:00%2B02:00"
WITHIN = "?from_at=2027-05-20T08:05:00Z&to_at=2027-05-20T08:06:00Z"


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("WS", f"/ws/live/{CAMERA}", Role.OPERATOR),
        ("GET", "/api/wall.png", Role.OPERATOR),
        ("WS", "/ws/wall", Role.OPERATOR),
        ("GET", PACKAGE, Role.JUDICIAL_OFFICER),
        ("GET", FOOTAGE + WITHIN, Role.JUDICIAL_OFFICER),
        ("GET", f"/api/cases/{CASE}/copy", Role.EVIDENCE_CLERK),
        ("GET", "/api/replay", Role.OPERATOR),
        ("GET", "/api/cameras", None),
    ],
)
def test_without_a_journal_nothing_is_shown_and_refusals_stay_refusals(world, method, path, role) -> None:
    world.journal.trouble = journal_unavailable("journal", OSError())
    answer = world.ask(method, path, role)
    assert answer.status == (403 if method == "WS" else 503)
    assert answer.close_code in (None, 4503)
    assert PAST_BYTES not in answer.body
    assert (world.desk.asked, world.room.relay.watching) == ([], 0)
    if method != "WS":
        assert json.loads(answer.body)["code"] == "journal_unavailable"


@pytest.mark.parametrize(("method", "path"), [("WS", f"/ws/live/{CAMERA}"), ("GET", "/api/replay"), ("GET", PACKAGE)])
def test_an_account_that_the_journal_cannot_name_does_nothing(world, method, path) -> None:
    known = world.people.find
    world.people.find = lambda person, role, at_ns: replace(known(person, role, at_ns), person="Élise Martin")
    answer = world.ask(method, path, Role.OPERATOR)
    assert (answer.status, answer.close_code) == ((403, 4503) if method == "WS" else (503, None))


def test_an_end_that_cannot_be_written_is_counted(world) -> None:
    class Ending(type(world.journal)):
        def _add(self, entry):
            if isinstance(entry, Ended):
                raise journal_unavailable("journal", OSError())
            return super()._add(entry)

    world.journal.__class__ = Ending
    assert world.ask("GET", PACKAGE, Role.JUDICIAL_OFFICER).body == PAST_BYTES
    assert b"csu_console_ends_unjournaled_total 1.0" in world.ask("GET", "/metrics", Role.TECH_ADMIN).body


def test_what_went_out_is_in_the_journal_with_its_digest_ground_case_camera_and_interval(world) -> None:
    answer = world.ask("GET", FOOTAGE + WITHIN, Role.JUDICIAL_OFFICER)
    assert (answer.status, answer.body) == (200, PAST_BYTES)
    granted, ended = (row.entry for row in world.journal.rows)
    assert isinstance(granted, JournalEntry)
    assert (granted.operation, granted.ground, granted.case) == (Operation.REPLAY, "requisition", CASE)
    assert granted.recipient == "opj:0123456"
    (data,) = granted.data
    assert (data.camera, data.span.to_ns - data.span.from_ns) == (CAMERA, 60_000_000_000)
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.sha256) == (Outcome.DONE, hashlib.sha256(PAST_BYTES).hexdigest())
    assert [(span.from_ns, span.to_ns) for span in world.desk.asked] == [(data.span.from_ns, data.span.to_ns)]


@pytest.mark.parametrize(
    "query",
    [
        ONE_SECOND_MORE,
        ONE_SECOND_BEFORE,
        "",
        "?from_at=2027-05-20T10:00:00&to_at=2027-05-20T10:05:00",  # no offset
        "?from_at=2027-05-20T08:06:00Z&to_at=2027-05-20T08:05:00Z",
        f"{WITHIN}&to_at=2027-05-20T09:00:00Z",  # which of the two?
        "?from_at=-1&to_at=99999999999999999999",
    ],
)
def test_a_second_beyond_the_act_or_a_stretch_that_cannot_be_read_is_refused_and_journaled(world, query) -> None:
    answer = world.ask("GET", FOOTAGE + query, Role.JUDICIAL_OFFICER)
    assert (answer.status, json.loads(answer.body)["rule"]) == (403, "exp-2.outside-the-act")
    assert [entry.refusal for entry in world.entries()] == ["exp-2.outside-the-act"]
    assert world.desk.asked == []


def test_another_camera_than_the_acts_is_refused_and_its_name_is_not_written_down(world) -> None:
    answer = world.ask("GET", f"/api/cases/{CASE}/footage/AB-123-CD{WITHIN}", Role.JUDICIAL_OFFICER)
    assert answer.status == 403
    assert [entry.data for entry in world.entries()] == [()]


@pytest.mark.parametrize("path", ["/ws/live/jean-dupont", "/ws/live/jean-dupont/replay", "/ws/nom/jean-dupont"])
def test_what_somebody_types_into_a_path_is_not_written_down(world, path) -> None:
    """LOG-5: a name, a plate."""
    assert world.ask("WS", path, Role.OPERATOR).status == 403
    (entry,) = world.entries()
    assert "dupont" not in str(entry)


def test_an_officer_sees_nothing_of_another_officers_case(world) -> None:
    world.people.find = lambda person, role, at_ns, known=world.people.find: replace(
        known(person, role, at_ns), person="opj:777"
    )
    assert world.ask("GET", PACKAGE, Role.JUDICIAL_OFFICER).status == 403
    assert [entry.refusal for entry in world.entries()] == ["exp-1.not-this-persons-case"]


def test_who_prepared_does_not_release_409_with_the_reason(world) -> None:
    """One person with two accounts is still one person."""
    world.desk.stand("prepared")
    known = world.people.find
    world.people.find = lambda person, role, at_ns: replace(known(person, role, at_ns), person="evidence_clerk.1")
    answer = world.ask("POST", f"/api/cases/{CASE}/release", Role.CSU_MANAGER)
    told = json.loads(answer.body)
    assert (answer.status, told["code"], told["rule"]) == (409, "second_person", "exp-9.second-person")
    assert "une autre personne" in told["fr"]
    assert [entry.outcome for entry in world.entries()] == [Outcome.REFUSED]


def test_a_step_out_of_turn_is_409_with_the_state_of_the_case_and_its_attempt_ends_as_failed(world) -> None:
    world.desk.stand("received")
    answer = world.ask("POST", f"/api/cases/{CASE}/lock", Role.EVIDENCE_CLERK)
    assert (answer.status, json.loads(answer.body)["code"]) == (409, "case_refused")
    assert "reçue" in json.loads(answer.body)["detail"]["fr"]
    assert [row.entry.outcome for row in world.journal.rows] == [Outcome.GRANTED, Outcome.FAILED]


def test_an_act_without_basis_is_registered_then_rejected_with_every_reason(world, act_json) -> None:
    world.desk.stand("none")
    act = {name: value for name, value in act_json.items() if name not in ("basis", "is_signed")}
    filed = world.ask("PUT", f"/api/cases/{CASE}", Role.JUDICIAL_OFFICER, body=json.dumps(act).encode())
    assert (filed.status, json.loads(filed.body)["state"]) == (201, "received")
    checked = json.loads(world.ask("POST", f"/api/cases/{CASE}/check", Role.EVIDENCE_CLERK).body)
    assert checked["state"] == "rejected"
    assert [reason["en"] for reason in checked["reasons"]] == [
        "the legal basis is missing",
        "the act is not signed",
    ]
    again = world.ask("PUT", f"/api/cases/{CASE}", Role.JUDICIAL_OFFICER, body=json.dumps(act).encode())
    assert again.status == 409


@pytest.mark.parametrize("case", ["jean-dupont", "26-REQ-01", "x" * 41, "2027%20101"])
def test_a_number_that_could_be_a_person_or_a_plate_is_no_case_number(world, act_json, case) -> None:
    world.desk.stand("none")
    answer = world.ask("PUT", f"/api/cases/{case}", Role.EVIDENCE_CLERK, body=json.dumps(act_json).encode())
    assert answer.status == 422
    assert world.desk.cases() == ()
    assert [entry.case for entry in world.entries()] == [""]


def test_a_request_without_end_is_refused(world) -> None:
    answer = world.ask("PUT", "/api/cases/2027-9", Role.EVIDENCE_CLERK, body=b" " * (300 << 10))
    assert (answer.status, json.loads(answer.body)["code"]) == (413, "body_too_large")


def test_without_a_requisition_desk_its_doors_say_so(world) -> None:
    world.app = create_app(world.room, clock=world.clock, access=replace(world.access, desk=None))
    answer = world.ask("GET", "/api/cases", Role.EVIDENCE_CLERK)
    assert (answer.status, json.loads(answer.body)["code"]) == (503, "cases_absent")
    assert world.ask("GET", PACKAGE, Role.JUDICIAL_OFFICER).status == 403


@pytest.mark.parametrize("path", [f"/ws/live/{CAMERA}", "/ws/wall"])
def test_a_right_that_is_withdrawn_ends_a_live_picture_before_the_next_one(world, path) -> None:
    """ACC-2 and AUT-6 allow 60 s. Nothing leaves later than 30 s after the last yes."""

    async def run() -> list[bytes]:
        pictures: list[bytes] = []
        closed = asyncio.Event()

        async def receive() -> dict[str, object]:
            if not pictures and not closed.is_set() and not opened:
                opened.append(True)
                return {"type": "websocket.connect"}
            await closed.wait()
            return {"type": "websocket.disconnect", "code": 1001}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "websocket.send":
                pictures.append(message.get("bytes") or b"")
                if len(pictures) == 2:
                    world.people.withdrawn.add(Role.OPERATOR)
                    world.clock.runs_ns += 30_000_000_000
                    world.room.relay.more.set()
            elif message["type"] == "websocket.close":
                closes.append(message["code"])
                closed.set()

        opened: list[bool] = []
        async with asyncio.timeout(5):
            await world.app(live_scope(world, path), receive, send)
        return pictures

    closes: list[object] = []
    assert len(world.runner.run(run())) == 2  # the codec and the first picture; not the one after
    assert closes == [4401]
    assert [entry.refusal for entry in world.entries()] == ["", "console.session-ended"]
    assert world.room.relay.watching == 0


def live_scope(world, path: str = f"/ws/live/{CAMERA}") -> dict[str, object]:
    told = {
        "host": "127.0.0.1:8600",
        "origin": "http://127.0.0.1:8600",
        "authorization": world.token(Role.OPERATOR),
    }
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8600),
        "subprotocols": [],
    }


def test_a_right_that_is_withdrawn_ends_the_page_that_follows_the_state(world) -> None:
    closes, closed, told = [], asyncio.Event(), []

    async def run() -> None:
        begun = False

        async def receive() -> dict[str, object]:
            nonlocal begun
            if not begun:
                begun = True
                return {"type": "websocket.connect"}
            await closed.wait()
            return {"type": "websocket.disconnect", "code": 1001}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "websocket.send":
                told.append(message)
                world.people.withdrawn.add(Role.OPERATOR)
                world.clock.runs_ns += 31_000_000_000
            elif message["type"] == "websocket.close":
                closes.append(message["code"])
                closed.set()

        async with asyncio.timeout(5):
            await world.app(live_scope(world, "/ws/events"), receive, send)

    world.runner.run(run())
    assert len(told) == 1
    assert closes == [4401]


def test_a_camera_list_names_no_camera_of_another_commune(world) -> None:
    for path in ("/api/cameras", "/api/state"):
        for role, communes in (
            (Role.OPERATOR, {"metz"}),
            (Role.COMMUNE_DELEGATE, {"metz"}),
            (Role.DPO, {"metz", "ars"}),
        ):
            told = json.loads(world.ask("GET", path, role).body)
            assert {line["commune"] for line in (told["cameras"] if path.endswith("state") else told)} == communes
    assert world.ask("WS", "/ws/live/cam-0500", Role.OPERATOR).status == 403


def test_a_page_that_asks_for_the_wall_again_and_again_is_one_entry_in_half_a_minute(world) -> None:
    for _ in range(5):
        world.clock.runs_ns += 1_000_000_000
        assert world.ask("GET", "/api/wall.png", Role.OPERATOR).status == 200
    assert [entry.outcome for entry in world.entries()] == [Outcome.GRANTED]
    world.clock.runs_ns += 30_000_000_000
    world.ask("GET", "/api/wall.png", Role.OPERATOR)
    assert len(world.entries()) == 1
    world.people.withdrawn.add(Role.OPERATOR)
    assert world.ask("GET", "/api/wall.png", Role.OPERATOR).status == 401


def test_strangers_cannot_fill_the_journal_and_are_counted(world) -> None:
    assert {world.ask("GET", "/api/replay").status for _ in range(70)} == {401}
    assert len(world.entries()) == 60
    counted = world.ask("GET", "/metrics", Role.TECH_ADMIN).body
    assert b"csu_console_strangers_unjournaled_total 10.0" in counted


def test_it_works_with_the_journal_that_is_kept(world, tmp_path) -> None:
    key = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x03" * 32))
    desk = JournalDesk(AuditJournal(tmp_path / "journal", key), key, world.clock)
    world.app = create_app(world.room, clock=world.clock, access=replace(world.access, journal=desk))
    try:
        assert world.ask("GET", PACKAGE, Role.JUDICIAL_OFFICER).body == PAST_BYTES
        assert world.ask("GET", PACKAGE, Role.OPERATOR).status == 403
        assert world.ask("WS", f"/ws/live/{CAMERA}", Role.OPERATOR).status == 101
    finally:
        world.runner.run(desk.close())
    assert world.ask("WS", f"/ws/live/{CAMERA}", Role.OPERATOR).close_code == 4503
