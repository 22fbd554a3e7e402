"""The street as an endpoint's picture source."""

from __future__ import annotations

from csu.hal.clock import Nanoseconds
from sim.endpoints.spec import EndpointSpec, StreetView
from sim.street.i420 import I420
from sim.street.mount import Motion


class StreetSource:
    """What the camera of `spec` sees of the street."""

    def __init__(self, spec: EndpointSpec, view: StreetView) -> None:
        raise ValueError(f"camera {spec.camera}: the street at {view.pose} is not built yet")

    def draw(self, at_ns: Nanoseconds) -> I420:
        """The picture of `at_ns`."""
        raise NotImplementedError

    def obey(self, motion: Motion) -> None:
        """Turn."""
        raise NotImplementedError
