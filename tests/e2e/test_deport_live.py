"""A deport of a whole centre in a real browser: an alarm rings, the chief opens its camera to the police, the masked
picture moves there, and is gone with the alarm (OPS-4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from csu.alarms import AlarmState
from tests.e2e.signing_in import CHIEF, sign_in
from tests.e2e.street_at_work import street_at_work

RECIPIENT, SOON_MS = "e.colin", 30_000
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


def someone(chromium: Browser, told, account: str, at: str) -> Page:
    page = chromium.new_context(viewport={"width": 1366, "height": 768}, color_scheme="dark").new_page()
    sign_in(page, told, account, at)
    return page


def test_the_police_see_a_masked_picture_that_moves_until_the_alarm_is_closed(
    chromium: Browser, tmp_path: Path
) -> None:
    with street_at_work(tmp_path, 4) as street:
        assert street.ring() == "ACK"
        chief = someone(chromium, street.told, CHIEF, "#deport")
        expect(chief.get_by_text("Aucun déport n’est ouvert.")).to_be_visible(timeout=SOON_MS)
        chief.keyboard.press("n")
        recipient = chief.get_by_role("combobox", name="Destinataire")
        expect(recipient.locator("option")).to_have_count(2, timeout=SOON_MS)
        recipient.select_option(RECIPIENT)
        chief.get_by_role("checkbox").first.check()
        chief.get_by_role("textbox", name="Motif").fill("intrusion à la mairie")
        chief.keyboard.press("Enter")
        expect(chief.locator("li.one-deport.open")).to_contain_text("Élise Colin (police-nationale)", timeout=SOON_MS)

        police = someone(chromium, street.told, RECIPIENT, "#received")
        tile = police.locator(".received-tiles .tile[data-state='live']")
        expect(tile).to_have_count(1, timeout=SOON_MS)
        drawn = int(tile.get_attribute("data-drawn") or 0)
        police.wait_for_timeout(2_000)
        assert int(tile.get_attribute("data-drawn") or 0) > drawn + 5
        expect(chief.locator("li.one-deport.open")).to_contain_text("1 écran regarde", timeout=SOON_MS)
        police.screenshot(path=tmp_path / "received.png")
        chief.screenshot(path=tmp_path / "deport.png")

        (alarm,) = street.running.centre.desk.unfinished()
        street.do(street.running.centre.acknowledge(alarm.alarm, CHIEF))
        for step in (AlarmState.DOUBT_REMOVAL, AlarmState.FALSE):
            street.do(street.running.centre.advance(alarm.alarm, step, CHIEF))
        expect(police.locator(".received-over")).to_contain_text("l'incident est clos", timeout=SOON_MS)
        expect(tile).to_have_count(0)
        expect(chief.locator("li.one-deport")).to_contain_text("l'incident est clos")
        for page in (chief, police):
            page.context.close()
