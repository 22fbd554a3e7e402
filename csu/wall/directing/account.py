"""The director's decisions as lines of text, kept for whoever asks later why a tile showed what it did. Pure."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.wall.directing.decisions import Cause, CauseKind, SceneChanged, TileChanged, WallDecision
from csu.wall.directing.programme import SlotId

LINE_MAX = 4096
"""A longer line is none of ours: what is cut off makes it unreadable."""


class AccountUnreadable(BadInput):
    """A line that no director wrote."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a tile began to show then, and why; `is_over`: its scene went, and the tile with it."""

    at_ns: Nanoseconds
    scene: str
    camera: CameraId | None
    was: CameraId | None
    cause: Cause
    is_over: bool = False

    @property
    def words(self) -> Words:
        """As one reads it: what, what before, because of what."""
        why = self.cause.words
        if self.is_over:
            return Words(
                f"plus affiché, scène {self.scene} : {why.fr}", f"not up any more, scene {self.scene}: {why.en}"
            )
        fr, en = (self.camera, self.camera) if self.camera else ("rien", "nothing")
        before = Words(f" (avant : {self.was})", f" (before: {self.was})") if self.was else Words("", "")
        return Words(f"{fr}{before.fr} · {why.fr}", f"{en}{before.en} · {why.en}")


def line_of(decision: WallDecision) -> str | None:
    """One decision as a line; None: it changes no scene and no tile."""
    if not isinstance(decision, SceneChanged | TileChanged):
        return None
    told = {"at_ns": decision.at_ns, "scene": decision.scene, "was": decision.was}
    if isinstance(decision, TileChanged):
        told |= {"tile": decision.slot, "camera": decision.camera}
    return json.dumps(told | {"cause": decision.cause.kind.value, "ref": decision.cause.ref}, ensure_ascii=False)


def decision_of(line: str, number: int) -> SceneChanged | TileChanged:
    """The decision of a line. Raises AccountUnreadable with the line's number."""
    try:
        told = json.loads(line[:LINE_MAX])
        cause, at_ns, scene = Cause(CauseKind(told["cause"]), str(told["ref"])), int(told["at_ns"]), str(told["scene"])
        if "tile" not in told:
            return SceneChanged(scene, str(told["was"]), cause, at_ns)
        camera, was = (CameraId(str(told[key])) if told[key] is not None else None for key in ("camera", "was"))
        return TileChanged(scene, SlotId(str(told["tile"])), camera, was, cause, at_ns)
    except (ValueError, KeyError, TypeError) as error:
        raise AccountUnreadable(
            Words("ce n'est pas une décision du mur", "this is no decision of a wall"),
            where=f"--decisions:{number}",
            what_to_do=Words("Donnez le fichier écrit par --wall", "Give the file that --wall wrote"),
        ) from error


class Account:
    """What became of each tile, as decisions come: the last changes of each."""

    def __init__(self, changes_max: int | None = None) -> None:
        """`changes_max`: of one tile; None: all of them."""
        self._changes_max = changes_max
        self._told: dict[SlotId, deque[Told]] = {}

    def hear(self, each: SceneChanged | TileChanged) -> None:
        """The next one."""
        if isinstance(each, TileChanged):
            told = Told(each.at_ns, each.scene, each.camera, each.was, each.cause)
            self._told.setdefault(each.slot, deque(maxlen=self._changes_max)).append(told)
        elif each.scene != each.was:
            for found in self._told.values():
                if found and not found[-1].is_over:
                    found.append(Told(each.at_ns, each.scene, None, found[-1].camera, each.cause, is_over=True))

    def of(self, slot: SlotId) -> list[Told]:
        """In order; empty for a tile that was never up."""
        return list(self._told.get(slot, ()))


def account_of(slot: SlotId, decisions: Iterable[SceneChanged | TileChanged]) -> list[Told]:
    """All that became of a tile, in order."""
    account = Account()
    for each in decisions:
        if isinstance(each, SceneChanged) or each.slot == slot:
            account.hear(each)
    return account.of(slot)


def at(account: Iterable[Told], at_ns: Nanoseconds) -> Told | None:
    """What held at that instant; None: the tile had not been up."""
    return next((each for each in reversed([*account]) if each.at_ns <= at_ns), None)
