"""Who will mask: the camera only where each check of its masks was made, and passed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csu.centre.masks.masking_route import MASK_CHECKS, route_of
from csu.hal.conformance import Check, CheckStatus
from csu.hal.fieldwork import Route
from csu.hal.words import NO_WORDS


def checks(statuses: dict[str, CheckStatus]) -> list[Check]:
    return [Check(name, "PRV-3", NO_WORDS, status, NO_WORDS) for name, status in statuses.items()]


PASSED = dict.fromkeys(MASK_CHECKS, CheckStatus.PASSED)


@given(st.dictionaries(st.sampled_from(MASK_CHECKS), st.sampled_from(CheckStatus)), st.booleans())
def test_anything_but_all_of_them_passed_on_a_camera_that_stands_still_is_the_engines(statuses, turns):
    route, why = route_of(checks(statuses), turns=turns)
    assert (route is Route.EDGE) == (statuses == PASSED and not turns)
    assert why.fr
    assert why.en


def test_all_passed_is_the_cameras():
    assert route_of(checks(PASSED), turns=False)[0] is Route.EDGE
