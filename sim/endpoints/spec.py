"""What a simulated camera endpoint is, and how it may misbehave: frozen values that travel to the serving process."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from csu.hal.frame_mark import CAMERA_NUMBER_MAX
from csu.hal.place import Pose

PROFILE = "main"
"""The one stream each camera offers."""


class Codec(StrEnum):
    """What the encoder makes. The engine takes H264 and nothing else; the others are there to be refused."""

    H264 = "h264"
    H264_10_BIT = "h264_10_bit"
    HEVC = "hevc"
    MJPEG = "mjpeg"

    @property
    def payload_type(self) -> int:
        """RTP payload type (RFC 3551: 26 is JPEG, 96 the first dynamic one)."""
        return 26 if self is Codec.MJPEG else 96


class FaultKind(StrEnum):
    """How an endpoint may misbehave."""

    FREEZE = "freeze"
    """After `after_frames` pictures, in the middle of a group, nothing more comes; the connection stays open."""
    CLOSE = "close"
    """After `after_frames` pictures the camera closes the connection; to a client that comes back it does it again."""
    SIZE_CHANGE = "size_change"
    """After `after_frames` pictures of this stream the size halves, with new parameter sets in band."""
    NO_PARAMETER_SETS = "no_parameter_sets"
    """SPS and PPS are neither in the SDP nor in the stream."""
    LOSE_PACKETS = "lose_packets"
    """Every `every`-th RTP packet is missing; sequence numbers show the hole."""
    REFUSE_LOGIN = "refuse_login"
    """401, whatever the password."""
    MUTE = "mute"
    """Accepts the connection and never answers."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour. Frames of FREEZE and CLOSE are counted for each client from its first picture on."""

    kind: FaultKind
    after_frames: int = 15
    every: int = 7


@dataclass(frozen=True, slots=True)
class TestCard:
    """A moving grey ramp with the frame mark: the cheapest picture there is."""

    __test__ = False  # not a test class, whatever its name looks like to pytest


@dataclass(frozen=True, slots=True)
class StreetView:
    """The street of `seed` seen from `pose` (focal length for the declared width), until `RtspFarm.turn` says else."""

    pose: Pose
    seed: int = 1
    night: bool = False
    canary: bool = True


Picture: TypeAlias = TestCard | StreetView


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """One simulated camera on the network. `camera` is its path: rtsp://127.0.0.1:PORT/<camera>/main.

    Raises ValueError for a size, rate or number that no camera could have.
    """

    camera: str
    number: int
    """The number in its frame mark."""
    picture: Picture = field(default_factory=TestCard)
    width_px: int = 640
    height_px: int = 360
    frames_per_s: int = 12
    user: str = "csu"
    """Empty: nobody is asked for a password."""
    password: str = field(default="street-0000", repr=False)
    codec: Codec = Codec.H264
    audio: bool = False
    """Offers an A-law track, and serves it to whoever sets it up."""
    fault: Fault | None = None
    canned: bool = False
    """Served from a loop encoded once: for hundreds of clients. The frame number then repeats with the loop."""
    clock_offset_ms: int = 0
    """How far the camera's own clock (its RTCP reports) is ahead of the host's."""

    def __post_init__(self) -> None:
        if not 0 <= self.number <= CAMERA_NUMBER_MAX:
            raise ValueError(f"camera {self.camera}: number {self.number} does not fit a frame mark")
        fits = 64 <= self.width_px <= 3840 and 48 <= self.height_px <= 2160
        if not fits or self.width_px % 16 or self.height_px % 8:
            raise ValueError(f"camera {self.camera}: {self.width_px}x{self.height_px} is no size in 16x8 px steps")
        if not 1 <= self.frames_per_s <= 60:
            raise ValueError(f"camera {self.camera}: {self.frames_per_s} frames/s is not between 1 and 60")
        if not self.camera or any(sign in self.camera for sign in "/ ?#%"):
            raise ValueError(f"camera {self.camera!r}: the name must be usable as a path")


@dataclass(frozen=True, slots=True)
class EndpointCounts:
    """What one endpoint did since the farm started."""

    clients: int = 0
    """Watching now."""
    plays: int = 0
    logins_refused: int = 0
    audio_setups: int = 0
    """How many times somebody set up the audio track. For csu this must stay 0 (AUD-1)."""
    pictures: int = 0
    """Pictures drawn and encoded (canned: sent)."""
    pictures_late: int = 0
    """Captures given up because drawing fell behind."""
    slow_clients_dropped: int = 0
