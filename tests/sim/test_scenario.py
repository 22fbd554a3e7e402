"""Scenario files: every mistake is a line that says where it is and what would be right; nothing else gets through."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.clock import NS_PER_MINUTE, NS_PER_S
from csu.hal.errors import BadInput
from csu.notation.quantities import BadQuantity, DurationRange, Rate, count, duration_ns, rate
from sim.city import build_city, spread
from sim.communes import COMMUNES
from sim.dictionary import FAULTS, STORY
from sim.draws import arrivals, duration_within
from sim.intervals import difference, length_ns, union
from sim.ports import SeededChance
from sim.quantities import instant
from sim.scenario_file import ScenarioRefused, read_scenario, scenario_schema
from sim.story import tell_story
from tests.sim.conftest import SMALL_CITY

ROOT = Path(__file__).resolve().parents[2]
FIRST_CITY = ROOT / "scenarios" / "first_city.yaml"

# (before, after), the text whose line and column are named ("": the changed text), and what is said.
MISTAKES = [
    (("  cameras: 60", "  camras: 60"), "camras", "clé inconnue 'camras' (vouliez-vous dire 'cameras' ?)"),
    (("title: Petite ville", "titel: x"), "titel", "vouliez-vous dire 'title'"),
    (("title: Petite ville", "title:"), "", "title est vide"),
    (("lasts: 6 min}\nmedia", "last: 6 min}\nmedia"), "last:", "clé inconnue 'last'"),
    (("duration: 50 min\n", ""), "title", "clé manquante 'duration'"),
    (("rate: 40/h, lasts: 5 s", "rate: 40, lasts: 5 s"), "40, lasts", "n'est pas une fréquence"),
    (("lasts: 5 s .. 12 min", "lasts: 5 .. 12"), "5 .. 12", "n'est pas une durée"),
    (("lasts: 5 s .. 12 min", "lasts: 12 min .. 5 s"), "12 min .. 5 s", "n'est pas un intervalle"),
    (("lasts: 5 s .. 12 min", 'lasts: "1,500 s"'), '"1,500 s"', "se lit de deux façons : écrivez 1500 ou 1.500"),
    (("kind: disk_trouble", "kind: disk_troubel"), "disk_troubel", "vouliez-vous dire 'disk_trouble'"),
    (("{kind: disk_trouble, ", "{"), "{rate: 2/h, lasts: 10 s", "clé manquante 'kind'"),
    (("microphones: 1", "microphones: un"), "un", "n'est pas un nombre entier"),
    (("communes: 4", "communes: 400"), "400", "au plus 46"),
    (("cameras: 60", "cameras: 3"), "3", "ne tiennent pas"),
    (("commune: Saint-Ombrin", "commune: Saint-Ombrun"), "Saint-Ombrun", "(vouliez-vous dire 'Saint-Ombrin' ?)"),
    (("camera: 2,", "camera: 2000,"), "2000", "n'a que"),
    (("at: +33 min", "at: +44 min"), "+44 min", "calme final"),
    (("at: +33 min", "at: 25:00"), "25:00", "n'est pas un instant"),
    (("at: +33 min", "at: J+0 11:00"), "J+0 11:00", "n'est pas dans la simulation"),
    (
        ("at: +33 min", "after: aquits"),
        "aquits",
        "aucun événement ne s'appelle 'aquits' (vouliez-vous dire 'acquits' ?)",
    ),
    (("at: +33 min", "at: panne + 1 min"), "panne + 1 min", "attend lui-même"),
    (("at: +33 min", "at: +33 min, after: lien"), "{name: panne", "soit un instant"),
    (("name: panne", "name: lien"), "lien, at: +33", "deux événements s'appellent 'lien'"),
    (("name: panne", "name: 2e panne"), "2e panne", "n'est pas un nom"),
    (("quiet: 8 min", "quiet: 50 min"), "50 min\n$", "plus court que la durée"),
    (("duration: 50 min", "duration: 60 d"), "60 d", "au plus"),
    (("lasts: 1 min .. 5 min, clock_error: 300 ms .. 4 s", "lasts: 1 min"), "{kind: camera_clock", "'clock_error'"),
    (("seed: 7", "seed: 7\nseed: 8"), "seed: 8", "écrite deux fois"),
    (("seed: 7", "seed: -7"), "-7", "n'est pas un nombre entier"),
    (("start: 2026-11-23 12:00", "start: demain"), "demain", "n'est pas une date"),
    (("city:", "city: ["), ": 60", "ce n'est pas du YAML"),
    (("title: Petite ville", "title: &a x\nproves: *a"), "*a", "les renvois YAML"),
    (("title: Petite ville", "title: !!python/object:os.system x"), "!!python", "les types YAML"),
    (("title: Petite ville", "? [a]\n: x\ntitle: x"), "[a]", "une clé est un mot"),
    (("at_least: 50 %", "at_least: 0.5"), "0.5", "n'est pas une part"),
    (("at_least: 50 %", "at_lest: 50 %"), "at_lest", "clé inconnue 'at_lest'"),
    (("finally: coverage", "finally: covrage"), "covrage", "vouliez-vous dire 'coverage'"),
    (
        ("sometimes: alarm.escalated", "sometimes: alarm.esclated"),
        "alarm.esclated",
        "vouliez-vous dire 'alarm.escalated'",
    ),
    (("sometimes: alarm.escalated", "always: alarm.escalated"), "{always", "une attente commence par whenever"),
    (("during: silence", "during: silense"), "silense", "vouliez-vous dire 'silence'"),
    (("during: silence", "where: {camera: xyz}"), "xyz", "le champ 'camera' est inconnu"),
    (("during: silence", "where: {commune: Metz}"), "Metz", "la commune 'Metz' est inconnu"),
    (
        ("{sometimes: alarm.escalated}", "{never: alarm.raised, where: {kind: intrussion}}"),
        "intrussion",
        "vouliez-vous dire 'intrusion'",
    ),
    (
        ("then: [alarm.acknowledged, alarm.escalated]", "then: node.up"),
        "node.up",
        "node.up ne dit pas 'alarm' : dites par same",
    ),
    (("bit_rate: 2 Mbit/s", "bit_rate: 2"), "2\n", "n'est pas un débit"),
    (("point: alarms.save", "point: alarms.sav"), "alarms.sav,", "Valeurs possibles : catalogue.write, alarms.save"),
    (("alarms: 60/h", "alarms: 999999/s"), "999999/s", "plus de 200000"),
    (("cameras: 60", "cameras: $cameras"), "$cameras", "ce scénario n'a pas de parameters"),
    (("seed: 7", "seed: 7\nparameters:\n  lost: {default: 2}"), "{default: 2}", "rien ne se sert du paramètre 'lost'"),
    (("seed: 7", "seed: 7\nparameters:\n  a: {default: 2, sweep: 5 s .. 9 min}"), "5 s .. 9 min", "en une unité"),
    (("story:\n", "story: rien\nold:\n"), "rien", "il faut une liste"),
    (("city:\n", "city: Metz\nold:\n"), "Metz", "il faut une liste de clés"),
    (("at: 12:10, lasts", "at: 11:10, lasts"), "11:10", "n'est pas dans la simulation"),
]


def troubles(path: Path) -> list[str]:
    with pytest.raises(ScenarioRefused) as caught:
        read_scenario(path)
    told = [trouble.words for trouble in caught.value.troubles]
    assert all(words.fr != words.en for words in told), "both languages"
    assert all("\n" not in words.fr for words in told)
    return [words.fr for words in told]


@pytest.mark.parametrize(("change", "at", "words"), MISTAKES, ids=[words for _, _, words in MISTAKES])
def test_a_mistake_is_told_with_its_line_and_column(small_city, change, at: str, words: str) -> None:
    path = small_city(change)
    text = path.read_text(encoding="utf-8")
    if at.endswith("$"):  # the last of several
        index = text.rindex(at[:-1])
    else:
        begins = max(0, text.index(change[1].split("\n")[0]) if at == "" or not change[1] else 0)
        index = text.index(at or change[1], begins)
        if change[1] and at and at in change[1]:
            index = text.index(change[1]) + change[1].index(at)
    line, column = text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)
    told = troubles(path)
    assert any(words in one and one.startswith(f"{path}:{line}:") for one in told), told
    if at:
        assert any(words in one and one.startswith(f"{path}:{line}:{column} : ") for one in told), (column, told)


def test_all_mistakes_are_told_at_once_from_the_top(small_city) -> None:
    path = small_city(
        ("cameras: 60", "camras: 60"),
        ("lasts: 6 min}\nmedia", "lasts: 6}\nmedia"),
        ("commune: Courtavelle", "commune: Metz"),
        ("kind: police_silent", "kind: police_silence"),
        ("rate: 2/h", "rate: 2"),
        ("finally: coverage", "finally: covrage"),
        ("quiet: 8 min", "quiet: 90 min"),
    )
    told = troubles(path)
    lines = [int(re.match(rf"{re.escape(str(path))}:(\d+):\d+ : ", one)[1]) for one in told]
    assert lines == sorted(lines)
    for words in ("camras", "'6'", "police_silence", "'2'", "covrage", "plus court que la durée"):
        assert sum(words in one for one in told) == 1, (words, told)


def test_what_is_no_scenario_at_all_is_told(tmp_path: Path) -> None:
    for name, content in (
        ("list.yaml", b"- a\n- b\n"),
        ("empty.yaml", b""),
        ("bytes.yaml", b"\xff\xfe\x00"),
        ("two.yaml", b"title: a\n---\ntitle: b\n"),
        ("deep.yaml", b"title: " + b"[" * 5_000),
        ("deeper.yaml", b"title: " + b"{a: " * 900),
        ("escape.yaml", b'title: "\\UFFFFFFFF"\n'),
        ("half.yaml", b'title: "\\uD800"\n"\\uD800\\a": 1\n'),
        ("huge.yaml", b"seed: " + b"9" * 5_000),
        ("long.yaml", b"title: x\nseed: " + b"a" * 100_000),
        ("merge.yaml", b"<<: {title: x}\n"),
    ):
        (tmp_path / name).write_bytes(content)
        assert all(one.startswith(f"{tmp_path / name}:") and len(one) < 1_000 for one in troubles(tmp_path / name)), (
            name
        )
    (tmp_path / "large.yaml").write_bytes(b"#" * 300_000)
    for unread in (tmp_path / "none.yaml", tmp_path, tmp_path / "large.yaml"):
        with pytest.raises(BadInput, match="cannot be read|larger than"):
            read_scenario(unread)


def _lines() -> list[str]:
    return SMALL_CITY.splitlines(keepends=True)


pieces = st.sampled_from(
    [
        *"[]{}:,&*!|>%@`'\"#-?\t\0",
        "\n",
        "  ",
        "- ",
        "$x",
        "..",
        "+",
        "é",
        "\ud800".encode("utf-8", "replace").decode(),
        "9" * 40,
    ]
)
words = st.sampled_from(
    [*STORY.models, *FAULTS.models, "whenever", "never", "finally", "kind", "at", "12 d", "1,300", "null"]
)
scalars = st.one_of(st.text(max_size=12), words, st.integers().map(str), st.none(), st.booleans())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(scalars, inner, max_size=3)),
    max_leaves=6,
)
TOP = [
    "title",
    "proves",
    "seed",
    "start",
    "duration",
    "city",
    "people",
    "media",
    "story",
    "faults",
    "expect",
    "options",
    "past",
]


def refused_or_read(path: Path) -> None:
    """Never another error, always with the file's own line; and what is read can be laid on the clock."""
    try:
        scenario = read_scenario(path).scenario
    except ScenarioRefused as refused:
        lines = path.read_bytes().count(b"\n") + 2
        for trouble in refused.troubles:
            found = re.fullmatch(rf"{re.escape(str(path))}:(\d+):(\d+)", trouble.where)
            assert found is not None
            assert 1 <= int(found[1]) <= lines
            trouble.words.fr.encode()
    else:
        tell_story(scenario)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_scenario_torn_to_pieces_is_refused_and_never_crashes(data: st.DataObject, tmp_path_factory) -> None:
    lines = _lines()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        line = lines[index]
        at = data.draw(st.integers(0, len(line)))
        how = data.draw(st.sampled_from(["cut", "drop", "put", "word", "twice", "swap"]))
        if how == "cut":
            lines[index] = line[:at]
        elif how == "drop":
            lines[index] = ""
        elif how == "put":
            lines[index] = line[:at] + data.draw(pieces) + line[at:]
        elif how == "word":
            lines[index] = line[:at] + data.draw(st.text(max_size=5)) + line[at:]
        elif how == "twice":
            lines[index] = line + line
        else:
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[index], lines[other] = lines[other], line
    path = tmp_path_factory.getbasetemp() / "torn.yaml"
    path.write_bytes("".join(lines).encode("utf-8", "surrogateescape"))
    refused_or_read(path)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([*TOP, "parameters"]), values, min_size=1))
