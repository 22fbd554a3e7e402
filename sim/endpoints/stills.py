"""Snapshots: GET http://127.0.0.1:PORT/<camera>/snapshot.jpg with a DIGEST login."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping

from csu.hal.clock import Clock
from sim.endpoints.digest import challenge, is_one_of
from sim.endpoints.feed import Endpoint
from sim.endpoints.http import HttpRequest, HttpServer, reply
from sim.endpoints.live_camera import LiveCamera
from sim.endpoints.spec import PROFILE, FaultKind

STILL = "snapshot.jpg"
_REQUESTS_MAX = 16


class StillServer:
    """`start` gives the port; `stop` ends it. Each picture is drawn when it is asked for.

    `cameras` and `endpoints` (by path, `cam-01/main`) may be filled after this is made.
    """

    def __init__(self, cameras: Mapping[str, LiveCamera], endpoints: Mapping[str, Endpoint], clock: Clock) -> None:
        self._cameras = cameras
        self._endpoints = endpoints
        self._clock = clock
        self._nonce = secrets.token_hex(16)
        """One for all connections: many clients answer a challenge on a new one."""
        self._http = HttpServer(self._answer, requests_max=_REQUESTS_MAX)
        self.served: Counter[str] = Counter()

    async def start(self) -> int:
        """Listen on an ephemeral port of the loopback, and say which. Raises OSError."""
        return await self._http.start()

    async def stop(self) -> None:
        """Close every connection."""
        await self._http.stop()

    async def _answer(self, request: HttpRequest, writer: asyncio.StreamWriter, last: bool) -> bool:
        """Answer one request; False when the connection is over."""
        name, _, still = request.path.strip("/").partition("/")
        camera, endpoint = self._cameras.get(name), self._endpoints.get(f"{name}/{PROFILE}")
        if camera is None or endpoint is None or still != STILL:
            writer.write(reply(404, last=last))
        elif endpoint.is_down or endpoint.has(FaultKind.MUTE):
            return False
        elif request.method != "GET":
            writer.write(reply(405, {"Allow": "GET"}, last=last))
        elif not self._may_pass(endpoint, request):
            writer.write(reply(401, {"WWW-Authenticate": challenge(self._nonce)}, last=last))
        else:
            # In a thread: drawing takes milliseconds, and packets must not wait for it.
            jpeg = await asyncio.to_thread(camera.still, self._clock.now_ns())
            self.served[name] += 1
            writer.write(reply(200, {"Content-Type": "image/jpeg", "Cache-Control": "no-store"}, jpeg, last=last))
        await writer.drain()
        return not last

    def _may_pass(self, endpoint: Endpoint, request: HttpRequest) -> bool:
        given = request.headers.get("authorization")
        right = is_one_of(endpoint.logins, given, method="GET", url=request.target, nonce=self._nonce)
        if right and not endpoint.has(FaultKind.REFUSE_LOGIN):
            return True
        if given is not None:
            endpoint.logins_refused += 1
        return False
