"""Rules are asked once a camera and week, are the same cut anywhere, and tell what differs when they change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from csu.governance import RetentionRule, RuledPiece, Span
from csu.governance.spans import overlap
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY
from csu.recording.known_rules import WEEK_NS, KnownRules

CAMERA, OTHER = CameraId("cam-0012"), CameraId("cam-0013")
BEGIN_NS = 100 * WEEK_NS
OLD, NEW = RetentionRule("57-101", 30), RetentionRule("57-102", 15)


class Orders:
    """One camera under an old order, then a new one; counts how often it is asked."""

    def __init__(self, from_ns: int) -> None:
        self.new_from_ns, self.asked = from_ns, 0

    def __call__(self, camera, span):
        self.asked += 1
        at_ns = self.new_from_ns if camera == CAMERA else 2**62
        sides = ((Span(0, at_ns), OLD), (Span(at_ns, 2**63 - 1), NEW))
        return tuple(RuledPiece(part, rule) for side, rule in sides for part in overlap(side, [span]))


@given(st.integers(0, 40 * 24), st.integers(0, 40 * 24), st.integers(1, 40 * 24))
def test_what_is_known_is_what_is_asked(changes_h, from_h, hours):
    orders = Orders(BEGIN_NS + changes_h * NS_PER_DAY // 24)
    span = Span(BEGIN_NS + from_h * NS_PER_DAY // 24, BEGIN_NS + (from_h + hours) * NS_PER_DAY // 24)
    known = KnownRules(orders)
    assert known(CAMERA, span) == orders(CAMERA, span) == known(CAMERA, span)


def test_a_minute_does_not_ask_what_the_last_one_asked():
    orders = Orders(2**61)
    known = KnownRules(orders)
    for minute in range(500):
        known(CAMERA, Span(BEGIN_NS + minute * 10**9, BEGIN_NS + minute * 10**9 + 1))
    assert orders.asked == 1


def test_a_change_tells_where_another_rule_governs_now_and_nothing_else():
    orders = Orders(2**61)
    known = KnownRules(orders)
    for camera in (CAMERA, OTHER):
        known(camera, Span(BEGIN_NS, BEGIN_NS + 3 * WEEK_NS))
    assert known.refresh() == ()
    orders.new_from_ns = BEGIN_NS + 10 * NS_PER_DAY
    assert known.refresh() == (Span(BEGIN_NS + 10 * NS_PER_DAY, BEGIN_NS + 3 * WEEK_NS),)
    assert known(CAMERA, Span(BEGIN_NS + 2 * WEEK_NS, BEGIN_NS + 3 * WEEK_NS))[0].rule == NEW
    assert known.refresh() == ()
