"""A camera's still picture over HTTP or HTTPS, fetched to audit its masks and forgotten. It is as clear as its streams.

Bounded in bytes, pixels and time; no redirection is followed and no proxy is used, so that nobody else sees it.
"""

from __future__ import annotations

import ssl
import struct

import cv2
import httpx
import numpy as np

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.frames import YuvPlanes
from csu.hal.tls import client_context
from csu.hal.words import Words
from csu.ingest.admission import PICTURE_PX_MAX, SIDE_PX_MIN
from csu.ingest.describe import TRY_AGAIN
from csu.ingest.errors import CameraLost, CameraRefused
from csu.ingest.trust import context_for, no_trust, tls_cause, tls_trouble

BYTES_MAX = 8 << 20
STEP_TIMEOUT_S = 3.0
WHOLE_TIMEOUT_NS = 6 * NS_PER_S
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def fetch_snapshot(camera: CameraId, address: StreamAddress, clock: Clock) -> YuvPlanes:
    """The still picture as limited-range 4:2:0. Raises CameraLost, CameraRefused: without any secret.

    Over HTTPS only from whom the address says to trust.
    """
    trusted = _context(camera, address)
    try:
        with httpx.Client(verify=trusted, trust_env=False, follow_redirects=False, timeout=STEP_TIMEOUT_S) as client:
            digest = httpx.DigestAuth(address.user, address.password) if address.user else None
            status, challenge, body = _get(client, address.url, digest, clock)
            if status == 401 and address.user and challenge.lower().startswith("basic"):
                basic = httpx.BasicAuth(address.user, address.password)
                status, _, body = _get(client, address.url, basic, clock)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        cause = tls_cause(error)
        if cause is not None:
            raise tls_trouble(cause, httpx.URL(address.url).host, camera) from None
        said = type(error).__name__
        raise _lost(camera, Words(f"pas d'image fixe ({said})", f"no still picture ({said})")) from None
    if status != 200:
        raise CameraRefused(
            Words(f"pas d'image fixe (réponse {status})", f"no still picture (answer {status})"),
            where=camera,
            what_to_do=Words(
                "Vérifiez l'adresse et l'identifiant de l'image fixe, ou coupez-la sur l'appareil",
                "Check the snapshot's address and login, or switch it off on the device",
            ),
        )
    planes = None if body is None else planes_of_jpeg(body)
    if planes is None:
        raise _lost(camera, _UNREADABLE)
    return planes


def _context(camera: CameraId, address: StreamAddress) -> ssl.SSLContext:
    """For plain HTTP one that believes nobody."""
    if not address.url.lower().startswith("https:"):
        return client_context(None)
    if address.trust is None:
        raise no_trust(camera)
    return context_for(address.trust, camera)


def planes_of_jpeg(data: bytes) -> YuvPlanes | None:
    """A JPEG of a bounded size as limited-range BT.601 4:2:0, its last column or row left out if odd; else None."""
    size = _size_of(data)
    if size is None or min(size) < SIDE_PX_MIN or size[0] * size[1] > PICTURE_PX_MAX:
        return None
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        return None
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    packed = np.asarray(cv2.cvtColor(picture[:height, :width], cv2.COLOR_BGR2YUV_I420), np.uint8).reshape(-1)
    luma, chroma = width * height, width * height // 4
    u, v = packed[luma : luma + chroma], packed[luma + chroma :]
    half = (height // 2, width // 2)
    return YuvPlanes(packed[:luma].reshape(height, width), u.reshape(half), v.reshape(half), full_range=False)


def _get(client: httpx.Client, url: str, auth: httpx.Auth | None, clock: Clock) -> tuple[int, str, bytes | None]:
    """(status, challenge, body); the body is None when it is too large or comes too slowly."""
    until_ns = clock.monotonic_ns() + WHOLE_TIMEOUT_NS
    with client.stream("GET", url, auth=auth) as answer:
        body = b""
        for piece in answer.iter_raw() if answer.status_code == 200 else ():
            body += piece
            if len(body) > BYTES_MAX or clock.monotonic_ns() > until_ns:
                return answer.status_code, "", None
        return answer.status_code, answer.headers.get("www-authenticate", ""), body


def _size_of(jpeg: bytes) -> tuple[int, int] | None:
    """(width, height) by the frame header, before anything is decoded (ITU-T T.81, B.2.2); None without one."""
    at = 2
    while jpeg[:2] == b"\xff\xd8" and at + 9 <= len(jpeg) and jpeg[at] == 0xFF:
        kind, length = struct.unpack_from(">BH", jpeg, at + 1)
        if kind in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", jpeg, at + 5)
            return int(width), int(height)
        at += 2 + int(length)
    return None


def _lost(camera: CameraId, what: Words) -> CameraLost:
    return CameraLost(what, where=camera, what_to_do=TRY_AGAIN)


_UNREADABLE = Words(
    "l'image fixe n'est pas un JPEG lisible d'une taille permise",
    "the still picture is no readable JPEG of an allowed size",
)
