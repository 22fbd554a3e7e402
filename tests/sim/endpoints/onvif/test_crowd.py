"""Fifty full devices in one process."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from sim.endpoints import EndpointSpec
from sim.endpoints.onvif import OnvifSpec, open_onvif

MAIN = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"
DEVICES, ROUNDS = 50, 20


def _resident_mb() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


@pytest.mark.nightly
def test_fifty_full_devices_start_at_once_and_answer(camera_of) -> None:
    async def whole() -> None:
        specs = [
            OnvifSpec(EndpointSpec(f"cam-{n:04d}", n, sub=True, audio=True), ptz=True) for n in range(1, DEVICES + 1)
        ]
        before_mb, began_s = _resident_mb(), time.process_time()
        async with open_onvif(specs) as site, httpx.AsyncClient() as http:
            assert time.process_time() - began_s < 1.0
            cameras = [camera_of(device, http, site) for device in site.devices.values()]
            began_s = time.process_time()
            for _ in range(ROUNDS):
                await asyncio.gather(*(camera.ask("tptz:GetStatus", MAIN) for camera in cameras))
            each_s = (time.process_time() - began_s) / (ROUNDS * DEVICES)
            assert each_s < 0.01, "with a client that is slower than the device, and judged by schemas"
            for camera in cameras:
                for operation in ("tds:GetCapabilities", "trt:GetProfiles", "tptz:GetNodes", "tev:GetEventProperties"):
                    await camera.ask(operation)
            assert _resident_mb() - before_mb < 40

    asyncio.run(whole())