def test_values_of_any_shape_anywhere_are_refused_and_never_crash(tmp_path_factory, given_values) -> None:
    whole = {**yaml.load(SMALL_CITY, Loader=yaml.BaseLoader), **given_values}
    path = tmp_path_factory.getbasetemp() / "shapes.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
    refused_or_read(path)


@given(st.binary(max_size=200))
def test_bytes_are_refused_and_never_crash(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioRefused):
        read_scenario(path)


# -- what is read right -----------------------------------------------------------------------------------------------


def test_quantities_say_their_unit_and_counts_may_be_grouped() -> None:
    assert [count(text) for text in ("1300", "1,300", "1 300", "1\u202f300")] == [1300] * 4
    assert duration_ns("1,5 h") == duration_ns("1.5 h") == 90 * NS_PER_MINUTE
    for wrong in ("1,30", "13,00", "1,,300", "-1", "1.3", ""):
        with pytest.raises(BadQuantity):
            count(wrong)
    for wrong in ("30", "s", "30 sec", "1,300 s", "-30 s", "30 s 5 s", "٣ s", "1e3 s"):
        with pytest.raises(BadQuantity):
            duration_ns(wrong)
    with pytest.raises(BadQuantity):
        rate("6 per hour")
    assert instant("J+2 14:40") == instant("D+2 14:40")


