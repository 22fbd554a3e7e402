"""COM-4, ACC-6 over HTTP: a commune reads its own, another's is refused like one that is not there; no picture."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from csu.console import communes
from csu.console.access import own_list
from csu.governance.journal_entry import JournalEntry, Outcome
from csu.hal.alarms import AlarmKind
from tests.centre.rooms.commune_city import ARS, METZ, City
from tests.centre.rooms.test_commune_room import Clock
from tests.console.city_hall import Hall

MONTH = "2026-11"
OF_A_COMMUNE = ("month/2026-11", "month/2026-11/cameras", "papers", "public", "transparency.css")


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    city = City(tmp_path_factory.mktemp("city"), Clock())
    city.ring(METZ, AlarmKind.INTRUSION, 7, confirmed=2)
    city.ring(METZ, AlarmKind.FIRE, 2)
    city.ring(ARS, AlarmKind.INTRUSION, 3)
    asyncio.run(city.room.look())
    yield Hall(city)
    city.close()


def ask(hall, person: str, path: str, method: str = "GET", body: object = None) -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(hall.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as client:
            return await client.request(method, path, json=body, headers={"x-person": person})

    return asyncio.run(run())


def entries(hall):
    found = [row.entry for row in hall.journal.rows if isinstance(row.entry, JournalEntry)]
    hall.journal.rows.clear()
    return found


@pytest.mark.requirement("COM-4")
def test_each_reads_its_own_and_the_whole_is_the_sum_of_the_communes(hall):
    whole = ask(hall, "csu_manager", f"/api/communes-month/{MONTH}").json()
    assert [line["commune"] for line in whole["communes"]] == [ARS, METZ]
    for figure in ("cameras", "recorded_hours"):
        assert sum(line["figures"][figure] for line in whole["communes"]) == pytest.approx(whole["total"][figure])
    expected = [line["figures"]["availability"]["expected_hours"] for line in whole["communes"]]
    assert sum(expected) == pytest.approx(whole["total"]["availability"]["expected_hours"])
    assert (whole["total"]["alarms"], whole["total"]["requisitions"]) == (12, 6)
    own = ask(hall, f"commune_delegate:{METZ}", f"/api/communes/{METZ}/month/{MONTH}").json()
    assert own["figures"] == next(line["figures"] for line in whole["communes"] if line["commune"] == METZ)
    assert own["figures"]["kinds"] == [{"kind": "fire", "count": None}, {"kind": "intrusion", "count": 7}]
    assert (own["figures"]["alarms"], own["figures"]["confirmed"], own["figures"]["requisitions"]) == (None, None, 6)
    assert (own["measured"]["days"], own["measured"]["days_due"]) == (20, 20)


@pytest.mark.requirement("COM-4")
@pytest.mark.parametrize("role", ["commune_delegate", "mayor", "service_user"])
@pytest.mark.parametrize("part", OF_A_COMMUNE)
def test_another_commune_is_refused_as_one_that_does_not_exist(hall, role, part):
    entries(hall)
    other, nowhere = (ask(hall, f"{role}:{METZ}", f"/api/communes/{name}/{part}") for name in (ARS, "atlantide"))
    assert other.status_code == nowhere.status_code == 403
    assert other.json() == nowhere.json()
    for entry in entries(hall):
        assert entry.outcome is Outcome.REFUSED
        assert ARS not in json.dumps([entry.subject, entry.reference, entry.case])


def test_a_door_that_forgets_whose_commune_it_is_would_be_found(hall, monkeypatch):
    monkeypatch.setattr(communes, "one_commune", own_list)
    careless = Hall(hall.city)
    assert ask(careless, f"mayor:{METZ}", f"/api/communes/{ARS}/month/{MONTH}").status_code == 200


@pytest.mark.requirement("COM-4")
def test_a_delegate_is_told_of_no_other_commune_anywhere(hall):
    delegate = f"commune_delegate:{METZ}"
    told = [ask(hall, delegate, "/api/communes"), ask(hall, delegate, f"/api/communes-month/{MONTH}")]
    told += [ask(hall, delegate, f"/api/communes/{METZ}/{part}") for part in OF_A_COMMUNE]
    assert [answer.status_code for answer in told] == [200, 403, 200, 200, 200, 200, 200]
    others = {camera for camera in hall.city.cameras if hall.city.commune_of(camera) == ARS}
    for answer in told:
        assert not [camera for camera in others if camera in answer.text]
        assert '"ars"' not in answer.text
    assert told[0].json()["communes"] == [{"commune": METZ, "name": METZ}]
    assert not told[0].json()["sees_all"]


@pytest.mark.requirement("COM-4")
def test_no_person_stands_in_what_a_commune_is_told(hall):
    """Who took an alarm, who asked for footage, who has an account: none of them."""
    for part in OF_A_COMMUNE:
        text = ask(hall, "csu_manager", f"/api/communes/{METZ}/{part}").text
        for person in ("l.weber", "Gymnase", "Anne Martin", "a.martin"):
            assert person not in text


def test_what_is_not_there_is_not_found(hall):
    manager = "csu_manager"
    assert ask(hall, manager, f"/api/communes/atlantide/month/{MONTH}").json()["code"] == "commune_unknown"
    for month in ("2026-09", "2031-01"):
        assert ask(hall, manager, f"/api/communes/{METZ}/month/{month}").json()["code"] == "month_unknown"
    for month in ("2026-13", "../../etc", "2026-1"):
        assert ask(hall, manager, f"/api/communes/{METZ}/month/{month}").status_code in (404, 422)


def test_the_least_recorded_camera_comes_first(hall):
    told = ask(hall, f"commune_delegate:{ARS}", f"/api/communes/{ARS}/month/{MONTH}/cameras").json()["cameras"]
    assert told[0]["camera"] == hall.city.cameras[-1]
    assert told[0]["availability"]["recorded"] == 0
    assert [each["availability"]["recorded"] for each in told[1:]] == [1, 1, 1]


def test_the_public_page_is_what_would_be_published_in_both_languages(hall):
    french = ask(hall, f"mayor:{METZ}", f"/api/communes/{METZ}/public")
    assert french.headers["content-type"].startswith("text/html")
    assert "Vidéoprotection" in french.text
    assert "<style" not in french.text
    english = ask(hall, f"mayor:{METZ}", f"/api/communes/{METZ}/public?lang=en")
    assert "Video protection" in english.text
    assert ask(hall, f"mayor:{METZ}", f"/api/communes/{METZ}/public?lang=de").status_code == 422


# -- administration ---------------------------------------------------------------------------------------------------


def test_the_inventory_is_for_three_roles_and_holds_no_picture(hall):
    for role in ("tech_admin", "csu_manager", "inspector"):
        told = ask(hall, role, "/api/inventory?most=3").json()
        assert (told["total"], len(told["cameras"])) == (8, 3)
        assert told["cameras"][0]["trouble"] >= told["cameras"][1]["trouble"]
        for path in ("/api/wall.png", "/api/wall"):
            assert ask(hall, role, path).status_code == 403
    for role in ("operator", "integrator", f"commune_delegate:{METZ}", "mayor"):
        for path in ("/api/inventory", "/api/inventory/machines", "/api/inventory/people"):
            assert ask(hall, role, path).status_code == 403, (role, path)


def test_questions_out_of_bounds_are_refused(hall):
    for query in ("most=0", "most=201", "first=-1", "only=pictures", f"find={'x' * 61}"):
        assert ask(hall, "tech_admin", f"/api/inventory?{query}").status_code == 422, query


def test_accounts_are_told_without_any_secret(hall):
    entries(hall)
    told = ask(hall, "inspector", "/api/inventory/people").json()
    assert [person["account"] for person in told] == ["a.martin", "t.roy"]
    keys = {"account", "name", "roles", "role_words", "is_open", "communes", "papers"}
    assert all(set(person) == keys for person in told)
    (entry,) = entries(hall)
    assert (entry.operation.value, entry.author) == ("register_read", "inspector.1")


def test_a_camera_is_set_aside_with_a_reason_and_not_without(hall):
    camera, entered = hall.city.cameras[4], entries(hall)
    path = f"/api/cameras/{camera}/lifecycle"
    for body in ({"to": "suspended"}, {"to": "suspended", "reason": ""}, {"to": "suspended", "reason": "   "}, {}):
        answer = ask(hall, "tech_admin", path, "POST", body)
        assert answer.status_code == 403, (body, answer.text)
        assert answer.json()["rule"] == "log-3.no-reason"
    assert ask(hall, "csu_manager", path, "POST", {"to": "suspended", "reason": "travaux"}).status_code == 403
    done = ask(hall, "tech_admin", path, "POST", {"to": "suspended", "reason": "travaux"})
    assert (done.status_code, done.json()["lifecycle"]) == (200, "suspended")
    assert hall.set_aside == [(camera, "tech_admin.1", "travaux")]
    refused = ask(hall, "tech_admin", path, "POST", {"to": "active", "reason": "travaux finis"})
    assert (refused.status_code, refused.json()["code"]) == (409, "lifecycle_refused")
    assert ask(hall, "tech_admin", path, "POST", {"to": "paused", "reason": "x"}).status_code in (403, 422)
    entered = entries(hall)
    granted = [entry for entry in entered if entry.outcome is Outcome.GRANTED]
    assert [entry.data[0].camera for entry in granted] == [camera, camera]
    assert "travaux" not in str(entered)


def test_a_camera_that_nobody_knows_stays_out_of_the_journal(hall):
    entries(hall)
    answer = ask(hall, "tech_admin", "/api/cameras/cam-9999/lifecycle", "POST", {"to": "retired", "reason": "x"})
    assert answer.json()["code"] == "camera_unknown"
    assert all(not entry.data for entry in entries(hall))
