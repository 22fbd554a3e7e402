"""Desks of a console that answer at once, from memory: what their doors ask of them, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

from csu.alarms import Alarm, AlarmDesk, AlarmId, AlarmState, PoliceCall
from csu.centre.public_page import page_style, public_page
from csu.console import RoomCounters, RoomHealth
from csu.console.app import DIST
from csu.console.evidence_desk import Preparing
from csu.console.inventory import Deed, NodeTold, Setting
from csu.console.map import CameraStands, Looking, MapTiles, TilesForm
from csu.console.service_now import ServiceNow
from csu.console.tours import TourNow, ToursNow
from csu.console.wall_now import CoverageNow, Held, ProgrammeNow, TileNow, WallNow
from csu.detection.signals import Performance, Signal, SignalId, SignalQualified, SignalUnknown
from csu.evidence import (
    CameraSpan,
    Case,
    HandOver,
    Hold,
    HoldRequested,
    LegalBasis,
    Requisition,
    RequisitionDesk,
)
from csu.governance import (
    Action,
    Author,
    AuthorisationRegister,
    Decision,
    DeportFacts,
    LocalDoctrine,
    Person,
    Purpose,
    Role,
    Signature,
    Span,
    start_of_day,
)
from csu.governance.analysis_switch import SwitchNow
from csu.governance.register_lines import Transmitted
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.analysis import (
    AnalysisAssignment,
    AnalysisZone,
    EventSignal,
    EventType,
    PictureBox,
    ZoneRule,
)
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, PtzVelocity, ViewType
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.dispatch import DispatchCall
from csu.hal.loudspeaker import SpokenMessage
from csu.hal.media import LiveFragment
from csu.hal.words import NO_WORDS, Language, Words
from csu.ingest.board import CameraState, CameraStatus
from csu.operations import (
    Absence,
    CallProgress,
    Deport,
    DeportAsked,
    DeportLine,
    DeportRecipient,
    DeportStep,
    Draft,
    EntryKind,
    EventKind,
    EventOutcome,
    GuardTour,
    Incident,
    LogbookEntry,
    OutboxCall,
    PlannedEvent,
    Roster,
    RosterFault,
    Shift,
    TourReport,
    Visit,
    VisitPurpose,
)
from csu.operations.analysis_zones import CameraDrawing
from csu.operations.commune_month import AlarmGroup, Month, MonthFacts
from csu.operations.commune_papers import CommunePapers, commune_papers, communes_of
from csu.operations.communes_desk import NO_FILE, Costs, MonthTold
from csu.operations.enforcement import Draft as TicketDraft
from csu.operations.enforcement import KeptTicket, LiveSession, offence_named
from csu.operations.enforcement.store import TicketSigned
from csu.operations.inventory import LastMinute
from csu.operations.presets import Preset
from csu.operations.transparency import PublicCommune, public_commune
from csu.recording.availability import Availability
from csu.statistics import Counter, Series, ToldDay, figures
from csu.wall import (
    CameraRequested,
    SceneChanged,
    SceneSlots,
    ShiftCoverage,
    Slot,
    SlotId,
    SlotRule,
    TileChanged,
    WallDirector,
    WallInput,
    WallPlan,
    WatchHeard,
)
from csu.wall.directing.account import Account, Told
from csu.wall.directing.wishes import Wish
from tests.compliance.doors.facts import (
    ACT,
    ARS,
    CAMERA,
    CASE,
    FAR_CAMERA,
    HAND_OVER,
    HOLD,
    METZ,
    NOON,
    PAST_BYTES,
    SettableClock,
    account,
    act,
    papers,
)
from tests.statistics.builders import a_line


class WallNodeInMemory:
    """One node is awaited, and has a token; it is told one word, and then nothing."""

    def counts_from_ns(self, node: str) -> int | None:
        return 0 if node == "mur-b" else None

    def join(self, node: str) -> WallNodeInMemory:
        if node != "mur-b":
            raise KeyError(node)
        self.words = ["hello"]
        return self

    async def next(self) -> str | None:
        if not self.words:
            await asyncio.Event().wait()
        return self.words.pop()

    def hear(self, message: str | bytes) -> None:
        raise ValueError(message)

    def leave(self) -> None: ...


class LiveRelay:
    """One picture for who joins, then silence until `more` is set: then another."""

    def __init__(self) -> None:
        self.more = asyncio.Event()
        self.watching = 0

    @contextlib.asynccontextmanager
    async def watch(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        self.watching += 1
        try:
            yield self._pictures()
        finally:
            self.watching -= 1

    async def _pictures(self) -> AsyncIterator[LiveFragment]:
        yield LiveFragment(b"init", True, False, NOON, "avc1.42C01E")
        await self.more.wait()
        yield LiveFragment(b"picture", False, True, NOON, "avc1.42C01E")
        await asyncio.Event().wait()


class Room:
    """A camera of Metz in service, and one of another commune that is not."""

    def __init__(self) -> None:
        self.relay = LiveRelay()

    def cameras(self) -> Sequence[CameraStatus]:
        near = CameraRecord(CAMERA, 12, "Place d'Armes", METZ, ViewType.WIDE)
        far = CameraRecord(FAR_CAMERA, 500, "Rue d'Ars", ARS, ViewType.WIDE)
        live = CameraStatus(near, CameraState.LIVE, NOON, NOON, lifecycle=CameraLifecycle.ACTIVE, mask_version=3)
        return [live, CameraStatus(far, CameraState.LIVE, NOON, NOON)]

    def health(self) -> RoomHealth:
        return RoomHealth(True, "1.2.3", NOON, 1, 1)

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    async def wall_png(self) -> bytes | None:
        return b"\x89PNG now"

    def watch_wall(self) -> contextlib.AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        return self.relay.watch(CameraId("wall"))


class DeskInMemory:
    """`csu.evidence.RequisitionDesk` with its events applied at once, and footage that says what it is."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.stand("released")

    def stand(self, situation: str) -> None:
        """Begin again with one case, in that situation: `none`, `received`, ... `released`, `handed_over`."""
        self._desk = RequisitionDesk(lambda camera, at_ns: at_ns + 30 * NS_PER_DAY)
        self._signed: dict[str, Signature] = {}
        self.asked: list[CameraSpan] = []
        if situation.startswith("hold"):
            chief = Signature(account(Role.ROOM_CHIEF), Role.ROOM_CHIEF)
            self._apply(self._desk.request_hold(HOLD, ACT, reason="main courante 2027/12", **self._by(chief)))
            if situation == "hold_placed":
                self._signed[HOLD] = Signature(account(Role.EVIDENCE_CLERK), Role.EVIDENCE_CLERK)
                self._apply(self._desk.grant_hold(HOLD, **self._by(self._signed[HOLD])))
            return
        basis = LegalBasis.GDPR_ACCESS if situation.startswith("access") else LegalBasis.CPP_60_1
        signing = (Role.EVIDENCE_CLERK, Role.CSU_MANAGER, Role.JUDICIAL_OFFICER)
        clerk, manager, officer = (Signature(account(role), role) for role in signing)
        steps = [
            ("received", lambda: self._desk.receive(CASE, act(basis), **self._by(clerk))),
            ("checked", lambda: self._desk.check(CASE, **self._by(clerk))),
            ("locked", lambda: self._desk.lock(CASE, **self._by(clerk))),
            ("prepared", lambda: self._prepared(clerk)),
            ("released", lambda: self._desk.validate(CASE, **self._by(manager))),
            ("offered", lambda: self._desk.offer(CASE, HAND_OVER, **self._by(clerk))),
            ("sealed", lambda: self._desk.add_seal(CASE, seal="S-12", **self._by(officer))),
            ("handed_over", lambda: self._desk.hand_over(CASE, HAND_OVER, **self._by(clerk))),
        ]
        wanted = situation.removeprefix("access_")
        for _, step in steps[: [name for name, _ in steps].index(wanted) + 1 if wanted != "none" else 0]:
            self._do(step())

    def cases(self) -> Sequence[Case]:
        return self._desk.cases

    def signed_before(self, case: str, action: Action) -> Signature | None:
        return self._signed.get(case)

    def dies_at_ns(self, span: CameraSpan) -> int | None:
        return span.from_ns + 29 * NS_PER_DAY

    def preparing(self, case: str) -> Preparing | None:
        return None

    async def transmitted(self, case: str) -> Sequence[Transmitted]:
        return ()

    async def reject(self, case: str, reason: str, by: Signature) -> Case:
        return self._do(self._desk.reject(case, reason=reason, **self._by(by)))

    async def offer(self, case: str, hand_over: HandOver, by: Signature) -> Case:
        return self._do(self._desk.offer(case, hand_over, **self._by(by)))

    async def add_seal(self, case: str, seal: str, by: Signature) -> Case:
        return self._do(self._desk.add_seal(case, seal=seal, **self._by(by)))

    async def sign_receipt(self, case: str, sha256: str, by: Signature) -> Case:
        return self._do(self._desk.sign_receipt(case, sha256=sha256, **self._by(by)))

    async def receive(self, case: str, act: Requisition, by: Signature) -> Case:
        return self._do(self._desk.receive(case, act, **self._by(by)))

    async def check(self, case: str, by: Signature) -> Case:
        return self._do(self._desk.check(case, **self._by(by)))

    async def lock(self, case: str, by: Signature) -> Case:
        return self._do(self._desk.lock(case, **self._by(by)))

    async def prepare(self, case: str, recipients: Sequence[str], by: Signature) -> Case:
        return self._do(self._prepared(by))

    def holds(self) -> Sequence[Hold]:
        return self._desk.holds

    def hold_requests(self) -> Sequence[HoldRequested]:
        return self._desk.hold_requests

    async def request_hold(self, hold: str, span: CameraSpan, reason: str, by: Signature) -> HoldRequested:
        self._apply(self._desk.request_hold(hold, span, reason=reason, **self._by(by)))
        return self._desk.hold_requests[-1]

    async def place_hold(self, hold: str, by: Signature) -> Hold:
        self._apply(self._desk.grant_hold(hold, **self._by(by)))
        return self._desk.holds[-1]

    async def return_package(self, case: str, reason: str, by: Signature) -> Case:
        return self._do(self._desk.return_package(case, reason=reason, **self._by(by)))

    async def validate(self, case: str, by: Signature) -> Case:
        return self._do(self._desk.validate(case, **self._by(by)))

    async def hand_over(self, case: str, hand_over: HandOver, by: Signature) -> Case:
        return self._do(self._desk.hand_over(case, hand_over, **self._by(by)))

    async def end_lock(self, case: str, instruction: str, by: Signature) -> Case:
        return self._do(self._desk.end_lock(case, instruction=instruction, **self._by(by)))

    async def copy_destroyed(self, case: str, certificate: str, by: Signature) -> Case:
        return self._do(self._desk.copy_destroyed(case, certificate=certificate, **self._by(by)))

    async def package(self, case: str) -> AsyncIterator[bytes]:
        self.asked += self._desk.case(case).act.spans
        yield PAST_BYTES

    async def footage(self, case: str, span: CameraSpan) -> AsyncIterator[bytes]:
        self.asked.append(span)
        yield PAST_BYTES

    async def end_hold(self, hold: str, reason: str, by: Signature) -> Hold:
        self._apply(self._desk.end_hold(hold, reason=reason, **self._by(by)))
        return self._desk.holds[-1]

    def _prepared(self, by: Signature) -> list[Any]:
        events = self._desk.prepare(CASE, (ACT,), "f" * 64, **self._by(by))
        self._signed[CASE] = by
        return events

    def _by(self, by: Signature) -> dict[str, Any]:
        return {"by": by.person, "at_ns": self._clock.now_ns()}

    def _do(self, events: list[Any]) -> Case:
        self._apply(events)
        return self._desk.case(events[0].case)

    def _apply(self, events: list[Any]) -> None:
        for event in events:
            self._desk.apply(event)


