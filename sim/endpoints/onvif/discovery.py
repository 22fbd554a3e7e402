"""WS-Discovery: every camera of a site answers a probe, by unicast and, where the machine lets, by multicast."""

from __future__ import annotations

import asyncio
import socket
import struct
import uuid
from collections.abc import Callable, Sequence
from typing import cast
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.device_service import reference_of, scopes_of
from sim.endpoints.onvif.soap import found, render, text_of

GROUP, PORT = "239.255.255.250", 3702
_PROBE_BYTES_MAX = 8192
_TYPES = {"NetworkVideoTransmitter", "Device"}


class Responder(asyncio.DatagramProtocol):
    """Answers probes: one datagram for each camera that fits. What is no probe is counted, not answered."""

    def __init__(self, devices: Sequence[OnvifDevice]) -> None:
        self._devices = devices
        self._transport: asyncio.DatagramTransport | None = None
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)  # asyncio 3.11 gives one that is none by its bases

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        probe = _read_probe(data)
        if probe is None or self._transport is None:
            self.refused += 1
            return
        message_id, types, scopes = probe
        if types and not types & _TYPES:
            return
        for device in self._devices:
            told = scopes_of(device)
            if not device.is_down and all(any(one.startswith(scope) for one in told) for scope in scopes):
                self._transport.sendto(_match(device, message_id, told), address)


async def serve_probes(devices: Sequence[OnvifDevice], *, multicast: bool) -> tuple[asyncio.DatagramTransport, int]:
    """Answer probes: on an ephemeral port of the loopback, or in WS-Discovery's multicast group on the loopback.

    Gives what to close, and the port. Raises OSError where the machine has no multicast on its loopback.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        listening.setblocking(False)
        if multicast:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((GROUP, PORT))
            group = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
            listening.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
        else:
            listening.bind(("127.0.0.1", 0))
        port = int(listening.getsockname()[1])
        make: Callable[[], Responder] = lambda: Responder(devices)  # noqa: E731 - typed for mypy
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(make, sock=listening)
    except BaseException:
        listening.close()
        raise
    return transport, port


def _read_probe(data: bytes) -> tuple[str, set[str], list[str]] | None:
    """Message id, types (local names) and scopes of a probe; None for anything else."""
    if len(data) > _PROBE_BYTES_MAX:
        return None
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    if found(root, "Body/Probe") is None:
        return None
    message_id = text_of(root, "Header/MessageID", "")
    types = {name.rpartition(":")[2] for name in text_of(root, "Body/Probe/Types", "").split()}
    return (message_id, types, text_of(root, "Body/Probe/Scopes", "").split()) if message_id else None


def _match(device: OnvifDevice, message_id: str, scopes: Sequence[str]) -> bytes:
    reference = reference_of(device)
    answer = uuid.uuid5(reference, message_id)
    body = render(
        "discovery",
        "match",
        id=answer,
        relates_to=message_id,
        reference=reference,
        scopes=scopes,
        address=device.service_address("device_service"),
    )
    return str(body).encode()
