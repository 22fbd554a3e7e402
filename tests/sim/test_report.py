"""The page of a run: it needs nothing else, adds up, and can be read with the keys alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from sim.dictionary import FAULTS
from sim.ledger import days, reached
from sim.report import write_report
from sim.run import RunResult, run_scenario
from sim.timeline import KEPT_MAX, Timeline, rows
from sim.vocabulary import Signal

EPOCH = 1_795_435_200 * NS_PER_S


@pytest.fixture
def result(small_city) -> RunResult:
    return run_scenario(small_city())


def test_the_ledger_adds_up_to_the_coverage_that_the_oracle_measures(small_city) -> None:
    """Over a midnight: two days, together what the run recorded."""
    result = run_scenario(
        small_city(("start: 2026-11-23 12:00", "start: 2026-11-23 23:40"), ("at: 12:10", "at: 23:50"))
    )
    found = days(result)
    assert [day.day for day in found] == ["2026-11-23", "2026-11-24"]
    assert [day.expected_s for day in found] == [20 * 60 * 60, 30 * 60 * 60]
    share = sum(day.recorded_s for day in found) / sum(day.expected_s for day in found)
    coverage = next(judgement.worst for judgement in result.expectations if judgement.name == "finally coverage")
    assert share == pytest.approx(coverage, abs=1e-6)
    assert 0.5 < share < 1


def test_what_did_not_come_is_told_as_not_reached(result) -> None:
    found = {each.name: each for each in reached(result, FAULTS)}
    assert found["alarms.save"].times == result.points["alarms.save"][1] > 0
    assert sum(each.times for each in found.values() if each.of) == result.counters["chaos_fired"]
    never = {word for word in FAULTS.models if word != "engine_trouble"} - {
        signal.fields["kind"] for signal in result.timeline if signal.kind in ("fault.began", "story.began")
    }
    assert sum(each.times == 0 for each in found.values() if not each.of) == len(never)


def test_the_line_of_the_run_has_story_faults_and_alarms_with_their_lengths() -> None:
    def told(kind: str, after_min: int, /, **fields: str) -> Signal:
        return Signal(kind, EPOCH + after_min * NS_PER_MINUTE, fields)

    found = rows(
        [
            told("story.began", 1, event="cut", kind="link_cut"),
            told("fault.began", 1, fault="cut", kind="link_cut", commune="Valmandrin", camera=""),
            told("alarm.raised", 2, alarm="p/1", commune="Valmandrin", kind="fire"),
            told("fault.ended", 4, fault="cut", kind="link_cut", commune="Valmandrin", camera=""),
        ],
        EPOCH,
        EPOCH + 10 * NS_PER_MINUTE,
    )
    assert [(row.tone, row.items[0][:2]) for row in found] == [
        ("story", (60.0, 540.0)),  # never told to end: it goes on to the end of the run
        ("fault", (60.0, 180.0)),
        ("plain", (120.0, 0.0)),
    ]
    assert "Valmandrin" in found[1].items[0][2]


def test_a_line_with_too_many_signals_says_how_many_it_leaves_out() -> None:
    timeline = Timeline()
    for number in range(KEPT_MAX + 7):
        timeline.hear(Signal("node.up", number, {"node": "n", "commune": "c"}))
    assert (len(timeline.kept), timeline.left_out) == (KEPT_MAX, 7)


def test_the_page_opens_offline_and_its_line_is_moved_by_keys(result, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("CSU_LANG", "fr")
    path = tmp_path / "report.html"
    write_report(result, path, "csu sim run small.yaml --seed 7", {"graine": "7"})
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"(https?:)?//", text), "it would ask the network"
    assert "csu sim run small.yaml --seed 7" in text
    executable = shutil.which("chromium")
    assert executable is not None
    faults: list[str] = []
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(offline=True, color_scheme="dark").new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.focus("#timeline")
        before = page.screenshot()
        for key in ("+", "+", "ArrowRight", "n", "n"):
            page.keyboard.press(key)
        told = page.inner_text("#told")
        after = page.screenshot()
        browser.close()
    assert faults == []
    assert asked == [path.as_uri()]
    assert re.match(r"11-23 1[23]:\d\d:\d\d · .+", told), told
    assert before != after
