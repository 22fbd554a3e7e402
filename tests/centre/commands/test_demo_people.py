"""The people of a demonstration: everybody has papers and can come in, and nobody else's list is touched."""

from __future__ import annotations

import asyncio
import json
import stat
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from csu.centre.commands.demo_people import TRIES, DemoPeople, Standing, told_by
from csu.centre.commands.people_office import opened_office
from csu.console.sign_in.proofs import code_at, is_code, is_password
from csu.governance import (
    Action,
    AuthorisationRegister,
    CentreKey,
    DeportFacts,
    People,
    Person,
    Resource,
    Rights,
    Role,
    Span,
    facts_from,
    people_from,
    read_journal,
)
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.site import Site, SiteRequest
from sim.accounts import POLICE, accounts_text
from sim.papers import PaperCamera, PapersOf, papers_text

VALMONT, MORLANGE, ADDED = CommuneId("valmont"), CommuneId("morlange"), CommuneId("ajout")
STREET = (VALMONT, MORLANGE)
URL = "http://127.0.0.1:8000/"
NOW_NS = int(datetime(2026, 12, 31, 23, 59, tzinfo=UTC).timestamp()) * NS_PER_S


@pytest.fixture
def centre(tmp_path):
    CentreKey.load_or_make(tmp_path / "data" / "centre" / "key.pem")
    return tmp_path / "data"


def some_of(communes) -> str:
    """The first three, as a site brings them: a small list is as good as a whole one, and quicker entered."""
    return json.dumps(json.loads(accounts_text(communes, time.time_ns()))[:3])


@pytest.fixture
def text():
    return some_of(STREET)


def demonstrated(centre, text) -> DemoPeople:
    people = DemoPeople(centre, centre / "comptes.html", [ADDED])
    people.enter(text)
    people.write(URL)
    return people


def test_each_role_has_a_person_and_the_room_has_two_operators():
    roles = [role for person in people_from(accounts_text(STREET, NOW_NS)) for role in person.roles]
    assert set(roles) == set(Role) - {Role.WALL_NODE} == set(TRIES)
    assert roles.count(Role.OPERATOR) == 2
    assert len(roles) == len(set(roles)) + 1


@pytest.mark.parametrize("at_ns", [NOW_NS, NOW_NS + 365 * 86_400 * NS_PER_S])
def test_their_papers_open_what_their_role_may_see_of_the_street_and_nothing_of_another_commune(at_ns):
    cameras = {CameraId("cam-0001"): VALMONT, CameraId("cam-0002"): MORLANGE, CameraId("cam-0003"): ADDED}
    row = [PaperCamera(camera, commune) for camera, commune in cameras.items()]
    facts = facts_from(papers_text(PapersOf(row, at_ns, recipients=(POLICE,))))
    rights, people = Rights(AuthorisationRegister(facts)), people_from(accounts_text(STREET, at_ns))

    def may(role: Role, action: Action) -> list[CameraId]:
        person = next(each for each in people if role in each.roles)
        subject = replace(person.acting_as(role, at_ns), strong_login=True)
        deport = DeportFacts(subject.person, tuple(cameras), Span(at_ns, at_ns + NS_PER_S))
        asked = {camera: Resource(camera=camera, deport=deport) for camera in cameras}
        return [camera for camera in cameras if rights.decide(subject, action, asked[camera], at_ns).permitted]

    seen = list(cameras)[:2]
    for role in (Role.OPERATOR, Role.ROOM_CHIEF, Role.VERBALISER):
        assert may(role, Action.LIVE_VIEW) == seen, role
    assert may(Role.EVIDENCE_CLERK, Action.CAMERA_LIST) == seen
    assert may(Role.RECIPIENT, Action.DEPORT_VIEW) == list(cameras)
    assert may(Role.COMMUNE_DELEGATE, Action.CAMERA_LIST) == seen[:1]
    for role in (Role.MAYOR, Role.COMMUNE_DELEGATE, Role.INSPECTOR, Role.DPO, Role.TECH_ADMIN, Role.CSU_MANAGER):
        assert may(role, Action.LIVE_VIEW) == [], role


