"""The page of the wall in a real browser, before a real centre: its wall room, its director, its rights, its doors."""

from __future__ import annotations

import asyncio
import base64
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from csu.alarms import AlarmStore
from csu.centre import Catalogue, Centre, Papers, Ports
from csu.centre.rooms.wall_desk import DeskOfWall, WallAccount
from csu.centre.rooms.wall_plan import PlannedWall
from csu.centre.rooms.wall_room import WallRoom
from csu.centre.rooms.wall_seen import WallSeen, shift_began
from csu.console import Access, Desks, RoomCounters, RoomHealth, create_app, serve_console
from csu.console.demonstration import JournalInMemory
from csu.governance import Agreement, Designation, Role, Subject
from csu.governance.journal_entry import JournalEntry
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraRecord, CommuneId, ViewType
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.frame_mark import read_mark
from csu.hal.media import Assignment, NodeId, StreamAddress
from csu.hal.wall import WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.machine import NoChaos, SystemChance, SystemClock, SystemIds
from csu.wall import (
    Slot,
    SlotId,
    SlotRule,
    TileLocked,
    WallPlan,
)
from csu.wall.directing.coverage import WEEK_NS, CoverageKept
from csu.wall.model import Bezel, Node, Panel, Rect, Scene, Tile, Wall
from sim.papers import VIEWERS, PaperCamera, PapersOf, papers_text
from tests.e2e.conftest import GRAB_TILES
from tests.e2e.signing_in import OPERATOR, sign_in
from tests.e2e.test_console_browser import PALE_WORDS
from tests.e2e.test_demo import start_demo, stop

METZ, WOIPPY = CommuneId("Metz"), CommuneId("Woippy")
STREETS = ("Place d’Armes", "Gare", "Rue Serpenoise", "Pont des Morts", "Esplanade", "Saint-Louis", "Marché", "Mairie")
CAMERAS = [CameraId(f"cam-{number:04d}") for number in range(1, 13)]
OF_WOIPPY = CAMERAS[-1]
YEARS = Agreement("convention 7", date(2026, 1, 1), date(2036, 1, 1))
PEOPLE = {
    "anne.dupre": (Role.OPERATOR, frozenset({METZ, WOIPPY})),
    "jean.metz": (Role.OPERATOR, frozenset({METZ})),
    "lea.chef": (Role.ROOM_CHIEF, frozenset({METZ, WOIPPY})),
}


def name_of(number: int) -> str:
    return f"{STREETS[(number - 1) % len(STREETS)]}, n° {number}"


RECORDS = [
    CameraRecord(camera, index + 1, name_of(index + 1), WOIPPY if camera == OF_WOIPPY else METZ, ViewType.WIDE)
    for index, camera in enumerate(CAMERAS)
]


def two_panels() -> Wall:
    """Side by side, each with a frame of 8 mm."""
    node, bezel = WallNodeId("mur"), Bezel(8, 8, 8, 8)
    panels = tuple(
        Panel(WallPanelId(name), Rect(left, 0, 1296, 736), (1280, 720), node, (output, 0), bezel_mm=bezel)
        for name, left, output in (("gauche", 0, 0), ("droite", 1296, 1280))
    )
    return Wall("salle", panels, (Node(node, (WallPanelId("gauche"), WallPanelId("droite"))),))


