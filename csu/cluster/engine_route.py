"""The engine's mask route, put together from the masking room: cover, destroy, encode."""

from __future__ import annotations

from collections.abc import Sequence

from csu.cluster.view_keeper import ViewKeeper, ViewKeepers
from csu.hal.clock import Nanoseconds
from csu.hal.frames import CaptureTime, ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket
from csu.hal.media import Assignment
from csu.hal.place import PoseReading
from csu.ingest import MaskRoute, PictureShape
from csu.masking import Cover, CoverPolicy, Fill, MaskedEncoder, mask


def engine_route(views: ViewKeepers) -> MaskRoute:
    """A `csu.ingest.MaskRoute` whose cameras' views are watched."""
    return lambda assignment, shape: EngineStage(assignment, shape, views.of(assignment))


class EngineStage:
    """A `csu.ingest.MaskStage`."""

    def __init__(self, assignment: Assignment, shape: PictureShape, view: ViewKeeper) -> None:
        self._assignment = assignment
        self._view = view
        self._whole = Cover.whole(shape.width_px, shape.height_px)
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
        if self._assignment.follows_pose:
            self._view.freeze.look(clear.planes)
        cover = self._policy.cover(clear.captured, now_ns, readings, self._view.freeze)
        if self._view.wants(now_ns):
            seen = self._mask(clear, cover)
            self._view.seen(seen, cover, self._policy.view, now_ns)
            if not self._view.hides:
                return seen
        return self._mask(clear, self._whole if self._view.hides else cover)

    def _mask(self, clear: ClearFrame, cover: Cover) -> MaskedFrame:
        given = self._assignment
        fill = Fill.FROSTED if given.frosted else Fill.CONSTANT
        return mask(clear, cover, given.mask_epoch, given.record.number, fill)

    def encode(self, frame: MaskedFrame) -> Sequence[MaskedPacket]:
        return self._encoder.encode(frame)

    def flush(self) -> Sequence[MaskedPacket]:
        return self._encoder.flush()
