"""What the ingest room needs of others: somewhere to mask, somewhere to put what is masked. No room is imported here.

`csu.cluster` composes the rooms: it hands a camera's thread a `MaskRoute` and the consumers of masked pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from csu.hal.clock import Nanoseconds
from csu.hal.frames import CaptureTime, Chroma, ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket, YuvPlanes
from csu.hal.media import Assignment, CameraEvent
from csu.hal.place import PoseReading


class MaskStage(Protocol):
    """The engine's mask route for one camera at one picture size: cover, destroy, encode. One thread uses it."""

    @property
    def format(self) -> EncodedFormat:
        """What readers of its packets must know."""
        ...

    def is_ready(self, captured: CaptureTime, readings: tuple[PoseReading, ...]) -> bool:
        """False while a later reading of the pose would make the mask of a picture `captured` then tighter."""
        ...

    def mask(self, clear: ClearFrame, readings: tuple[PoseReading, ...], now_ns: Nanoseconds) -> MaskedFrame:
        """Destroy what must not be seen, with what is known. `readings`: the newest ones of a PTZ, oldest first.

        Raises CsuError when it cannot: then there is no picture at all.
        """
        ...

    def encode(self, frame: MaskedFrame) -> Sequence[MaskedPacket]:
        """Encode in order; packets may come later than their frame."""
        ...

    def flush(self) -> Sequence[MaskedPacket]:
        """The packets still inside; the stage is used up."""
        ...


@dataclass(frozen=True, slots=True)
class PictureShape:
    """What a stage is made for."""

    width_px: int
    height_px: int
    full_range: bool
    frames_per_s: float
    depth_bits: int = 8
    chroma: Chroma | None = Chroma.C420
    """As the camera sends; what leaves the stage is 8-bit 4:2:0."""

    def fits(self, planes: YuvPlanes) -> bool:
        """Whether a picture with these planes may go to the same stage."""
        size = (self.width_px, self.height_px, self.full_range, self.depth_bits, self.chroma)
        return size == (planes.width_px, planes.height_px, planes.full_range, planes.depth_bits, planes.chroma)


class MaskRoute(Protocol):
    """Makes mask stages: at each connection, size change and new assignment."""

    def __call__(self, assignment: Assignment, shape: PictureShape) -> MaskStage: ...


class PictureSink(Protocol):
    """Takes masked pictures (the wall)."""

    def accept(self, frame: MaskedFrame) -> None:
        """Copies what it keeps. Raises ClearPictureRefused for anything else."""
        ...


class PacketSink(Protocol):
    """Takes masked packets, in runs: all packets of a run have one format (recorder, live relay)."""

    def begin(self, encoded: EncodedFormat) -> None:
        """A new run begins; a run that was open is over."""
        ...

    def write(self, packet: MaskedPacket, clock_offset_ms: int) -> None:
        """Take a packet; the first of a run is a key frame. `clock_offset_ms`: camera clock minus ours, now.

        Raises ClearPictureRefused for anything but a MaskedPacket, another CsuError when it cannot be kept.
        """
        ...

    def end(self) -> None:
        """The run is over: close properly what is open. Harmless when nothing is. May raise CsuError."""
        ...


class RecordingSink(PacketSink, Protocol):
    """A packet sink that keeps what it takes. After an error it has forgotten what was open, and may be begun again."""

    @property
    def safe_until_ns(self) -> Nanoseconds | None:
        """End of the last segment closed safely; None before the first. What came later may still be lost."""
        ...


class EventSink(Protocol):
    """Takes what must be told at once. Never blocks."""

    def __call__(self, event: CameraEvent) -> None: ...
