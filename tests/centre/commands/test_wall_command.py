"""`csu wall`: a wall's files are checked whole, looked at, described; faults by line and column, exit code 2."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner, Result

from csu.centre.commands.wall import app, shown_first
from csu.hal.errors import BadInput
from csu.wall.model.reading import read_scene, read_wall

SCENARIOS = Path(__file__).resolve().parents[3] / "scenarios"
WALL, SCENE = SCENARIOS / "walls" / "salle.yaml", SCENARIOS / "scenes" / "demonstration.yaml"
STREET = ("--cameras", "cam-0001..cam-0048")


def called(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], standalone_mode=False)


def test_the_examples_hold() -> None:
    scenes = sorted((SCENARIOS / "scenes").glob("*.yaml"))
    done = called("check", WALL, *scenes, "--programmes", SCENARIOS / "walls" / "semaine.yaml", *STREET, "--json")
    told = json.loads(done.stdout)
    assert done.return_value == 0
    assert (told["verdict"], told["errors"], told["cameras_checked"], told["programmes"]) == ("holds", [], True, 2)
    demonstration = next(scene for scene in told["scenes"] if scene["scene"] == "demonstration")
    assert demonstration["tiles"] == 56
    assert demonstration["over_several_panels"] == ["axe"]
    assert told["nodes"] == {"mur-a": [7680, 2160], "mur-b": [3840, 2160]}


def test_faults_of_several_files_are_told_together(tmp_path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    text = SCENE.read_text(encoding="utf-8")
    one.write_text(text.replace("panel:droite", "panel:droit", 1), encoding="utf-8")
    other.write_text(text.replace("rows: 4", "rows: 3"), encoding="utf-8")
    twice = tmp_path / "twice.yaml"
    twice.write_text(text, encoding="utf-8")
    done = called("check", WALL, one, SCENE, other, twice, "--json")
    told = json.loads(done.stdout)
    assert done.return_value == 2
    assert told["verdict"] == "refused"
    places = [error["where"] for error in told["errors"]]
    assert [Path(place).name for place in places] == [
        "one.yaml:17:28",
        "other.yaml:23:5",
        "other.yaml:24:5",
        "twice.yaml:4:8",
    ]
    assert all(place in done.stderr for place in places)


def test_a_wall_that_is_none_is_told_before_its_scenes(tmp_path) -> None:
    wall = tmp_path / "wall.yaml"
    wall.write_text(WALL.read_text(encoding="utf-8").replace("node: mur-b}", "node: mur-x}"), encoding="utf-8")
    done = called("check", wall, SCENE)
    assert (done.return_value, done.stdout) == (2, "")
    assert "mur-x" in done.stderr


def test_what_cannot_be_read_or_written_is_bad_input(tmp_path) -> None:
    for words in (
        ("check", tmp_path / "none.yaml"),
        ("check", WALL, "--cameras", "cam-0009..cam-0001"),
        ("schema", "house"),
        ("preview", WALL, SCENE, "--png", tmp_path / "none" / "a.png"),
    ):
        with pytest.raises(BadInput):
            raise called(*words).exception or AssertionError(words)


def test_a_preview_shows_panels_bezels_and_tiles_in_their_places(tmp_path) -> None:
    png = tmp_path / "wall.png"
    done = called("preview", WALL, SCENE, "--png", png, "--json")
    assert done.return_value == 0
    assert json.loads(done.stdout)["tiles"] == 56
    picture = cv2.imread(str(png))
    px_per_mm = (1920 - 80) / (2451.2 + 696.4)

    def colour(x_mm: float, y_mm: float) -> tuple[int, ...]:
        return tuple(int(level) for level in picture[40 + round(y_mm * px_per_mm), 40 + round(x_mm * px_per_mm)])

    assert colour(100, 100) != colour(1225.6, 600), "the room is not a bezel"
    assert colour(1225.6, 600) == colour(1225.6, 300) == colour(4, 600)
    assert colour(300, 400) == colour(700, 400) == colour(2800, 300), "alarm spots"
    assert colour(1100, 400) == colour(1400, 400) == colour(110, 600), (
        "fixed: the axis on both panels, a tile of the grid"
    )


def test_who_is_first_in_a_scene_is_the_directors_choice() -> None:
    scene = read_scene(SCENE, read_wall(WALL))
    first = shown_first(scene)
    assert len(first) == 56
    assert all(first.values())


def test_a_schema_is_an_object() -> None:
    done = called("schema", "wall")
    assert "panels" in json.loads(done.stdout)["properties"]


@pytest.mark.nightly
def test_every_tile_of_the_demonstration_shows_its_camera_and_its_picture_by_the_pixels(tmp_path) -> None:
    """48 cameras of a simulated street, masked and shared as always, on three panels: 56 tiles, one of them split."""
    done = called("render", SCENE, "--wall", WALL, "--png", tmp_path, "--alarm", "alarme-1=cam-0007", "--json")
    told = json.loads(done.stdout)
    assert done.return_value == 0, told
    assert told["tiles_correct"] == told["tiles"] == 56
    assert told["psnr_db"] >= 45
    assert told["levels_off_max"] <= 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "droite.png",
        "gauche.png",
        "mur-salle.png",
        "portrait.png",
    ]
    portrait = cv2.imread(str(tmp_path / "portrait.png"))
    assert portrait.shape == (3840, 2160, 3)


def test_an_alarm_of_no_tile_is_refused_before_any_camera_is_asked() -> None:
    refused = called("render", SCENE, "--wall", WALL, "--alarm", "nowhere=cam-0007").exception
    assert isinstance(refused, BadInput)
    assert "alarme-1=cam-0007" in str(refused)
