"""Video enforcement of a whole centre in a real browser: the verbalising agent watches live, by keyboard alone, records
what he sees, and hands a sealed package over; the operator has no such page (VVB-1 to VVB-6)."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from csu.governance import PublicKey
from csu.operations.enforcement import faults_of
from tests.e2e.signing_in import sign_in
from tests.e2e.street_at_work import street_at_work

AGENT, OPERATOR, SOON_MS = "s.garnier", "i.bernard", 30_000
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


def someone(chromium: Browser, told, account: str, at: str, **look) -> Page:
    page = chromium.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True, **look).new_page()
    sign_in(page, told, account, at)
    return page


def settled(page: Page) -> None:
    """The picture is live, and its session is known."""
    expect(page.locator(".enforcement-picture[data-state='live']")).to_have_count(1, timeout=SOON_MS)
    expect(page.locator(".enforcement-picture")).not_to_have_attribute("data-session", "", timeout=SOON_MS)


def test_an_agent_records_what_he_sees_live_and_nobody_else_can(chromium: Browser, tmp_path: Path) -> None:
    with street_at_work(tmp_path, 4) as street:
        page = someone(chromium, street.told, AGENT, "#enforcement", color_scheme="dark")
        settled(page)
        cameras = page.locator(".enforcement-choice .cameras button")
        assert 1 <= cameras.count() < 4, "some cameras are designated, and not all"
        expect(page.locator(".enforcement-choice .status")).to_contain_text("Légifrance")
        page.locator(".enforcement-choice summary").click()
        expect(page.locator(".why-not [data-offence='speed']")).to_contain_text("appareil homologué")
        page.locator(".enforcement-choice summary").click()
        page.locator("button[data-offence='red-light']").click()
        page.keyboard.press("n")
        expect(page.locator(".enforcement-draft .stills li")).to_have_count(1, timeout=SOON_MS)
        page.wait_for_timeout(1_000)  # the same picture is not taken twice
        page.keyboard.press("c")
        expect(page.locator(".enforcement-draft .stills li")).to_have_count(2, timeout=SOON_MS)
        page.screenshot(path=tmp_path / "enforcement_draft_fr_dark.png")
        page.keyboard.press("p")
        page.keyboard.type("AB-123-CI")
        page.get_by_role("textbox", name="Lieu").fill("12, rue des Clercs")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="J’ai vu, en direct, et je signe").click()
        expect(page.locator(".enforcement-draft .refused")).to_contain_text("la forme est AB-123-CD", timeout=SOON_MS)
        page.get_by_role("textbox", name="Immatriculation").fill("AB-123-CD")
        page.keyboard.press("Enter")
        page.screenshot(path=tmp_path / "enforcement_review_fr_dark.png")
        page.keyboard.press("Enter")
        record = page.locator(".enforcement-records li")
        expect(record).to_have_count(1, timeout=SOON_MS)
        expect(record).to_contain_text("pas encore remis")
        assert "AB-123-CD" not in page.content()
        with page.expect_download() as download:
            record.get_by_role("button").click()
        package = Path(download.value.path()).read_bytes()
        expect(record).to_contain_text("remis le", timeout=SOON_MS)
        key = PublicKey.load(tmp_path / "centre" / "centre" / "key.pem")
        assert faults_of(package, key) == ()
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            told = json.loads(archive.read("record.json"))
            for still in told["stills"]:
                (tmp_path / still["file"]).write_bytes(archive.read(still["file"]))
        assert (told["plate"], told["agent"], told["offence"]) == ("AB-123-CD", AGENT, "red-light")

        operator = someone(chromium, street.told, OPERATOR, "#enforcement", color_scheme="dark")
        expect(operator.locator(".enforcement")).to_have_count(0)
        expect(operator.locator("header").get_by_text("Constats")).to_have_count(0)
        assert operator.evaluate("fetch('/api/enforcement').then((answer) => answer.status)") == 403
        for each in (page, operator):
            each.context.close()


def test_a_parked_vehicle_is_timed_where_the_agent_drew_it(chromium: Browser, tmp_path: Path) -> None:
    with street_at_work(tmp_path, 4) as street:
        page = someone(chromium, street.told, AGENT, "#enforcement", color_scheme="light", locale="en-GB")
        page.keyboard.press("l")
        settled(page)
        page.locator("button[data-offence='stands-double']").click()
        page.keyboard.press("n")
        expect(page.locator(".enforcement-draft .stills li")).to_have_count(1, timeout=SOON_MS)
        page.keyboard.press("x")
        board = page.get_by_role("application")
        expect(board).to_be_focused()
        for keys in (["ArrowLeft"] * 5, ["ArrowRight"] * 10, ["ArrowDown"] * 8):
            for key in keys:
                page.keyboard.press(key)
            page.keyboard.press("Space")
        page.keyboard.press("Enter")
        expect(page.locator(".enforcement-picture .standing polygon")).to_have_count(1, timeout=SOON_MS)
        page.keyboard.press("z")
        expect(page.locator(".enforcement-live .refused")).to_contain_text("s to go", timeout=SOON_MS)
        page.screenshot(path=tmp_path / "enforcement_timer_en_light.png")
        page.wait_for_timeout(61_000)
        page.keyboard.press("z")
        expect(page.locator(".enforcement-draft .stills li")).to_have_count(2, timeout=SOON_MS)
        page.locator("[data-still='1']").get_by_role("button", name="Hide a passer-by").click()
        board = page.get_by_role("application")
        expect(board).to_be_focused()
        page.keyboard.press("Space")
        for key in ["ArrowRight"] * 6 + ["ArrowDown"] * 6:
            page.keyboard.press(key)
        page.keyboard.press("Space")
        expect(page.locator("[data-still='1']")).to_contain_text("1 part hidden", timeout=SOON_MS)
        page.screenshot(path=tmp_path / "enforcement_stopped_en_light.png")
        page.keyboard.press("p")
        page.keyboard.type("AB-123-CD")
        page.get_by_role("textbox", name="Place").fill("12, rue des Clercs")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        expect(page.locator(".enforcement-records li")).to_have_count(1, timeout=SOON_MS)
        page.context.close()
