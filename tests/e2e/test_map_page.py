"""The map in a real browser with WebGL: by keyboard from camera to camera, alarms on it, and a list that needs none."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from csu.centre.rooms.map_room import MapRoom
from csu.centre.site_tiles import MapPlane, site_tiles
from csu.console import Desks, create_app, serve_console
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, StreamAddress
from csu.hal.media import Assignment
from csu.hal.place import PoseReading
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock
from sim.street import Post, build_street, posts
from sim.street_camera import camera_id, commune_id
from tests.e2e.conftest import CHROMIUM_ARGS
from tests.e2e.test_console_browser import PALE_WORDS
from tests.e2e.test_log_page import OneAlarm
from tests.e2e.test_sign_in_browser import QuietRoom

STREET = build_street(1)
POSTS = posts(STREET, 8)
HOMELESS = CameraId("cam-0099")
SCHOOL = (commune_id("Saint-Éloi-lès-Valmont"), "École des Tilleuls")
SIZE_PX = (640, 360)


def record(post: Post) -> CameraRecord:
    return CameraRecord(camera_id(post), post.number, post.name, commune_id(post.commune), post.view)


class NoPictures:
    """A relay that knows no camera."""

    def watch(self, camera: CameraId):
        raise KeyError(camera)


class Street(QuietRoom):
    """The eight cameras of the demonstration, and one of which nobody says where it stands."""

    relay = NoPictures()

    def cameras(self) -> Sequence[CameraStatus]:
        states = [*CameraState][: len(POSTS)]
        lines = [
            CameraStatus(record(post), states[index % len(states)], 0, 0, lifecycle=CameraLifecycle.ACTIVE)
            for index, post in enumerate(POSTS)
        ]
        lines[1] = replace(lines[1], lifecycle=CameraLifecycle.NOT_COMMISSIONED)
        name = "Avenue du Général-Leclerc-de-Hauteclocque, n° 99 bis"
        homeless = replace(record(POSTS[0]), camera=HOMELESS, number=99, name=name)
        return [*lines, CameraStatus(homeless, CameraState.LIVE, 0, 0)]


class Standing:
    """What `MapRoom` needs of a centre."""

    def __init__(self) -> None:
        self.posed = {camera_id(post): None for post in POSTS if post.ptz}
        self.pans = {camera_id(post): post.pose.pan_deg for post in POSTS}
        self.alarm_sites_m = {SCHOOL: (54.0, 16.0)}

    def places_m(self):
        return {camera_id(post): (post.pose.x_m, post.pose.y_m) for post in POSTS}

    def assignment(self, camera: CameraId) -> Assignment:
        post = next(post for post in POSTS if camera_id(post) == camera)
        pose = None if post.ptz else post.pose
        address = StreamAddress("rtsp://127.0.0.1/x")
        return Assignment(record(post), address, pose, post.ptz, (), 2.5, 1, pose_size_px=SIZE_PX)

    def looks(self, camera: CameraId) -> PoseReading | None:
        found = next((post for post in POSTS if camera_id(post) == camera and post.ptz), None)
        return found and PoseReading(replace(found.pose, pan_deg=self.pans[camera]), 0, False)


class AtTheSchool(OneAlarm):
    """One alarm that nobody took."""

    def __init__(self) -> None:
        super().__init__()
        now_ns = SystemClock().now_ns()
        for number, site in ((8, SCHOOL[1]), (9, "Salle des fêtes")):
            message = PanelMessage(PanelId("panel-2"), number, SCHOOL[0], site, AlarmKind.INTRUSION, now_ns)
            self._desk.keep(self._desk.take(message, now_ns).alarm)


@dataclass
class Room:
    folder: Path
    url: str = ""

    async def serve(self, started: threading.Event, ended: asyncio.Event) -> None:
        self.centre = Standing()
        plane, path = MapPlane(), self.folder / "map.pmtiles"
        drawn = MapRoom(
            self.centre, plane, None, lambda: site_tiles(STREET.buildings, plane, path), lambda why: pytest.fail(why)
        )
        desks = Desks(alarms=AtTheSchool(), map=drawn)
        async with serve_console(create_app(Street(), clock=SystemClock(), desks=desks)) as self.url:
            started.set()
            await ended.wait()
        await drawn.close()


@pytest.fixture(scope="module")
def room(tmp_path_factory) -> Iterator[Room]:
    made, started, ended = Room(tmp_path_factory.mktemp("map")), threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        await made.serve(started, ended)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(30)
    yield made
    loops[0].call_soon_threadsafe(ended.set)
    thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium that draws WebGL by its processor."""
    executable = shutil.which("chromium")
    assert executable is not None, "chromium is not installed: run `make setup`"
    args = [arg for arg in CHROMIUM_ARGS if arg != "--disable-gpu"]
    with sync_playwright() as playwright:
        wanted = [*args, "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
        browser = playwright.chromium.launch(executable_path=executable, args=wanted)
        yield browser
        browser.close()


def open_map_page(page: Page, room: Room) -> list[str]:
    """What is fetched from anywhere else."""
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(room.url) else None)
    page.set_viewport_size({"width": 1000, "height": 620})  # drawn by the processor: no larger than need be
    page.goto(f"{room.url}#map")
    expect(page.locator(".map-list li")).to_have_count(len(POSTS) + 1)
    return elsewhere


