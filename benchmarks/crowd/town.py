"""The cameras of the crowd: sub-streams that may be recorded (TEC-1, wide view), from loops, and how each is assigned.

448x336 at 12 pictures/s of a moving street, a quarter of it masked, comes to 0.38 Mbit/s. The cameras burn the mask of
the house that stands there in by themselves, so that both routes can be taken.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.clock import NS_PER_S
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment, EdgePlan
from csu.hal.place import Building, Pose
from csu.masking import Cover, CoverPolicy
from csu.masking.edge import MASK_COLOURS_YUV, edge_masks
from sim.endpoints import EndpointSpec, RtspFarm, StreetView
from sim.endpoints.live_camera import encode_loop
from sim.endpoints.server import CANNED_LOOP_S
from sim.street import build_street, posts

WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 448, 336, 12
STEP_NS = NS_PER_S // FRAMES_PER_S
COMMUNES = 46
_FU_A = 28
_FIRST = -15
"""How nice the sources are."""
SEED = 7
HOUSE = Building("house", ((-8.0, 20.0), (-3.0, 20.0), (-3.0, 30.0), (-8.0, 30.0)), 0.0, 9.0, True)
POSE = Pose(0.0, 0.0, 5.0, pan_deg=0.0, tilt_deg=-5.0, roll_deg=0.0, focal_px=350.0)
"""The house covers a quarter of the picture, the frame mark's strip not at all."""


class Route(StrEnum):
    """Who masks (decision 0023)."""

    EDGE = "edge"
    """The camera: the engine decodes each picture, looks at its mask, and keeps the camera's own packet."""
    ENGINE = "engine"
    """The engine: decode, mask, encode."""


def bare_assignment(camera: str, number: int, address: StreamAddress) -> Assignment:
    """A fixed camera before a house, masked by the engine."""
    record = CameraRecord(CameraId(camera), number, camera, CommuneId(f"57{number % COMMUNES:03}"), ViewType.WIDE)
    return Assignment(record, address, POSE, False, (HOUSE,), 2.5, mask_epoch=1, pose_size_px=(WIDTH_PX, HEIGHT_PX))


def cover() -> Cover:
    """What must be hidden of each picture."""
    plain = bare_assignment("cam", 1, StreamAddress("rtsp://nowhere/"))
    return CoverPolicy(plain, WIDTH_PX, HEIGHT_PX).cover(CaptureTime(0, from_camera=False), 0, ())


def specs(count: int) -> list[EndpointSpec]:
    """`count` cameras, cam-0001 and on."""
    pose = next(post.pose for post in posts(build_street(SEED), 8, WIDTH_PX, HEIGHT_PX) if not post.ptz)
    masks = edge_masks(cover(), 8, 4, MASK_COLOURS_YUV[0])
    assert masks, "the cameras could not burn the house's mask in"
    return [
        EndpointSpec(
            f"cam-{number:04}",
            number,
            picture=StreetView(pose, SEED, False, False),
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            frames_per_s=FRAMES_PER_S,
            canned=True,
            burnt=masks,
        )
        for number in range(1, count + 1)
    ]


def hurry(farm: RtspFarm) -> bool:
    """Let the sources go first on the cores they share with what they feed: a camera does not wait because a recorder
    is busy. False: this user may not, and sources that are late leave pictures out."""
    try:
        os.setpriority(os.PRIO_PROCESS, farm.pid, _FIRST)
    except PermissionError:
        return False
    return True


def assignments(farm: RtspFarm, crowd: Sequence[EndpointSpec], route: Route) -> list[Assignment]:
    """The first of the crowd, each as its route wants it. An edge camera has another stream to be audited: the farm
    has one only, so the same is opened once more each minute."""
    given = []
    for spec in crowd:
        address = farm.address(spec.camera)
        plain = bare_assignment(spec.camera, spec.number, address)
        plan = EdgePlan(spec.burnt, (address,)) if route is Route.EDGE else None
        given.append(replace(plain, edge=plan))
    return given


def loop_of(spec: EndpointSpec) -> list[bytes]:
    """The pictures of a canned camera's loop as its clients get them put together again: Annex B."""
    return [
        b"".join(b"\0\0\0\1" + unit for unit in _units(picture.payloads))
        for picture in encode_loop(spec, CANNED_LOOP_S)
    ]


def _units(payloads: Sequence[bytes]) -> list[bytes]:
    """NAL units of RTP payloads (RFC 6184: single units and FU-A)."""
    units: list[bytes] = []
    for payload in payloads:
        if payload[0] & 0x1F != _FU_A:
            units.append(payload)
        elif payload[1] & 0x80:
            units.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]) + payload[2:])
        else:
            units[-1] += payload[2:]
    return units
