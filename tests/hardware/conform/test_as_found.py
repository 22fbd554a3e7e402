"""A camera is given back as it was found, and it is told when it could not be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from csu.centre.commands.conform_eyes import IngestEyes
from csu.hal.camera import OnboardMask
from csu.hal.conformance import CheckStatus, Examination
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.machine import SystemClock
from hardware.conform.camera import examine_camera
from hardware.conform.camera_as_found import as_found
from hardware.conform.camera_pictures import are_alike
from hardware.onvif.reading import MediaProfile, PtzStatus
from hardware.onvif.spaces import GENERIC_PAN_TILT, GENERIC_ZOOM, Position
from sim.endpoints import EndpointSpec
from sim.endpoints.onvif import OnvifSpec, open_onvif
from sim.endpoints.onvif.masks import HeldMask

TRIANGLE = OnboardMask("door", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4)))
NODE = ET.fromstring("<GetNodeResponse/>")


def at(pan: float) -> PtzStatus:
    return PtzStatus(Position(pan, 0.0, 0.0, GENERIC_PAN_TILT, GENERIC_ZOOM), says_moving=False, utc_ns=None)


@dataclass
class Device:
    """A camera as the question sees it, with masks and a head; each can be broken."""

    masks_before: tuple[OnboardMask, ...] | None = (TRIANGLE,)
    stood: Any = None
    burns: Sequence[OnboardMask] | None = None
    """What it says it burns, whatever it was given; None: what it was given."""
    refuses: bool = False
    rests_in_s: float | None = 0.4
    looks_at: float = 0.2
    is_put_back: bool = False
    given: tuple[OnboardMask, ...] = ()
    orders: list[str] = field(default_factory=list)

    @property
    def camera(self) -> Any:
        async def push(masks: Sequence[OnboardMask]) -> None:
            if self.refuses:
                raise CsuError(Words("refusé", "refused"), where="x", what_to_do=Words("", ""))
            self.given = tuple(masks)

        async def read() -> tuple[OnboardMask, ...]:
            return self.given if self.burns is None else tuple(self.burns)

        return SimpleNamespace(push_masks=push, read_masks=read)

    @property
    def session(self) -> Any:
        async def call(service: str, operation: str, body: str) -> ET.Element:
            self.orders.append(operation)
            return NODE

        return SimpleNamespace(call=call)

    async def rests(self, profile: MediaProfile, within_s: float) -> float | None:
        return self.rests_in_s

    async def status(self, profile: MediaProfile) -> PtzStatus:
        return at(self.looks_at)


TURNED = (SimpleNamespace(token="main", ptz_node="node"), at(0.2))


@pytest.mark.parametrize(
    ("device", "why"),
    [
        (Device(), None),
        (Device(stood=TURNED), None),
        (Device(masks_before=None), None),
        (Device(masks_before=None, stood=TURNED), None),
        (Device(burns=()), "0 mask(s), 1 before"),
        (Device(burns=[OnboardMask("door", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.3)))]), "1 mask(s), 1 before"),
        (Device(refuses=True), "refused"),
        (Device(stood=TURNED, rests_in_s=None), "it still turns after 15 s"),
        (Device(stood=TURNED, looks_at=0.3), "it does not look where it looked"),
        (Device(stood=(TURNED[0], PtzStatus(None, None, None))), "it did not say where it looked"),
    ],
)
def test_masks_and_direction_are_given_back_and_read_again(device: Device, why: str | None) -> None:
    answer = asyncio.run(as_found.ask(device))  # type: ignore[arg-type]
    assert answer.status is (CheckStatus.PASSED if why is None else CheckStatus.FAILED)
    assert why is None or why in answer.found.en
    if device.stood is not None and device.stood[1].position is not None:
        assert "AbsoluteMove" in device.orders, "whatever became of its masks"


@pytest.mark.nightly
def test_an_examination_that_is_broken_off_leaves_the_masks_that_were_there() -> None:
    spec = EndpointSpec("cam-01", 1, width_px=640, height_px=360, sub=True, onboard_masks=8, mask_corners_max=8)

    async def run() -> None:
        async with open_onvif([OnvifSpec(spec)]) as site:
            device = site.device("cam-01")
            await device.put_masks({"mask-1": HeldMask("mask-1", TRIANGLE.corners, (16, 128, 128), True)})
            target = device.url.replace("://", "://csu:street-0000@")
            told = examine_camera(target, IngestEyes(SystemClock()), Examination(seconds=1.0, may_restart=False))
            async for check in told:
                if check.check == "masks.taken":
                    now = await asyncio.to_thread(site.farm.read_masks, "cam-01")
                    assert TRIANGLE.corners not in [mask.corners for mask in now]
                    break
            await told.aclose()
            (back,) = await asyncio.to_thread(site.farm.read_masks, "cam-01")
            assert are_alike([back], [TRIANGLE])

    asyncio.run(run())
