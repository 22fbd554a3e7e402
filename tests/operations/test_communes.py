"""A month by commune: it adds up, names nobody, and is paid for to the cent (COM-4)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.alarms import AlarmKind
from csu.hal.camera import CameraId, CommuneId
from csu.notation import FileRefused
from csu.operations import commune_month
from csu.operations.commune_month import (
    SMALL_BELOW,
    AlarmGroup,
    Month,
    MonthFacts,
    MonthFigures,
    centre_figures,
    figures_by_commune,
    published,
    suppressed,
)
from csu.operations.communes_file import read_communes
from csu.operations.cost_shares import CostKey, cost_shares
from csu.recording.availability import Availability

COMMUNES = [CommuneId(name) for name in ("ars", "metz", "woippy")]
CAMERAS = [CameraId(f"cam-{number}") for number in range(6)]

_parts = st.tuples(*[st.integers(0, 86_400)] * 3)
_availability = st.integers(0, 86_400).flatmap(
    lambda expected: _parts.map(lambda parts: Availability(expected, *(min(part, expected) for part in parts)))
)
_group = st.integers(0, 9).flatmap(
    lambda raised: st.builds(
        AlarmGroup,
        st.sampled_from(COMMUNES),
        st.sampled_from(AlarmKind),
        st.just(raised),
        st.integers(0, raised),
    )
)
FACTS = st.builds(
    MonthFacts,
    st.dictionaries(st.sampled_from(CAMERAS), _availability),
    st.dictionaries(st.sampled_from(CAMERAS), st.sampled_from(COMMUNES)),
    st.lists(_group, max_size=8),
    st.lists(st.frozensets(st.sampled_from(CAMERAS), max_size=4), max_size=5),
)


@given(facts=FACTS)
@settings(deadline=None, max_examples=60)
def test_the_sum_of_the_communes_is_the_centre(facts):
    """The centre's figures are counted from the facts: nothing is lost between communes, nothing counted twice."""
    assert sum(figures_by_commune(facts).values(), MonthFigures()) == centre_figures(facts)


@given(facts=FACTS)
@settings(deadline=None, max_examples=60)
def test_no_count_from_one_to_four_can_be_read_or_worked_out(facts):
    for exact in figures_by_commune(facts).values():
        told = published(exact)
        shown = [*told.raised.values(), told.alarms, told.confirmed, told.requisitions]
        assert all(count is None or count == 0 or count >= SMALL_BELOW for count in shown)
        if told.alarms is not None:  # what a sum and its parts leave is told, or none
            assert None not in told.raised.values()
            assert sum(filter(None, told.raised.values())) == told.alarms
            if told.confirmed is not None:
                assert not 0 < told.alarms - told.confirmed < SMALL_BELOW
        for kind, count in told.raised.items():
            assert count in (None, exact.raised[kind])


def test_the_month_of_a_commune_knows_nothing_of_the_others():
    ars, metz, _ = COMMUNES
    mine, other = Availability(10, 10, 10, 9), Availability(7, 0, 0, 0)
    alarms = (AlarmGroup(ars, AlarmKind.FIRE, 6, 6), AlarmGroup(metz, AlarmKind.FIRE, 50, 3))
    acts = (frozenset(CAMERAS[:2]), frozenset(CAMERAS[1:2]))
    whole = MonthFacts(
        {CAMERAS[0]: mine, CAMERAS[1]: other}, {CAMERAS[0]: ars, CAMERAS[1]: metz, CAMERAS[2]: ars}, alarms, acts
    )
    alone = MonthFacts({CAMERAS[0]: mine}, {CAMERAS[0]: ars}, alarms[:1], acts[:1])
    figures = figures_by_commune(whole)
    assert list(figures) == [ars, metz]
    assert figures[ars] == figures_by_commune(alone)[ars] == MonthFigures(1, mine, {AlarmKind.FIRE: 6}, 6, 1)


