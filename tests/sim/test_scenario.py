"""Scenario files: every mistake is one line that says where it is and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import BadInput
from sim.city import build_city, spread
from sim.communes import COMMUNES
from sim.faults import arrivals, duration_within
from sim.intervals import difference, length_ns, union
from sim.ports import SeededChance
from sim.quantities import DurationRange, Rate
from sim.scenario_file import read_scenario

MISTAKES = [
    (("  cameras: 60", "  camras: 60"), "", "clé inconnue 'camras'"),
    (("title: Petite ville", "titel: x"), "", "vouliez-vous dire 'title'"),
    (("lasts: 6 min}", "last: 6 min}"), "", "clé inconnue 'last'"),
    (("  coverage: 50 %\n", ""), "expect:", "clé manquante 'coverage'"),
    (("rate: 40/h, lasts: 5 s", "rate: 40, lasts: 5 s"), "", "n'est pas une fréquence"),
    (("lasts: 5 s .. 12 min", "lasts: 5 .. 12"), "", "n'est pas une durée"),
    (("lasts: 5 s .. 12 min", "lasts: 12 min .. 5 s"), "", "n'est pas un intervalle"),
    (("kind: disk_trouble", "kind: disque"), "", "'disque' est inconnu. Valeurs possibles : camera_lost"),
    (("microphones: 1", "microphones: un"), "", "n'est pas un nombre entier"),
    (("communes: 4", "communes: 400"), "", "au plus 46"),
    (("cameras: 60", "cameras: 3"), "", "ne tiennent pas"),
    (("commune: Saint-Ombrin", "commune: Metz"), "", "'Metz' n'est pas parmi les 4 communes"),
    (("at: +33 min", "at: +44 min"), "", "calme final"),
    (("at: +33 min", "at: 25:00"), "", "n'est pas un instant"),
    (("quiet: 8 min", "quiet: 50 min"), "", "plus court que la durée"),
    (("lasts: 1 min .. 5 min, clock_error: 300 ms .. 4 s", "lasts: 1 min"), "camera_clock", "va avec camera_clock"),
    (("seed: 7", "seed: 7\nseed: 8"), "seed: 8", "écrite deux fois"),
    (("seed: 7", "seed: -7"), "", "au moins 0"),
    (("starts: 2026-11-23 12:00", "starts: demain"), "", "n'est pas une date"),
    (("city:", "city: ["), "cameras:", "ce n'est pas du YAML"),
    (("coverage: 50 %", "coverage: 0.5"), "", "n'est pas une part"),
    (("bit_rate: 2 Mbit/s", "bit_rate: 2"), "", "n'est pas un débit"),
]


@pytest.mark.parametrize(("change", "at", "words"), MISTAKES, ids=[words for _, _, words in MISTAKES])
def test_a_mistake_is_told_with_its_line(small_city, change, at: str, words: str) -> None:
    """`at`: text of the line that must be named; the changed text when not given."""
    path = small_city(change)
    lines = path.read_text(encoding="utf-8").splitlines()
    line = 1 + next(index for index, text in enumerate(lines) if (at or change[1]) in text)
    with pytest.raises(BadInput) as caught:
        read_scenario(path)
    told = caught.value.trouble.words.fr
    assert words in told
    assert told.startswith(f"{path}:{line} : ")
    assert "\n" not in told
    assert str(caught.value) != told, "both languages"


def test_what_is_no_scenario_at_all_is_told(tmp_path: Path) -> None:
    for name, content in (
        ("list.yaml", b"- a\n- b\n"),
        ("alias.yaml", b"a: &x 1\nb: *x\n"),
        ("bytes.yaml", b"\xff\xfe\x00"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInput, match=name):
            read_scenario(tmp_path / name)
    for missing in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(BadInput, match="cannot be read"):
            read_scenario(missing)


def test_a_time_of_day_that_is_past_is_tomorrows(small_city) -> None:
    scenario = read_scenario(small_city(("duration: 50 min", "duration: 30 h"), ("at: +33 min", "at: 11:00"))).scenario
    assert scenario.story[-1].at.after(12 * 60 * NS_PER_MINUTE) == 23 * 60 * NS_PER_MINUTE


@given(st.integers(1, 46), st.integers(1, 2000), st.integers(1, 64))
def test_cameras_are_spread_unevenly_and_completely(communes: int, cameras: int, most: int) -> None:
    if communes <= cameras <= communes * most:
        counts = spread(cameras, communes, most)
        assert sum(counts) == cameras
        assert counts == sorted(counts, reverse=True)
        assert all(1 <= count <= most for count in counts)


def test_the_first_city_is_46_uneven_communes_with_1300_numbered_cameras() -> None:
    scenario = read_scenario(Path(__file__).resolve().parents[2] / "scenarios" / "first_city.yaml").scenario
    city = build_city(scenario, SeededChance("1"))
    numbers = [camera.assignment.record.number for camera in city.cameras]
    assert (len(city.communes), numbers) == (46, list(range(1, 1301)))
    assert len({commune.node for commune in city.communes}) == 46
    assert len(city.communes[0].cameras) > 4 * len(city.communes[-1].cameras)
    quiet_ns = scenario.epoch_ns + scenario.duration - scenario.quiet
    assert all(fault.end_ns <= quiet_ns for fault in city.faults)
    assert len(set(COMMUNES)) == 46


def test_chance_brings_as_many_faults_as_the_rate_says() -> None:
    day_s = 86_400
    counts = [len(list(arrivals(Rate(12 / 3600), day_s * NS_PER_S, SeededChance(str(seed))))) for seed in range(20)]
    assert 270 < sum(counts) / len(counts) < 306
    lengths = [duration_within(DurationRange(NS_PER_S, 100 * NS_PER_S), SeededChance(str(s))) for s in range(200)]
    assert all(NS_PER_S <= length <= 100 * NS_PER_S for length in lengths)
    assert 70 < sum(length < 10 * NS_PER_S for length in lengths) < 130


interval = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(interval), st.lists(interval))
def test_interval_arithmetic_is_that_of_sets(whole, taken) -> None:
    def instants(intervals):
        return {at for start, end in intervals for at in range(start, end)}

    assert instants(union(whole)) == instants(whole)
    assert instants(difference(whole, taken)) == instants(whole) - instants(taken)
    assert length_ns(union(whole)) == len(instants(whole))
