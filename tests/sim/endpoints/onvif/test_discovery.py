"""WS-Discovery: cameras answer probes one by one, and nothing else."""

from __future__ import annotations

import asyncio
import socket

from sim.endpoints.onvif import OnvifQuirk
from sim.endpoints.onvif.discovery import GROUP, PORT

PROBE = (
    '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"><e:Header>'
    "<a:MessageID>urn:uuid:8f0c1a2e-0000-4000-8000-000000000001</a:MessageID></e:Header><e:Body>"
    '<d:Probe xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
    'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><d:Types>{types}</d:Types><d:Scopes>{scopes}</d:Scopes></d:Probe>'
    "</e:Body></e:Envelope>"
)


def probe(types: str = "dn:NetworkVideoTransmitter", scopes: str = "") -> bytes:
    return PROBE.format(types=types, scopes=scopes).encode()


def answers(asked: bytes, to: tuple[str, int], wanted: int) -> list[str]:
    """The datagrams that come back: as long as it takes for those wanted, then any that should not come."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        client.sendto(asked, to)
        came: list[str] = []
        while True:
            client.settimeout(10.0 if len(came) < wanted else 0.1)
            try:
                came.append(client.recv(65_535).decode())
            except TimeoutError:
                return came


def test_every_camera_answers_a_probe_and_tells_its_address(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        here = ("127.0.0.1", dome.site.discovery_port)
        came = await asyncio.to_thread(answers, probe(), here, 2)
        assert len(came) == 2
        for device in dome.site.devices.values():
            (told,) = [answer for answer in came if f"<d:XAddrs>{device.url}</d:XAddrs>" in answer]
            assert f"onvif://www.onvif.org/name/{device.name}" in told
            assert "8f0c1a2e-0000-4000-8000-000000000001</wsa:RelatesTo>" in told
        ptz = probe(scopes="onvif://www.onvif.org/type/ptz")
        (only,) = await asyncio.to_thread(answers, ptz, here, 1)
        assert dome.device.url in only
        assert await asyncio.to_thread(answers, probe("dn:Printer"), here, 0) == []
        for nonsense in (b"", b"x", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', probe() + b" " * 9000, b"<a/>"):
            assert await asyncio.to_thread(answers, nonsense, here, 0) == []
        if dome.site.has_multicast:  # a machine may have none on its loopback
            came_so = await asyncio.to_thread(answers, probe(), (GROUP, PORT), 2)
            assert set(came_so) >= set(came), "others on this machine may be in the group, too"

    on_cameras(check, multicast=True)


def test_a_camera_that_moved_answers_with_its_new_address_and_its_old_name(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        here = ("127.0.0.1", dome.site.discovery_port)
        ptz = probe(scopes="onvif://www.onvif.org/type/ptz")
        (before,) = await asyncio.to_thread(answers, ptz, here, 1)
        old = dome.device.url
        await dome.device.reboot()
        (after,) = await asyncio.to_thread(answers, ptz, here, 1)
        assert after == before.replace(old, dome.device.url) != before

    on_cameras(check, OnvifQuirk.ADDRESS_CHANGES_AFTER_REBOOT)