def test_months():
    november = Month.of(date(2026, 11, 30))
    assert (str(november), november.first, november.last) == ("2026-11", date(2026, 11, 1), date(2026, 11, 30))
    assert [str(november.before(count)) for count in (0, 10, 11, 23)] == ["2026-11", "2026-01", "2025-12", "2024-12"]


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("suppressed", lambda count: count),
        ("suppressed", lambda count: None if count == 1 else count),
        ("SMALL_BELOW", 3),
    ],
)
def test_a_planted_defect_is_found(monkeypatch, name, instead):
    monkeypatch.setattr(commune_month, name, instead)
    alarms = (AlarmGroup(COMMUNES[0], AlarmKind.FIRE, 3, 1),)
    facts = MonthFacts({CAMERAS[0]: Availability(5, 5, 5, 5)}, {CAMERAS[0]: COMMUNES[0]}, alarms)
    told = published(commune_month.centre_figures(facts))
    assert (told.raised, told.availability.recorded_ns) != ({AlarmKind.FIRE: None}, 5)


def test_small_counts():
    assert [suppressed(count) for count in (0, 1, 4, 5, 6)] == [0, None, None, 5, 6]


# -- costs ------------------------------------------------------------------------------------------------------------


@given(
    amount=st.integers(0, 10**12),
    weights=st.dictionaries(st.sampled_from(COMMUNES), st.integers(0, 10**6), min_size=1),
)
@settings(deadline=None, max_examples=60)
def test_shares_are_cents_and_make_the_amount(amount, weights):
    shares = cost_shares(amount, weights)
    total = sum(weights.values())
    assert [share.commune for share in shares] == sorted(weights)
    assert sum(share.cents for share in shares) == (amount if total else 0)
    for share in shares:
        exact = amount * share.weight / total if total else 0
        assert abs(share.cents - exact) < 1 + exact * 1e-12


def test_the_cent_that_is_left_goes_to_the_first_of_those_who_lost_most():
    shares = cost_shares(100, dict.fromkeys(COMMUNES, 1))
    assert [share.cents for share in shares] == [34, 33, 33]


# -- the file ---------------------------------------------------------------------------------------------------------

FILE = """\
centre: Eurométropole de Metz
dpo: {name: Déléguée à la protection des données, contact: dpd@exemple.fr}
costs: {year: 2026, amount: 1 250 000.50 EUR, key: inhabitants}
communes:
  metz: {name: Metz, controller: Maire de Metz, contact: mairie@exemple.fr, inhabitants: 120 874}
  ars: {name: Ars-sur-Moselle, controller: Maire d'Ars, contact: mairie@exemple.fr, inhabitants: 4 700}
"""


def test_a_file_of_communes_is_read(tmp_path):
    path = tmp_path / "communes.yaml"
    path.write_text(FILE, encoding="utf-8")
    said = read_communes(path)
    assert said.costs is not None
    assert (said.costs.amount, said.costs.key) == (125_000_050, CostKey.INHABITANTS)
    metz = said.of(CommuneId("metz"))
    assert metz is not None
    assert (metz.name, metz.inhabitants) == ("Metz", 120_874)
    assert said.of(CommuneId("woippy")) is None


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        ("1 250 000.50 EUR", "1 250 000", "3:29"),
        ("1 250 000.50 EUR", "1.2345 EUR", "3:29"),
        (", inhabitants: 4 700", "", "6:3"),
        ("key: inhabitants", "key: wealth", "3:52"),
        ("centre: Eurométropole de Metz\n", "", "1:1"),
    ],
)
def test_a_file_that_is_wrong_says_where(tmp_path, before, after, where):
    path = tmp_path / "communes.yaml"
    path.write_text(FILE.replace(before, after), encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        read_communes(path)
    assert refused.value.trouble.where == f"{path}:{where}"


def test_a_share_by_cameras_needs_no_inhabitants(tmp_path):
    path = tmp_path / "communes.yaml"
    path.write_text(FILE.replace("key: inhabitants", "key: cameras").replace(", inhabitants: 4 700", ""))
    assert read_communes(path).costs is not None