class AlarmsInMemory:
    """`csu.alarms.AlarmDesk` with one alarm of Metz that waits."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.ring()

    def ring(self) -> None:
        """Begin again with that alarm."""
        self._desk = AlarmDesk()
        message = PanelMessage(PanelId("panel-metz"), 7, METZ, "Hôtel de ville", AlarmKind.INTRUSION, NOON)
        raised = self._desk.take(message, NOON)
        assert raised is not None
        self._desk.keep(raised.alarm)

    def wait(self, span_ns: int) -> None:
        """So long after it rang, whoever is to be told is told."""
        self._desk.tick(NOON + span_ns)

    def open_alarms(self) -> Sequence[Alarm]:
        return self._desk.open()

    def unfinished(self) -> Sequence[Alarm]:
        return self._desk.unfinished()

    def cameras_for(self, alarm: AlarmId, may_view: Callable[[CameraId], bool]) -> Sequence[CameraId]:
        return [camera for camera in (CAMERA, FAR_CAMERA) if may_view(camera)]

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        advanced = self._desk.advance(alarm, to, person, self._clock.now_ns(), police)
        self._desk.keep(advanced.alarm)
        return advanced.alarm

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        taken = self._desk.acknowledge(alarm, person, self._clock.now_ns())
        self._desk.keep(taken.alarm)
        return taken.alarm


LEAVE = SpokenMessage("leave", "Quittez la place.", b"\xff" * 80, "a.dupre")


class WatchInMemory:
    """Nobody is at the wall, whoever comes and goes."""

    watching = ()
    is_short_of_watch = True

    def take_post(self, person: str) -> None:
        return None

    def leave_post(self, person: str, *, handed_over: bool = True, urgent_reason: str = "") -> None:
        return None


class PtzInMemory:
    """A camera that nobody turns, whatever is ordered."""

    def leases(self) -> dict[CameraId, None]:
        return {CAMERA: None}

    async def move(self, camera: CameraId, velocity: PtzVelocity, by: Author, alarm: str) -> None:
        return None

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        return None

    async def halt(self, camera: CameraId, by: Author) -> None:
        return None

    async def give_back(self, camera: CameraId, by: Author) -> None:
        return None


class CommunesInMemory:
    """Real papers and figures, over a month in which camera 12 lacked an hour."""

    def __init__(self, room: Room, clock: SettableClock) -> None:
        self._room, self._clock = room, clock

    def communes(self) -> Sequence[CommuneId]:
        return communes_of(AuthorisationRegister(papers()), self._room.cameras())

    def name(self, commune: CommuneId) -> str:
        return commune.title()

    def months(self) -> Sequence[Month]:
        return [Month(2027, 6), Month(2027, 5)]

    async def month(self, month: Month) -> MonthTold:
        hour = 60 * NS_PER_MINUTE
        alarms = (AlarmGroup(METZ, AlarmKind.FIRE, 3, 1), AlarmGroup(ARS, AlarmKind.INTRUSION, 12, 5))
        facts = MonthFacts(
            {CAMERA: Availability(24 * hour, 24 * hour, 24 * hour, 23 * hour), FAR_CAMERA: Availability()},
            {CAMERA: METZ, FAR_CAMERA: ARS},
            alarms,
            [frozenset({CAMERA})],
        )
        return MonthTold(facts, 1, 1)

    async def costs(self) -> Costs:
        return Costs(NO_FILE)

    async def papers(self, commune: CommuneId) -> CommunePapers:
        register, now_ns = AuthorisationRegister(papers()), self._clock.now_ns()
        return commune_papers(register, LocalDoctrine(), self._room.cameras(), self._public(commune), now_ns)

    async def page(self, commune: CommuneId, language: Language) -> str:
        return public_page(self._public(commune), language)

    def style(self) -> str:
        return page_style()

    def _public(self, commune: CommuneId) -> PublicCommune:
        return public_commune(AuthorisationRegister(papers()), commune, self._clock.now_ns(), communes=None)


class AnalysisInMemory:
    """Nothing is analysed; whatever is drawn is drawn."""

    def tells(self, camera: CameraId) -> Words:
        return Words("aucun arrêté", "no order")

    def given(self) -> Sequence[AnalysisAssignment]:
        return ()

    def switch(self) -> SwitchNow:
        return SwitchNow()

    def drawing(self, camera: CameraId) -> CameraDrawing | None:
        return CameraDrawing(camera, "chef", NOON, (A_ZONE,))

    def unavailable(self, camera: CameraId, type: EventType) -> Words:
        return NO_WORDS

    async def pictures_today(self) -> int:
        return 0

    async def draw(self, camera: CameraId, rules: tuple[ZoneRule, ...], person: str) -> CameraDrawing:
        return CameraDrawing(camera, person, NOON, rules)

    async def stop(self, by: Author, reason: str) -> None:
        return None

    async def resume(self, by: Author, reason: str) -> None:
        return None


class SignalsInMemory:
    """One signal of each camera, that waits however often it is judged."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def waiting(self) -> Sequence[Signal]:
        return [
            Signal(SignalId(f"s-{line.record.camera}"), a_signal(line.record.camera), NOON)
            for line in self._room.cameras()
        ]

    def due_at_ns(self, signal: Signal) -> int:
        return NOON + 600 * NS_PER_S

    async def judge(self, signal: SignalId, outcome: Any, person: str) -> SignalQualified:
        found = next((each for each in self.waiting() if each.signal == signal), None)
        if found is None:
            raise SignalUnknown(Words("?", "?"), where=signal, what_to_do=Words("?", "?"))
        return SignalQualified(found, outcome, person, NOON)

    async def report(self) -> tuple[int, int, Sequence[Performance]]:
        return NOON - 10**9, NOON, ()


