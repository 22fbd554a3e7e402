"""A survey is read whole or refused with its place; a kept model comes back exactly or not at all."""

from __future__ import annotations

import json

import pytest
import yaml

from csu.hal.errors import BadInput
from csu.hal.place import PoseBounds
from csu.masking.calibration import CameraModel, ZoomStep, load_model, read_survey, read_table, save_model
from csu.masking.dwellings import LocalFrame

POINTS = [{"name": f"p{at}", "px": [100 * at, 50 * at], "m": [at, 20 + at, 170.0]} for at in range(8)]
SURVEY = {
    "camera": "cam-0042",
    "picture_px": [1920, 1080],
    "position": {"m": [0.0, 0.0, 178.0], "sigma_m": 0.4},
    "points": POINTS,
}
MODEL = CameraModel(
    "cam",
    1920,
    1080,
    1.25,
    -3.1,
    178.0,
    10.1,
    -8.0,
    0.3,
    0.41,
    0.7,
    (ZoomStep(0.0, 1301.7, -0.11, 0.03, 0.05, PoseBounds(0.3, 0.1, 0.01, 0.02)),),
    9,
    "now",
)


@pytest.fixture
def survey_file(tmp_path):
    def write(told, name="survey.yaml"):
        path = tmp_path / name
        path.write_text(told if isinstance(told, str) else yaml.safe_dump(told), encoding="utf-8")
        return path

    return write


def test_a_survey_is_read_as_it_is_written(survey_file):
    survey = read_survey(survey_file(SURVEY))
    assert (survey.camera, survey.width_px, survey.height_px, len(survey.points)) == ("cam-0042", 1920, 1080, 8)
    assert survey.priors.place_sigma_m == 0.4
    assert (survey.points[3].u_px, survey.points[3].y_m, survey.points[3].map_error_m) == (300, 23, 0.2)
    assert read_survey(survey_file(json.dumps(SURVEY), "survey.json")) == survey


def test_a_ptz_survey_has_views(survey_file):
    views = [{"pan_deg": 10 * at, "tilt_deg": -5, "zoom": at / 4, "points": POINTS[:4]} for at in range(3)]
    survey = read_survey(survey_file({k: v for k, v in SURVEY.items() if k != "points"} | {"views": views}))
    assert survey.ptz
    assert survey.zooms == (0.0, 0.25, 0.5)
    assert [point.name for point in survey.points[:5]] == ["1/p0", "1/p1", "1/p2", "1/p3", "2/p0"]


def test_points_in_degrees_fall_where_the_buildings_are(survey_file):
    frame = LocalFrame(6.1757, 49.1203)
    told = SURVEY | {"points": [{"px": [5, 5], "lon_lat_z": [6.1757, 49.1203, 171.0]}, *POINTS[1:]]}
    first = read_survey(survey_file(told), frame).points[0]
    assert (first.x_m, first.y_m, first.z_m) == (pytest.approx(0, abs=1e-6), pytest.approx(0, abs=1e-6), 171.0)
    with pytest.raises(BadInput, match="origin"):
        read_survey(survey_file(told))
    with pytest.raises(BadInput, match="origin"):
        read_survey(survey_file(told | {"frame": {"lon_deg": 6.0, "lat_deg": 49.0}}), frame)


def test_a_table_is_read_too(survey_file):
    lines = ["name,u_px,v_px,x_m,y_m,z_m", *(f"p{at},{100 * at},{50 * at},{at},{20 + at},170" for at in range(8))]
    rest = {"camera": "cam-0042", "picture_px": [1920, 1080], "position": {"m": [0.0, 0.0, 178.0], "sigma_m": 0.4}}
    assert read_table(survey_file("\n".join(lines), "s.csv"), rest) == read_survey(survey_file(SURVEY))
    with pytest.raises(BadInput, match="line 3"):
        read_table(survey_file("\n".join([*lines[:2], "p9,left,1,2,3,4"]), "s.csv"), rest)
    with pytest.raises(BadInput, match="zoom"):
        read_table(survey_file("name,u_px,v_px,x_m,y_m,z_m,zoom\na,1,1,1,1,1,0", "s.csv"), rest)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"camera": ""}, "camera"),
        ({"picture_px": [1920]}, "picture_px"),
        ({"position": {"m": [0, 0, 1], "lon_lat_z": [6, 49, 1]}}, "position"),
        ({"points": [{"px": [0, 0]}]}, "points.0"),
        ({"points": [{"px": [0, 0], "m": [0, 0, float("nan")]}]}, "points.0.m"),
        ({"points": [{"px": [5000, 0], "m": [0, 0, 0]}]}, "5000"),
        ({"points": [POINTS[0], POINTS[0]]}, "p0"),
        ({"points": None}, "points or views"),
        ({"click_error_px": 0}, "click_error_px"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_wrong_survey_is_refused_with_its_place(survey_file, changes, place):
    with pytest.raises(BadInput) as caught:
        read_survey(survey_file(SURVEY | changes))
    assert place in caught.value.trouble.what.en
    assert caught.value.trouble.where == "survey.yaml"


@pytest.mark.parametrize("content", ["", "[1, 2]", "a: [", "just words"])
def test_what_is_no_survey_is_refused(survey_file, content):
    with pytest.raises(BadInput):
        read_survey(survey_file(content))


def test_a_model_comes_back_exactly(tmp_path):
    save_model(MODEL, tmp_path / "a" / "cam.camera.json")
    assert load_model(tmp_path / "a" / "cam.camera.json") == MODEL


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"zooms": []},
        {"angle_off_deg": 0.0},
        {"x_m": None},
        {"zooms": [{"zoom": 0.0, "focal_px": -5.0, "k1": 0.0, "focal_share": 0.1, "k1_off": 0.1}]},
    ],
)
def test_a_model_that_cannot_be_true_is_refused(tmp_path, change):
    path = tmp_path / "cam.camera.json"
    save_model(MODEL, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(BadInput):
        load_model(path)


def test_half_a_model_is_refused(tmp_path):
    path = tmp_path / "cam.camera.json"
    save_model(MODEL, path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(BadInput):
        load_model(path)
