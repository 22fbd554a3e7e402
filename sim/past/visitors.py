"""Who asks the console of a simulated centre for what: every role, most often for what it may not have.

What each answer must be is said here in the words of the requirements, not by the rules that are being judged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from csu.centre.in_process import Agreement, Claims, Designation, InProcess, Role, Subject
from csu.hal.camera import CameraId, CommuneId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from sim.oracles.access import AccessOracle
from sim.oracles.past import Kept
from sim.papers import VIEWERS
from sim.past.door import App, JournalHeard, Visit, visit

CLERK, MANAGER, CHIEF, OFFICER = "greffe.1", "direction.1", "chef.1", "opj:123456"
RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
"""An age key of nobody in particular: packages of this level hold no picture."""
SHUT_DOORS = ("replay", "timeline", "thumbnails", "history", "rewind", "pre-alarm", "recordings", "segments", "export")
PERSONS = [role for role in Role if role is not Role.WALL_NODE]
_T = TypeVar("_T")
_TOKEN_NS = 10 * NS_PER_MINUTE


@dataclass(frozen=True, slots=True)
class Requisitioned:
    """An act: this stretch of this camera."""

    case: str
    camera: CameraId
    from_ns: Nanoseconds
    to_ns: Nanoseconds


class Accounts:
    """Everybody is somebody: an account `role.n` of one commune. See `csu.console.People`."""

    def __init__(self, communes: Sequence[CommuneId], clock: Clock) -> None:
        self._communes, self._clock = tuple(communes), clock

    def commune_of(self, person: str) -> CommuneId:
        """Whose agent this person is."""
        return self._communes[sum(map(ord, person)) % len(self._communes)]

    def find(self, person: str, role: Role) -> Subject | None:
        """See People.find."""
        today = datetime.fromtimestamp(self._clock.now_ns() // NS_PER_S, UTC).date()
        everywhere = role in (Role.EVIDENCE_CLERK, Role.ROOM_CHIEF)
        communes = frozenset(self._communes if everywhere else (self.commune_of(person),))
        term = Agreement("sim-designation", today - timedelta(days=2), today + timedelta(days=2))
        designation = Designation(VIEWERS[0], communes, term)
        return Subject(person, role, False, designation, is_municipal_police=True, communes=communes)


class Visitors:
    """The people at the doors. `ask` one visit by chance; `requisition` and `hold`: what a scenario tells."""

    def __init__(
        self,
        past: InProcess,
        app: App,
        journal: JournalHeard,
        accounts: Accounts,
        cameras: Mapping[CameraId, CommuneId],
        clock: Clock,
        chance: Chance,
        oracle: AccessOracle,
        keep: Callable[[Kept], None],
    ) -> None:
        self._past, self._app, self._journal, self._accounts = past, app, journal, accounts
        self._communes, self._cameras = dict(cameras), list(cameras)
        self._clock, self._chance, self._oracle, self._keep = clock, chance, oracle, keep
        self._open: list[Requisitioned] = []
        """Cases that are locked and not prepared."""
        self._released: list[Requisitioned] = []
        self._turn = 0

    async def come(self, per_s: float) -> None:
        """Visit after visit, until cancelled."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.2, 1.8) / per_s)
            await self.ask()

    async def ask(self) -> None:
        """The next kind of visit, by somebody, for something."""
        kinds = (
            self._shut_door,
            self._live,
            self._list,
            self._foreign_live,
            self._package,
            self._alone,
            self._own_case,
        )
        self._turn += 1
        await kinds[self._turn % len(kinds)]()

    # -- what a scenario tells ----------------------------------------------------------------------------------------

    async def requisition(self, act: Requisitioned) -> bool:
        """The clerk registers the act, looks it through and locks; True when the desk said that it is locked."""
        body = {
            "basis": "CPP_60_1",
            "number": act.case,
            "officer": {"name": "Durand", "rank": "Maj.", "unit": "CIAT", "number": "123456"},
            "received_at": _text(self._clock.now_ns()),
            "spans": [{"camera": act.camera, "from_at": _text(act.from_ns), "to_at": _text(act.to_ns)}],
            "act_sha256": "ab" * 32,
            "is_signed": True,
        }
        steps = (("PUT", "", body), ("POST", "/check", None), ("POST", "/lock", None))
        for method, step, told in steps:
            answer = await self._visit(CLERK, Role.EVIDENCE_CLERK, method, f"/api/cases/{act.case}{step}", told)
            if answer.is_refused:
                self._oracle.trouble(f"{act.case}{step}: {answer.status} {answer.body[:200]!r}")
                return False
        self._keep(Kept(act.camera, act.from_ns, act.to_ns, is_lock=True, since_ns=self._clock.now_ns()))
        self._open.append(act)
        return True

    async def hold(self, hold: str, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """The room chief asks, the manager places; True when it holds."""
        where = f"/api/cameras/{camera}/holds/{hold}?from_at={_query(from_ns)}&to_at={_query(to_ns)}"
        asked = await self._visit(CHIEF, Role.ROOM_CHIEF, "PUT", where, {"reason": "vol signalé"})
        placed = await self._visit(MANAGER, Role.CSU_MANAGER, "POST", f"/api/holds/{hold}/place")
        if asked.is_refused or placed.is_refused:
            worse = asked if asked.is_refused else placed
            self._oracle.trouble(f"{hold}: {worse.status} {worse.body[:200]!r}")
            return False
        self._keep(Kept(camera, from_ns, to_ns, is_lock=False, since_ns=self._clock.now_ns()))
        return True

    # -- visits -------------------------------------------------------------------------------------------------------

    async def _shut_door(self) -> None:
        """Replay is no button of anybody's (ACC-3)."""
        role, camera = self._pick(PERSONS), self._pick(self._cameras)
        person = f"{role.value}.{self._chance.integer(1, 9)}"
        answer = await self._visit(person, role, "GET", f"/api/cameras/{camera}/{self._pick(SHUT_DOORS)}")
        self._oracle.must_refuse("replay_refused", answer, f"{person} {camera}")

    async def _live(self) -> None:
        person = f"operator.{self._chance.integer(1, 9)}"
        mine = [camera for camera in self._cameras if self._communes[camera] == self._accounts.commune_of(person)]
        camera = self._pick(mine)
        answer = await self._visit(person, Role.OPERATOR, "WS", f"/ws/live/{camera}")
        self._oracle.journaled(answer, f"{person} {camera}")

    async def _foreign_live(self) -> None:
        """The camera of another commune (COM-3)."""
        person = f"operator.{self._chance.integer(1, 9)}"
        theirs = [camera for camera in self._cameras if self._communes[camera] != self._accounts.commune_of(person)]
        if theirs:
            camera = self._pick(theirs)
            answer = await self._visit(person, Role.OPERATOR, "WS", f"/ws/live/{camera}")
            self._oracle.must_refuse("communes_apart", answer, f"{person} {camera}")

    async def _list(self) -> None:
        role = self._pick((Role.OPERATOR, Role.COMMUNE_DELEGATE))
        person = f"{role.value}.{self._chance.integer(1, 9)}"
        answer = await self._visit(person, role, "GET", "/api/cameras")
        if answer.is_refused:
            return
        mine = self._accounts.commune_of(person)
        seen = {line["camera"] for line in answer.json()}
        self._oracle.apart(person, [camera for camera in seen if self._communes[CameraId(camera)] != mine])

    async def _package(self) -> None:
        """A package, by somebody who did not requisition it; of a case that is not released; of none."""
        cases = [act.case for act in (*self._released, *self._open)] or ["2026-0"]
        role = self._pick(
            [role for role in PERSONS if role not in (Role.JUDICIAL_OFFICER, Role.EVIDENCE_CLERK, Role.DPO)]
        )
        person = f"{role.value}.{self._chance.integer(1, 9)}"
        answer = await self._visit(person, role, "GET", f"/api/cases/{self._pick(cases)}/package")
        self._oracle.must_refuse("replay_refused", answer, f"{person} package")
        answer = await self._visit(CLERK, Role.EVIDENCE_CLERK, "GET", "/api/cases/2000-404/copy")
        self._oracle.must_refuse("export_by_two", answer, "no case", noted=False)

    async def _alone(self) -> None:
        """One person prepares a package, and tries to let it out alone; then another lets it out."""
        now_ns = self._clock.now_ns()
        ready = [act for act in self._open if act.to_ns < now_ns - 5 * NS_PER_MINUTE]
        if not ready:
            return
        act, where = ready[0], f"/api/cases/{ready[0].case}"
        self._open.remove(act)
        early = await self._visit(CLERK, Role.EVIDENCE_CLERK, "GET", f"{where}/copy")
        self._oracle.must_refuse("export_by_two", early, f"{act.case} not released")
        made = await self._visit(CLERK, Role.EVIDENCE_CLERK, "POST", f"{where}/prepare", {"recipients": [RECIPIENT]})
        if made.is_refused:
            self._oracle.trouble(f"{act.case} prepare: {made.status} {made.body[:200]!r}")
            return
        for person, role in (
            (CLERK, Role.EVIDENCE_CLERK),
            (CLERK, Role.CSU_MANAGER),
            (CLERK.upper(), Role.CSU_MANAGER),
        ):
            alone = await self._visit(person, role, "POST", f"{where}/release")
            self._oracle.must_refuse("export_by_two", alone, f"{act.case} released by {person}")
        early = await self._visit(CLERK, Role.EVIDENCE_CLERK, "GET", f"{where}/copy")
        self._oracle.must_refuse("export_by_two", early, f"{act.case} prepared, not released")
        released = await self._visit(MANAGER, Role.CSU_MANAGER, "POST", f"{where}/release")
        if released.is_refused:
            self._oracle.trouble(f"{act.case} release: {released.status} {released.body[:200]!r}")
            return
        self._released.append(act)

    async def _own_case(self) -> None:
        """Who requisitioned fetches the package of a released case."""
        if self._released:
            act = self._pick(self._released)
            answer = await self._visit(OFFICER, Role.JUDICIAL_OFFICER, "GET", f"/api/cases/{act.case}/package")
            self._oracle.journaled(answer, f"{OFFICER} {act.case}")

    async def _visit(self, person: str, role: Role, method: str, path: str, body: object = None) -> Visit:
        now_ns = self._clock.now_ns()
        claims = Claims(
            person=person, role=role.value, strong_login=True, from_ns=now_ns - NS_PER_S, to_ns=now_ns + _TOKEN_NS
        )
        return await visit(self._app, self._journal, person, self._past.token(claims), method, path, body)

    def _pick(self, among: Sequence[_T]) -> _T:
        return among[self._chance.integer(0, len(among) - 1)]


def _text(at_ns: Nanoseconds) -> str:
    return datetime.fromtimestamp(at_ns // NS_PER_S, UTC).isoformat()


def _query(at_ns: Nanoseconds) -> str:
    return f"{datetime.fromtimestamp(at_ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}"
