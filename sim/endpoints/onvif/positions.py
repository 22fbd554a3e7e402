"""Where a camera looks as ONVIF's metadata stream tells it: one document for each picture. Pure.

A value that travels to the farm's process, which knows the mount and nothing of ONVIF.
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.clock import Nanoseconds
from csu.hal.place import PoseReading
from sim.endpoints.onvif.soap import render
from sim.endpoints.onvif.spaces import Spaces, field_of_view_deg, position_of
from sim.endpoints.onvif.spec import OnvifSpec
from sim.endpoints.onvif.times import xml_time


def status_of(reading: PoseReading, spec: OnvifSpec, spaces: Spaces, device_ns: Nanoseconds) -> dict[str, object]:
    """What a PTZ status tells of a reading; `device_ns`: its instant by the camera's clock."""
    return {
        "at": position_of(reading.pose, spec, spaces),
        "moves": "MOVING" if reading.moving else "IDLE",
        "when": xml_time(device_ns),
        "view": field_of_view_deg(reading.pose, spec),
    }


@dataclass(frozen=True, slots=True)
class PositionTeller:
    """A `sim.endpoints.orders.PoseTeller`. `ahead_ns`: how far the camera's clock is ahead of the host's."""

    spec: OnvifSpec
    spaces: Spaces
    ahead_ns: Nanoseconds

    def tell(self, reading: PoseReading) -> bytes:
        """A tt:MetadataStream with the PTZ status of this reading."""
        status = status_of(reading, self.spec, self.spaces, reading.at_ns + self.ahead_ns)
        return str(render("metadata", "stream", **status)).encode()
