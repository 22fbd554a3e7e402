"""A shift at a whole centre, as people live it: pictures of sixteen cameras, a dialled alarm, a police station that
answers. Everybody signs in with both factors, and nothing is done but by the pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, Response, expect

from csu.alarms import AlarmState
from csu.console.pages import pages_of
from csu.console.sign_in.proofs import CODE_STEP_S, code_at
from csu.governance import Role
from csu.hal.clock import NS_PER_S
from csu.machine import SystemClock
from sim.endpoints.police import StationQuirk
from tests.e2e.signing_in import CHIEF, OPERATOR, SECOND_OPERATOR, sign_in
from tests.e2e.street_at_work import TAKEN_BY, StreetAtWork, street_at_work

CAMERAS, TURNS = 16, "cam-0004"
STEPS_MS = 20_000
AGE_MS_MAX = 5_000
"""Of a picture that is shown as live on this machine, which draws, encodes, masks and plays all sixteen."""
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreetAtWork]:
    with street_at_work(tmp_path_factory.mktemp("story"), CAMERAS) as street:
        yield street


def enlarge(page: Page, camera: str) -> None:
    page.locator(f".tile[data-camera={camera}]").click()
    expect(page.locator(".ptz")).to_be_visible()


def holder(page: Page):
    return page.locator(".ptz .holder [role=status]")


def press_step(page: Page, key: str, to: AlarmState) -> None:
    """Press the key of a step once it can be taken; it is done."""
    expect(page.locator(".step").first).to_be_enabled()
    page.keyboard.press(key)
    expect(page.locator(".head")).to_have_attribute("data-state", to.value)


def remove_the_doubt(page: Page) -> None:
    """From the bell to a confirmed intrusion, with the camera that is proposed first live before one's eyes."""
    expect(page.locator(".ringing")).to_contain_text("Intrusion · Mairie", timeout=STEPS_MS)
    page.keyboard.press("a")
    expect(page.locator(".facts")).to_contain_text("Personne ne l’a prise")
    press_step(page, "Enter", AlarmState.ACKED)
    press_step(page, "Enter", AlarmState.DOUBT_REMOVAL)
    first = page.locator(".alarm-cameras .tile")
    expect(first).to_have_attribute("data-camera", TURNS)
    expect(first).to_have_attribute("data-state", "live", timeout=STEPS_MS)
    press_step(page, "c", AlarmState.CONFIRMED)


def close(page: Page) -> None:
    expect(page.locator(".step").first).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.locator(".alarm-list [data-alarm]")).to_have_count(0)


def read_the_log(page: Page) -> list[str]:
    """Its lines as they stand on the page: `who: what`. Each lies in the columns of the table."""
    rows = page.locator(".lines tr[data-entry]")
    expect(rows.filter(has_text="alarme close").last).to_be_visible(timeout=STEPS_MS)
    assert set(rows.evaluate_all("rows => rows.map((row) => getComputedStyle(row).display)")) == {"table-row"}
    return rows.evaluate_all(
        "rows => rows.map((row) => `${row.querySelector('.by').innerText}: ${row.querySelector('.words').innerText}`)"
    )


def test_a_shift_from_signing_in_to_an_alarm_that_is_read_back_in_the_log(
    street, advancing_tiles, chromium_page, chromium: Browser
) -> None:
    page = chromium_page
    sign_in(page, street.told, OPERATOR)
    progress = advancing_tiles(None, tiles_min=CAMERAS, between_s=2.0, wait_s=150)
    assert sum(tile.advances for tile in progress) == CAMERAS
    assert max(tile.after.age_ms for tile in progress) < AGE_MS_MAX

    page.get_by_role("button", name="Inès Bernard").click()
    page.get_by_role("button", name="Prendre mon poste").click()
    expect(page.locator("#who")).to_contain_text(OPERATOR)
    page.keyboard.press("Escape")
    expect(page.locator("#who")).to_have_count(0)

    (mount,) = (camera for camera in street.running.posed if camera.record.camera == TURNS)
    before = street.do(mount.pose()).pose.pan_deg
    enlarge(page, TURNS)
    page.keyboard.down("Shift")
    page.keyboard.down("ArrowRight")
    expect(holder(page)).to_have_text("Vous la tenez (opérateur)")
    page.wait_for_timeout(500)
    assert street.do(mount.pose()).pose.pan_deg > before, "it truly turns"

    context = chromium.new_context(locale="fr-FR")
    chiefs = context.new_page()
    sign_in(chiefs, street.told, CHIEF)
    enlarge(chiefs, TURNS)
    chiefs.keyboard.down("Shift")
    chiefs.keyboard.down("ArrowLeft")
    expect(holder(chiefs)).to_have_text("Vous la tenez (chef de salle)")
    why = page.locator(".ptz [role=alert]")
    expect(why).to_contain_text(f"{CHIEF} (chef de salle) vous a pris la caméra")
    chiefs.keyboard.up("ArrowLeft")
    chiefs.keyboard.press("r")
    context.close()
    for key in ("ArrowRight", "Shift"):
        page.keyboard.up(key)
    page.keyboard.press("Escape")

    assert street.ring() == "ACK"
    remove_the_doubt(page)
    expect(page.locator(".head")).to_have_attribute("data-state", "police_informed", timeout=STEPS_MS)
    expect(page.locator(".log-lines")).to_contain_text(f"police avisée : police, pris par {TAKEN_BY}")
    close(page)

    page.keyboard.press("j")
    (call,) = street.station.received.values()
    assert call.event["data"]["words"] == "intrusion confirmée"
    assert [line for line in read_the_log(page) if "trop longtemps" not in line][2:] == [
        f"csu: {OPERATOR} prend son poste (3 en poste)",
        f"csu: {TURNS} : {CHIEF} prend la main à {OPERATOR}",
        "csu: intrusion, Mairie (valmont-sur-seille) : alarme levée",
        f"{OPERATOR}: alarme acquittée",
        f"{OPERATOR}: alarme en levée de doute",
        f"{OPERATOR}: alarme confirmée",
        "csu: appel préparé : police",
        f"csu: appel pris par {TAKEN_BY}",
        f"{OPERATOR}: alarme confirmée, police avisée : police, pris par {TAKEN_BY}",
        f"{OPERATOR}: alarme close",
    ]


