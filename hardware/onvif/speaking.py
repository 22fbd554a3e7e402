"""A message through a camera's loudspeaker, at the pace of speech, on a connection of its own. Shell."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

from csu.hal.camera import StreamAddress
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Clock
from csu.hal.loudspeaker import SAMPLE_HZ
from hardware.onvif.backchannel import Backchannel
from hardware.onvif.dialling import dialled
from hardware.onvif.errors import device_silent, device_too_slow

PACKET_SAMPLES = 160
"""20 ms: the default of PCMU (RFC 3551 4.2)."""
_PIECE_BYTES_MAX = 4096
_GOODBYE_S_MAX = 1.0


async def speak(
    camera: str, address: StreamAddress, pcmu: bytes, *, clock: Clock, chance: Chance, answer_s_max: float
) -> None:
    """Say it; returns when the camera has forgotten the talk. See `csu.hal.loudspeaker.Loudspeaker.speak`."""
    draw = chance.stream(f"speak/{clock.now_ns()}")
    first = (draw.integer(0, 2**32 - 1), draw.integer(0, 2**16 - 1), draw.integer(0, 2**32 - 1))
    nonce = f"{draw.integer(0, 2**64 - 1):016x}"
    talk = Backchannel(camera, address, client_nonce=nonce, first=first)
    try:
        async with asyncio.timeout(answer_s_max):
            reader, writer = await dialled(camera, address)
        try:
            await _Conversation(camera, talk, reader, writer, clock, answer_s_max).hold(pcmu)
        finally:
            await _hang_up(talk, reader, writer)
    except TimeoutError:
        raise device_too_slow(camera, answer_s_max) from None
    except OSError as error:
        refused = isinstance(error, ssl.SSLCertVerificationError)
        raise device_silent(camera, "TLS: certificate refused" if refused else type(error).__name__) from None


async def _hang_up(talk: Backchannel, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """However it went: a session that is left open keeps a loudspeaker, and whatever else it would do, going.

    What the camera still sends is thrown away: a socket closed with something unread takes the TEARDOWN with it.
    """
    with suppress(OSError, TimeoutError):  # the camera hung up first: what there was to end is over
        async with asyncio.timeout(_GOODBYE_S_MAX):
            if talk.has_session:
                writer.write(talk.end())
                await writer.drain()
                while await reader.read(_PIECE_BYTES_MAX):
                    continue
            writer.close()
            await writer.wait_closed()
    writer.transport.abort()


class _Conversation:
    """It listens all the while, to nothing but answers: the first sound that comes ends it."""

    def __init__(
        self,
        camera: str,
        talk: Backchannel,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        clock: Clock,
        answer_s_max: float,
    ) -> None:
        self._camera, self._talk, self._reader, self._writer = camera, talk, reader, writer
        self._clock, self._answer_s_max = clock, answer_s_max
        self._heard = asyncio.Event()

    async def hold(self, pcmu: bytes) -> None:
        """Raises CameraError, OSError, TimeoutError."""
        listening = asyncio.create_task(self._listen(), name=f"loudspeaker {self._camera}")
        saying = asyncio.create_task(self._say(pcmu), name=f"message {self._camera}")
        try:
            await asyncio.wait({listening, saying}, return_when=asyncio.FIRST_COMPLETED)
            for task in (listening, saying):  # what came in goes first: it may be what the other one stumbled over
                if task.done():
                    task.result()
        finally:
            for task in (listening, saying):
                task.cancel()
            await asyncio.gather(listening, saying, return_exceptions=True)

    async def _listen(self) -> None:
        while not self._talk.is_over:
            data = await self._reader.read(_PIECE_BYTES_MAX)
            if not data:
                raise device_silent(self._camera, "EOF")
            told = self._talk.feed(data)
            if told:
                self._writer.write(told)
            self._heard.set()

    async def _say(self, pcmu: bytes) -> None:
        self._writer.write(self._talk.begin())
        await self._until_open()
        began_ns, said = self._clock.monotonic_ns(), 0
        while said < len(pcmu):
            piece = pcmu[said : said + PACKET_SAMPLES]
            self._writer.write(self._talk.packet(piece))
            async with asyncio.timeout(self._answer_s_max):
                await self._writer.drain()
            said += len(piece)
            due_ns = began_ns + said * NS_PER_S // SAMPLE_HZ
            await asyncio.sleep(max(0, due_ns - self._clock.monotonic_ns()) / NS_PER_S)
        self._writer.write(self._talk.end())
        await self._until_over()

    async def _until_open(self) -> None:
        async with asyncio.timeout(self._answer_s_max):
            while not self._talk.is_open:
                self._heard.clear()
                await self._heard.wait()

    async def _until_over(self) -> None:
        async with asyncio.timeout(self._answer_s_max):
            while not self._talk.is_over:
                self._heard.clear()
                await self._heard.wait()
