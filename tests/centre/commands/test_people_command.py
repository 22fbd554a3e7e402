"""`csu people`: entered by two, suspended by one, proofs that no argument carries; all of it journaled first."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from csu.centre.commands.people import app
from csu.console.sign_in import SignInStore
from csu.console.sign_in.proofs import is_code, is_password
from csu.governance import CentreKey, People, PeopleUnusable, Person, Role, people_text, read_journal
from csu.hal.errors import BadInput

ANNE = Person("a.martin", "Anne Martin", frozenset({Role.OPERATOR}))
LUC = Person("l.weber", "Luc Weber", frozenset({Role.DPO}))
BY, TWO = ("--by", "C. Roth", "--reason", "prise de poste"), ("--second", "L. Weber")
PASSWORD = "les quais du canal, l'hiver"


def called(*words: str | Path, stdin: str = "") -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=stdin, standalone_mode=False)


@pytest.fixture
def centre(tmp_path) -> Path:
    CentreKey.load_or_make(tmp_path / "data" / "centre" / "key.pem")
    return tmp_path / "data"


@pytest.fixture
def entered(tmp_path, centre) -> Path:
    path = tmp_path / "people.json"
    path.write_text(people_text(People((ANNE, LUC))))
    assert called("enter", path, "--centre", centre, *BY, *TWO, "--json").return_value == 0
    return centre


def shown(centre: Path) -> dict[str, dict]:
    return {each["account"]: each for each in json.loads(called("show", "--centre", centre, "--json").stdout)["people"]}


def test_who_was_entered_may_come_in_once_he_can_prove_it(entered):
    assert called("show", "--centre", entered, "--json").return_value == 1
    told = json.loads(
        called("password", "a.martin", "--centre", entered, "--by", "C. Roth", "--json", stdin=PASSWORD + "\n").stdout
    )
    store = SignInStore(entered / "centre")
    assert is_password(store, "a.martin", PASSWORD, 0)
    assert store.code_secret("a.martin") in told["code_generator"]
    assert not is_code(store, "a.martin", "", 0)
    assert [each["can_sign_in"] for each in shown(entered).values()] == [True, False]
    subjects = [row.entry.subject for row in read_journal(entered / "journal")]
    assert subjects == ["people/entered", "people/a.martin/password"]


def test_one_person_alone_enters_nobody(tmp_path, centre):
    path = tmp_path / "people.json"
    path.write_text(people_text(People((ANNE,))))
    refused = called("enter", path, "--centre", centre, *BY, "--second", "c. roth")
    assert isinstance(refused.exception, PeopleUnusable)
    assert shown(centre) == {}
    assert not (centre / "journal").exists(), "nothing was granted, and nothing says so"


@pytest.mark.requirement("ACC-2")
def test_one_person_suspends_and_the_sessions_end_two_restore(entered):
    store = SignInStore(entered / "centre")
    store.open_session("a.martin", Role.OPERATOR, from_ns=0, to_ns=2**62, address="")
    told = json.loads(called("suspend", "a.martin", "--centre", entered, *BY, "--json").stdout)
    assert told["sessions_ended"] == 1
    assert not shown(entered)["a.martin"]["is_open"]
    assert isinstance(
        called("restore", "a.martin", "--centre", entered, *BY, "--second", "C. Roth").exception, PeopleUnusable
    )
    assert called("restore", "a.martin", "--centre", entered, *BY, *TWO).return_value == 0
    assert shown(entered)["a.martin"]["is_open"]


def test_a_suspension_without_a_reason_is_none_and_nothing_says_so(entered):
    refused = called("suspend", "a.martin", "--centre", entered, "--by", "C. Roth", "--reason", " ")
    assert isinstance(refused.exception, PeopleUnusable)
    assert shown(entered)["a.martin"]["is_open"]
    assert [row.entry.subject for row in read_journal(entered / "journal")] == ["people/entered"]


def test_who_is_left_out_of_the_list_is_out(tmp_path, entered):
    store = SignInStore(entered / "centre")
    store.open_session("a.martin", Role.OPERATOR, from_ns=0, to_ns=2**62, address="")
    path = tmp_path / "less.json"
    path.write_text(people_text(People((replace(LUC, name="Luc Weber-Roth"),))))
    assert called("enter", path, "--centre", entered, *BY, *TWO).return_value == 0
    assert store.sessions("a.martin", 1) == []


def test_a_session_may_be_ended(entered):
    store = SignInStore(entered / "centre")
    store.open_session("l.weber", Role.DPO, from_ns=0, to_ns=2**62, address="")
    told = json.loads(called("sign-out", "l.weber", "--centre", entered, "--by", "C. Roth", "--json").stdout)
    assert told["sessions_ended"] == 1


@pytest.mark.parametrize("words", [("suspend", "nobody"), ("password", "nobody"), ("sign-out", "nobody")])
def test_an_account_that_is_none_is_told_with_those_that_are(entered, words):
    more = ("--by", "C. Roth") if words[0] != "suspend" else BY
    refused = called(*words, "--centre", entered, *more)
    assert isinstance(refused.exception, BadInput)
    assert "a.martin" in refused.exception.trouble.what_to_do.fr
    subjects = [row.entry.subject for row in read_journal(entered / "journal")]
    assert subjects == ["people/entered"]


@pytest.mark.requirement("ACC-6")
def test_a_providers_name_for_somebody_is_bound_by_two_and_is_nobody_elses(entered):
    bound = ("--centre", entered, "--issuer", "https://identity.example/", "--subject", "f3a1")
    assert called("provider", "a.martin", *bound, *BY, *TWO, "--json").return_value == 0
    assert shown(entered)["a.martin"]["can_sign_in"]
    store = SignInStore(entered / "centre")
    assert store.provider_account("https://identity.example", "f3a1") == "a.martin"
    assert called("provider", "l.weber", *bound, *BY, *TWO, "--json").return_value == 0
    assert store.provider_account("https://identity.example", "f3a1") == "l.weber"
    assert store.provider_subjects("a.martin") == []
    alone = called("provider", "a.martin", *bound, *BY, "--second", "C. Roth", "--json")
    assert isinstance(alone.exception, PeopleUnusable)