def scene_of(name: str, called: str, first: int) -> Scene:
    """A spot and five tiles on the left panel, a large one on the right."""
    left = WallPanelId("gauche")
    tiles = [Tile(SlotId("spot"), Rect(0, 0, 1 / 3, 0.5), Slot(SlotId("spot"), SlotRule.ALARM_SPOT), left)]
    for index in range(5):
        slot, at = SlotId(f"t{index + 1}"), index + 1
        rect = Rect(at % 3 / 3, at // 3 / 2, 1 / 3, 0.5)
        camera = OF_WOIPPY if index == 4 else CAMERAS[first + index]
        tiles.append(Tile(slot, rect, Slot(slot, SlotRule.FIXED, (camera,)), left))
    large = SlotId("large")
    slot = Slot(large, SlotRule.PRIORITY, tuple(CAMERAS[first + 5 : first + 8]))
    tiles.append(Tile(large, Rect(0, 0, 1, 1), slot, WallPanelId("droite")))
    return Scene(name, tuple(tiles), called)


def planned() -> PlannedWall:
    scenes = {each.scene: each for each in (scene_of("jour", "Ordinaire", 0), scene_of("marche", "Marché", 2))}
    plan = WallPlan(tuple(scene.slots for scene in scenes.values()), base="jour", degraded="marche")
    return PlannedWall(two_panels(), plan, scenes)


class IdleNode:
    """A media node with nothing to tell."""

    def __init__(self) -> None:
        self.node, self._stopped = NodeId("n1"), asyncio.Event()

    async def start(self) -> None: ...

    async def assign(self, assignments) -> None: ...

    async def pose(self, camera, reading) -> None: ...

    async def messages(self):
        await self._stopped.wait()
        for never in ():
            yield never

    async def stop(self) -> None:
        self._stopped.set()


class SchoolPanel:
    """Rings once, when it is told to."""

    def __init__(self) -> None:
        self.panel, self.rings = PanelId("panel-1"), asyncio.Event()

    async def messages(self):
        await self.rings.wait()
        yield PanelMessage(self.panel, 1, METZ, "École", AlarmKind.FIRE, time.time_ns())
        await asyncio.Event().wait()

    async def acknowledge(self, message) -> None: ...


class Screen:
    """A wall that takes every scene."""

    async def start(self) -> None: ...

    async def read(self) -> None: ...

    async def renew(self, until_ns) -> None: ...

    async def show(self, scene) -> None: ...


class ByCookie:
    """Whoever says so by a cookie: the tests of tokens are elsewhere."""

    def subject(self, connection, at_ns) -> Subject | None:
        person = connection.cookies.get("person", "")
        if person not in PEOPLE:
            return None
        role, communes = PEOPLE[person]
        return Subject(person, role, True, Designation(VIEWERS[0], communes, YEARS), is_municipal_police=True)


class View:
    """`csu.console.RoomView` of a centre without pictures."""

    relay = None

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def cameras(self):
        return self._centre.board.all()

    def health(self) -> RoomHealth:
        return RoomHealth(True, "test", time.time_ns(), 1, 1, time.time_ns())

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    def watch_wall(self) -> None:
        return None

    async def wall_png(self) -> None:
        return None


@dataclass
class Hall:
    """A centre of twelve cameras, its wall of two panels, its console."""

    directory: object
    url: str = ""
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def build(self) -> None:
        clock = SystemClock()
        self.journal, self.bell, self.is_mute = JournalInMemory(clock), SchoolPanel(), False
        row = [PaperCamera(each.camera, each.commune, 100.0 * index) for index, each in enumerate(RECORDS)]
        papers = Papers.stated(papers_text(PapersOf(row, clock.now_ns())))
        node, stream = IdleNode(), StreamAddress("rtsp://127.0.0.1/x")
        self.centre = Centre(
            ports=Ports(clock, SystemChance("wall page"), SystemIds(), NoChaos()),
            nodes=[node],
            assignments={node.node: [Assignment(each, stream, None, False, (), 2.5, 1) for each in RECORDS]},
            catalogue=Catalogue(self.directory / "catalogue"),
            alarm_store=AlarmStore(self.directory / "alarms.sqlite"),
            journal=self.journal,
            panels=[self.bell],
            papers=papers,
            alarm_sites_m={(METZ, "École"): (310.0, 0.0)},
        )
        self.room = WallRoom(
            self.centre,
            {WallNodeId("mur"): Screen()},
            planned(),
            RECORDS,
            clock=clock,
            journal=self.journal,
            tell=lambda event: self.account.observe(event),
            may_view=lambda person, camera, now_ns: True,
            seen=self._seen(clock.now_ns()),
        )
        self.account = WallAccount()
        self.desk = DeskOfWall(self.room, self.account, clock)
        access = Access(papers, ByCookie(), self.journal)
        self.app = create_app(View(self.centre), clock=clock, access=access, desks=Desks(wall=self.desk))

    def _seen(self, now_ns: int) -> WallSeen:
        """Since a year; in this shift two, and the fourth for five weeks not."""
        last = dict.fromkeys(CAMERAS, now_ns) | {CAMERAS[3]: now_ns - 5 * WEEK_NS}
        live = {CAMERAS[0]: 3_720 * NS_PER_S, CAMERAS[1]: 65 * NS_PER_S}
        return WallSeen(
            CAMERAS, now_ns, kept=CoverageKept(now_ns - 52 * WEEK_NS, shift_began(now_ns, None), live, last)
        )

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        self.build()
        at_work = asyncio.create_task(self.centre.run())
        for person in ("agent-1", "agent-2"):
            self.centre.take_post(person)
        await self.room.open()
        showing = asyncio.create_task(self.room.run())
        async with serve_console(self.app) as self.url:
            started.set()
            await ended.wait()
        showing.cancel()
        await self.centre.stop()
        await at_work

    def do(self, act: Callable[[], object]) -> object:
        """`act`, in the centre's own thread."""
        done: Future[object] = Future()

        def run() -> None:
            try:
                done.set_result(act())
            except Exception as error:
                done.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return done.result(5)

    @property
    def told(self) -> list[str]:
        """Subject and reference of what was journaled."""
        rows = [row.entry for row in [*self.journal.rows]]
        return [f"{row.subject} {row.reference}".strip() for row in rows if isinstance(row, JournalEntry)]


@pytest.fixture
def hall(tmp_path) -> Iterator[Hall]:
    hall, started = Hall(tmp_path), threading.Event()
    ended = asyncio.Event()
    thread = threading.Thread(target=lambda: hall.loop.run_until_complete(hall.serve(started, ended)), daemon=True)
    thread.start()
    assert started.wait(10)
    yield hall
    hall.loop.call_soon_threadsafe(ended.set)
    thread.join(10)
    assert not thread.is_alive(), "the centre did not stop"


@pytest.fixture
def page_of(chromium: Browser, hall: Hall) -> Iterator[Callable[..., Page]]:
    """`page_of(person, lang=, scheme=)`: the wall as that person has it before them."""
    faults: list[str] = []
    contexts = []

    def open_page(person: str, lang: str = "fr", scheme: str = "dark") -> Page:
        context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="fr-FR", color_scheme=scheme)
        contexts.append(context)
        context.add_cookies([{"name": "person", "value": person, "url": hall.url}])
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        page.on(
            "console",
            lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
        )
        page.goto(f"{hall.url}?lang={lang}#wall")
        expect(tile(page, "t1")).to_be_visible()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults


