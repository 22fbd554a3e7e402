"""Three communes, their cameras, alarms and cases, people with any papers; and who may do what there, said anew.

The oracle reads the table that a lawyer reads (`docs/rights.md`) and judges its letters by what was drawn (a paper is
`valid` or `ended`, a camera `open` or `stored`): it knows neither the policies nor how the program reckons dates.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from csu.alarms import AlarmDesk
from csu.console import RoomHealth
from csu.console.wall_now import CoverageNow
from csu.evidence import CameraSpan, Requisition, RequisitionDesk
from csu.governance import (
    Agreement,
    Author,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    Clearance,
    CommuneService,
    DeportFacts,
    Designation,
    GovernedCamera,
    Interruption,
    InterruptionKind,
    Notification,
    Placement,
    PrefectApproval,
    Purpose,
    Rights,
    Role,
    ServiceLevel,
    Signature,
    Span,
    Subject,
)
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.ingest.board import CameraState, CameraStatus
from csu.operations import CallProgress, Deport, DeportAsked, OutboxCall
from csu.wall import SceneSlots, ShiftCoverage, Slot, SlotId, SlotRule, WallDirector, WallPlan, WatchHeard
from csu.wall.directing.account import Account
from tests.compliance.doors.conftest import Answer, World
from tests.compliance.doors.desks_in_memory import (
    AlarmsInMemory,
    CallsInMemory,
    DeportsInMemory,
    DeskInMemory,
    PtzInMemory,
    Room,
    WallInMemory,
)
from tests.compliance.doors.facts import CASE, HOLD, NOON, account, act, instant
from tests.governance.rights.test_rights_table import decided

CELLS = decided()
OURS, THEIRS = "service-1", "service-2"
METZ = "metz"
COMMUNES = ("rozange", "vertuy", "bleury", METZ)
"""The last is where the desks of the doors' matrix have their things; no camera of the city stands there."""
SCOPED = {Role.OPERATOR, Role.ROOM_CHIEF, Role.VERBALISER, Role.EVIDENCE_CLERK}
"""The agents, whom rights.md binds to the communes of their papers."""
OWN_ONLY = {Role.COMMUNE_DELEGATE, Role.MAYOR, Role.SERVICE_USER}
"""« pour un délégué, un élu ou un service, les chiffres de sa commune seulement »."""


@dataclass(frozen=True)
class Camera:
    """`state`: open, stored (its commune agreed to storage only), ended, future, suspended. `viewers`: a service."""

    camera: str
    commune: str
    state: str = "open"
    viewers: str = OURS
    on_wall: bool = True


CAMERAS = {
    each.camera: each
    for each in (
        Camera("cam-0101", "rozange"),
        Camera("cam-0102", "rozange", "ended"),
        Camera("cam-0103", "rozange", "future"),
        Camera("cam-0104", "rozange", viewers=THEIRS, on_wall=False),
        Camera("cam-0201", "vertuy", "stored"),
        Camera("cam-0301", "bleury"),
        Camera("cam-0302", "bleury", "suspended"),
    )
}
NO_CAMERA = "cam-0999"
CASES = {CASE: "cam-0101", "2027-303": "cam-0301"}
HOLDS = {HOLD: "cam-0101", "G-2027-8": "cam-0301"}
ASKED_FOR = {"G-2027-17": "cam-0101", "G-2027-18": "cam-0301"}
"""Holds that were placed; and those that nobody placed yet."""
DEPORTS = {"d-1": "cam-0101", "d-3": "cam-0301"}
TILES = {"place": "cam-0101", "far": "cam-0301"}
FROM_NS, TO_NS = instant("2027-05-20 10:00"), instant("2027-05-20 10:20")


def tokens_of(commune: str) -> set[str]:
    """What names something of a commune, in any answer."""
    cameras = {each.camera for each in CAMERAS.values() if each.commune == commune}
    return {commune, f"p-{commune}", f"Mairie {commune}", *cameras, *(f"Rue {camera}" for camera in cameras)}


