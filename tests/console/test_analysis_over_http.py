"""Real-time analysis over HTTP: lists are cut, verdicts are a closed list, zones are proved, a stop has a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import httpx
import pytest
from fastapi import FastAPI

from csu.centre.events import SignalRaised
from csu.centre.rooms.signal_room import SignalRoom
from csu.console import Access, Desks, create_app
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.detection.signals import Dismissal, Qualification, SignalStore
from csu.governance.analysis_switch import SwitchNow
from csu.hal.analysis import EventType, ZoneRule
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from csu.machine import SystemIds
from csu.operations.analysis_zones import CameraDrawing
from tests.console.analysed_streets import ORDER, QUAY, AnalysedStreets, WhoeverIsNamed, hours_from
from tests.console.conftest import Console, FakeRoom
from tests.detection.signals.said import said

MINE, FOREIGN, UNWATCHED = CameraId("cam-001"), CameraId("cam-002"), CameraId("cam-003")
TRIANGLE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]
A_ZONE = {"zone": "parvis", "type": "restricted_zone", "corners": TRIANGLE}


class NoWall:
    def signal(self, signal: str, camera: CameraId) -> None: ...

    def end_signal(self, signal: str) -> None: ...


class MayNotWatch:
    """The rights of a demonstration; one camera nobody may watch, though its commune is one's own."""

    def __init__(self, room: FakeRoom) -> None:
        self._rights = DemonstrationRights(room, date(2026, 6, 1))

    def decide(self, subject, action, resource, at_ns):
        hidden = replace(resource, camera=CameraId("no-such-camera")) if resource.camera == UNWATCHED else resource
        return self._rights.decide(subject, action, hidden, at_ns)


@dataclass
class Hall:
    console: Console
    room: SignalRoom
    streets: AnalysedStreets
    store: SignalStore
    journal: JournalInMemory = field(init=False)

    def __post_init__(self) -> None:
        self.journal = JournalInMemory(self.console.clock)

    def app(self, **desks: object) -> FastAPI:
        access = Access(MayNotWatch(self.console.room), WhoeverIsNamed(), self.journal)
        there = {"analysis": self.streets, "signals": self.room} | desks
        return create_app(self.console.room, clock=self.console.clock, access=access, desks=Desks(**there))

    def raise_one(self, camera: CameraId) -> str:
        self.room.hear(SignalRaised(said(camera, EventType.RESTRICTED_ZONE, "quai"), 0))
        return next(each.signal for each in self.room.waiting() if each.told.camera == camera)

    def outcomes(self) -> dict[str, object]:
        return {each.signal: each.outcome for each in self.store.outcomes(0, 1 << 62)}


@pytest.fixture(scope="module")
def whole_hall(tmp_path_factory) -> Iterator[Hall]:
    console = Console()
    object.__setattr__(console.room.status[1].record, "commune", CommuneId("ars"))
    store = SignalStore(tmp_path_factory.mktemp("analysis") / "signals.sqlite", durable=False)
    room = SignalRoom(
        store, NoWall(), is_day=lambda *_: True, clock=console.clock, ids=SystemIds(), tell=lambda event: None
    )
    yield Hall(console, room, AnalysedStreets([MINE, FOREIGN], hours_from(console.clock.at_ns, 2)), store)
    store.close()


@pytest.fixture(scope="module")
def app(whole_hall) -> FastAPI:
    """Once: its doors take a quarter of a second."""
    return whole_hall.app()


@pytest.fixture
def hall(whole_hall) -> Hall:
    """Nothing waits, nothing is stopped, one zone is drawn."""
    asyncio.run(whole_hall.room.finish())
    whole_hall.streets.now = SwitchNow()
    drawn = (ZoneRule(QUAY, EventType.RESTRICTED_ZONE),)
    whole_hall.streets.drawings = {MINE: CameraDrawing(MINE, "chief", 1, drawn)}
    return whole_hall


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(hall, app) -> Ask:
    def asked(person: str, method: str, path: str, body=None, of=app) -> httpx.Response:
        async def run() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(of), base_url="http://127.0.0.1:8600") as one:
                return await one.request(method, path, json=body, headers={"x-person": person})

        return asyncio.run(run())

    return asked