def test_the_story_is_told_relative_to_other_events(small_city) -> None:
    scenario = read_scenario(small_city()).scenario
    after_min = {h.name: (h.start_ns - scenario.epoch_ns) / NS_PER_MINUTE for h in tell_story(scenario)}
    assert after_min["acquits"] == 5
    assert after_min["lien"] == 15, "after: when what it follows has ended"
    assert after_min["story/2"] == 16, "at: so long after the beginning"
    starts = [happening.start_ns for happening in tell_story(scenario)]
    assert starts == sorted(starts)


def test_a_time_of_day_that_is_past_is_tomorrows(small_city) -> None:
    path = small_city(
        ("duration: 50 min", "duration: 40 h"), ("at: +33 min", "at: 11:00"), ("at: +25 min", "at: J+1 12:30")
    )
    scenario = read_scenario(path).scenario
    after_h = {h.spec.kind: (h.start_ns - scenario.epoch_ns) / NS_PER_MINUTE / 60 for h in tell_story(scenario)}
    assert (after_h["power_cut"], after_h["node_crash"]) == (23, 24.5)


def test_values_given_on_the_command_line_replace_parameters_and_keys() -> None:
    file = read_scenario(FIRST_CITY, {"cameras": "1,200", "people.operators": "2", "story.0.lasts": "5 min"})
    scenario = file.scenario
    assert (scenario.city.cameras, scenario.people.operators) == (1200, 2)
    assert scenario.story[0].length_ns == 5 * NS_PER_MINUTE
    with pytest.raises(BadInput, match="no such parameter"):
        read_scenario(FIRST_CITY, {"people.operatrs": "2"})
    with pytest.raises(ScenarioRefused):
        read_scenario(FIRST_CITY, {"cameras": "many"})


