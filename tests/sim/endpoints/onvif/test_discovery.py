"""WS-Discovery: cameras answer probes one by one, and nothing else."""

from __future__ import annotations

import asyncio
import socket

import pytest

from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.onvif import OnvifQuirk, OnvifSpec, open_onvif
from sim.endpoints.onvif.discovery import GROUP, PORT

PROBE = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><e:Header>'
    "<a:MessageID>urn:uuid:8f0c1a2e-0000-4000-8000-000000000001</a:MessageID></e:Header><e:Body>"
    '<d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes></d:Probe>'
    "</e:Body></e:Envelope>"
)
CAMERAS = [OnvifSpec(EndpointSpec(f"cam-{n}", n, canned=True), ptz=n == 1) for n in (1, 2, 3)]


def probe(types: str = "dn:NetworkVideoTransmitter", scopes: str = "") -> bytes:
    return PROBE.format(types=types, scopes=scopes).encode()


def answers(asked: bytes, to: tuple[str, int]) -> list[str]:
    """Every datagram that comes back until nothing does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        client.settimeout(0.3)
        client.sendto(asked, to)
        came = []
        while True:
            try:
                came.append(client.recv(65_535).decode())
            except TimeoutError:
                return came


@pytest.fixture(scope="module")
def farm():
    with RtspFarm([spec.endpoint for spec in CAMERAS]) as farm:
        yield farm


def test_every_camera_answers_a_probe_and_tells_its_address(farm) -> None:
    async def whole() -> None:
        async with open_onvif(CAMERAS, farm=farm, multicast=True) as site:
            here = ("127.0.0.1", site.discovery_port)
            came = await asyncio.to_thread(answers, probe(), here)
            assert len(came) == 3
            for device in site.devices.values():
                (told,) = [answer for answer in came if f"<d:XAddrs>{device.url}</d:XAddrs>" in answer]
                assert f"onvif://www.onvif.org/name/{device.name}" in told
                assert "8f0c1a2e-0000-4000-8000-000000000001</wsa:RelatesTo>" in told
            ptz = "onvif://www.onvif.org/type/ptz"
            assert len(await asyncio.to_thread(answers, probe(scopes=ptz), here)) == 1
            assert await asyncio.to_thread(answers, probe("dn:Printer"), here) == []
            for nonsense in (b"", b"x", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', probe() + b" " * 9000, b"<a/>"):
                assert await asyncio.to_thread(answers, nonsense, here) == []
            if site.has_multicast:  # a machine may have none on its loopback
                came = await asyncio.to_thread(answers, probe(), (GROUP, PORT))
                assert sorted(came) == sorted(await asyncio.to_thread(answers, probe(), here))

    asyncio.run(whole())


def test_a_camera_that_moved_answers_with_its_new_address_and_its_old_name(farm) -> None:
    async def whole() -> None:
        async with open_onvif(CAMERAS[1:2], farm=farm) as site:
            device = site.device("cam-2")
            here = ("127.0.0.1", site.discovery_port)
            (before,) = await asyncio.to_thread(answers, probe(), here)
            await device.switch(OnvifQuirk.ADDRESS_CHANGES_AFTER_REBOOT)
            old = device.url
            await device.on_restart()
            (after,) = await asyncio.to_thread(answers, probe(), here)
            assert after == before.replace(old, device.url) != before

    asyncio.run(whole())
