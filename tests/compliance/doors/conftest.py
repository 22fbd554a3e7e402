"""A console with one person of every role, all papers in order, one camera in service, and cases in every state.

Requests are given to the application as a server gives them (ASGI), so that every path can be tried as it is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import CollectorRegistry

from csu.console import Desks, create_app
from csu.console.access import Access
from csu.console.demonstration import JournalInMemory
from csu.console.gate import Gate
from csu.console.identity import AnyOf, Claims, NodeClaims, SignedTokens, WallNodeTokens, make_token
from csu.console.loudspeaker import Speaking
from csu.console.metrics import ConsoleCounts
from csu.governance import (
    AuthorisationRegister,
    Clearance,
    Designation,
    OffenceClass,
    PrefectApproval,
    Rights,
    Role,
    Subject,
    Swearing,
)
from csu.governance.centre_key import CentreKey
from csu.governance.journal_entry import Ended, JournalEntry, JournalRow
from csu.hal.clock import NS_PER_MINUTE
from tests.compliance.doors.desks_in_memory import (
    AimsInMemory,
    AlarmsInMemory,
    AnalysisInMemory,
    CallsInMemory,
    CommunesInMemory,
    DeportsInMemory,
    DeskInMemory,
    EnforcementInMemory,
    EventsInMemory,
    InventoryInMemory,
    LogInMemory,
    MapInMemory,
    MessagesInMemory,
    PtzInMemory,
    Room,
    ServiceInMemory,
    SignalsInMemory,
    StatisticsInMemory,
    ToursInMemory,
    VisitsInMemory,
    WallInMemory,
    WallNodeInMemory,
    WatchInMemory,
)
from tests.compliance.doors.dpo_desks import dpo_desks
from tests.compliance.doors.facts import (
    CAMERA,
    METZ,
    NOON,
    YEARS,
    SettableClock,
    account,
    papers,
)


class People:
    """One account for each role, with every paper there is."""

    def __init__(self) -> None:
        self.withdrawn: set[Role] = set()

    def find(self, person: str, role: Role, at_ns: int) -> Subject | None:
        if person != account(role) or role in self.withdrawn:
            return None
        metz = frozenset({METZ})
        return Subject(
            person,
            role,
            strong_login=False,
            designation=Designation("csu-metz", metz, YEARS),
            approval=PrefectApproval("57-3", "Moselle", metz, date(2027, 1, 1), date(2030, 1, 1), date(2026, 11, 1)),
            clearance=Clearance("hab-7", "dipn-57", YEARS),
            communes=metz,
            swearing=Swearing("TJ Metz", "57-pve", frozenset(OffenceClass), metz, YEARS),
        )


class WatchedJournal(JournalInMemory):
    """Says in `seen` when it was written to, and can be out of order."""

    def __init__(self, clock: SettableClock, seen: list[str]) -> None:
        super().__init__(clock)
        self._seen = seen
        self.trouble: Exception | None = None

    def _add(self, entry: JournalEntry | Ended) -> JournalRow:
        if self.trouble is not None:
            raise self.trouble
        self._seen.append("journal")
        return super()._add(entry)


@dataclass
class Answer:
    """What came back: `status` 101 is a WebSocket that was let in, 403 one that was not."""

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    close_code: int | None = None
    gate: str | None = None
    """The name of the door that the gate stood at; None: the gate was not there."""


@dataclass
class World:
    """The console and its surroundings. `seen`: journal and bytes, in the order in which they happened."""

    clock: SettableClock = field(default_factory=SettableClock)
    room: Room = field(default_factory=Room)
    people: People = field(default_factory=People)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = CentreKey(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
        self.journal = WatchedJournal(self.clock, self.seen)
        self.desk = DeskInMemory(self.clock)
        self.rights = Rights(AuthorisationRegister(papers()))
        people, self.nodes = SignedTokens(self.key.public, self.people), WallNodeInMemory()
        identity = AnyOf([people, WallNodeTokens(self.key.public, self.nodes)])
        self.access = Access(self.rights, identity, self.journal, self.desk)
        self.alarms = AlarmsInMemory(self.clock)
        self.wall = WallInMemory(self.clock)
        self.events = EventsInMemory()
        self.speak_by(MessagesInMemory())
        self.gate = Gate(self.room, self.clock, self.access, ConsoleCounts(CollectorRegistry()), ask_again_s=30)
        self.runner = asyncio.Runner()
        self.last = Answer()
        self._tokens: dict[object, str] = {}

    def speak_by(self, speaking: Speaking) -> None:
        """The console anew, with these loudspeakers."""
        self.desks = Desks(
            alarms=self.alarms,
            speaking=speaking,
            watch=WatchInMemory(),
            log=LogInMemory(),
            service=ServiceInMemory(),
            visits=VisitsInMemory(),
            events=self.events,
            ptz=PtzInMemory(),
            aims=AimsInMemory(),
            tours=ToursInMemory(),
            map=MapInMemory(),
            wall=self.wall,
            wall_nodes=self.nodes,
            communes=CommunesInMemory(self.room, self.clock),
            analysis=AnalysisInMemory(),
            signals=SignalsInMemory(self.room),
            statistics=StatisticsInMemory(self.room),
            inventory=InventoryInMemory(),
            dpo=dpo_desks(),
            calls=CallsInMemory(),
            deports=DeportsInMemory(self.room.relay),
            enforcement=EnforcementInMemory(self.room.relay),
        )
        self.open()

    def open(self, **desks: Any) -> None:
        """The console anew, with these desks instead."""
        self.desks = replace(self.desks, **desks)
        self.app = create_app(self.room, clock=self.clock, access=self.access, desks=self.desks)

    def token(self, role: Role, **changes: Any) -> str:
        if role is Role.WALL_NODE:
            told = NodeClaims(node="mur-b", from_ns=NOON, to_ns=NOON + 10 * NS_PER_MINUTE)
            return f"Bearer {make_token(self.key, told)}"
        claims = Claims(
            person=account(role), role=role.value, strong_login=True, from_ns=NOON, to_ns=NOON + 10 * NS_PER_MINUTE
        )
        return f"Bearer {make_token(self.key, claims.model_copy(update=changes))}"

    def entries(self) -> list[JournalEntry]:
        """What was written since the last call, ends left out."""
        rows = [row.entry for row in self.journal.rows if isinstance(row.entry, JournalEntry)]
        self.journal.rows.clear()
        return rows

    def ask(self, method: str, path: str, role: Role | None = None, *, body: bytes = b"", **headers: str) -> Answer:
        """One request of that role, or of nobody; `method` WS opens a WebSocket. Runs until something was served."""
        if role is not None and "authorization" not in headers:
            if role not in self._tokens:
                self._tokens[role] = self.token(role)
            headers["authorization"] = self._tokens[role]
        return self.runner.run(self.send(method, path, headers, body))

    async def send(self, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> Answer:
        path, _, query = target.partition("?")
        is_socket = method == "WS"
        told = {"origin": "http://127.0.0.1:8600"} if is_socket else {}
        told |= {"host": "127.0.0.1:8600", "content-type": "application/json"} | headers
        scope: dict[str, Any] = {
            "type": "websocket" if is_socket else "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "ws" if is_socket else "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8600),
            **({"subprotocols": []} if is_socket else {"method": method}),
        }
        answer, served = Answer(), asyncio.Event()
        self.last = answer
        opening = [{"type": "websocket.connect"} if is_socket else {"type": "http.request", "body": body}]

        async def receive() -> dict[str, Any]:
            if opening:
                return opening.pop()
            await served.wait()
            return {"type": "websocket.disconnect", "code": 1001} if is_socket else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            self.seen.append("byte")
            _note(answer, message)
            if message["type"] in ("http.response.body", "websocket.send", "websocket.close"):
                served.set()

        async with asyncio.timeout(5):
            await self.app(scope, receive, send)
        answer.gate = scope.get("csu.gate")
        return answer


def _note(answer: Answer, message: dict[str, Any]) -> None:
    match message["type"]:
        case "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        case "http.response.body":
            answer.body += message.get("body", b"")
        case "websocket.accept":
            answer.status = 101
        case "websocket.send":
            answer.body += message.get("bytes") or message.get("text", "").encode()
        case "websocket.close":
            answer.status = answer.status or 403
            answer.close_code = message["code"]


@pytest.fixture
def world() -> Iterator[World]:
    """A console of its own for the test."""
    made = World()
    with made.runner:
        yield made


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    """One console for many requests that change nothing but what is reset before each."""
    made = World()
    with made.runner:
        yield made


@pytest.fixture(scope="session")
def hand_over_json() -> dict[str, Any]:
    """The body of a hand-over that lacks nothing."""
    return {
        "officer": {"name": "Durand"},
        "support": "BD-R 77",
        "is_rewritable": False,
        "copies": 1,
        "receipt": "receipt-1",
        "seal": "S-12",
    }


@pytest.fixture(scope="session")
def act_json() -> dict[str, Any]:
    """The body of a requisition that lacks nothing."""
    return {
        "basis": "CPP_60_1",
        "number": "PV 2027/88",
        "officer": {"name": "Durand", "rank": "Maj.", "unit": "CIAT Metz", "number": "0123456"},
        "received_at": "2027-05-31T12:00:00+02:00",
        "spans": [{"camera": CAMERA, "from_at": "2027-05-20T10:00:00+02:00", "to_at": "2027-05-20T10:20:00+02:00"}],
        "act_sha256": "0" * 64,
        "is_signed": True,
    }
