"""Three communes, their cameras, alarms and cases, people with any papers; and who may do what there, said anew.

The oracle reads the table that a lawyer reads (`docs/rights.md`) and judges its letters by what was drawn (a paper is
`valid` or `ended`, a camera `open` or `stored`): it knows neither the policies nor the dates that the program reckons with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from csu.alarms import AlarmDesk
from csu.console import RoomHealth
from csu.evidence import CameraSpan, Requisition, RequisitionDesk
from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    Clearance,
    CommuneService,
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
    Subject,
)
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_DAY
from csu.ingest.board import CameraState, CameraStatus
from tests.compliance.doors.conftest import (
    CASE,
    HOLD,
    NOON,
    AlarmsInMemory,
    DeskInMemory,
    Room,
    WallInMemory,
    World,
    account,
    act,
    instant,
)
from tests.governance.rights.test_rights_table import decided

CELLS = decided()
OURS, THEIRS = "service-1", "service-2"
COMMUNES = ("rouge", "verte", "bleue")
SCOPED = {Role.OPERATOR, Role.ROOM_CHIEF, Role.VERBALISER, Role.EVIDENCE_CLERK}
"""The agents, whom rights.md binds to the communes of their papers."""
OWN_ONLY = {Role.COMMUNE_DELEGATE, Role.MAYOR, Role.SERVICE_USER}
"""« pour un délégué, un élu ou un service, les chiffres de sa commune seulement »."""


@dataclass(frozen=True)
class Camera:
    """`state`: open, stored (its commune has agreed to storage only), ended, future, suspended. `viewers`: a service."""

    camera: str
    commune: str
    state: str = "open"
    viewers: str = OURS
    on_wall: bool = True


CAMERAS = {
    each.camera: each
    for each in (
        Camera("cam-0101", "rouge"),
        Camera("cam-0102", "rouge", "ended"),
        Camera("cam-0103", "rouge", "future"),
        Camera("cam-0104", "rouge", viewers=THEIRS, on_wall=False),
        Camera("cam-0201", "verte", "stored"),
        Camera("cam-0301", "bleue"),
        Camera("cam-0302", "bleue", "suspended"),
    )
}
NO_CAMERA = "cam-0999"
CASES = {CASE: "cam-0101", "2027-303": "cam-0301"}
HOLDS = {HOLD: "cam-0101", "G-2027-8": "cam-0301"}
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
    stores = {"verte": ServiceLevel.STORAGE_ONLY}
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
        """The communes of which he may know anything."""
        if self.role in OWN_ONLY:
            return set(self.communes)
        if self.role not in SCOPED:
            return set(COMMUNES)
        named = set(self.designation[0]) if self.designation else set()
        return named if self.police else named & (set(self.approval[0]) if self.approval else set())

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


_some_communes = st.frozensets(st.sampled_from(COMMUNES))
_often_all = st.one_of(st.just(frozenset(COMMUNES)), _some_communes)
_state = st.one_of(st.just("valid"), st.just("valid"), st.sampled_from(sorted(TERMS)))
someone = st.builds(
    Someone,
    role=st.sampled_from([role for role in Role if role is not Role.WALL_NODE]),
    designation=st.one_of(
        st.tuples(_often_all, _state, st.sampled_from([OURS, OURS, THEIRS])),
        st.tuples(_often_all, _state, st.just(OURS)),
        st.none(),
    ),
    approval=st.one_of(
        st.tuples(
            _often_all, st.one_of(_state, st.sampled_from(["interrupted", "inquiry old", "inquiry future"]))
        ),
        st.none(),
    ),
    police=st.sampled_from([False, False, True]),
    clearance=st.one_of(st.none(), _state),
    communes=_some_communes,
    strong=st.sampled_from([True] * 7 + [False]),
    suspended=st.sampled_from([False] * 9 + [True]),
)


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
    is_own = action in ("sign_out", "account_read", "account_set")
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
                CameraRecord(CameraId(each.camera), int(each.camera[4:]), f"Rue {each.camera}", CommuneId(each.commune), ViewType.WIDE),
                CameraState.LIVE,
                NOON,
                NOON,
                lifecycle=CameraLifecycle.ACTIVE if each.on_wall else CameraLifecycle.PAUSED,
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
    """A released case and a placed hold in `rouge`, and the same in `bleue`."""

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
        for hold, camera in HOLDS.items():
            span = CameraSpan(CameraId(camera), FROM_NS, TO_NS)
            self._apply(self._desk.request_hold(hold, span, reason="2027/12", **self._by(chief)))
            self._signed[hold] = clerk
            self._apply(self._desk.grant_hold(hold, **self._by(clerk)))


class City(World):
    """The console of the doors' matrix, over the city; `who` is whoever asks."""

    def __init__(self) -> None:
        super().__init__(room=CityRoom())
        self.who: Someone | None = None
        self.people.find = lambda person, role, at_ns: None if self.who is None else self.who.subject()  # type: ignore[method-assign]
        self.desk = CityDesk(self.clock)
        self.rights = Rights(AuthorisationRegister(orders()))
        self.access = replace(self.access, rights=self.rights, desk=self.desk)
        self.alarms = CityAlarms(self.clock)
        self.wall = CityWall(self.clock)
        self.speak_by(self.speaking)
