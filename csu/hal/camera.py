"""A camera as a port: what it can do, where its stream is, where it looks, and that it is deaf."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol, runtime_checkable

from csu.hal.errors import CsuError
from csu.hal.place import Pose, PoseReading, PtzDynamics
from csu.hal.tls import TlsTrust

CameraId = NewType("CameraId", str)
CommuneId = NewType("CommuneId", str)


class CameraError(CsuError):
    """The camera refused, did not answer, or is not able to do what was asked."""


class CameraLifecycle(StrEnum):
    """Where a camera stands in its life at the centre (requirements, 2.3). Only ACTIVE shows more than a whole mask."""

    DRAFT = "draft"
    NOT_COMMISSIONED = "not_commissioned"
    """Its masks are not signed off, or it was moved since: wholly masked (PRV-6)."""
    ACTIVE = "active"
    SUSPENDED = "suspended"
    FAULT = "fault"
    RETIRED = "retired"


class ViewType(StrEnum):
    """What the camera is for; sets its recording floors (TEC-1, TEC-2: arrêté du 3 août 2007)."""

    NARROW = "narrow_view"
    WIDE = "wide_view"
    TRAFFIC = "traffic"


@dataclass(frozen=True, slots=True)
class CameraRecord:
    """What the centre knows of a camera before speaking to it."""

    camera: CameraId
    number: int
    """1 to 16,383: the number on frame marks and labels. Unique in a centre."""
    name: str
    commune: CommuneId
    view: ViewType


@dataclass(frozen=True, slots=True)
class StreamProfile:
    """One stream the camera offers."""

    profile: str
    codec: str
    width_px: int
    height_px: int
    frames_per_s: float


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a stream is. The secret never shows in a repr, a log or an error."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    trust: TlsTrust | None = None
    """Who must be at the other end of `rtsps://` and `https://`. None: these are refused."""


@dataclass(frozen=True, slots=True)
class CameraCapabilities:
    """What the camera says of itself."""

    ptz: bool
    onboard_masks: int
    """How many privacy masks it can burn in by itself; 0: the engine route is the only one."""
    audio_sources: int
    """Microphones it declares. More than 0 is reported (AUD-1)."""
    profiles: tuple[StreamProfile, ...]
    """The first is the one to record."""
    onboard_mask_corners_max: int = 4
    """Corners a mask of its own may have."""
    dynamics: PtzDynamics | None = None
    """None: nobody knows how fast it turns; between two readings it is then wholly masked, unless both say it rests."""


@dataclass(frozen=True, slots=True)
class PtzVelocity:
    """Asked speed, each in [-1, 1] of what the camera can do."""

    pan: float
    tilt: float
    zoom: float


@dataclass(frozen=True, slots=True)
class OnboardMask:
    """A polygon the camera burns in: corners in [0, 1] of the picture, origin top left, filled with one colour."""

    name: str
    corners: tuple[tuple[float, float], ...]
    colour_yuv: tuple[int, int, int] = (64, 132, 125)
    """BT.601 limited range, as it shows in the picture. An audit knows the mask by it."""


class AudioState(StrEnum):
    """What is left of the camera's hearing after `refuse_audio`."""

    ABSENT = "absent"
    """It has no microphone, or none is configured on any profile."""
    STILL_OFFERED = "still_offered"
    """The camera goes on offering audio: the engine never sets it up, and an alarm is due (AUD-2)."""


@runtime_checkable
class Camera(Protocol):
    """One camera. All calls may raise CameraError; none blocks the event loop."""

    @property
    def record(self) -> CameraRecord: ...

    async def capabilities(self) -> CameraCapabilities:
        """What it can do, asked of the device now."""
        ...

    async def stream(self, profile: str) -> StreamAddress:
        """Where the stream of `profile` is. Raises CameraError for an unknown profile."""
        ...

    async def snapshot(self) -> StreamAddress | None:
        """Where it gives still pictures over HTTP; None when it gives none. They are as clear as its streams: only the
        media plane fetches them, to audit the camera's own masks."""
        ...

    async def pose(self) -> PoseReading | None:
        """Where it looks now; None when it cannot say (the picture is then wholly masked)."""
        ...

    async def move(self, velocity: PtzVelocity) -> None:
        """Begin to move. Raises CameraError on a fixed camera or a speed outside [-1, 1]."""
        ...

    async def stop(self) -> None:
        """Stop moving. Harmless on a camera at rest."""
        ...

    async def go_to(self, pose: Pose) -> None:
        """Go to a pose (presets are poses the centre remembers). Raises CameraError when out of reach."""
        ...

    async def push_masks(self, masks: Sequence[OnboardMask]) -> None:
        """Ask the device to burn these in, replacing all others. Raises CameraError when it has too few."""
        ...

    async def read_masks(self) -> tuple[OnboardMask, ...]:
        """The masks the device says it burns in: cameras adapt polygons silently, so compare."""
        ...

    async def refuse_audio(self) -> AudioState:
        """Take every audio source out of every profile, then look again (AUD-1)."""
        ...


@runtime_checkable
class TellsPoses(Protocol):
    """A camera that can say by itself where it looks, as often as it takes pictures."""

    def told_poses(self) -> AsyncGenerator[PoseReading, None]:
        """Where it looked, dated by our clock, as it tells; nothing of what cannot be dated or believed. Raises
        CameraError when it tells nothing, or nothing more."""
        ...
