"""Fifty cameras found, asked everything that enrolment asks, and made deaf: within the budget of a minute."""

from __future__ import annotations

import asyncio
import time

import pytest

from csu.hal.camera import AudioState, CameraId, CameraRecord, CommuneId, ViewType
from csu.machine import SystemChance, SystemClock, SystemIds
from hardware.onvif import (
    FoundDevice,
    Mount,
    OnvifSettings,
    StreamFloors,
    millimetres,
    open_onvif_camera,
    probe,
    spherical,
)
from hardware.vault import Login
from sim.endpoints import EndpointSpec
from sim.endpoints.onvif import OnvifSpec, open_onvif

COUNT = 50
BUDGET_S = 60.0


async def enrol(number: int, found: FoundDevice) -> None:
    record = CameraRecord(CameraId(f"cam-{number:04d}"), number, found.name, CommuneId("metz"), ViewType.WIDE)
    mount = Mount(0.0, 0.0, 5.0, pan_tilt=(spherical(0.0),), zoom=(millimetres(640 / 5.37, 0.5, 100.0),))
    known = OnvifSettings(record, found.address, StreamFloors(352, 288, 6.0), mount=mount, answer_s_max=30.0)
    login = Login("csu", "street-0000")
    async with open_onvif_camera(known, login, SystemClock(), SystemChance("fifty")) as camera:
        able = await camera.capabilities()
        for profile in able.profiles:
            await camera.stream(profile.profile)
        assert await camera.snapshot() is not None
        assert await camera.refuse_audio() is AudioState.ABSENT
        assert await camera.read_masks() == ()
        assert abs((await camera.clock_reading()).offset_ms) < 2_000
        assert await camera.pose() is not None


@pytest.mark.nightly
def test_fifty_cameras_are_found_and_enrolled_within_a_minute():
    specs = [
        OnvifSpec(EndpointSpec(f"cam-{number:04d}", number, sub=True, audio=number % 2 == 0), ptz=True)
        for number in range(1, COUNT + 1)
    ]

    async def whole() -> float:
        async with open_onvif(specs) as site:
            began_s = time.perf_counter()
            found = (await probe("127.0.0.1", SystemIds(), port=site.discovery_port)).devices
            assert len(found) == COUNT
            await asyncio.gather(*(enrol(number, device) for number, device in enumerate(found, 1)))
            return time.perf_counter() - began_s

    assert asyncio.run(whole()) < BUDGET_S
