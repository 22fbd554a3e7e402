"""The media node, the seam that scales: assignments in; a manifest a minute and events out.

In production a node is a process with one thread per camera. At scale a simulated node is a closed-form cohort. The
control plane cannot tell, and must not ask.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NewType, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId, CameraRecord, OnboardMask, StreamAddress
from csu.hal.clock import Nanoseconds
from csu.hal.place import Building, Pose, PoseBounds, PoseReading, PtzDynamics, Zone
from csu.hal.words import NO_WORDS, Words

NodeId = NewType("NodeId", str)


@dataclass(frozen=True, slots=True)
class EdgePlan:
    """What a camera was made to burn in by itself, and where the proof is to be looked for.

    The control plane pushed `masks`, read them back and found that they hide all that must be hidden. The media node
    believes none of it: it keeps only packets whose decoded pictures show the masks, and masks by itself as soon as one
    does not.
    """

    masks: tuple[OnboardMask, ...]
    other_streams: tuple[StreamAddress, ...] = ()
    """The camera's other streams: audited too, on a timer, although nothing of them is kept."""
    snapshot: StreamAddress | None = None
    audit_every_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Assignment:
    """One camera given to a node, with all the node needs to mask it."""

    record: CameraRecord
    address: StreamAddress
    pose: Pose | None
    """The fixed pose; None: wholly masked until a `PoseReading` comes (uncalibrated, or PTZ) (PRV-5)."""
    follows_pose: bool
    """True for PTZ: the cover follows the readings and is whole while the pose is moving, stale or unknown."""
    buildings: tuple[Building, ...]
    """What stands around. Empty with a pose means: nothing to hide was declared; see `mask_epoch`."""
    mask_above_m: float
    """Local doctrine: dwellings are masked from ground + this height (PRV-2; 2.5 m in Metz)."""
    mask_epoch: int
    """Version of the signed mask set (pose, buildings, zones); bound to every segment."""
    pose_size_px: tuple[int, int] | None = None
    """(width, height) of the picture that `Pose.focal_px` is for: the profile the camera was calibrated on. Pictures
    of another size get a scaled focal length, of another shape the whole mask. None: every size is taken as it."""
    bounds: PoseBounds = PoseBounds()
    """How far the poses told may be from the truth."""
    zones: tuple[Zone, ...] = ()
    """Interiors and entrances drawn by hand (PRV-1)."""
    dynamics: PtzDynamics | None = None
    """How fast a PTZ can turn; None: not known."""
    commissioned: bool = True
    """False: its masks are not signed off, or it was moved since: wholly masked (PRV-6)."""
    edge: EdgePlan | None = None
    """None: the engine masks. Else the camera does, and is audited."""
    frosted: bool = False
    """What the engine fills masks with: False a constant, True a fixed frost made from no camera pixel."""
    until_ns: Nanoseconds | None = None
    """The first instant at which no order lets it be taken in any more: its node stops then by itself, even when
    nobody reaches it (AUT-2). None: no end is known."""
    floors_asked: bool = True
    """Whether its profile was held against the floors of its view (TEC-1, TEC-2); False: its first picture is."""


class GapCause(StrEnum):
    """Why a second of a camera was not recorded. A gap is recorded as a gap."""

    STARTING = "starting"
    CAMERA_LOST = "camera_lost"
    CAMERA_REFUSED = "camera_refused"
    STREAM_UNSUPPORTED = "stream_unsupported"
    STREAM_CHANGED = "stream_changed"
    PACKETS_LOST = "packets_lost"
    OVERLOAD = "overload"
    DISK = "disk"
    NODE_LOST = "node_lost"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Gap:
    """[start_ns, end_ns) of one camera was not recorded, and why."""

    camera: CameraId
    start_ns: Nanoseconds
    end_ns: Nanoseconds
    cause: GapCause


@lru_cache(maxsize=256)
def no_hashes(count: int = 0) -> NDArray[np.uint8]:
    """Hashes that nobody gave: zeros (count, 32), read-only, one array for all tables of that length."""
    zeros = np.zeros((count, 32), np.uint8)
    zeros.setflags(write=False)
    return zeros


