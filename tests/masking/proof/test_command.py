"""`csu masks prove` as a person and a machine use it."""

from __future__ import annotations

import json
import sys

import pytest

from csu.cli import main
from csu.masking.proof import oracle
from csu.masking.proof.defects import DEFECTS


@pytest.fixture
def csu(monkeypatch, capsys, tmp_path):
    """`csu("masks", "prove", ...)`: (exit code, stdout, stderr), run in an empty directory, in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSU_LANG", "en")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["csu", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return (left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def quick(monkeypatch):
    """The parts around the geometry, as short as they go."""
    monkeypatch.setattr(oracle, "PICTURE_SCENES", 2)
    monkeypatch.setattr(oracle, "INTERFERENCE_ROUNDS", 1)
    monkeypatch.setattr(oracle, "attack", lambda chance: [])


def test_a_proof_that_holds_exits_0_with_one_object_and_a_report(csu, quick, tmp_path):
    code, out, err = csu("masks", "prove", "--scenes", "3", "--seed", "5", "--json")
    told = json.loads(out)
    assert (code, told["verdict"], told["missed_px"], told["scenes"], told["seed"]) == (0, "holds", 0, 3, 5)
    assert told["sensitive_px"] > 0
    assert 0 <= told["over_mask_ratio"] <= 1
    assert set(told["cases"]) == {"exact", "wrong_pose", "slewing", "stale", "all"}
    assert "geometry, by ray casting" in err
    report = (tmp_path / told["report"]).read_text(encoding="utf-8")
    assert report.count("data:image/png") == 5


def test_a_mask_that_leaks_exits_1_and_tells_a_person_where(csu, quick):
    defect = next(defect for defect in DEFECTS if defect.name == "cover not grown by a cell")
    with defect.plant():
        code, out, _ = csu("masks", "prove", "--scenes", "1")
    assert code == 1
    assert "slewing PTZ" in out
    assert "DOES NOT HOLD: exact pose" in out.replace("\n", " ")


def test_no_scene_at_all_is_refused(csu):
    code, _, err = csu("masks", "prove", "--scenes", "0")
    assert code == 2
    assert "--scenes" in err


@pytest.mark.nightly
@pytest.mark.parametrize("seed", ["1", "2", "3"])
def test_two_hundred_scenes_of_any_seed_show_nothing(csu, seed):
    code, out, _ = csu("masks", "prove", "--scenes", "200", "--seed", seed, "--json")
    told = json.loads(out)
    assert code == 0, told["failures"]
    assert told["sensitive_px"] > 1_000_000
    assert told["missed_px"] == 0