def test_a_parameter_is_drawn_within_its_range_and_the_same_for_the_same_seed() -> None:
    parameters = read_scenario(FIRST_CITY).parameters
    drawn = [parameters["cameras"].draw(SeededChance(str(seed))) for seed in range(60)]
    assert {int(value) for value in drawn} <= set(range(46, 81))
    assert len(set(drawn)) > 20
    assert drawn[0] == parameters["cameras"].draw(SeededChance("0"))
    assert parameters["alarms"].draw(SeededChance("1")).endswith("/h")


def test_the_schema_knows_every_word_and_says_the_units() -> None:
    schema = scenario_schema()
    json.dumps(schema)
    assert set(schema["properties"]) == {*TOP, "analysis", "authorisations", "doctrine", "parameters"}
    assert set(schema["required"]) == {"title", "start", "duration", "city", "expect"}
    for words_of in (STORY, FAULTS):
        for model in words_of.models.values():
            assert model.__name__ in schema["$defs"]
    assert schema["additionalProperties"] is False
    lasts = schema["$defs"]["PowerCutStory"]["properties"]["lasts"]
    assert re.search(lasts["pattern"], "30 s")
    assert not re.search(lasts["pattern"], "30")


@given(st.integers(1, 46), st.integers(1, 2000), st.integers(1, 64))
def test_cameras_are_spread_unevenly_and_completely(communes: int, cameras: int, most: int) -> None:
    if communes <= cameras <= communes * most:
        counts = spread(cameras, communes, most)
        assert sum(counts) == cameras
        assert counts == sorted(counts, reverse=True)
        assert all(1 <= count <= most for count in counts)


def test_the_first_city_is_46_uneven_communes_with_1300_numbered_cameras() -> None:
    scenario = read_scenario(FIRST_CITY).scenario
    city = build_city(scenario, SeededChance("1"))
    numbers = [camera.assignment.record.number for camera in city.cameras]
    assert (len(city.communes), numbers) == (46, list(range(1, 1301)))
    assert len({commune.node for commune in city.communes}) == 46
    assert len(city.communes[0].cameras) > 4 * len(city.communes[-1].cameras)
    quiet_ns = scenario.epoch_ns + scenario.duration - scenario.options.quiet
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