def test_lists_are_cut_to_ones_communes_and_to_cameras_one_may_watch(hall, ask) -> None:
    mine = hall.raise_one(MINE)
    for camera in (FOREIGN, UNWATCHED):
        hall.raise_one(camera)
    told = ask("anne", "GET", "/api/analysis").json()
    assert [(each["camera"], each["is_analysed"], each["order"]) for each in told["cameras"]] == [
        (MINE, True, ORDER),
        (UNWATCHED, False, ""),
    ]
    assert told["cameras"][1]["why"]["fr"] == "aucun arrêté ne le permet"
    shown = ask("anne", "GET", "/api/analysis/signals").json()
    assert [each["signal"] for each in shown["signals"]] == [mine]
    assert shown["signals"][0]["corners"] == [list(corner) for corner in QUAY.corners]
    assert {each["verdict"] for each in shown["verdicts"]} == {*Qualification, *Dismissal}


def test_a_signal_of_elsewhere_is_refused_like_one_that_there_is_not(hall, ask) -> None:
    names = (hall.raise_one(FOREIGN), hall.raise_one(UNWATCHED), "no-such-signal")
    first, *others = [
        ask("anne", "POST", f"/api/analysis/signals/{name}/judge", {"verdict": "confirmed"}) for name in names
    ]
    assert (first.status_code, first.json()["code"]) == (404, "signal_unknown")
    assert all((other.status_code, other.json()) == (404, first.json()) for other in others)
    assert {each.signal for each in hall.room.waiting()} == set(names[:2])


def test_a_judgement_is_a_word_of_the_list_and_counts_once(hall, ask) -> None:
    signal = hall.raise_one(MINE)
    at = f"/api/analysis/signals/{signal}/judge"
    for body in ({"verdict": "il courait"}, {"verdict": "expired"}, {"verdict": "confirmed", "note": "homme"}, {}):
        assert ask("anne", "POST", at, body).status_code == 422
    assert [each.signal for each in hall.room.waiting()] == [signal]
    judged = ask("anne", "POST", at, {"verdict": "reflection"})
    assert (judged.status_code, judged.json()["verdict"]) == (200, "reflection")
    again = ask("chief", "POST", at, {"verdict": "confirmed"})
    assert (again.status_code, again.json()["code"]) == (404, "signal_unknown")
    assert hall.outcomes()[signal] is Dismissal.REFLECTION


def test_a_stop_has_a_reason_and_only_who_answers_for_it_lets_it_go_on(hall, ask) -> None:
    for body in ({}, {"reason": ""}, {"reason": "    "}):
        assert ask("anne", "POST", "/api/analysis/stop", body).status_code in (403, 422)
    assert not hall.streets.now.is_thrown
    stopped = ask("anne", "POST", "/api/analysis/stop", {"reason": "cadres sur des passants"})
    assert (stopped.status_code, stopped.json()["is_stopped"]) == (200, True)
    told = ask("anne", "GET", "/api/analysis").json()
    assert (told["is_stopped"], [each["is_analysed"] for each in told["cameras"]]) == (True, [False, False])
    for person in ("anne", "chief"):
        assert ask(person, "POST", "/api/analysis/resume", {"reason": "corrigé"}).status_code == 403
    assert hall.streets.now.is_thrown
    assert ask("manager", "POST", "/api/analysis/resume", {"reason": "zones corrigées"}).json()["is_stopped"] is False
    assert hall.streets.reasons[-2:] == [("anne", "cadres sur des passants"), ("manager", "zones corrigées")]
    rows = str([row.entry for row in hall.journal.rows])
    assert "passants" not in rows


