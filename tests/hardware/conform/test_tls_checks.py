"""What the examination of a camera says of TLS, against a simulated camera that has it, has half of it, or has none."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from csu.centre.commands.conform_eyes import IngestEyes
from csu.hal.conformance import Check, CheckStatus, Examination
from csu.machine import SystemClock
from hardware.conform import camera
from sim.endpoints import EndpointSpec
from sim.endpoints.onvif import OnvifQuirk, OnvifSpec, open_onvif
from sim.endpoints.police.authority import PrivateAuthority

CAMERA = EndpointSpec("cam-01", 1, width_px=640, height_px=360, sub=True, onboard_masks=8, mask_corners_max=8)
NETWORK = ("device.answers", "tls.offered", "tls.streams", "stream.login_demanded", "still.login_demanded")
MASKS = ("masks.taken", "masks.main", "masks.still")


def examined(patch: pytest.MonkeyPatch, folder: Path, asked: tuple[str, ...], *quirks: OnvifQuirk) -> dict[str, Check]:
    """What was found of `asked` and of nothing else: the other checks take their time and have their own tests."""
    patch.setattr(camera, "QUESTIONS", [each for each in camera.QUESTIONS if each.check in asked])
    papers = PrivateAuthority("cameras", SystemClock()).server("192.168.1.64")
    (folder / "camera.pem").write_bytes(papers.certificate_pem + papers.key_pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "camera.pem")
    checks: dict[str, Check] = {}

    async def run() -> None:
        async with open_onvif([OnvifSpec(CAMERA, quirks=frozenset(quirks))], tls=tls) as site:
            target = site.device("cam-01").url.replace("://", "://csu:street-0000@")
            how = Examination(seconds=1.0, may_move=False, may_restart=False)
            async for check in camera.examine_camera(target, IngestEyes(SystemClock()), how):
                checks[check.check] = check

    asyncio.run(run())
    return checks


def test_streams_stills_and_masks_are_examined_over_tls(monkeypatch, tmp_path) -> None:
    checks = examined(monkeypatch, tmp_path, NETWORK + MASKS)
    assert {name: check.status for name, check in checks.items()} == dict.fromkeys(NETWORK + MASKS, CheckStatus.PASSED)
    assert checks["tls.streams"].requirement == "TEC-5"


@pytest.mark.parametrize("quirk", [OnvifQuirk.PLAIN_RTSP_ONLY, OnvifQuirk.PLAIN_HTTP_ONLY])
def test_streams_in_clear_fail_whatever_the_management_is(quirk, monkeypatch, tmp_path) -> None:
    checks = examined(monkeypatch, tmp_path, NETWORK, quirk)
    failed = {name for name, check in checks.items() if check.status is CheckStatus.FAILED}
    assert failed == {"tls.streams"} | ({"tls.offered"} if quirk is OnvifQuirk.PLAIN_HTTP_ONLY else set())
