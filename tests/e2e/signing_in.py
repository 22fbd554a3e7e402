"""Coming in with a real browser as one of the invented people of a demonstration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from csu.centre.commands.demo_people import told_by
from csu.console.sign_in.proofs import code_at
from csu.machine import SystemClock


def told_at(page: Path) -> dict[str, Any]:
    """What the page of the accounts tells a newcomer."""
    told = told_by(page)
    assert told is not None, f"{page} tells nothing"
    return told


OPERATOR, SECOND_OPERATOR, CHIEF = "i.bernard", "h.petit", "n.lambert"


def sign_in(page: Page, told: dict[str, Any], account: str, at: str = "") -> None:
    """By keyboard alone. `at`: what follows the address of the console: `#wall`. A code counts once an account."""
    person = next(each for each in told["people"] if each["account"] == account)
    page.goto(told["url"])
    expect(page.locator("#account")).to_be_focused()
    page.keyboard.type(person["account"])
    page.keyboard.press("Tab")
    page.keyboard.type(told["password"])
    page.keyboard.press("Enter")
    expect(page.locator("#digits")).to_be_focused(timeout=15_000)
    page.keyboard.type(code_at(person["secret"], SystemClock().now_ns()))
    page.keyboard.press("Enter")
    page.wait_for_url(told["url"], timeout=15_000)
    if at:
        page.goto(told["url"] + at)
