"""A violated run is made small, and what is left violates the same thing."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from csu.alarms import AlarmDesk
from csu.hal.media import GapCause
from csu.notation import read_text
from csu.recording.catalogue import Catalogue
from sim.cli import app
from sim.run import run_scenario
from sim.scenario_file import read_scenario
from sim.scenario_text import SCENARIO
from sim.shrink import as_yaml, pinned, shrink, written_down
from sim.shrink_command import what_is_broken

FEWER_FAULTS = (
    ("cameras: 60", "cameras: 16"),
    ("camera_lost, rate: 40/h", "camera_lost, rate: 3/h"),
    ("packets_lost, rate: 40/h", "packets_lost, rate: 3/h"),
    ("disk_trouble, rate: 2/h", "disk_trouble, rate: 6/h"),
)


def shrunk(*words: str) -> dict[str, object]:
    done = CliRunner().invoke(app, ["shrink", *words, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.nightly
def test_a_planted_defect_of_the_desk_shrinks_to_a_few_lines_that_break_the_same(small_city, tmp_path, monkeypatch):
    monkeypatch.setattr(AlarmDesk, "tick", lambda self, now_ns: [])  # nobody is called when an alarm waits
    out = tmp_path / "out" / "shrunk.yaml"
    told = shrunk(str(small_city(*FEWER_FAULTS)), "--out", str(out), "--within", "60")
    assert told["broken"] == "whenever alarm.raised then alarm.acknowledged|alarm.escalated"
    assert told["lines"] <= 14
    assert told["cameras"] <= 2
    assert str(out) in str(told["replay"])
    again = run_scenario(out)
    assert told["broken"] in what_is_broken(again)
    assert len(again.city.faults) == 0, "no fault has to do with it"
    monkeypatch.undo()
    assert not what_is_broken(run_scenario(out)), "without the defect the small scenario breaks nothing"


@pytest.mark.nightly
def test_a_fault_that_came_by_chance_is_written_down_and_only_it_is_left(small_city, tmp_path, monkeypatch) -> None:
    record = Catalogue.record

    def no_disk_trouble(self, given):  # a defect that only shows where a disk refused
        record(self, [m for m in given if all(gap.cause is not GapCause.DISK for gap in m.gaps)])

    monkeypatch.setattr(Catalogue, "record", no_disk_trouble)
    out = tmp_path / "shrunk.yaml"
    told = shrunk(str(small_city(*FEWER_FAULTS)), "--out", str(out), "--within", "60", "--seed", "8")
    again = run_scenario(out)
    assert told["broken"] in what_is_broken(again)
    assert len(again.file.scenario.faults) == 0
    assert [line.kind for line in again.file.scenario.story] == ["disk_trouble"]
    assert again.seed == 8


def test_a_run_that_violates_nothing_is_refused(small_city) -> None:
    done = CliRunner().invoke(app, ["shrink", str(small_city())])
    assert done.exit_code == 1
    assert "violates nothing" in str(done.exception)


def test_what_is_needed_stays_whatever_else_goes() -> None:
    """Ten lines of which two together fail: exactly these are left, and no candidate is tried twice."""
    draft = {
        "title": "x",
        "duration": "60 min",
        "city": {"communes": "4", "cameras": "40", "alarms": "6/h"},
        "story": [{"kind": f"k{number}", "at": f"+{number} min"} for number in range(1, 11)],
        "expect": [{"never": "camera.live"}],
    }
    tried: list[str] = []

    def fails(candidate) -> bool:
        tried.append(as_yaml(candidate))
        return {"k3", "k8"} <= {line["kind"] for line in candidate.get("story", ())}

    smallest = shrink(draft, fails, lambda: True, lambda smaller: None)
    assert [line["kind"] for line in smallest["story"]] == ["k3", "k8"]
    assert (smallest["city"]["communes"], smallest["city"]["cameras"]) == ("1", "1")
    assert len(tried) == len(set(tried))


def test_it_stops_when_its_time_is_up() -> None:
    draft = {
        "duration": "60 min",
        "city": {"communes": "4", "cameras": "40", "alarms": "6/h"},
        "expect": [{"never": "camera.live"}],
    }
    assert shrink(draft, lambda candidate: pytest.fail("no time is left"), lambda: False, lambda smaller: None) == draft


@pytest.mark.nightly
def test_faults_written_down_are_the_faults_that_came_by_chance(small_city) -> None:
    file = read_scenario(small_city())
    result = run_scenario(file)
    draft = {**read_text(file.path, SCENARIO)[1].data}
    draft = written_down(pinned(draft, file.scenario), file.scenario, result.city)
    path = file.path.with_name("written.yaml")
    path.write_text(as_yaml(draft), encoding="utf-8")

    def came(faults) -> list[object]:
        return sorted((fault.kind, fault.start_ns, fault.end_ns, str(fault.camera)) for fault in faults)

    assert came(run_scenario(path).city.faults) == came(result.city.faults)
    assert any(not fault.told for fault in result.city.faults)
