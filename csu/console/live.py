"""Live pictures to browsers: one WebSocket a tile, one message a fragment, the present only.

Wire format: before each init segment a text message (JSON: camera, number, codec); then binary messages of `HEADER`
(flags uint8, captured_at_ns int64, big-endian) followed by the fMP4 bytes. The relay's queue is bounded and this
shell adds none: it waits for the socket, and a viewer that takes no byte for `send_timeout_s` is cut.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeAlias

from starlette.websockets import WebSocket, WebSocketDisconnect

from csu.console.metrics import ConsoleCounts
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.hal.camera import CameraId
from csu.hal.media import LiveFragment

HEADER = struct.Struct(">Bq")
FLAG_INIT, FLAG_KEY = 1, 2


Watch: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncIterator[LiveFragment]]]
Told: TypeAlias = Callable[[LiveFragment], Mapping[str, object] | None]
"""The text before a fragment; None: none."""


class Viewers:
    """Serves those who watch; counts them and never lets in more than `viewers_max` over all doors."""

    def __init__(self, counts: ConsoleCounts, *, viewers_max: int, send_timeout_s: float) -> None:
        self._counts = counts
        self._viewers_max = viewers_max
        self._send_timeout_s = send_timeout_s
        self._viewers = 0

    async def serve(self, websocket: WebSocket, where: str, watch: Watch, told: Told) -> None:
        """Serve one viewer until it leaves, falls behind, or the stream ends. `watch` may raise Refused."""
        await websocket.accept()
        try:
            await self._admit(websocket, where, watch, told)
        except WebSocketDisconnect:
            return
        except Refused as refused:
            self._counts.refused.labels(refused.refusal.code).inc()
            await close_socket(websocket, refused)

    async def _admit(self, websocket: WebSocket, where: str, watch: Watch, told: Told) -> None:
        watching = watch()
        if self._viewers >= self._viewers_max:
            raise Refused(Refusal.TOO_MANY_VIEWERS, where=where)
        self._viewers += 1
        self._counts.viewers.set(self._viewers)
        try:
            async with watching as fragments:
                await self._accompany(websocket, where, fragments, told)
        finally:
            self._viewers -= 1
            self._counts.viewers.set(self._viewers)

    async def _accompany(
        self, websocket: WebSocket, where: str, fragments: AsyncIterator[LiveFragment], told: Told
    ) -> None:
        # A camera may be silent for long: the viewer's leaving must be heard while nothing is sent.
        await until_one_ends(hearing=until_gone(websocket), sending=self._send(websocket, where, fragments, told))

    async def _send(self, websocket: WebSocket, where: str, fragments: AsyncIterator[LiveFragment], told: Told) -> None:
        async for fragment in fragments:
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    text = told(fragment)
                    if text is not None:
                        await websocket.send_json(text)
                    await websocket.send_bytes(message_of(fragment))
            except TimeoutError as error:
                raise Refused(Refusal.VIEWER_TOO_SLOW, where=where) from error
            self._counts.fragments.inc()
            self._counts.sent_bytes.inc(len(fragment.data))
        raise Refused(Refusal.STREAM_ENDED, where=where)


class LiveDoor:
    """Where viewers of one camera come in."""

    def __init__(self, room: RoomView, viewers: Viewers) -> None:
        self._room, self._viewers = room, viewers

    async def show(self, websocket: WebSocket, camera: CameraId) -> None:
        """Serve one viewer; see `Viewers.serve`."""
        number: int | None = None

        def watch() -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
            nonlocal number
            record = next((line.record for line in self._room.cameras() if line.record.camera == camera), None)
            if record is None:
                raise Refused(Refusal.CAMERA_UNKNOWN, where=websocket.url.path)
            number = record.number
            return self._known(camera)

        def told(fragment: LiveFragment) -> dict[str, object] | None:
            return {"camera": camera, "number": number, "codec": fragment.codec} if fragment.is_init else None

        await self._viewers.serve(websocket, camera, watch, told)

    @asynccontextmanager
    async def _known(self, camera: CameraId) -> AsyncIterator[AsyncIterator[LiveFragment]]:
        async with AsyncExitStack() as stack:
            try:
                fragments = await stack.enter_async_context(self._room.relay.watch(camera))
            except KeyError as error:
                raise Refused(Refusal.CAMERA_UNKNOWN, where=camera) from error
            yield fragments


def message_of(fragment: LiveFragment) -> bytes:
    """The binary message of one fragment."""
    flags = (FLAG_INIT if fragment.is_init else 0) | (FLAG_KEY if fragment.is_key else 0)
    return HEADER.pack(flags, fragment.captured_at_ns) + fragment.data


async def until_gone(websocket: WebSocket) -> None:
    """Until the peer leaves; one that speaks is refused."""
    message = await websocket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    raise Refused(Refusal.VIEWER_SPOKE, where=websocket.url.path)


async def until_one_ends(*, hearing: Coroutine[None, None, None], sending: Coroutine[None, None, None]) -> None:
    """Both directions of a socket, until either is over; raises what ended it."""
    tasks = [asyncio.create_task(hearing), asyncio.create_task(sending)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:  # not in the order of a set: both may end in one turn
        if task in done:
            task.result()


async def close_socket(websocket: WebSocket, refused: Refused) -> None:
    """Close it with the code of the refusal."""
    try:
        async with asyncio.timeout(1):  # the peer may be the one that takes no byte
            await websocket.close(refused.refusal.value.close_code, refused.refusal.code)
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        return  # it left first