def orders() -> AuthorisationFacts:
    """The papers of the city, so that each camera is in its state at NOON."""
    days = {"ended": (date(2026, 1, 1), date(2027, 6, 1)), "future": (date(2027, 6, 2), date(2030, 1, 1))}
    orders, placed, notified = [], [], []
    for number, each in enumerate(CAMERAS.values()):
        valid_from, ends_on = days.get(each.state, (date(2027, 6, 1), date(2027, 6, 2)))
        stop = Interruption(InterruptionKind.SUSPENDED, NOON, "AP 9")
        order = Authorisation(
            number=f"2026-57-{number}",
            ordered_on=date(2025, 12, 1),
            valid_from=valid_from,
            ends_on=ends_on,
            purposes=frozenset({Purpose.PERSONS_PROPERTY}),
            retention_days=30,
            viewers=frozenset({each.viewers}),
            recipients=frozenset({"police"}),
            commission_opinion="CDV",
            cameras=frozenset({CameraId(each.camera)}),
            interruptions=(stop,) if each.state == "suspended" else (),
        )
        orders.append(order)
        camera = CameraId(each.camera)
        placed.append(
            GovernedCamera(camera, CommuneId(each.commune), (Placement(instant("2025-12-16 08:00"), 0.0, 0.0),))
        )
        notified.append(Notification(camera, date(2025, 12, 16), 0.0, 0.0, "LR"))
    long = Agreement("conv", date(2020, 1, 1), date(2036, 1, 1))
    stores = {"vertuy": ServiceLevel.STORAGE_ONLY}
    services = tuple(
        CommuneService(CommuneId(each), stores.get(each, ServiceLevel.STORAGE_AND_WATCH), long) for each in COMMUNES
    )
    return AuthorisationFacts(tuple(orders), tuple(placed), tuple(notified), services)


# -- people -----------------------------------------------------------------------------------------------------------

TERMS = {
    "valid": (date(2027, 1, 1), date(2030, 1, 1)),
    "begins today": (date(2027, 6, 1), date(2030, 1, 1)),
    "ended": (date(2020, 1, 1), date(2027, 5, 1)),
    "ends today": (date(2020, 1, 1), date(2027, 6, 1)),
    "future": (date(2027, 6, 2), date(2030, 1, 1)),
}
HOLDS_NOW = {"valid", "begins today"}


@dataclass(frozen=True)
class Someone:
    """Who asks, as drawn. A paper is (communes, state), or None: he has it not."""

    role: Role
    designation: tuple[frozenset[str], str, str] | None = None
    """(communes, state, service)"""
    approval: tuple[frozenset[str], str] | None = None
    """state: of TERMS, or `interrupted`, `inquiry old`, `inquiry future`"""
    police: bool = False
    clearance: str | None = None
    communes: frozenset[str] = frozenset()
    strong: bool = True
    suspended: bool = False

    @property
    def scope(self) -> set[str]:
        """The communes of which he may know anything: of an agent, those of papers that hold now (COM-3)."""
        if self.role in OWN_ONLY:
            return set(self.communes)
        if self.role not in SCOPED:
            return set(COMMUNES)
        named = set(self.designation[0]) if self.designation and self.designation[1] in HOLDS_NOW else set()
        approved = set(self.approval[0]) if self.approval and self.approval[1] in HOLDS_NOW else set()
        return named if self.police else named & approved

    def subject(self) -> Subject | None:
        """With papers of paper."""
        if self.suspended:
            return None
        return Subject(
            account(self.role),
            self.role,
            strong_login=False,
            designation=None
            if self.designation is None
            else Designation(self.designation[2], _named(self.designation[0]), _term(self.designation[1])),
            approval=None if self.approval is None else _approval(*self.approval),
            is_municipal_police=self.police,
            clearance=None if self.clearance is None else Clearance("h", "police", _term(self.clearance)),
            communes=_named(self.communes),
        )


def _named(communes: frozenset[str]) -> frozenset[CommuneId]:
    return frozenset(CommuneId(each) for each in communes)


def _term(state: str) -> Agreement:
    return Agreement("d", *TERMS[state])


def _approval(communes: frozenset[str], state: str) -> PrefectApproval:
    from_day, ends_on = TERMS.get(state, TERMS["valid"])
    inquiry_on = {"inquiry old": date(2022, 6, 1), "inquiry future": date(2027, 6, 2)}.get(state, date(2022, 6, 2))
    stops = (Interruption(InterruptionKind.SUSPENDED, NOON, "AP"),) if state == "interrupted" else ()
    return PrefectApproval("57-3", "Moselle", _named(communes), from_day, ends_on, inquiry_on, stops)


def someone(seed: int) -> Someone:
    """A person of that number: roles in turn, the agents twice as often; papers in order but for up to two of them."""
    chance, roles = random.Random(f"person {seed}"), [role for role in Role if role is not Role.WALL_NODE]
    roles += [role for role in roles if role in SCOPED]

    def communes() -> frozenset[str]:
        return frozenset(chance.sample(COMMUNES, chance.choice((1, 2, 2, 3))))

    who = Someone(
        roles[seed % len(roles)],
        designation=(communes(), "valid", OURS),
        approval=(frozenset(COMMUNES), "begins today"),
        clearance="valid",
        communes=communes(),
    )
    state = chance.choice(list(TERMS))
    flaws: list[dict[str, Any]] = [
        {"designation": None},
        {"designation": (communes(), state, OURS)},
        {"designation": (communes(), "valid", THEIRS)},
        {"designation": (frozenset(), "valid", OURS)},
        {"approval": None},
        {"approval": None, "police": True},
        {"approval": (communes(), chance.choice([*TERMS, "interrupted", "inquiry old", "inquiry future"]))},
        {"clearance": chance.choice([None, state])},
        {"communes": frozenset()},
        {"strong": False},
        {"suspended": True},
    ]
    for flaw in chance.sample(flaws, chance.choice((0, 1, 1, 2))):
        who = replace(who, **flaw)
    return who


