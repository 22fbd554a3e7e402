"""`csu public page`: a page a commune, in both languages, that needs nothing but its style sheet (R253-3, DPO-1)."""

from __future__ import annotations

import json
import re
import time
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from csu.centre.commands.public import app
from csu.centre.public_page import file_names
from csu.governance import CentreKey, OrderLedger, facts_from
from csu.governance.signs import Sign, SignLedger, SignRecorded
from csu.hal.camera import CameraId, CommuneId
from csu.hal.errors import BadInput
from csu.notation import FileRefused
from sim.papers import PaperCamera, PapersOf, papers_text

ORVAL, BREMES = CommuneId("orval"), CommuneId("Brêmes / l'Étang")


def called(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], standalone_mode=False)


class Reader(HTMLParser):
    """What a page asks a browser for, and whether its tags close."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.fetched += [told[name] for name in ("src", "href") if name in told]
        assert tag != "script"
        assert not any(name.startswith("on") or name == "style" for name in told)
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture
def centre(tmp_path) -> Path:
    key = CentreKey.load_or_make(tmp_path / "data" / "centre" / "key.pem")
    cameras = [PaperCamera(CameraId("cam-0001"), ORVAL), PaperCamera(CameraId("cam-0002"), BREMES)]
    ledger = OrderLedger(tmp_path / "data" / "orders.sqlite", key)
    facts = facts_from(papers_text(PapersOf(cameras, time.time_ns())))
    ledger.enter(facts, by="c.roth", reason="test", at_ns=time.time_ns())
    ledger.close()
    return tmp_path / "data"


def test_pages_are_written_for_every_commune_in_both_languages(centre, tmp_path):
    done = called("page", "--centre", centre, "--out", tmp_path / "out", "--json")
    told = json.loads(done.stdout)
    names = {Path(page).name for page in told["pages"]}
    stems = ("index", "orval", "bremes-l-etang")
    assert names == {"transparency.css", *(f"{stem}.{tongue}.html" for stem in stems for tongue in ("fr", "en"))}
    assert (done.return_value, set(told["incomplete"])) == (1, {ORVAL, BREMES})  # nobody wrote who answers for them
    for name in names - {"transparency.css"}:
        read = Reader(tmp_path / "out" / name)
        assert read.open == []
        assert {each for each in read.fetched if not (tmp_path / "out" / each).is_file()} == set()


def test_no_page_tells_where_or_how_a_camera_is(centre, tmp_path):
    called("page", "--centre", centre, "--out", tmp_path / "out", "--json")
    for page in (tmp_path / "out").glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"cam-\d|\bx_m\b|\by_m\b|disponib|availab|en direct<|\blost\b|perdue", text), page.name


def test_a_page_lacks_nothing_once_people_wrote_who_answers_and_every_camera_is_announced(centre, tmp_path):
    (centre / "communes.yaml").write_text(
        "centre: CSU\ndpo: {name: Mme D., contact: dpd@exemple.fr}\ncommunes:\n"
        "  orval: {name: Orval, controller: Maire d'Orval, contact: 1 place}\n",
        encoding="utf-8",
    )
    ledger = SignLedger(centre / "signs.sqlite", CentreKey.load(centre / "centre" / "key.pem"))
    text = "Place sous vidéoprotection. Responsable : le maire. Vos droits : mairie."
    sign = Sign("P-7", ORVAL, "Place du Marché", date(2026, 3, 2), text, (CameraId("cam-0001"),))
    ledger.decide(lambda _: [SignRecorded(sign, "d.denis", time.time_ns())])
    ledger.close()
    told = json.loads(called("page", "--centre", centre, "--out", tmp_path / "out", "--json").stdout)
    assert told["incomplete"] == [BREMES]
    page = (tmp_path / "out" / "orval.fr.html").read_text(encoding="utf-8")
    assert "Place du Marché" in page
    assert "incomplète" not in page
    assert "aucun panneau" in (tmp_path / "out" / "bremes-l-etang.fr.html").read_text(encoding="utf-8")


def test_who_answers_for_it_is_told_when_it_is_written(centre, tmp_path):
    (centre / "communes.yaml").write_text(
        "centre: CSU\ndpo: {name: Mme D., contact: dpd@exemple.fr}\ncommunes:\n"
        "  orval: {name: Orval, controller: Maire d'Orval, contact: 1 place}\n",
        encoding="utf-8",
    )
    called("page", "--centre", centre, "--out", tmp_path / "out")
    page = (tmp_path / "out" / "orval.fr.html").read_text(encoding="utf-8")
    for told in ("Maire d&#39;Orval", "1 place", "dpd@exemple.fr"):
        assert told in page


def test_a_wrong_file_and_a_directory_of_nothing_are_refused(centre, tmp_path):
    (centre / "communes.yaml").write_text("centre: CSU\n", encoding="utf-8")
    refused = called("page", "--centre", centre, "--out", tmp_path / "out")
    assert isinstance(refused.exception, FileRefused)
    assert not (tmp_path / "out").exists()
    assert isinstance(called("page", "--centre", tmp_path, "--out", tmp_path / "out").exception, BadInput)


def test_no_two_communes_have_one_file_and_none_is_the_index():
    communes = [CommuneId(name) for name in ("Metz", "METZ", "metz-2", "index", "///", "../..", "日本")]
    names = file_names(communes)
    assert len(set(names.values())) == len(communes)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) and name != "index" for name in names.values())
