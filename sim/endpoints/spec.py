"""What a simulated camera endpoint is, and how it may misbehave: frozen values that travel to the serving process."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from csu.hal.camera import OnboardMask
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.frame_mark import CAMERA_NUMBER_MAX
from csu.hal.place import Pose

PROFILE = "main"
"""The stream each camera offers."""

SUB_PROFILE = "sub"
"""The small stream of a camera that has one: half the width and height, same rate, always H.264."""


class Codec(StrEnum):
    """What the encoder makes. The engine takes what is H.264 and progressive; the others are there to be refused."""

    H264 = "h264"
    H264_10_BIT = "h264_10_bit"
    H264_422 = "h264_422"
    H264_422_10_BIT = "h264_422_10_bit"
    H264_FULL_RANGE = "h264_full_range"
    H264_INTERLACED = "h264_interlaced"
    HEVC = "hevc"
    MJPEG = "mjpeg"

    @property
    def payload_type(self) -> int:
        """RTP payload type (RFC 3551: 26 is JPEG, 96 the first dynamic one)."""
        return 26 if self is Codec.MJPEG else 96


@dataclass(frozen=True, slots=True)
class ClockError:
    """How wrong a camera's clock is: so far ahead at `from_ns` by the host's clock, and so much more each day."""

    ahead_ns: Nanoseconds = 0
    from_ns: Nanoseconds = 0
    gains_s_a_day: float = 0.0

    def ahead_at_ns(self, host_ns: Nanoseconds) -> Nanoseconds:
        """How far it is ahead when the host's clock shows `host_ns`."""
        return self.ahead_ns + round((host_ns - self.from_ns) * self.gains_s_a_day / 86_400)


class FaultKind(StrEnum):
    """How an endpoint may misbehave."""

    FREEZE = "freeze"
    """After `after_frames` pictures, in the middle of a group, nothing more comes; the connection stays open."""
    STUCK = "stuck"
    """The picture of the moment again and again, each time encoded anew with a new time: a sensor that hangs."""
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


class MaskFault(StrEnum):
    """How a camera may betray the masks it was asked to burn in. Each hurts what it names and nothing else.

    A fault strikes some seconds (`after_s`) after its order, or after the first masks when there are none yet.
    """

    POLYGON_ADAPTED = "polygon_adapted"
    """Takes each polygon for a box within it, burns that, and says so when asked."""
    ADAPTED_UNSAID = "adapted_unsaid"
    """The same, but reports what was pushed."""
    BEYOND_8_DROPPED = "beyond_8_dropped"
    """Accepts any number, burns and reports the first 8."""
    BEYOND_8_UNSAID = "beyond_8_unsaid"
    """The same, but reports all."""
    OFF_WHILE_SEEKING = "off_while_seeking"
    """No masks while it goes to a preset or home."""
    SWITCHED_OFF = "switched_off"
    """Somebody turns the masks off. The first reading after it still tells them, later ones none; a push ends it."""
    MAIN_ONLY = "main_only"
    """The sub stream is clear."""
    SUB_ONLY = "sub_only"
    """The main stream is clear."""
    SNAPSHOT_CLEAR = "snapshot_clear"
    WRONG_COLOUR = "wrong_colour"
    """Burns `WRONG_COLOUR_YUV`, whatever was asked; reports what was asked."""
    PIXELATED = "pixelated"
    """A mosaic of what is behind, instead of the colour."""
    GONE_AFTER_REBOOT = "gone_after_reboot"
    """It restarts when the fault strikes; after each restart it has no masks and says so, until the next push."""
    LATE = "late"
    """Burns what was pushed `LATE_S` later, and what it had before until then."""
    NAME_ON_TOP = "name_on_top"
    """Writes its name (the frame mark) over its masks; an honest one, under them."""

    @property
    def is_event(self) -> bool:
        """Does it happen at a moment, and end with the next push?"""
        return self in (MaskFault.SWITCHED_OFF, MaskFault.GONE_AFTER_REBOOT)


WRONG_COLOUR_YUV = (180, 90, 160)
LATE_S = 1.0
MASKS_OF_THE_CARELESS = 8
"""How many masks a camera of `BEYOND_8_DROPPED` burns."""