def test_a_whole_alarm_by_keyboard_alone_while_the_police_station_is_silent(street, chromium_page) -> None:
    """The operator telephones, and notes who took it: nobody is called a second time."""
    page, told_before = chromium_page, set(street.station.received)
    sign_in(page, street.told, SECOND_OPERATOR)
    street.station.misbehave(StationQuirk.SILENT)
    assert street.ring() == "ACK"
    remove_the_doubt(page)
    page.keyboard.press("2")
    expect(page.locator(".alarm-cameras .tile")).not_to_have_attribute("data-camera", TURNS)
    expect(page.locator(".alarm-cameras .tile")).to_have_attribute("data-state", "live", timeout=STEPS_MS)
    page.keyboard.press("p")
    expect(page.get_by_label("Service appelé")).to_be_focused()
    page.keyboard.type("police nationale")
    page.keyboard.press("Tab")
    page.keyboard.type("brigadier Roth")
    page.keyboard.press("Enter")
    expect(page.locator(".head")).to_have_attribute("data-state", "police_informed")
    close(page)
    page.keyboard.press("j")
    expect(page.locator(".lines")).to_contain_text("appel pris par brigadier Roth", timeout=STEPS_MS)  # the call's turn
    lines = read_the_log(page)
    assert f"{SECOND_OPERATOR}: alarme confirmée, police avisée : police nationale, pris par brigadier Roth" in lines
    assert "csu: appel pris par brigadier Roth" in lines, "the call that was under way is his"
    assert f"{SECOND_OPERATOR}: alarme close" in lines
    street.station.heal()
    (alarm,) = set(street.station.received) - told_before
    page.wait_for_timeout(1500)
    assert street.running.centre.calls_waiting == []
    assert street.station.received[alarm].tellings >= 1


def test_everybody_of_the_demonstration_finds_the_pages_of_his_role_which_ask_for_nothing_he_may_not_have(
    street, chromium: Browser
) -> None:
    """Each refusal is journaled: a page that asks without a right would fill the journal by itself."""
    told, refused = street.told, list[str]()
    for person in told["people"]:
        cookies, me = come_in(told, person)
        assert (me["name"], me["role"]["role"]) == (person["name"], person["id"])
        assert me["pages"] == pages_of(Role(person["id"]))
        context = chromium.new_context(locale="fr-FR")
        context.add_cookies([{"name": name, "value": value, "url": told["url"]} for name, value in cookies.items()])
        page = context.new_page()
        page.on("response", lambda each, who=person["id"]: note_refusal(refused, who, each))
        page.on("pageerror", lambda error, who=person["id"]: refused.append(f"{who}: {error}"))
        for name in me["pages"] or [""]:
            page.goto(f"{told['url']}#{name}")
            expect(page.get_by_role("button", name=person["name"])).to_be_visible(timeout=STEPS_MS)
            page.wait_for_timeout(1_000)
        context.close()
    assert refused == []


def come_in(told: dict[str, Any], person: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """By HTTP; with the code that comes next, since this one may be used. His cookies, and what `/api/me` says."""
    with httpx.Client(base_url=told["url"], timeout=30) as client:
        proof = {"account": person["account"], "password": told["password"]}
        ticket = client.post("/api/sign-in", json=proof).json()["ticket"]
        code = code_at(person["secret"], SystemClock().now_ns() + CODE_STEP_S * NS_PER_S)
        begun = {"ticket": ticket, "code": code, "role": person["id"]}
        assert client.post("/api/sign-in/code", json=begun).status_code == 200, person["account"]
        return dict(client.cookies), client.get("/api/me").json()


def note_refusal(refused: list[str], who: str, answer: Response) -> None:
    if answer.status >= 400:
        refused.append(f"{who}: {answer.status} {answer.url}")
