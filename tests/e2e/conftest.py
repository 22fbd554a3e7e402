"""A real browser, and the question every end-to-end test asks of a console: do its pictures advance?"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from csu.hal.frame_mark import FRAME_NUMBER_MODULO, FrameMark, read_mark

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

GRAB_TILES = """
(selector) => [...document.querySelectorAll(selector)].map((tile) => {
  const video = tile.querySelector('video')
  const grab = {
    camera: tile.dataset.camera, number: Number(tile.dataset.number), state: tile.dataset.state,
    age_ms: tile.dataset.ageMs === '' ? null : Number(tile.dataset.ageMs), current_time_s: video.currentTime,
    width: video.videoWidth, height: video.videoHeight, luma: '',
  }
  if (video.videoWidth === 0 || getComputedStyle(video).visibility !== 'visible') return grab
  const canvas = document.createElement('canvas')
  canvas.width = video.videoWidth
  canvas.height = video.videoHeight
  const context = canvas.getContext('2d')
  context.drawImage(video, 0, 0)
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data
  let luma = ''
  for (let at = 1; at < pixels.length; at += 4) luma += String.fromCharCode(pixels[at])
  grab.luma = btoa(luma)
  return grab
})
"""


@dataclass(frozen=True, slots=True)
class TileGrab:
    """What one tile showed at one instant. `mark` is None when the picture was absent or carried no valid mark."""

    camera: str
    number: int
    state: str
    age_ms: float | None
    current_time_s: float
    mark: FrameMark | None
    pixels: bytes


@dataclass(frozen=True, slots=True)
class TileProgress:
    """One tile, grabbed twice."""

    before: TileGrab
    after: TileGrab

    @property
    def advances(self) -> bool:
        """The player went on, the pixels changed, and the frame number drawn in them grew, for the right camera."""
        if self.before.mark is None or self.after.mark is None:
            return False
        frames = (self.after.mark.frame_number - self.before.mark.frame_number) % FRAME_NUMBER_MODULO
        return (
            self.after.current_time_s > self.before.current_time_s
            and self.after.pixels != self.before.pixels
            and 0 < frames < FRAME_NUMBER_MODULO // 2
            and self.before.mark.camera_number == self.after.mark.camera_number == self.after.number
        )


AdvancingTiles = Callable[..., list[TileProgress]]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless. Its absence fails: a skipped browser test would look like a passed one.

    One a module, not one a session: while Playwright's synchronous API is open, an event loop runs in this thread, and
    `asyncio.run` in a test of another module would be refused.
    """
    executable = shutil.which("chromium")
    assert executable is not None, "chromium is not installed: run `make setup` (or apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def chromium_page(chromium: Browser) -> Iterator[Page]:
    """A page in a fresh profile. A script error or a broken content policy fails the test that caused it."""
    faults: list[str] = []
    context = chromium.new_context(viewport={"width": 1600, "height": 900}, locale="fr-FR", color_scheme="dark")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
    page.on(
        "console",
        lambda message: faults.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    context.close()
    assert not faults, faults


TRIES = 5


@pytest.fixture
def advancing_tiles(chromium_page: Page) -> AdvancingTiles:
    """`advancing_tiles(url, tiles_min=4)` opens a console (url None: stays on the page) and grabs its tiles twice.

    Waits until `tiles_min` tiles say that they are live; returns one TileProgress a tile. Reads marks with
    `csu.hal.frame_mark`, so it works on every console whose cameras carry frame marks.
    """

    def look(url: str | None, *, tiles_min: int = 4, between_s: float = 1.0, wait_s: float = 20) -> list[TileProgress]:
        if url is not None:
            chromium_page.goto(url)
        chromium_page.wait_for_function(
            "wanted => document.querySelectorAll('.tile[data-state=live]').length >= wanted",
            arg=tiles_min,
            timeout=wait_s * 1000,
        )
        for _ in range(TRIES):  # a grab may fall between two pictures, where no mark can be read
            before = _grab(chromium_page)
            chromium_page.wait_for_timeout(between_s * 1000)
            after = {grab.camera: grab for grab in _grab(chromium_page)}
            found = [TileProgress(grab, after[grab.camera]) for grab in before if grab.camera in after]
            if sum(tile.advances for tile in found) >= tiles_min:
                break
        return found

    return look


def _grab(page: Page, selector: str = ".tile") -> list[TileGrab]:
    grabs = []
    for raw in page.evaluate(GRAB_TILES, selector):
        pixels = base64.b64decode(raw["luma"])
        mark = None
        if pixels:
            mark = read_mark(np.frombuffer(pixels, np.uint8).reshape(raw["height"], raw["width"]))
        grabs.append(
            TileGrab(raw["camera"], raw["number"], raw["state"], raw["age_ms"], raw["current_time_s"], mark, pixels)
        )
    return grabs


@pytest.fixture
def wall_mark(chromium_page: Page) -> Callable[[], FrameMark]:
    """The frame mark that the preview of the wall shows, of a picture after the last that was read."""
    last: list[FrameMark] = []

    def look() -> FrameMark:
        for _ in range(20):
            (grab,) = _grab(chromium_page, ".wall-preview")
            if grab.mark is not None and grab.mark not in last:
                last.append(grab.mark)
                return grab.mark
            chromium_page.wait_for_timeout(100)
        pytest.fail("the wall shows no new picture with a mark")

    return look
