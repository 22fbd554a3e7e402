"""Who tests the tester: a defect planted in the engine must be found by the oracle that is there for it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from sim.cli import app
from sim.mutants.planting import Defect, NowhereToPlant, Patch, planted
from sim.mutants.proof import CITIES, DEFECTS, SHORT, Found, broken, defect_named, play_clean, prove, proved
from sim.mutants.room_defects import WALL
from sim.oracles.stage import INVARIANTS
from sim.run import run_scenario
from sim.scenario_file import read_scenario


def test_one_defect_of_each_kind_is_found_and_nothing_else_is() -> None:
    """The short form of `csu sim mutants`, on one core; the whole is for the night."""
    found, clean = prove(SHORT, 3, 1, lambda outcome: None)
    assert [each.defect for each in found if not each.is_found] == []
    assert [(each.city, each.seed, each.violated) for each in clean if each.violated] == []


@pytest.mark.nightly
def test_every_defect_is_found_and_40_clean_seeds_alarm_nobody() -> None:
    result = CliRunner().invoke(app, ["mutants", "--json"])
    told = json.loads(result.stdout[result.stdout.index("{") :])
    assert (told["found"], told["false_alarms"], told["never_reached"]) == (told["planted"], 0, [])
    assert told["not_alone"] == [], "each oracle has a defect that it alone sees"
    assert told["planted"] >= 30
    assert result.exit_code == 0


def test_there_are_thirty_defects_each_with_a_name_of_its_own() -> None:
    names = [defect.name for defect in DEFECTS]
    assert len(names) == len(set(names)) >= 30
    assert set(SHORT) <= set(names)
    judged = {defect.oracle for defect in DEFECTS}
    assert judged - INVARIANTS.keys() == {"whenever alarm.raised then alarm.acknowledged|alarm.escalated", WALL}
    assert INVARIANTS.keys() <= judged, "each of the 25 has a defect that its oracle must find"
    assert {*INVARIANTS.values()} == set(range(1, 26))
    assert {defect.city for defect in DEFECTS} <= CITIES.keys()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_every_defect_can_still_be_planted_and_leaves_nothing_behind(defect: Defect) -> None:
    patch = Patch()
    defect.plant(patch)
    changed = {(id(owner), name): (owner, name) for owner, name, _ in patch._before}
    before = {key: next(b for o, n, b in patch._before if (id(o), n) == key) for key in changed}
    patch.undo()
    assert changed
    assert all(vars(owner)[name] is before[key] for key, (owner, name) in changed.items())


def test_a_defect_that_has_nowhere_to_go_says_so() -> None:
    with pytest.raises(NowhereToPlant), planted(Defect(lambda patch: patch.find("csu.nowhere:Nothing"), "x")):
        pass
    with (
        pytest.raises(NowhereToPlant),
        planted(Defect(lambda patch: patch.set(patch.find("csu.centre.control:Centre"), "no_such_step", None), "x")),
    ):
        pass


def test_an_unknown_defect_is_refused() -> None:
    with pytest.raises(KeyError):
        defect_named("nothing_of_the_kind")
    assert CliRunner().invoke(app, ["mutants", "--only", "nothing_of_the_kind"]).exit_code != 0


@pytest.mark.nightly
def test_a_clean_run_is_the_same_again() -> None:
    run = play_clean("past", 5, twice=True)
    assert run.is_same_again
    assert run.violated == ()


def test_a_defect_that_ends_the_engine_ends_the_run_and_is_told(small_city) -> None:
    def the_centre_dies_of_a_bad_disk(patch: Patch) -> None:
        def refuse(self, alarm):
            raise RuntimeError("planned trouble")

        patch.set(patch.find("csu.alarms.store:AlarmStore"), "save", refuse)

    with planted(Defect(the_centre_dies_of_a_bad_disk, "-")):
        result = run_scenario(small_city())
    assert not result.holds
    assert isinstance(result.failure, ExceptionGroup)
    assert broken(result)[0].startswith("failure: ")
    assert "planned trouble" in "".join(str(error) for error in _leaves(result.failure))


def _leaves(error: BaseException) -> list[BaseException]:
    return (
        [e for inner in error.exceptions for e in _leaves(inner)] if isinstance(error, BaseExceptionGroup) else [error]
    )


def test_an_oracle_with_nothing_to_judge_does_not_hold(small_city) -> None:
    quiet_city = small_city(("alarms: 60/h", "alarms: 0/h"))
    verdicts = {judgement.name: judgement for judgement in run_scenario(quiet_city).judgements}
    assert not verdicts["alarms_taken"].holds
    assert verdicts["alarms_taken"].cases == 0


@pytest.mark.nightly
def test_the_cities_of_mutants_exercise_what_their_defects_need() -> None:
    for name, city in CITIES.items():
        judged = {j.name for j in run_scenario(read_scenario(city), 5).invariants if j.cases}
        wanted = {defect.oracle for defect in DEFECTS if defect.city == name} & INVARIANTS.keys()
        assert wanted - {"clock_error_told", "same_again", "all_reached"} <= judged


def test_alone_is_said_of_a_defect_that_no_other_oracle_saw_whatever_the_city_expects() -> None:
    def seen(*found_by: str) -> Found:
        return Found("d", "two_watch", "room", found_by, 1, 0.0)

    assert seen("two_watch").alone
    assert seen(WALL, "two_watch").alone
    assert not seen("two_watch", "bounded").alone
    assert not seen("bounded").alone
    (watch,) = [each for each in proved([seen("two_watch", "bounded"), seen("two_watch")]) if each.found]
    assert (watch.number, watch.oracle, len(watch.found), len(watch.alone)) == (11, "two_watch", 2, 1)
    assert len(proved([])) == len(INVARIANTS)
