"""The real chain over rendered clips, and planted defects that it must tell."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from csu.detection.evaluation import evaluate as evaluation
from csu.detection.evaluation.budgets import BUDGETS, missed
from csu.detection.evaluation.chain import Chain
from csu.detection.evaluation.choice import Suite, clips_of
from csu.detection.evaluation.counting import Counted, CountScore
from csu.detection.evaluation.evidence import EACH_MAX, Album, Picture, Verdict
from csu.detection.evaluation.matching import Score
from csu.detection.evaluation.measured import Step, height_band
from csu.detection.models import default_detector
from csu.detection.observed import CLASSES, Detections
from csu.detection.rules.restricted_zone import RestrictedZone
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.errors import BadInput
from csu.machine import cpu_ns

RESTRICTED = EventType.RESTRICTED_ZONE


class Knows:
    """A detector that is told what is there: what is measured is the rest of the chain."""

    sha256 = "known"

    def __init__(self) -> None:
        self.objects = ()

    def detect(self, bgr, regions):
        people = [each.box for each in self.objects if each.kind is ObjectClass.PERSON]
        boxes = np.array(people, np.float32).reshape(-1, 4)
        ones = np.ones(len(boxes), np.float32)
        return Detections(boxes, ones * 0.9, np.full(len(boxes), CLASSES.index(ObjectClass.PERSON), np.int64))


def clip_with(kind: EventType, *, positive: bool, seconds: float = 60.0):
    clip = next(clip for clip in clips_of(Suite.SMOKE, types={kind}) if clip.is_positive is positive)
    return replace(clip, seconds=min(seconds, clip.seconds))


def measure(*clips, detector=None, every: int = 2):
    """Each second picture only: a default suite has seconds."""
    knows = detector or Knows()

    class Shown:
        def __init__(self, clip):
            self._clip = clip

        def __getattr__(self, name):
            return getattr(self._clip, name)

        def render(self):
            for shot in itertools.islice(self._clip.render(), 0, None, every):
                knows.objects = shot.objects
                yield shot

    return evaluation.evaluate([Shown(clip) for clip in clips], knows, cpu_ns)


@pytest.fixture(scope="module")
def restricted():
    clip = clip_with(RESTRICTED, positive=True, seconds=11.0)
    return clip, measure(clip)


def test_who_goes_into_the_zone_is_found_and_shown(restricted):
    clip, measured = restricted
    score = measured.types[RESTRICTED]
    assert (score.hits, score.missed, score.false) == (1, 0, 0)
    assert 0 < score.delay_s(0.5) < 3
    assert score.camera_hours == pytest.approx(clip.seconds / 3600)
    assert [picture.verdict for picture in measured.album.of(RESTRICTED)] == [Verdict.HIT]
    assert measured.by_light[RESTRICTED, clip.conditions.words].hits == 1
    assert measured.by_height[RESTRICTED, height_band(clip.camera_height_m)].hits == 1
    assert all(measured.cpu_ns[step] > 0 for step in Step)


def test_a_rule_that_never_fires_is_told_with_a_picture(monkeypatch, restricted):
    clip, _ = restricted
    monkeypatch.setattr(RestrictedZone, "step", lambda self, seen: ())
    measured = measure(clip)
    assert (measured.types[RESTRICTED].recall, measured.types[RESTRICTED].precision) == (0.0, None)
    assert [picture.verdict for picture in measured.album.of(RESTRICTED)] == [Verdict.MISSED]
    assert measured.wrong_clips[RESTRICTED] == [clip.name]
    assert any("RESTRICTED_ZONE: recall 0.000" in words.en for words in missed(measured.types, None, {RESTRICTED}))


def test_a_rule_that_always_fires_is_told(monkeypatch, restricted):
    clip, _ = restricted
    real = RestrictedZone._holds
    monkeypatch.setattr(
        RestrictedZone, "_holds", lambda self, seen: real(self, replace(seen, tracks=())) or _everywhere(seen)
    )
    measured = measure(replace(clip, events=()))
    assert measured.types[RESTRICTED].false == 1
    assert [picture.verdict for picture in measured.album.of(RESTRICTED)] == [Verdict.FALSE]


def _everywhere(seen):
    from csu.detection.rules.of_zone import Holding

    return Holding(seen.at_ns, [(0.0, 0.0, 10.0, 10.0)], 0.5)


def test_what_is_not_asked_for_is_not_looked_for(restricted):
    clip, _ = restricted
    assignment = evaluation.assignment_of(clip, "known", {EventType.PERSON_DOWN})
    assert assignment.rules == ()
    chain = Chain(assignment, Knows(), evaluation.BEGIN_NS, cpu_ns)
    assert not chain.cannot_run


def test_a_budget_is_missed_when_nothing_was_measured():
    every = missed({}, CountScore(), set(EventType))
    assert len(every) == len(BUDGETS) + 1
    assert EventType.FIRE_START not in BUDGETS
    assert EventType.WEAPON not in BUDGETS


@pytest.mark.parametrize(
    ("hits", "missed_events", "false", "hours", "holds"),
    [(19, 1, 1, 1.0, True), (18, 2, 0, 1.0, False), (20, 0, 2, 1.0, False)],
)
def test_a_restricted_zone_must_reach_both_shares(hits, missed_events, false, hours, holds):
    score = Score(hours, hits, missed_events, 0, false, [])
    assert (missed({RESTRICTED: score}, None, {RESTRICTED}) == []) is holds


@pytest.mark.parametrize(("hits", "false", "holds"), [(9, 1, True), (8, 0, False), (10, 2, False)])
def test_a_person_down_must_be_found_and_hardly_ever_be_told_falsely(hits, false, holds):
    down = EventType.PERSON_DOWN
    score = Score(1.0, hits, 10 - hits, 0, false, [])
    assert (missed({down: score}, None, {down}) == []) is holds


@pytest.mark.parametrize(("counted", "holds"), [(95, True), (94, False)])
def test_a_count_may_be_off_by_one_in_twenty(counted, holds):
    score = CountScore()
    what = Counted("a", ObjectClass.CAR, True)
    score.add(Counter({what: 100}), Counter({what: counted}))
    assert (missed({}, score, set()) == []) is holds


def test_an_album_stays_small_and_shows_several_clips():
    album = Album()
    for clip in ("a", "a", "b", "c", "d"):
        album.keep(Picture(RESTRICTED, Verdict.HIT, clip, 1.0, b"x"))
    assert [picture.clip for picture in album.of(RESTRICTED)] == ["a", "b", "c"]
    assert EACH_MAX == 3


def test_a_type_that_no_clip_is_about_is_refused():
    with pytest.raises(BadInput, match="no clip"):
        clips_of(Suite.SMOKE, types={EventType.WEAPON})


def test_another_seed_is_other_weather_of_the_same_clips():
    one, two = clips_of(Suite.SMOKE, 1), clips_of(Suite.SMOKE, 2)
    assert [clip.name for clip in one] == [clip.name for clip in two]
    assert all(a.seed != b.seed for a, b in zip(one, two, strict=True))


@pytest.fixture(scope="module")
def rendered():
    """The whole suite: minutes."""
    measured = evaluation.evaluate(clips_of(Suite.RENDERED), default_detector(), cpu_ns)
    return missed(measured.types, None, set(EventType)), missed({}, measured.counts, set())


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_the_rendered_suite_meets_the_budgets_of_its_types(rendered):
    types, _ = rendered
    assert [words.en for words in types] == []


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.xfail(reason="measured, and not reached: decision 0096")
def test_the_rendered_suite_meets_the_budget_of_counts(rendered):
    _, counts = rendered
    assert [words.en for words in counts] == []
