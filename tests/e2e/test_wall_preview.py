"""The preview of a real wall in a real browser: what the wall draws is what is seen, until it stands still."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from csu.cluster.shared_pictures import SharedPictures
from csu.cluster.wall_preview import WallPreview
from csu.cluster.wall_process import WallProcess
from csu.console import create_app, serve_console
from csu.hal.frame_mark import FrameMark, read_mark
from csu.machine import SystemClock
from csu.wall import grid_scene
from csu.wall.drawing.upright import Upright
from tests.e2e.conftest import GRAB_TILES
from tests.wall.conftest import build_planes, build_records
from tests.wall.preview_builders import Feed, Room, plan_of_panel

pytestmark = pytest.mark.nightly
CAMERAS, WIDTH_PX, HEIGHT_PX = 4, 640, 360
PLAN = plan_of_panel(WIDTH_PX, HEIGHT_PX)


@dataclass(frozen=True, slots=True)
class Running:
    url: str
    wall: WallProcess
    preview: WallPreview
    feed: Feed


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A wall of four cameras and a console before it, in a thread of their own."""
    loop, ended = asyncio.new_event_loop(), asyncio.Event()
    ready: list[Running] = []
    started = threading.Event()

    async def serve() -> None:
        cameras = build_records(CAMERAS)
        with SharedPictures.create([record.camera for record in cameras], 320, 180) as pictures:
            wall = WallProcess(pictures.spec, WIDTH_PX, HEIGHT_PX, allow_software=True)
            await wall.start()
            await wall.show(grid_scene(cameras, WIDTH_PX, HEIGHT_PX))
            preview = WallPreview([(wall, PLAN)], clock=SystemClock())
            feed = Feed(pictures, cameras, build_planes)
            try:
                async with serve_console(create_app(Room(cameras, preview), clock=SystemClock())) as url:
                    ready.append(Running(url, wall, preview, feed))
                    started.set()
                    await ended.wait()
            finally:
                feed.end()
                await preview.stop()
                await wall.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(60)
    yield ready[0]
    loop.call_soon_threadsafe(ended.set)
    thread.join(30)
    assert not thread.is_alive()


def seen(page: Page) -> list[FrameMark | None]:
    """The mark of each tile, as the browser shows the wall."""
    (raw,) = page.evaluate(GRAB_TILES, ".wall-preview")
    picture = np.frombuffer(base64.b64decode(raw["luma"]), np.uint8).reshape(raw["height"], raw["width"])
    scene = PLAN.of_scene(grid_scene(build_records(CAMERAS), WIDTH_PX, HEIGHT_PX))
    return [read_mark(np.ascontiguousarray(Upright.of(piece.corners_px).view(picture))) for piece in scene.pieces]


def seen_after(page: Page, frame: int) -> list[FrameMark]:
    for _ in range(40):
        marks = seen(page)
        found = [mark for mark in marks if mark is not None and mark.frame_number > frame]
        if len(found) == CAMERAS:
            return found
        page.wait_for_timeout(50)
    pytest.fail(f"no tiles after frame {frame}: {marks}")


def test_a_browser_shows_each_tile_of_the_wall_and_covers_a_wall_that_stands_still(running, chromium_page) -> None:
    page = chromium_page
    page.goto(f"{running.url}?lang=fr#wall")
    preview, video = page.locator(".wall-preview"), page.locator(".wall-preview video")
    expect(preview).to_have_attribute("data-state", "live", timeout=20_000)
    first = seen_after(page, 0)
    assert [mark.camera_number for mark in first] == [1, 2, 3, 4]
    later = seen_after(page, max(mark.frame_number for mark in first))
    assert [mark.camera_number for mark in later] == [1, 2, 3, 4]
    assert running.wall.pid is not None
    os.kill(running.wall.pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        expect(video).to_be_hidden(timeout=10_000)
        covered_s = time.monotonic() - stopped
        expect(preview.get_by_role("alert")).to_contain_text(re.compile(r"Mur figé\s*aucune image depuis [23],\d\xa0s"))
    finally:
        os.kill(running.wall.pid, signal.SIGCONT)
    print(f"covered {covered_s:.2f} s after the wall stopped")
    assert covered_s < 5, "2 s, and a browser that shares two cores"
    expect(preview).to_have_attribute("data-state", "live", timeout=20_000)
    assert [mark.camera_number for mark in seen_after(page, running.feed.frame - 20)] == [1, 2, 3, 4]


def test_the_age_it_says_is_true_and_nobody_who_looks_away_costs_anything(running, chromium_page) -> None:
    page = chromium_page
    page.goto(f"{running.url}?lang=fr#wall")
    preview = page.locator(".wall-preview")
    expect(preview).to_have_attribute("data-state", "live", timeout=20_000)
    ages = []
    for _ in range(20):
        frame = running.feed.frame  # ten a second
        marks = [mark for mark in seen(page) if mark is not None]
        if marks:
            ages.append((frame - min(mark.frame_number for mark in marks)) / 10)
        page.wait_for_timeout(100)
    said_s = float(preview.get_attribute("data-age-ms") or "nan") / 1000
    print(f"pictures {np.median(ages):.2f} s old by what they show, {said_s:.2f} s by what is said")
    assert abs(np.median(ages) - said_s) < 1
    page.keyboard.press("m")
    expect(preview).to_have_count(0)
    page.wait_for_timeout(500)
    drawn = running.preview.drawn
    page.wait_for_timeout(1000)
    assert running.preview.drawn == drawn