A_ZONE = ZoneRule(AnalysisZone("quai", ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5))), EventType.RESTRICTED_ZONE)


def a_signal(camera: CameraId) -> EventSignal:
    """A restricted zone of that camera."""
    box = PictureBox(0.2, 0.2, 0.3, 0.4)
    return EventSignal(
        camera, EventType.RESTRICTED_ZONE, "quai", NOON, NOON, (box,), 0.9, "restricted_zone/1", "ab" * 32, "2027-1"
    )


class StatisticsInMemory:
    """A line in each commune, of which one day is told."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def communes(self) -> Sequence[CommuneId]:
        return communes_of(AuthorisationRegister(papers()), self._room.cameras())

    def name(self, commune: CommuneId) -> str:
        return commune.title()

    def first_day(self) -> date:
        return date(2026, 5, 1)

    def last_day(self) -> date:
        return date(2027, 6, 1)

    async def counters(self, commune: CommuneId) -> Sequence[Counter]:
        place = f"Mairie {commune}"
        return [a_line("serpenoise", place=place, from_day=date(2027, 1, 1), ends_on=date(2028, 1, 1))]

    async def standing(self, counter: Counter) -> Decision:
        return Decision(True, Words("arrêté", "order"), "CSI L251-2")

    async def told(self, counters: Sequence[Counter], first: date, last: date) -> list[ToldDay]:
        told = figures([7] * 24, start_of_day(first), 3600)
        return [ToldDay(Series(each.counter, "car", True), first, told) for each in counters]


class InventoryInMemory:
    """One node, one account, one setting; no camera goes anywhere in its life."""

    def minutes(self) -> dict[CameraId, LastMinute]:
        return {CAMERA: LastMinute("node-1", NOON, True, None, -1200, True)}

    def nodes(self) -> Sequence[NodeTold]:
        return [NodeTold("node-1", True, 2, NOON)]

    def settings(self) -> Sequence[Setting]:
        return [Setting(Words("masques dépolis", "frosted masks"), Words("non", "no"))]

    async def deeds(self) -> Sequence[Deed]:
        return [Deed(NOON, Words("doctrine locale", "local doctrine"), "", "0" * 64)]

    def people(self) -> Sequence[Person]:
        return [Person("a.martin", "Anne Martin", frozenset({Role.OPERATOR}))]

    async def set_lifecycle(self, camera: CameraId, after: CameraLifecycle, by: str, reason: str) -> None:
        return None


class AimsInMemory:
    """A camera that goes nowhere, with a preset of each commune."""

    def presets(self, camera: CameraId) -> list[Preset]:
        return [Preset(camera, 1, "Place d'Armes", 10.0, -5.0, 60.0, "chief.1", NOON)]

    async def centre_on(self, camera: CameraId, x: float, y: float, closer: float, by: Author, alarm: str) -> None:
        return None

    async def go_to_preset(self, camera: CameraId, number: int, by: Author, alarm: str) -> None:
        return None

    async def store_preset(self, camera: CameraId, number: int, name: str, by: Author) -> Preset:
        return self.presets(camera)[0]

    async def forget_preset(self, camera: CameraId, number: int) -> None:
        return None


class ToursInMemory:
    """A tour that is on and one that is over, of a camera of each commune, whatever is asked."""

    async def now(self) -> ToursNow:
        on = TourNow("Ronde", "operator.1", SlotId("place"), FAR_CAMERA, 1, 2, NOON)
        why = Words("pas d'image en direct", "no live picture")
        over = TourReport("Ronde", "operator.1", NOON, NOON, {CAMERA: 5 * NS_PER_S}, {FAR_CAMERA: why}, True)
        return ToursNow((SlotId("place"),), (on,), NOON, (over,))

    def begin(self, tour: GuardTour, slot: SlotId, person: str) -> None:
        return None

    def end(self, person: str) -> None:
        return None


class MapInMemory:
    """A camera of each commune, looking north, over a file that stands for tiles."""

    is_on_earth, is_being_drawn = True, False

    async def tiles(self) -> MapTiles:
        return MapTiles(DIST / "index.html", TilesForm.VECTOR)

    def cameras(self) -> dict[CameraId, CameraStands]:
        return {camera: CameraStands(6.17, 49.12, Looking(0.0, 60.0)) for camera in (CAMERA, FAR_CAMERA)}

    def turning(self) -> dict[CameraId, Looking]:
        return {camera: Looking(0.0, 60.0) for camera in (CAMERA, FAR_CAMERA)}

    def sites(self) -> dict[tuple[CommuneId, str], tuple[float, float]]:
        return {(METZ, "Gymnase"): (6.17, 49.12), (ARS, "Mairie"): (6.07, 49.08)}


class LogInMemory:
    """One entry, whatever is written."""

    entry = LogbookEntry(1, NOON, Draft(EntryKind.OBSERVATION, "operator.1", "Attroupement place d'Armes."))

    async def write(self, draft: Draft) -> LogbookEntry:
        return self.entry

    async def newest(self, most: int, before: int | None = None) -> Sequence[LogbookEntry]:
        return [self.entry]

    async def reading(self, number: int) -> Sequence[LogbookEntry]:
        return [self.entry]

    async def of_alarm(self, alarm: str) -> Sequence[LogbookEntry]:
        return [self.entry]


class ServiceInMemory:
    """Shifts on which nobody is, whatever is set and signed."""

    async def now(self, person: str) -> ServiceNow:
        return ServiceNow(NOON, (), (), (), (), "", 0, (), (), True, {}, "")

    def faults_of(self, shifts: Sequence[Shift], over: Span) -> list[RosterFault]:
        return Roster().faults_of(shifts, over)

    async def set_roster(self, shifts: Sequence[Shift], over: Span, person: str) -> None:
        return None

    async def note_absence(self, absence: Absence, person: str) -> list[RosterFault]:
        return []

    async def end_absence(self, absence: Absence, person: str) -> None:
        return None

    async def write_note(self, text: str, person: str, shift: str = "") -> int:
        return 1

    async def sign_note(self, number: int, person: str) -> None:
        return None


class VisitsInMemory:
    """One visitor, whoever comes and goes."""

    def visits(self) -> dict[int, Visit]:
        return {
            1: Visit("Jean Petit", "Lorraine Réseaux", VisitPurpose.MAINTENANCE, "operator.1", NOON, "room_chief.1")
        }

    async def enter(self, visit: Visit) -> int:
        return 1

    async def leave(self, number: int, person: str) -> None:
        return None


class EventsInMemory:
    """A market of Metz and one of Ars, whatever is planned and called off."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.entered: list[PlannedEvent] = []

    def events(self) -> dict[int, PlannedEvent]:
        span, purpose = Span(NOON, NOON + NS_PER_DAY), Purpose.PERSONS_PROPERTY
        communes = ((METZ, CAMERA, "Place d'Armes"), (ARS, FAR_CAMERA, "Rue d'Ars"))
        return {
            number: PlannedEvent(EventKind.MARKET, commune, place, span, (camera,), purpose, "room_chief.1")
            for number, (commune, camera, place) in enumerate(communes, start=1)
        }

    def scenes(self) -> dict[str, str]:
        return {"base": ""}

    def fewest_planned(self, span: Span) -> int:
        return 2

    def proposed(self, kind, commune, route, perimeter) -> list[CameraId]:
        return [CAMERA]

    async def enter(self, event: PlannedEvent, number: int | None = None) -> int:
        self.entered.append(event)
        return 1

    async def call_off(self, number: int, person: str) -> None:
        self.done.append(number)

    async def report(self, number: int, outcome: EventOutcome, person: str) -> None:
        self.done.append(number)


