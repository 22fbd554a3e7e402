"""VVB-1 to VVB-5 at the doors of a console: the real room, relay and rights, and the journal of each deed."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute

from csu.centre.rooms.enforcement_room import EnforcementParts, EnforcementRoom
from csu.cluster.live_relay import LiveDesk
from csu.cluster.session_pictures import SessionPictures
from csu.console.access import door_of
from csu.governance import Agreement, AuthorisationRegister, OffenceClass, Operation, Outcome, Rights, Role
from csu.governance.roles import PAST
from csu.hal.camera import CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.personal_data import personal_data_in
from csu.machine import LocalDisk, SystemIds
from csu.operations.enforcement import KeptTicket, TicketStore, faults_of
from tests.cluster.wall_node.conftest import MarkedCamera
from tests.compliance.doors.conftest import World
from tests.compliance.doors.facts import CAMERA, METZ, account, papers

AGENT, PLATE = Role.VERBALISER, "AB-123-CD"
TYPED = {"plate": PLATE, "country": "F", "place": "12, rue des Clercs"}


class Street(World):
    """The console of the doors' matrix with a real room of video enforcement behind it, and a camera that sends."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.relay = LiveDesk(lambda camera, on: self.sends.outlet.watch(on))
        self.sends = MarkedCamera(12, self.relay, 12.0)
        self.sends.number = 1  # of its colours
        self.directory, self.facts = directory, papers()
        self.store = TicketStore(directory / "tickets.sqlite", LocalDisk(directory / "tickets"), self.key)
        record = CameraRecord(CAMERA, 12, "Rue 12", METZ, ViewType.WIDE)
        parts = EnforcementParts(
            clock=self.clock,
            ids=SystemIds(),
            journal=self.journal,
            papers=self,
            permit=lambda camera, at_ns: AuthorisationRegister(self.facts).ticketing(camera, at_ns),
            people=lambda: self.people,  # type: ignore[arg-type,return-value]
            records={CAMERA: record},
            relay=self.relay,
            pictures=SessionPictures(),
            shred=lambda files, now_ns: None,
            tell=lambda event: None,
        )
        self.enforcement = EnforcementRoom(self.store, parts)
        self.access = replace(self.access, rights=self)
        self.open(enforcement=self.enforcement)
        self.find = self.people.find
        self.people.find = lambda *asked: self.sworn(self.find(*asked))  # type: ignore[method-assign]
        self.begin()

    def begin(self) -> None:
        """Everything in order, for the next test; what the last one signed does not count."""
        self.sworn: Callable[[Any], Any] = lambda subject: subject
        self.facts = papers()
        self._before = set(self.store.tickets())
        self.journal.rows.clear()

    def signed(self) -> list[KeptTicket]:
        """What this test signed."""
        return [each for name, each in self.store.tickets().items() if name not in self._before]

    def token_now(self, role: Role) -> str:
        now_ns = self.clock.at_ns
        return self.token(role, from_ns=now_ns - NS_PER_S, to_ns=now_ns + 600 * NS_PER_S)

    def decide(self, *asked):
        return Rights(AuthorisationRegister(self.facts)).decide(*asked)

    def send_pictures(self, count: int = 13) -> None:
        """More than a second of the camera, so that there is a key frame among them."""
        for _ in range(count):
            self.clock.at_ns += NS_PER_S // 12
            self.clock.runs_ns += NS_PER_S // 12
            self.sends.send(self.clock.at_ns)

    async def call(self, method: str, path: str, body: Any = None, role: Role = AGENT) -> tuple[int, Any]:
        answer = await self.send(
            method, path, {"authorization": self.token_now(role)}, b"" if body is None else json.dumps(body).encode()
        )
        kind = answer.headers.get("content-type", "")
        return answer.status, json.loads(answer.body) if kind.startswith("application/json") else answer.body

    async def refused(self, method: str, path: str, body: Any = None, role: Role = AGENT) -> tuple[int, str]:
        status, told = await self.call(method, path, body, role)
        assert status >= 400, told
        assert told["fr"] != told["en"]
        return status, f"{told['code']} {told['detail']['en']} {told['en']}"


