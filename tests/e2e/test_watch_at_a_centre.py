"""A centre on a simulated street: what is pressed in a live picture comes into its middle; a tour sees its cameras."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from math import remainder
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from csu.centre.centre_settings import CentreSettings
from csu.centre.rooms.aiming import centred
from csu.centre.running import RunningCentre, open_centre
from csu.hal.camera import CameraId
from csu.hal.place import Pose
from tests.e2e.conftest import CHROMIUM_ARGS

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(300)]

TURNS, LIVE_MS = CameraId("cam-0004"), 60_000
X, Y = 0.7, 0.6
PICTURE = """
() => {
  const video = document.querySelector('li.enlarged video')
  const box = video.getBoundingClientRect()
  return [box.left, box.top, box.width, box.height, video.videoWidth, video.videoHeight]
}
"""


async def with_page(data_directory: Path, use: Callable[[RunningCentre, Page], Awaitable[None]]) -> None:
    settings = CentreSettings(data_directory=data_directory, cameras=4)
    async with (
        open_centre(settings, observe=lambda event: None, progress=lambda words: None) as running,
        async_playwright() as playwright,
    ):
        chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGS)
        page = await chromium.new_page(locale="fr-FR", viewport={"width": 1366, "height": 768})
        await use(running, page)
        await chromium.close()


async def at_rest(running: RunningCentre) -> Pose:
    for _ in range(150):
        reading = await running.centre.posed[TURNS].pose()
        if reading is not None and not reading.moving:
            return reading.pose
        await asyncio.sleep(0.2)
    raise AssertionError("it never came to rest")


def test_a_point_of_the_live_picture_comes_into_its_middle(tmp_path) -> None:
    async def use(running: RunningCentre, page: Page) -> None:
        await page.goto(f"{running.console_url}#live/{TURNS}")
        tile = page.locator(f"li.enlarged .tile[data-camera={TURNS}].points")
        await expect(tile).to_be_visible(timeout=LIVE_MS)
        before = await at_rest(running)
        left, top, width, height, wide_px, high_px = await page.evaluate(PICTURE)
        scale = min(width / wide_px, height / high_px)
        await page.mouse.click(
            left + width / 2 + (X - 0.5) * wide_px * scale, top + height / 2 + (Y - 0.5) * high_px * scale
        )
        await expect(page.locator(".ptz .holder [role=status]")).to_have_text("Vous la tenez (opérateur)")
        await asyncio.sleep(1)
        now, wanted = await at_rest(running), centred(before, X, Y, (640, 360))
        assert abs(remainder(now.pan_deg - before.pan_deg, 360)) > 5
        assert abs(remainder(now.pan_deg - wanted.pan_deg, 360)) < 0.3  # a pixel of the page
        assert abs(now.tilt_deg - wanted.tilt_deg) < 0.3

    asyncio.run(with_page(tmp_path, use))


def test_a_tour_goes_round_on_the_wall_and_tells_what_it_saw(tmp_path) -> None:
    async def use(running: RunningCentre, page: Page) -> None:
        await page.goto(f"{running.console_url}#map")
        await page.get_by_role("button", name="Commencer une ronde…").click()
        await page.get_by_label("Secondes par caméra").fill("4")
        await page.keyboard.press("Enter")
        await expect(page.locator(".map-tours [role=alert]")).to_contain_text("vous n'êtes pas en poste")
        await page.evaluate("fetch('/api/watch/post', { method: 'POST' })")
        await page.get_by_role("button", name="Commencer : 4 caméras").click()
        await expect(page.locator(".tour-on")).to_contain_text("1 sur 4")
        await expect(page.locator(".map-tours")).to_contain_text("Aucune ronde en cours", timeout=60_000)
        await page.locator(".map-tours summary").click()
        await expect(page.locator(".map-tours details li").first).to_contain_text("sur 4")

    asyncio.run(with_page(tmp_path, use))
