"""Snapshots: GET http://127.0.0.1:PORT/<camera>/snapshot.jpg with a DIGEST login."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping

from csu.hal.clock import Clock
from sim.endpoints.digest import challenge, is_one_of
from sim.endpoints.feed import Endpoint
from sim.endpoints.http import HEAD_BYTES_MAX, BadHttp, HttpRequest, read_request, reply
from sim.endpoints.live_camera import LiveCamera
from sim.endpoints.spec import PROFILE, FaultKind

HOST = "127.0.0.1"
STILL = "snapshot.jpg"

_REQUESTS_MAX = 16
"""On one connection; then it is closed, which every client must expect."""
_CONNECTIONS_MAX = 64


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
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.served: Counter[str] = Counter()

    async def start(self) -> int:
        """Listen on an ephemeral port of the loopback, and say which. Raises OSError."""
        self._server = await asyncio.start_server(self._serve, HOST, 0, limit=HEAD_BYTES_MAX)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= _CONNECTIONS_MAX:
            writer.close()
            return
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        try:
            for left in reversed(range(_REQUESTS_MAX)):
                request = await read_request(reader, body_bytes_max=0)
                if not await self._answer(request, writer, last=left == 0 or request.wants_close):
                    break
        except BadHttp as error:
            writer.write(reply(error.status, last=True))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # the client left, fell asleep or talks nonsense: it is let go
        except asyncio.CancelledError:
            return  # only `stop` cancels; asyncio 3.11 prints a trace for a cancelled client task
        finally:
            writer.close()

    async def _answer(self, request: HttpRequest, writer: asyncio.StreamWriter, *, last: bool) -> bool:
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
