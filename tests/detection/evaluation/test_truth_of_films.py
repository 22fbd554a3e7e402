"""Reading MOT truth, and who truly crossed a line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.detection.evaluation.counting import Counted
from csu.detection.evaluation.mot_truth import mot_truth, read_mot_truth
from csu.detection.evaluation.true_crossings import TrueCrossings
from csu.hal.analysis import CountLine, ObjectClass
from csu.hal.errors import BadInput

CAR = ObjectClass.CAR
UP = CountLine("a", (0.5, 1.0), (0.5, 0.0), frozenset({CAR}))
"""From the bottom of the picture to its top: its right is the picture's right."""


def rows(*lines: str) -> list[list[str]]:
    return [line.split(",") for line in lines]


def test_boxes_classes_and_places_that_are_not_judged():
    pictures = mot_truth(
        rows("1,7,10,20,30,40,1,1,0.9", "1,8,0,0,5,5,1,3,1", "1,9,0,0,9,9,0,1,1", "2,7,11,20,30,40,1,12,1"), "t"
    )
    kind, box = pictures[0].objects[7]
    assert kind is ObjectClass.PERSON
    assert box.tolist() == [10, 20, 40, 60]
    assert pictures[0].objects[8][0] is CAR
    assert (len(pictures[0].not_judged), len(pictures[1].not_judged), len(pictures[1].objects)) == (1, 1, 0)


def test_ten_columns_are_persons_with_a_place_and_no_class():
    assert mot_truth(rows("1,7,10,20,30,40,1,-3.5,3,4"), "t")[0].objects[7][0] is ObjectClass.PERSON


@pytest.mark.parametrize(
    "line", ["1,2,3", "a,1,2,3,4,5", "0,1,2,3,4,5,1,1,1", "1,1,nan,3,4,5,1,1,1", "1,1,2,3,4,5,1,12,1"]
)
def test_what_cannot_be_judged_by_is_refused_with_its_line(line):
    with pytest.raises(BadInput, match=r"^t"):
        mot_truth(rows(line), "t")


def test_an_object_twice_in_a_picture_is_refused():
    with pytest.raises(BadInput, match="twice"):
        mot_truth(rows("1,7,1,1,5,5,1,1,1", "1,7,2,2,5,5,1,1,1"), "t")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BadInput):
        read_mot_truth(tmp_path / "none.txt")


def crossed(*points: tuple[float, float], line: CountLine = UP) -> list[int]:
    """[forward, backward] of one car whose foot goes there, in a picture of 100 x 100."""
    crossings = TrueCrossings(line, 100, 100)
    for x, y in points:
        crossings.see(1, CAR, np.array([x - 2.0, y - 4.0, x + 2.0, y]))
    return [crossings.counted[Counted(line.line, CAR, way)] for way in (True, False)]


def test_left_to_right_is_forward_and_back_is_backward():
    assert crossed((20, 50), (45, 50), (55, 50), (80, 50)) == [1, 0]
    assert crossed((80, 50), (20, 50)) == [0, 1]
    assert crossed((20, 50), (80, 50), (20, 50)) == [1, 1]


def test_who_stops_on_the_line_has_not_passed_and_who_goes_on_passes_once():
    assert crossed((20, 50), (49.8, 50), (50.2, 50), (49.7, 50), (20, 50)) == [0, 0]
    assert crossed((20, 50), (49.8, 50), (50.2, 50), (49.8, 50), (50.3, 50), (80, 50)) == [1, 0]


def test_who_goes_round_its_end_has_not_passed():
    short = CountLine("a", (0.5, 1.0), (0.5, 0.6), frozenset({CAR}))
    assert crossed((20, 80), (20, 30), (80, 30), (80, 80), line=short) == [0, 0]
    assert crossed((20, 80), (80, 80), line=short) == [1, 0]


@given(st.lists(st.tuples(st.floats(1, 99), st.floats(1, 99)), min_size=2, max_size=12))
def test_forward_and_backward_take_turns(points):
    forward, backward = crossed(*points)
    assert abs(forward - backward) <= 1


def test_a_class_that_the_line_does_not_count_is_not_counted():
    crossings = TrueCrossings(UP, 100, 100)
    for x in (20.0, 80.0):
        crossings.see(1, ObjectClass.PERSON, np.array([x, 46.0, x, 50.0]))
    assert not crossings.counted