def tile(page: Page, name: str) -> Locator:
    return page.locator(f"[data-tile='{name}']")


def camera(page: Page, number: int) -> Locator:
    return page.locator(f"#wall-camera-{number}")


def shows(page: Page, name: str, number: int) -> None:
    expect(tile(page, name)).to_have_attribute("data-camera", CAMERAS[number - 1])


def test_a_camera_is_dragged_to_a_tile_refused_by_an_alarm_spot_and_the_step_is_undone(hall, page_of) -> None:
    page = page_of("anne.dupre")
    camera(page, 8).drag_to(tile(page, "t1"))
    shows(page, "t1", 8)
    expect(tile(page, "t1")).to_contain_text(name_of(8))
    expect(page.get_by_role("region", name="Emplacement")).to_contain_text("Demandée par vous, jusqu’à")
    assert "console/wall/show" in hall.told
    camera(page, 8).drag_to(tile(page, "spot"))
    refusal = page.locator(".bubble")
    expect(refusal).to_contain_text("Le mur reste comme il est. Voyez le motif.")
    expect(refusal).to_contain_text("cet emplacement est aux alarmes")
    expect(page.locator(".chosen .refused")).to_contain_text("cet emplacement est aux alarmes")
    page.keyboard.press("Escape")
    expect(refusal).to_have_count(0)
    page.get_by_role("button", name="Annuler").click()
    shows(page, "t1", 1)
    expect(page.get_by_role("button", name="Annuler")).to_be_disabled()


