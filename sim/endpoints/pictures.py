"""Where an endpoint's pictures come from: a test card, or the street."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.place import Pose
from sim.endpoints.spec import EndpointSpec, StreetView
from sim.street.i420 import I420, new_i420, planes_of


class PictureSource(Protocol):
    """Draws what a camera sees. Used by one thread at a time."""

    def draw(self, pose: Pose, at_ns: Nanoseconds) -> I420:
        """The picture of `at_ns` from `pose`, without masks or frame mark. The caller may write into it."""
        ...


class TestCardSource:
    """A grey ramp that moves left by 48 px a second."""

    __test__ = False

    def __init__(self, spec: EndpointSpec) -> None:
        self._size_px = (spec.width_px, spec.height_px)
        columns = np.arange(2 * spec.width_px) % spec.width_px
        rows = np.arange(spec.height_px)[:, None]
        ramp = 40 + 140 * columns / spec.width_px + 30 * rows / spec.height_px
        self._ramp = ramp.astype(np.uint8)
        self._tint = 96 + (spec.number * 29) % 64, 96 + (spec.number * 53) % 64

    def draw(self, pose: Pose, at_ns: Nanoseconds) -> I420:
        width, height = self._size_px
        picture = new_i420(width, height)
        planes = planes_of(picture)
        shift = (at_ns * 48 // NS_PER_S) % width
        planes.y[:] = self._ramp[:, shift : shift + width]
        planes.u[:], planes.v[:] = self._tint
        return picture


def open_source(spec: EndpointSpec) -> PictureSource:
    """The source of this endpoint's pictures."""
    if isinstance(spec.picture, StreetView):
        from sim.endpoints.street_pictures import StreetSource

        return StreetSource(spec, spec.picture)
    return TestCardSource(spec)
