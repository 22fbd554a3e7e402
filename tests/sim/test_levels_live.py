"""Level L2: a scenario over real sockets in real time. What cannot be played or judged there is said."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csu.centre.media.examination import Examination
from csu.hal.errors import BadInput
from csu.hal.words import NO_WORDS
from sim.cli import app
from sim.expectations import Finally, Never, Sometimes
from sim.judgement import Judgement
from sim.levels.live import LiveResult, play_live
from sim.levels.live_words import is_judged, require_live
from sim.levels.run import LevelGroup
from sim.scenario_file import ScenarioRefused, read_scenario
from sim.watch import play_scenario

SCENARIOS = Path(__file__).parents[2] / "scenarios"
THREE_LEVELS = SCENARIOS / "three_levels.yaml"


def test_everything_that_cannot_be_played_over_sockets_is_told_with_line_word_and_why(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_text(
        "title: Trop pour de vrais appareils\n"
        "start: 2026-11-23 09:00\n"
        "duration: 20 min\n"
        "city: {communes: 1, cameras: 9, alarms: 0/h}\n"
        "story:\n"
        "  - {at: +5 s, kind: camera_lost, commune: Valmandrin, lasts: 5 s}\n"
        "  - {at: +5 s, kind: camera_clock, commune: Valmandrin, lasts: 5 s, clock_error: 2 s}\n"
        "  - {at: +6 s, kind: police_silent, lasts: 5 s}\n"
        "faults:\n"
        "  - {kind: node_crash, rate: 1/h, lasts: 5 s}\n"
        "expect: [{finally: coverage, at_least: 1 %}]\n"
    )
    with pytest.raises(ScenarioRefused) as refused:
        require_live(read_scenario(path))
    told = [(trouble.where.split(":")[1], trouble.what.en) for trouble in refused.value.troubles]
    assert [line for line, _ in told] == ["3", "4", "7", "8", "10"]
    for (_, said), word in zip(told, ("15 min", "8 real", "camera_clock", "police_silent", "node_crash"), strict=True):
        assert word in said
    result = CliRunner().invoke(app, ["run", str(path), "--level", "L2", "--json"])
    assert result.exit_code == 2
    assert len(json.loads(result.stdout)["errors"]) == 5


def test_the_scenario_of_three_levels_can_be_played_at_this_one() -> None:
    require_live(read_scenario(THREE_LEVELS))


@pytest.mark.parametrize("more", [["--seeds", "1..2"], ["--shuffle"], ["--matrix", "cameras=1,2"]])
def test_real_time_is_not_swept(more: list[str]) -> None:
    result = CliRunner().invoke(app, ["run", str(THREE_LEVELS), "--level", "L2", *more])
    assert isinstance(result.exception, BadInput)


@pytest.mark.parametrize(("speed", "seconds"), [(60.0, None), (None, 5.0)])
def test_real_time_has_no_other_speed_and_no_other_end(
    tmp_path: Path, speed: float | None, seconds: float | None
) -> None:
    with pytest.raises(BadInput, match="real time"):
        play_scenario(
            THREE_LEVELS, speed=speed, level="L2", seconds=seconds, port=0, report=tmp_path / "r", as_json=True
        )


def test_an_expectation_about_what_nobody_tells_is_known() -> None:
    assert is_judged(Sometimes(sometimes="camera.not_live"))
    assert is_judged(Finally.model_validate({"finally": "coverage", "at_least": "1 %"}))
    assert not is_judged(Never(never="march.arrives"))
    assert not is_judged(Sometimes(sometimes="camera.closed"))


def result_of(*, not_judged: tuple[str, ...] = (), violations: int = 0) -> LiveResult:
    judgement = Judgement("x", NO_WORDS, 1, violations, 0.0, "")
    examined = Examination(1, 1, 0, 1, 1, 0, 1, ())
    file = read_scenario(THREE_LEVELS)
    groups = (LevelGroup("L2", "Valmandrin", 3, 1),)
    return LiveResult(file, 1, groups, (judgement,), not_judged, (), (), examined, 1.0)


def test_what_was_not_judged_is_no_success_unless_a_part_was_asked_for() -> None:
    assert result_of().holds(partly=False)
    assert not result_of(not_judged=("never march.arrives",)).holds(partly=False)
    assert result_of(not_judged=("never march.arrives",)).holds(partly=True)
    assert not result_of(not_judged=("never march.arrives",), violations=1).holds(partly=True)


@pytest.mark.nightly
def test_three_levels_holds_over_real_sockets() -> None:
    file = read_scenario(THREE_LEVELS)
    consoles: list[str] = []
    result = asyncio.run(play_live(file, file.scenario.seed, consoles.append))
    assert [(each.name, each.details) for each in result.judgements if not each.holds] == []
    assert result.holds(partly=False)
    assert len(consoles) == 1
    assert result.examination.frames_witnessed > 300
