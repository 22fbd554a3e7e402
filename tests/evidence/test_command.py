"""`csu evidence rehearse` makes a package, `csu evidence verify` says what it is worth."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from csu.cli import build_app
from csu.evidence.case_events import CaseChecked, CaseReceived
from csu.evidence.desk_store import DeskStore
from csu.governance import CentreKey


def csu(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(build_app(), ["evidence", *words])
    return (
        result.exit_code if result.exception is None or isinstance(result.exception, SystemExit) else 2
    ), result.stdout


@pytest.fixture(scope="module")
def practice(tmp_path_factory) -> dict[str, str]:
    target = tmp_path_factory.mktemp("practice") / "x"
    code, said = csu("rehearse", str(target), "--json")
    assert code == 0
    return json.loads(said)


@pytest.fixture
def opened(practice) -> list[str]:
    keys = ["--identity", practice["identity"], "--trust", practice["authority"]]
    return [*keys, "--trust-time", practice["time_authority"]]


def test_a_practice_package_holds(practice, opened):
    code, said = csu("verify", practice["sealed"], *opened, "--case", "EXERCICE-1", "--json")
    told = json.loads(said)
    assert (code, told["holds"], told["first_broken"]) == (0, True, None)
    assert {link["state"] for link in told["links"]} == {"holds"}


def test_a_bad_one_exits_with_1_and_names_the_link(practice, opened):
    code, said = csu("verify", practice["sealed"], *opened, "--case", "2026-1", "--json")
    told = json.loads(said)
    assert (code, told["holds"]) == (1, False)
    assert (told["first_broken"]["link"], told["first_broken"]["where"]) == ("case", "data/requisition.json")


def test_without_an_authority_nothing_is_proved(practice):
    code, said = csu("verify", str(Path(practice["reader"]).parent), "--json")
    assert code == 1
    assert json.loads(said)["first_broken"]["state"] == "not_checked"


def test_people_read_it_in_plain_french(practice, opened, monkeypatch):
    monkeypatch.delenv("CSU_LANG", raising=False)
    assert "Le paquet est intact et vrai." in csu("verify", practice["sealed"], *opened)[1]
    assert "premier maillon rompu : affaire" in csu("verify", practice["sealed"], *opened, "--case", "2026-1")[1]
    monkeypatch.setenv("CSU_LANG", "en")
    assert "first broken link: case" in csu("verify", practice["sealed"], *opened, "--case", "2026-1")[1]


@pytest.mark.parametrize("words", [["verify", "/nowhere"], ["rehearse", "/"], ["verify", "/", "--trust", "/nowhere"]])
def test_bad_input_is_2(words):
    assert csu(*words)[0] == 2


def test_the_wrong_key_is_bad_input(practice, opened, tmp_path):
    import pyrage

    (tmp_path / "k").write_text(str(pyrage.x25519.Identity.generate()))
    assert csu("verify", practice["sealed"], *opened, "--identity", str(tmp_path / "k"))[0] == 2


def test_the_cases_of_a_stopped_desk_are_read_and_a_changed_one_is_told(tmp_path, act, spans):
    key = CentreKey.load_or_make(tmp_path / "key.pem")
    store = DeskStore(tmp_path / "desk.sqlite", key)
    store.append([CaseReceived("2026-1", act(*spans), "anna", 1), CaseChecked("2026-1", "anna", 2)], None)
    store.close()
    key.public.save(tmp_path / "public.pem")
    asked = ("cases", "--desk", str(tmp_path / "desk.sqlite"), "--key", str(tmp_path / "public.pem"))
    code, said = csu(*asked, "--json")
    told = json.loads(said)
    assert (code, [(case["case"], case["state"]) for case in told["cases"]]) == (0, [("2026-1", "checked")])
    assert "2026-1" in csu(*asked)[1]
    assert csu("cases", "--desk", "/nowhere", "--key", str(tmp_path / "public.pem"))[0] == 2
    CentreKey.load_or_make(tmp_path / "other.pem").public.save(tmp_path / "public.pem")
    assert csu(*asked)[0] != 0
