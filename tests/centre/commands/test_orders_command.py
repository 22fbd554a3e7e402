"""`csu orders`: what people enter is checked whole, journaled first, and never half believed."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from csu.centre.commands.orders import app
from csu.governance import AuthorisationUnusable, CentreKey, JournalUnavailable, OrderLedger, read_journal
from csu.hal.camera import CameraId, CommuneId
from csu.hal.errors import BadInput
from sim.papers import PaperCamera, PapersOf, PaperTerms, papers_text

ORVAL, BREMES = CommuneId("orval"), CommuneId("bremes")
WHO = ("--by", "C. Roth", "--reason", "arrêté reçu")


def called(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], standalone_mode=False)


@pytest.fixture
def papers(tmp_path) -> Path:
    """Two communes; the second's agreement is for storage only."""
    cameras = [PaperCamera(CameraId("cam-0001"), ORVAL), PaperCamera(CameraId("cam-0002"), BREMES)]
    path = tmp_path / "papers.json"
    path.write_text(papers_text(PapersOf(cameras, time.time_ns(), {BREMES: PaperTerms(watched=False)})))
    return path


@pytest.fixture
def centre(tmp_path) -> Path:
    CentreKey.load_or_make(tmp_path / "data" / "centre" / "key.pem")
    return tmp_path / "data"


def test_a_check_tells_each_camera_and_writes_nothing(papers, centre):
    done = called("check", papers, "--json")
    told = json.loads(done.stdout)
    assert done.return_value == 0
    assert [(each["may_record"], each["may_watch"]) for each in told["cameras"]] == [(True, True), (True, False)]
    assert not (centre / "orders.sqlite").exists()


def test_what_is_entered_is_in_the_journal_and_holds_for_the_centre(papers, centre):
    done = called("enter", papers, "--centre", centre, *WHO, "--json")
    assert done.return_value == 0
    (row,) = read_journal(centre / "journal")
    assert (row.entry.subject, row.entry.author) == ("orders/entered", "c.roth")
    ledger = OrderLedger(centre / "orders.sqlite", CentreKey.load(centre / "centre" / "key.pem"))
    assert ledger.register.may_record(CameraId("cam-0001"), time.time_ns()).permitted
    assert ledger.entries[0].digest == row.entry.sha256
    assert called("show", "--centre", centre, "--json").return_value == 0


def test_without_a_journal_nothing_is_entered(papers, centre):
    (centre / "journal").write_text("not a directory")
    done = called("enter", papers, "--centre", centre, *WHO)
    assert isinstance(done.exception, JournalUnavailable | BadInput | OSError)
    ledger = OrderLedger(centre / "orders.sqlite", CentreKey.load(centre / "centre" / "key.pem"))
    assert ledger.entries == ()


def test_papers_that_contradict_themselves_are_refused_before_anything_is_written(papers, centre):
    told = json.loads(papers.read_text())
    papers.write_text(json.dumps({**told, "cameras": told["cameras"] * 2}))
    done = called("enter", papers, "--centre", centre, *WHO)
    assert isinstance(done.exception, AuthorisationUnusable)
    assert not (centre / "journal").exists()


def test_a_camera_that_may_not_record_makes_the_check_fail(papers):
    told = json.loads(papers.read_text())
    papers.write_text(json.dumps({**told, "authorisations": told["authorisations"][:1]}))
    done = called("check", papers, "--json")
    assert done.return_value == 1
    assert [each["may_record"] for each in json.loads(done.stdout)["cameras"]] == [True, False]


@pytest.mark.parametrize("text", ["", "{", '{"authorisations": [{"number": "x"}]}', '{"unknown": []}'])
def test_what_is_no_paper_is_bad_input(papers, text):
    papers.write_text(text)
    assert isinstance(called("check", papers).exception, BadInput)


def test_a_directory_that_is_no_centre_is_named(papers, tmp_path):
    done = called("enter", papers, "--centre", tmp_path / "nowhere", *WHO)
    assert isinstance(done.exception, BadInput)
    assert "csu demo --keep" in done.exception.trouble.what_to_do.en
