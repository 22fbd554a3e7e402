"""A site of simulated ONVIF cameras: the farm behind them, a web server each, discovery for all. In one process."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from csu.hal.clock import Clock
from csu.machine import SystemClock
from sim.endpoints.farm import RtspFarm
from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.discovery import serve_probes
from sim.endpoints.onvif.listener import Heard, Listener
from sim.endpoints.onvif.spec import OnvifQuirk, OnvifSpec
from sim.endpoints.tls_doors import TlsDoors


@dataclass(frozen=True, slots=True)
class OnvifSite:
    """What is being served. `devices` by the name of their camera."""

    devices: Mapping[str, OnvifDevice]
    farm: RtspFarm
    discovery_port: int
    """UDP port of the loopback that answers probes by unicast."""
    has_multicast: bool
    """Do they answer in WS-Discovery's group on the loopback?"""

    def device(self, camera: str) -> OnvifDevice:
        """Raises KeyError."""
        return self.devices[camera]


@asynccontextmanager
async def open_onvif(
    specs: Sequence[OnvifSpec],
    *,
    farm: RtspFarm | None = None,
    clock: Clock | None = None,
    tls: ssl.SSLContext | None = None,
    multicast: bool = False,
    heard: Heard | None = None,
) -> AsyncIterator[OnvifSite]:
    """Serve these cameras until the block ends.

    `farm`: a running farm that has their endpoints; None: one is made. `tls`: HTTPS and RTSPS for all but
    PLAIN_HTTP_ONLY; plain RTSP is there too.
    `multicast`: also answer in WS-Discovery's group, where the machine lets. Raises FarmError, OSError.
    """
    own = None if farm is not None else RtspFarm([spec.endpoint for spec in specs])
    streams = farm or own
    if streams is None:
        raise ValueError("no farm")
    clock = clock or SystemClock()
    if own is not None:
        await asyncio.to_thread(own.start)
    devices = [OnvifDevice(spec, streams, clock) for spec in specs]
    listeners = [Listener(device, tls, heard) for device in devices]
    doors = TlsDoors(tls, (streams.port, streams.stills_port)) if tls is not None else None
    probed: list[asyncio.DatagramTransport] = []
    try:
        if doors is not None:
            await doors.start()
            for device in devices:
                device.secure_ports = (
                    None if device.has(OnvifQuirk.PLAIN_HTTP_ONLY) else (doors.ports[0], doors.ports[1])
                )
        for device, listener in zip(devices, listeners, strict=True):
            await listener.start()
            await device.begin()
        transport, port = await serve_probes(devices, multicast=False)
        probed.append(transport)
        if multicast:
            try:
                probed.append((await serve_probes(devices, multicast=True))[0])
            except OSError:
                pass  # no multicast on this loopback, or somebody else has the port: has_multicast says so
        yield OnvifSite({device.name: device for device in devices}, streams, port, len(probed) > 1)
    finally:
        for transport in probed:
            transport.close()
        for device, listener in zip(devices, listeners, strict=True):
            await device.end()
            await listener.stop()
        if doors is not None:
            await doors.stop()
        if own is not None:
            await asyncio.to_thread(own.stop)
