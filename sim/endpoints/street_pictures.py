"""The street as an endpoint's picture source."""

from __future__ import annotations

import threading
from collections import deque

from csu.hal.clock import Nanoseconds
from sim.endpoints.spec import EndpointSpec, StreetView
from sim.street.i420 import I420
from sim.street.mount import Motion, at_rest
from sim.street.painter import StreetPainter

_MOTIONS_KEPT = 8
"""Commands are at most a few a second and pictures at most a second late: what is older no longer matters."""


class StreetSource:
    """What the camera of `spec` sees of the street, from wherever its mount points."""

    def __init__(self, spec: EndpointSpec, view: StreetView) -> None:
        self._painter = StreetPainter(view.seed, spec.width_px, spec.height_px, night=view.night, canary=view.canary)
        self._lock = threading.Lock()
        self._motions: deque[Motion] = deque([at_rest(view.pose, 0)], maxlen=_MOTIONS_KEPT)

    def draw(self, at_ns: Nanoseconds) -> I420:
        """The picture of `at_ns`, from the pose the mount truly had then."""
        with self._lock:
            begun = [motion for motion in self._motions if motion.start_ns <= at_ns]
            motion = begun[-1] if begun else self._motions[0]
        return self._painter.draw(motion.pose_at(at_ns), at_ns)

    def obey(self, motion: Motion) -> None:
        """Look where `motion` says from its start on."""
        with self._lock:
            self._motions.append(motion)
