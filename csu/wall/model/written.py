"""What files of a wall, a scene and programmes may say, key by key. Values come of it in `csu.wall.model.reading`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from csu.hal.clock import NS_PER_S
from csu.hal.wall import PictureFit
from csu.notation import BadQuantity
from csu.notation.fields import PositiveDuration, Strict
from csu.wall.directing.programme import TILES_PER_PERSON, SlotRule
from csu.wall.model.fields import (
    Anchor,
    BezelMm,
    Cameras,
    Day,
    HexColour,
    Ident,
    Minute,
    ParisInstant,
    PlacePx,
    Priority,
    RectMm,
    ShareRect,
    SizePx,
    Turned,
    WrittenKind,
    XScreen,
)
from csu.wall.model.scene import BACKGROUND, WHOLE_PICTURE, BezelRule, TransitionKind
from csu.wall.model.wall import Bezel, Rotation

FADE_NS_MAX = 2 * NS_PER_S
"""While a scene fades nobody can work with it [D]."""


class PanelSpec(Strict):
    panel: Ident
    rect_mm: RectMm
    px: SizePx
    node: Ident
    output_px: PlacePx = (0, 0)
    rotation: Turned = Rotation.UPRIGHT
    bezel_mm: BezelMm = Bezel()
    enabled: bool = True
    monitor: Ident | None = None
    """Its name for the X server, as `xrandr --listmonitors` shows it; None: placed by `output_px`."""


class NodeSpec(Strict):
    node: Ident
    host: str = "localhost"
    gpu_index: Annotated[int, Field(ge=0, le=63)] = 0
    heads: Annotated[tuple[Ident, ...], Field(min_length=1)] | None = None
    """None: the panels that name it, in their order."""
    display: XScreen | None = None
    """The X screen of its windows; None: the one that DISPLAY names there."""


class WallSpec(Strict):
    wall: Ident
    panels: Annotated[tuple[PanelSpec, ...], Field(min_length=1, max_length=256)]
    nodes: Annotated[tuple[NodeSpec, ...], Field(min_length=1, max_length=64)]


class SlotSpec(Strict):
    rule: SlotRule
    pool: Cameras = ()
    dwell: PositiveDuration = 20 * NS_PER_S


class TileSpec(Strict):
    tile: Ident
    rect: ShareRect
    anchor: Anchor = "wall"
    camera: Ident | None = None
    slot: SlotSpec | None = None
    z: Priority = 0
    fit: PictureFit = PictureFit.CONTAIN
    crop: ShareRect = WHOLE_PICTURE
    never_split_by_bezel: bool = True
    bezel: BezelRule = BezelRule.HIDE

    @model_validator(mode="after")
    def _one_source(self) -> Any:
        if (self.camera is None) == (self.slot is None):
            raise BadQuantity("une vignette a camera, ou slot", "a tile has camera, or slot")
        return self


class GridSpec(Strict):
    """Tiles of one size in rows, one camera each: `NAME-1`, `NAME-2`..."""

    grid: Ident
    rect: ShareRect
    anchor: Anchor = "wall"
    columns: Annotated[int, Field(ge=1, le=64)]
    rows: Annotated[int, Field(ge=1, le=64)]
    gap_mm: Annotated[float, Field(ge=0, le=200, allow_inf_nan=False)] = 4.0
    cameras: Cameras
    z: Priority = 0
    fit: PictureFit = PictureFit.CONTAIN

    @model_validator(mode="after")
    def _room(self) -> Any:
        room = self.columns * self.rows
        if len(self.cameras) > room:
            raise BadQuantity(
                f"{len(self.cameras)} caméras pour {room} places", f"{len(self.cameras)} cameras for {room} places"
            )
        return self


class OverlaySpec(Strict):
    kind: WrittenKind
    tile: Ident | None = None
    """None: every tile."""
    rect: ShareRect | None = None
    anchor: Anchor = "wall"
    style: str = ""


class TransitionSpec(Strict):
    kind: TransitionKind = TransitionKind.CUT
    lasts: PositiveDuration | None = None

    @model_validator(mode="after")
    def _lasts(self) -> Any:
        is_fade = self.kind is TransitionKind.FADE
        if is_fade != (self.lasts is not None):
            raise BadQuantity("fade dure (lasts), cut non", "fade lasts (lasts), cut does not")
        if self.lasts is not None and self.lasts > FADE_NS_MAX:
            raise BadQuantity("un fondu dure au plus 2 s", "a fade lasts 2 s at most", ("lasts",))
        return self


class SceneSpec(Strict):
    scene: Ident
    name: str = ""
    priority: Priority = 0
    background: HexColour = BACKGROUND
    transition: TransitionSpec = TransitionSpec()
    pools: dict[Ident, Cameras] = {}
    tiles: Annotated[tuple[TileSpec, ...], Field(max_length=1000)] = ()
    grids: Annotated[tuple[GridSpec, ...], Field(max_length=100)] = ()
    overlays: Annotated[tuple[OverlaySpec, ...], Field(max_length=1000)] = ()


class WeeklySpec(Strict):
    programme: Ident
    scene: Ident
    days: Annotated[tuple[Day, ...], Field(min_length=1)]
    begins: Minute = Field(alias="from")
    ends: Minute = Field(alias="to")
    priority: Priority = 0


class StopSpec(Strict):
    camera: Ident
    due: ParisInstant = Field(alias="at")
    """The head is before it then."""


class RouteSpec(Strict):
    """Cameras along the way, in order: each with its time (`stops`), or `cameras` with the same `leg` between them,
    the head before the first at `from`."""

    passes: PositiveDuration
    """From head to tail, past one camera."""
    stops: Annotated[tuple[StopSpec, ...], Field(max_length=200)] = ()
    cameras: Cameras = ()
    begins: ParisInstant | None = Field(default=None, alias="from")
    leg: PositiveDuration | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Any:
        even = (bool(self.cameras), self.begins is not None, self.leg is not None)
        if any(even) == bool(self.stops) or (any(even) and not all(even)):
            raise BadQuantity(
                "un parcours a stops, ou cameras avec from et leg", "a route has stops, or cameras with from and leg"
            )
        return self


class EventSpec(Strict):
    programme: Ident
    scene: Ident
    begins: ParisInstant = Field(alias="from")
    ends: ParisInstant = Field(alias="to")
    priority: Priority = 0
    route: RouteSpec | None = None
    perimeter: Cameras = ()

    @model_validator(mode="after")
    def _order(self) -> Any:
        if self.ends <= self.begins:
            raise BadQuantity("la fin vient après le début", "the end comes after the beginning", ("to",))
        return self


class ProgrammesSpec(Strict):
    base: Ident
    degraded: Ident
    tiles_per_person: Annotated[int, Field(ge=1, le=100)] = TILES_PER_PERSON
    weekly: Annotated[tuple[WeeklySpec, ...], Field(max_length=1000)] = ()
    events: Annotated[tuple[EventSpec, ...], Field(max_length=1000)] = ()
