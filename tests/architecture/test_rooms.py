"""A room says at its door what it is for and what it gives."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = sorted(path.parent for path in (ROOT / "csu").glob("*/__init__.py"))
SOURCES = sorted(path for package in ("csu", "sim", "hardware") for path in (ROOT / package).rglob("*.py"))
NAMES_NOTHING = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_a_room_says_what_it_is_for_what_comes_in_and_what_goes_out(room):
    door = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
    words = set(re.findall(r"[a-z]+", (ast.get_docstring(door) or "").lower()))
    assert {"in", "out"} <= words


@pytest.mark.parametrize("room", [room for room in ROOMS if room.name != "hal"], ids=lambda room: room.name)
def test_a_room_lists_its_public_names(room):
    door = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in door.body if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    lists = [node for node in door.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"]
    assert lists or not imports, "what the room gives away is imported in its __init__ and named in __all__"


def test_every_folder_with_code_is_a_package():
    """A folder without __init__.py is read by nobody's contract."""
    folders = {path.parent for path in SOURCES}
    assert [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_a_file_is_named_after_an_idea():
    assert [str(path.relative_to(ROOT)) for path in SOURCES if path.stem.strip("_") in NAMES_NOTHING] == []
