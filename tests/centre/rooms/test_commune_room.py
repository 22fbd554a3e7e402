"""The figures of a running centre's communes: measured by the day, kept, added up, and each commune's alone (COM-4)."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from csu.centre.rooms.commune_room import AGAIN_AFTER_NS, LOOK_EVERY_S, SETTLED_DAYS
from csu.hal.alarms import AlarmKind
from csu.hal.words import Language
from csu.operations.commune_month import Month, centre_figures, figures_by_commune, published
from csu.operations.communes_desk import NO_FILE
from csu.recording.errors import CatalogueError
from tests.centre.rooms.commune_city import ARS, HOUR_NS, METZ, City

NOON_NS = round(datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Europe/Paris")).timestamp()) * 1_000_000_000
NOVEMBER = Month(2026, 11)


class Clock:
    """It stands still until it is moved."""

    def __init__(self) -> None:
        self.at_ns = NOON_NS

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


@pytest.fixture
def city(tmp_path):
    made = City(tmp_path, Clock())
    yield made
    made.close()


def look(city):
    asyncio.run(city.room.look())


def month(city, asked=NOVEMBER):
    return asyncio.run(city.room.month(asked))


def test_before_anything_is_measured_the_month_says_so(city):
    told = month(city)
    assert (told.days, told.days_due) == (0, 20)
    assert centre_figures(told.facts).availability.expected_ns == 0


def test_a_month_is_measured_and_each_camera_has_its_three_shares(city):
    """Yesterday: the first camera lost an hour, the second moved at noon, the last was never recorded."""
    look(city)
    told = month(city)
    assert (told.days, told.days_due) == (20, 20)
    first, second, _, *_, last = (told.facts.cameras[camera] for camera in city.cameras)
    whole_ns = first.expected_ns
    assert 19 * 24 * HOUR_NS + 11 * HOUR_NS < whole_ns < 19 * 24 * HOUR_NS + 12 * HOUR_NS
    assert (first.recorded_ns, first.received_ns) == (whole_ns - HOUR_NS, whole_ns - HOUR_NS)
    assert second.viewed_ns == 18 * 24 * HOUR_NS + 12 * HOUR_NS
    assert (second.recorded_ns, first.viewed_ns) == (whole_ns, whole_ns)
    assert (last.recorded_ns, last.received_ns) == (0, 0)


def test_settled_days_are_looked_through_once_and_the_others_again(city):
    look(city)
    assert city.catalogue.asked == 41  # from the day it began
    look(city)
    assert city.catalogue.asked == 41 + 1  # today
    city.room._home.clock.at_ns += AGAIN_AFTER_NS
    look(city)
    assert city.catalogue.asked == 42 + SETTLED_DAYS
    assert city.store.days() == {city.today - timedelta(days=days) for days in range(SETTLED_DAYS, 41)}


def test_the_centre_and_its_communes_add_up_from_real_alarms_and_acts(city):
    city.ring(METZ, AlarmKind.INTRUSION, 7, confirmed=2)
    city.ring(METZ, AlarmKind.FIRE, 2)
    city.ring(ARS, AlarmKind.INTRUSION, 5, confirmed=5)
    look(city)
    told = month(city)
    figures = figures_by_commune(told.facts)
    assert (figures[METZ] + figures[ARS]) == centre_figures(told.facts)
    assert (figures[METZ].raised, figures[METZ].confirmed) == ({AlarmKind.INTRUSION: 7, AlarmKind.FIRE: 2}, 2)
    assert (figures[METZ].requisitions, figures[ARS].requisitions) == (6, 0)
    assert (figures[ARS].raised, figures[ARS].confirmed) == ({AlarmKind.INTRUSION: 5}, 5)
    shown = published(figures[METZ])
    assert (shown.raised, shown.alarms, shown.confirmed) == ({AlarmKind.INTRUSION: 7, AlarmKind.FIRE: None}, None, None)
    assert month(city, Month(2026, 10)).facts.alarms == []


def test_nothing_is_expected_of_a_centre_before_it_began(tmp_path):
    young = City(tmp_path, Clock(), days=1)
    look(young)
    told = month(young)
    assert (told.days, told.days_due) == (2, 2)
    assert young.room.months() == [NOVEMBER]
    assert told.facts.cameras[young.cameras[2]].expected_ns < 36 * HOUR_NS
    young.close()


@pytest.mark.requirement("COM-4")
def test_costs_are_shared_by_the_file_and_a_file_that_is_wrong_is_told(city):
    assert asyncio.run(city.room.costs()).trouble == NO_FILE
    path = city.path / "communes.yaml"
    text = (
        "centre: C\ndpo: {name: D, contact: d@exemple.fr}\ncosts: {year: 2026, amount: 100 EUR, key: cameras}\n"
        "communes:\n  metz: {name: Metz, controller: Maire, contact: m}\n"
        "  ars: {name: Ars, controller: Maire, contact: m}\n"
    )
    path.write_text(text, encoding="utf-8")
    costs = asyncio.run(city.room.costs())
    assert {commune: share.cents for commune, share in costs.shares.items()} == {METZ: 5000, ARS: 5000}
    assert city.room.name(METZ) == "Metz"
    path.write_text(text.replace("100 EUR", "much, really"), encoding="utf-8")
    broken = asyncio.run(city.room.costs())
    assert (broken.shares, bool(broken.trouble), len(city.told)) == ({}, True, 1)
    assert city.room.name(METZ) == METZ


def test_what_cannot_be_measured_is_told_once_and_tried_again(city, monkeypatch):
    real, broken = city.catalogue.accounts, [True]

    def accounts(*asked):
        if broken[0]:
            raise CatalogueError(NO_FILE, where="catalogue", what_to_do=NO_FILE)
        return real(*asked)

    async def ticks(seconds):
        assert seconds == LOOK_EVERY_S[0]  # the clock of this test stands still
        if len(city.told) and city.catalogue.asked:
            raise asyncio.CancelledError
        broken[0] = not turns.pop() if turns else False

    turns = [False, False]
    monkeypatch.setattr(city.catalogue, "accounts", accounts)
    monkeypatch.setattr(asyncio, "sleep", ticks)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(city.room.run())
    assert len(city.told) == 1
    assert month(city).days == 20


def test_the_public_page_tells_what_the_law_wants_and_nothing_that_moves(city):
    page = asyncio.run(city.room.page(METZ, Language.FRENCH))
    for told in ("Responsable du traitement", "2026-DCAT-BEPE-101", "P-12", "Vos droits", "30 jours", "CV-2026-7"):
        assert told in page, told
    assert "incomplète" in page  # nobody wrote who answers for it
    for moving in ("cam-0001", "en direct</", "perdue", "disponib", "LIVE", "x_m"):
        assert moving not in page, moving
    english = asyncio.run(city.room.page(ARS, Language.ENGLISH))
    assert "Your rights" in english
    assert "2026-DCAT-BEPE-101" in english
    assert "P-12" not in english


def test_a_name_is_text_on_the_public_page(city):
    (city.path / "communes.yaml").write_text(
        "centre: C\ndpo: {name: D, contact: d}\ncommunes:\n"
        "  metz: {name: '<script>alert(1)</script>', controller: Maire, contact: m}\n",
        encoding="utf-8",
    )
    page = asyncio.run(city.room.page(METZ, Language.FRENCH))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_papers_of_a_commune_hold_its_own_cameras_only(city):
    papers = asyncio.run(city.room.papers(ARS))
    assert {each.camera for each in papers.cameras} == set(city.cameras[1::2])
    moved = papers.cameras[0]
    assert (moved.order, moved.retention_days, moved.mask_version) == ("2026-DCAT-BEPE-101", 30, 0)
    assert moved.ends_on == date(moved.ordered_on.year + 5, moved.ordered_on.month, moved.ordered_on.day)
    assert not any(each.why_not for each in papers.cameras)
    assert asyncio.run(city.room.papers(METZ)).cameras[0].signs == ("P-12",)
