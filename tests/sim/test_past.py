"""The past of a simulated city: its files in closed form, its terms of law, and a run with the console's doors."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from csu.centre import Catalogue
from csu.centre.purge.purge import Purge
from csu.governance.retention import RetentionRule, RuledPiece, expiry_of
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from csu.hal.keys import utc_day
from csu.hal.media import GapCause, Manifest, NodeId
from csu.recording import DestructionReason, segment_name
from sim.cohort import Cohort, Outage
from sim.judgement import Judgement
from sim.mutants.proof import CITIES
from sim.oracles.footage import judge_catalogue_answers
from sim.oracles.past import CatalogueIsTheDisk, Kept, PastOracle
from sim.oracles.stage import NO_SLACK
from sim.past.catalogue import PurgeCatalogue
from sim.past.shelves import DayKeys
from sim.past.terms import expiry_ns, last_expiry_ns, shortest_life_ns
from sim.past.tier import CityTier
from sim.ports import SeededChance
from sim.run import run_scenario
from sim.scenario_file import ScenarioRefused, read_scenario

HOUR_NS = 60 * NS_PER_MINUTE
SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


def test_terms_are_those_of_the_law_worked_out_twice() -> None:
    """The oracle's own reading of the month against the engine's, over two Februaries and four changes of clock."""
    chance = random.Random(1)
    for _ in range(3_000):
        start_ns = (1_767_225_600 + chance.randrange(400 * 86_400)) * NS_PER_S
        if chance.random() < 0.5:
            start_ns = start_ns // HOUR_NS * HOUR_NS - 30 * NS_PER_S
        end_ns = start_ns + NS_PER_MINUTE
        for days in (15, 28, 29, 30, 31):
            rule = RetentionRule("57-1", 31, doctrine_days=days)
            assert expiry_ns(start_ns, end_ns, days) == expiry_of([RuledPiece(Span(start_ns, end_ns), rule)])
            assert expiry_ns(start_ns, end_ns, days) - start_ns >= shortest_life_ns(days)


@pytest.fixture
def filmed(build_camera, epoch_ns, tmp_path):
    """Two cameras for 90 minutes, one of which is away for a while; the catalogue of the same."""
    away = Outage(epoch_ns + 20 * NS_PER_MINUTE + 7 * NS_PER_S, epoch_ns + 31 * NS_PER_MINUTE, GapCause.CAMERA_LOST)
    cameras = [build_camera(1, 120), build_camera(2, 640, outages=[away])]
    tier, cohort = CityTier(cameras), Cohort(cameras, epoch_ns)
    catalogue = Catalogue(tmp_path / "catalogue", durable=False)
    for number in range(90):
        end_ns = epoch_ns + (number + 1) * NS_PER_MINUTE
        table, gaps = cohort.account(end_ns, last=number == 89)
        manifest = Manifest(NodeId("n"), 1, number, end_ns - NS_PER_MINUTE, cohort.cameras, table, gaps)
        tier.film(manifest)
        catalogue.record([manifest])
    yield tier, catalogue, cameras
    catalogue.close()


def test_the_tier_holds_what_was_filmed_under_the_engines_names(filmed, epoch_ns) -> None:
    tier, catalogue, cameras = filmed
    names = {
        segment_name(row.camera, row.start_ns)
        for each in cameras
        for row in catalogue.segments(each.camera, epoch_ns, epoch_ns + 2 * HOUR_NS)
    }
    assert set(tier.names()) == names
    assert len(names) == tier.filmed
    assert {name for day in tier.days() for camera in tier.cameras(day) for name in tier.names(day, camera)} == names
    assert tier.held([*names, "2026-11-22/cam-0001/20261122T000000.000Z.mp4"]) == names


def test_what_is_destroyed_is_gone_and_told_once(filmed, epoch_ns) -> None:
    tier, _, cameras = filmed
    gone = []
    tier.on_destroyed = lambda camera, start_ns, end_ns: gone.append((camera, start_ns, end_ns))
    names = tier.names()
    assert tier.destroy(names[:10]) > 0
    assert tier.destroy(names[:10]) == 0
    assert len(gone) == 10
    assert sorted(segment_name(camera, start_ns) for camera, start_ns, _ in gone) == sorted(names[:10])
    assert tier.names() == names[10:]
    tier.destroy(names)
    assert tier.days() == []


def test_a_city_with_a_past_holds_and_everything_of_it_was_put_to_the_test() -> None:
    result = run_scenario(read_scenario(CITIES["past"]), 11)
    assert result.failure is None
    assert {j.name: j.details for j in result.invariants if j.violations} == {}
    cases = {j.name: j.cases for j in result.invariants}
    for name in ("nothing_too_old", "held_is_kept", "replay_refused", "journaled_before", "communes_apart"):
        assert cases[name] > 5, name
    assert result.counters["purge_files"] > 1_000
    assert result.counters["purge_recut"] > 0


def test_communes_that_share_a_node_have_each_its_own_keys(tmp_path, monkeypatch) -> None:
    """A day's key is of one commune: the purge of one must not wait for, nor destroy, another's."""
    keyed = set()
    make = DayKeys.make
    monkeypatch.setattr(DayKeys, "make", lambda self, of, at_ns: (keyed.add(of), make(self, of, at_ns)))
    text = CITIES["past"].read_text(encoding="utf-8").replace("alarms: 30/h}", "alarms: 30/h, shared_nodes: yes}")
    path = tmp_path / "shared.yaml"
    path.write_text(text, encoding="utf-8")
    result = run_scenario(read_scenario(path), 11)
    assert result.failure is None
    assert len(result.city.nodes) < len(result.city.communes)
    assert {j.name: j.details for j in result.invariants if j.violations} == {}
    assert result.counters["purge_files"] > 1_000
    assert keyed == {commune.commune for commune in result.city.communes}


@pytest.fixture
def kept(filmed, epoch_ns, tmp_path):
    """The purge's own catalogue over the same days, of the first camera's part; the clock stands where it is put."""
    _, catalogue, cameras = filmed
    clock = SimpleNamespace(now_ns=lambda: clock.at_ns, at_ns=epoch_ns)
    mine = PurgeCatalogue(tmp_path / "catalogue", [cameras[0].camera], clock, epoch_ns, epoch_ns + 60 * NS_PER_DAY)
    yield mine, clock
    mine.close()


def test_the_purge_of_a_part_sees_and_marks_nothing_of_the_other_cameras(filmed, kept, epoch_ns) -> None:
    _, catalogue, cameras = filmed
    mine, _ = kept
    hour = epoch_ns, epoch_ns + HOUR_NS
    assert mine.living_segments(*hour).cameras == (cameras[0].camera,)
    assert set(mine.sums_by_camera(*hour)) == {cameras[0].camera}
    assert len(catalogue.living_segments(*hour).cameras) == 2
    day = utc_day(epoch_ns)
    assert 0 < mine.living_of_day(day).segments < catalogue.living_of_day(day).segments


def judged_days(filmed, mine, epoch_ns, *, ends_ns, kept_stretches=()):
    oracle = CatalogueIsTheDisk(filmed[0], ends_ns, 29, 30)
    return oracle.judge(mine, kept_stretches, SeededChance("1"))


def test_a_day_leaves_the_catalogue_when_all_of_it_is_over_and_not_before(filmed, kept, epoch_ns) -> None:
    tier, _, cameras = filmed
    mine, clock = kept
    day = utc_day(epoch_ns)
    tier.destroy(tier.names())
    over_ns = last_expiry_ns(epoch_ns, 29)
    late_ns = over_ns + 2 * NS_PER_DAY
    judged = judged_days(filmed, mine, epoch_ns, ends_ns=late_ns)
    assert [words.en for words in judged.details if "still in the catalogue" in words.en]
    assert not judged_days(filmed, mine, epoch_ns, ends_ns=over_ns).details[1:], "only the ghosts of its hours"
    lock = Kept(cameras[0].camera, epoch_ns, epoch_ns + HOUR_NS, is_lock=True, since_ns=epoch_ns)
    clock.at_ns = over_ns
    before = mine.totals(epoch_ns, epoch_ns + NS_PER_DAY)
    mine.keep_coverage(day)
    mine.drop_day(day)
    assert mine.dropped.totals == before
    assert judged_days(filmed, mine, epoch_ns, ends_ns=late_ns).holds
    assert judged_days(filmed, mine, epoch_ns, ends_ns=late_ns, kept_stretches=[lock]).violations == 1
    mine.dropped.days[day] = over_ns - HOUR_NS
    assert judged_days(filmed, mine, epoch_ns, ends_ns=late_ns).violations == 1


def test_what_was_recorded_is_answered_for_destroyed_or_dropped(filmed, kept, epoch_ns) -> None:
    _, catalogue, cameras = filmed
    mine, _ = kept
    stage = SimpleNamespace(each_camera=list, slack_of=lambda camera: NO_SLACK)
    asked = [(camera.camera, (epoch_ns + 20 * NS_PER_MINUTE, epoch_ns + HOUR_NS)) for camera in cameras]

    def answered() -> Judgement:
        return judge_catalogue_answers(stage, catalogue, asked, mine.dropped)

    whole = answered()
    assert whole.violations == 0
    hour = epoch_ns, epoch_ns + HOUR_NS
    catalogue.destroy([c.camera for c in cameras], *hour, reason=DestructionReason.EXPIRED, at_ns=hour[1])
    assert answered() == whole
    mine.keep_coverage(utc_day(epoch_ns))
    mine.drop_day(utc_day(epoch_ns))
    kept_on = answered()
    assert kept_on.violations == 0
    assert 0 < kept_on.cases < whole.cases, "of a camera outside the part nobody asks any more"
    mine.dropped.days.clear()
    assert answered().violations == 2, "rows that are gone answer for nothing"


def test_a_lock_takes_over_the_holds_it_covers_and_no_other(epoch_ns) -> None:
    clock = SimpleNamespace(now_ns=lambda: epoch_ns + 29 * NS_PER_DAY + NS_PER_MINUTE)
    oracle = PastOracle(CityTier([]), clock, 29, 30)
    camera, minute = CameraId("cam-0001"), (epoch_ns, epoch_ns + NS_PER_MINUTE)
    oracle.keep(Kept(camera, *minute, is_lock=False))
    oracle.preserved.add((camera, epoch_ns))
    oracle.keep(Kept(camera, epoch_ns, epoch_ns + 30 * NS_PER_S, is_lock=True, since_ns=clock.now_ns()))
    oracle.destroyed(camera, *minute)
    oracle.keep(Kept(camera, *minute, is_lock=True, since_ns=clock.now_ns()))
    oracle.destroyed(camera, *minute)
    assert {judgement.name: judgement.violations for judgement in oracle.judge()}["held_is_kept"] == 1


@pytest.mark.parametrize(("before_its_ceiling_s", "unkept"), [(80, 0), (100, 1)])
def test_a_segment_that_begins_before_its_hold_goes_at_its_own_ceiling_and_not_sooner(
    epoch_ns, before_its_ceiling_s, unkept
) -> None:
    now_ns = epoch_ns + 30 * NS_PER_DAY - before_its_ceiling_s * NS_PER_S
    oracle = PastOracle(CityTier([]), SimpleNamespace(now_ns=lambda: now_ns), 29, 30)
    camera = CameraId("cam-0001")
    oracle.keep(Kept(camera, epoch_ns + 55 * NS_PER_S, epoch_ns + 5 * NS_PER_MINUTE, is_lock=False))
    oracle.destroyed(camera, epoch_ns, epoch_ns + NS_PER_MINUTE)
    assert {judgement.name: judgement.violations for judgement in oracle.judge()}["held_is_kept"] == unkept


def test_a_past_of_some_communes_holds_for_them_and_leaves_the_others(tmp_path) -> None:
    text = CITIES["past"].read_text(encoding="utf-8")
    path = tmp_path / "part.yaml"
    path.write_text(text.replace("asks: 60/h}", "asks: 60/h, communes: [Valmandrin, Courtavelle]}"), encoding="utf-8")
    result = run_scenario(read_scenario(path), 11)
    assert result.failure is None
    assert {j.name: j.details for j in result.invariants if j.violations} == {}
    assert 500 < result.counters["purge_files"] < 1_900
    assert result.counters["purge_recut"] > 0


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("asks: 60/h}", "asks: 60/h, communes: [Valmandrain]}", "Valmandrain"),
        ("asks: 60/h}", "asks: 60/h, communes: [Valmandrin]}", "keeps no footage of this commune"),
        ("past: {asks: 60/h}", "", "keeps no footage of this commune"),
    ],
)
def test_who_asks_for_footage_that_no_past_keeps_is_refused_in_the_file(tmp_path, before, after, why) -> None:
    text = CITIES["past"].read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "nothing.yaml"
    path.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(ScenarioRefused, match=why):
        read_scenario(path)


@pytest.mark.nightly
def test_without_waiting_for_the_round_what_was_just_held_would_be_destroyed(monkeypatch) -> None:
    """The defect that requisition_race found: between a round's decision and its deed the desk said yes."""
    race = read_scenario(SCENARIOS / "requisition_race.yaml")
    nobodys = property(lambda self: asyncio.Lock(), lambda self, lock: None)
    monkeypatch.setattr(Purge, "alone", nobodys, raising=False)
    result = run_scenario(race)
    assert [j.name for j in result.invariants if j.violations] == ["held_is_kept"]


def test_a_stretch_that_has_not_passed_is_refused_in_the_file(tmp_path) -> None:
    text = CITIES["past"].read_text(encoding="utf-8").replace("filmed: 20 min, lasts: 5", "filmed: 2 min, lasts: 5")
    path = tmp_path / "early.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioRefused, match="has not passed yet|n'est pas encore passé"):
        read_scenario(path)
