"""What is not told as a loosening hides at least as much, judged by the covers the pictures really get."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csu.governance import MaskSet, digest_of, loosens
from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.place import Building, MapZone, PictureZone, Pose, PoseBounds, PoseReading, PtzDynamics, ZoneKind
from csu.masking import CoverPolicy

CAMERA = CameraId("cam-0042")
RECORD = CameraRecord(CAMERA, 42, "Place", CommuneId("metz"), ViewType.WIDE)
WIDTH, HEIGHT = 320, 192
NOW_NS = 10**18


def cover_of(mask_set: MaskSet, readings: tuple[PoseReading, ...] = ()):
    """The cells that a picture of this camera loses: bool. `readings`: around the instant NOW_NS."""
    assignment = Assignment(
        RECORD,
        StreamAddress("rtsp://127.0.0.1/1"),
        mask_set.pose,
        mask_set.follows_pose,
        mask_set.buildings,
        mask_set.mask_above_m,
        1,
        mask_set.pose_size_px,
        mask_set.bounds,
        mask_set.zones,
        mask_set.dynamics,
    )
    policy = CoverPolicy(assignment, WIDTH, HEIGHT)
    return policy.cover(CaptureTime(NOW_NS, from_camera=True), NOW_NS + NS_PER_S, readings).cells


def box(x_m: float, y_m: float, width_m: float) -> tuple[tuple[float, float], ...]:
    return ((x_m, y_m), (x_m + width_m, y_m), (x_m + width_m, y_m + width_m), (x_m, y_m + width_m))


far = st.sampled_from([-40.0, -15.0, 0.0, 15.0, 40.0])
buildings = st.builds(
    lambda name, x, y, width, ground, height, dwelling: Building(name, box(x, y, width), ground, height, dwelling),
    st.sampled_from("abcdef"),
    far,
    st.sampled_from([8.0, 20.0, 60.0]),
    st.sampled_from([4.0, 12.0]),
    st.sampled_from([-1.0, 0.0, 2.0]),
    st.sampled_from([2.0, 6.0, 20.0, None]),
    st.sampled_from([True, False, None]),
)
poses = st.builds(
    lambda z, pan, tilt, focal: Pose(0.0, 0.0, z, pan, tilt, 0.0, focal),
    st.sampled_from([3.0, 8.0, 25.0]),
    st.sampled_from([-20.0, 0.0, 45.0]),
    st.sampled_from([-30.0, -5.0, 10.0]),
    st.sampled_from([200.0, 400.0]),
)
map_zones = st.builds(
    lambda name, kind, x, y, high: MapZone(name, kind, box(x, y, 2.0), 0.0, high),
    st.sampled_from("xyz"),
    st.sampled_from(list(ZoneKind)),
    far,
    st.sampled_from([6.0, 19.0]),
    st.sampled_from([2.2, 6.0]),
)
drawn_zones = st.builds(
    lambda kind, pose, x: PictureZone("drawn", kind, ((x, 0.2), (x + 0.2, 0.2), (x + 0.2, 0.6)), pose, (WIDTH, HEIGHT)),
    st.sampled_from(list(ZoneKind)),
    poses,
    st.sampled_from([0.1, 0.6]),
)
zones = st.one_of(map_zones, drawn_zones)
bounds = st.builds(
    PoseBounds,
    st.sampled_from([0.2, 0.5, 2.0]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([0.0, 0.05]),
    st.sampled_from([0.0, 0.02]),
)
sets = st.builds(
    lambda pose, size, bound, built, drawn, above: MaskSet(
        CAMERA, pose, False, size, bound, None, tuple(built), tuple(drawn), above
    ),
    st.integers(0, 9).flatmap(lambda i: poses if i else st.none()),
    st.sampled_from([None, (WIDTH, HEIGHT), (WIDTH, HEIGHT), (2 * WIDTH, 2 * HEIGHT), (WIDTH, WIDTH)]),
    bounds,
    st.lists(buildings, max_size=4),
    st.lists(zones, max_size=3),
    st.sampled_from([0.0, 2.5, 4.0]),
)


def changed(draw: st.DrawFn, old: MaskSet) -> MaskSet:
    """`old` with up to three changes, most of them small: what people do to a set, in both directions."""
    new = old
    for _ in range(draw(st.integers(1, 3))):
        what = draw(
            st.sampled_from(["building", "zone", "drop", "drop zone", "bounds", "above", "use", "height", "other"])
        )
        if what == "building":
            new = replace(new, buildings=(*new.buildings, draw(buildings)))
        elif what == "zone":
            new = replace(new, zones=(draw(zones), *new.zones))
        elif what == "drop" and new.buildings:
            new = replace(new, buildings=new.buildings[1:])
        elif what == "drop zone" and new.zones:
            new = replace(new, zones=new.zones[:-1])
        elif what == "bounds":
            new = replace(new, bounds=draw(bounds))
        elif what == "above":
            new = replace(new, mask_above_m=draw(st.sampled_from([0.0, 2.5, 8.0])))
        elif what == "use" and new.buildings:
            first = replace(new.buildings[0], dwelling=draw(st.sampled_from([True, None, False])))
            new = replace(new, buildings=(first, *new.buildings[1:]))
        elif what == "height" and new.buildings:
            first = replace(new.buildings[0], height_m=draw(st.sampled_from([2.0, 6.0, 20.0, None])))
            new = replace(new, buildings=(first, *new.buildings[1:]))
        elif what == "other":
            other = draw(sets)
            name = draw(st.sampled_from(["pose", "pose_size_px", "buildings", "zones"]))
            new = replace(new, **{name: getattr(other, name)})
    return new


pairs = st.composite(lambda draw: ((old := draw(sets)), changed(draw, old)))()


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs)
def test_a_set_that_is_said_to_loosen_nothing_covers_all_that_was_covered(pair):
    assert not shows(pair)


mounts = st.sampled_from([None, PtzDynamics(100.0, 80.0, 1.0), PtzDynamics(30.0, 20.0, 0.5)])


@st.composite
def turns(draw: st.DrawFn) -> tuple[PoseReading, ...]:
    """What a mount says of itself around NOW_NS: at rest, or turning by some degrees in 200 ms."""
    pose, turned_deg = draw(poses), draw(st.sampled_from([0.0, 0.0, 2.0, 12.0]))
    after = replace(pose, pan_deg=pose.pan_deg + turned_deg)
    moving = turned_deg > 0
    span_ns = NS_PER_S // 10
    return PoseReading(pose, NOW_NS - span_ns, moving), PoseReading(after, NOW_NS + span_ns, moving)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(pairs, mounts, mounts, turns())
def test_a_camera_that_turns_is_covered_by_a_set_that_loosens_nothing_wherever_it_turns(pair, mount, other, readings):
    old, new = (replace(each, pose=None, follows_pose=True) for each in pair)
    old, new = replace(old, dynamics=mount), replace(new, dynamics=other)
    if not loosens(old, new):
        assert not (cover_of(old, readings) & ~cover_of(new, readings)).any()


def shows(pair: tuple[MaskSet, MaskSet]) -> int:
    """How many cells the new set shows and the old one hid, although it is said to loosen nothing."""
    old, new = pair
    return 0 if loosens(old, new) else int(np.count_nonzero(cover_of(old) & ~cover_of(new)))


@given(sets)
@settings(max_examples=25, deadline=None)
def test_a_set_loosens_nothing_of_itself(mask_set):
    assert loosens(mask_set, mask_set) == ()
    assert loosens(mask_set, replace(mask_set, buildings=tuple(reversed(mask_set.buildings)))) == ()


FAST = PtzDynamics(100.0, 80.0, 1.0)
LOOSENINGS = {
    "another camera": lambda s: replace(s, camera=CameraId("cam-0001")),
    "another pose": lambda s: replace(s, pose=replace(s.pose, pan_deg=1.0)),
    "another lens": lambda s: replace(s, pose=replace(s.pose, k1=-0.1)),
    "another picture size": lambda s: replace(s, pose_size_px=None),
    "narrower bounds": lambda s: replace(s, bounds=PoseBounds(0.1)),
    "bounds that are no number": lambda s: replace(s, bounds=PoseBounds(float("nan"))),
    "no position margin": lambda s: replace(s, bounds=replace(s.bounds, position_m=-1.0)),
    "follows poses": lambda s: replace(s, follows_pose=True),
    "speeds of a mount": lambda s: replace(s, dynamics=FAST),
    "a house less": lambda s: replace(s, buildings=s.buildings[1:]),
    "no house": lambda s: replace(s, buildings=()),
    "no dwelling": lambda s: replace(s, buildings=(replace(s.buildings[0], dwelling=False), s.buildings[1])),
    "a lower house": lambda s: replace(s, buildings=(replace(s.buildings[0], height_m=8.0), s.buildings[1])),
    "a known height": lambda s: replace(s, buildings=(s.buildings[0], replace(s.buildings[1], height_m=900.0))),
    "higher ground": lambda s: replace(s, buildings=(replace(s.buildings[0], ground_m=1.0), s.buildings[1])),
    "a smaller house": lambda s: replace(
        s, buildings=(replace(s.buildings[0], footprint_m=s.buildings[0].footprint_m[:3]), s.buildings[1])
    ),
    "no zone": lambda s: replace(s, zones=()),
    "a lower zone": lambda s: replace(s, zones=(replace(s.zones[0], high_m=2.0),)),
    "another kind of zone": lambda s: replace(s, zones=(replace(s.zones[0], kind=ZoneKind.DWELLING_INTERIOR),)),
    "a higher edge": lambda s: replace(s, mask_above_m=2.6),
    "an edge that is no number": lambda s: replace(s, mask_above_m=float("nan")),
}


@pytest.mark.parametrize("name", LOOSENINGS)
def test_each_way_of_showing_more_is_told(mask_set, name):
    reasons = loosens(mask_set, LOOSENINGS[name](mask_set))
    assert len(reasons) == 1
    assert reasons[0].fr != reasons[0].en


TIGHTENINGS = {
    "the whole picture": lambda s: replace(s, pose=None, buildings=(), zones=()),
    "wider bounds": lambda s: replace(s, bounds=PoseBounds(0.5, 0.1, 0.01, 0.01)),
    "a lower edge": lambda s: replace(s, mask_above_m=2.0),
    "unknown use": lambda s: replace(s, buildings=(replace(s.buildings[0], dwelling=None), s.buildings[1])),
    "another name": lambda s: replace(s, buildings=(replace(s.buildings[0], building="z"), s.buildings[1])),
}


@pytest.mark.parametrize("name", TIGHTENINGS)
def test_hiding_more_is_no_loosening(mask_set, name):
    assert loosens(mask_set, TIGHTENINGS[name](mask_set)) == ()


def test_a_camera_whose_whole_picture_was_hidden_is_loosened_by_anything_that_shows(mask_set):
    blind = replace(mask_set, pose=None)
    assert loosens(blind, mask_set)
    assert loosens(blind, replace(blind, follows_pose=True))
    assert loosens(blind, replace(blind, zones=())) == ()


def test_a_taller_house_in_the_place_of_a_lower_one_is_for_two_to_judge(mask_set, make_house):
    """From a mast above the old roof one looks through the taller shape; beside the old one it only adds."""
    taller = make_house("a", -12.0, height_m=30.0)
    assert loosens(mask_set, replace(mask_set, buildings=(taller, mask_set.buildings[1])))
    assert loosens(mask_set, replace(mask_set, buildings=(taller, *mask_set.buildings))) == ()


def test_no_part_of_a_set_is_outside_its_digest(mask_set):
    digests = [digest_of(mask_set)]
    digests += [digest_of(change(mask_set)) for name, change in LOOSENINGS.items() if "no number" not in name]
    digests += [digest_of(change(mask_set)) for change in TIGHTENINGS.values()]
    assert len(set(digests)) == len(digests)


def test_equal_sets_have_equal_digests(mask_set):
    same = replace(mask_set, mask_above_m=2.5, buildings=tuple(replace(b) for b in mask_set.buildings))
    pose = mask_set.pose
    assert digest_of(same) == digest_of(replace(same, pose=replace(pose, x_m=-0.0, roll_deg=0)))