class Watching:
    """An agent whose page follows the camera, for as long as the block lasts."""

    def __init__(self, street: Street, role: Role = AGENT) -> None:
        self._street, self._role = street, role
        self._gone, self._told = asyncio.Event(), asyncio.Event()
        self.session = ""

    async def __aenter__(self) -> Watching:
        token = self._street.token_now(self._role).encode()
        headers = [(b"host", b"127.0.0.1:8600"), (b"origin", b"http://127.0.0.1:8600"), (b"authorization", token)]
        path = f"/ws/enforcement/{CAMERA}"
        scope = {"type": "websocket", "path": path, "raw_path": path.encode(), "headers": headers, "scheme": "ws"}
        scope |= {"query_string": b"", "root_path": "", "subprotocols": [], "http_version": "1.1"}
        scope |= {"client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8600)}
        self._serving = asyncio.create_task(self._street.app(scope, self._receive, self._send))
        while not self._told.is_set():
            self._street.send_pictures()
            await asyncio.sleep(0.005)
        await self.see()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._gone.set()
        await self._serving

    async def see(self) -> None:
        """More of the present goes to him."""
        self._street.send_pictures()
        await asyncio.sleep(0.01)

    async def _receive(self) -> dict[str, Any]:
        if not hasattr(self, "_opened"):
            self._opened = True
            return {"type": "websocket.connect"}
        await self._gone.wait()
        return {"type": "websocket.disconnect", "code": 1001}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.send" and message.get("text"):
            self.session = json.loads(message["text"])["session"]
        if message["type"] == "websocket.send" and message.get("bytes") and self.session:
            self._told.set()


@pytest.fixture(scope="module")
def shared_street(tmp_path_factory) -> Iterator[Street]:
    made = Street(tmp_path_factory.mktemp("street"))
    with made.runner:
        yield made
    made.store.close()


@pytest.fixture
def street(shared_street) -> Street:
    shared_street.begin()
    return shared_street


async def drafted(street: Street, watching: Watching, offence: str = "red-light") -> dict[str, Any]:
    body = {"session": watching.session, "offence": offence}
    status, draft = await street.call("POST", "/api/enforcement/drafts", body)
    assert status == 200, draft
    await watching.see()
    status, draft = await street.call("POST", f"/api/enforcement/drafts/{draft['draft']}/stills", {"view": "close"})
    assert status == 200, draft
    return dict(draft)


@pytest.mark.requirement("VVB-1")
def test_a_ticket_is_opened_in_a_live_session_with_a_picture_of_now_and_in_no_other_way(street) -> None:
    async def work() -> None:
        async with Watching(street) as watching:
            asked = {"session": watching.session, "offence": "red-light"}
            status, told = await street.refused("POST", "/api/enforcement/drafts", asked | {"session": "live-0"})
            assert status == 403, "of a camera that nobody is watching the rights permit nothing"
            for stranger in ("picture", "file", "recording", "from_at", "signal", "alarm", "captured_at_ns", "case"):
                status, told = await street.call("POST", "/api/enforcement/drafts", asked | {stranger: "x"})
                assert status == 422, stranger
            street.clock.at_ns += 61 * NS_PER_S  # the stream stands still
            status, told = await street.refused("POST", "/api/enforcement/drafts", asked)
            assert (status, "live no more" in told) == (409, True)
            await watching.see()
            draft = await drafted(street, watching)
        # He looks away: nothing more is taken, and what the session saw is nobody's still any more.
        path = f"/api/enforcement/drafts/{draft['draft']}"
        status, told = await street.refused("POST", f"{path}/stills", {"view": "close"})
        assert (status, "not watching" in told) == (409, True)
        async with Watching(street) as other:
            assert other.session != watching.session
            status, told = await street.refused("POST", f"{path}/stills", {"view": "close"})
            assert status == 409, "a picture of another session"
        status, made = await street.call("POST", f"{path}/sign", TYPED)
        assert status == 200, made

    street.runner.run(work())
    signed = [each.signed for each in street.signed()]
    assert len(signed) == 1
    assert signed[0].observed_to_ns >= signed[0].at_ns - 60 * NS_PER_S


@pytest.mark.requirement("VVB-1")
def test_no_door_of_an_alarm_a_signal_a_case_or_the_past_leads_to_a_ticket(street) -> None:
    tickets = {"enforcement", "enforcement/live", "enforcement/open", "enforcement/still", "enforcement/picture"}
    tickets |= {"enforcement/paint", "enforcement/standing", "enforcement/standing-stop", "enforcement/sign"}
    tickets |= {"enforcement/drop", "enforcement/package"}
    actions = {"snapshot", "ticket_open", "ticket_read", "ticket_send"}
    found = set()
    for route in street.app.routes:
        door = door_of([getattr(route, "endpoint", None), getattr(route, "app", None)])
        assert door is not None
        if door.action.value in actions or "enforcement" in route.path:
            found.add(door.name)
            assert route.path.startswith(("/api/enforcement", "/ws/enforcement/"))
            assert door.action not in PAST
            given = {part for part in route.path.split("/") if part.startswith("{")}
            assert given <= {"{camera}", "{draft}", "{number}", "{record}"}
            assert isinstance(route, APIRoute | APIWebSocketRoute)
            assert not getattr(route, "dependant", None) or not route.dependant.query_params
    assert found == tickets


@pytest.mark.requirement("VVB-2")
def test_only_a_sworn_agent_who_is_competent_here_and_named_in_the_prefects_file_records(street) -> None:
    changes: list[Callable[[Any], Any]] = [
        lambda subject: replace(subject, swearing=None),
        lambda subject: replace(subject, swearing=replace(subject.swearing, classes=frozenset({OffenceClass.PARKING}))),
        lambda subject: replace(subject, swearing=replace(subject.swearing, communes=frozenset({CommuneId("ars")}))),
        lambda subject: replace(
            subject,
            swearing=replace(subject.swearing, term=Agreement("d", date(2020, 1, 1), date(2027, 6, 1))),
        ),
    ]

    async def work() -> None:
        async with Watching(street) as watching:
            asked = {"session": watching.session, "offence": "red-light"}
            for role in (Role.OPERATOR, Role.ROOM_CHIEF, Role.CSU_MANAGER, Role.EVIDENCE_CLERK):
                assert (await street.refused("POST", "/api/enforcement/drafts", asked, role))[0] == 403
            for change in changes:
                street.sworn = change
                status, told = await street.refused("POST", "/api/enforcement/drafts", asked)
                assert (status, "sworn" in told) == (403, True)
            street.sworn = lambda subject: subject
            draft = await drafted(street, watching)
            path = f"/api/enforcement/drafts/{draft['draft']}"
            assert (await street.refused("POST", f"{path}/sign", TYPED, Role.OPERATOR))[0] == 403
            for change in changes:
                street.sworn = change
                assert (await street.refused("POST", f"{path}/sign", TYPED))[0] == 403
            assert not street.signed()
            street.sworn = lambda subject: subject
            assert (await street.call("POST", f"{path}/sign", TYPED))[0] == 200

    street.runner.run(work())
    (kept,) = street.signed()
    record, _ = street.store.read(kept)
    assert (record.agent, record.oath, record.prefect_file) == (account(AGENT), "TJ Metz", "57-pve")


@pytest.mark.requirement("VVB-3")
def test_a_camera_is_used_only_while_every_paper_designates_it(street) -> None:
    (permit,) = street.facts.ticketing
    ended = Agreement("d", date(2020, 1, 1), date(2027, 6, 1))
    changes = [(), (replace(permit, order="another"),), (replace(permit, antai=ended),)]
    changes += [(replace(permit, ends_on=date(2027, 6, 1)),), (replace(permit, from_day=date(2027, 6, 2)),)]

    async def work() -> None:
        whole = street.facts
        async with Watching(street) as watching:
            asked = {"session": watching.session, "offence": "red-light"}
            for papers_now in changes:
                street.facts = replace(whole, ticketing=papers_now)
                assert (await street.refused("POST", "/api/enforcement/drafts", asked))[0] == 403
            street.facts = whole
            draft = await drafted(street, watching)
            path = f"/api/enforcement/drafts/{draft['draft']}"
            for papers_now in changes:
                street.facts = replace(whole, ticketing=papers_now)
                assert (await street.refused("POST", f"{path}/sign", TYPED))[0] == 403
                assert (await street.refused("POST", f"{path}/stills", {"view": "close"}))[0] == 403
            street.facts = whole
            assert (await street.call("POST", f"{path}/sign", TYPED))[0] == 200

    street.runner.run(work())
    (kept,) = street.signed()
    record, _ = street.store.read(kept)
    assert (record.order, record.council_resolution, record.signs) == (permit.order, "DCM 4", ("P-1",))
    assert (record.antai, record.room) == (permit.antai.reference, "salle PVe")


@pytest.mark.requirement("VVB-4")
def test_an_offence_outside_the_closed_dated_table_is_refused(street) -> None:
    async def work() -> None:
        async with Watching(street) as watching:
            for offence in ("217", "free text", "speed", "insurance"):
                asked = {"session": watching.session, "offence": offence}
                status, told = await street.refused("POST", "/api/enforcement/drafts", asked)
                assert status in (403, 409), (offence, told)
            asked = {"session": watching.session, "offence": "waste-by-vehicle"}
            assert (await street.refused("POST", "/api/enforcement/drafts", asked))[0] == 403
        status, told = await street.call("GET", "/api/enforcement")
        assert status == 200
        (camera,) = told["cameras"]
        assert "red-light" not in camera["why_not"]
        assert {"speed", "insurance", "waste-by-vehicle"} <= set(camera["why_not"])
        assert "Légifrance" in told["table_status"]["fr"]
        assert not street.signed()

    street.runner.run(work())


@pytest.mark.requirement("VVB-5")
def test_a_record_is_complete_immutable_kept_apart_and_its_agents_alone(street) -> None:
    async def work() -> None:
        async with Watching(street) as watching:
            draft = await drafted(street, watching)
            path = f"/api/enforcement/drafts/{draft['draft']}"
            part = {"left": 0.1, "top": 0.1, "right": 0.4, "bottom": 0.8}
            _, before = await street.call("GET", f"{path}/stills/1")
            status, painted = await street.call("POST", f"{path}/stills/1/paint", {"parts": [part]})
            assert (status, painted["stills"][0]["painted"]) == (200, [part])
            _, after = await street.call("GET", f"{path}/stills/1")
            assert before != after, "who passes by is gone from the still that is signed"
            status, made = await street.call("POST", f"{path}/sign", TYPED)
            assert status == 200
            assert (await street.refused("POST", f"{path}/sign", TYPED))[0] == 404, "once"
            assert PLATE not in json.dumps(made)
        package_at = f"/api/enforcement/records/{made['record']}/package"
        for role in Role:
            if role not in (AGENT, Role.WALL_NODE):
                assert (await street.refused("POST", package_at, None, role))[0] == 403
        assert (await street.refused("POST", "/api/enforcement/records/pve-0/package"))[0] == 404
        status, package = await street.call("POST", package_at)
        assert status == 200
        assert faults_of(package, street.key.public) == ()
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            told = json.loads(archive.read("record.json"))
            assert archive.read("still-1.jpg") == after
        for field in ("agent", "camera", "commune", "place", "offence", "legal_text", "order", "signs", "antai"):
            assert told[field], field
        assert (told["plate"], len(told["stills"])) == (PLATE, 2)
        assert told["observed_from_ns"] < told["observed_to_ns"] <= told["signed_at_ns"]
        (kept,) = street.signed()
        lies_at = street.directory / "tickets" / kept.signed.file
        data = lies_at.read_bytes()
        lies_at.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])
        assert (await street.refused("POST", package_at))[0] == 503, "one altered byte, and nothing leaves"

    street.runner.run(work())


@pytest.mark.requirement("LOG-5")
def test_the_journal_of_a_ticket_holds_neither_plate_nor_picture(street) -> None:
    async def work() -> None:
        async with Watching(street) as watching:
            draft = await drafted(street, watching)
            _, made = await street.call("POST", f"/api/enforcement/drafts/{draft['draft']}/sign", TYPED)
            await street.call("POST", f"/api/enforcement/records/{made['record']}/package")

    street.runner.run(work())
    told = [row.entry for row in street.journal.rows]
    granted = [entry for entry in told if getattr(entry, "outcome", None) is Outcome.GRANTED]
    assert {Operation.LIVE_SELECT, Operation.SNAPSHOT, Operation.COMMUNICATION} <= {each.operation for each in granted}
    for entry in told:
        text = repr(entry).replace(getattr(entry, "sha256", "") or "-", "")
        assert PLATE not in text
        assert personal_data_in(text) is None
