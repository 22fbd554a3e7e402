"""The people of a centre: accounts that are one person's, roles that two persons gave, a list that nobody edits."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date

import pytest

from csu.governance import (
    Agreement,
    CentreKey,
    Designation,
    Interruption,
    InterruptionKind,
    People,
    PeopleBroken,
    PeopleLedger,
    PeopleUnusable,
    Person,
    PrefectApproval,
    Role,
    people_from,
    people_text,
)
from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S

NOW_NS = 1_795_000_000 * NS_PER_S
METZ = frozenset({CommuneId("metz"), CommuneId("ars")})
ANNE = Person(
    "a.martin",
    "Anne Martin",
    frozenset({Role.OPERATOR, Role.ROOM_CHIEF}),
    Designation("csu-metz", METZ, Agreement("d-12", date(2026, 1, 1), date(2031, 1, 1))),
    PrefectApproval("57-3", "Moselle", METZ, date(2026, 1, 1), date(2031, 1, 1), date(2025, 11, 1)),
)
LUC = Person("l.weber", "Luc Weber", frozenset({Role.DPO}))
PEOPLE = People((ANNE, LUC))
SAID = {"by": "C. Roth", "second": "L. Weber", "reason": "prise de poste"}


@pytest.fixture
def key(tmp_path):
    return CentreKey.load_or_make(tmp_path / "key.pem")


def test_their_text_says_all_of_them() -> None:
    assert set(people_from(people_text(PEOPLE))) == set(PEOPLE)
    assert people_text(People((LUC, ANNE))) == people_text(PEOPLE)


@pytest.mark.requirement("ACC-1")
def test_somebody_acts_in_his_roles_with_his_papers_and_is_not_yet_strongly_in() -> None:
    acting = PEOPLE.find("a.martin", Role.OPERATOR, NOW_NS)
    assert acting is not None
    assert (acting.approval, acting.designation, acting.strong_login) == (ANNE.approval, ANNE.designation, False)
    assert PEOPLE.find("a.martin", Role.DPO, NOW_NS) is None
    assert PEOPLE.find("nobody", Role.OPERATOR, NOW_NS) is None


def test_while_suspended_he_is_nobody_and_after_it_he_is_again() -> None:
    stop = Interruption(InterruptionKind.SUSPENDED, NOW_NS, "enquête", NOW_NS + 10)
    people = People((replace(ANNE, interruptions=(stop,)),))
    found = [people.find("a.martin", Role.OPERATOR, NOW_NS + after) is not None for after in (-1, 0, 9, 10)]
    assert found == [True, False, False, True]


@pytest.mark.parametrize(
    "people",
    [
        lambda: People((ANNE, replace(LUC, account="a.martin"))),
        lambda: People((replace(ANNE, account="Anne Martin"),)),
        lambda: People((replace(ANNE, roles=frozenset()),)),
        lambda: People((replace(ANNE, name=" "),)),
        lambda: people_from('[{"account": "a.martin", "name": "A", "roles": ["root"]}]'),
        lambda: people_from('[{"account": "a.martin", "name": "A", "roles": ["dpo"], "password": "x"}]'),
        lambda: people_from("{}"),
    ],
)
def test_a_list_that_can_be_none_is_refused(people) -> None:
    with pytest.raises(PeopleUnusable):
        people()


def test_a_list_is_entered_by_two_and_holds_in_another_process(tmp_path, key) -> None:
    here, there = (PeopleLedger(tmp_path / "people.sqlite", key) for _ in range(2))
    for wrong in ({"by": ""}, {"second": " "}, {"second": "c. roth"}, {"reason": ""}):
        with pytest.raises(PeopleUnusable):
            here.enter(PEOPLE, **(SAID | wrong), at_ns=NOW_NS)
    assert here.enter(PEOPLE, **SAID, at_ns=NOW_NS)
    assert there.people.person("a.martin") is None
    assert there.catch_up()
    assert there.people.person("a.martin") == ANNE
    assert there.entries[0].by == "C. Roth, L. Weber"


def test_a_former_list_may_come_back(tmp_path, key) -> None:
    ledger = PeopleLedger(tmp_path / "people.sqlite", key)
    for people in (PEOPLE, People((LUC,)), PEOPLE):
        assert ledger.enter(people, **SAID, at_ns=NOW_NS)
    assert len(PeopleLedger(tmp_path / "people.sqlite", key).entries) == 3


def test_a_role_that_nobody_gave_is_not_believed(tmp_path, key) -> None:
    """Somebody with the disk writes himself a role: the list as a whole lets nobody in any more."""
    path = tmp_path / "people.sqlite"
    ledger = PeopleLedger(path, key)
    ledger.enter(PEOPLE, **SAID, at_ns=NOW_NS)
    ledger.close()
    with sqlite3.connect(path) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE people_text SET body = replace(body, 'dpo', 'csu_manager')")
    with pytest.raises(PeopleBroken):
        PeopleLedger(path, key)
