"""The engine's mask route, put together from the masking room: cover, destroy, encode."""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.clock import Nanoseconds
from csu.hal.frames import CaptureTime, ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket
from csu.hal.media import Assignment
from csu.hal.place import PoseReading
from csu.ingest import PictureShape
from csu.masking import CoverPolicy, MaskedEncoder, mask


def engine_route(assignment: Assignment, shape: PictureShape) -> EngineStage:
    """A `csu.ingest.MaskRoute`."""
    return EngineStage(assignment, shape)


class EngineStage:
    """A `csu.ingest.MaskStage`."""

    def __init__(self, assignment: Assignment, shape: PictureShape) -> None:
        self._assignment = assignment
        self._policy = CoverPolicy(assignment, shape.width_px, shape.height_px)
        self._encoder = MaskedEncoder(
            assignment.record.camera,
            shape.width_px,
            shape.height_px,
            shape.frames_per_s,
            full_range=shape.full_range,
        )

    @property
    def format(self) -> EncodedFormat:
        return self._encoder.format

    def is_ready(self, captured: CaptureTime, readings: tuple[PoseReading, ...]) -> bool:
        return self._policy.is_ready(captured, readings)

    def mask(self, clear: ClearFrame, readings: tuple[PoseReading, ...], now_ns: Nanoseconds) -> MaskedFrame:
        cover = self._policy.cover(clear.captured, now_ns, readings)
        return mask(clear, cover, self._assignment.mask_epoch, self._assignment.record.number)

    def encode(self, frame: MaskedFrame) -> Sequence[MaskedPacket]:
        return self._encoder.encode(frame)

    def flush(self) -> Sequence[MaskedPacket]:
        return self._encoder.flush()
