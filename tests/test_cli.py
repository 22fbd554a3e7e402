"""What the command line says when it is used wrongly, in the person's language."""

from __future__ import annotations

import json
import sys

import pytest

from csu.cli import BAD_INPUT, main


@pytest.fixture
def told(monkeypatch, capsys):
    """`told("fr", "demo", "--wrong")`: (the error of `--json`, what stderr says)."""

    def run(language: str, *arguments: str) -> tuple[dict[str, str], str]:
        monkeypatch.setenv("CSU_LANG", language)
        monkeypatch.setattr(sys, "argv", ["csu", *arguments, "--json"])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == BAD_INPUT
        out, err = capsys.readouterr()
        return json.loads(out)["error"], err

    return run


@pytest.mark.parametrize(
    ("arguments", "french", "english"),
    [
        (["demo", "--wrong"], "option inconnue : --wrong", "No such option: --wrong"),
        (["nowhere"], "commande inconnue : 'nowhere'", "No such command 'nowhere'"),
        (["demo", "--cameras", "zero"], "valeur refusée pour '--cameras'", "Invalid value for '--cameras'"),
        (["sim", "check"], "il manque 'scenario'", "Missing argument 'scenario'"),
        (["version", "more"], "de trop : more", "unexpected extra argument(s) (more)"),
    ],
)
def test_a_wrong_use_is_told_in_the_language_of_the_person(told, arguments, french, english):
    assert french in told("fr", *arguments)[0]["what"]
    assert english in told("en", *arguments)[0]["what"]


def test_an_error_has_what_where_and_what_to_do_in_one_language(told):
    error, line = told("fr", "demo", "--video", "absent.mp4")
    assert error == {
        "what": "ce fichier n'existe pas",
        "where": "--video absent.mp4",
        "what_to_do": "Donnez le chemin d'un clip existant",
    }
    assert line == "--video absent.mp4 : ce fichier n'existe pas. Donnez le chemin d'un clip existant\n"
    assert told("en", "demo", "--video", "absent.mp4")[0]["what"] == "no such file"