def test_everything_at_the_wall_is_done_from_the_keyboard(hall, page_of) -> None:
    page = page_of("anne.dupre")
    press = page.keyboard.press
    for _ in range(30):
        press("Tab")
        if page.evaluate("document.activeElement.dataset.tile !== undefined"):
            break
    expect(tile(page, "spot")).to_be_focused()
    press("ArrowRight")
    expect(tile(page, "t1")).to_be_focused()
    press("ArrowDown")
    expect(tile(page, "t4")).to_be_focused()
    press("Enter")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("mairie")
    press("Enter")
    shows(page, "t4", 8)
    expect(tile(page, "t4")).to_be_focused()
    press("k")
    expect(tile(page, "t4")).to_have_accessible_name(re.compile("Verrouiller : vous"))
    press("k")
    expect(tile(page, "t4")).not_to_have_accessible_name(re.compile("Verrouiller"))
    press("Delete")
    shows(page, "t4", 4)
    press("Control+z")
    shows(page, "t4", 8)
    press("?")
    expect(page.get_by_role("dialog")).to_contain_text("rendre l’emplacement à sa règle")
    press("Escape")


@pytest.mark.nightly
def test_what_the_wall_refuses_is_told_where_it_was_tried_in_the_words_of_the_centre(hall, page_of) -> None:
    until_ns = time.time_ns() + 5 * NS_PER_MINUTE
    hall.do(lambda: hall.desk.ask(TileLocked(SlotId("t2"), "lea.chef", until_ns, is_chief=True)))
    page = page_of("jean.metz", "en")
    expect(tile(page, "t2")).to_have_accessible_name(re.compile("Lock : lea.chef"))
    tile(page, "t2").click()
    page.get_by_role("button", name="Unlock").click()
    expect(page.locator(".bubble")).to_contain_text("The wall stays as it is. See why. — t2: locked by lea.chef")
    # A camera of another commune: neither its name nor what it is up for, and its tile is not his to lock (403).
    expect(tile(page, "t5")).to_have_attribute("data-camera", "")
    expect(tile(page, "t5")).to_contain_text("outside your scope")
    assert page.get_by_text(name_of(12)).count() == 0
    tile(page, "t5").click()
    page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.locator(".bubble")).to_contain_text("Refused:")
    page.route("**/api/wall/tiles/**", lambda route: route.abort())
    tile(page, "t1").click()
    page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.locator(".bubble")).to_contain_text("The centre did not answer: nothing says that it was done.")


@pytest.mark.nightly
def test_whoever_follows_closely_sees_the_seconds_go_and_says_why(hall, page_of) -> None:
    page = page_of("anne.dupre")
    tile(page, "t3").click()
    page.get_by_role("button", name="Suivre de près").click()
    due = page.locator(".wall-bar .due")
    expect(due).to_have_text(re.compile(r"t3 Motif demandé : (60|5\d)\xa0s|t3 Motif demandé : 1\xa0min 00"))
    seconds = int(tile(page, "t3").locator(".due").inner_text().split("\xa0")[0])
    page.wait_for_timeout(2_100)
    assert int(tile(page, "t3").locator(".due").inner_text().split("\xa0")[0]) < seconds
    tile(page, "t1").click()
    due.click()
    expect(page.get_by_label("Motif", exact=True)).to_be_focused()
    page.keyboard.type("main courante 2026-118")
    page.keyboard.press("Enter")
    expect(due).to_have_count(0)
    expect(page.locator(".chosen")).to_contain_text("Suivi rapproché en cours, motif donné.")
    assert "console/wall/reason" in hall.told


