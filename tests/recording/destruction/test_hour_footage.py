"""An hour in columns says of each segment what the rule says of it alone, whatever the calendar does that night."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance import RetentionRule, RuledPiece, Span
from csu.governance.spans import overlap
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS, NS_PER_S
from csu.recording import hour_footage
from csu.recording.destruction import HOUR_NS, Footage, Protection, plan_destruction
from csu.recording.hour_footage import HourFootage
from csu.recording.kept import LivingSegments

CAMERAS = tuple(CameraId(f"cam-{number}") for number in range(4))
METZ = CommuneId("metz")


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S


NIGHTS = [
    utc(text)
    for text in (
        "2026-09-25 00:00",
        "2026-10-10 00:00",
        "2026-10-25 00:00",
        "2027-01-30 22:00",
        "2027-01-31 22:00",
        "2027-02-28 00:00",
        "2027-03-13 01:00",
        "2027-03-28 00:00",
        "2027-12-31 22:00",
        "2028-01-29 23:00",
        "2028-02-28 23:00",
    )
]
"""Hours UTC from which an expiry may lie in a night on which clocks change, at the end of a month, on 29 February."""
RULES = st.builds(
    RetentionRule,
    order=st.sampled_from(["57-101", ""]),
    authorised_days=st.none() | st.integers(1, 31),
    minimum_days=st.integers(0, 31),
    doctrine_days=st.none() | st.integers(1, 31),
)
SEGMENTS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3_599_999), st.integers(1, 130_000)), max_size=12)


def columns(hour_ns: int, segments) -> LivingSegments:
    camera, start_ms, length_ms = (np.array([row[i] for row in segments], np.int64) for i in range(3))
    start_ns = hour_ns + start_ms * NS_PER_MS
    return LivingSegments(CAMERAS, camera.astype(np.int32), start_ns, start_ns + length_ms * NS_PER_MS, start_ms)


def footage(hour_ns: int, segments) -> list[Footage]:
    living = columns(hour_ns, segments)
    rows = zip(living.camera, living.start_ns, living.end_ns, living.size_bytes, strict=True)
    return [Footage(CAMERAS[camera], METZ, Span(int(start), int(end)), int(size)) for camera, start, end, size in rows]


def under(rules, changes_ns):
    """Camera 0 changes its order within the hour; each other has one rule."""

    def ask(camera, span):
        if camera != CAMERAS[0]:
            return (RuledPiece(span, rules[CAMERAS.index(camera)]),)
        sides = ((Span(0, changes_ns), rules[0]), (Span(changes_ns, 2**62), rules[1]))
        return tuple(RuledPiece(part, rule) for side, rule in sides for part in overlap(side, [span]))

    return ask


def says_the_same(hour_ns: int, segments, rules, now_ns: int, *, is_kept: bool) -> bool:
    ask = under(rules, hour_ns + HOUR_NS // 2)
    kept = (Span(hour_ns + 10 * NS_PER_MINUTE, hour_ns + 59 * NS_PER_MINUTE),) if is_kept else ()
    protection = Protection(holds={CAMERAS[2]: kept}, locks={CAMERAS[1]: kept})
    whole = HourFootage(Span(hour_ns, hour_ns + HOUR_NS), columns(hour_ns, segments), ask, dict.fromkeys(CAMERAS, METZ))
    found = whole.plan(now_ns, protection)
    alone = plan_destruction(footage(hour_ns, segments), ask, protection, now_ns)
    return (
        {each.name for each in found.destroy} == {each.name for each in alone.destroy}
        and set(found.recut) == set(alone.recut)
        and replace(found, destroy=(), recut=()) == replace(alone, destroy=(), recut=())
    )


@given(
    st.sampled_from(NIGHTS),
    st.integers(0, 30),
    SEGMENTS,
    st.tuples(RULES, RULES, RULES, RULES),
    st.tuples(st.integers(0, 32), st.integers(-2 * 3600, 2 * 3600)),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_an_hour_in_columns_decides_as_the_rule_does_on_each_segment(night, hours, segments, rules, later, is_kept):
    hour_ns = night + hours * HOUR_NS
    now_ns = hour_ns + later[0] * NS_PER_DAY + later[1] * NS_PER_S
    assert says_the_same(hour_ns, segments, rules, now_ns, is_kept=is_kept)


def every_night_says_the_same() -> bool:
    segments = [(camera, minute * 60_000 + 30_000, 60_000) for camera in range(4) for minute in (0, 20, 59)]
    rules = tuple(RetentionRule("57-101", days, minimum) for days, minimum in ((30, 0), (15, 0), (31, 0), (15, 15)))
    return all(
        says_the_same(night + hours * HOUR_NS, segments, rules, now_ns, is_kept=is_kept)
        for night in NIGHTS
        for hours in range(4)
        for now_ns in (night + 15 * NS_PER_DAY + 30 * NS_PER_MINUTE + hours * HOUR_NS, night + 31 * NS_PER_DAY)
        for is_kept in (False, True)
    )


@pytest.mark.parametrize("mutant", ["none", "next hour", "minimum", "lock"])
def test_the_comparison_finds_planted_mistakes(monkeypatch, mutant):
    """The terms of another hour of the day; a minimum that the lead eats; a lock that nobody looks at."""
    if mutant == "next hour":
        terms = hour_footage.terms_of_hour
        monkeypatch.setattr(hour_footage, "terms_of_hour", lambda rule, at: terms(rule, at // NS_PER_DAY * NS_PER_DAY))
    elif mutant == "minimum":
        monkeypatch.setattr(
            HourFootage, "_minimum_ns", property(lambda _: np.int64(0), lambda _, __: None), raising=False
        )
    elif mutant == "lock":
        monkeypatch.setattr(HourFootage, "_apart", lambda self, _: self._is_there & self._is_odd[self._living.camera])
    assert every_night_says_the_same() is (mutant == "none")


def test_what_went_is_planned_no_more_not_even_its_double():
    hour_ns = NIGHTS[0]
    segments = [(0, 0, 60_000), (0, 0, 50_000), (1, 0, 60_000), (1, 60_000, 60_000)]
    rule = RetentionRule("57-101", 15)
    ask = under((rule,) * 4, hour_ns + HOUR_NS // 2)
    whole = HourFootage(Span(hour_ns, hour_ns + HOUR_NS), columns(hour_ns, segments), ask, dict.fromkeys(CAMERAS, METZ))
    due = whole.plan(hour_ns + 20 * NS_PER_DAY, Protection())
    assert len(due.destroy) == 4
    whole.forget([due.destroy[0], due.destroy[2]])
    assert len(whole.of_cameras(CAMERAS)) == 4 - 3
    [left] = whole.plan(hour_ns + 20 * NS_PER_DAY, Protection()).destroy
    assert whole.begun() == {(left.camera, left.span.from_ns)} == {(CAMERAS[1], hour_ns + NS_PER_MINUTE)}
    whole.forget([left])
    assert whole.plan(hour_ns + 20 * NS_PER_DAY, Protection()).next_ns is None