@lru_cache(maxsize=256)
def each_camera_once(count: int) -> NDArray[np.int32]:
    """`SegmentTable.camera` of a minute in which each of `count` cameras closed one segment: 0, 1, 2..., read-only.

    One array for all tables of that length, so that who meets it again knows it by identity. Another array that says
    the same is as good, and only slower.
    """
    indices = np.arange(count, dtype=np.int32)
    indices.setflags(write=False)
    return indices


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """The segments a node closed, as columns of one length n (columns: 1,300 cameras a minute is the normal size).

    camera: int32 (n,), index into `Manifest.cameras`. start_ns: int64 (n,), capture time of the first frame, UTC.
    duration_ms: int32 (n,). size_bytes: int64 (n,). mask_epoch: int32 (n,). clock_offset_ms: int32 (n,), camera clock
    minus ours. sha256: uint8 (n, 32), of the file as written: sealed, so that it can be checked without a key; all zero
    at level L0, where there is no file. content_sha256: uint8 (n, 32), of what is inside the seal, which an export is
    held against; zero: not known. link: uint8 (n, 32), of the camera's chain; zero: in none. The last two may be left
    out: then they are zero. File names are derived: see `csu.recording.segment_name`.
    """

    camera: NDArray[np.int32]
    start_ns: NDArray[np.int64]
    duration_ms: NDArray[np.int32]
    size_bytes: NDArray[np.int64]
    mask_epoch: NDArray[np.int32]
    clock_offset_ms: NDArray[np.int32]
    sha256: NDArray[np.uint8]
    content_sha256: NDArray[np.uint8] = field(default_factory=no_hashes)
    link: NDArray[np.uint8] = field(default_factory=no_hashes)

    def __post_init__(self) -> None:
        n = len(self.camera)
        none = no_hashes(n)
        if len(self.content_sha256) == 0:
            object.__setattr__(self, "content_sha256", none)
        if len(self.link) == 0:
            object.__setattr__(self, "link", none)
        if not (
            n == len(self.start_ns) == len(self.duration_ms) == len(self.size_bytes)
            and n == len(self.mask_epoch) == len(self.clock_offset_ms)
            and (
                none is self.sha256 is self.content_sha256 is self.link
                or (n, 32) == self.sha256.shape == self.content_sha256.shape == self.link.shape
            )
        ):
            raise ValueError("the columns of a SegmentTable must have one length")

    def __len__(self) -> int:
        return len(self.camera)

    @staticmethod
    def empty() -> SegmentTable:
        """A table of no segment."""
        i4, i8 = np.empty(0, np.int32), np.empty(0, np.int64)
        return SegmentTable(i4, i8, i4, i8, i4, i4, no_hashes())


@dataclass(frozen=True, slots=True)
class FrameCounts:
    """What happened to frames since the node's last manifest. Nothing is ever dropped silently."""

    decoded: int = 0
    masked: int = 0
    wholly_masked: int = 0
    dropped: int = 0
    """Given up under load, each inside a gap with cause OVERLOAD."""
    clear_refused: int = 0
    """Pictures that reached a consumer unmasked and were refused there. Anything but 0 is an incident."""
    audio_offered: int = 0
    """Audio tracks cameras offered; none was set up."""
    packets_lost: int = 0


NO_FRAMES = FrameCounts()
"""Of a node that counts none, as at level L0."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a node did in one minute: the only account the control plane keeps of the media plane."""

    node: NodeId
    node_epoch: int
    """Grows at each start of the node: a thawed node with an old epoch is not believed."""
    sequence: int
    """0, 1, 2... within one epoch."""
    minute_ns: Nanoseconds
    """The minute's first instant, UTC."""
    cameras: tuple[CameraId, ...]
    """The cameras this node answers for; `SegmentTable.camera` counts in it."""
    segments: SegmentTable
    gaps: tuple[Gap, ...] = ()
    counts: FrameCounts = NO_FRAMES

    def __post_init__(self) -> None:
        # A segment that counts outside the list could never be written: such a manifest must not come to exist. (A gap
        # may name a camera that is no longer listed: its last account comes after it was let go.)
        indices, known = self.segments.camera, len(self.cameras)
        if indices is each_camera_once(known):
            return
        if len(indices) and int(indices.view(np.uint32).max()) >= known:  # a negative one is larger than any, so read
            raise ValueError(f"node {self.node}: a segment counts outside the manifest's {known} cameras")


