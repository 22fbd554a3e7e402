"""VVB-1, VSA-6, VSA-7: no way leads from a signal or a recording to a ticket, by type and by import."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import csu
from csu.operations import enforcement
from csu.operations.enforcement import DeskPorts, Enforcement

ENGINE = Path(csu.__file__).parent
DESK = "csu.operations.enforcement"
MAY_KNOW_IT = {
    "centre/console_hung.py",
    "centre/rooms/enforcement_room.py",
    "centre/rooms/enforcement_keeping.py",
    "console/enforcement.py",
    "console/enforcement_answers.py",
}
"""Who may import the desk: its room and its doors. None of them is called by another room."""
NOT_OF_IT = (
    *("csu.detection", "csu.statistics", "csu.alarms", "csu.recording", "csu.evidence", "csu.ingest", "csu.wall"),
    "csu.hal.analysis",
)
"""What knows signals, recordings, or pictures that an agent is not being shown."""
PICTURES_AND_SIGNALS = ("MaskedFrame", "ClearFrame", "YuvPlanes", "bytes", "Path", "EventSignal", "Alarm", "Segment")


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)


def is_of(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def who_imports_the_desk(root: Path) -> set[str]:
    own = root / "operations" / "enforcement"
    files = [path for path in root.rglob("*.py") if own not in path.parents]
    files = [path for path in files if "enforcement" in path.read_text(encoding="utf-8")]
    return {
        path.relative_to(root).as_posix() for path in files if any(is_of(module, DESK) for module in imports_of(path))
    }


def test_nobody_but_its_room_and_its_doors_knows_the_desk():
    assert who_imports_the_desk(ENGINE) <= MAY_KNOW_IT


def test_the_desk_knows_neither_signals_nor_recordings():
    for path in (ENGINE / "operations" / "enforcement").glob("*.py"):
        strangers = {each for each in imports_of(path) for package in NOT_OF_IT if is_of(each, package)}
        assert not strangers, path.name


def test_its_room_and_its_doors_know_neither_signals_nor_recordings():
    for name in MAY_KNOW_IT - {"centre/console_hung.py"}:
        path = ENGINE / name
        if path.exists():
            allowed = {"csu.recording.sealed_disk", "csu.recording.key_store"}  # records are sealed at rest
            strangers = {
                each
                for each in imports_of(path)
                for package in NOT_OF_IT
                if is_of(each, package) and not any(is_of(each, fine) for fine in allowed)
            }
            assert not strangers, name


def test_no_method_of_the_desk_takes_a_picture_a_file_or_a_signal():
    methods = [method for name, method in inspect.getmembers(Enforcement, inspect.isfunction) if name[0] != "_"]
    assert {method.__name__ for method in methods} == {
        *("begin", "end", "why_not", "camera_of", "draft_of", "draft"),
        *("open", "take", "paint", "mark", "stop", "drop", "sign"),
    }
    for method in methods:
        for name, parameter in inspect.signature(method).parameters.items():
            told = str(parameter.annotation)
            assert not any(kind in told for kind in PICTURES_AND_SIGNALS), f"{method.__name__}({name}: {told})"


def test_pictures_come_in_by_one_port_that_is_asked_by_session():
    giving = {name: str(kind) for name, kind in DeskPorts.__annotations__.items() if "Picture" in str(kind)}
    assert giving == {"pictures": "LivePictures"}
    newest = inspect.signature(enforcement.LivePictures.newest)
    assert [*newest.parameters] == ["self", "session"]


@pytest.mark.parametrize(
    "source",
    [
        "from csu.operations.enforcement import Enforcement",
        "from csu.operations import enforcement",
        "def f():\n    import csu.operations.enforcement.desk",
    ],
)
def test_a_planted_way_in_is_seen(tmp_path, source):
    (tmp_path / "detection").mkdir()
    (tmp_path / "detection" / "planted.py").write_text(source)
    assert who_imports_the_desk(tmp_path) == {"detection/planted.py"}
