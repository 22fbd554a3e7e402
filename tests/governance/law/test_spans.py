"""Stretches of time against a set of instants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.governance import Span, SpanUnusable, overlap, without

SPANS = st.tuples(st.integers(0, 30), st.integers(1, 12)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))


def instants(spans) -> set[int]:
    return {at for span in spans for at in range(span.from_ns, span.to_ns)}


@given(span=SPANS, others=st.lists(SPANS, max_size=6))
def test_what_is_in_and_what_is_left_are_the_whole_and_share_nothing(span, others):
    inside, outside = overlap(span, others), without(span, others)
    assert instants(inside) == instants([span]) & instants(others)
    assert instants(outside) == instants([span]) - instants(others)


@given(span=SPANS, others=st.lists(SPANS, max_size=6))
def test_pieces_come_in_order_and_do_not_touch(span, others):
    for pieces in (overlap(span, others), without(span, others)):
        assert all(a.to_ns < b.from_ns for a, b in zip(pieces, pieces[1:], strict=False))


@pytest.mark.parametrize("end", [5, 4])
def test_an_interval_that_holds_nothing_is_refused(end):
    with pytest.raises(SpanUnusable):
        Span(5, end)
