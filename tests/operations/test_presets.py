"""Presets: whole on disk or not at all, and nothing under a name that may not be written."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace

import pytest

from csu.hal.camera import CameraId
from csu.operations.presets import NAME_CHARACTERS_MAX, Preset, PresetBook, PresetNotKept, PresetRefused

CAMERA, OTHER = CameraId("cam-0004"), CameraId("cam-0008")
SQUARE = Preset(CAMERA, 2, "Entrée du marché", 308.5, -20.25, 71.0, "m.weber", 1_795_000_000_000_000_000)


def test_what_was_stored_is_there_when_it_is_opened_again(tmp_path) -> None:
    book = PresetBook(tmp_path / "presets.sqlite")
    first = replace(SQUARE, number=1, name="Pont")
    for preset in (SQUARE, first, replace(SQUARE, camera=OTHER)):
        book.store(preset)
    book.store(replace(SQUARE, name="Marché"))
    book.forget(OTHER, 2)
    book.close()
    again = PresetBook(tmp_path / "presets.sqlite")
    assert again.of(CAMERA) == (first, replace(SQUARE, name="Marché"))
    assert again.of(OTHER) == ()
    again.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": 0},
        {"number": 100},
        {"name": ""},
        {"name": " Pont"},
        {"name": "Pont\nvoisin"},
        {"name": "x" * (NAME_CHARACTERS_MAX + 1)},
        {"name": "AB-123-CD"},
        {"pan_deg": float("nan")},
        {"tilt_deg": 91.0},
        {"across_deg": 0.0},
        {"across_deg": 180.0},
    ],
)
def test_what_is_no_preset_is_refused(wrong) -> None:
    with pytest.raises(PresetRefused):
        replace(SQUARE, **wrong)


def test_one_that_nobody_stored_is_refused_by_its_number(tmp_path) -> None:
    book = PresetBook(tmp_path / "presets.sqlite")
    book.store(SQUARE)
    for ask in (book.get, book.forget):
        with pytest.raises(PresetRefused) as refused:
            ask(CAMERA, 3)
        assert "3" in refused.value.trouble.what.fr
    book.close()


def test_what_could_not_be_written_is_not_told_as_stored(tmp_path) -> None:
    path = tmp_path / "presets.sqlite"
    book = PresetBook(path)
    book.store(SQUARE)
    with sqlite3.connect(path) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON preset BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        other.execute("CREATE TRIGGER stuck BEFORE DELETE ON preset BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
    with pytest.raises(PresetNotKept):
        book.store(replace(SQUARE, name="Pont"))
    with pytest.raises(PresetNotKept):
        book.forget(CAMERA, 2)
    assert book.of(CAMERA) == (SQUARE,)
    book.close()


def test_a_process_that_dies_loses_what_it_had_not_finished_and_nothing_else(tmp_path) -> None:
    path = tmp_path / "presets.sqlite"
    book = PresetBook(path)
    book.store(SQUARE)
    book.close()
    child = os.fork()
    if child == 0:  # it dies amid a transaction, without closing anything
        torn = sqlite3.connect(path)
        torn.execute("UPDATE preset SET name = 'half'")
        os._exit(9)
    os.waitpid(child, 0)
    again = PresetBook(path)
    assert again.of(CAMERA) == (SQUARE,)
    again.store(replace(SQUARE, number=5))
    again.close()
