"""Shifts, handover, visitors and planned events in a real browser (OPS-1, ACC-6, OPS-5)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from csu.centre.papers import Papers
from csu.centre.rooms.event_room import EventAround, EventRoom
from csu.centre.rooms.log_room import LogRoom
from csu.centre.rooms.service_room import PostsWithNotes, RoomAround, ServiceRoom
from csu.centre.rooms.visit_room import VisitRoom
from csu.console import Access, Desks, create_app, serve_console
from csu.console.demonstration import JournalInMemory
from csu.console.service_now import Agent
from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    CommuneService,
    Designation,
    GovernedCamera,
    Notification,
    Placement,
    PrefectApproval,
    Purpose,
    Rights,
    Role,
    ServiceLevel,
    Span,
    Subject,
    facts_text,
    start_of_day,
)
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.machine import SystemClock
from csu.operations import Shift
from tests.e2e.test_console_browser import PALE_WORDS
from tests.e2e.test_sign_in_browser import AtTheWall, QuietRoom

HOUR_NS = 60 * NS_PER_MINUTE
NAMES = {
    "anne": "Anne Martin",
    "bruno": "Bruno Kieffer",
    "chloe": "Chloé Schmitt-Lefebvre",
    "denis": "Denis Roth",
    "l.weber": "Luc Weber",
}
METZ = frozenset({CommuneId("metz")})


class Wall:
    """It does what it is asked."""

    scenes = {"base": "", "event": "Événement"}

    def ask(self, told: object) -> None:
        return None


@dataclass
class Hall:
    """A console on rooms of its own; `person` and `role`: who sits there."""

    path: Any
    person: str = "l.weber"
    role: Role = Role.ROOM_CHIEF
    url: str = ""
    told: list[Any] = field(default_factory=list)

    def subject(self, connection: object, at_ns: int) -> Subject:
        years = Agreement("d", date(2020, 1, 1), date(2040, 1, 1))
        approval = PrefectApproval("57-3", "Moselle", METZ, date(2024, 1, 1), date(2040, 1, 1), date(2026, 1, 1))
        designation = Designation("csu-metz", METZ, years)
        return Subject(self.person, self.role, True, designation=designation, approval=approval)

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        clock, room, self.loop = SystemClock(), QuietRoom(), asyncio.get_running_loop()
        self.log = LogRoom(self.path / "log.sqlite", clock=clock, tell=self.told.append)
        posts = AtTheWall(clock)
        agents = tuple(Agent(account, name, account == "l.weber") for account, name in NAMES.items())
        around = RoomAround(posts, lambda: ["panel-1/7"], lambda: agents)
        file = self.path / "service.sqlite"
        self.shifts = ServiceRoom(file, clock=clock, log=self.log, tell=self.hear, around=around)
        self.visits = VisitRoom(file, clock=clock, tell=self.hear)
        records = [line.record for line in room.cameras()]
        papers = Papers.stated(facts_text(orders_of_metz()))
        of_events = EventAround(lambda: records, papers, lambda: self.shifts.roster, Wall())
        self.events = EventRoom(file, clock=clock, log=self.log, tell=self.hear, around=of_events)
        access = Access(Rights(AuthorisationRegister(orders_of_metz())), self, JournalInMemory(clock))
        desks = Desks(
            watch=PostsWithNotes(posts, self.shifts),
            log=self.log,
            service=self.shifts,
            visits=self.visits,
            events=self.events,
        )
        writing = asyncio.create_task(self.log.run())
        async with serve_console(create_app(room, clock=clock, access=access, desks=desks)) as self.url:
            started.set()
            await ended.wait()
        writing.cancel()
        for each in (self.shifts, self.visits, self.events, self.log):
            each.close()

    def hear(self, event: object) -> None:
        self.told.append(event)
        self.log.hear(event)

    def ask(self, asked: Any) -> Any:
        """Something of the rooms themselves, from elsewhere."""
        return asyncio.run_coroutine_threadsafe(asked, self.loop).result(10)

    def lines(self) -> list[str]:
        return [f"{entry.entry.by}: {entry.entry.text}" for entry in self.ask(self.log.newest(100))]


def orders_of_metz() -> AuthorisationFacts:
    camera, commune = CameraId("cam-001"), CommuneId("metz")
    order = Authorisation(
        number="57-1",
        ordered_on=date(2025, 1, 1),
        valid_from=date(2025, 1, 1),
        purposes=frozenset({Purpose.PERSONS_PROPERTY}),
        retention_days=30,
        viewers=frozenset({"csu-metz"}),
        recipients=frozenset(),
        commission_opinion="CDV 2024",
        cameras=frozenset({camera}),
    )
    return AuthorisationFacts(
        authorisations=(order,),
        cameras=(GovernedCamera(camera, commune, (Placement(start_of_day(date(2025, 1, 2)), 10.0, 5.0),)),),
        notifications=(Notification(camera, date(2025, 1, 1), 10.0, 5.0, "LR 1"),),
        services=(
            CommuneService(commune, ServiceLevel.STORAGE_AND_WATCH, Agreement("c", date(2020, 1, 1), date(2040, 1, 1))),
        ),
    )


@pytest.fixture(scope="module")
def hall(tmp_path_factory) -> Iterator[Hall]:
    made, started, ended = Hall(tmp_path_factory.mktemp("service")), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(started, ended)))
    thread.start()
    assert started.wait(30)
    yield made
    made.loop.call_soon_threadsafe(ended.set)
    thread.join()


def open_page(page: Page, hall: Hall, name: str) -> None:
    page.goto(f"{hall.url}#{name}")


def test_the_chief_sets_a_day_is_refused_for_one_alone_and_the_next_team_signs_by_keyboard(hall, chromium_page) -> None:
    page = chromium_page
    open_page(page, hall, "service")
    expect(page.get_by_text("Aucun tableau de service n’est fixé")).to_be_visible()
    page.keyboard.press("c")
    form = page.get_by_role("form", name="Jour modifié")
    teams = [("Anne Martin", "Bruno Kieffer"), ("Chloé Schmitt-Lefebvre",), ("Luc Weber", "Bruno Kieffer")]
    for row, team in zip(form.get_by_role("group", name="Agents").all(), teams, strict=True):
        for name in team:
            row.get_by_role("button", name=name).click()
    form.get_by_role("button", name="Fixer").click()
    expect(form.get_by_role("alert")).to_contain_text("moins de deux agents (présents : chloe)")
    form.get_by_role("button", name="Vérifier").click()
    expect(form.get_by_text("1 défaut :")).to_be_visible()
    form.get_by_role("group", name="Agents").nth(1).get_by_role("button", name="Denis Roth").click()
    form.get_by_role("button", name="Fixer").click()
    expect(form).to_have_count(0)
    expect(page.locator(".shift", has_text="après-midi")).to_contain_text("Chloé Schmitt-Lefebvre")

    now_ns = time.time_ns() // NS_PER_S * NS_PER_S
    teams = [
        Shift("fin", Span(now_ns - 20 * HOUR_NS, now_ns + 10 * NS_PER_MINUTE), ("l.weber", "bruno")),
        Shift("suite", Span(now_ns - 10 * NS_PER_MINUTE, now_ns + 30 * HOUR_NS), ("chloe", "denis")),
    ]
    over = Span(now_ns - 20 * HOUR_NS, now_ns + 30 * HOUR_NS)
    hall.ask(hall.shifts.set_roster(teams, over, "l.weber"))
    page.reload()
    expect(page.locator(".owed")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.type("Voiture AB-123-CD au parking")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".notes .refused")).to_contain_text("une image ou une plaque")
    page.keyboard.press("Control+a")
    page.keyboard.type("Parking : barrière forcée, dépanneur attendu.")
    page.keyboard.press("Control+Enter")
    note = page.locator('[data-note="1"]')
    expect(note.locator(".awaited")).to_have_text("Attend Chloé Schmitt-Lefebvre, Denis Roth")

    hall.person, hall.role = "chloe", Role.OPERATOR
    page.reload()
    expect(page.locator('[data-note="1"]')).to_contain_text("barrière forcée")
    expect(page.get_by_role("heading", name="Visites de la salle")).to_have_count(0)
    page.keyboard.press("k")
    expect(note.locator(".awaited")).to_have_text("Attend Denis Roth")
    assert "chloe: consigne" in hall.lines()[-1]
    hall.person, hall.role = "l.weber", Role.ROOM_CHIEF


def test_a_demonstration_is_refused_without_its_declaration_then_planned_called_off_and_never_another_communes(
    hall, chromium_page
) -> None:
    page = chromium_page
    open_page(page, hall, "events")
    expect(page.get_by_text("Aucun événement dans vos communes.")).to_be_visible()
    page.keyboard.press("n")
    form = page.get_by_role("form", name="Prévoir un événement")
    form.get_by_role("combobox", name="Nature").select_option("demonstration")
    expect(form.get_by_text("Jamais la cause")).to_be_visible()
    form.get_by_role("textbox", name="Lieu").fill("Place de la République")
    form.get_by_role("combobox", name="Où").select_option("route")
    form.get_by_role("textbox", name="Points").fill("0 0\n200 0")
    form.get_by_role("button", name="Proposer les caméras proches").click()
    expect(form.get_by_text("1. Rue Haute")).to_be_visible()
    form.get_by_role("combobox", name="Scène du mur").select_option("event")
    form.get_by_role("textbox", name="Référence préfectorale").fill("57-2026-118")
    form.get_by_role("combobox", name="Finalité").select_option("traffic_flow")
    form.get_by_role("button", name="Enregistrer").click()
    expect(form.get_by_role("alert")).to_contain_text("n'a pas cette finalité")
    form.get_by_role("combobox", name="Finalité").select_option("persons_property")
    form.get_by_role("button", name="Enregistrer").click()
    expect(form).to_have_count(0)
    page.keyboard.press("ArrowDown")
    told = page.get_by_role("region", name="Manifestation Place de la République")
    expect(told).to_contain_text("57-2026-118")
    expect(told).to_contain_text("Rue Haute")
    told.get_by_role("button", name="Annuler l’événement").click()
    told.get_by_role("button", name="Vraiment annuler ?").click()
    expect(told).to_contain_text("annulé par l.weber")
    assert hall.lines()[-1].endswith(": annulé")


@pytest.mark.nightly
def test_words_are_not_pale_in_both_themes(hall, chromium_page) -> None:
    page = chromium_page
    for name in ("service", "events"):
        open_page(page, hall, name)
        expect(page.locator(f".{name}")).to_be_visible()
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(PALE_WORDS) == []
