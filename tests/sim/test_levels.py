"""Level L1: the cameras of a scenario send small real pictures through the masks and the recorder that ship."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csu.hal.clock import NS_PER_S
from csu.hal.media import GapCause
from sim.cli import app
from sim.intervals import Interval, difference
from sim.mutants.pixel_defects import DEFECTS
from sim.mutants.planting import Defect, planted
from sim.run import RunResult, run_scenario
from sim.scenario_file import ScenarioRefused, read_scenario, scenario_schema

SMALL = """\
title: Deux cameras
start: 2026-11-23 09:00
duration: 24 s
city: {communes: 1, cameras: 2, alarms: 0/h}
media: {level: L1, groups: [{cameras: 1, tour: 3 s .. 6 s}]}
options: {quiet: 5 s}
expect: [{finally: coverage, at_least: 20 %}]
"""
LOST = "{kind: camera_lost, rate: 150/h, lasts: 6 s .. 12 s}"
UNSENT = "{kind: packets_lost, rate: 90/h, lasts: 3 s .. 4 s}"
THREE_LEVELS = Path(__file__).parents[2] / "scenarios" / "three_levels.yaml"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(*changes: tuple[str, str], text: str = SMALL) -> Path:
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        path = tmp_path / "small.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def judged(result: RunResult, name: str):
    return next(judgement for judgement in result.judgements if judgement.name == name)


# -- pixels -----------------------------------------------------------------------------------------------------------


def test_what_is_recorded_in_virtual_time_shows_nothing_forbidden_and_is_the_same_again(write: Write) -> None:
    file = read_scenario(write())
    first, again = run_scenario(file), run_scenario(file)
    assert first.failure is None
    assert first.trace_hash == again.trace_hash
    pixels = first.pixels
    assert pixels is not None
    assert pixels.drawn == pixels.masked == pixels.recorded >= 45
    assert pixels.wholly_masked < pixels.masked / 10  # a mask over everything would hide anything
    assert first.catalogue["segments"] == pixels.files > 0
    for name, cases in (("pixels_masked", 35), ("turning_pixels_masked", 5)):
        assert judged(first, name).violations == 0
        assert judged(first, name).cases >= cases
    assert not [each.name for each in first.judgements if each.violations]


def test_sound_that_a_camera_offers_is_told_and_never_recorded(write: Write) -> None:
    result = run_scenario(write(("level: L1,", "level: L1, microphones: 2,"), ("duration: 24 s", "duration: 12 s")))
    assert result.counters["audio_offered"] == 2
    assert result.pixels is not None
    assert (result.pixels.files > 0, result.pixels.sound_tracks) == (True, 0)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_the_canary_finds_a_mask_that_is_not_there(write: Write, defect: Defect) -> None:
    with planted(defect):
        result = run_scenario(write(("duration: 24 s", "duration: 16 s")))
    assert judged(result, defect.oracle).violations > 0, result.failure


# -- the same at both levels ------------------------------------------------------------------------------------------


def widened(spans: list[Interval], before_ns: int, after_ns: int) -> list[Interval]:
    return [(start - before_ns, end + after_ns) for start, end in spans if start - before_ns < end + after_ns]


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(2, 10))])
def test_random_outages_leave_the_same_holes_at_l0_and_at_l1(write: Write, seed: int) -> None:
    """Within a GOP; and a camera that is back is recorded again at the next try, which closed forms do not know."""
    path = write(
        ("duration: 24 s", "duration: 70 s"),
        (", groups: [{cameras: 1, tour: 3 s .. 6 s}]", ""),
        ("options:", f"faults: [{LOST}, {UNSENT}]\noptions:"),
    )
    described, real = (run_scenario(read_scenario(path, {"level": level}), seed) for level in ("L0", "L1"))
    assert described.city.faults == real.city.faults
    gop_ns, try_ns = round(1.2 * NS_PER_S), 17 * NS_PER_S  # a clock is off by 80 ms; tries come 1 s to 16 s apart
    for camera in described.witness.cameras:
        said, seen = (result.witness.holes.get(camera, []) for result in (described, real))
        end = (real.witness.begins_ns + 68 * NS_PER_S, real.witness.begins_ns + 70 * NS_PER_S)  # where it is stopped
        assert difference(seen, [*widened(said, gop_ns, gop_ns + try_ns), end]) == ()
        assert difference(widened(said, -gop_ns, -gop_ns), [*seen, end]) == ()
        for gap in real.witness.gaps.get(camera, ()):
            assert gap.cause in (GapCause.STARTING, GapCause.CAMERA_LOST, GapCause.PACKETS_LOST, GapCause.STOPPED)
    assert not [each.name for each in real.judgements if each.violations]


# -- what may be asked ------------------------------------------------------------------------------------------------


def test_a_run_says_which_cameras_were_played_at_which_level(write: Write) -> None:
    mixed = write(
        ("level: L1, groups: [{cameras: 1, tour: 3 s .. 6 s}]", "groups: [{cameras: 1, level: L1}]"),
        ("duration: 24 s", "duration: 12 s"),
    )
    told = json.loads(CliRunner().invoke(app, ["run", str(mixed), "--no-report", "--json"]).stdout)
    assert told["level"] == "L0+L1"
    assert told["levels"] == [
        {"level": level, "commune": "Valmandrin", "cameras": 1, "turning": 0} for level in ("L0", "L1")
    ]
    assert told["pixels"]["recorded"] == 12
    flat = json.loads(CliRunner().invoke(app, ["run", str(mixed), "--no-report", "--json", "--level", "L0"]).stdout)
    assert (flat["level"], flat["pixels"]) == ("L0", None)
    assert "--set level=L0" in flat["replay"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("cameras: 2,", "cameras: 17,"), "too many cameras at L1"),
        (("duration: 24 s", "duration: 5 h"), "too many cameras at L1"),
        (("cameras: 1, tour", "cameras: 3, tour"), "only 2 are left"),
        (("cameras: 1, tour", "commune: Metz, cameras: 1, tour"), "'Metz'"),
        (("level: L1", "level: L7"), "L7"),
        (("options:", "doctrine: {mask_above: 4 m}\noptions:"), "no higher"),
        (("options:", "story: [{at: +5 s, kind: bit_rot, commune: Valmandrin, lasts: 5 s}]\noptions:"), "does not act"),
        (("options:", "faults: [{kind: node_freeze, rate: 1/h, lasts: 5 s}]\noptions:"), "does not act at L1"),
    ],
)
def test_what_cannot_be_played_with_pixels_is_refused_by_name(write: Write, change: tuple[str, str], told: str) -> None:
    with pytest.raises(ScenarioRefused) as refused:
        read_scenario(write(change))
    assert told in " ".join(trouble.words.en for trouble in refused.value.troubles)


def test_what_chance_deals_where_it_does_not_act_is_left_out_and_told(write: Write) -> None:
    path = write(
        ("level: L1, groups: [{cameras: 1, tour: 3 s .. 6 s}]", "groups: [{cameras: 1, level: L1}]"),
        ("options:", "faults: [{kind: bit_rot, rate: 2000/h, lasts: 1 s}]\noptions:"),
        ("duration: 24 s", "duration: 15 s"),
    )
    result = run_scenario(path)
    assert {fault.camera for fault in result.city.left_out} == set(result.city.pixels)
    assert {fault.camera for fault in result.city.faults}.isdisjoint(result.city.pixels)


def test_the_schema_tells_of_groups() -> None:
    assert {"level", "groups"} <= scenario_schema()["$defs"]["MediaSpec"]["properties"].keys()


@pytest.mark.nightly
def test_a_turning_camera_whose_picture_freezes_shows_nothing_forbidden(write: Write) -> None:
    frozen = "story: [{at: +9 s, kind: camera_frozen, commune: Valmandrin, camera: 1, lasts: 10 s}]\noptions:"
    result = run_scenario(write(("options:", frozen), ("tour: 3 s .. 6 s", "tour: 6 s")))
    assert result.failure is None
    assert judged(result, "pixels_masked").violations == 0
    assert judged(result, "turning_pixels_masked").violations == 0


EVERYTHING = """\
title: Tout ce qui agit
start: 2026-11-23 09:00
duration: 8 min
city: {communes: 2, cameras: 4, alarms: 60/h}
media: {level: L1, microphones: 1, groups: [{cameras: 1, tour: 12 s .. 20 s}]}
options: {quiet: 80 s}
story:
  - {at: +60 s, kind: camera_knocked, commune: Valmandrin, camera: 2, lasts: 60 s}
  - {at: +40 s, kind: audio_switched_on, commune: Courtavelle, camera: 1, lasts: 60 s}
  - {at: +200 s, kind: camera_covered, commune: Courtavelle, camera: 1, lasts: 60 s}
  - {at: +100 s, kind: order_suspended, commune: Valmandrin, lasts: 30 s}