@pytest.mark.parametrize(
    ("zones", "status"),
    [
        ([A_ZONE | {"corners": TRIANGLE[:2]}], 422),
        ([A_ZONE | {"corners": [[0.1, 0.1], [1.5, 0.1], [0.5, 0.5]]}], 422),
        ([A_ZONE | {"type": "loitering"}], 422),
        ([A_ZONE | {"zone": "  "}], 422),
        ([A_ZONE | {"zone": "AB-123-CD"}], 409),
        ([A_ZONE | {"corners": [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]]}], 409),
        ([A_ZONE | {"parameters": {"dwell_s": 1e9}}], 409),
        ([A_ZONE | {"parameters": {"face_width_px": 1}}], 409),
        ([A_ZONE | {"type": "wrong_way"}], 409),
        ([A_ZONE, A_ZONE], 409),
        ([A_ZONE | {"zone": f"zone {number}"} for number in range(33)], 422),
    ],
)
def test_what_is_no_zone_is_refused_and_the_former_ones_stand(hall, ask, zones, status) -> None:
    before = hall.streets.drawings[MINE]
    refused = ask("chief", "PUT", f"/api/analysis/cameras/{MINE}/zones", {"zones": zones})
    assert refused.status_code == status
    assert refused.json()["fr"]
    assert hall.streets.drawings[MINE] is before


def test_the_chief_draws_and_is_told_what_each_type_can_be_set_to(hall, ask) -> None:
    at = f"/api/analysis/cameras/{MINE}/zones"
    lane = A_ZONE | {"zone": "rue", "type": "wrong_way", "lane": [[0.1, 0.2], [0.8, 0.2]]}
    told = ask("chief", "PUT", at, {"zones": [A_ZONE | {"parameters": {"dwell_s": 4}}, lane]}).json()
    assert (told["drawn_by"], told["is_of_one_view"]) == ("chief", False)
    assert [(each["zone"], each["parameters"]) for each in told["zones"]] == [("parvis", {"dwell_s": 4}), ("rue", {})]
    forms = {each["type"]: each for each in told["types"]}
    assert set(forms) == set(EventType)
    assert [type for type, form in forms.items() if form["needs_lane"]] == [EventType.WRONG_WAY]
    assert forms["weapon"]["unavailable"]["fr"]
    fields = {each["name"]: each for each in forms["restricted_zone"]["parameters"]}
    assert fields["persons"]["is_yes_or_no"]
    assert (fields["dwell_s"]["default"], fields["dwell_s"]["is_yes_or_no"]) == (1.0, False)
    assert ask("anne", "PUT", at, {"zones": []}).status_code == 403
    for camera in (FOREIGN, "cam-999"):
        refused = ask("chief", "PUT", f"/api/analysis/cameras/{camera}/zones", {"zones": []})
        assert (refused.status_code, refused.json()["code"]) == (404, "camera_unknown")


def test_a_centre_that_analyses_nothing_says_so(hall, ask) -> None:
    app = hall.app(analysis=None, signals=None)
    for path in ("", "/signals", f"/cameras/{MINE}/zones"):
        absent = ask("anne", "GET", f"/api/analysis{path}", of=app)
        assert (absent.status_code, absent.json()["code"]) == (503, "analysis_absent")
    stop = ask("anne", "POST", "/api/analysis/stop", {"reason": "essai"}, of=app)
    assert (stop.status_code, stop.json()["code"]) == (503, "analysis_absent")


def test_who_went_unjudged_is_counted_and_not_blamed_on_anybody(hall, ask) -> None:
    hall.raise_one(UNWATCHED)
    hall.console.clock.at_ns = said().at_ns + 3600 * NS_PER_S
    asyncio.run(hall.room.finish())
    rows = ask("manager", "GET", "/api/analysis/report").json()["rows"]
    row = next(each for each in rows if each["camera"] == UNWATCHED)
    assert (row["name"], row["raised"], row["precision"]) == ("Rue 3", row["unjudged"], None)
    assert row["unjudged"] >= 1
    assert ask("anne", "GET", "/api/analysis/report").status_code == 403
