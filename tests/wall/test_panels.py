"""What is wrong with a panel of the wall is told once, and its return; a dead one within a bound."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_S
from csu.hal.wall_panel import PanelPart, PanelPower, PanelState, WallPanelId
from csu.hal.words import Words
from csu.wall import PanelPlan, PanelSupervision, PlanUnusable

SILENT_NS, WARMING_NS = 20 * NS_PER_S, 120 * NS_PER_S
A, B = WallPanelId("a"), WallPanelId("b")
WHY = Words("mot de passe refusé", "password refused")
WELL = PanelState(PanelPower.ON, "hdmi1")
OFF, WARMING = PanelState(PanelPower.OFF), PanelState(PanelPower.WARMING)


def watch(*panels: WallPanelId) -> PanelSupervision:
    return PanelSupervision([PanelPlan(panel, "hdmi1") for panel in panels or (A,)], 0)


def said(told) -> list[tuple[str, bool]]:
    return [(each.what.en.partition(":")[0], each.is_over) for each in told]


def test_a_panel_that_shows_what_it_should_is_nobodys_trouble() -> None:
    assert [watch().read(A, WELL, at) for at in (0, NS_PER_S)] == [[], []]


def test_a_silent_panel_is_told_once_with_the_reason_and_its_return_once() -> None:
    panels = watch(A, B)
    panels.read(A, WELL, 0)
    assert panels.miss(A, WHY, SILENT_NS - 1) == []
    panels.read(B, WELL, SILENT_NS - 1)
    (told,) = panels.tick(SILENT_NS)
    assert told.panel == A
    assert "20 s: password refused" in told.what.en
    assert "mot de passe refusé" in told.what.fr
    assert panels.miss(A, WHY, 2 * SILENT_NS - 2) == []
    assert said(panels.read(A, WELL, 2 * SILENT_NS)) == [("the panel answers again", True)]


def test_a_panel_that_never_answered_since_the_start_is_told_as_well() -> None:
    panels = watch()
    assert panels.due_at_ns() == SILENT_NS
    assert len(panels.tick(SILENT_NS)) == 1
    assert panels.due_at_ns() is None


def test_switched_off_is_told_once_until_it_is_on_again() -> None:
    panels = watch()
    assert said(panels.read(A, OFF, 1)) == [("the panel is off", False)]
    assert panels.read(A, PanelState(PanelPower.COOLING), 2) == []
    assert panels.read(A, WARMING, 3) == [], "a panel that warms up is not on yet"
    assert said(panels.read(A, WELL, 4)) == [("the panel is on again", True)]


def test_warming_up_is_no_trouble_until_it_lasts_too_long() -> None:
    panels = watch()
    assert [panels.read(A, WARMING, at) for at in (0, 1, WARMING_NS - 1)] == [[], [], []]
    assert said(panels.read(A, WARMING, WARMING_NS)) == [("the panel warms up and does not come on", False)]
    assert panels.read(A, WARMING, WARMING_NS + 1) == []
    assert said(panels.read(A, WELL, WARMING_NS + 2)) == [("the panel is warming up no longer", True)]
    assert panels.read(A, WARMING, 2 * WARMING_NS) == [], "it warms up anew"


def test_another_input_is_told_with_both_names_and_a_panel_that_does_not_say_changes_nothing() -> None:
    panels = watch()
    (told,) = panels.read(A, PanelState(PanelPower.ON, "hdmi2"), 1)
    assert "hdmi2, not on hdmi1" in told.what.en
    assert panels.read(A, PanelState(PanelPower.ON), 2) == []
    assert said(panels.read(A, WELL, 3)) == [("the panel has left that input", True)]


def test_each_failing_part_is_told_and_its_return_but_not_because_the_panel_is_off() -> None:
    panels = watch()
    failing = PanelState(PanelPower.ON, "hdmi1", frozenset({PanelPart.LAMP}), frozenset({PanelPart.FILTER}))
    assert [each.what.en for each in panels.read(A, failing, 1)] == [
        "the panel reports a failure: backlight or lamp",
        "the panel warns: filter",
    ]
    assert said(panels.read(A, OFF, 2)) == [("the panel is off", False)]
    assert len(panels.read(A, WELL, 3)) == 3


def test_a_panel_that_is_planned_twice_is_no_plan() -> None:
    with pytest.raises(PlanUnusable):
        watch(A, A)


PARTS = st.frozensets(st.sampled_from(PanelPart), max_size=2)
STATES = st.builds(PanelState, st.sampled_from(PanelPower), st.sampled_from(["", "hdmi1", "hdmi2"]), PARTS, PARTS)
STEPS = st.lists(
    st.tuples(st.integers(1, 15), st.sampled_from((A, B)), st.one_of(st.none(), st.just("tick"), STATES)), max_size=60
)


@given(STEPS)
def test_whatever_panels_say_each_trouble_begins_and_ends_in_turn_and_silence_is_told_in_time(steps) -> None:
    panels, now_ns = watch(A, B), 0
    heard = {A: 0, B: 0}
    open_troubles: Counter[WallPanelId] = Counter()
    silent: set[WallPanelId] = set()
    for after_s, panel, step in steps:
        now_ns += after_s * NS_PER_S
        due_ns = panels.due_at_ns()
        told = panels.tick(due_ns) if due_ns is not None and due_ns <= now_ns else []
        if step is None:
            told += panels.miss(panel, WHY, now_ns)
        elif step == "tick":
            told += panels.tick(now_ns)
        else:
            told += panels.tick(now_ns) + panels.read(panel, step, now_ns)
            heard[panel] = now_ns
        for each in told:
            open_troubles[each.panel] += -1 if each.is_over else 1
            if "said nothing" in each.what.en:
                silent.add(each.panel)
            if "answers again" in each.what.en:
                silent.remove(each.panel)
        for each in (A, B):
            assert open_troubles[each] == len(panels.troubles(each))
            if step == "tick":
                assert (each in silent) is (now_ns - heard[each] >= SILENT_NS)