faults:
  - {kind: camera_lost, rate: 30/h, lasts: 1 s .. 200 s}
  - {kind: camera_reset, rate: 30/h, lasts: 1 s .. 40 s}
  - {kind: packets_lost, rate: 60/h, lasts: 200 ms .. 12 s}
  - {kind: camera_clock, rate: 20/h, lasts: 10 s .. 60 s, clock_error: 300 ms .. 4 s}
  - {kind: disk_trouble, rate: 10/h, lasts: 5 s .. 30 s}
  - {kind: link_cut, rate: 10/h, lasts: 5 s .. 90 s}
  - {kind: half_open, rate: 10/h, lasts: 5 s .. 30 s}
  - {kind: link_loss, rate: 10/h, lasts: 5 s .. 90 s}
  - {kind: node_crash, rate: 8/h, lasts: 5 s .. 30 s}
  - {kind: firmware_reset, rate: 8/h, lasts: 60 s .. 90 s}
  - {kind: centre_crash, rate: 4/h, lasts: 5 s .. 30 s}
expect: [{finally: coverage, at_least: 10 %}]
"""


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 7))
def test_no_fault_that_acts_at_l1_breaks_a_promise(write: Write, seed: int) -> None:
    result = run_scenario(write(text=EVERYTHING), seed)
    assert result.failure is None
    assert [(each.name, each.details) for each in result.judgements if each.violations] == []


@pytest.mark.nightly
def test_three_levels_holds_at_l1() -> None:
    result = run_scenario(read_scenario(THREE_LEVELS, {"level": "L1"}))
    assert result.holds, [each for each in result.judgements if not each.holds]
    assert result.pixels is not None
    assert result.pixels.recorded > 400
