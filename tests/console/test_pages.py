"""The built pages are committed, so that users need no Node: they must be the ones the sources make."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import fields
from pathlib import Path

import csu.console
from csu.alarms import AlarmState, Contact
from csu.console import analysis_answers, commune_answers, enforcement_answers, inventory, statistics_answers
from csu.console.act_look import RemarkAnswer
from csu.console.alarms import AlarmAnswer, AlarmOnDesk, BellAnswer, DeskAnswer, LineAnswer, StepAnswer
from csu.console.analysis import ZonesTold, ZoneTold
from csu.console.calls import CallAnswer
from csu.console.case_answers import CaseAnswer, HoldAnswer, HoldState, OfficerTold, RequisitionTold, SpanAnswer
from csu.console.case_file import CaseFileAnswer, HandOverAnswer, Happened, HappenedAnswer
from csu.console.case_steps import CaseStep
from csu.console.deport_answers import DeportAnswer, DeportedCamera, DeportLineAnswer, MineAnswer, RecipientAnswer
from csu.console.deports import StartAsked
from csu.console.dpo.journal import (
    JournalEntryAnswer,
    JournalPageAnswer,
    ReadingGround,
    SearchTold,
    VerdictAnswer,
    VerificationAnswer,
)
from csu.console.dpo.masks import DrawingAnswer, WaitingAnswer
from csu.console.dpo.regime import RegimeAnswer
from csu.console.dpo.register import RegisterDayAnswer
from csu.console.dpo.requests import RequestAnswer
from csu.console.dpo.signs import SignAnswer, SignsAnswer, UnannouncedAnswer
from csu.console.map import CameraOnMap, MapAnswer, SiteOnMap, TilesForm, TurnedAnswer
from csu.console.operations_log import EntryAnswer, EntryAsked
from csu.console.pages import PAGES
from csu.console.planned_events import AreaAsked, EventAnswer, EventAsked, EventReportAnswer, EventsAnswer
from csu.console.ptz import PtzAnswer
from csu.console.ptz_aim import PresetAnswer
from csu.console.service import (
    AbsenceAnswer,
    AgentAnswer,
    FaultAnswer,
    NoteAnswer,
    RosterAsked,
    ServiceAnswer,
    ShiftAnswer,
    ShiftAsked,
    SignatureAnswer,
)
from csu.console.tours import SeenAnswer, TourAsked, TourOnAnswer, TourReportAnswer, ToursAnswer, UnseenAnswer
from csu.console.visits import VisitAnswer, VisitAsked
from csu.console.wall_answers import ChangeAnswer, CoverageAnswer, ProgrammeAnswer, TileAnswer, WallAnswer
from csu.evidence import CaseState, DueStep, LegalBasis
from csu.governance import ARROWS, OffenceClass, ServiceLevel
from csu.governance.access_requests import AccessDecision, IdentityProof, Motive, RequestState
from csu.governance.journal_entry import Ground, Operation, Outcome
from csu.hal.alarms import AlarmKind
from csu.hal.analysis import HEAT_COLUMNS, HEAT_ROWS, EventType, PictureBox
from csu.hal.camera import CameraLifecycle
from csu.hal.site import SignRole
from csu.ingest.board import CameraState
from csu.operations import (
    CallProgress,
    DeportEnd,
    DeportStep,
    EntryKind,
    EventKind,
    EventOutcome,
    EventState,
    FaultKind,
    Incident,
    PtzRank,
    VisitPurpose,
)
from csu.operations.cost_shares import CostKey
from csu.operations.enforcement import View
from csu.operations.inventory import Light
from csu.operations.operations_log import TEXT_CHARACTERS_MAX
from csu.operations.presets import NAME_CHARACTERS_MAX, NUMBER_MAX
from csu.statistics import CounterKind, Told
from csu.wall import SlotRule

WEB = Path(csu.console.__file__).parent / "web"
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "public",
    "src",
    "dist",
)


def test_the_built_pages_are_those_of_the_sources() -> None:
    """On failure: `npm ci && npm run build` in csu/console/web, and commit dist."""
    files = {
        path.relative_to(WEB).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for name in SOURCES
        for path in ([WEB / name] if (WEB / name).is_file() else (WEB / name).rglob("*"))
        if path.is_file() and path.name != "SOURCES.sha256"
    }
    lines = (WEB / "dist" / "SOURCES.sha256").read_text(encoding="utf-8").splitlines()
    built = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert built == files


def test_the_page_knows_the_states_and_places_in_life_that_the_api_tells() -> None:
    """The types of the page are written by hand; its build refuses a word that is missing in one language."""
    types = (WEB / "src" / "room.svelte.ts").read_text(encoding="utf-8")
    for name, told in (("Lifecycle", CameraLifecycle), ("CameraState", CameraState)):
        assert words_of(name, types) == {value.value for value in told}


def test_the_pages_are_those_that_the_server_lets_people_open() -> None:
    table = (WEB / "src" / "pages.ts").read_text(encoding="utf-8")
    pages = dict(re.findall(r"\{ name: '(\w+)', key: '(\w)'", table))
    assert list(pages) == list(PAGES)
    assert len(set(pages.values()) | {"t", "l"}) == len(pages) + 2  # no letter means two things


def test_the_page_knows_the_wall_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "wall_desk.svelte.ts").read_text(encoding="utf-8")
    assert words_of("SlotRule", types) == {rule.value for rule in SlotRule}
    told = {"WallTile": TileAnswer, "Programme": ProgrammeAnswer, "WallAnswer": WallAnswer}
    told |= {"Change": ChangeAnswer, "Coverage": CoverageAnswer}
    for name, answer in told.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_the_log_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "log_desk.svelte.ts").read_text(encoding="utf-8")
    kinds = re.search(r"export type EntryKind =(.+?)\n\n", types, re.DOTALL)
    assert kinds is not None
    assert set(re.findall(r"'(\w+)'", kinds[1])) == {kind.value for kind in EntryKind}
    assert fields_of("Entry", types) == set(EntryAnswer.model_fields)
    assert fields_of("EntryAsked", types) == set(EntryAsked.model_fields)
    assert fields_of("LinkedAlarm", types) < set(AlarmOnDesk.model_fields)
    drafts = (WEB / "src" / "log_drafts.svelte.ts").read_text(encoding="utf-8")
    assert f"TEXT_CHARACTERS_MAX = {TEXT_CHARACTERS_MAX}\n" in drafts


def test_the_page_knows_the_alarms_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "alarm_desk.svelte.ts").read_text(encoding="utf-8")
    for name, told in (("AlarmKind", AlarmKind), ("AlarmState", AlarmState), ("AlarmContact", Contact)):
        assert words_of(name, types) == {value.value for value in told}
    answers = {"Alarm": AlarmAnswer, "AlarmOnDesk": AlarmOnDesk, "AlarmStep": StepAnswer, "AlarmEntry": EntryAnswer}
    answers |= {"AlarmLine": LineAnswer, "AlarmLines": DeskAnswer}
    bell = (WEB / "src" / "alarm_bell.svelte.ts").read_text(encoding="utf-8")
    assert fields_of("Bell", bell) == set(BellAnswer.model_fields)
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_shifts_and_visitors_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "service_desk.svelte.ts").read_text(encoding="utf-8")
    for name, told in (("FaultKind", FaultKind), ("VisitPurpose", VisitPurpose)):
        assert words_of(name, types) == {value.value for value in told}
    answers = {"Agent": AgentAnswer, "Shift": ShiftAnswer, "Absence": AbsenceAnswer, "Fault": FaultAnswer}
    answers |= {"Signature": SignatureAnswer, "Note": NoteAnswer, "Service": ServiceAnswer, "Visit": VisitAnswer}
    answers |= {"ShiftAsked": ShiftAsked, "RosterAsked": RosterAsked, "VisitAsked": VisitAsked}
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_planned_events_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "event_desk.svelte.ts").read_text(encoding="utf-8")
    for name, told in (("EventKind", EventKind), ("EventState", EventState), ("EventOutcome", EventOutcome)):
        assert words_of(name, types) == {value.value for value in told}
    answers = {"EventReport": EventReportAnswer, "PlannedEvent": EventAnswer, "Events": EventsAnswer}
    answers |= {"AreaAsked": AreaAsked, "EventAsked": EventAsked}
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_the_map_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "map_desk.svelte.ts").read_text(encoding="utf-8")
    assert words_of("TilesForm", types) == {form.value for form in TilesForm}
    answers = {"CameraOnMap": CameraOnMap, "SiteOnMap": SiteOnMap, "MapAnswer": MapAnswer, "Turned": TurnedAnswer}
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_presets_and_tours_as_their_doors_tell_them() -> None:
    ptz = (WEB / "src" / "ptz_desk.svelte.ts").read_text(encoding="utf-8")
    assert fields_of("Preset", ptz) == set(PresetAnswer.model_fields)
    assert f"PRESET_NUMBER_MAX = {NUMBER_MAX}\n" in ptz
    assert f"PRESET_NAME_MAX = {NAME_CHARACTERS_MAX}\n" in ptz
    types = (WEB / "src" / "tour_desk.svelte.ts").read_text(encoding="utf-8")
    answers = {"Tours": ToursAnswer, "TourOn": TourOnAnswer, "TourReport": TourReportAnswer, "TourAsked": TourAsked}
    answers |= {"SeenByTour": SeenAnswer, "UnseenByTour": UnseenAnswer}
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_deports_and_calls_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "deports.svelte.ts").read_text(encoding="utf-8")
    told = {"Recipient": RecipientAnswer, "DeportedCamera": DeportedCamera, "DeportLine": DeportLineAnswer}
    told |= {"Deport": DeportAnswer, "StartAsked": StartAsked}
    for name, answer in told.items():
        assert fields_of(name, types + "\n\n") == set(answer.model_fields), name
    assert words_of("DeportEnd", types) == {end.value for end in DeportEnd}
    assert words_of("step", types.replace("  step:", "export type step =")) == {step.value for step in DeportStep}
    incidents = re.search(r"export const INCIDENTS = \[(.+?)\]", types, re.DOTALL)
    assert incidents is not None
    assert set(re.findall(r"'(\w+)'", incidents[1])) == {each.value for each in Incident}
    received = (WEB / "src" / "received.svelte.ts").read_text(encoding="utf-8")
    assert fields_of("Received", received) == set(MineAnswer.model_fields)
    calls = (WEB / "src" / "call_desk.svelte.ts").read_text(encoding="utf-8")
    assert fields_of("Call", calls) == set(CallAnswer.model_fields)
    assert words_of("CallProgress", calls) == {each.value for each in CallProgress}


def test_the_page_knows_video_enforcement_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "enforcement_desk.svelte.ts").read_text(encoding="utf-8")
    for name, told in (("View", View), ("OffenceClass", OffenceClass)):
        assert words_of(name, types) == {value.value for value in told}
    answers = {
        "Offence": enforcement_answers.OffenceAnswer,
        "CameraForTickets": enforcement_answers.CameraForTickets,
        "Standing": enforcement_answers.StandingAnswer,
        "Part": enforcement_answers.BlotTold,
        "Still": enforcement_answers.StillAnswer,
        "Draft": enforcement_answers.DraftAnswer,
        "SignedRecord": enforcement_answers.RecordAnswer,
        "EnforcementAnswer": enforcement_answers.EnforcementAnswer,
        "SignAsked": enforcement_answers.SignAsked,
    }
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_the_requisition_desk_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "desk_cases.svelte.ts").read_text(encoding="utf-8")
    told = {"CaseState": CaseState, "DueStep": DueStep, "Happened": Happened, "CaseStep": CaseStep}
    told |= {"LegalBasis": LegalBasis, "HoldState": HoldState}
    for name, values in told.items():
        written = re.search(rf"export type {name} =(.+?)\n\n", types, re.DOTALL)
        assert written is not None
        assert set(re.findall(r"'([\w-]+)'", written[1])) == {value.value for value in values}, name
    answers = {"CaseSpan": SpanAnswer, "CaseLine": CaseAnswer, "CaseFile": CaseFileAnswer, "Step": HappenedAnswer}
    answers |= {"HandOver": HandOverAnswer, "Hold": HoldAnswer, "Remark": RemarkAnswer, "OfficerTold": OfficerTold}
    for name, answer in (answers | {"ActTold": RequisitionTold}).items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_communes_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "commune_desk.svelte.ts").read_text(encoding="utf-8")
    assert words_of("ServiceLevel", types) == {level.value for level in ServiceLevel}
    assert words_of("CostKey", types) == {key.value for key in CostKey}
    answers = {
        "Availability": commune_answers.AvailabilityAnswer,
        "Figures": commune_answers.FiguresAnswer,
        "MeasuredDays": commune_answers.Measured,
        "Communes": commune_answers.CommunesAnswer,
        "Cost": commune_answers.CostAnswer,
        "CommuneMonth": commune_answers.MonthAnswer,
        "AllMonth": commune_answers.AllMonthAnswer,
        "CommuneCamera": commune_answers.CommuneCameraAnswer,
        "Order": commune_answers.OrderAnswer,
        "Agreement": commune_answers.AgreementAnswer,
        "Papers": commune_answers.PapersAnswer,
        "CamerasMonth": commune_answers.CamerasMonthAnswer,
    }
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_counts_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "statistics_desk.svelte.ts").read_text(encoding="utf-8")
    assert words_of("CounterKind", types) == {kind.value for kind in CounterKind}
    assert words_of("Told", types) == {told.value for told in Told}
    answers = {
        "Statistics": statistics_answers.StatisticsAnswer,
        "Counter": statistics_answers.CounterAnswer,
        "Profile": statistics_answers.ProfileAnswer,
        "Day": statistics_answers.DayAnswer,
        "Change": statistics_answers.ComparisonAnswer,
        "Bin": statistics_answers.BinAnswer,
    }
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_the_inventory_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "inventory_desk.svelte.ts").read_text(encoding="utf-8")
    assert words_of("Light", types) == {light.value for light in Light}
    assert words_of("Only", types) == {only.value for only in inventory.Only}
    answers = {
        "LightSaid": inventory.LightAnswer,
        "Device": inventory.DeviceAnswer,
        "Inventory": inventory.InventoryAnswer,
        "Machines": inventory.MachinesAnswer,
        "Person": inventory.PersonAnswer,
    }
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name
    ways = re.search(r"export const WAYS.+?{(.*?)\n}", types, re.DOTALL)
    assert ways is not None
    told = {state: set(re.findall(r"'(\w+)'", after)) for state, after in re.findall(r"(\w+): (\[.*?\])", ways[1])}
    by_word = {state: {each for each in after if each is not CameraLifecycle.ACTIVE} for state, after in ARROWS.items()}
    by_word[CameraLifecycle.DRAFT] = set()  # masks are proposed first
    assert told == {state.value: {each.value for each in after} for state, after in by_word.items()}


def test_the_page_knows_the_registers_of_the_dpo_as_their_doors_tell_them() -> None:
    types = (WEB / "src" / "dpo_types.ts").read_text(encoding="utf-8")
    words = {"ReadingGround": ReadingGround, "Outcome": Outcome, "SignRole": SignRole, "RequestState": RequestState}
    words |= {"IdentityProof": IdentityProof, "AccessDecision": AccessDecision, "Motive": Motive}
    for name, told in words.items():
        assert words_of(name, types) == {value.value for value in told}, name
    assert words_of("Ground", types) | words_of("ReadingGround", types) == {ground.value for ground in Ground}
    operations = re.search(r"OPERATIONS = {(.*?)}", types, re.DOTALL)
    assert operations is not None
    assert set(re.findall(r"(\w+): true", operations[1])) == {operation.value for operation in Operation}
    answers = {"JournalEntry": JournalEntryAnswer, "Verdict": VerdictAnswer, "Verification": VerificationAnswer}
    answers |= {"WaitingMasks": WaitingAnswer, "Drawing": DrawingAnswer, "Sign": SignAnswer, "Regime": RegimeAnswer}
    answers |= {"AccessRequest": RequestAnswer, "RegisterDay": RegisterDayAnswer, "Search": SearchTold}
    for name, answer in answers.items():
        assert fields_of(name, types) == set(answer.model_fields), name
    lines = {"JournalPage": JournalPageAnswer, "Signs": SignsAnswer, "Unannounced": UnannouncedAnswer}
    for name, answer in lines.items():
        assert one_line_of(name, types) == set(answer.model_fields), name


def test_the_page_knows_the_analysis_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "analysis_desk.svelte.ts").read_text(encoding="utf-8")
    eight = re.search(r"export const EVENT_TYPES = \[(.+?)\]", types, re.DOTALL)
    assert eight is not None
    assert re.findall(r"'(\w+)'", eight[1]) == [type.value for type in EventType]
    answers = ("AnalysisAnswer", "AnalysedCamera", "WaitingSignal", "SignalsAnswer", "ReportRow", "ParameterAsked")
    for name in (*answers, "DrawingAnswer"):
        assert fields_of(name, types) == set(getattr(analysis_answers, name).model_fields), name
    for name in ("TypeNamed", "Verdict", "SignalReportAnswer", "TypeAsked", "ZoneDrawn"):
        assert one_line_of(name, types) == set(getattr(analysis_answers, name).model_fields), name
    assert one_line_of("ZoneDrawn", types) == set(ZoneTold.model_fields)
    assert one_line_of("ZonesTold", types) == set(ZonesTold.model_fields)
    assert one_line_of("PictureBox", types) == {each.name for each in fields(PictureBox)}
    overlay = (WEB / "src" / "PictureOverlay.svelte").read_text(encoding="utf-8")
    assert f"columns = {HEAT_COLUMNS}, rows = {HEAT_ROWS}" in overlay


def words_of(name: str, types: str) -> set[str]:
    """The words that a type of the page may be."""
    line = re.search(rf"export type {name} = (.+)", types)
    assert line is not None
    return set(re.findall(r"'(\w+)'", line[1]))


def one_line_of(name: str, types: str) -> set[str]:
    """The fields of a type that is written on one line."""
    written = re.search(rf"export type {name} = {{ (.+) }}\n", types)
    assert written is not None
    return set(re.findall(r"(\w+):", written[1]))


def fields_of(name: str, types: str) -> set[str]:
    """The fields of a type of the page, with those of the type it goes on from; not of what lies deeper."""
    written = re.search(rf"export type {name} = (?:(\w+) & )?{{(.*?)\n?}}\n\n", types, re.DOTALL)
    assert written is not None
    before, of_type = written.groups()
    while (flatter := re.sub(r"{[^{}]*}", "", of_type)) != of_type:
        of_type = flatter
    return set(re.findall(r"(\w+):", of_type)) | (set() if before is None else fields_of(before, types))


def test_the_page_knows_who_turns_a_camera_as_its_doors_tell_it() -> None:
    types = (WEB / "src" / "ptz_desk.svelte.ts").read_text(encoding="utf-8")
    ranks = re.search(r"export type PtzRank = (.+)", types)
    answer = re.search(r"export type PtzAnswer = {(.*?)\n}\n", types, re.DOTALL)
    assert ranks is not None
    assert answer is not None
    assert set(re.findall(r"'(\w+)'", ranks[1])) == {rank.name.lower() for rank in PtzRank}
    assert set(re.findall(r"(\w+):", answer[1])) == set(PtzAnswer.model_fields)


def test_the_lock_file_names_no_host_to_fetch_from() -> None:
    packages = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages
    assert not [name for name, package in packages.items() if "resolved" in package]
    assert all("integrity" in package for name, package in packages.items() if name)


def test_the_page_and_its_assets_are_served(console) -> None:
    page = console.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assets = re.findall(r'"(/assets/[^"]+)"', page.text)
    assert {asset.rsplit(".", 1)[1] for asset in assets} == {"js", "css"}
    for asset in assets:
        assert console.get(asset).status_code == 200
    assert console.get("/favicon.svg").headers["content-type"] == "image/svg+xml"


def test_the_page_fetches_nothing_from_elsewhere_and_runs_no_inline_script(console) -> None:
    page = console.get("/").text
    assert not re.findall(r'(?:src|href)="(?!/)', page)
    assert not re.findall(r"<script(?![^>]*\bsrc=)", page)
    assert not re.findall(r"\bon[a-z]+=", page)


def test_nothing_outside_the_built_assets_can_be_fetched(console) -> None:
    for path in ("/assets/../index.html", "/assets/%2e%2e/SOURCES.sha256", "/assets/..%2f..%2fpackage.json"):
        assert console.get(path).status_code == 404


def test_the_licence_of_what_is_bundled_travels_along() -> None:
    bundled = json.loads((WEB / "dist" / "third-party.json").read_text(encoding="utf-8"))
    assert {package["name"] for package in bundled} >= {"svelte", "maplibre-gl", "pmtiles"}
    assert {package["identifier"] for package in bundled} <= {"MIT", "BSD-3-Clause", "ISC"}
    beside = {path.stem for path in (WEB / "dist" / "licences").iterdir()}
    assert all(package.get("text") or package["name"] in beside for package in bundled)
