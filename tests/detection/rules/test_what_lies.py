"""Abandoned object, person down, start of fire: what is told, and whom nobody takes for a parcel."""

from __future__ import annotations

import numpy as np
import pytest

from csu.hal.analysis import EventType
from csu.hal.frames import YuvPlanes
from tests.detection.rules.street import (
    GREY,
    HEIGHT,
    WIDTH,
    blob,
    car,
    grey,
    person,
    rule,
    seconds_of,
    seen,
    times,
    told,
)

PLACE_M = 16.0, 9.0
BAG = blob(*PLACE_M, 0.6, 0.5)
QUICK = {"age_s": 10.0, "owner_away_s": 5.0}
PUT_S = 2.0


def street(*things, texture=0):
    """Luma of the street with dark boxes on it."""
    luma = np.full((HEIGHT, WIDTH), GREY, np.uint8)
    for left, top, right, bottom in things:
        luma[round(top) : round(bottom), round(left) : round(right)] = 40
    return grey(luma)


WITHOUT, WITH = street(), street(BAG)


def empty():
    return [seen(at_s, planes=WITHOUT) for at_s in times(2.0, -2.0)]


def put_down(*, seconds=24.0, leaves_at_s=PUT_S + 1, speed_m_s=1.5, thing=BAG, then=None, planes=WITH, until_s=1e9):
    """An empty street for 2 s; somebody comes at 0, puts a thing down at PUT_S, and goes to the right; `then` gives
    what else is there."""
    pictures = empty()
    for at_s in times(seconds):
        x_m = PLACE_M[0] + speed_m_s * max(at_s - leaves_at_s, 0.0)
        owner = [person(1, x_m, PLACE_M[1] + 0.2)] if x_m < 31 else []
        there = PUT_S <= at_s < until_s
        still = [thing] if there else []
        tracks, more = then(at_s) if then else ((), ())
        pictures.append(seen(at_s, [*owner, *tracks], still=[*still, *more], planes=planes if there else WITHOUT))
    return pictures


MIDDLE = ((0.3, 0.25), (0.7, 0.25), (0.7, 0.75), (0.3, 0.75))


def bags(corners=MIDDLE, **parameters):
    return rule(EventType.ABANDONED_OBJECT, corners=corners, **QUICK | parameters)


def test_a_bag_whose_owner_has_gone_is_told_once():
    [found] = told(bags(), put_down())
    assert seconds_of([found]) == [pytest.approx(12.0, abs=0.21)]  # put down at 2 s, age 10 s; owner far since 5 s
    assert found.since_ns == seen(PUT_S).at_ns
    assert found.boxes[0].left == pytest.approx(BAG[0] / WIDTH, abs=3 / WIDTH)


def test_its_age_and_the_owners_absence_both_count():
    assert seconds_of(told(bags(age_s=20.0), put_down())) == [pytest.approx(22.0, abs=0.21)]
    late = put_down(leaves_at_s=15.0, seconds=40.0)  # farther than 3 m at 17.0
    assert seconds_of(told(bags(), late)) == [pytest.approx(22.0, abs=0.5)]
    assert told(bags(age_s=60.0), put_down()) == []


def test_an_owner_who_stays_near_is_no_owner_who_left():
    assert told(bags(), put_down(speed_m_s=0.0)) == []
    near = put_down(then=lambda at_s: ([person(2, PLACE_M[0] - 2.0, PLACE_M[1])], ()))
    assert told(bags(), near) == []
    assert len(told(bags(owner_distance_m=1.5), near)) == 1


def test_somebody_who_stands_still_beside_it_unseen_by_the_detector_is_near():
    standing = blob(PLACE_M[0] - 1.5, PLACE_M[1], 0.6, 1.7)
    both = street(BAG, standing)
    assert told(bags(), put_down(then=lambda at_s: ((), [standing]), planes=both)) == []


def test_a_bag_that_was_taken_again_in_time_is_not_told():
    assert told(bags(), put_down(until_s=11.0)) == []


def test_what_was_taken_away_is_no_bag():
    """A bin that always stood there: the gate tells a still blob where it was."""
    pictures = [seen(at_s, planes=WITH) for at_s in times(4.0)]
    pictures += [seen(at_s, still=[BAG], planes=WITHOUT) for at_s in times(30.0, 4.0)]
    assert told(bags(), pictures) == []


@pytest.mark.parametrize(("wide_m", "high_m", "number"), [(0.05, 0.12, 0), (0.3, 0.3, 1), (0.9, 1.1, 1), (2.4, 1.5, 0)])
def test_only_what_is_of_a_things_size_is_told(wide_m, high_m, number):
    thing = blob(*PLACE_M, wide_m, high_m)
    assert len(told(bags(), put_down(thing=thing, planes=street(thing)))) == number


