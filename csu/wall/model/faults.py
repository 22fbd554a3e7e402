"""What no wall can show, each with its kind and where in the value or file it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from csu.hal.words import Words
from csu.wall.directing.programme import PlanUnusable

KeyPath: TypeAlias = tuple[str | int, ...]
CORRECT = Words("Corrigez le fichier", "Correct the file")


class FaultKind(StrEnum):
    """What is wrong with a wall or a scene."""

    NO_PANEL = "no_panel"
    NAMED_TWICE = "named_twice"
    UNKNOWN_NODE = "unknown_node"
    UNKNOWN_PANEL = "unknown_panel"
    UNKNOWN_CAMERA = "unknown_camera"
    UNKNOWN_TILE = "unknown_tile"
    HEADS_DIFFER = "heads_differ"
    """A node's heads are not the panels that name it."""
    BEZEL_COVERS_ALL = "bezel_covers_all"
    PIXELS_NOT_SQUARE = "pixels_not_square"
    """By its millimetres and pixels: the rotation or a size is mistaken."""
    PANELS_OVERLAP = "panels_overlap"
    OUTPUTS_OVERLAP = "outputs_overlap"
    FRAMEBUFFER_TOO_LARGE = "framebuffer_too_large"
    OFF_THE_WALL = "off_the_wall"
    SPLIT_BY_BEZEL = "split_by_bezel"
    HOLE = "hole"
    """What is to be shown over several panels without a loss meets a place where there is none."""
    DENSITY_DIFFERS = "density_differs"
    TOO_SMALL = "too_small"
    TILES_OVERLAP = "tiles_overlap"
    NO_ALARM_SPOT = "no_alarm_spot"


@dataclass(frozen=True, slots=True)
class ModelFault:
    """One thing that no wall can show. `at`: the keys that lead to it, as the file writes them."""

    kind: FaultKind
    at: KeyPath
    what: Words
    what_to_do: Words = CORRECT


class WallUnusable(PlanUnusable):
    """A wall or a scene cannot be shown; says the first reason."""

    @classmethod
    def by(cls, fault: ModelFault, where: str) -> WallUnusable:
        """The error that tells this fault."""
        return cls(fault.what, where="/".join([where, *map(str, fault.at)]), what_to_do=fault.what_to_do)
