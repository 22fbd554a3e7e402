"""LOG-2: whatever can be done is journaled somewhere, and nobody acts on a camera or its masks anywhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from csu.governance.journal_entry import Operation
from csu.governance.journaled_actions import OPERATION_OF, OwnDeed, deed_entry
from csu.governance.roles import UNJOURNALED, Action

ROOT = Path(__file__).resolve().parents[2]
_A = Action

PLACES: dict[Action, str] = {
    _A.PTZ_MOVE: "csu/centre/rooms/ptz_room.py:move",
    _A.PRESET_GO: "csu/centre/rooms/ptz_room.py:go_to",
    _A.SPEAK: "csu/centre/rooms/speaker_room.py:_speak",
    _A.DEPORT_START: "csu/centre/rooms/deport_room.py:_open",
    _A.DEPORT_STOP: "csu/centre/rooms/deport_room.py:_write_down",
    _A.MASK_PROPOSE: "csu/centre/commands/masks_register.py:_decide",
    _A.MASK_SIGN_TECHNICAL: "csu/centre/commands/masks_register.py:_decide",
    _A.MASK_SIGN_DPO: "csu/centre/commands/masks_register.py:_decide",
    _A.PURGE_BY_HAND: "csu/centre/purge/by_hand.py:purge_by_hand",
    _A.STORAGE_CHECK: "csu/centre/commands/recording.py:check_command",
    _A.JOURNAL_RETENTION_SET: "csu/centre/registers/registers.py:journal_start",
    _A.ORDER_RECORD: "csu/centre/commands/orders.py:enter_command",
    _A.ANALYSIS_ORDER_RECORD: "csu/centre/commands/detect_orders.py:_decide",
    _A.MODEL_REGISTER: "csu/centre/commands/detect_orders.py:_decide",
    _A.ANALYSIS_STOP: "csu/centre/rooms/analysis_room.py:stop",
    _A.ANALYSIS_RESUME: "csu/centre/rooms/analysis_room.py:resume",
    _A.CAMERA_CONFIGURE: "csu/centre/preparing.py:ask_camera",
    _A.CAMERA_LIFECYCLE: "csu/centre/masks/mask_watch.py:_follow",
}
"""Where, beside the doors of the console, an action is done and its entry written."""

NOBODY_CAN = frozenset(
    {
        _A.MAINTENANCE_VIEW,
        *(_A.KEY_ROTATE, _A.BACKUP_RESTORE, _A.APPROVAL_RECORD),
        *(_A.ROLE_GRANT, _A.CAMERA_ENROL, _A.TEST_PATTERN),
        _A.FAULT_REPORT,
    }
)
"""No person can do these yet: no door, no command. Whoever builds one takes it out of here, and gives it a place."""

READ_BY_COMMAND = frozenset({_A.JOURNAL_READ, _A.JOURNAL_VERIFY, _A.COVERAGE_READ, _A.MASK_READ, _A.ORDER_READ})
"""Questions of who has the files themselves; they show no picture, and are not journaled yet."""

ACTS_ON_A_CAMERA = frozenset({"move", "go_to", "stop", "push_masks", "refuse_audio", "speak"})
"""Methods of `csu.hal.camera.Camera` and `csu.hal.loudspeaker.Loudspeaker` that change the device."""
ACTS = {
    "csu/centre/rooms/ptz_room.py:move",
    "csu/centre/rooms/ptz_room.py:go_to",
    "csu/centre/rooms/speaker_room.py:_speak",
    "csu/centre/masks/edge_masks.py:_prepare",
    "csu/centre/preparing.py:ask_camera",
}
ACTS_FIRST = {"csu/centre/rooms/ptz_room.py:halt", "csu/centre/rooms/ptz_room.py:_stop"}
"""At once, and journaled after: nothing is made to wait for the journal that shows less or turns less."""
DECIDES_ON_MASKS = {
    "csu/centre/masks/commissioning.py:take_in",
    "csu/centre/masks/commissioning.py:moved",
    "csu/centre/masks/commissioning.py:set_lifecycle",
    "csu/centre/commands/masks_register.py:_decide",
    "csu/centre/dpo/masks.py:_decide",
}


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """(file:function, its tree), of every function of a file, nested ones with the one around them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if inner is not outer
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and id(node) not in inside:
            yield f"{path.relative_to(ROOT).as_posix()}:{node.name}", node


