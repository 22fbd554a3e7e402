"""`csu retention` as a person and a machine see it."""

from __future__ import annotations

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from csu.centre.commands.retention import app
from csu.governance import facts_text
from csu.hal.camera import CameraId
from csu.hal.errors import BadInput
from csu.recording.space import GIB

CAM_12, CAM_13 = CameraId("cam-0012"), CameraId("cam-0013")


@pytest.fixture
def ask(world, tmp_path):
    orders = tmp_path / "orders.json"
    orders.write_text(facts_text(world.facts))

    def run(command: str, at: str, *more: str):
        given = [command, "--catalogue", str(tmp_path / "w" / "catalogue"), "--orders", str(orders), "--at", at, *more]
        return CliRunner().invoke(app, given, standalone_mode=False, catch_exceptions=False)

    return run


def test_the_plan_says_what_is_due_and_when_the_next_look_is(world, ask):
    world.film(CAM_12, "2027-01-20 10:00", 2)
    world.film(CAM_13, "2027-01-20 10:00", 3)
    found = ask("plan", "2027-02-04 10:03", "--json")
    told = json.loads(found.stdout)
    assert (told["due_segments"], told["due"][0]["commune"], told["late_s"]) == (3, "metz", 180.0)
    assert found.return_value == 1
    early = ask("plan", "2027-02-04 09:50", "--json")
    assert json.loads(early.stdout)["due_segments"] == 0
    assert json.loads(early.stdout)["next"].startswith("2027-02-04 09:58:30")
    assert early.return_value == 0
    assert "metz 2027-01-20: 3" in ask("plan", "2027-02-04 10:03").stdout
    assert len(world.disk.names()) == 5  # it looks and destroys nothing


def test_each_day_is_shown_with_its_last_instants(world, ask):
    world.film(CAM_12, "2027-01-20 10:00", 2)
    [day] = json.loads(ask("show", "2027-02-01 10:00", "--json").stdout)["days"]
    assert (day["day"], day["segments"]) == ("2027-01-20", 2)
    assert day["first"] < day["last"]
    assert "2027-01-20" in ask("show", "2027-02-01 10:00").stdout


@pytest.mark.parametrize("at", ["tomorrow", "2027-13-01"])
def test_what_is_no_instant_is_bad_input(ask, at):
    with pytest.raises(BadInput):
        ask("plan", at)


def test_what_a_person_would_give_up_for_space_is_the_oldest_past_its_minimum_or_nothing(make_world, tmp_path):
    world = make_world(minimum_days=5)
    orders = tmp_path / "orders.json"
    orders.write_text(facts_text(world.facts))
    world.film(CAM_12, "2027-01-20 10:00", 3)
    world.film(CAM_12, "2027-01-24 10:00", 2)
    of_all = world.catalogue.living_of_day(date(2027, 1, 20)).bytes

    def ask(wanted_bytes: int):
        given = ["loss", "--catalogue", str(tmp_path / "w" / "catalogue"), "--orders", str(orders)]
        more = ["--at", "2027-01-26 10:00", "--gib", f"{wanted_bytes / GIB:.12f}", "--json"]
        found = CliRunner().invoke(app, given + more, standalone_mode=False, catch_exceptions=False)
        return found.return_value, json.loads(found.stdout)

    code, told = ask(of_all)
    assert (code, told["segments"], told["days_early_max"]) == (0, 3, 24.0)
    assert told["from_to"]["cam-0012"][0][0].startswith("2027-01-20 10:00")
    code, told = ask(of_all + 1000)  # what is left is inside its minimum
    assert (code, told["possible"], told["segments"]) == (1, False, 0)
    assert len(world.disk.names()) == 5  # it looks and destroys nothing
