"""How the wall's decisions stand in the audit journal, one entry each, and how they are read back from it. Pure.

subject    wall/SCENE               another scene, or the same for another reason
           wall/SCENE/-             the first scene since the centre started: no tile of before is up
           wall/SCENE/TILE          the tile shows another camera, or the same for another reason
           wall/SCENE/TILE/empty    it shows nothing now
reference  CAUSE/REF                alarm/panel-1/7, request/a.dupre, programme/market
data       the camera that is up, then the one that was (the same again when only the cause changed)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from csu.governance import JournalEntry, JournalEntryRefused
from csu.governance.journal_entry import JournalRow, Operation
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.personal_data import personal_data_in
from csu.wall import Cause, CauseKind, SceneChanged, SlotId, TileChanged, WallDecision

_EMPTY, _FIRST = "empty", "-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,23}", re.ASCII)
_LETTERS = "abcdefghijklmnop"


def entry_of(decision: WallDecision) -> JournalEntry | None:
    """The entry of one decision; None: it changes no scene and no tile."""
    if not isinstance(decision, SceneChanged | TileChanged):
        return None
    cause = decision.cause
    try:
        entry = _placed(decision, journaled_name)
    except JournalEntryRefused:  # together these names look like a plate
        entry = _placed(decision, letters_of)
    try:
        return replace(entry, reference=f"{cause.kind.value}/{cause.ref}" if cause.ref else cause.kind.value)
    except JournalEntryRefused:  # the cause's own name is none that a journal may hold: the event tells it
        return replace(entry, reference=cause.kind.value)


def journaled_name(name: str) -> str:
    """A scene or a tile as the journal names it: as it is, or letters made of it where a journal may not hold that."""
    is_plain = _NAME.fullmatch(name) is not None and name != _EMPTY and personal_data_in(name) is None
    return name if is_plain else letters_of(name)


def letters_of(name: str) -> str:
    """Twelve letters that stand for a name."""
    return "x:" + "".join(_LETTERS[int(digit, 16)] for digit in hashlib.sha256(name.encode()).hexdigest()[:12])


def _placed(decision: SceneChanged | TileChanged, name_of: Callable[[str], str]) -> JournalEntry:
    if isinstance(decision, SceneChanged):
        return deed_entry(OwnDeed.WALL, name_of(decision.scene) + ("" if decision.was else f"/{_FIRST}"))
    place = f"{name_of(decision.scene)}/{name_of(decision.slot)}" + ("" if decision.camera else f"/{_EMPTY}")
    return deed_entry(OwnDeed.WALL, place, cameras=[each for each in (decision.camera, decision.was) if each])


def decisions_of(rows: Iterable[JournalRow]) -> list[SceneChanged | TileChanged]:
    """What of these rows the wall decided, in order, with the names that stand there."""
    found: list[SceneChanged | TileChanged] = []
    scene = ""
    for row in rows:
        each = _decision_of(row, scene)
        if each is not None:
            found.append(each)
            scene = each.scene
    return found


def _decision_of(row: JournalRow, up: str) -> SceneChanged | TileChanged | None:
    """`up`: the scene before. None: it is none of the wall's own."""
    entry = row.entry
    if not isinstance(entry, JournalEntry) or entry.operation is not Operation.WALL_LAYOUT:
        return None
    deed, *place = entry.subject.split("/")
    kind, _, ref = entry.reference.partition("/")
    if deed != OwnDeed.WALL.value or kind not in set(CauseKind):
        return None
    cause, data = Cause(CauseKind(kind), ref), [each.camera for each in entry.data]
    match place:
        case [scene]:
            return SceneChanged(scene, up, cause, row.at_ns)
        case [scene, tile] if tile == _FIRST:
            return SceneChanged(scene, "", cause, row.at_ns)
        case [scene, tile]:
            up_now, was = (*data, None, None)[:2]
            return TileChanged(scene, SlotId(tile), up_now, was, cause, row.at_ns)
        case [scene, tile, _]:
            return TileChanged(scene, SlotId(tile), None, data[0] if data else None, cause, row.at_ns)
    return None