def lies_down(thing, *, stirs_s=()):
    """Somebody comes and is not seen any more; something lies there."""
    pictures = empty()
    pictures += [seen(at_s, [person(1, PLACE_M[0], PLACE_M[1])], planes=WITHOUT) for at_s in times(PUT_S)]
    for at_s in times(24.0, PUT_S):
        moving = [blob(*PLACE_M, 0.3, 0.3)] if round(at_s) in stirs_s else []
        pictures.append(seen(at_s, still=[thing], moving=moving, planes=street(thing)))
    return pictures


def test_somebody_who_lies_on_the_ground_is_not_taken_for_a_parcel():
    assert told(bags(), lies_down(blob(*PLACE_M, 1.7, 0.5))) == []


def test_nor_is_somebody_who_sits_there():
    assert told(bags(), lies_down(blob(*PLACE_M, 0.8, 0.9))) == []


def test_nor_is_what_stirs_by_itself():
    def stirring(seconds):
        pictures = put_down(seconds=40.0)
        small = blob(*PLACE_M, 0.3, 0.3)
        return [
            seen(each_s, each.tracks, still=[BAG], moving=[small], planes=WITH) if round(each_s, 1) in seconds else each
            for each_s, each in zip(times(42.0, -2.0), pictures, strict=True)
        ]

    assert told(bags(), stirring({6.0, 7.0, 9.0})) == []
    assert len(told(bags(), stirring({6.0, 7.0}))) == 1


def test_a_parked_car_is_none_and_its_parts_are_none():
    whole = blob(*PLACE_M, 4.2, 1.5)
    wheel = blob(PLACE_M[0] - 1.2, PLACE_M[1], 0.6, 0.6)
    pictures = empty()
    pictures += [seen(at_s, [car(1, *PLACE_M)], planes=WITHOUT) for at_s in times(PUT_S)]
    pictures += [seen(at_s, still=[whole], planes=street(whole)) for at_s in times(10.0, PUT_S)]
    pictures += [seen(at_s, still=[wheel], planes=street(whole)) for at_s in times(20.0, PUT_S + 10)]
    assert told(bags(), pictures) == []


def test_a_bag_outside_the_zone_is_not_told():
    left = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))
    assert told(bags(corners=left), put_down()) == []


def test_a_bag_that_the_gate_takes_for_a_part_of_the_street_is_still_there():
    pictures = [
        seen(each_s, each.tracks, still=each.motion.still if each_s < 8 else (), planes=each.planes)
        for each_s, each in zip(times(26.0, -2.0), put_down(), strict=True)
    ]
    assert len(told(bags(), pictures)) == 1


def test_a_second_bag_after_the_first_was_taken_is_told_again():
    first = put_down(until_s=20.0, seconds=40.0)
    again = [
        seen(42.0 + each_s, each.tracks, still=each.motion.still, planes=each.planes)
        for each_s, each in zip(times(26.0, -2.0), put_down(), strict=True)
    ]
    assert len(told(bags(), [*first, *again])) == 2


# -- somebody on the ground --------------------------------------------------------------------------------------------

LYING = blob(*PLACE_M, 1.6, 0.5)


def falls(*, upright_s=3.0, seconds=6.0, lying=LYING, gap_s=0.4, around=(), then=()):
    """Walks, then is not detected any more; after `gap_s` something lies there."""
    before = street(*around)
    pictures = [seen(at_s, still=around, planes=before) for at_s in times(1.0, -1.0)]
    pictures += [seen(at_s, [person(1, *PLACE_M)], still=around, planes=before) for at_s in times(upright_s)]
    there = street(lying, *around)
    for at_s in times(seconds, upright_s):
        is_down = at_s >= upright_s + gap_s
        pictures.append(seen(at_s, then, still=[*[lying] * is_down, *around], planes=there if is_down else before))
    return pictures


def test_somebody_who_falls_and_stays_down_is_told():
    found = told(rule(EventType.PERSON_DOWN), falls())
    assert seconds_of(found) == [pytest.approx(4.8, abs=0.21)]  # vanishes at 2.8, lies from 3.4, for 1.5 s
    assert found[0].boxes[0].left == pytest.approx(LYING[0] / WIDTH, abs=3 / WIDTH)


