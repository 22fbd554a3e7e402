"""What is kept of signals, and how well each type does (VSA-8)."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from csu.detection.signals import (
    KEPT_DAYS,
    OUTCOME_WORDS,
    Dismissal,
    Qualification,
    SignalId,
    SignalNotKept,
    SignalOutcome,
    SignalStore,
    Unjudged,
    is_day,
    outcome_named,
    outcome_of,
    performances,
    sun_elevation_deg,
)
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S
from tests.detection.signals.said import NOW_NS, desk, raised, said

METZ = 49.12, 6.18
COLUMNS = [
    "signal", "camera", "type", "zone", "minute_ns", "outcome", "judged_by", "model", "rule_version", "prefect_order",
]  # fmt: skip


def outcome(
    number, of=Qualification.CONFIRMED, type_=EventType.WRONG_WAY, camera="cam-0001", minute=0
) -> SignalOutcome:
    by = "" if isinstance(of, Unjudged) else "b.weber"
    minute_ns = NOW_NS + minute * NS_PER_MINUTE
    version = f"{type_}/1"
    signal = SignalId(f"signal-{number}")
    return SignalOutcome(signal, CameraId(camera), type_, "z", minute_ns, of, by, "a" * 64, version, "2026-VSA-12")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "signals" / "signals.sqlite"


def test_the_last_word_on_a_signal_is_kept_and_read_again(path):
    store = SignalStore(path)
    store.save([outcome(1, Unjudged.WAITING), outcome(2, Unjudged.WAITING)], NOW_NS)
    store.save([outcome(1, Dismissal.ANIMAL)], NOW_NS)
    store.close()
    again = SignalStore(path)
    assert again.outcomes(NOW_NS, NOW_NS + 1) == [outcome(1, Dismissal.ANIMAL), outcome(2, Unjudged.WAITING)]
    assert again.outcomes(NOW_NS + 1, NOW_NS + NS_PER_DAY) == []
    again.close()


def test_a_centre_that_dies_leaves_what_was_shown_as_waiting(path):
    """The row is written when the signal is raised; memory is lost, the record is not."""
    store = SignalStore(path)
    [event] = raised(desk(), said())
    store.save([outcome_of(event)], NOW_NS)
    store.close()
    [kept] = SignalStore(path).outcomes(0, 2 * NOW_NS)
    assert kept.outcome is Unjudged.WAITING


def test_nothing_is_kept_beyond_its_time(path):
    store = SignalStore(path)
    store.save([outcome(1), outcome(2, minute=1)], NOW_NS)
    store.save([], NOW_NS + KEPT_DAYS * NS_PER_DAY + NS_PER_S)
    assert [each.signal for each in store.outcomes(0, 2 * NOW_NS)] == ["signal-2"]
    store.forget(NOW_NS + KEPT_DAYS * NS_PER_DAY + 2 * NS_PER_MINUTE)
    assert store.outcomes(0, 2 * NOW_NS) == []
    store.close()


def test_the_file_has_one_table_of_ten_columns_and_no_box_in_it(path):
    store = SignalStore(path)
    of = desk()
    [event] = raised(of, said())
    store.save([outcome_of(event)], NOW_NS)
    store.save([outcome_of(of.qualify(event.signal.signal, "b.weber", Qualification.CONFIRMED, NOW_NS))], NOW_NS)
    store.close()
    with sqlite3.connect(path) as file:
        tables = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert tables == ["signal_outcome"]
        assert [row[1] for row in file.execute("PRAGMA table_info(signal_outcome)")] == COLUMNS
        assert list(file.execute("PRAGMA foreign_key_list(signal_outcome)")) == []
        [row] = file.execute("SELECT * FROM signal_outcome")
    assert "0.123" not in str(row)


def test_what_cannot_be_written_is_told_and_nothing_of_it_is_kept(path):
    store = SignalStore(path)
    broken = replace(outcome(2), camera=None)
    with pytest.raises(SignalNotKept) as refusal:
        store.save([outcome(1), broken], NOW_NS)
    assert "signal-1" in refusal.value.trouble.where
    assert store.outcomes(0, 2 * NOW_NS) == []
    with pytest.raises(ValueError, match="loitering"):
        store.save([replace(outcome(3), type="loitering")], NOW_NS)
    store.close()


def test_a_file_of_a_newer_csu_is_left_alone(path):
    SignalStore(path).close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 9")
    with pytest.raises(SignalNotKept):
        SignalStore(path)


def test_every_outcome_has_a_name_of_its_own_and_words():
    everything = [*Qualification, *Dismissal, *Unjudged]
    assert len({each.value for each in everything}) == len(everything) == len(OUTCOME_WORDS)
    for each in everything:
        assert outcome_named(each.value) is each
        assert each.words.fr
        assert each.words.en
    with pytest.raises(ValueError, match="no outcome"):
        outcome_named("a tall man")


def test_a_report_counts_by_type_camera_and_light_what_people_said():
    night = 12 * 60
    given = [
        *(outcome(index) for index in range(3)),
        outcome(3, Qualification.DOUBT),
        outcome(4, Dismissal.REFLECTION),
        outcome(5, Unjudged.EXPIRED),
        outcome(6, Dismissal.LIGHT, minute=night),
        outcome(7, type_=EventType.ABANDONED_OBJECT),
        outcome(8, Unjudged.WAITING, camera="cam-0002"),
    ]
    report = performances(given, lambda camera, at_ns: is_day(at_ns, *METZ))
    assert [(line.type, line.camera, line.is_day) for line in report] == [
        (EventType.ABANDONED_OBJECT, "cam-0001", True),
        (EventType.WRONG_WAY, "cam-0001", True),
        (EventType.WRONG_WAY, "cam-0001", False),
        (EventType.WRONG_WAY, "cam-0002", True),
    ]
    line = report[1]
    assert (line.signals, line.qualified, line.confirmed, line.doubtful, line.dismissals, line.unjudged) == (
        6, 4, 3, 1, 1, 1,
    )  # fmt: skip
    assert line.precision == 3 / 4
    assert line.dismissed == ((Dismissal.REFLECTION, 1),)
    assert (line.models, line.rule_versions) == (("a" * 64,), ("wrong_way/1",))
    assert report[2].precision == 0.0
    assert report[3].precision is None
    assert sum(each.signals for each in report) == len(given)


@pytest.mark.parametrize(
    ("at_s", "elevation_deg"),
    [
        (NOW_NS // NS_PER_S, 18.6),  # 2026-11-30 12:00 UTC, Metz
        (1_781_956_800, 63.9),  # 2026-06-20 12:00 UTC
    ],
)
def test_the_sun_stands_where_it_does(at_s, elevation_deg):
    assert sun_elevation_deg(at_s * NS_PER_S, *METZ) == pytest.approx(elevation_deg, abs=0.5)


def test_day_begins_and_ends_at_the_hours_of_metz():
    """2026-11-30: the sun rises at 7:00 UTC and sets at 15:38 UTC."""
    midnight_ns = NOW_NS - 12 * 3600 * NS_PER_S
    light = [is_day(midnight_ns + minute * NS_PER_MINUTE, *METZ) for minute in range(24 * 60)]
    assert light.index(True) == pytest.approx(7 * 60, abs=12)
    assert 24 * 60 - light[::-1].index(True) == pytest.approx(15 * 60 + 38, abs=12)
