"""One camera: what is looked at, what never is, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csu.detection.camera_analysis import AnalysisSettings, CameraAnalysis
from csu.detection.errors import ForeignPicture, NotAttested, OutsideAssignment
from csu.detection.ground import GroundUnusable
from csu.detection.minute import NotLooked
from csu.detection.rules.zone import ZoneRefused
from csu.hal.analysis import (
    HEAT_COLUMNS,
    HEAT_ROWS,
    AnalysisAssignment,
    AnalysisZone,
    BinPlace,
    CountLine,
    EventType,
    ObjectClass,
    ZoneRule,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, YuvPlanes
from csu.hal.place import Pose, PoseReading
from csu.masking import Cover, mask
from tests.detection.street_builders import (
    CAMERA,
    HEIGHT,
    MODEL,
    WHOLE,
    WIDTH,
    FirstSeen,
    KnowingDetector,
    Noting,
    Street,
    ordered,
    tile,
)

HZ = 5
POSE = Pose(0.0, 0.0, 6.0, 10.0, -20.0, 0.0, 400.0)


class Untouchable:
    """Planes that fail whoever looks at them."""

    def __getattr__(self, name):
        raise AssertionError(f"a pixel was touched: {name}")


class Run:
    """An analysis whose pictures show a walker."""

    def __init__(self, assignment=None, *, counter=None, rule=None, **more):
        self.street, self.detector, self.rule = Street(), KnowingDetector(), rule or FirstSeen()
        self.counter, self.at_s = counter, 0.0
        self.looked = []
        self.analysis = CameraAnalysis(
            assignment or ordered(),
            self.detector,
            lambda *_: [self.rule],
            began_ns=0,
            counter=counter,
            **more,
        )

    def picture(self, *walkers):
        self.at_s = round(self.at_s + 1 / HZ, 6)
        return tile(self.street.luma(*walkers), self.at_s)

    def show(self, *walkers):
        self.detector.here = list(walkers)
        self.looked.append(self.analysis.step(self.picture(*walkers), round(self.at_s * NS_PER_S)))
        return self.looked[-1]

    def learn(self, pictures=25):
        for _ in range(pictures):
            self.show()
        return self

    def walk(self, steps, *, start=40, by=6, top=60):
        return [self.show((start + by * n, top, start + 20 + by * n, top + 60)) for n in range(steps)]

    @property
    def signals(self):
        return [signal for looked in self.looked for signal in looked.signals]


def test_a_still_street_asks_for_no_detector():
    run = Run().learn(60)
    assert run.detector.looks == 0
    assert not run.signals
    assert len(run.rule.seen) == 59, "all but the first, of which nothing can be told"


def test_a_walker_makes_a_signal_that_says_by_what_right():
    run = Run().learn()
    run.walk(12)
    signal = run.signals[0]
    assert (signal.camera, signal.type, signal.zone) == (CAMERA, EventType.RESTRICTED_ZONE, "zone")
    assert (signal.order, signal.model, signal.rule_version) == ("2026-1", MODEL, "restricted_zone/1")
    heat = np.frombuffer(signal.heat, np.uint8).reshape(HEAT_ROWS, HEAT_COLUMNS)
    rows, columns = np.nonzero(heat > 127)
    assert rows.min() >= 60 * HEAT_ROWS // HEIGHT - 1
    assert columns.max() <= 140 * HEAT_COLUMNS // WIDTH + 1
    assert heat.max() == 255


def test_the_detector_is_asked_at_its_rate_and_only_where_it_moves():
    run = Run(settings=AnalysisSettings(detector_hz=2.5, uncalibrated_hz=2.5)).learn()
    run.walk(20)
    assert 9 <= run.detector.looks <= 10, "every second picture of 20"
    assert [looked.detected for looked in run.looked[-4:]].count(True) == 2
    for left, top, right, bottom in run.detector.regions[-1]:
        assert 0 <= left < right <= WIDTH
        assert 0 <= top < bottom <= HEIGHT
        assert (right - left) * (bottom - top) < WIDTH * HEIGHT / 4


def test_what_stands_is_looked_at_now_and_then():
    run = Run().learn()
    for _ in range(100):
        run.show((100, 100, 130, 130))
    assert 8 <= run.detector.looks <= 16


def test_what_moves_where_nothing_is_asked_for_asks_for_nothing():
    corner = ((0.7, 0.7), (0.9, 0.7), (0.9, 0.9))
    assignment = replace(ordered(), rules=(ZoneRule(AnalysisZone("zone", corner), EventType.RESTRICTED_ZONE),))
    run = Run(assignment).learn()
    run.walk(15, by=2)
    assert run.detector.looks == 0


@pytest.mark.requirement("VSA-2")
def test_from_the_end_minute_on_no_pixel_is_touched_and_nothing_is_left():
    run = Run(ordered(until_s=10.0)).learn()
    run.walk(20)
    assert run.signals
    assert run.analysis.remembers
    looks, seen = run.detector.looks, len(run.rule.seen)
    for at_s in (10.0, 10.2, 3600.0):
        late = replace(tile(run.street.luma(), at_s), planes=Untouchable())
        assert run.analysis.step(late, round(at_s * NS_PER_S)).not_looked is NotLooked.ENDED
    assert not run.analysis.remembers
    assert (run.detector.looks, len(run.rule.seen)) == (looks, seen)


def test_a_picture_dated_before_the_end_is_refused_after_it():
    run = Run(ordered(until_s=10.0)).learn(5)
    early = replace(tile(run.street.luma(), 9.9), planes=Untouchable())
    assert run.analysis.step(early, 10 * NS_PER_S).not_looked is NotLooked.ENDED
    run = Run(ordered(until_s=10.0)).learn(5)
    assert run.analysis.step(replace(early, captured_at_ns=10 * NS_PER_S), 2).not_looked is NotLooked.ENDED


def test_it_ends_without_a_picture_too():
    run = Run(ordered(until_s=10.0)).learn(5)
    assert not run.analysis.end_if_over(10 * NS_PER_S - 1)
    assert run.analysis.remembers
    assert run.analysis.end_if_over(10 * NS_PER_S)
    assert not run.analysis.remembers


@pytest.mark.parametrize("nothing", [AnalysisAssignment(CAMERA), replace(ordered(), rules=())])
def test_without_anything_asked_for_nothing_is_looked_at(nothing):
    run = Run(nothing)
    assert run.analysis.step(replace(run.picture(), planes=Untouchable()), 0).not_looked is NotLooked.ENDED


def test_counting_goes_on_when_the_order_ends_and_the_rules_do_not():
    line = CountLine("door", (0.5, 1.0), (0.5, 0.0), frozenset({ObjectClass.PERSON}))
    assignment = replace(ordered(until_s=5.2), lines=(line,), counts_until_ns=100 * NS_PER_S)
    run = Run(assignment, counter=Noting()).learn(25)
    run.walk(30, by=6, start=10)
    assert max(run.rule.seen) < 5.2 * NS_PER_S
    assert [(name, kind, forward) for name, kind, forward, _ in run.counter.crossings] == [
        ("door", ObjectClass.PERSON, True)
    ]
    assert not run.signals


def test_nothing_is_counted_when_only_the_order_is_in_force():
    line = CountLine("door", (0.5, 1.0), (0.5, 0.0), frozenset({ObjectClass.PERSON}))
    place = BinPlace("bin", WHOLE)
    assignment = replace(ordered(), lines=(line,), bins=(place,), counts_until_ns=4 * NS_PER_S)
    run = Run(assignment, counter=Noting()).learn(25)
    told = len(run.counter.at_bins)
    assert told == 19
    run.walk(30, start=10)
    assert run.signals
    assert not run.counter.crossings
    assert len(run.counter.at_bins) == told


def test_someone_at_a_bin_is_said_picture_by_picture():
    place = BinPlace("bin", ((0.3, 0.4), (0.5, 0.4), (0.5, 0.8), (0.3, 0.8)))
    counting = AnalysisAssignment(CAMERA, bins=(place,), counts_until_ns=100 * NS_PER_S)
    run = Run(counting, counter=Noting()).learn()
    for _ in range(15):
        run.show((110, 60, 130, 120))
    assert run.counter.at_bins[0] == ("bin", False)
    assert run.counter.at_bins[-1] == ("bin", True)


def test_only_masked_pictures_come_in():
    run = Run()
    planes = run.picture().planes
    for clear in (ClearFrame(CAMERA, 1, CaptureTime(0, True), planes), planes, planes.y, None):
        with pytest.raises(ClearPictureRefused):
            run.analysis.step(clear, 0)
    assert not run.analysis.remembers


def masked(planes, at_ns, *, camera=CAMERA, epoch=1, share=0.0):
    cells = np.zeros((-(-HEIGHT // 16), -(-WIDTH // 16)), bool)
    cells[: round(len(cells) * share)] = True
    return mask(ClearFrame(camera, 1, CaptureTime(at_ns, True), planes), Cover(WIDTH, HEIGHT, cells), epoch, 1)


def test_a_masked_frame_is_looked_at_and_another_cameras_is_refused():
    run = Run()
    planes = run.picture().planes
    assert run.analysis.step(masked(planes, NS_PER_S), NS_PER_S).not_looked is None
    with pytest.raises(ForeignPicture):
        run.analysis.step(masked(planes, 2 * NS_PER_S, camera=CameraId("cam-0002")), 2 * NS_PER_S)


def test_a_new_version_of_the_mask_is_a_new_scene():
    run = Run()
    planes = run.picture().planes
    changed = [
        run.analysis.step(masked(planes, n * NS_PER_S, epoch=epoch), n * NS_PER_S).observed.motion.scene_changed
        for n, epoch in enumerate((1, 1, 2, 2), 1)
    ]
    assert changed == [True, False, True, False]


def test_a_wholly_masked_picture_is_not_looked_at():
    run = Run().learn(5)
    covered = replace(run.picture(), planes=Untouchable(), wholly_masked=True)
    assert run.analysis.step(covered, 0).not_looked is NotLooked.WHOLLY_MASKED
    assert not run.analysis.remembers
    frame = masked(run.picture().planes, 9 * NS_PER_S, share=1.0)
    assert run.analysis.step(frame, 0).not_looked is NotLooked.WHOLLY_MASKED


def test_a_picture_that_is_not_newer_is_not_looked_at_again():
    run = Run().learn(5)
    assert run.analysis.step(tile(run.street.luma(), run.at_s), 0).not_looked is NotLooked.OLD
    assert run.analysis.remembers


def reading(at_s=0.0, *, moving=False, **changed):
    return PoseReading(replace(POSE, **changed), round(at_s * NS_PER_S), moving)


@pytest.mark.parametrize(
    "told",
    [
        None,
        reading(pan_deg=12.0),
        reading(tilt_deg=-18.0),
        reading(focal_px=800.0),
        reading(moving=True),
        reading(pan_deg=float("nan")),
        reading(-5.0),
    ],
)
def test_a_camera_that_turned_away_is_not_looked_at(told):
    run = Run(ordered(pose=POSE, pose_width_px=WIDTH, follows_pose=True))
    run.analysis.turned(reading())
    run.learn(5)
    assert run.analysis.remembers
    run.analysis.turned(told)
    away = replace(run.picture(), planes=Untouchable())
    assert run.analysis.step(away, NS_PER_S).not_looked is NotLooked.TURNED_AWAY
    assert not run.analysis.remembers


def test_a_camera_that_came_back_begins_anew():
    run = Run(ordered(pose=POSE, pose_width_px=WIDTH, follows_pose=True))
    run.analysis.turned(reading())
    run.learn(5)
    run.analysis.turned(reading(pan_deg=50.0))
    run.show()
    run.analysis.turned(reading(pan_deg=370.2))
    assert run.show().observed.motion.scene_changed


def test_what_is_found_in_the_fill_of_the_mask_is_nothing():
    run = Run()
    hidden = np.zeros((12, 20), bool)
    hidden[:, 10:] = True
    run.analysis.hide(hidden)
    run.learn()
    for step in range(12):
        walker, phantom = (20 + 6 * step, 60, 40 + 6 * step, 120), (250, 60, 270, 120)
        run.detector.here = [walker, phantom]
        looked = run.analysis.step(run.picture(walker), round(run.at_s * NS_PER_S))
    assert len(looked.observed.tracks) == 1
    assert looked.observed.hidden is not None


def test_another_scene_forgets_tracks_and_rules():
    run = Run().learn()
    run.walk(10)
    resets = run.rule.resets
    run.street = Street(seed=7)
    looked = run.show()
    assert looked.observed.motion.scene_changed
    assert looked.observed.tracks == []
    assert run.rule.resets == resets + 1
    assert not looked.signals


def test_weights_that_the_order_does_not_name_are_refused():
    with pytest.raises(NotAttested):
        CameraAnalysis(replace(ordered(), model="b" * 64), KnowingDetector(), lambda *_: [], began_ns=0)


def test_a_pose_that_sees_no_ground_is_refused_before_the_first_picture():
    with pytest.raises(GroundUnusable):
        CameraAnalysis(ordered(pose=POSE, ground_m=50.0), KnowingDetector(), lambda *_: [], began_ns=0)


def test_a_bin_that_is_no_place_is_refused_before_the_first_picture():
    flat = BinPlace("bin", ((0.1, 0.1), (0.9, 0.1)))
    with pytest.raises(ZoneRefused):
        CameraAnalysis(AnalysisAssignment(CAMERA, bins=(flat,)), KnowingDetector(), lambda *_: [], began_ns=0)


@pytest.mark.parametrize("rule", [FirstSeen(type=EventType.CROWD_DENSITY), FirstSeen(zone="elsewhere")])
def test_a_rule_that_finds_what_nobody_asked_for_makes_no_signal(rule):
    run = Run(rule=rule).learn()
    with pytest.raises(OutsideAssignment):
        run.walk(12)


def test_a_detector_that_is_not_granted_is_told_as_unserved():
    asked = []
    run = Run(grant=lambda need: asked.append(need) is not None).learn()
    assert all(looked.unserved for looked in run.walk(5))
    assert run.detector.looks == 0
    assert asked[0].has_order
    assert asked[0].moving


def test_a_minute_says_what_was_looked_at():
    run = Run().learn(200)
    run.walk(20, by=4)
    run.learn(80)
    account = run.analysis.take_minute(0, 0.0)
    assert account.pictures_looked_at == 300
    assert account.pictures_detected == run.detector.looks > 5
    assert account.signals == len(run.signals) > 0
    assert account.unserved_s < 1.0
    assert run.analysis.take_minute(60 * NS_PER_S, 0.0).pictures_looked_at == 0


def test_a_minute_says_what_was_not():
    run = Run().learn(150)
    for _ in range(150):
        picture = replace(run.picture(), wholly_masked=True)
        run.analysis.step(picture, round(run.at_s * NS_PER_S))
    account = run.analysis.take_minute(0, 0.0)
    assert account.unserved_s == pytest.approx(30.0, abs=1.0)
    assert account.why_unserved.en == "wholly masked picture"
    silent = run.analysis.take_minute(60 * NS_PER_S, 0.0)
    assert (silent.unserved_s, silent.why_unserved.en) == (40.0, "no pictures"), "until 100 s"


def test_the_same_pictures_make_the_same_signals():
    def run():
        each = Run().learn()
        each.walk(20)
        return each.signals

    assert run() == run() != []


def test_a_picture_of_odd_size_is_looked_at():
    street = Street(width=336, height=208)
    analysis = CameraAnalysis(ordered(), KnowingDetector(), lambda *_: [], began_ns=0)
    for n in range(1, 30):
        luma = street.luma((20 + 6 * n, 60, 40 + 6 * n, 120))[:205, :333]
        grey = np.full((103, 167), 128, np.uint8)
        picture = replace(tile(street.luma(), n), planes=YuvPlanes(luma, grey, grey))
        assert analysis.step(picture, n * NS_PER_S).not_looked is None
