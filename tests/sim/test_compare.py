"""Two runs of one seed are one run; when they are not, the first event that differs is found."""

from __future__ import annotations

import json
from hashlib import blake2b

import pytest
from typer.testing import CliRunner

from csu.hal.clock import NS_PER_S
from csu.notation.quantities import DurationRange
from sim import people
from sim.cli import app
from sim.compare import Heard, compare
from sim.run import run_scenario
from sim.trace import MARK_EVERY


def teller(lines: list[str]):
    """Plays a made-up trace of these events."""

    def play(keep: range) -> Heard:
        so_far, marks = blake2b(), []
        for number, line in enumerate(lines, start=1):
            so_far.update(line.encode())
            if number % MARK_EVERY == 0:
                marks.append(so_far.hexdigest())
        return Heard(so_far.hexdigest(), tuple(marks), len(lines), tuple(lines[keep.start : keep.stop]))

    return play


@pytest.mark.parametrize("at", [0, 9_999, 10_000, 23_456, 39_999, 41_000])
def test_the_first_event_that_differs_is_found_wherever_it_is(at: int) -> None:
    lines = [f"event {number}" for number in range(41_001)]
    other = [*lines[:at], "something else", *lines[at + 1 :]]
    found = compare(teller(lines), teller(other))
    assert not found.same
    assert found.difference is not None
    assert (found.difference.event, found.difference.first) == (at, f"event {at}")
    assert found.difference.second == "something else"
    assert compare(teller(lines), teller(lines)).difference is None


def test_a_run_that_ends_before_the_other_is_told() -> None:
    lines = [f"event {number}" for number in range(20)]
    found = compare(teller(lines), teller(lines[:7])).difference
    assert found is not None
    assert (found.event, found.first, found.second) == (7, "event 7", None)


@pytest.mark.nightly
def test_the_chief_who_reacts_in_another_time_is_where_two_runs_part(small_city, monkeypatch) -> None:
    path = small_city()

    def first(keep: range) -> Heard:
        return Heard.of(run_scenario(path, keep=keep))

    def second(keep: range) -> Heard:
        with monkeypatch.context() as patch:
            patch.setattr(people, "CHIEF_REACTION", DurationRange(30 * NS_PER_S, 40 * NS_PER_S))
            return first(keep)

    found = compare(first, second).difference
    assert found is not None
    assert "chef-de-salle" in f"{found.first}{found.second}"


@pytest.mark.nightly
def test_the_command_plays_in_two_processes_and_finds_one_run(small_city) -> None:
    done = CliRunner().invoke(app, ["compare", str(small_city()), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["first_difference"] is None
    assert len(set(told["trace_hashes"])) == 1
