"""Clients that are not ours drive the simulated camera: onvif-python in an environment of its own, and onveef."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import onveef
import pytest

from sim.endpoints.onvif import OnvifEvent, OnvifQuirk

HERE = Path(__file__).resolve().parent
PEER = HERE.parents[3] / ".venv-peer" / "bin" / "python"


def test_onvif_python_sees_a_camera_turns_it_and_masks_it(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        assert PEER.exists(), "onvif-python is missing: run .ci/setup test"
        host, _, port = dome.device.base.partition("://")[2].partition(":")
        peer = await asyncio.create_subprocess_exec(
            *(str(PEER), str(HERE / "peer.py"), host, port, "csu", "street-0000"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, trouble = await peer.communicate()
        assert peer.returncode == 0, trouble.decode()
        seen = json.loads(said)
        fault = seen["masks"].pop("fault")
        assert "MaxMasks" in fault
        assert seen["masks"] == {
            "most": 8,
            "corners": [[-0.5, 0.5], [0.5, 0.5], [0.5, -0.25]],
            "enabled": False,
            "left": [],
        }
        assert seen["profiles"] == ["profile-main", "profile-sub"]
        assert seen["widths"] == [320, 160]
        assert seen["stream"] == dome.device.farm.url("dome", "sub")
        assert seen["snapshot"] == dome.device.farm.snapshot_address("dome").url
        assert seen["pan"] == pytest.approx([0.0, 6.0, 0.0], abs=0.05)
        assert seen["events"] == ["IsTamper", "State", "State", "Status", "isSoundDetected"]
        assert (seen["services"], seen["model"], seen["users"]) == (6, "Dome 1", ["csu"])

    on_cameras(check)


def _client(camera) -> onveef.AsyncOnvifClient:
    host, _, port = camera.device.base.partition("://")[2].partition(":")
    client = onveef.AsyncOnvifClient(host, int(port), "csu", "street-0000", rewrite_host=False)
    client._timeout = 10.0  # 0.6.0 builds a time-out out of a time-out otherwise, and every long poll dies
    return client


def test_onveef_sees_the_same_camera(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        async with _client(dome) as client:
            services = await client.get_services()
            assert services["media2"] == f"{dome.device.base}/onvif/media2_service"
            assert (await client.get_device_information())["Model"] == "Dome 1"
            assert [profile["token"] for profile in await client.get_profiles()] == ["profile-main", "profile-sub"]
            assert await client.get_snapshot_uri(profile_token="profile-main") == dome.device.snapshot_address()
            before = (await client.ptz_get_status(profile_token="profile-main"))["pan"]
            await client.ptz_continuous_move(
                profile_token="profile-main", pan=0.5, tilt=0.0, zoom=0.0, timeout="PT0.1S"
            )
            await asyncio.sleep(0.3)
            await client.ptz_stop(profile_token="profile-main")
            assert (await client.ptz_get_status(profile_token="profile-main"))["pan"] == pytest.approx(
                before + 3, abs=0.1
            )
            async with client.pull_point() as point:
                await point.pull()
                dome.device.tell(OnvifEvent.TAMPER)
                (told,) = await point.pull()
                assert told["topic"] == "tns1:RuleEngine/TamperDetector/Tamper"
        async with _client(fixed) as client:
            assert "ptz" not in await client.get_services()

    on_cameras(check)


def test_onveef_logs_in_by_http_digest_when_it_must(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        async with _client(dome) as client:
            assert (await client.get_device_information())["Model"] == "Dome 1"

    on_cameras(check, OnvifQuirk.ONLY_HTTP_DIGEST)
