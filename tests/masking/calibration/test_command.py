"""`csu camera calibrate` as a person and a machine use it."""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
import pytest
import yaml

from csu.cli import main
from csu.hal.place import Building
from csu.masking.calibration import load_model
from csu.masking.dwellings import Dwellings, LocalFrame, save_buildings


@pytest.fixture
def csu(monkeypatch, capsys, tmp_path):
    """`csu("camera", "calibrate", ...)`: (exit code, stdout, stderr), run in an empty directory, in English."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSU_LANG", "en")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["csu", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        return (left.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def survey_file(job, tmp_path):
    def write(seed=1, count=12, **how):
        survey = job(seed, count, **how).survey
        place = survey.priors
        told = {
            "camera": survey.camera,
            "picture_px": [1920, 1080],
            "position": {"m": [place.x_m, place.y_m, place.z_m]},
            "map_error_m": survey.points[0].map_error_m,
            "click_error_px": survey.click_error_px,
            "points": [{"name": p.name, "px": [p.u_px, p.v_px], "m": [p.x_m, p.y_m, p.z_m]} for p in survey.points],
        }
        path = tmp_path / "survey.yaml"
        path.write_text(yaml.safe_dump(told), encoding="utf-8")
        return path

    return write


def test_a_usable_camera_is_told_and_kept(csu, survey_file, job, tmp_path):
    code, out, _ = csu("camera", "calibrate", str(survey_file()), "--json")
    told = json.loads(out)
    assert (code, told["verdict"], told["points"]) == (0, "holds", 12)
    assert abs((told["pan_deg"] - job(1, 12).true.pan_deg + 180) % 360 - 180) < told["angle_off_deg"]
    assert load_model(tmp_path / told["written"]).camera == "cam-0042"
    assert "Red: clicked points" in (tmp_path / told["report"]).read_text(encoding="utf-8")


def test_a_poor_fit_ends_with_1_and_says_why(csu, survey_file):
    code, out, _ = csu("camera", "calibrate", str(survey_file(2, 10, click_px=15.0, map_m=1.0)), "--json")
    told = json.loads(out)
    assert (code, told["verdict"]) == (1, "does not hold")
    assert told["too_poor"]


def test_five_points_are_bad_input(csu, survey_file):
    code, _, err = csu("camera", "calibrate", str(survey_file(1, 5)))
    assert code == 2
    assert "5 points" in err


def test_buildings_and_the_picture_are_drawn(csu, survey_file, job, tmp_path):
    true = job(1, 12).true
    bearing = np.radians(true.pan_deg)
    x, y = true.x_m + 30 * np.sin(bearing), true.y_m + 30 * np.cos(bearing)
    house = Building("h", ((x, y), (x + 8, y), (x + 8, y + 8), (x, y + 8)), 170.0, None, True)
    save_buildings(Dwellings("metz", "a", "b", "c", LocalFrame(6.1757, 49.1203), (house,)), tmp_path / "b.json")
    cv2.imwrite(str(tmp_path / "still.png"), np.full((1080, 1920, 3), 90, np.uint8))
    path = str(survey_file())
    code, out, _ = csu("camera", "calibrate", path, "--buildings", "b.json", "--picture", "still.png")
    assert code == 0
    assert "Usable" in out
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((100, 100, 3), np.uint8))
    code, _, err = csu("camera", "calibrate", path, "--picture", "small.png")
    assert code == 2
    assert "1920x1080" in err


def test_a_table_needs_the_rest_on_the_command_line(csu, survey_file, tmp_path):
    told = yaml.safe_load(survey_file().read_text())
    rows = [f"{p['name']},{p['px'][0]},{p['px'][1]},{p['m'][0]},{p['m'][1]},{p['m'][2]}" for p in told["points"]]
    (tmp_path / "s.csv").write_text("\n".join(["name,u_px,v_px,x_m,y_m,z_m", *rows]))
    assert csu("camera", "calibrate", "s.csv", "--camera", "cam-0042")[0] == 2
    place = [str(value) for value in told["position"]["m"]]
    rest = ["--camera", "cam-0042", "--picture-px", "1920", "1080", "--position", *place]
    assert csu("camera", "calibrate", "s.csv", *rest)[0] == 0
