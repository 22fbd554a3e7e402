"""A node records from RTSPS: from the camera whose certificate is on record, and nothing from whom it is not."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import replace

from csu.hal.media import CameraEventKind
from csu.hal.tls import TlsTrust
from csu.machine import SystemClock
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.police.authority import PrivateAuthority

SMALL = {"width_px": 128, "height_px": 96, "password": "Never-Told-7"}


def test_a_node_records_over_tls_without_sound_and_refuses_a_stranger(
    tmp_path, node_run, assignment_of, all_playable
) -> None:
    authority = PrivateAuthority("cameras", SystemClock())
    papers, other = authority.server("192.168.1.64"), authority.server("192.168.1.64")
    (tmp_path / "camera.pem").write_bytes(papers.certificate_pem + papers.key_pem)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(tmp_path / "camera.pem")
    specs = [EndpointSpec("known", 1, audio=True, **SMALL), EndpointSpec("stranger", 2, **SMALL)]
    with RtspFarm(specs, tls=shown) as farm:
        pems = {"known": papers.certificate_pem, "stranger": other.certificate_pem}
        assignments = [
            assignment_of(name, number, replace(farm.address(name), trust=TlsTrust(pem.decode(), is_pinned=True)))
            for number, (name, pem) in enumerate(pems.items(), 1)
        ]

        async def scene(_node, heard) -> None:
            await heard.until(lambda h: {CameraEventKind.LIVE} <= set(h.kinds("known")) and h.kinds("stranger"))
            await asyncio.sleep(0.8)

        heard = node_run(tmp_path / "media", assignments, scene)
        counts = farm.counts()
    assert heard.kinds("known") == [CameraEventKind.AUDIO_OFFERED, CameraEventKind.LIVE]
    assert all_playable(tmp_path / "media") == 1
    assert heard.segments("known")[0][1] >= 500
    assert (counts["known"].plays, counts["known"].audio_setups) == (1, 0)
    assert set(heard.kinds("stranger")) == {CameraEventKind.REFUSED}
    assert "another certificate than the one on record" in heard.told("stranger", CameraEventKind.REFUSED)
    assert (counts["stranger"].plays, counts["stranger"].logins_refused, heard.segments("stranger")) == (0, 0, [])
    told = "".join(event.detail.en + event.detail.fr for event in heard.events)
    assert "Never-Told-7" not in told
