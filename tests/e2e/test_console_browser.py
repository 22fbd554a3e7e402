"""The console in a real browser: real H.264, a real server on loopback, real keys."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from csu.console import ConsoleSettings, RoomCounters, RoomHealth, create_app, serve_console
from csu.hal.camera import CameraId, CameraLifecycle, CameraRecord, CommuneId, ViewType
from csu.hal.frame_mark import draw_mark
from csu.hal.frames import YuvPlanes
from csu.hal.media import LiveFragment
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import SystemClock

WIDTH, HEIGHT, FRAMES_PER_S, GOP = 320, 180, 10, 10
TILES = 6
MASK_VERSION = 3
WALL, WALL_NUMBER = CameraId("wall"), 12
"""What its relay calls the wall, and the number that the picture of it bears here."""

ELSEWHERE = Words("la caméra regarde ailleurs", "the camera looks elsewhere")
WRONG_PASSWORD = Words("mot de passe incorrect (401)", "wrong password (401)")


class Pictures:
    """One camera's live stream: frames with marks, libx264 baseline, one fMP4 fragment a frame."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._frame = 0
        self._captured_at_ns = 0
        self._file = io.BytesIO()
        self._mp4 = av.open(
            self._file,
            "w",
            format="mp4",
            options={"movflags": "frag_every_frame+empty_moov+default_base_moof", "flush_packets": "1"},
        )
        self._stream = self._mp4.add_stream("libx264", rate=FRAMES_PER_S)
        self._stream.width, self._stream.height, self._stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        self._stream.time_base = Fraction(1, 90_000)
        self._stream.gop_size = GOP
        self._stream.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "profile": "baseline",
            "x264-params": "keyint=20",
        }
        self._mp4.start_encoding()
        sps = bytes(self._stream.codec_context.extradata)[5:8]
        self._codec = f"avc1.{sps.hex().upper()}"
        self.init = LiveFragment(self._take(), True, False, 0, self._codec)

    def next(self) -> LiveFragment | None:
        """Encode one more frame; returns the fragment of the frame before (the muxer keeps the newest back)."""
        before_ns, self._captured_at_ns = self._captured_at_ns, time.time_ns()
        frame = av.VideoFrame.from_ndarray(self._draw(), format="yuv420p")
        frame.pts, frame.time_base = self._frame * 90_000 // FRAMES_PER_S, Fraction(1, 90_000)
        self._mp4.mux(self._stream.encode(frame))
        is_key = (self._frame - 1) % GOP == 0
        self._frame += 1
        data = self._take()
        return LiveFragment(data, False, is_key, before_ns, self._codec) if data else None

    def _draw(self) -> np.ndarray:
        y = np.full((HEIGHT, WIDTH), 60 + 9 * self._number, np.uint8)
        left = (self._frame * 6) % (WIDTH - 50)
        y[60:110, left : left + 50] = 220
        u = np.full((HEIGHT // 2, WIDTH // 2), 110 + 8 * self._number, np.uint8)
        v = np.full((HEIGHT // 2, WIDTH // 2), 140 - 6 * self._number, np.uint8)
        draw_mark(YuvPlanes(y, u, v), self._number, self._frame)
        return np.concatenate([y.ravel(), u.ravel(), v.ravel()]).reshape(HEIGHT * 3 // 2, WIDTH)

    def _take(self) -> bytes:
        data = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        return data


class Relay:
    """A small LiveRelay: the last group of pictures for who joins, a bounded queue a viewer."""

    def __init__(self, cameras: dict[CameraId, Pictures]) -> None:
        self._pictures = cameras
        self._group: dict[CameraId, list[LiveFragment]] = {camera: [] for camera in cameras}
        self._viewers: dict[CameraId, set[asyncio.Queue[LiveFragment | None]]] = {camera: set() for camera in cameras}
        self.held: set[CameraId] = set()

    async def run(self) -> None:
        started, turn = asyncio.get_running_loop().time(), 0
        while True:
            for camera, pictures in self._pictures.items():
                fragment = None if camera in self.held else pictures.next()
                if fragment is not None:
                    self._publish(camera, fragment)
            turn += 1
            await asyncio.sleep(max(0.0, started + turn / FRAMES_PER_S - asyncio.get_running_loop().time()))

    def _publish(self, camera: CameraId, fragment: LiveFragment) -> None:
        group = self._group[camera]
        if fragment.is_key:
            group.clear()
        group.append(fragment)
        for queue in self._viewers[camera]:
            if not queue.full():
                queue.put_nowait(fragment)

    def watched(self) -> set[CameraId]:
        return {camera for camera, viewers in self._viewers.items() if viewers}

    def cut(self, camera: CameraId) -> None:
        """End the stream of every viewer, as when a media node stops."""
        for queue in self._viewers[camera]:
            queue.put_nowait(None)

    @contextlib.asynccontextmanager
    async def watch(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        queue: asyncio.Queue[LiveFragment | None] = asyncio.Queue(maxsize=100)
        for fragment in [self._pictures[camera].init, *self._group[camera]]:
            queue.put_nowait(fragment)
        self._viewers[camera].add(queue)

        async def fragments() -> AsyncIterator[LiveFragment]:
            while (fragment := await queue.get()) is not None:
                yield fragment

        try:
            yield fragments()
        finally:
            self._viewers[camera].discard(queue)


PLACES = ["Place d’Armes", "Gare", "Rue Serpenoise", "Pont des Morts", "Esplanade", "Saint-Louis", "Marché", "Mairie"]
COMMUNES = ["Metz", "Metz", "Montigny-lès-Metz", "Metz", "Woippy", "Metz", "Marly", "Ars-sur-Moselle"]


class Room:
    """A room whose pictures are real; its states are set by the test."""

    def __init__(self) -> None:
        now_ns = time.time_ns()
        self._started_at_ns = now_ns
        self.status: dict[CameraId, CameraStatus] = {}
        for index, (place, commune) in enumerate(zip(PLACES, COMMUNES, strict=True)):
            record = CameraRecord(CameraId(f"cam-{index + 1:03}"), index + 1, place, CommuneId(commune), ViewType.WIDE)
            state = CameraState.LIVE if index < TILES else CameraState.LOST
            self.status[record.camera] = CameraStatus(
                record, state, now_ns, now_ns, NO_WORDS, index == 2, CameraLifecycle.ACTIVE, MASK_VERSION
            )
        self.set(CameraId("cam-007"), CameraState.LOST, Words("aucun paquet en 10 s", "no packet for 10 s"))
        self.set(CameraId("cam-008"), CameraState.REFUSED, WRONG_PASSWORD)
        self.relay = Relay({camera: Pictures(index + 1) for index, camera in enumerate(list(self.status)[:TILES])})
        self.relay_of_wall = Relay({WALL: Pictures(WALL_NUMBER)})

    def set(self, camera: CameraId, state: CameraState, detail: Words) -> None:
        self.status[camera] = replace(self.status[camera], state=state, detail=detail, since_ns=time.time_ns())

    def commission(self, camera: CameraId, lifecycle: CameraLifecycle, mask_version: int) -> None:
        self.status[camera] = replace(self.status[camera], lifecycle=lifecycle, mask_version=mask_version)

    def cameras(self) -> list[CameraStatus]:
        return list(self.status.values())

    def health(self) -> RoomHealth:
        return RoomHealth(True, "test", self._started_at_ns, 1, 1, self._started_at_ns)

    def marks(self) -> dict[str, int]:
        return {}

    def counters(self) -> RoomCounters:
        return RoomCounters()

    def watch_wall(self) -> contextlib.AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        return self.relay_of_wall.watch(WALL)

    async def wall_png(self) -> bytes | None:
        picture = av.VideoFrame.from_ndarray(np.full((180, 320, 3), 90, np.uint8), format="rgb24")
        encoder = av.CodecContext.create("png", "w")
        encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 320, 180, "rgb24", Fraction(1, 1)
        return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    room: Room
    on_loop: Callable[..., None]


@pytest.fixture(scope="module")
def console() -> Iterator[Running]:
    """A console with six live cameras, one lost and one refused, in a thread of its own."""
    loop = asyncio.new_event_loop()
    ready: list[Running] = []
    started, ended = threading.Event(), asyncio.Event()

    async def serve() -> None:
        room = Room()
        app = create_app(room, clock=SystemClock(), settings=ConsoleSettings(state_period_s=0.1))
        async with serve_console(app) as url:
            streaming = asyncio.gather(room.relay.run(), room.relay_of_wall.run())
            ready.append(Running(url, room, loop.call_soon_threadsafe))
            started.set()
            await ended.wait()
            streaming.cancel()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    yield ready[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join(10)
    assert not thread.is_alive(), "the console did not stop"


def tile(page: Page, number: int) -> Locator:
    return page.locator(f".tile[data-number='{number}']")


def open_page(page: Page, running: Running, path: str = "") -> None:
    page.goto(running.url + path)
    expect(page.locator(".tile[data-state=live]")).to_have_count(TILES, timeout=15_000)


def test_every_live_tile_advances_and_shows_its_own_camera(console, advancing_tiles) -> None:
    progress = advancing_tiles(console.url, tiles_min=TILES)
    advancing = [tile for tile in progress if tile.advances]
    assert len(advancing) == TILES
    assert all(tile.after.state == "live" for tile in advancing)
    assert all(0 <= tile.after.age_ms < 1_500 for tile in advancing)


def test_a_camera_without_picture_says_why_in_words(console, chromium_page) -> None:
    open_page(chromium_page, console)
    expect(tile(chromium_page, 7)).to_contain_text("Perdue")
    expect(tile(chromium_page, 7)).to_contain_text("aucun paquet en 10 s")
    expect(tile(chromium_page, 8)).to_contain_text(WRONG_PASSWORD.fr)
    expect(tile(chromium_page, 8)).to_have_attribute("data-state", "refused")
    expect(tile(chromium_page, 3)).to_contain_text("Son refusé")
    expect(tile(chromium_page, 3).locator(".age")).to_have_text(re.compile(r"^\d,\d\xa0s$"))
    expect(chromium_page.locator("#summary")).to_contain_text("6/8 en direct")


def test_the_page_speaks_french_then_english(console, chromium_page) -> None:
    open_page(chromium_page, console)
    expect(chromium_page.locator("html")).to_have_attribute("lang", "fr")
    expect(tile(chromium_page, 1)).to_contain_text("En direct")
    chromium_page.get_by_role("button", name="English").click()
    expect(chromium_page.locator("html")).to_have_attribute("lang", "en")
    expect(tile(chromium_page, 1)).to_contain_text("Live")
    expect(tile(chromium_page, 8)).to_contain_text(WRONG_PASSWORD.en)
    assert "lang=en" in chromium_page.url
    chromium_page.reload()
    expect(chromium_page.locator("#summary")).to_contain_text("6/8 live")
    expect(tile(chromium_page, 1).locator(".age")).to_have_text(re.compile(r"^\d\.\d\xa0s$"), timeout=10_000)


def test_everything_is_done_from_the_keyboard(console, chromium_page) -> None:
    page = chromium_page
    open_page(page, console)
    page.keyboard.press("ArrowRight")
    expect(tile(page, 2)).to_be_focused()
    left = [tile(page, number).bounding_box()["x"] for number in range(1, TILES + 1)]
    below = next(number for number in range(3, TILES + 1) if abs(left[number - 1] - left[1]) < 2)
    page.keyboard.press("ArrowDown")
    expect(tile(page, below)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    large = tile(page, below - 1)
    expect(large).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".tile:visible")).to_have_count(1)
    expect(large).to_have_attribute("data-state", "live")
    page.wait_for_timeout(300)
    assert console.room.relay.watched() == {f"cam-00{below - 1}"}, "hidden tiles must not be fetched"
    page.keyboard.press("Escape")
    expect(page.locator(".tile[data-state=live]")).to_have_count(TILES)
    expect(large).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Aide clavier")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.locator(".wall-preview[data-state=live]")).to_be_visible()
    assert console.room.relay.watched() == set(), "the tiles are not seen now"
    page.keyboard.press("m")
    expect(page.locator(".tile[data-state=live]")).to_have_count(TILES)


def test_a_picture_that_stops_is_frozen_then_hidden_and_comes_back_by_itself(console, chromium_page) -> None:
    relay, camera = console.room.relay, CameraId("cam-005")
    open_page(chromium_page, console)
    video = tile(chromium_page, 5).locator("video")
    try:
        relay.held.add(camera)
        expect(tile(chromium_page, 5)).to_have_attribute("data-state", "stale", timeout=6_000)
        expect(video).to_be_visible()
        console.room.set(camera, CameraState.LOST, Words("aucun paquet", "no packet"))
        expect(tile(chromium_page, 5)).to_have_attribute("data-state", "lost")
        expect(video).to_be_hidden()
        expect(tile(chromium_page, 4)).to_have_attribute("data-state", "live")
    finally:
        relay.held.discard(camera)
        console.room.set(camera, CameraState.LIVE, NO_WORDS)
    expect(tile(chromium_page, 5)).to_have_attribute("data-state", "live", timeout=6_000)
    expect(video).to_be_visible()


def test_the_wall_plays_live_is_covered_once_it_stands_still_and_comes_back(console, chromium_page, wall_mark) -> None:
    page, relay = chromium_page, console.room.relay_of_wall
    page.goto(f"{console.url}?lang=fr#wall")
    preview, video = page.locator(".wall-preview"), page.locator(".wall-preview video")
    try:
        expect(preview).to_have_attribute("data-state", "live", timeout=15_000)
        expect(preview).to_contain_text(re.compile(r"En direct · 0,\d\xa0s"))
        before, after = wall_mark(), wall_mark()
        assert before.camera_number == after.camera_number == WALL_NUMBER
        assert after.frame_number > before.frame_number, "the picture advances"
        relay.held.add(WALL)
        expect(video).to_be_hidden(timeout=6_000)
        expect(preview.get_by_role("alert")).to_contain_text(re.compile(r"Mur figé\s*aucune image depuis \d"))
        page.keyboard.press("l")
        expect(preview).to_contain_text(re.compile(r"Wall frozen\s*no picture for \d"))
        console.on_loop(relay.cut, WALL)
        page.wait_for_timeout(300)
        expect(preview, "a connection that is made anew says nothing else").to_contain_text("Wall frozen")
    finally:
        relay.held.discard(WALL)
    expect(preview).to_have_attribute("data-state", "live", timeout=15_000)
    expect(video).to_be_visible()
    page.keyboard.press("m")
    expect(preview).to_have_count(0)
    page.wait_for_timeout(300)
    assert relay.watched() == set(), "nobody looks at the wall now"


def test_a_stream_that_is_cut_is_joined_again(console, chromium_page, advancing_tiles) -> None:
    open_page(chromium_page, console)
    console.on_loop(console.room.relay.cut, CameraId("cam-006"))
    for joined in (False, True):
        deadline = time.monotonic() + 5
        while ("cam-006" in console.room.relay.watched()) is not joined:
            assert time.monotonic() < deadline, f"the tile did not {'join' if joined else 'leave'}"
            chromium_page.wait_for_timeout(20)
    chromium_page.wait_for_timeout(500)
    progress = {one.after.number: one for one in advancing_tiles(None, tiles_min=TILES)}
    assert progress[6].advances


@pytest.mark.requirement("ACC-3")
def test_the_page_keeps_no_past_and_offers_no_way_back(console, chromium_page) -> None:
    """Played pictures leave the buffer, and neither a control nor a key goes back in time."""
    open_page(chromium_page, console)
    videos = "[...document.querySelectorAll('.tile[data-state=live] video')]"
    assert chromium_page.evaluate(f"{videos}.some((video) => video.controls)") is False
    chromium_page.wait_for_timeout(4_500)
    before = chromium_page.evaluate(f"{videos}.map((video) => video.currentTime)")
    for key in ("ArrowLeft", "Home", "MediaTrackPrevious", "PageUp"):
        chromium_page.keyboard.press(key)
    after = chromium_page.evaluate(f"{videos}.map((video) => video.currentTime)")
    assert len(after) == TILES
    assert all(now >= was for was, now in zip(before, after, strict=True))
    kept_s = chromium_page.evaluate(f"{videos}.map((video) => video.currentTime - video.buffered.start(0))")
    assert max(kept_s) < 4  # 2 s, the group of pictures (1 s) that a removal may not break, and a slow machine


def test_a_page_holds_36_tiles_and_the_others_are_a_key_away(console, chromium_page) -> None:
    page = chromium_page
    known = dict(console.room.status)
    open_page(page, console)
    try:
        console.room.status = known | {
            one.record.camera: one for number in range(9, 81) for one in [lost_camera(number)]
        }
        expect(page.locator(".tile")).to_have_count(36)
        page.keyboard.press("PageDown")
        expect(tile(page, 37)).to_be_visible()
        page.keyboard.press("PageDown")
        expect(page.locator(".tile")).to_have_count(8)
        page.keyboard.press("PageDown")
        expect(page.locator(".turning")).to_contain_text("Page 3/3")
    finally:
        console.room.status = known
    expect(page.locator(".tile")).to_have_count(8)


@pytest.fixture
def moved(console) -> Iterator[CameraId]:
    """Camera 2 was moved: it waits to be signed off again, and its node says what it saw."""
    camera = CameraId("cam-002")
    before = console.room.status[camera]
    console.room.commission(camera, CameraLifecycle.NOT_COMMISSIONED, 0)
    console.room.set(camera, CameraState.LIVE, ELSEWHERE)
    yield camera
    console.room.status[camera] = before


def test_a_camera_that_was_moved_strikes_the_eye_and_is_a_key_away(console, chromium_page, moved) -> None:
    page = chromium_page
    open_page(page, console)
    band = tile(page, 2).locator(".masked")
    expect(band).to_contain_text("À mettre en service : image entièrement masquée")
    expect(band).to_contain_text(f"Masques à signer · {ELSEWHERE.fr}")
    expect(page.locator(".masked")).to_have_count(1)
    expect(tile(page, 2)).to_have_accessible_name(re.compile("À mettre en service : image entièrement masquée"))
    expect(tile(page, 1)).to_have_css("box-shadow", "none")
    expect(tile(page, 2)).not_to_have_css("box-shadow", "none")
    count = page.locator("#summary").get_by_role("button", name="1 à mettre en service")
    count.focus()
    page.keyboard.press("Enter")
    expect(tile(page, 2)).to_be_focused()
    page.get_by_role("button", name="English").click()
    expect(band).to_contain_text("To be commissioned: picture wholly masked")
    expect(band).to_contain_text(ELSEWHERE.en)
    console.room.commission(moved, CameraLifecycle.ACTIVE, 4)
    expect(page.locator(".masked")).to_have_count(0)
    expect(count).to_have_count(0)


def test_news_of_a_camera_leaves_its_picture_playing(console, chromium_page, moved) -> None:
    """Whatever is told of it, the tile goes on with the stream it has."""
    page = chromium_page
    open_page(page, console)
    video = tile(page, 2).locator("video")
    shown_before = video.evaluate("(video) => video.src")
    console.room.set(moved, CameraState.LIVE, Words("une image perdue", "one picture lost"))
    expect(tile(page, 2).locator(".masked")).to_contain_text("une image perdue")
    page.wait_for_timeout(300)
    assert video.evaluate("(video) => video.src") == shown_before
    expect(tile(page, 2)).to_have_attribute("data-state", "live")


def test_the_version_of_the_masks_is_told_to_whoever_asks(console, chromium_page) -> None:
    page = chromium_page
    open_page(page, console)
    expect(tile(page, 1)).to_have_accessible_description(f"masques : version {MASK_VERSION}")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".more")).to_contain_text(f"En service · masques : version {MASK_VERSION}")
    page.keyboard.press("l")
    expect(page.locator(".more")).to_contain_text(f"In service · masks: version {MASK_VERSION}")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_words_can_be_read_and_controls_have_names(console, chromium_page, moved, scheme) -> None:
    """WCAG 2.1 AA: contrast of at least 4.5 for every word on the page; a name on every control."""
    chromium_page.emulate_media(color_scheme=scheme)
    open_page(chromium_page, console)
    expect(tile(chromium_page, 2).locator(".masked")).to_be_visible()
    assert chromium_page.evaluate(PALE_WORDS) == []
    for role in ("button", "list", "main", "banner"):
        expect(chromium_page.get_by_role(role).first).to_be_visible()
    unnamed = "[...document.querySelectorAll('button')].filter((b) => !(b.ariaLabel || b.innerText).trim()).length"
    assert chromium_page.evaluate(unnamed) == 0
    assert chromium_page.evaluate("document.querySelectorAll('.tile[tabindex=\"0\"]').length") == 1


def lost_camera(number: int) -> CameraStatus:
    record = CameraRecord(CameraId(f"cam-{number:03}"), number, f"Rue {number}", CommuneId("Metz"), ViewType.WIDE)
    now_ns = time.time_ns()
    return CameraStatus(record, CameraState.LOST, now_ns, now_ns, lifecycle=CameraLifecycle.ACTIVE)


PALE_WORDS = r"""
() => {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number)
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor)
      if (color.length === 3 || color[3] > 0.5) return color
    }
    return [255, 255, 255]
  }
  const pale = []
  for (const element of document.querySelectorAll('body *')) {
    const words = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join('')
    if (words === '' || ['SCRIPT', 'NOSCRIPT'].includes(element.tagName) || element.disabled) continue
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x)
    const ratio = (a + 0.05) / (b + 0.05)
    if (ratio < 4.5) pale.push(`${words}: ${ratio.toFixed(2)}`)
  }
  return pale
}
"""