class CallsInMemory:
    """One call of Metz, whatever people note of it."""

    call = OutboxCall(
        DispatchCall("panel-metz/7", METZ, "police", "Gymnase", "intrusion", "operator.1", NOON), ("p-1",)
    )

    def calls(self) -> Sequence[tuple[OutboxCall, CallProgress]]:
        return [(self.call, CallProgress.CALLING)]

    async def telephoned(self, call: str, taken_by: str) -> None:
        return None

    async def again(self, call: str) -> None:
        return None


class DeportsInMemory:
    """One deport to the recipient that stays open, whatever is asked."""

    minutes_max = 120

    def __init__(self, relay: LiveRelay) -> None:
        self._relay = relay
        whom = DeportRecipient("recipient.1", "L. Roth", "dipn-57", "hab-7", 0, 1 << 62)
        line = DeportLine(DeportStep.STARTED, NOON, "room_chief.1", "rixe", until_ns=NOON + 30 * NS_PER_MINUTE)
        self.deport = Deport("d-1", Incident.VIOLENCE, whom, (CAMERA,), (line,), alarm="panel-metz/7")

    def deports(self) -> Sequence[Deport]:
        return [self.deport]

    def watching(self, deport: str) -> dict[CameraId, int]:
        return {}

    def recipients(self) -> Sequence[DeportRecipient]:
        return [self.deport.recipient]

    def facts(self, deport: str, account: str) -> DeportFacts | None:
        span = Span(self.deport.from_ns, self.deport.until_ns)
        return DeportFacts(account, (CAMERA,), span) if account == self.deport.recipient.account else None

    async def start(self, asked: DeportAsked, recipient: str, by: Author) -> Deport:
        return self.deport

    async def prolong(self, deport: str, minutes: int, reason: str, by: Author) -> Deport:
        return self.deport

    async def stop(self, deport: str, reason: str, by: Author) -> Deport:
        return self.deport

    def watch(self, deport: str, camera: CameraId, account: str) -> Any:
        return self._relay.watch(camera)

    async def closed(self, deport: str, camera: CameraId, account: str) -> None:
        await asyncio.Event().wait()


