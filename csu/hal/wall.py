"""The wall as a port: a surface that shows a scene and can say what it truly shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType, Protocol, TypeAlias, runtime_checkable

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import MaskedFrame, YuvPlanes
from csu.hal.wall_panel import WallPanelId

WallNodeId = NewType("WallNodeId", str)
"""A machine that draws a part of the wall."""
Point: TypeAlias = tuple[float, float]
Corners: TypeAlias = tuple[Point, Point, Point, Point]
"""Top left, top right, bottom left, bottom right, as people before the wall see them."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""
WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


class WallError(CsuError):
    """The wall cannot draw: no GL context, the wrong renderer, the display is gone."""


class TileState(StrEnum):
    """What a tile says of its picture; computed from the picture's age, never from a message that could be lost."""

    LIVE = "live"
    STALE = "stale"
    NO_SIGNAL = "no_signal"
    MASKED = "masked"
    """Young, and wholly masked by the engine: nothing of the street is in it."""
    FORBIDDEN = "forbidden"
    """It may not be shown, or nobody said in time that it still may: the picture is not even read."""


class PictureFit(StrEnum):
    """How a picture fills its tile."""

    CONTAIN = "contain"
    """All of it, proportions kept; the tile may stay empty at two sides."""
    COVER = "cover"
    """The tile is full, proportions kept; two sides of the picture are not seen."""
    STRETCH = "stretch"


@dataclass(frozen=True, slots=True)
class ScenePiece:
    """What one panel shows of one tile. How a picture lies in it: `csu.wall.model.fit_piece`."""

    tile: str
    panel: WallPanelId
    camera: CameraId | None
    """None: the tile shows nothing now."""
    z: int
    """Higher lies above."""
    corners_px: Corners
    """In the node's framebuffer, whole pixels, origin top left; on a turned panel they are turned."""
    tile_at: Corners
    """The same corners within the whole tile: (0, 0) its top left, (1, 1) its bottom right."""
    tile_aspect: float
    """Width of the whole tile by its height, as seen."""
    fit: PictureFit = PictureFit.CONTAIN
    crop: Box = WHOLE
    """What of the picture is shown, in shares of it."""
    label: str = ""
    shown_until_ns: Nanoseconds | None = None
    """From then on the tile is FORBIDDEN unless a later scene says more; None: until another scene comes."""


class OverlayKind(StrEnum):
    """What is drawn over pictures."""

    LABEL = "label"
    CLOCK = "clock"
    HEADER = "header"
    """A band with the centre's name, a text and the clock."""
    BORDER = "border"
    BOX = "box"
    HEAT = "heat"


HEAT_COLUMNS, HEAT_ROWS = 64, 36
"""Cells of a heat zone, whatever the size of its picture."""


@dataclass(frozen=True, slots=True)
class SceneOverlay:
    """Something over the pictures of one framebuffer. Boxes and heat zones are there while their picture is live."""

    kind: OverlayKind
    tile: str | None = None
    """Over which tile a border, box or heat zone is."""
    corners_px: Corners | None = None
    """Where a clock or header is, turned as its panel is."""
    at: Box = WHOLE
    """What a box or heat zone covers, in shares of the picture."""
    style: str = ""
    """`alarm`: red, and blinking if it is a border."""
    text: str = ""
    until_ns: Nanoseconds | None = None
    heat: bytes = b""
    """HEAT_ROWS x HEAT_COLUMNS levels, row by row, 0 nothing to 255."""

    def __post_init__(self) -> None:
        if self.kind is OverlayKind.HEAT and len(self.heat) != HEAT_COLUMNS * HEAT_ROWS:
            raise ValueError(f"a heat zone has {HEAT_ROWS} rows of {HEAT_COLUMNS} levels, not {len(self.heat)} bytes")


@dataclass(frozen=True, slots=True)
class NodeScene:
    """What one node draws into its framebuffer: pieces in the order of drawing. Those of one z do not overlap."""

    width_px: int
    height_px: int
    pieces: tuple[ScenePiece, ...]
    overlays: tuple[SceneOverlay, ...] = ()
    background: tuple[int, int, int] = (11, 13, 17)
    fade_ns: Nanoseconds = 0
    """How long its live pictures take to come up, and those of the scene before to go; 0: a cut."""

    def leased(self, until_ns: Nanoseconds | None) -> NodeScene:
        """The same, every tile shown until then; None: until another scene comes."""
        return replace(self, pieces=tuple(replace(piece, shown_until_ns=until_ns) for piece in self.pieces))


@dataclass(frozen=True, slots=True)
class TileReading:
    """What one tile shows, read back from the rendered pixels. Fields are None when no frame mark could be read."""

    camera: CameraId
    state: TileState
    seen_camera_number: int | None
    seen_frame_number: int | None
    """Modulo `frame_mark.FRAME_NUMBER_MODULO`."""
    tile: str = ""

    @property
    def is_read(self) -> bool:
        return self.seen_camera_number is not None


@dataclass(frozen=True, slots=True)
class WallReading:
    """The whole wall, read back. `latencies_ms`: age of each new picture when the draw that first showed it ended."""

    at_ns: Nanoseconds
    renderer: str
    """What draws: the GL renderer's own name."""
    frames_drawn: int
    tiles: tuple[TileReading, ...]
    latencies_ms: tuple[float, ...]


@runtime_checkable
class WallOutput(Protocol):
    """Where a wall is drawn: offscreen, a window over several screens, a simulated panel."""

    async def start(self) -> None:
        """Open the surface. Raises WallError with what is missing."""
        ...

    async def show(self, scene: NodeScene) -> None:
        """Show this scene from the next frame on."""
        ...

    async def renew(self, until_ns: Nanoseconds) -> None:
        """What is shown may be shown until then (`NodeScene.leased`); nothing else of it changes."""
        ...

    async def read(self) -> WallReading:
        """Read the pixels back and say what they show."""
        ...

    async def picture_png(self) -> bytes:
        """The wall as a PNG."""
        ...

    async def stop(self) -> None:
        """Close the surface. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class TilePicture:
    """The newest masked picture of a camera, as the wall takes it. `planes` are valid until the next `newest`."""

    planes: YuvPlanes
    sequence: int
    captured_at_ns: Nanoseconds
    wholly_masked: bool = False

    def kept(self) -> TilePicture:
        """The same with planes of its own, valid for ever."""
        planes = self.planes
        return replace(self, planes=replace(planes, y=planes.y.copy(), u=planes.u.copy(), v=planes.v.copy()))


@runtime_checkable
class MaskedSink(Protocol):
    """Something that takes masked pictures and nothing else."""

    def accept(self, frame: MaskedFrame) -> None:
        """Take one picture; copies what it keeps. Raises ClearPictureRefused for anything else."""
        ...


@runtime_checkable
class TileSource(Protocol):
    """Where the wall's process finds the newest masked pictures."""

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        """The newest picture if it is newer than `after_sequence`, else None. Never blocks, never half a picture."""
        ...
