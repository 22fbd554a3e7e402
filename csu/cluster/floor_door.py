"""What a camera really sends, held against the floors of its view when its pictures begin, and whenever they change.

Commissioning asks a camera for its profile; a stream that a person added has none to ask for, and a camera may send
something else than it says. So the pictures are asked: those of a stream whose floors nobody has asked are refused
while they are below; in service, smaller ones are recorded and told of (TEC-1). The rate in service is
`csu.recording.floors.RateWatch`'s (TEC-2).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from csu.hal.errors import BadInput
from csu.hal.media import Assignment
from csu.hal.words import Words
from csu.ingest import MaskRoute, MaskStage, PictureShape, StreamUnsupported
from csu.recording.floors import floor_violations, require_floors


class FloorDoor:
    """A `csu.ingest.MaskRoute` of one camera, before another."""

    def __init__(self, route: MaskRoute, tell_low: Callable[[Words], None]) -> None:
        """`tell_low`: told once when its pictures have become smaller than its view must have."""
        self._route, self._tell_low = route, tell_low
        self._is_in_service = False
        self._told: list[Words] = []

    def __call__(self, assignment: Assignment, shape: PictureShape) -> MaskStage:
        """See MaskRoute. Raises StreamUnsupported for a stream that may not be commissioned."""
        record = assignment.record
        if not self._is_in_service and not assignment.floors_asked:
            try:
                require_floors(record.camera, record.view, shape.width_px, shape.height_px, shape.frames_per_s)
            except BadInput as error:
                told = error.trouble
                raise StreamUnsupported(told.what, where=told.where, what_to_do=told.what_to_do) from error
        self._is_in_service = True
        low = floor_violations(record.view, shape.width_px, shape.height_px, math.inf)
        if low and low != self._told:
            self._tell_low(low[0])
        self._told = low
        return self._route(assignment, shape)