class EnforcementInMemory:
    """One draft and one record, whoever asks, whatever is asked: what is decided is the doors' alone."""

    def __init__(self, relay: LiveRelay) -> None:
        self._relay = relay
        red = offence_named("red-light")
        assert red is not None
        self._draft = TicketDraft("draft-1", "", LiveSession("live-1", "", CAMERA, NOON), red, NOON, ())
        told = ("pve-1", "", METZ, CAMERA, "red-light", NOON - 1, NOON, NOON, "metz/20270601/pve-1.zip", "0" * 64, NOON)
        self._record = KeptTicket(TicketSigned(*told))

    def cameras(self) -> Sequence[CameraId]:
        return [CAMERA]

    def why_not(self, account: str, camera: CameraId) -> dict[str, Words | None]:
        return {"red-light": None, "speed": Words("à l'appareil", "by a device")}

    def session_camera(self, account: str, session: str) -> CameraId | None:
        return CAMERA

    def draft(self, account: str) -> TicketDraft:
        return self._draft

    def records(self, account: str) -> Sequence[KeptTicket]:
        return [self._record]

    def own(self, account: str, record: str) -> KeptTicket | None:
        return self._record if record == "pve-1" else None

    @contextlib.asynccontextmanager
    async def watch(self, camera: CameraId, account: str) -> AsyncIterator[tuple[str, AsyncIterator[LiveFragment]]]:
        async with self._relay.watch(camera) as fragments:
            yield "live-1", fragments

    async def still(self, account: str, draft: str, number: int) -> bytes:
        return b"\xff\xd8"

    async def open(self, *told: Any) -> TicketDraft:
        return self._draft

    take = paint = mark = stop = open

    async def drop(self, account: str, draft: str) -> None:
        return None

    async def sign(self, account: str, draft: str, **typed: str) -> Any:
        return SimpleNamespace(record="pve-1")

    async def package(self, account: str, record: str) -> bytes:
        return b"PK"


