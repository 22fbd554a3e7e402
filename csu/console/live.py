"""Live pictures to browsers: one WebSocket a tile, one message a fragment, the present only.

Wire format: before each init segment a text message (JSON: camera, number, codec); then binary messages of `HEADER`
(flags uint8, captured_at_ns int64, big-endian) followed by the fMP4 bytes. The relay's queue is bounded and this
shell adds none: it waits for the socket, and a viewer that takes no byte for `send_timeout_s` is cut.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack

from starlette.websockets import WebSocket, WebSocketDisconnect

from csu.console.metrics import ConsoleCounts
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.media import LiveFragment

HEADER = struct.Struct(">Bq")
FLAG_INIT, FLAG_KEY = 1, 2


class LiveDoor:
    """Where viewers come in; it counts them and never lets in more than `viewers_max`."""

    def __init__(self, room: RoomView, counts: ConsoleCounts, *, viewers_max: int, send_timeout_s: float) -> None:
        self._room = room
        self._counts = counts
        self._viewers_max = viewers_max
        self._send_timeout_s = send_timeout_s
        self._viewers = 0

    async def show(self, websocket: WebSocket, camera: CameraId) -> None:
        """Serve one viewer until it leaves, falls behind, or the stream ends."""
        await websocket.accept()
        try:
            await self._admit(websocket, camera)
        except WebSocketDisconnect:
            return
        except Refused as refused:
            self._counts.refused.labels(refused.refusal.code).inc()
            await close_socket(websocket, refused)

    async def _admit(self, websocket: WebSocket, camera: CameraId) -> None:
        record = next((line.record for line in self._room.cameras() if line.record.camera == camera), None)
        if record is None:
            raise Refused(Refusal.CAMERA_UNKNOWN, where=websocket.url.path)
        if self._viewers >= self._viewers_max:
            raise Refused(Refusal.TOO_MANY_VIEWERS, where=camera)
        self._viewers += 1
        self._counts.viewers.set(self._viewers)
        try:
            async with AsyncExitStack() as stack:
                try:
                    fragments = await stack.enter_async_context(self._room.relay.watch(camera))
                except KeyError as error:
                    raise Refused(Refusal.CAMERA_UNKNOWN, where=camera) from error
                await self._accompany(websocket, record, fragments)
        finally:
            self._viewers -= 1
            self._counts.viewers.set(self._viewers)

    async def _accompany(
        self, websocket: WebSocket, record: CameraRecord, fragments: AsyncIterator[LiveFragment]
    ) -> None:
        # A camera may be silent for long: the viewer's leaving must be heard while nothing is sent.
        await until_one_ends(hearing=_until_gone(websocket), sending=self._send(websocket, record, fragments))

    async def _send(self, websocket: WebSocket, record: CameraRecord, fragments: AsyncIterator[LiveFragment]) -> None:
        async for fragment in fragments:
            try:
                async with asyncio.timeout(self._send_timeout_s):
                    if fragment.is_init:
                        await websocket.send_json(
                            {"camera": record.camera, "number": record.number, "codec": fragment.codec}
                        )
                    await websocket.send_bytes(message_of(fragment))
            except TimeoutError as error:
                raise Refused(Refusal.VIEWER_TOO_SLOW, where=record.camera) from error
            self._counts.fragments.inc()
            self._counts.sent_bytes.inc(len(fragment.data))
        raise Refused(Refusal.STREAM_ENDED, where=record.camera)


def message_of(fragment: LiveFragment) -> bytes:
    """The binary message of one fragment."""
    flags = (FLAG_INIT if fragment.is_init else 0) | (FLAG_KEY if fragment.is_key else 0)
    return HEADER.pack(flags, fragment.captured_at_ns) + fragment.data


async def _until_gone(websocket: WebSocket) -> None:
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