class CameraEventKind(StrEnum):
    """What a node tells at once, without waiting for the minute."""

    LIVE = "live"
    LOST = "lost"
    REFUSED = "refused"
    """Wrong password, wrong path: trying again will not help by itself."""
    UNSUPPORTED = "unsupported"
    """HEVC, MJPEG, 4:4:4, interlaced, no SPS...: the stream cannot be masked, so it is not taken."""
    SIZE_CHANGED = "size_changed"
    PACKETS_LOST = "packets_lost"
    AUDIO_OFFERED = "audio_offered"
    DISK_TROUBLE = "disk_trouble"
    SIZE_LOW = "size_low"
    """Its pictures have become smaller than its view must have (TEC-1): they are recorded, and it is told."""
    RATE_LOW = "rate_low"
    """It is recorded at fewer pictures a second than its view must have (TEC-2)."""
    MASK_VERIFIED = "mask_verified"
    """The camera's own masks were seen in its pictures: its packets are kept as they come."""
    MASK_FAILED = "mask_failed"
    """The camera's own masks failed an audit: the engine masks from this picture on."""
    VIEW_COVERED = "view_covered"
    VIEW_DEFOCUSED = "view_defocused"
    VIEW_MOVED = "view_moved"
    """It was turned or knocked: wholly masked until its masks are signed off again (PRV-6)."""
    VIEW_RESTORED = "view_restored"


@dataclass(frozen=True, slots=True)
class CameraEvent:
    """Something happened to one camera. `detail` is one line for a person, without any secret."""

    node: NodeId
    camera: CameraId
    kind: CameraEventKind
    at_ns: Nanoseconds
    detail: Words = NO_WORDS


@dataclass(frozen=True, slots=True)
class NodeLost:
    """The node stopped by itself (crash, kill, hang). Its cameras are not recorded until it starts again."""

    node: NodeId
    node_epoch: int
    """The epoch that is over: whatever is still said in it, even its first word, is not believed."""
    at_ns: Nanoseconds
    detail: Words = NO_WORDS


NodeMessage: TypeAlias = Manifest | CameraEvent | NodeLost


@runtime_checkable
class MediaNode(Protocol):
    """A worker that turns cameras into masked, recorded, watchable streams."""

    @property
    def node(self) -> NodeId: ...

    async def start(self) -> None:
        """Begin a new epoch with no camera. Raises CsuError when the node cannot be started."""
        ...

    async def assign(self, assignments: Sequence[Assignment]) -> None:
        """The whole set of cameras this node must serve from now on: missing ones are let go, new ones begun."""
        ...

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """Tell where a PTZ camera looks now; None: it cannot say. Unknown cameras are ignored."""
        ...

    def messages(self) -> AsyncIterator[NodeMessage]:
        """Manifests and events in the order they happened. Ends after `stop`, once the last manifest is out."""
        ...

    async def stop(self) -> None:
        """Close every segment properly, send the last manifest, end. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class LiveFragment:
    """A piece of masked fMP4: `data` of the init segment, or one moof+mdat of one frame."""

    data: bytes
    is_init: bool
    is_key: bool
    captured_at_ns: Nanoseconds
    codec: str
    mask_epoch: int = 0
    """Version of the cover behind this picture, as its packet says."""
    wholly_masked: bool = False
    """Nothing of the street is in it."""


@runtime_checkable
class LiveRelay(Protocol):
    """Masked live pictures for browsers, as fMP4 fragments."""

    def watch(self, camera: CameraId) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """Follow one camera: an init fragment first, then fragments from a key frame on.

        A reader that is too slow loses whole groups of pictures and gets on at the next key frame; it never makes the
        recorder wait. A new init fragment may come at any time (the stream changed). Raises KeyError for an unknown
        camera.
        """
        ...