@pytest.mark.nightly
def test_the_chief_calls_scenes_and_keeps_programmes_and_nobody_else(hall, page_of) -> None:
    page = page_of("lea.chef")
    bar = page.locator(".wall-bar")
    page.get_by_role("button", name="Marché", exact=True).click()
    expect(bar).to_contain_text("Marché scène appelée par lea.chef")
    page.get_by_role("button", name="Revenir au programme").click()
    expect(bar).to_contain_text("Ordinaire règle : scène habituelle")
    page.get_by_label("Nouveau programme").fill("marche-du-samedi")
    page.locator(".programmes select").select_option("marche")
    page.get_by_role("button", name="Lancer").click()
    planned = page.locator(".planned li")
    expect(planned).to_contain_text("marche-du-samedi en cours")
    expect(bar).to_contain_text("Marché programme marche-du-samedi")
    operator = page_of("anne.dupre", "en")
    expect(operator.get_by_role("button", name="Marché", exact=True)).to_be_disabled()
    expect(operator.get_by_text("The room chief calls scenes and keeps the programmes.")).to_be_visible()
    expect(operator.get_by_label("New programme")).to_have_count(0)
    page.get_by_role("button", name="Terminer marche-du-samedi").click()
    expect(planned).to_contain_text("Aucun programme.")
    expect(bar).to_contain_text("Ordinaire")
    page.locator("input[type=datetime-local]").last.fill("2020-01-01T00:00")
    expect(page.get_by_text("La fin doit venir après le début")).to_be_visible()
    expect(page.get_by_role("button", name="Lancer")).to_be_disabled()


@pytest.mark.nightly
def test_alarms_the_budget_why_and_what_was_not_seen_are_told(hall, page_of) -> None:
    page = page_of("anne.dupre")
    bar = page.locator(".wall-bar")
    expect(bar).to_contain_text("6 images · 2 en poste × 16 = 32")
    expect(bar).to_contain_text("Aucune alarme en attente")
    hall.do(hall.bell.rings.set)
    expect(tile(page, "spot")).to_have_class(re.compile("alarm"))
    expect(tile(page, "spot")).to_contain_text(name_of(4))
    tile(page, "spot").click()
    expect(page.locator(".why li").first).to_contain_text(f"{name_of(4)} · alarme panel-1/1")
    hall.do(lambda: hall.centre.leave_post("agent-2", urgent_reason="malaise"))
    expect(bar).to_contain_text("1 en poste × 16 = 16", timeout=8_000)
    page.get_by_role("button", name="Couverture de la vacation").click()
    told = page.locator(".coverage")
    expect(told).to_contain_text(re.compile("2\\s+caméras vues,\\s+10\\s+pas vues"))
    expect(told).to_contain_text(f"{name_of(1)} 1\xa0h 02")
    expect(told).to_contain_text(re.compile(rf"Jamais vues en \d+ semaines\s+{re.escape(name_of(4))}$"))


@pytest.mark.nightly
def test_a_wall_that_is_no_longer_told_does_not_look_like_the_present(hall, page_of) -> None:
    page = page_of("anne.dupre")
    expect(page.locator(".told-age")).to_have_text(re.compile(r"État du mur : il y a [01],\d\xa0s"))
    page.route("**/api/wall", lambda route: route.abort())
    expect(page.get_by_role("alert").filter(has_text="L’état du mur n’arrive plus")).to_be_visible(timeout=8_000)
    expect(page.locator(".stage.stale")).to_be_visible()
    page.unroute("**/api/wall")
    expect(page.locator(".stage.stale")).to_have_count(0, timeout=8_000)
    expect(page.get_by_text("L’état du mur n’arrive plus")).to_have_count(0)


@pytest.mark.nightly
def test_an_answer_that_was_overtaken_is_let_go(hall, page_of) -> None:
    """It was asked for before the step whose answer is shown: it would show the wall as it was."""
    page, held = page_of("anne.dupre"), []

    def hold(route: Route) -> None:
        if held:
            route.abort()  # nothing newer comes to the help of what is wrong
        else:
            held.append((route, route.fetch()))

    page.route("**/api/wall", hold)
    while not held:
        page.wait_for_timeout(50)
    camera(page, 8).drag_to(tile(page, "t1"))
    shows(page, "t1", 8)
    (route, response), *_ = held
    assert CAMERAS[7] not in [each["camera"] for each in response.json()["tiles"]]
    route.fulfill(response=response)
    page.wait_for_timeout(1_000)
    shows(page, "t1", 8)