# -- what is asked for ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Thing:
    """What a request is about: cameras and communes, all of which must be permitted. `exists` False: there is none."""

    cameras: tuple[str, ...] = ()
    communes: tuple[str, ...] = ()
    exists: bool = True
    situation: frozenset[str] = frozenset("LI2RF")
    """Letters of rights.md that the situation grants, of those which are about cases and purposes."""


def may(who: Someone, action: str, thing: Thing) -> bool:
    """The answer of the oracle."""
    cell = CELLS[who.role.value, action]
    if cell == "-" or not who.strong or who.suspended or not thing.exists:
        return False
    scope = {CAMERAS[each].commune for each in thing.cameras} | set(thing.communes)
    is_own = action in ("sign_out", "account_read", "account_set", "console_open")
    if not is_own and (who.role in SCOPED | OWN_ONLY) and not scope <= who.scope:
        return False
    if not is_own and who.role in OWN_ONLY and not scope:
        return False
    letters = set() if cell == "oui" else set(cell)
    cameras: Sequence[str | None] = thing.cameras or (None,)
    return all(_letter(each, who, camera, thing) for each in letters for camera in cameras)


def _letter(letter: str, who: Someone, camera: str | None, thing: Thing) -> bool:
    known = CAMERAS.get(camera or "")
    has_order = known is not None and known.state not in ("ended", "future")
    match letter:
        case "D":
            paper = who.designation
            may_view = not has_order or (paper is not None and known is not None and paper[2] == known.viewers)
            return paper is not None and paper[1] in HOLDS_NOW and may_view
        case "A":
            return who.police or (who.approval is not None and who.approval[1] in HOLDS_NOW)
        case "C":
            return known is not None and known.state == "open"
        case "H":
            return who.clearance in HOLDS_NOW and has_order
    return letter in thing.situation


# -- the console of the city ------------------------------------------------------------------------------------------


class CityRoom(Room):
    """Every camera sends pictures; those that are open are watched, and on the wall."""

    def cameras(self) -> Sequence[CameraStatus]:
        return [
            CameraStatus(
                CameraRecord(
                    CameraId(each.camera),
                    int(each.camera[4:]),
                    f"Rue {each.camera}",
                    CommuneId(each.commune),
                    ViewType.WIDE,
                ),
                CameraState.LIVE,
                NOON,
                NOON,
                lifecycle=CameraLifecycle.ACTIVE if each.on_wall else CameraLifecycle.SUSPENDED,
                mask_version=3,
                watched=each.state == "open",
            )
            for each in CAMERAS.values()
        ]

    def health(self) -> RoomHealth:
        return RoomHealth(True, "1.2.3", NOON, 1, 1)


class CityAlarms(AlarmsInMemory):
    """One alarm waits in each commune."""

    def ring(self) -> None:
        self._desk = AlarmDesk()
        for commune in COMMUNES:
            told = PanelMessage(
                PanelId(f"p-{commune}"), 7, CommuneId(commune), f"Mairie {commune}", AlarmKind.INTRUSION, NOON
            )
            raised = self._desk.take(told, NOON)
            assert raised is not None
            self._desk.keep(raised.alarm)

    def cameras_for(self, alarm: Any, may_view: Any) -> Sequence[CameraId]:
        return [CameraId(each) for each in CAMERAS if may_view(CameraId(each))]


class CityDesk(DeskInMemory):
    """A released case, a placed hold and one that is asked for in `rozange`, and the same in `bleury`."""

    def stand(self, situation: str) -> None:
        self._desk = RequisitionDesk(lambda camera, at_ns: at_ns + 30 * NS_PER_DAY)
        self._signed, self.asked = {}, []
        clerk, manager = (Signature(account(role), role) for role in (Role.EVIDENCE_CLERK, Role.CSU_MANAGER))
        chief = Signature(account(Role.ROOM_CHIEF), Role.ROOM_CHIEF)
        for case, camera in CASES.items():
            span = CameraSpan(CameraId(camera), FROM_NS, TO_NS)
            asked: Requisition = replace(act(), spans=(span,))
            self._signed[case] = clerk
            for step in (
                lambda case=case, asked=asked: self._desk.receive(case, asked, **self._by(clerk)),
                lambda case=case: self._desk.check(case, **self._by(clerk)),
                lambda case=case: self._desk.lock(case, **self._by(clerk)),
                lambda case=case, span=span: self._desk.prepare(case, (span,), "f" * 64, **self._by(clerk)),
                lambda case=case: self._desk.validate(case, **self._by(manager)),
            ):
                self._do(step())
        for hold, camera in (HOLDS | ASKED_FOR).items():
            span = CameraSpan(CameraId(camera), FROM_NS, TO_NS)
            self._apply(self._desk.request_hold(hold, span, reason="2027/12", **self._by(chief)))
            if hold in HOLDS:
                self._signed[hold] = clerk
                self._apply(self._desk.grant_hold(hold, **self._by(clerk)))


