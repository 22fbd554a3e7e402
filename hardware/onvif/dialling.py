"""A connection to a camera's RTSP port: over TLS the one who must be there is there. Shell."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from csu.hal.camera import StreamAddress
from csu.hal.rtsp import PORTS
from csu.hal.tls import client_context
from csu.hal.words import Words
from hardware.onvif.errors import answer_refused, device_silent


async def dialled(camera: str, address: StreamAddress) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Raises CameraError without a certificate on record; OSError (its ssl.SSLCertVerificationError, too)."""
    parts = urlsplit(address.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parts.scheme != "rtsps":
        return await asyncio.open_connection(host, port)
    if address.trust is None:
        raise answer_refused(camera, Words("aucun certificat n'est inscrit", "no certificate is on record"))
    try:
        context = client_context(address.trust)
    except ValueError:
        raise device_silent(camera, "TLS: no PEM") from None
    return await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
