"""A hand on a camera in a real browser: it turns while it is held; whoever ranks higher takes it (decision 0041)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from csu.console import Access, Desks, create_app, serve_console
from csu.console.demonstration import DemonstrationRights, JournalInMemory
from csu.governance import Author, day_in_paris
from csu.hal.camera import CameraId, CameraRecord, CommuneId, PtzVelocity, ViewType
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from csu.operations import PtzLeases
from tests.console.test_ptz import CAMERA, Desk, WhoeverTheHeaderSays
from tests.e2e.test_sign_in_browser import QuietRoom

FIXED = CameraId("cam-002")


class TwoStreets(QuietRoom):
    """One camera that turns, and one that does not."""

    def cameras(self) -> Sequence[CameraStatus]:
        streets = ((CAMERA, "Rue Haute"), (FIXED, "Rue Basse"))
        records = (CameraRecord(c, i + 1, n, CommuneId("metz"), ViewType.WIDE) for i, (c, n) in enumerate(streets))
        return [CameraStatus(record, CameraState.LOST, 0, 0) for record in records]


@dataclass
class Stick(Desk):
    """The desk of `tests/console/test_ptz.py`, with all that was said; a movement takes its time to begin."""

    said: list[tuple[str, str]] = field(default_factory=list)
    takes_s: float = 0.0

    async def move(self, camera: CameraId, velocity: PtzVelocity, by: Author, alarm: str) -> None:
        self.said.append((by.account, "move"))
        await asyncio.sleep(self.takes_s)
        await super().move(camera, velocity, by, alarm)
        self.said.append((by.account, "moved"))

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        self.said.append((by.account, "keep"))
        super().keep_moving(camera, by)

    async def halt(self, camera: CameraId, by: Author) -> None:
        self.said.append((by.account, "stop"))
        await super().halt(camera, by)

    def restrict(self, is_short: bool) -> None:
        self._leases.restrict(is_short, self.now_ns)

    def forget(self) -> None:
        """As after a minute without use."""
        self._leases = PtzLeases([CAMERA])

    def by(self, person: str) -> list[str]:
        return [what for who, what in self.said if who == person]


class AtTheWall:
    """Two, or fewer."""

    watching: Sequence[str] = ("anne", "brice")
    is_short_of_watch = False

    def seen_at_post(self, person: str) -> None: ...


@dataclass
class Room:
    url: str = ""
    stick: Stick = field(default_factory=Stick)
    watch: AtTheWall = field(default_factory=AtTheWall)


@pytest.fixture(scope="module")
def served() -> Iterator[Room]:
    clock, room, told = SystemClock(), TwoStreets(), Room()
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        rights = DemonstrationRights(room, day_in_paris(clock.now_ns()) - timedelta(days=1))
        access = Access(rights, WhoeverTheHeaderSays(), JournalInMemory(clock))
        async with serve_console(
            create_app(room, clock=clock, access=access, desks=Desks(watch=told.watch, ptz=told.stick, aims=told.stick))
        ) as url:
            told.url = url
            loops.append(asyncio.get_running_loop())
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    yield told
    loops[0].call_soon_threadsafe(stop.set)
    thread.join()


@pytest.fixture
def room(served) -> Room:
    """Nobody has the camera, nothing was said yet, two are on watch."""
    served.stick.__init__()
    served.watch.is_short_of_watch = False
    return served


@pytest.fixture
def anne(room, chromium_page) -> Page:
    return enlarged(chromium_page, room, "anne")


def enlarged(page: Page, room: Room, person: str) -> Page:
    """The page of a person, with the camera that turns made large."""
    page.context.add_cookies([{"name": "person", "value": person, "url": room.url}])
    page.goto(room.url)
    page.locator(f".tile[data-camera={CAMERA}]").click()
    return page


def holder(page: Page) -> Locator:
    return page.locator(".ptz .holder [role=status]")


def until(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(200):
        if is_so():
            return
        page.wait_for_timeout(50)
    pytest.fail("it never came so")


def rests(page: Page, stick: Stick, person: str = "anne") -> None:
    """Nothing more is said for as long as three keeps would take."""
    said = stick.by(person)
    page.wait_for_timeout(900)
    assert stick.by(person) == said


def test_a_camera_turns_while_it_is_held_and_the_chief_takes_it_from_the_hand(room, anne, chromium: Browser) -> None:
    stick = room.stick
    expect(holder(anne)).to_have_text("Personne ne la tient")
    anne.keyboard.down("Shift")
    anne.keyboard.down("ArrowRight")
    expect(holder(anne)).to_have_text("Vous la tenez (opérateur)")
    until(anne, lambda: stick.by("anne").count("keep") >= 2)
    anne.keyboard.up("ArrowRight")
    until(anne, lambda: "stop" in stick.by("anne"))
    rests(anne, stick)
    said = stick.by("anne")
    assert said == ["move", "moved", *["keep"] * (len(said) - 3), "stop"]
    assert stick.orders == [PtzVelocity(0.5, 0, 0), "stop"]

    anne.keyboard.down("ArrowUp")
    until(anne, lambda: stick.by("anne").count("moved") == 2)
    context = chromium.new_context(locale="fr-FR")
    chief = enlarged(context.new_page(), room, "chief")
    expect(holder(chief)).to_have_text("anne la tient (opérateur)")
    chief.keyboard.down("Shift")
    chief.keyboard.down("ArrowLeft")
    expect(holder(chief)).to_have_text("Vous la tenez (chef de salle)")
    told = anne.locator(".ptz [role=alert]")
    expect(told).to_contain_text("chief (chef de salle) vous a pris la caméra")
    expect(told).to_contain_text("tenue par : chief")  # in the words of the centre
    expect(holder(anne)).to_have_text("chief la tient (chef de salle)")
    rests(anne, stick)
    assert stick.by("anne")[-1] == "keep", "a hand that lost the camera says nothing more, not even stop"
    anne.keyboard.up("ArrowUp")
    rests(anne, stick)
    until(chief, lambda: "keep" in stick.by("chief"))
    context.close()


@pytest.mark.nightly
def test_a_short_press_on_a_slow_camera_is_a_movement_and_then_its_stop(room, anne) -> None:
    """Two that overlap could arrive the other way round, and the camera would turn on."""
    room.stick.takes_s = 0.5
    expect(holder(anne)).to_be_visible()
    anne.keyboard.press("Shift+ArrowDown")
    anne.keyboard.press("+")
    anne.keyboard.press("-")
    until(anne, lambda: "stop" in room.stick.by("anne"))
    rests(anne, room.stick)
    assert room.stick.by("anne") == ["move", "moved", "stop"]
    assert room.stick.orders[0] == PtzVelocity(0, -0.5, 0)


@pytest.mark.nightly
@pytest.mark.parametrize(
    "leave",
    [
        lambda page: page.evaluate("dispatchEvent(new Event('blur'))"),
        lambda page: page.evaluate("dispatchEvent(new Event('pagehide'))"),
        lambda page: page.keyboard.press("Escape"),
        lambda page: page.keyboard.press("m"),
        lambda page: page.keyboard.up("Shift"),
        lambda page: page.goto("about:blank"),
    ],
    ids=["blur", "pagehide", "escape", "another page", "shift", "gone"],
)
def test_who_leaves_lets_go(room, anne, leave) -> None:
    expect(holder(anne)).to_be_visible()
    anne.keyboard.down("Shift")
    anne.keyboard.down("ArrowRight")
    until(anne, lambda: "keep" in room.stick.by("anne"))
    leave(anne)
    until(anne, lambda: room.stick.by("anne")[-1] == "stop")
    anne.keyboard.down("ArrowRight")  # the key repeats: it is no new press
    rests(anne, room.stick)
    assert room.stick.orders == [PtzVelocity(0.5, 0, 0), "stop"]


@pytest.mark.nightly
def test_an_arrow_that_outlives_its_shift_does_not_change_the_camera(room, anne) -> None:
    expect(holder(anne)).to_be_visible()
    anne.keyboard.down("Shift")
    anne.keyboard.down("ArrowRight")
    anne.keyboard.up("Shift")
    anne.keyboard.down("ArrowRight")
    expect(anne.locator("li.enlarged .tile")).to_have_attribute("data-camera", str(CAMERA))
    anne.keyboard.up("ArrowRight")
    anne.keyboard.press("ArrowRight")
    expect(anne.locator("li.enlarged .tile")).to_have_attribute("data-camera", str(FIXED))
    expect(anne.locator(".ptz")).to_have_count(0)


@pytest.mark.nightly
def test_the_mouse_turns_it_the_faster_the_further_and_says_so_five_times_a_second_at_most(room, anne) -> None:
    box = anne.locator(".ptz .pad").bounding_box()
    assert box is not None
    middle, radius = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), box["width"] / 2
    anne.mouse.move(*middle)
    anne.mouse.down()
    began_s = SystemClock().monotonic_ns() / 1e9
    for step in range(60):
        anne.mouse.move(middle[0] + radius * step / 60, middle[1])
        anne.wait_for_timeout(20)
    anne.mouse.move(middle[0], middle[1] - 2 * radius)
    until(anne, lambda: room.stick.orders[-1:] == [PtzVelocity(0, 1, 0)])
    took_s = SystemClock().monotonic_ns() / 1e9 - began_s
    anne.mouse.up()
    until(anne, lambda: room.stick.orders[-1:] == ["stop"])
    pans = [order.pan for order in room.stick.orders[:-2]]
    assert 3 <= len(pans) <= 5 * took_s + 1
    assert pans == sorted(pans)
    anne.get_by_role("button", name="Zoom arrière").hover()
    anne.mouse.down()
    until(anne, lambda: room.stick.orders[-1:] == [PtzVelocity(0, 0, -0.5)])
    anne.mouse.up()
    until(anne, lambda: room.stick.orders[-1:] == ["stop"])


@pytest.mark.nightly
def test_a_stick_that_is_found_pushed_moves_nothing_until_it_was_at_rest(room, chromium_page) -> None:
    def stick(axes: str, zoom: float = 0) -> str:
        buttons = f"Array(8).fill({{value: 0}}).with(7, {{value: {zoom}}})"
        return f"[{{connected: true, mapping: 'standard', axes: [{axes}], buttons: {buttons}}}]"

    chromium_page.add_init_script(f"window.pads = {stick('1, 0')}; navigator.getGamepads = () => window.pads")
    anne = enlarged(chromium_page, room, "anne")
    expect(holder(anne)).to_be_visible()
    rests(anne, room.stick)
    assert room.stick.orders == []
    anne.evaluate(f"window.pads = {stick('0.02, -0.03')}")
    anne.wait_for_timeout(300)
    anne.evaluate(f"window.pads = {stick('0, -1')}")
    until(anne, lambda: room.stick.orders[-1:] == [PtzVelocity(0, 1, 0)])
    anne.evaluate(f"window.pads = {stick('0, -1', 0.8)}")
    until(anne, lambda: room.stick.orders[-1:] == [PtzVelocity(0, 1, 0.8)])
    anne.evaluate("window.pads = [null]")
    until(anne, lambda: room.stick.orders[-1:] == ["stop"])


@pytest.mark.nightly
def test_it_is_given_back_by_its_key_and_what_is_not_used_is_seen_to_be_free(room, anne) -> None:
    expect(holder(anne)).to_be_visible()
    anne.keyboard.down("+")
    until(anne, lambda: "keep" in room.stick.by("anne"))
    anne.keyboard.press("r")
    expect(holder(anne)).to_have_text("Personne ne la tient")
    assert room.stick.orders == [PtzVelocity(0, 0, 0.5), "stop"]
    rests(anne, room.stick)
    anne.keyboard.up("+")
    anne.keyboard.press("+")
    expect(holder(anne)).to_have_text("Vous la tenez (opérateur)")
    anne.get_by_role("button", name="Rendre (r)").click()
    expect(holder(anne)).to_have_text("Personne ne la tient")
    expect(anne.get_by_text("sans usage")).to_have_count(0)
    anne.wait_for_timeout(200)  # a press within 200 ms of the last movement may be too short to count
    anne.keyboard.press("-")
    expect(holder(anne)).to_have_text("Vous la tenez (opérateur)")
    room.stick.forget()
    expect(anne.get_by_text("sans usage pendant une minute")).to_be_visible()


@pytest.mark.nightly
def test_fewer_than_two_on_watch_is_said_and_nothing_is_asked(room, anne) -> None:
    room.stick.restrict(True)
    anne.keyboard.press("+")
    expect(anne.locator(".ptz [role=alert]")).to_contain_text("moins de deux agents en poste")  # in the centre's words
    room.watch.is_short_of_watch = True
    anne.reload()
    anne.locator(f".tile[data-camera={CAMERA}]").click()
    expect(anne.get_by_text("Elle ne se tourne pas : moins de deux agents en poste")).to_be_visible()
    asked = len(room.stick.said)
    anne.keyboard.press("+")
    rests(anne, room.stick)
    assert len(room.stick.said) == asked


@pytest.mark.nightly
def test_a_hand_that_gets_no_answer_stops_and_says_so(room, anne) -> None:
    expect(holder(anne)).to_be_visible()
    anne.route("**/ptz/keep", lambda route: route.abort())
    anne.keyboard.down("+")
    expect(anne.locator(".ptz [role=alert]")).to_contain_text("Le centre n’a pas répondu")
    until(anne, lambda: "stop" in room.stick.by("anne"))
    rests(anne, room.stick)
    anne.unroute("**/ptz/keep")
    anne.keyboard.up("+")
    anne.keyboard.press("+")
    until(anne, lambda: room.stick.by("anne").count("moved") == 2)
    expect(anne.locator(".ptz [role=alert]")).to_have_count(0)


@pytest.mark.nightly
def test_the_chief_stores_where_it_looks_and_an_operator_calls_it_by_its_digit(room, anne, chromium: Browser) -> None:
    stick = room.stick
    expect(anne.locator(".presets")).to_contain_text("aucune position enregistrée")
    expect(anne.get_by_role("button", name="Enregistrer ici…")).to_have_count(0)
    with chromium.new_context(locale="fr-FR") as desk_of_the_chief:
        chief = enlarged(desk_of_the_chief.new_page(), room, "chief")
        chief.get_by_role("button", name="Enregistrer ici…").click()
        expect(chief.get_by_label("Nom du lieu")).to_be_focused()
        chief.keyboard.type("AB-123-CD")
        chief.keyboard.press("Enter")
        expect(chief.locator(".ptz [role=alert]")).to_contain_text("un nom ne désigne personne")
        chief.keyboard.press("Control+a")
        chief.keyboard.type("Marché, 1re entrée")  # its digit calls nothing, its arrows turn nothing
        chief.keyboard.press("Enter")
        expect(chief.get_by_role("button", name="Aller à la position 1, Marché, 1re entrée")).to_be_visible()
        assert stick.orders == []
        anne.reload()
        anne.locator(f".tile[data-camera={CAMERA}]").click()
        expect(anne.get_by_role("button", name="Aller à la position 1")).to_be_visible()
        anne.keyboard.press("2")
        anne.keyboard.press("1")
        until(anne, lambda: stick.orders == ["Marché, 1re entrée"])
        expect(holder(anne)).to_have_text("Vous la tenez (opérateur)")
        chief.get_by_role("button", name="Enregistrer ici…").click()
        chief.get_by_label("Numéro").fill("1")
        chief.get_by_role("button", name="Effacer").click()
        expect(chief.locator(".presets")).to_contain_text("aucune position enregistrée")
    anne.keyboard.press("1")
    expect(anne.locator(".ptz [role=alert]")).to_contain_text("pas enregistrée")