def test_somebody_whose_own_box_flattens_is_told():
    pictures = [seen(at_s) for at_s in times(1.0, -1.0)]
    pictures += [seen(at_s, [person(1, *PLACE_M)]) for at_s in times(3.0)]
    pictures += [seen(at_s, [person(1, *PLACE_M, box=LYING)], planes=street(LYING)) for at_s in times(4.0, 3.0)]
    assert len(told(rule(EventType.PERSON_DOWN), pictures)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"upright_s": 0.8},  # nobody stood there for long enough
        {"seconds": 1.6},  # up again, or gone, too soon
        {"gap_s": 3.4},  # something that came later
        {"lying": blob(PLACE_M[0] + 3.0, PLACE_M[1], 1.6, 0.5)},  # farther than a body
        {"lying": blob(*PLACE_M, 0.5, 0.4)},  # a bag
        {"lying": blob(*PLACE_M, 1.3, 1.4)},  # higher than somebody who lies
        {"lying": blob(*PLACE_M, 4.0, 1.2)},  # a car
        {"around": (LYING,)},  # it lay there before
        {"then": (person(2, PLACE_M[0] + 0.3, PLACE_M[1], since_s=3.0),)},  # the same person under another number
    ],
)
def test_what_is_no_fall_is_not_told(change):
    assert told(rule(EventType.PERSON_DOWN), falls(**change)) == []


def test_somebody_who_helps_does_not_hide_the_fall():
    helper = person(2, PLACE_M[0] + 1.0, PLACE_M[1], since_s=-20.0)
    assert len(told(rule(EventType.PERSON_DOWN), falls(then=(helper,)))) == 1


def test_somebody_who_stood_still_between_two_looks_of_the_detector_stood():
    pictures = [seen(at_s) for at_s in times(1.0, -1.0)]
    pictures += [
        seen(at_s, [person(1, *PLACE_M, seen=step % 10 == 0)], detected=step % 10 == 0)
        for step, at_s in enumerate(times(6.2))
    ]
    pictures += [seen(at_s, still=[LYING], planes=street(LYING)) for at_s in times(5.0, 6.2)]
    assert len(told(rule(EventType.PERSON_DOWN), pictures)) == 1


def test_a_fall_is_told_once_and_again_after_he_got_up():
    of = rule(EventType.PERSON_DOWN)
    assert len(told(of, falls(seconds=20.0))) == 1
    up = [seen(at_s, [person(5, *PLACE_M, since_s=23.0)]) for at_s in times(8.0, 23.0)]
    down = [seen(at_s, still=[LYING], planes=street(LYING)) for at_s in times(6.0, 31.0)]
    assert len(told(of, [*up, *down])) == 1


def test_the_ghost_that_the_gate_sees_where_nothing_is_is_not_told():
    ghosts = [
        seen(at_s, each.tracks, still=each.motion.still) for at_s, each in zip(times(10, -1), falls(), strict=True)
    ]
    assert told(rule(EventType.PERSON_DOWN), ghosts) == []


def test_who_falls_outside_the_zone_is_not_told():
    left = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))
    assert told(rule(EventType.PERSON_DOWN, corners=left), falls()) == []


# -- a start of fire ---------------------------------------------------------------------------------------------------


def flame(at_s, *, grows=True, flickers_hz=3.0, x_px=300, colour=(70, 190), lights=190):
    luma = np.full((HEIGHT, WIDTH), GREY, np.uint8)
    u, v = (np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8) for _ in range(2))
    side = round(20 + (6 * at_s if grows else 0))
    x, y = round(x_px), 180
    luma[y : y + side, x : x + side] = round(lights * (1 + 0.12 * np.sin(2 * np.pi * flickers_hz * at_s + 0.3)))
    half = slice(y // 2, (y + side) // 2), slice(x // 2, (x + side) // 2)
    u[half], v[half] = colour
    return YuvPlanes(luma, u, v)


def burns(seconds=5.0, rate=15, tracks=(), **more):
    steps = range(round(seconds * rate))
    return [seen(step / rate, tracks, planes=flame(step / rate, **more)) for step in steps]


def fires():
    return rule(EventType.FIRE_START, measuring=[EventType.FIRE_START])


def test_what_grows_and_flickers_in_a_flames_colour_is_told():
    assert len(told(fires(), burns())) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"grows": False},  # a neon sign
        {"flickers_hz": 0.0},  # a lamp
        {"flickers_hz": 0.5},  # a beacon
        {"colour": (128, 128)},  # white light
        {"lights": 100},  # dark red paint
        {"seconds": 2.0},
        {"tracks": (car(1, 15.5, 10.5),)},  # a vehicle's
    ],
)
def test_what_lacks_one_of_them_is_not(change):
    assert told(fires(), burns(**change)) == []


def test_headlights_that_pass_are_not():
    pictures = [seen(step / 15, planes=flame(step / 15, x_px=100 + step * 4)) for step in range(75)]
    assert told(fires(), pictures) == []


def test_five_pictures_a_second_cannot_tell_a_flicker():
    assert told(fires(), burns(rate=5, flickers_hz=5.0)) == []
