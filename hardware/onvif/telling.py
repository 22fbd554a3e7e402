"""What a camera tells in its metadata stream, as it comes, on a connection of its own. Shell around `PositionTalk`."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress

from csu.hal.camera import StreamAddress
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from hardware.onvif.addresses import Enrolled
from hardware.onvif.dialling import dialled
from hardware.onvif.errors import answer_refused, device_silent, device_too_slow
from hardware.onvif.position_stream import PositionTalk

SILENT_S = 5.0
"""Nothing came for so long: the camera is asked anew."""
PIECE_BYTES_MAX = 16 * 1024
DOCUMENTS_PER_S_MAX = 240
"""Four times the pictures of the fastest camera; one that tells more is not read at all."""
_GOODBYE_S_MAX = 1.0


async def told_documents(
    camera: str, address: StreamAddress, enrolled: Enrolled, *, clock: Clock, client_nonce: str, answer_s_max: float
) -> AsyncGenerator[tuple[bytes, Nanoseconds], None]:
    """(document, when it had come by our clock), for ever. Raises CameraError."""
    talk = PositionTalk(camera, address, enrolled, client_nonce)
    try:
        async with _line(camera, address, answer_s_max) as (reader, writer):
            try:
                async with asyncio.timeout(answer_s_max):
                    writer.write(talk.begin())
                    while not talk.is_open:
                        writer.write(talk.feed(await _read(camera, reader, SILENT_S)))
                async with aclosing(_documents(camera, talk, reader, writer, clock)) as documents:
                    async for told in documents:
                        yield told
            finally:
                with suppress(OSError):
                    writer.write(talk.end())
    except TimeoutError:
        raise device_too_slow(camera, answer_s_max) from None
    except OSError as error:
        refused = isinstance(error, ssl.SSLCertVerificationError)
        raise device_silent(camera, "TLS: certificate refused" if refused else type(error).__name__) from None


async def _documents(
    camera: str, talk: PositionTalk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: Clock
) -> AsyncGenerator[tuple[bytes, Nanoseconds], None]:
    alive_ns = since_ns = clock.monotonic_ns()
    told = 0
    while True:
        writer.write(talk.feed(await _read(camera, reader, SILENT_S)))
        now_ns, arrived_ns = clock.monotonic_ns(), clock.now_ns()
        if now_ns - since_ns >= NS_PER_S:
            since_ns, told = now_ns, 0
        for document in talk.take():
            told += 1
            if told > DOCUMENTS_PER_S_MAX:
                raise answer_refused(camera, Words("elle en dit trop", "it tells too much"))
            yield document, arrived_ns
        if now_ns - alive_ns >= talk.keep_alive_s * NS_PER_S:
            alive_ns = now_ns
            writer.write(talk.keep_alive())


async def _read(camera: str, reader: asyncio.StreamReader, within_s: float) -> bytes:
    try:
        async with asyncio.timeout(within_s):
            data = await reader.read(PIECE_BYTES_MAX)
    except TimeoutError:
        raise device_silent(camera, "silence") from None
    if not data:
        raise device_silent(camera, "EOF")
    return data


@asynccontextmanager
async def _line(
    camera: str, address: StreamAddress, answer_s_max: float
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Raises CameraError, OSError, TimeoutError."""
    async with asyncio.timeout(answer_s_max):
        reader, writer = await dialled(camera, address)
    try:
        yield reader, writer
    finally:
        with suppress(OSError, TimeoutError):  # the camera hung up first: what there was to end is over
            async with asyncio.timeout(_GOODBYE_S_MAX):
                writer.close()
                await writer.wait_closed()
        writer.transport.abort()
