"""STA-1 to STA-3, COM-4 over HTTP: a commune reads its own counts, late, in figures of five or more."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from csu.statistics import Counters
from tests.centre.rooms.commune_city import ARS, METZ
from tests.centre.rooms.counted_city import BY, CountedCity
from tests.centre.rooms.test_commune_room import Clock
from tests.console.city_hall import Hall
from tests.console.test_communes_over_http import ask

READERS = ("csu_manager", f"commune_delegate:{METZ}", f"service_user:{METZ}", f"mayor:{METZ}", "inspector")
DAYS = 10


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    city = CountedCity(tmp_path_factory.mktemp("city"), Clock(), days=DAYS)
    city.enter()
    city.fill()
    city.hall = Hall(city.city, city.room)
    yield city
    city.close()


def period(city, days: int = 7) -> str:
    last = city.city.today - timedelta(days=1)
    return f"first={last - timedelta(days=days - 1)}&last={last}"


def get(city, path: str, person: str = "csu_manager"):
    return ask(city.hall, person, f"/api/statistics{path}")


def test_whoever_reads_figures_reads_those_of_his_commune(counted):
    for person in READERS:
        communes = get(counted, "", person).json()["communes"]
        alone = ":" in person
        assert [each["commune"] for each in communes] == ([METZ] if alone else [ARS, METZ])
        told = get(counted, f"/{METZ}/profile?kind=traffic&{period(counted)}", person)
        assert told.status_code == 200
        other = get(counted, f"/{ARS}/profile?kind=traffic&{period(counted)}", person)
        nowhere = get(counted, f"/nulle-part/profile?kind=traffic&{period(counted)}", person)
        assert other.status_code == (403 if alone else 200)
        assert nowhere.status_code == (403 if alone else 404)
        if alone:
            assert other.text == nowhere.text


def test_a_profile_has_hours_days_and_the_week_before(counted):
    told = get(counted, f"/{METZ}/profile?kind=traffic&{period(counted)}").json()
    assert [(each["counted"], each["is_forward"]) for each in told["series"]] == [
        ("car", True), ("car", False), ("truck", True), ("truck", False),
    ]  # fmt: skip
    total = [hour["mean"] for hour in told["total"]]
    assert max(total) == total[17]
    assert total[8] > total[13] > total[3]
    assert len(told["days"]) == 7
    lost = told["days"][-3]
    assert lost["told_share"] < 0.85
    assert {day["told_share"] for day in told["days"] if day != lost} == {1.0}
    assert told["change"]["share"] is not None


def test_a_day_shows_what_is_withheld_and_where_nobody_looked(counted):
    day = counted.city.today - timedelta(days=3)
    told = get(counted, f"/{METZ}/day?counter=serpenoise&day={day}").json()
    kinds = {figure["told"] for series in told["series"] for figure in series["figures"]}
    assert kinds == {"count", "gap", "small"}
    assert all(
        figure["count"] is None if figure["told"] != "count" else figure["count"] == 0 or figure["count"] >= 5
        for series in told["series"]
        for figure in series["figures"]
    )


@pytest.mark.requirement("STA-3")
def test_a_bin_is_deposits_and_hours_and_has_no_picture_person_or_alarm(counted):
    told = get(counted, f"/{METZ}/profile?kind=bin&{period(counted, 10)}").json()
    (one,) = told["bins"]
    assert one["collections"]
    assert all(7 <= each["hour"] < 22 and each["why"]["fr"] for each in one["collections"])
    counters = str([each for each in get(counted, f"/{METZ}/counters").json()["counters"] if each["kind"] == "bin"])
    words = ("image", "picture", "camera", "cam-0", "person", "alarm", "track")
    assert not [word for word in words if word in str(told) + counters]
    assert {each["counted"] for each in told["series"]} == {"deposit"}
    assert all(len(each) == 4 for each in told["series"])


def test_both_files_hold_the_same_told_figures_and_nothing_of_another_commune(counted):
    as_csv = get(counted, f"/{METZ}/counts.csv?{period(counted)}")
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(as_csv.content.decode("utf-8-sig")), delimiter=";"))
    assert {row["commune"] for row in rows} == {METZ}
    assert {row["valeur"] for row in rows} == {"compte", "moins_de_5", "lacune"}
    assert all(row["nombre"] == "" or int(row["nombre"]) == 0 or int(row["nombre"]) >= 5 for row in rows)
    table = pq.read_table(io.BytesIO(get(counted, f"/{METZ}/counts.parquet?{period(counted)}").content))
    assert [row["nombre"] for row in rows] == ["" if n is None else str(n) for n in table["nombre"].to_pylist()]
    only = get(counted, f"/{METZ}/counts.csv?kind=bin&{period(counted)}").text
    assert "pave-regates" in only
    assert "serpenoise" not in only


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/{metz}/profile?kind=traffic&first=2020-01-01&last=2020-01-02", "period_refused"),
        ("/{metz}/profile?kind=traffic&first={today}&last={yesterday}", "period_refused"),
        ("/{metz}/profile?kind=traffic&counter=pont-ars&{period}", "counter_unknown"),
        ("/{metz}/day?counter=pont-ars&day={yesterday}", "counter_unknown"),
        ("/{metz}/profile?kind=faces&{period}", "request_invalid"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(counted, path, code):
    today = counted.city.today
    names = {"metz": METZ, "today": today, "yesterday": today - timedelta(days=1), "period": period(counted)}
    assert get(counted, path.format(**names)).json()["code"] == code


def test_a_counter_that_may_not_count_says_why(counted):
    before = counted.ledger.state
    stopped = replace(counted.line, ends_on=counted.city.today)
    counted.ledger.enter(Counters((stopped,)), **BY, at_ns=counted.clock.now_ns())
    (told,) = get(counted, f"/{METZ}/counters").json()["counters"]
    assert not told["counts"]
    assert str(counted.city.today) in told["why"]["fr"]
    counted.ledger.enter(before, **BY, at_ns=counted.clock.now_ns())
