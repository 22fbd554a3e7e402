"""The street as an endpoint's picture source."""

from __future__ import annotations

from csu.hal.clock import Nanoseconds
from csu.hal.place import Pose
from sim.endpoints.spec import EndpointSpec, StreetView
from sim.street.i420 import I420
from sim.street.painter import StreetPainter


class StreetSource:
    """What the camera of `spec` sees of the street, from wherever it is turned."""

    def __init__(self, spec: EndpointSpec, view: StreetView) -> None:
        self._painter = StreetPainter(view.seed, spec.width_px, spec.height_px, night=view.night, canary=view.canary)

    def draw(self, pose: Pose, at_ns: Nanoseconds) -> I420:
        """The picture of `at_ns` from `pose`."""
        return self._painter.draw(pose, at_ns)