@pytest.mark.nightly
def test_tiles_lie_on_the_page_as_they_hang(hall, page_of) -> None:
    """Two panels of 1280 x 720 mm, 16 mm of frames between them."""
    page = page_of("anne.dupre")
    stage = page.locator(".stage").bounding_box()
    assert stage["width"] / stage["height"] == pytest.approx(2576 / 720, rel=0.01)
    right, large = page.locator("[data-panel=droite]").bounding_box(), tile(page, "large").bounding_box()
    for side in ("x", "y", "width", "height"):
        assert right[side] == pytest.approx(large[side], abs=1.5)
    assert (right["x"] - stage["x"]) / stage["width"] == pytest.approx(1296 / 2576, abs=0.003)


@pytest.mark.nightly
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_words_can_be_read_and_controls_have_names(hall, page_of, scheme) -> None:
    page = page_of("lea.chef", scheme=scheme)
    tile(page, "t1").click()
    page.get_by_role("button", name="Suivre de près").click()
    expect(page.locator(".wall-bar .due")).to_be_visible()
    camera(page, 5).drag_to(tile(page, "spot"))
    expect(page.locator(".bubble")).to_be_visible()
    assert page.evaluate(PALE_WORDS) == []
    unnamed = "[...document.querySelectorAll('button')].filter((b) => !(b.ariaLabel || b.innerText).trim()).length"
    assert page.evaluate(unnamed) == 0
    assert page.evaluate("document.querySelectorAll('.place[tabindex=\"0\"]').length") == 1


PLACES = """
() => {
  const stage = document.querySelector('.stage').getBoundingClientRect()
  return [...document.querySelectorAll('.place')].map((place) => {
    const at = place.getBoundingClientRect()
    const [left, top] = [(at.left - stage.left) / stage.width, (at.top - stage.top) / stage.height]
    return [place.dataset.tile, left, top, left + at.width / stage.width, top + at.height / stage.height]
  })
}
"""


def cameras_in_pixels(page: Page) -> dict[str, int | None]:
    """Of each tile the camera whose mark stands in the live picture where the page lays the tile."""
    (raw,) = page.evaluate(GRAB_TILES, ".wall-preview")
    if not raw["luma"]:
        return {}
    picture = np.frombuffer(base64.b64decode(raw["luma"]), np.uint8).reshape(raw["height"], raw["width"])
    found: dict[str, int | None] = {}
    for name, left, top, right, bottom in page.evaluate(PLACES):
        across, down = raw["width"], raw["height"]
        part = picture[round(top * down) : round(bottom * down), round(left * across) : round(right * across)]
        mark = read_mark(np.ascontiguousarray(part))
        found[name] = None if mark is None else mark.camera_number
    return found


def wait_for_pixels(page: Page, **wanted: int) -> None:
    expected = {name.replace("_", "-"): number for name, number in wanted.items()}
    for _ in range(60):
        seen = cameras_in_pixels(page)
        if seen == expected:
            return
        page.wait_for_timeout(250)
    assert seen == expected


@pytest.mark.nightly
def test_what_is_dragged_is_what_a_whole_centre_then_draws_under_the_tile(tmp_path, chromium_page) -> None:
    """`csu demo`: real pictures, real wall; the page's tiles lie on what the wall draws there."""
    page, demo = chromium_page, start_demo(tmp_path, "--cameras", "4", "--seconds", "120")
    try:
        demo.wait_for_address(60)
        sign_in(page, demo.accounts(), OPERATOR, "?lang=fr#wall")
        expect(page.locator(".wall-preview")).to_have_attribute("data-state", "live", timeout=40_000)
        wait_for_pixels(page, tile_1=1, tile_2=2, tile_3=3, tile_4=4)
        camera(page, 3).drag_to(tile(page, "tile-1"))
        expect(tile(page, "tile-3")).to_have_count(0)  # a grid shows each camera once
        wait_for_pixels(page, tile_1=3, tile_2=2, tile_4=4)
        page.keyboard.press("Control+z")
        wait_for_pixels(page, tile_1=1, tile_2=2, tile_3=3, tile_4=4)
    finally:
        stop(demo)
