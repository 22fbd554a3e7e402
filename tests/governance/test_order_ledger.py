"""The file of orders: nothing taken back, nothing believed that the centre did not sign."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from csu.centre import Papers
from csu.governance import (
    AuthorisationUnusable,
    CentreKey,
    OrderLedger,
    OrdersBroken,
    facts_from,
    facts_text,
)
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S
from sim.papers import PaperCamera, PapersOf, papers_text

NOW_NS = 1_795_000_000 * NS_PER_S
CAM = CameraId("cam-0001")


@pytest.fixture
def key(tmp_path):
    return CentreKey.load_or_make(tmp_path / "key.pem")


@pytest.fixture
def facts():
    return facts_from(papers_text(PapersOf([PaperCamera(CAM, CommuneId("orval"))], NOW_NS)))


def test_a_new_ledger_permits_nothing(tmp_path, key) -> None:
    ledger = OrderLedger(tmp_path / "orders.sqlite", key)
    assert not ledger.register.may_record(CAM, NOW_NS).permitted


def test_what_is_entered_holds_here_and_in_another_process(tmp_path, key, facts) -> None:
    here, there = (OrderLedger(tmp_path / "orders.sqlite", key) for _ in range(2))
    assert here.enter(facts, by="C. Roth", reason="arrêté reçu", at_ns=NOW_NS)
    assert not there.register.may_record(CAM, NOW_NS).permitted
    assert there.catch_up()
    assert there.register.may_record(CAM, NOW_NS).permitted
    assert not there.catch_up()
    assert [each.by for each in there.entries] == ["C. Roth"]


def test_the_same_papers_twice_are_one_entry(tmp_path, key, facts) -> None:
    ledger = OrderLedger(tmp_path / "orders.sqlite", key)
    assert ledger.enter(facts, by="C. Roth", reason="arrêté reçu", at_ns=NOW_NS)
    assert not ledger.enter(facts_from(facts_text(facts)), by="D. Weber", reason="encore", at_ns=NOW_NS + 1)
    assert len(ledger.entries) == 1


def test_papers_that_contradict_each_other_change_nothing(tmp_path, key, facts) -> None:
    ledger = OrderLedger(tmp_path / "orders.sqlite", key)
    ledger.enter(facts, by="C. Roth", reason="arrêté reçu", at_ns=NOW_NS)
    with pytest.raises(AuthorisationUnusable):
        ledger.enter(replace(facts, cameras=facts.cameras * 2), by="C. Roth", reason="erreur", at_ns=NOW_NS)
    assert ledger.register.may_record(CAM, NOW_NS).permitted
    assert len(OrderLedger(tmp_path / "orders.sqlite", key).entries) == 1


@pytest.mark.parametrize("missing", [{"by": " "}, {"reason": ""}])
def test_somebody_answers_for_an_entry(tmp_path, key, facts, missing) -> None:
    ledger = OrderLedger(tmp_path / "orders.sqlite", key)
    with pytest.raises(AuthorisationUnusable):
        ledger.enter(facts, **{"by": "C. Roth", "reason": "arrêté reçu", **missing}, at_ns=NOW_NS)


def test_an_order_may_not_be_edited_in_place(tmp_path, key, facts) -> None:
    """By whoever opens the file with another tool, its triggers taken away first."""
    path = tmp_path / "orders.sqlite"
    ledger = OrderLedger(path, key)
    ledger.enter(facts, by="C. Roth", reason="arrêté reçu", at_ns=NOW_NS)
    ledger.close()
    with sqlite3.connect(path) as other:
        with pytest.raises(sqlite3.IntegrityError):
            other.execute("UPDATE order_text SET body = replace(body, '30', '31')")
        for (name,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f"DROP TRIGGER {name}")
        other.execute("UPDATE order_text SET body = replace(body, '\"retention_days\": 30', '\"retention_days\": 31')")
    with pytest.raises(OrdersBroken):
        OrderLedger(path, key)
    papers = Papers.open(path, key)
    assert papers.broken.fr
    assert not papers.register.may_record(CAM, NOW_NS).permitted


def test_an_entry_that_another_key_signed_is_not_believed(tmp_path, key, facts) -> None:
    path = tmp_path / "orders.sqlite"
    stranger = CentreKey.load_or_make(tmp_path / "other.pem")
    OrderLedger(path, stranger).enter(facts, by="X", reason="faux", at_ns=NOW_NS)
    with pytest.raises(OrdersBroken):
        OrderLedger(path, key)


def test_a_running_centre_whose_file_is_tampered_with_permits_nothing_more(tmp_path, key, facts) -> None:
    path = tmp_path / "orders.sqlite"
    papers = Papers.open(path, key)
    papers.take_in(facts_text(facts), facts_from("{}"), NOW_NS)
    assert papers.register.may_record(CAM, NOW_NS).permitted
    stranger = CentreKey.load_or_make(tmp_path / "other.pem")
    with sqlite3.connect(path) as other:
        digest, body = other.execute("SELECT digest, body FROM order_entry").fetchone()
        row = (2, "OrdersEntered", body, digest, stranger.sign("x"))
        other.execute("INSERT INTO order_entry VALUES (?, ?, ?, ?, ?)", row)
    with pytest.raises(OrdersBroken):
        papers.catch_up()
    papers.adopt()
    assert not papers.register.may_record(CAM, NOW_NS).permitted