class CityWall(WallInMemory):
    """One tile shows a camera of `rozange`, one of `bleury`."""

    def hang(self, person: str = "") -> None:
        spot = Slot(SlotId("spot"), SlotRule.ALARM_SPOT)
        slots = (spot, *(Slot(SlotId(tile), SlotRule.FIXED, (CameraId(shown),)) for tile, shown in TILES.items()))
        scenes = (SceneSlots("base", slots), SceneSlots("few", slots[:2]))
        self.director = WallDirector(WallPlan(scenes, "base", "few"), lambda camera, now_ns: True)
        self.account = Account()
        self.ask(WatchHeard(is_short=False))

    def coverage(self) -> CoverageNow:
        cameras = tuple(CameraId(each) for each in CAMERAS)
        live = dict.fromkeys(cameras, NS_PER_DAY)
        return CoverageNow(ShiftCoverage(NOON, self._clock.now_ns(), live, cameras), 2, cameras)


class CityPtz(PtzInMemory):
    """Every camera can be turned."""

    def leases(self) -> dict[CameraId, None]:
        return {CameraId(each): None for each in CAMERAS}


class CityDeports(DeportsInMemory):
    """One to the recipient in `rozange`, one in `bleury`; what is asked for is opened."""

    def __init__(self, relay: Any) -> None:
        super().__init__(relay)
        told = self.deport
        self._open = [
            replace(told, deport=name, cameras=(CameraId(each),), alarm=f"panel-{CAMERAS[each].commune}/7")
            for name, each in DEPORTS.items()
        ]

    def deports(self) -> Sequence[Deport]:
        return self._open

    def facts(self, deport: str, account: str) -> DeportFacts | None:
        if deport not in DEPORTS or account != self.deport.recipient.account:
            return None
        return DeportFacts(account, (CameraId(DEPORTS[deport]),), Span(self.deport.from_ns, self.deport.until_ns))

    async def start(self, asked: DeportAsked, recipient: str, by: Author) -> Deport:
        return replace(self.deport, cameras=asked.cameras, alarm=asked.alarm)

    async def prolong(self, deport: str, minutes: int, reason: str, by: Author) -> Deport:
        return next(each for each in self._open if each.deport == deport)

    async def stop(self, deport: str, reason: str, by: Author) -> Deport:
        return next(each for each in self._open if each.deport == deport)


class CityCalls(CallsInMemory):
    """One about the alarm of each commune."""

    def calls(self) -> Sequence[tuple[OutboxCall, CallProgress]]:
        told = [
            replace(self.call.call, call=f"p-{commune}/7", commune=CommuneId(commune), site=f"Mairie {commune}")
            for commune in COMMUNES
        ]
        return [(replace(self.call, call=each), CallProgress.CALLING) for each in told]


class City(World):
    """The console of the doors' matrix, over the city; `who` is whoever asks."""

    def __init__(self) -> None:
        super().__init__(room=CityRoom())
        self.who: Someone | None = None
        self.people.find = self._find  # type: ignore[method-assign]
        self.desk = CityDesk(self.clock)
        self.rights = Rights(AuthorisationRegister(orders()))
        self.access = replace(self.access, rights=self.rights, desk=self.desk)
        self.alarms, self.wall = CityAlarms(self.clock), CityWall(self.clock)
        self.open(
            alarms=self.alarms, wall=self.wall, ptz=CityPtz(), calls=CityCalls(), deports=CityDeports(self.room.relay)
        )

    def _find(self, person: str, role: Role, at_ns: int) -> Subject | None:
        return None if self.who is None else self.who.subject()

    def ask_as(self, who: Someone, method: str, path: str, body: bytes = b"") -> Answer:
        """From a fresh start, long after whatever was asked before."""
        self.who = who
        for made in (self.alarms.ring, self.wall.hang, lambda: self.desk.stand("")):
            made()
        self.clock.runs_ns += 120 * NS_PER_S
        self.journal.rows.clear()
        self.seen.clear()
        key = (who.role, who.strong)
        if key not in self._tokens:
            self._tokens[key] = self.token(who.role, strong_login=who.strong)
        return self.ask(method, path, body=body, authorization=self._tokens[key])
