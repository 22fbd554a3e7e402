"""The wall as it hangs, scenes as they lie on it, and what of a scene each node draws.

In: files of a wall, its scenes and programmes; who is in which tile. Out: a `NodeScene` per node, in framebuffer
pixels; everything that no wall can show, with its place in the file. `layout` makes a plain grid of cameras.
"""

from csu.wall.model.checks import scene_faults
from csu.wall.model.faults import FaultKind, ModelFault, WallUnusable
from csu.wall.model.fitting import FittedPiece, fit_piece
from csu.wall.model.placing import Part, Spread, area_mm, place, spread, spread_tile
from csu.wall.model.scene import (
    BezelRule,
    Overlay,
    Scene,
    SourceRef,
    Tile,
    Transition,
    TransitionKind,
)
from csu.wall.model.wall import Bezel, Node, Panel, Rect, Rotation, Wall, wall_faults

__all__ = [
    "Bezel",
    "BezelRule",
    "FaultKind",
    "FittedPiece",
    "ModelFault",
    "Node",
    "Overlay",
    "Panel",
    "Part",
    "Rect",
    "Rotation",
    "Scene",
    "SourceRef",
    "Spread",
    "Tile",
    "Transition",
    "TransitionKind",
    "Wall",
    "WallUnusable",
    "area_mm",
    "fit_piece",
    "place",
    "scene_faults",
    "spread",
    "spread_tile",
    "wall_faults",
]