def calls(node: ast.AST) -> Iterator[tuple[int, str, str]]:
    """(line, receiver, method) of each call of a method."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute):
            yield each.lineno, ast.unparse(each.func.value), each.func.attr


def deeds_in(node: ast.AST) -> list[int]:
    """Lines on which a camera is acted upon."""
    return [
        line
        for line, receiver, method in calls(node)
        if method in ACTS_ON_A_CAMERA and receiver.split(".")[-1].lstrip("_") == "camera"
    ]


def entries_in(node: ast.AST) -> list[int]:
    """Lines on which the journal is written."""
    found = [line for line, receiver, method in calls(node) if method in ("record", "before") and "journal" in receiver]
    found += [line for line, receiver, method in calls(node) if method == "add" and receiver.endswith("_late")]
    names = (each for each in ast.walk(node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name))
    return sorted([*found, *(each.lineno for each in names if each.func.id == "note")])


@pytest.fixture(scope="module")
def everywhere() -> dict[str, ast.AST]:
    return {name: node for path in sorted((ROOT / "csu").rglob("*.py")) for name, node in functions(path)}


def doors() -> set[Action]:
    """What the doors of the console are for, by their declarations: the gate journals each (tests/compliance/doors)."""
    declared = (path.read_text(encoding="utf-8") for path in (ROOT / "csu" / "console").rglob("*.py"))
    texts = (text for text in declared if "opens(" in text or "Door(" in text)
    return {Action[name] for text in texts for name in re.findall(r"Action\.([A-Z_]+)", text)}


def test_each_action_has_a_journaled_place_or_nobody_can_do_it():
    at_doors = doors()
    placed = at_doors | set(PLACES) | UNJOURNALED | READ_BY_COMMAND
    assert NOBODY_CAN.isdisjoint(placed), "it can be done now: say where"
    assert set(Action) == placed | NOBODY_CAN


@pytest.mark.parametrize("action", PLACES, ids=str)
def test_the_place_of_an_action_is_there_and_writes_the_journal(everywhere, action):
    assert entries_in(everywhere[PLACES[action]]), PLACES[action]


def test_whoever_acts_on_a_camera_writes_the_journal_first(everywhere):
    found = {name: (deeds_in(node), entries_in(node)) for name, node in everywhere.items()}
    acting = {name: lines for name, lines in found.items() if lines[0]}
    assert set(acting) == ACTS | ACTS_FIRST
    for name in ACTS:
        deeds, entries = acting[name]
        assert entries, name
        assert min(entries) < min(deeds), name
    for name in ACTS_FIRST:
        assert acting[name][1], name


def test_whoever_decides_on_masks_is_one_of_these(everywhere):
    found = {
        name
        for name, node in everywhere.items()
        for _, receiver, method in calls(node)
        if method == "decide" and receiver.split(".")[-1].lstrip("_") == "ledger"
    }
    assert found == DECIDES_ON_MASKS


def test_a_camera_that_is_turned_without_an_entry_would_be_found():
    lines = ("async def tour(self, camera):", "    await camera.go_to(pose)", "    await self._journal.record(entry)")
    planted = ast.parse("\n".join(lines))
    assert deeds_in(planted) == [2]
    assert min(entries_in(planted)) > min(deeds_in(planted))
    assert deeds_in(ast.parse("async def f(self):\n    await self._camera.push_masks(m)")) == [2]


def test_everything_a_centre_does_by_itself_is_written_somewhere():
    source = "\n".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "csu").rglob("*.py") if path.name != "journaled_actions.py"
    )
    for deed in OwnDeed:
        assert f"OwnDeed.{deed.name}" in source, deed
        changes = {Operation.CONFIG, Operation.MASK_EDIT, Operation.CAMERA_LIFECYCLE, Operation.WALL_LAYOUT}
        assert deed_entry(deed).operation in changes


def test_every_operation_of_an_action_or_a_deed_is_known():
    assert set(OPERATION_OF) == set(Action)
