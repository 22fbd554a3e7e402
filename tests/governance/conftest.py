"""Mask sets of one camera before a few houses, and a register at a date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from csu.governance import MaskRegister, MaskSet
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY
from csu.hal.place import Building, MapZone, Pose, PoseBounds, ZoneKind
from csu.hal.site import SignRole

CAMERA = CameraId("cam-0042")
DAY_0_NS = 1_800_000_000 * 1_000_000_000


def house(name: str, x_m: float, height_m: float | None = 9.0, dwelling: bool | None = True) -> Building:
    ring = ((x_m - 5.0, 20.0), (x_m + 5.0, 20.0), (x_m + 5.0, 30.0), (x_m - 5.0, 30.0))
    return Building(name, ring, 0.0, height_m, dwelling)


def door(name: str, x_m: float) -> MapZone:
    ring = ((x_m, 19.5), (x_m + 1.0, 19.5), (x_m + 1.0, 20.0), (x_m, 20.0))
    return MapZone(name, ZoneKind.DWELLING_ENTRANCE, ring, 0.0, 2.2)


@pytest.fixture
def make_house() -> Callable[..., Building]:
    return house


@pytest.fixture
def make_door() -> Callable[..., MapZone]:
    return door


def a_mask_set() -> MaskSet:
    """A fixed camera, 5 m up, looking north at two houses and a door."""
    return MaskSet(
        camera=CAMERA,
        pose=Pose(0.0, 0.0, 5.0, pan_deg=0.0, tilt_deg=-5.0, roll_deg=0.0, focal_px=500.0),
        follows_pose=False,
        pose_size_px=(640, 360),
        bounds=PoseBounds(),
        dynamics=None,
        buildings=(house("a", -12.0), house("b", 12.0, None, None)),
        zones=(door("door a", -12.0),),
        mask_above_m=2.5,
    )


@pytest.fixture
def mask_set() -> MaskSet:
    return a_mask_set()


class Desk:
    """A register, and the people who use it; a day passes between two deeds unless told otherwise."""

    def __init__(self) -> None:
        self.register = MaskRegister()
        self.now_ns = DAY_0_NS

    def propose(self, mask_set: MaskSet, by: str = "Paul") -> int:
        self.now_ns += NS_PER_DAY
        return self.register.propose(mask_set, by=by, at_ns=self.now_ns, reason="test").version

    def sign(self, version: int, person: str, role: SignRole, camera: CameraId = CAMERA) -> None:
        self.now_ns += NS_PER_DAY
        self.register.sign(camera, version, person=person, role=role, at_ns=self.now_ns)

    def sign_off(self, mask_set: MaskSet) -> int:
        """Proposed, and signed by two."""
        version = self.propose(mask_set)
        self.sign(version, "Anne", SignRole.TECHNICAL, mask_set.camera)
        self.sign(version, "Denis", SignRole.DPO, mask_set.camera)
        return version

    def standing(self, camera: CameraId = CAMERA):
        return self.register.standing(camera, self.now_ns)

    def in_force(self, camera: CameraId = CAMERA) -> int:
        version = self.register.effective(camera, self.now_ns)
        return version.number if version else 0


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def commissioned(desk: Desk, mask_set: MaskSet) -> Desk:
    """A camera in service under version 1."""
    desk.sign_off(mask_set)
    return desk


@pytest.fixture
def tighter(mask_set: MaskSet) -> MaskSet:
    """One more door."""
    return replace(mask_set, zones=(*mask_set.zones, door("door b", 12.0)))


@pytest.fixture
def looser(mask_set: MaskSet) -> MaskSet:
    """Without its door."""
    return replace(mask_set, zones=())