def test_who_reads_the_page_comes_in_as_anybody_and_only_its_owner_reads_it(centre, text):
    people = demonstrated(centre, text)
    told = told_by(people.page)
    assert people.standing is Standing.NEW
    assert stat.S_IMODE(people.page.stat().st_mode) == 0o600
    assert told["url"] == URL
    assert [each["account"] for each in told["people"]] == [each.account for each in people_from(text)]
    with opened_office(centre) as office:
        assert all(is_password(office.store, each["account"], told["password"], 0) for each in told["people"][:1])
        now_ns = time.time_ns()
        for each in told["people"]:
            assert is_code(office.store, each["account"], code_at(each["secret"], now_ns), now_ns)
        operator = office.ledger.people.person("i.bernard")
        assert operator.designation.communes == operator.approval.communes == {*STREET, ADDED}
        assert [each.by for each in office.ledger.entries] == ["csu demo, site simulé"]


def test_nothing_secret_is_in_the_journal_and_everything_done_is(centre, text):
    people = demonstrated(centre, text)
    told, rows = told_by(people.page), list(read_journal(centre / "journal"))
    subjects = [row.entry.subject for row in rows]
    assert subjects[0] == "people/entered"
    assert subjects[1:] == [f"people/{each['account']}/password" for each in told["people"]]
    secrets = [told["password"], *(each["secret"] for each in told["people"])]
    assert not [secret for secret in secrets if secret in repr(rows)]


def test_a_second_run_keeps_people_passwords_and_sessions(centre, text):
    first = told_by(demonstrated(centre, text).page)
    with opened_office(centre) as office:
        office.store.open_session("i.bernard", Role.OPERATOR, from_ns=0, to_ns=2**62, address="")
    again = demonstrated(centre, text)
    assert again.standing is Standing.KEPT
    assert told_by(again.page) == first
    with opened_office(centre) as office:
        assert len(office.ledger.entries) == 1
        assert len(office.store.sessions("i.bernard", 1)) == 1


def test_a_street_with_more_communes_gives_the_same_people_their_papers_over_them(centre, text):
    first = told_by(demonstrated(centre, text).page)
    again = demonstrated(centre, some_of((*STREET, CommuneId("brehain"))))
    assert again.standing is Standing.KEPT
    assert told_by(again.page)["password"] == first["password"]
    with opened_office(centre) as office:
        assert CommuneId("brehain") in office.ledger.people.person("h.petit").designation.communes


@pytest.mark.parametrize("page", [None, "<script type='application/json' id='accounts'>{</script>"])
def test_a_page_that_is_gone_costs_everybody_his_password_and_says_so(centre, text, page):
    people = demonstrated(centre, text)
    before = told_by(people.page)
    people.page.unlink() if page is None else people.page.write_text(page)
    again = demonstrated(centre, text)
    assert again.standing is Standing.RENEWED
    assert told_by(again.page)["password"] != before["password"]
    assert "nouveau" in again.lines(URL)[0]


def test_a_page_of_another_centre_is_not_believed(centre, text, tmp_path):
    CentreKey.load_or_make(tmp_path / "other" / "centre" / "key.pem")
    foreign = demonstrated(tmp_path / "other", text)
    demonstrated(centre, text).page.write_text(foreign.page.read_text())
    assert demonstrated(centre, text).standing is Standing.RENEWED


@pytest.mark.parametrize("suspends", [False, True])
def test_a_list_that_somebody_entered_by_hand_is_never_touched(centre, text, suspends):
    if suspends:
        demonstrated(centre, text)
    page = centre / "comptes.html"
    before = page.read_text() if suspends else None
    mine = People((Person("z.klein", "Zoé Klein", frozenset({Role.OPERATOR})),))
    with opened_office(centre) as office:
        office.ledger.enter(mine, by="C. Roth", second="L. Weber", reason="prise de poste", at_ns=1)
    again = demonstrated(centre, text)
    assert again.standing is Standing.BY_HAND
    assert (page.read_text() if page.exists() else None) == before
    with opened_office(centre) as office:
        assert office.ledger.people == mine
        assert office.store.password_hash("z.klein") is None


def test_a_site_that_brings_nobody_has_nobody_entered(centre, text):
    people, seen = DemoPeople(centre, centre / "comptes.html"), []

    def site_with(people_text: str):
        @asynccontextmanager
        async def opened(request: SiteRequest):
            seen.append(request.cameras)
            yield Site("street", (), (), people=people_text)

        return opened

    async def opens(people_text: str) -> None:
        async with people.around(site_with(people_text))(SiteRequest(3)) as site:
            assert site.name == "street"

    asyncio.run(opens(""))
    assert people.standing is Standing.NONE
    assert people.write(URL) is None
    assert not (centre / "people.sqlite").exists()
    asyncio.run(opens(text))
    assert people.standing is Standing.NEW
    assert seen == [3, 3]