class MessagesInMemory:
    """One message, said by nobody in particular."""

    def messages(self) -> Sequence[SpokenMessage]:
        return [LEAVE]

    def speakers(self) -> Sequence[CameraId]:
        return [CAMERA, FAR_CAMERA]

    async def say(self, camera: CameraId, message: str, by: Author) -> SpokenMessage:
        return LEAVE


class WallInMemory:
    """`csu.wall.WallDirector` with one tile of Metz and one of Ars, and its decisions."""

    def __init__(self, clock: SettableClock) -> None:
        self._clock = clock
        self.hang()

    def hang(self, person: str = "") -> None:
        """Begin again; somebody follows closely what the first tile shows, and nobody undid it."""
        slots = (
            Slot(SlotId("spot"), SlotRule.ALARM_SPOT),
            Slot(SlotId("place"), SlotRule.FIXED, (CAMERA,)),
            Slot(SlotId("far"), SlotRule.FIXED, (FAR_CAMERA,)),
        )
        scenes = (SceneSlots("base", slots), SceneSlots("few", slots[:2]))
        self.director = WallDirector(WallPlan(scenes, "base", "few"), lambda camera, now_ns: True)
        self.account = Account()
        self.ask(WatchHeard(is_short=False))
        if person:
            self.ask(CameraRequested(SlotId("place"), CAMERA, person, is_close=True))

    def now(self) -> WallNow:
        director = self.director
        wishes, rules = director.wishes, {slot.slot: slot.rule for slot in director.plan.scene(director.scene).slots}
        return WallNow(
            self._clock.now_ns(),
            director.scene,
            director.scene_cause,
            {scene.scene: scene.scene for scene in director.plan.scenes},
            16 / 9,
            {"wall": (0.0, 0.0, 1.0, 1.0)},
            tuple(
                TileNow(
                    *(slot, (0.0, 0.0, 0.5, 0.5), 0, rules[slot], shown.camera, shown.cause),
                    *(self._held(wish) for wish in (wishes.request("base", slot), wishes.lock("base", slot))),
                )
                for slot, shown in director.tiles.items()
            ),
            tuple(ProgrammeNow(each, is_weekly=False) for each in wishes.programmes),
            director.budget(self._clock.now_ns()),
            16,
            director.waiting,
        )

    def can_undo(self, person: str) -> bool:
        return self.director.wishes.can_undo(person)

    def ask(self, told: WallInput) -> None:
        for decision in self.director.hear(told, self._clock.now_ns()):
            if isinstance(decision, SceneChanged | TileChanged):
                self.account.hear(decision)

    def why(self, tile: SlotId) -> list[Told]:
        return self.account.of(tile)

    def coverage(self) -> CoverageNow:
        live = {CAMERA: 70 * NS_PER_S, FAR_CAMERA: 30 * NS_PER_S}
        return CoverageNow(ShiftCoverage(NOON, self._clock.now_ns(), live, (CAMERA, FAR_CAMERA)), 2, (FAR_CAMERA,))

    @staticmethod
    def _held(wish: Wish | None) -> Held | None:
        return None if wish is None else Held(wish.given.person, wish.until_ns)