def chosen(page: Page) -> str | None:
    return page.locator(".map-list li[aria-selected=true]").get_attribute("data-camera")


def pixels_of(page: Page) -> np.ndarray:
    """(height, width, 3) of the map as it shows, red first."""
    encoded = np.frombuffer(page.locator(".map-stage").screenshot(), np.uint8)
    return cv2.cvtColor(cv2.imdecode(encoded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def shows(page: Page, rgb: tuple[int, int, int], least: int) -> bool:
    """Whether so many pixels come to have that colour."""
    for _ in range(25):
        if (np.abs(pixels_of(page).astype(int) - rgb).max(axis=-1) < 6).sum() >= least:
            return True
        page.wait_for_timeout(400)
    return False


ACCENT, DWELLING, ALARM = (98, 176, 255), (38, 50, 60), (179, 38, 30)
DARK, LIGHT = (16, 23, 29), (244, 246, 243)


NO_WEBGL = """
const real = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind.startsWith('webgl') ? null : real.call(this, kind, ...more)
}
"""


def test_a_browser_that_draws_no_map_says_so_and_all_goes_on_by_keyboard(room, chromium_page) -> None:
    page = chromium_page
    page.add_init_script(NO_WEBGL)
    open_map_page(page, room)
    expect(page.get_by_role("alert").filter(has_text="WebGL absent")).to_be_visible()
    expect(page.locator(".map-alarms li")).to_have_count(2)
    expect(page.locator(".map-alarms li").last).to_contain_text("lieu inconnu de la carte")
    goes_round_by_keyboard(page)
    page.keyboard.press("/")
    page.keyboard.type("gare")
    expect(page.locator(".map-list li")).to_have_count(1)
    expect(page.locator(".map-chosen")).to_contain_text("se tourne")
    page.keyboard.press("Control+a")
    page.keyboard.type("hauteclocque")
    expect(page.locator(".map-chosen")).to_contain_text("elle n’est pas sur la carte")
    page.keyboard.press("Enter")
    expect(page.locator(".grid li.enlarged .tile")).to_have_attribute("data-camera", HOMELESS)


def goes_round_by_keyboard(page: Page) -> None:
    """From the first camera to the most western, back, into its live picture, and back to where one was."""
    page.keyboard.press("ArrowRight")
    expect(page.locator(".map-chosen h2")).to_have_text("1Rue des Tanneurs, ouest")
    expect(page.locator(".map-chosen")).to_contain_text("regarde vers l’est, champ de 63°")
    page.keyboard.press("ArrowLeft")
    assert chosen(page) == "cam-0006"
    page.keyboard.press("ArrowLeft")
    assert chosen(page) == "cam-0006"  # nothing stands further west
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".grid li.enlarged .tile")).to_have_attribute("data-camera", "cam-0001")
    page.keyboard.press("g")
    expect(page.locator(".map-chosen h2")).to_have_text("1Rue des Tanneurs, ouest")


@pytest.mark.nightly
def test_streets_cameras_directions_and_alarms_are_really_drawn_and_nothing_comes_from_elsewhere(
    room, chromium_page
) -> None:
    page = chromium_page
    elsewhere = open_map_page(page, room)
    marker = page.locator("button.map-alarm")
    expect(marker).to_have_text(f"Intrusion — {SCHOOL[1]}")  # the other's place nobody knows: it is in the list
    goes_round_by_keyboard(page)
    assert shows(page, DWELLING, 3_000)
    assert shows(page, ACCENT, 200)  # the ring of the chosen one, the rim of its wedge
    assert shows(page, ALARM, 2_000)
    marker.click()
    expect(page.locator(".one-alarm")).to_contain_text(SCHOOL[1])
    assert elsewhere == []


@pytest.mark.nightly
def test_the_wedge_of_a_camera_that_turns_follows_it_and_goes_when_nobody_says_where_it_looks(
    room, chromium_page
) -> None:
    page, turns = chromium_page, CameraId("cam-0004")
    open_map_page(page, room)
    page.locator(f".map-list li[data-camera={turns}]").click()
    expect(page.locator(".map-chosen")).to_contain_text("regarde vers le nord-ouest")
    room.centre.pans[turns] = 90.0
    expect(page.locator(".map-chosen")).to_contain_text("regarde vers l’est", timeout=10_000)
    page.route("**/api/map/turning", lambda route: route.abort())
    expect(page.get_by_role("alert").filter(has_text="n’est plus connu")).to_be_visible(timeout=20_000)
    expect(page.locator(".map-chosen")).to_contain_text("direction inconnue")
    page.unroute_all()
    expect(page.locator(".map-chosen")).to_contain_text("regarde vers l’est", timeout=10_000)
    room.centre.pans[turns] = 308.0


@pytest.mark.nightly
def test_the_map_is_read_and_drawn_in_both_themes(room, chromium_page) -> None:
    page = chromium_page
    open_map_page(page, room)
    page.keyboard.press("ArrowRight")
    for ground in (DARK, DARK, LIGHT):
        assert shows(page, ground, 40_000)
        assert page.evaluate(PALE_WORDS) == []
        page.keyboard.press("t")
