"""A scene as it lies on a wall: tiles with a camera or a slot's rule, what is written over them, how it comes up."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.wall import OverlayKind, PictureFit
from csu.hal.wall_panel import WallPanelId
from csu.wall.directing.programme import SceneSlots, Slot, SlotId, SlotRule
from csu.wall.model.wall import Rect

Colour: TypeAlias = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""
BACKGROUND: Colour = (11, 13, 17)
WHOLE_PICTURE = Rect(0.0, 0.0, 1.0, 1.0)


class BezelRule(StrEnum):
    """What becomes of a picture that lies on several panels, where their bezels are."""

    HIDE = "hide"
    """It lies behind them, as a street behind window bars: what they cover is not seen, lines stay straight."""
    SKIP = "skip"
    """It goes on at the next panel: nothing is lost."""


@dataclass(frozen=True, slots=True)
class SourceRef:
    """One camera, always."""

    camera: CameraId


@dataclass(frozen=True, slots=True)
class Tile:
    """A place of a scene and who comes there."""

    tile: SlotId
    rect: Rect
    """Shares of the panel, or of all that can be seen of the wall."""
    source: SourceRef | Slot
    """A slot bears the tile's name."""
    anchor: WallPanelId | None = None
    """None: the wall."""
    z: int = 0
    fit: PictureFit = PictureFit.CONTAIN
    crop: Rect = WHOLE_PICTURE
    """What of the picture is shown, in shares of it."""
    never_split_by_bezel: bool = True
    bezel: BezelRule = BezelRule.HIDE
    """Of one that may be split."""

    @property
    def slot(self) -> Slot:
        """For the director. Raises PlanUnusable."""
        if isinstance(self.source, Slot):
            return self.source
        return Slot(self.tile, SlotRule.FIXED, (self.source.camera,))


@dataclass(frozen=True, slots=True)
class Overlay:
    """Something over one tile, over every tile (None), or, with a `rect`, at a place of its own.

    A label, clock, header or border. What tells of an event (a box, a heat zone) is no part of a scene: whoever shows
    it adds it to the node's scene, with its end.
    """

    kind: OverlayKind
    tile: SlotId | None = None
    rect: Rect | None = None
    """Of a clock or header: shares of the anchor."""
    anchor: WallPanelId | None = None
    style: str = ""
    text: str = ""
    """Of a header; empty: the scene's name."""


class TransitionKind(StrEnum):
    """How one scene gives way to another."""

    CUT = "cut"
    FADE = "fade"


@dataclass(frozen=True, slots=True)
class Transition:
    """Between pictures only: what says the state of a tile is never faded (ages are told at once, and whole)."""

    kind: TransitionKind = TransitionKind.CUT
    lasts_ns: Nanoseconds = 0


CUT = Transition()


@dataclass(frozen=True, slots=True)
class Scene:
    """What is up together, and where. Whether a given wall can show it: `scene_faults`."""

    scene: str
    tiles: tuple[Tile, ...]
    name: str = ""
    priority: int = 0
    background: Colour = BACKGROUND
    overlays: tuple[Overlay, ...] = ()
    transition: Transition = CUT

    @property
    def slots(self) -> SceneSlots:
        """For the director, in the order of the tiles. Raises PlanUnusable."""
        return SceneSlots(self.scene, tuple(tile.slot for tile in self.tiles))

    def tile(self, name: SlotId) -> Tile:
        """Raises KeyError."""
        return {tile.tile: tile for tile in self.tiles}[name]

    def coming_up(self, *, for_alarm: bool) -> Transition:
        """How it, or a tile of it, comes up: an alarm is cut to."""
        return CUT if for_alarm else self.transition