class Speaker(StrEnum):
    """The loudspeaker of a camera, by ONVIF's backchannel."""

    NONE = "none"
    """551 to whoever requires one."""
    ONE_WAY = "one_way"
    """A line of audio that only takes."""
    LISTENS = "listens"
    """The same in its description; from PLAY on it sends its microphone's sound back on that very line."""
    DUPLEX = "duplex"
    """One line that takes and gives: an intercom."""


class ViewFaultKind(StrEnum):
    """What people and weather do to a camera."""

    COVERED = "covered"
    """A hand or a bag: dark, nearly flat, blurred; a little light passes."""
    PAINTED = "painted"
    """Paint on the glass: flat and bright."""
    DEFOCUSED = "defocused"
    KNOCKED = "knocked"
    """It looks elsewhere and does not know: the pose it tells is the old one. Street pictures only."""
    SHAKEN = "shaken"
    """Its pole shakes: half a degree, three times a second. Street pictures only."""


@dataclass(frozen=True, slots=True)
class ViewFault:
    """Something wrong with the view. The angles are those of KNOCKED; they come on top of the pose it believes."""

    kind: ViewFaultKind
    pan_deg: float = 15.0
    tilt_deg: float = -5.0
    roll_deg: float = 3.0


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
    """How far the camera's own clock (its RTCP reports) is ahead of the host's; `RtspFarm.set_clock` may say else."""
    sub: bool = False
    """Offers a second stream at <camera>/sub; it costs nothing while nobody watches it."""
    onboard_masks: int = 8
    """How many masks it can burn in by itself."""
    mask_corners_max: int = 4
    burnt: tuple[OnboardMask, ...] = ()
    """Masks it burns in from the beginning, until others are pushed; those of a canned loop are in the loop."""
    mask_fault: MaskFault | None = None
    mask_fault_after_s: float = 0.0
    view_fault: ViewFault | None = None
    view_fault_after_s: float = 0.0
    speaker: Speaker = Speaker.NONE

    @property
    def clock_error(self) -> ClockError:
        return ClockError(self.clock_offset_ms * NS_PER_MS)

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
        if self.canned and (self.sub or self.mask_fault or self.view_fault):
            raise ValueError(f"camera {self.camera}: a canned loop has no sub stream, masks or view of its own")
        require_view(self, self.view_fault)


def require_view(spec: EndpointSpec, fault: ViewFault | None) -> None:
    """Raises ValueError for a fault that the picture of this camera could not show."""
    turns = fault is not None and fault.kind in (ViewFaultKind.KNOCKED, ViewFaultKind.SHAKEN)
    if turns and not isinstance(spec.picture, StreetView):
        raise ValueError(f"camera {spec.camera}: a test card has no view to turn")


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream of a camera."""

    profile: str
    codec: Codec
    width_px: int
    height_px: int


def streams_of(spec: EndpointSpec) -> tuple[StreamSpec, ...]:
    """What the camera offers, the main stream first."""
    main = StreamSpec(PROFILE, spec.codec, spec.width_px, spec.height_px)
    if not spec.sub:
        return (main,)
    return main, StreamSpec(SUB_PROFILE, Codec.H264, spec.width_px // 2, spec.height_px // 2)


def size_after(stream: StreamSpec, fault: Fault | None, encoded: int = 0) -> tuple[int, int]:
    """Width and height of a stream's next picture, `encoded` of which were made: SIZE_CHANGE halves the main stream."""
    changed = fault is not None and fault.kind is FaultKind.SIZE_CHANGE and encoded >= fault.after_frames
    if changed and stream.profile == PROFILE:
        return stream.width_px // 2 // 16 * 16, stream.height_px // 2 // 8 * 8
    return stream.width_px, stream.height_px


@dataclass(frozen=True, slots=True)
class EndpointCounts:
    """What one endpoint did since the farm started, on all its streams but for `pictures`."""

    clients: int = 0
    """Watching now."""
    plays: int = 0
    logins_refused: int = 0
    audio_setups: int = 0
    """How many times somebody set up the audio track. For csu this must stay 0 (AUD-1)."""
    pictures: int = 0
    """Pictures drawn and encoded (canned: sent) for the main stream."""
    sub_pictures: int = 0
    snapshots: int = 0
    pictures_late: int = 0
    """Captures given up because drawing (canned: sending) fell behind."""
    slow_clients_dropped: int = 0
    speaker_setups: int = 0
    """How many times somebody set up its loudspeaker."""
    speaker_ends: int = 0
    """How many of these said TEARDOWN."""
