"""`csu detect evaluate` as a person and a machine use it: what it refuses, and a film measured from end to end."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import av
import numpy as np
import pytest

from csu.centre.commands.detect_evaluate_film import film_of
from csu.cli import main
from csu.detection.observed import NO_DETECTIONS
from csu.hal.errors import BadInput


class FindsNothing:
    """A detector that costs nothing: what is tested is the command."""

    sha256 = "none"
    model = SimpleNamespace(name="none")

    def detect(self, bgr, regions):
        return NO_DETECTIONS


@pytest.fixture
def csu(monkeypatch, capsys, tmp_path):
    """`csu(...)`: (exit code, stdout, stderr), run in an empty directory, in English."""
    monkeypatch.setattr("csu.centre.commands.detect_evaluate.default_detector", FindsNothing)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CSU_LANG", "en")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["csu", *arguments])
        try:
            main()
        except SystemExit as left:
            return (left.code, *capsys.readouterr())
        return (0, *capsys.readouterr())

    return run


def film(path, pictures: int = 8):
    """A grey film with a white square that goes to the right."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(pictures):
            bgr = np.full((96, 160, 3), 90, np.uint8)
            bgr[40:60, 10 + 12 * number : 30 + 12 * number] = 250
            container.mux(stream.encode(av.VideoFrame.from_ndarray(bgr, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("line", ["1,2", "0,0,2,0", "a,b,c,d", "0.5,0.5,0.5,0.5"])
def test_what_is_no_line_is_refused(tmp_path, line):
    with pytest.raises(BadInput, match="--line"):
        film_of(tmp_path / "film.mp4", None, line, None)


@pytest.mark.parametrize("pose", ["6,-30", "6,30,800", "0,-30,800", "6,-30,nan"])
def test_what_is_no_pose_is_refused(tmp_path, pose):
    with pytest.raises(BadInput, match="--pose"):
        film_of(tmp_path / "film.mp4", None, None, pose)


def test_truth_without_a_film_is_bad_input(csu):
    code, _, err = csu("detect", "evaluate", "--truth", "gt.txt")
    assert code == 2
    assert "--video" in err


def test_a_ninth_type_is_bad_input(csu):
    code, _, err = csu("detect", "evaluate", "--type", "LOITERING")
    assert code == 2
    assert "none of the eight" in err


def test_a_film_without_truth_is_shown_and_not_scored(csu, tmp_path):
    film(tmp_path / "film.mp4")
    code, out, _ = csu("detect", "evaluate", "--video", "film.mp4", "--line", "0.5,1,0.5,0", "--report", "r", "--json")
    told = json.loads(out)
    assert (code, told["holds"], told["scored"], told["pictures"]) == (0, None, False, 8)
    assert told["types"]["WEAPON"]["status"] == "unavailable"
    page = (tmp_path / told["report"]).read_text(encoding="utf-8")
    assert "nothing is scored" in page
    assert "data:image/jpeg" in page


def test_a_film_with_truth_is_scored(csu, tmp_path):
    film(tmp_path / "film.mp4")
    rows = [f"{n + 1},1,{10 + 12 * n},40,20,20,1,3,1" for n in range(8)]
    (tmp_path / "gt.txt").write_text("\n".join(rows), encoding="utf-8")
    code, out, _ = csu(
        "detect", "evaluate", "--video", "film.mp4", "--truth", "gt.txt", "--line", "0.5,1,0.5,0", "--json"
    )
    told = json.loads(out)
    assert code == 0
    assert told["counts"]["true"] == 1
    assert set(told["tracking"]) == {"person", "vehicle"}


def test_what_is_no_film_is_bad_input(csu, tmp_path):
    (tmp_path / "film.mp4").write_bytes(b"no film at all")
    code, _, err = csu("detect", "evaluate", "--video", "film.mp4")
    assert code == 2
    assert "cannot be read" in err
