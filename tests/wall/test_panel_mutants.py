"""Who tests the tester: a defect planted in the watch over panels must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from csu.wall import PanelSupervision, panels

Patch = pytest.MonkeyPatch


def silence_is_patient(patch: Patch) -> None:
    patch.setattr(panels, "SILENT_NS", 10 * panels.SILENT_NS)


def silence_is_told_with_every_miss(patch: Patch) -> None:
    change = PanelSupervision._change

    def loud(self, seen, now):
        return change(self, panels.replace(seen, told=seen.told - {panels._SILENT}), now)

    patch.setattr(PanelSupervision, "_change", loud)


def a_return_is_not_told(patch: Patch) -> None:
    read = PanelSupervision.read
    patch.setattr(PanelSupervision, "read", lambda *a: [told for told in read(*a) if not told.is_over])


def warming_up_lasts_for_ever(patch: Patch) -> None:
    patch.setattr(panels, "WARMING_NS", 10**18)


def a_panel_that_warms_up_is_off(patch: Patch) -> None:
    now = panels._troubles_now
    off = {panels._OFF}
    patch.setattr(
        panels,
        "_troubles_now",
        lambda seen, state, at: now(seen, state, at) | (off if state.power == "warming" else set()),
    )


def any_input_will_do(patch: Patch) -> None:
    now = panels._troubles_now
    patch.setattr(panels, "_troubles_now", lambda *a: frozenset(key for key in now(*a) if key[0] != "input"))


def what_is_not_said_is_well(patch: Patch) -> None:
    now = panels._troubles_now
    patch.setattr(
        panels, "_troubles_now", lambda seen, state, at: now(panels.replace(seen, told=frozenset()), state, at)
    )


FOUND_BY: dict[Callable[[Patch], None], str] = {
    silence_is_patient: "test_whatever_panels_say_each_trouble_begins_and_ends_in_turn_and_silence_is_told_in_time",
    silence_is_told_with_every_miss: "test_a_silent_panel_is_told_once_with_the_reason_and_its_return_once",
    a_return_is_not_told: "test_switched_off_is_told_once_until_it_is_on_again",
    warming_up_lasts_for_ever: "test_warming_up_is_no_trouble_until_it_lasts_too_long",
    a_panel_that_warms_up_is_off: "test_warming_up_is_no_trouble_until_it_lasts_too_long",
    any_input_will_do: "test_another_input_is_told_with_both_names_and_a_panel_that_does_not_say_changes_nothing",
    what_is_not_said_is_well: "test_each_failing_part_is_told_and_its_return_but_not_because_the_panel_is_off",
}


@pytest.mark.parametrize("defect", FOUND_BY, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(defect, monkeypatch, must_fail) -> None:
    found_by = FOUND_BY[defect]
    defect(monkeypatch)
    must_fail("test_panels", found_by)
