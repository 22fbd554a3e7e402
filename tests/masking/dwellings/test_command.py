"""`csu masks import` as a person and a machine use it."""

from __future__ import annotations

import json
import sys

import pytest

from csu.cli import main
from csu.masking.dwellings import load_buildings


@pytest.fixture
def csu(monkeypatch, capsys, tmp_path):
    """`csu("masks", "import", ...)`: (exit code, stdout, stderr), run in an empty directory, in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSU_LANG", "en")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["csu", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return (left.value.code, *capsys.readouterr())

    return run


def test_an_import_writes_the_buildings_and_tells_what_was_unknown(csu, bd_topo, square, tmp_path):
    path = bd_topo([(square(), {}), (square(50), {"usage_1": None})])
    code, out, err = csu("masks", "import", str(path), "--commune", "Montigny-lès-Metz", "--json")
    told = json.loads(out)
    assert (code, told["buildings"], told["unknown_use"], told["masked"]) == (0, 2, 1, 2)
    kept = load_buildings(tmp_path / told["written"])
    assert (kept.commune, len(kept.buildings), kept.source) == ("Montigny-lès-Metz", 2, "dwellings.gpkg")
    assert "<html" in (tmp_path / told["report"]).read_text(encoding="utf-8")
    assert "writing" in err


def test_without_json_a_person_reads_a_table(csu, bd_topo, square):
    code, out, _ = csu("masks", "import", str(bd_topo([(square(), {})])), "--commune", "metz")
    assert code == 0
    assert "a home, says the source" in out


def test_a_refused_file_imports_nothing_and_leaves_what_was_there(csu, bd_topo, square, tmp_path):
    good = bd_topo([(square(), {})])
    csu("masks", "import", str(good), "--commune", "metz")
    before = (tmp_path / "var/masks/metz.buildings.json").read_bytes()
    bad = bd_topo([(square(), {}), (square(20), {"cleabs": "BAD", "hauteur": -1.0})], name="bad.gpkg")
    code, out, _ = csu("masks", "import", str(bad), "--commune", "metz", "--json")
    assert code == 2
    assert "BAD" in json.loads(out)["error"]["what"]
    assert (tmp_path / "var/masks/metz.buildings.json").read_bytes() == before


def test_a_second_import_keeps_the_origin_that_cameras_stand_by(csu, bd_topo, square, tmp_path):
    csu("masks", "import", str(bd_topo([(square(), {})])), "--commune", "metz")
    first = load_buildings(tmp_path / "var/masks/metz.buildings.json")
    grown = bd_topo([(square(), {}), (square(3_000, 3_000), {})], name="grown.gpkg")
    csu("masks", "import", str(grown), "--commune", "metz")
    second = load_buildings(tmp_path / "var/masks/metz.buildings.json")
    assert second.frame == first.frame
    assert second.buildings[0] == first.buildings[0]
    code, _, err = csu("masks", "import", str(grown), "--commune", "metz", "--origin", "6.2", "49.1")
    assert code == 2
    assert "cameras stand by it" in err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--commune", "../etc"],
        ["--commune", "metz", "--ground", "180", "170"],
        ["--commune", "metz", "--origin", "49.1", "6.2"],
        ["--commune", "metz", "--layer", "route"],
    ],
)
def test_a_wrong_option_is_bad_input(csu, bd_topo, square, wrong):
    code, _, err = csu("masks", "import", str(bd_topo([(square(), {})])), *wrong)
    assert code == 2
    assert err.strip()
