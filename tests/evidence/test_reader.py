"""The reader opens from a file in a browser without a network, and shows the very frame it says it shows."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from csu.hal.frame_mark import FrameMark, read_mark

CHROMIUM_ARGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WAIT_MS = 10_000


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    assert executable is not None, "chromium is not installed: run `make setup` (or apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, good) -> Iterator[Page]:
    """The reader of the good package, opened from file://, offline. Whatever it asks of a network fails the test."""
    faults: list[str] = []
    context = chromium.new_context(viewport={"width": 1280, "height": 860}, locale="fr-FR", offline=True)
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda r: None if r.url.startswith(("file:", "blob:")) else faults.append(r.url))
    opened.goto((good.root / "lecteur.html").as_uri())
    opened.wait_for_function("() => document.body.dataset.frame === '0'", timeout=WAIT_MS)
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def seen(page) -> Callable[[], FrameMark]:
    """The mark in the picture as it is on the screen: what a person sees, not what the page believes."""

    def look() -> FrameMark:
        with av.open(io.BytesIO(page.locator("#video").screenshot())) as shot:
            luma = next(shot.decode(video=0)).to_ndarray(format="gray")[2:-2, 2:-2]
        # Without the frame around the video and the black bars around the picture.
        rows, columns = (np.flatnonzero(luma.max(axis=axis) > 40) for axis in (1, 0))
        mark = read_mark(luma[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        assert mark is not None
        return mark

    return look


def at(page: Page, frame: int, file: int = 0) -> None:
    page.wait_for_function(
        f"() => document.body.dataset.frame === '{frame}' && document.body.dataset.file === '{file}'", timeout=WAIT_MS
    )


@pytest.mark.requirement("EXP-7")
def test_it_opens_on_the_first_asked_frame_and_tells_camera_place_and_time(page, seen):
    assert seen() == FrameMark(12, 15)  # 1.5 s into the recording: frames before the interval are not shown
    assert page.locator("#c-camera").inner_text() == "cam-0012"
    assert page.locator("#c-place").inner_text() == "Place d'Armes (Metz)"
    assert page.locator("#c-paris").inner_text() == "22/11/2026 11:00:01,500 (UTC+1)"
    assert page.locator("#c-utc").inner_text() == "2026-11-22 10:00:01.500Z"
    assert "-120 ms" in page.locator("#c-clock").inner_text()
    assert page.locator("#c-mask").inner_text() == "7"


@pytest.mark.requirement("EXP-7")
def test_frame_by_frame_both_ways_across_files(page, seen):
    """Forward through the whole first file into the second, and back again: every step one frame."""
    for step in range(1, 28):
        page.keyboard.press("ArrowRight")
        at(page, step % 25, step // 25)
        if step in (1, 2, 24, 25, 26):
            assert seen() == FrameMark(12, 15 + step)
    for step in range(26, 22, -1):
        page.keyboard.press("ArrowLeft")
        at(page, step % 25, step // 25)
        assert seen() == FrameMark(12, 15 + step)


def test_before_the_first_frame_there_is_nothing(page, seen):
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => document.getElementById('says').textContent.includes('Début')")
    assert seen() == FrameMark(12, 15)


@pytest.mark.requirement("EXP-7")
def test_search_by_camera_and_time(page, seen):
    page.select_option("#camera", "cam-0042")
    page.wait_for_function("() => document.getElementById('c-camera').textContent === 'cam-0042'")
    assert seen() == FrameMark(42, 40)
    page.fill("#when", "2026-11-22T11:00:05.300")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.getElementById('c-paris').textContent.includes('11:00:05,300')")
    assert seen() == FrameMark(42, 53)
    page.fill("#when", "2026-11-22T12:00:00.000")
    page.click("button[type=submit]")
    page.wait_for_function("() => document.getElementById('says').textContent.includes('plus proche')")
    assert seen() == FrameMark(42, 59)


@pytest.mark.requirement("EXP-7")
def test_play_fast_slow_freeze_and_backwards(page, seen):
    def passed(speed: str, wait_ms: int) -> int:
        page.select_option("#speed", speed)
        page.keyboard.press("Home")
        page.wait_for_function(f"() => document.body.dataset.ms === '{page.evaluate('() => first()')}'")
        page.click("#play")
        page.wait_for_timeout(wait_ms)
        page.click("#play")
        page.wait_for_function("() => document.getElementById('video').paused")
        return round((float(page.evaluate("() => document.body.dataset.ms")) - page.evaluate("() => first()")) / 100)

    slow, usual, fast = passed("0.25", 1000), passed("1", 1000), passed("4", 1000)
    assert 0 < slow < usual < fast
    assert fast > 25  # it went on into the next file by itself
    frozen = seen()
    page.wait_for_timeout(300)
    assert seen() == frozen
    page.select_option("#speed", "4")
    page.locator("body").press("r")
    page.wait_for_timeout(600)
    page.click("#back-play")
    assert seen().frame_number < frozen.frame_number


def test_it_plays_to_the_end_and_says_so(page):
    page.select_option("#speed", "8")
    page.click("#play")
    page.wait_for_function(
        "() => document.getElementById('says').textContent.includes('Fin des images')", timeout=WAIT_MS
    )
    assert round((float(page.evaluate("() => document.body.dataset.ms")) - page.evaluate("() => first()")) / 100) == 79


@pytest.mark.requirement("EXP-7")
def test_a_still_is_saved_with_its_caption_beneath_the_picture(page, good, tmp_path):
    page.set_input_files("#picker", str(good.root))
    page.wait_for_function("() => document.getElementById('says').textContent.includes('conforme')")
    page.keyboard.press("ArrowRight")
    at(page, 1)
    with page.expect_download() as waiting:
        page.keyboard.press("i")
    waiting.value.save_as(tmp_path / "still.png")
    assert re.fullmatch(r"cam-0012-2026-11-22T110001600\.png", waiting.value.suggested_filename)
    with av.open(str(tmp_path / "still.png")) as still:
        luma = next(still.decode(video=0)).to_ndarray(format="gray")
    assert read_mark(luma[:192]) == FrameMark(12, 16)
    assert luma.shape[1] == 320
    assert luma[192:].max() > 200


@pytest.mark.requirement("EXP-7")
def test_a_sequence_is_saved_bit_by_bit(page, good, tmp_path):
    page.set_input_files("#picker", str(good.root))
    page.wait_for_function("() => document.getElementById('says').textContent.includes('conforme')")
    with page.expect_download() as waiting:
        page.click("#sequence")
    waiting.value.save_as(tmp_path / "sequence.mp4")
    assert (tmp_path / "sequence.mp4").read_bytes() == (good.root / good.tables[0].file).read_bytes()


def test_a_changed_file_is_told_by_the_reader_too(page, copy: Path):
    path = next(iter(sorted((copy / "data/video/cam-0012").iterdir())))
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    page.set_input_files("#picker", str(copy))
    page.wait_for_function("() => document.getElementById('says').textContent.includes('ATTENTION')")


def test_all_of_it_can_be_done_with_the_keyboard_and_in_english(page):
    reached = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("() => document.activeElement.id || document.activeElement.type"))
    wanted = {"folder", "language", "camera", "when", "submit", "line", "back-play", "back", "play", "forward", "speed"}
    assert wanted | {"still", "sequence"} <= reached
    page.focus("#language")
    page.keyboard.press("Enter")
    assert page.locator("#play").inner_text() == "▶ Play"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#c-paris").inner_text().startswith("2026-11-22 11:00:01.500")
