"""Which signal told of which event: cases by hand, and against the best pairing there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from csu.detection.evaluation import matching
from csu.detection.evaluation.matching import Happened, Score, Told, match, of_type, poisson_upper, quantile
from csu.hal.analysis import EventType
from csu.hal.clock import NS_PER_S

DOWN, FIRE = EventType.PERSON_DOWN, EventType.FIRE_START


def happened(begin_s: float, end_s: float, zone: str = "a", kind: EventType = DOWN) -> Happened:
    return Happened(kind, zone, round(begin_s * NS_PER_S), round(end_s * NS_PER_S))


def told(at_s: float, zone: str = "a", kind: EventType = DOWN) -> Told:
    return Told(kind, zone, round(at_s * NS_PER_S))


def summary(events, signals) -> tuple[int, int, int, int]:
    """(hits, missed, again, false)"""
    found = match(events, signals)
    return len(found.hits), len(found.missed), len(found.again), len(found.false)


def test_a_signal_while_the_event_lasts_is_a_hit_with_its_delay():
    found = match([happened(10, 20)], [told(13.5)])
    assert [hit.delay_s for hit in found.hits] == [3.5]
    assert summary([happened(10, 20)], [told(13.5)]) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("at_s", "expected"), [(8.0, (1, 0, 0, 0)), (7.9, (0, 1, 0, 1)), (22.0, (1, 0, 0, 0)), (22.1, (0, 1, 0, 1))]
)
def test_two_seconds_before_and_after_still_count_and_no_more(at_s, expected):
    assert summary([happened(10, 20)], [told(at_s)]) == expected


def test_another_zone_or_another_type_tells_of_nothing():
    assert summary([happened(10, 20)], [told(12, zone="b")]) == (0, 1, 0, 1)
    assert summary([happened(10, 20)], [told(12, kind=FIRE)]) == (0, 1, 0, 1)


def test_a_second_signal_of_one_event_is_neither_a_hit_nor_false():
    assert summary([happened(10, 20)], [told(12), told(15)]) == (1, 0, 1, 0)


def test_two_events_at_once_need_two_signals():
    assert summary([happened(10, 20), happened(11, 19)], [told(12)]) == (1, 1, 0, 0)
    assert summary([happened(10, 20), happened(11, 19)], [told(12), told(13)]) == (2, 0, 0, 0)


def test_a_signal_does_not_take_the_event_that_only_a_later_one_can_tell_of():
    assert summary([happened(0, 100), happened(0, 10)], [told(5), told(90)]) == (2, 0, 0, 0)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.sampled_from("ab")), max_size=7)
SIGNALS = st.lists(st.tuples(st.integers(-5, 90), st.sampled_from("ab")), max_size=7)


@given(SPANS, SIGNALS)
def test_nothing_is_counted_twice_or_lost_and_no_pairing_finds_more(spans, at):
    events = [happened(begin, begin + lasts, zone) for begin, lasts, zone in spans]
    signals = [told(when, zone) for when, zone in at]
    found = match(events, signals)
    assert sorted([hit.event for hit in found.hits] + list(found.missed), key=repr) == sorted(events, key=repr)
    both = [hit.signal for hit in found.hits] + list(found.again) + list(found.false)
    assert sorted(both, key=repr) == sorted(signals, key=repr)
    may = np.array(
        [
            [
                event.zone == signal.zone
                and event.begin_ns - 2 * NS_PER_S <= signal.at_ns <= event.end_ns + 2 * NS_PER_S
                for signal in signals
            ]
            for event in events
        ],
        float,
    ).reshape(len(events), len(signals))
    rows, columns = linear_sum_assignment(may, maximize=True)
    assert len(found.hits) == may[rows, columns].sum()
    assert len(found.false) == (may.sum(axis=0) == 0).sum()


def test_the_figures_of_a_type():
    score = Score()
    found = match([happened(10, 20), happened(50, 60)], [told(11), told(12), told(30), told(40, kind=FIRE)])
    score.add(of_type(found, DOWN), camera_hours=0.5)
    assert (score.recall, score.precision, score.false_per_camera_hour) == (0.5, 0.5, 2.0)
    assert (score.hits, score.missed, score.again, score.false) == (1, 1, 1, 1)
    assert score.delay_s(0.5) == 1.0


def test_nothing_measured_is_no_figure():
    score = Score()
    assert (score.recall, score.precision, score.false_per_camera_hour, score.delay_s(0.5)) == (None,) * 4


@pytest.mark.parametrize(("seen", "upper"), [(0, 2.996), (1, 4.744), (10, 16.962)])
def test_what_few_hours_prove(seen, upper):
    """Tabulated one-sided Poisson limits."""
    assert poisson_upper(seen, 0.95) == pytest.approx(upper, abs=1e-3)


@given(st.lists(st.integers(-5, 5), min_size=1), st.sampled_from([0.05, 0.5, 0.95, 1.0]))
def test_a_quantile_is_a_value_that_the_share_does_not_exceed(values, share):
    found = quantile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert all(sum(value <= lower for value in values) < share * len(values) for lower in values if lower < found)


class TestPlantedDefects:
    """A matcher that is kinder than the truth is caught by the cases above."""

    def test_one_that_forgives_a_false_signal(self, monkeypatch):
        monkeypatch.setattr(matching, "_tells", lambda signal, event, tolerance_ns: True)
        with pytest.raises(AssertionError):
            test_two_seconds_before_and_after_still_count_and_no_more(7.9, (0, 1, 0, 1))

    def test_one_that_forgets_the_zone(self, monkeypatch):
        real = matching.match

        def in_one_zone(events, signals, tolerance_ns=matching.TOLERANCE_NS):
            return real(
                [Happened(event.type, "a", event.begin_ns, event.end_ns) for event in events],
                [Told(signal.type, "a", signal.at_ns) for signal in signals],
                tolerance_ns,
            )

        monkeypatch.setitem(globals(), "match", in_one_zone)
        with pytest.raises(AssertionError):
            test_another_zone_or_another_type_tells_of_nothing()
