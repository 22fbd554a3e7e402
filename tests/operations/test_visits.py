"""Visitors of the room: accompanied, told of, erased in time (ACC-6)."""

from __future__ import annotations

import pytest

from csu.operations.visits import KEPT_NS, Visit, VisitPurpose, VisitRefused

VISIT = Visit("Jean Petit", "Lorraine Réseaux", VisitPurpose.MAINTENANCE, "anne", 100, "l.weber")


@pytest.mark.parametrize("bad", [("", "x", "anne"), ("Jean", " ", "anne"), ("Jean", "x", ""), ("AB-123-CD", "x", "a")])
def test_a_visitor_has_a_name_comes_from_somewhere_and_is_never_alone(bad) -> None:
    name, of, beside = bad
    with pytest.raises(VisitRefused):
        Visit(name, of, VisitPurpose.CONTROL, beside, 100, "l.weber")


def test_who_left_has_left_and_is_erased_a_year_later() -> None:
    gone = VISIT.left(300)
    assert (VISIT.is_inside, gone.is_inside, gone.left_at_ns) == (True, False, 300)
    with pytest.raises(VisitRefused):
        gone.left(400)
    assert not gone.is_to_be_erased(300 + KEPT_NS - 1)
    assert gone.is_to_be_erased(300 + KEPT_NS)
    assert VISIT.is_to_be_erased(100 + KEPT_NS)
