"""A camera enrolled over TLS: its streams and stills are asked over TLS too, and believed by the same certificate."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urlsplit

import pytest

from csu.centre.commands.conform_eyes import IngestEyes
from csu.hal.camera import CameraError
from csu.ingest.snapshot import fetch_snapshot
from csu.machine import SystemClock
from hardware.onvif import DeviceSilent, Tls
from sim.endpoints.onvif import OnvifQuirk
from sim.endpoints.police.authority import PrivateAuthority


@pytest.mark.parametrize("kind", ["pinned_file", "ca_file"])
def test_its_streams_and_stills_come_by_the_certificate_it_was_enrolled_with(on_dome, certificate, kind: str):
    context, pem = certificate("camera")

    async def check(device, camera):
        main, sub = [profile.profile for profile in (await camera.capabilities()).profiles]
        for profile in (main, sub):
            address = await camera.stream(profile)
            assert urlsplit(address.url).scheme == "rtsps"
            assert (address.trust.pem, address.trust.is_pinned) == (pem.read_text(), kind == "pinned_file")
            assert (await IngestEyes(SystemClock()).offer(address)).video_codec == "H264"
        still = await camera.snapshot()
        assert urlsplit(still.url).scheme == "https"
        planes = await asyncio.to_thread(fetch_snapshot, camera.record.camera, still, SystemClock())
        assert (planes.width_px, planes.height_px) == (640, 480)

    on_dome(check, tls=context, trust=Tls(**{kind: pem}), rtsps=True)


def test_a_camera_whose_streams_are_in_clear_is_refused_where_tls_is_asked_and_taken_where_not(on_dome, certificate):
    context, pem = certificate("camera")

    async def refuses(device, camera):
        main = (await camera.capabilities()).profiles[0].profile
        with pytest.raises(CameraError):
            await camera.stream(main)

    async def takes(device, camera):
        main = (await camera.capabilities()).profiles[0].profile
        assert (await camera.stream(main)).url.startswith("rtsp://")

    trust = Tls(pinned_file=pem)
    on_dome(refuses, OnvifQuirk.PLAIN_RTSP_ONLY, tls=context, trust=trust, rtsps=True)
    on_dome(takes, OnvifQuirk.PLAIN_RTSP_ONLY, tls=context, trust=trust)


def test_what_the_pinned_certificate_has_signed_is_not_the_camera(opened, tmp_path):
    authority = PrivateAuthority("cameras", SystemClock())
    papers = authority.server("localhost")
    (tmp_path / "shown.pem").write_bytes(papers.certificate_pem + papers.key_pem)
    (tmp_path / "pinned.pem").write_bytes(authority.certificate_pem)
    (tmp_path / "none.pem").write_text("no PEM")
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(tmp_path / "shown.pem")

    async def check() -> None:
        for pem in ("pinned.pem", "none.pem"):
            async with opened(tls=shown, trust=Tls(pinned_file=tmp_path / pem)) as (device, camera):
                with pytest.raises(DeviceSilent, match="TLS: "):
                    await camera.capabilities()
                assert device.asked == []

    asyncio.run(check())
