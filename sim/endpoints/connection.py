"""One RTSP connection: reads requests, answers them, and hands the client to its camera's feed."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Mapping

from csu.hal.clock import NS_PER_MS, NS_PER_S, Clock
from sim.endpoints import alaw
from sim.endpoints.digest import challenge, is_one_of
from sim.endpoints.encoder import parameter_sets
from sim.endpoints.feed import BACKLOG_BYTES_MAX, SOCKET_BYTES_MAX, Endpoint, Viewer
from sim.endpoints.live import instant_ns, newest
from sim.endpoints.rtp import PAYLOAD_BYTES_MAX, VIDEO_CLOCK_HZ, RtpTrack, interleave
from sim.endpoints.rtsp import (
    AUDIO_TRACK,
    BACKCHANNEL,
    HEAD_BYTES_MAX,
    METHODS,
    POSITION_PAYLOAD_TYPE,
    POSITION_TRACK,
    SPEAKER_TRACK,
    VIDEO_TRACK,
    BadRequest,
    Request,
    StreamDescription,
    interleaved_channel,
    read_request,
    reply,
    sdp_of,
)
from sim.endpoints.spec import FaultKind, Speaker, size_after

_IDLE_S_MAX = 90.0
"""A client that sends nothing for so long, and watches nothing, is let go."""
_TRACKS = ("", VIDEO_TRACK, AUDIO_TRACK, POSITION_TRACK, SPEAKER_TRACK)


class Connection:
    """Serves one client until it leaves. `endpoints` maps a path (`cam-01/main`) to that stream of its camera."""

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        clock: Clock,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._reader = reader
        self._writer = writer
        connected = writer.get_extra_info("socket")
        if connected is not None:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES_MAX)
        self._nonce = secrets.token_hex(16)
        self._session = secrets.token_hex(6)
        self._video: tuple[Endpoint, int] | None = None
        self._audio_channel: int | None = None
        self._viewer: Viewer | None = None
        self._positions: tuple[Endpoint, int] | None = None
        self._speaker: tuple[Endpoint, int] | None = None
        self._is_speaking = False
        self._beside: list[asyncio.Task[None]] = []
        """What sends sound and positions."""

    async def serve(self) -> None:
        """Until the client ends, closes, or talks nonsense."""
        try:
            while (request := await self._next_request()) is not None:
                if not await self._answer(request):
                    break
        except BadRequest:
            self._writer.write(reply(400, None))
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            pass  # the client left, which is its right; what it watched is given back below
        finally:
            self._stop_playing()
            self._writer.close()

    async def _next_request(self) -> Request | None:
        while True:
            limit_s = None if self._viewer or self._beside or self._is_speaking else _IDLE_S_MAX
            first = await asyncio.wait_for(self._reader.read(1), limit_s)
            if not first:
                return None
            if first == b"$":  # for the loudspeaker, or the client's own RTCP: nothing in that matters here
                header = await self._reader.readexactly(3)
                packet = await self._reader.readexactly(int.from_bytes(header[1:], "big"))
                if self._is_speaking and self._speaker is not None and header[0] == self._speaker[1]:
                    self._speaker[0].hear(packet)
                continue
            try:
                head = first + await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), _IDLE_S_MAX)
            except asyncio.LimitOverrunError as error:
                raise BadRequest("head too long") from error
            if len(head) > HEAD_BYTES_MAX:
                raise BadRequest("head too long")
            request = read_request(head.lstrip(b"\r\n"))
            if request.body_bytes:
                await self._reader.readexactly(request.body_bytes)
            return request

    async def _answer(self, request: Request) -> bool:
        """Answer; False when the connection is over."""
        if request.method == "OPTIONS":
            self._send(reply(200, request, [("Public", METHODS)]))
            return True
        endpoint, track = self._find(request)
        if endpoint is None:
            self._send(reply(404, request))
            return True
        if endpoint.is_down:
            return False
        if endpoint.has(FaultKind.MUTE):
            return True
        if not self._may_pass(request, endpoint):
            return True
        if request.method == "DESCRIBE":
            await self._describe(request, endpoint)
        elif request.method == "SETUP":
            self._set_up(request, endpoint, track)
        elif request.method == "PLAY":
            self._play(request)
        elif request.method == "TEARDOWN":
            endpoint.speaker_ends += self._speaker is not None
            self._stop_playing()
            self._send(reply(200, request, self._session_header()))
            return False
        elif request.method == "GET_PARAMETER":
            self._send(reply(200, request, self._session_header()))
        else:
            self._send(reply(405, request, [("Allow", METHODS)]))
        return True

    def _find(self, request: Request) -> tuple[Endpoint | None, str]:
        """The camera of a request, and the track it names (empty for the whole presentation)."""
        parts = request.path.split("/")
        track = parts[2] if len(parts) == 3 else ""
        if len(parts) not in (2, 3) or track not in _TRACKS:
            return None, ""
        return self._endpoints.get("/".join(parts[:2])), track

    def _may_pass(self, request: Request, endpoint: Endpoint) -> bool:
        given = request.headers.get("authorization")
        right = is_one_of(endpoint.logins, given, method=request.method, url=request.url, nonce=self._nonce)
        if right and not endpoint.has(FaultKind.REFUSE_LOGIN):
            return True
        if given is not None:
            endpoint.logins_refused += 1
        self._send(reply(401, request, [("WWW-Authenticate", challenge(self._nonce))]))
        return False

    async def _describe(self, request: Request, endpoint: Endpoint) -> None:
        spec, stream = endpoint.spec, endpoint.stream
        requires = BACKCHANNEL in request.headers.get("require", "")
        if requires and endpoint.speaker is Speaker.NONE:
            self._send(reply(551, request, [("Unsupported", BACKCHANNEL)]))
            return
        hidden = endpoint.has(FaultKind.NO_PARAMETER_SETS)
        loop = asyncio.get_running_loop()
        sets = await loop.run_in_executor(
            None, parameter_sets, stream.codec, *size_after(stream, endpoint.fault), spec.frames_per_s
        )
        description = StreamDescription(
            stream.codec,
            () if hidden else sets,
            spec.frames_per_s,
            endpoint.audio,
            endpoint.position is not None,
            endpoint.speaker if requires else Speaker.NONE,
        )
        headers = [("Content-Base", request.url.rstrip("/") + "/"), ("Content-Type", "application/sdp")]
        self._send(reply(200, request, headers, sdp_of(spec.camera, description)))

    def _set_up(self, request: Request, endpoint: Endpoint, track: str) -> None:
        channel = interleaved_channel(request.headers.get("transport", ""))
        if channel is None:
            self._send(reply(461, request))
            return
        chosen = [track_of[0] for track_of in (self._video, self._positions, self._speaker) if track_of is not None]
        if (
            self._viewer is not None
            or self._beside
            or self._is_speaking
            or any(other is not endpoint for other in chosen)
        ):
            self._send(reply(455, request))
            return
        if track == AUDIO_TRACK:
            if not endpoint.audio:
                self._send(reply(404, request))
                return
            endpoint.audio_setups += 1
            self._audio_channel = channel
        elif track == POSITION_TRACK:
            if endpoint.position is None:
                self._send(reply(404, request))
                return
            self._positions = (endpoint, channel)
        elif track == SPEAKER_TRACK:
            if endpoint.speaker is Speaker.NONE:
                self._send(reply(404, request))
                return
            endpoint.speaker_setups += 1
            self._speaker = (endpoint, channel)
        else:
            self._video = (endpoint, channel)
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        self._send(reply(200, request, [("Transport", transport), *self._session_header()]))

    def _play(self, request: Request) -> None:
        nothing = self._video is None and self._positions is None and self._speaker is None
        if request.headers.get("session", "").split(";")[0] != self._session or nothing:
            self._send(reply(454, request))
            return
        self._send(reply(200, request, [("Range", "npt=0.000-"), *self._session_header()]))
        if self._viewer is not None or self._beside or self._is_speaking:
            return
        if self._speaker is not None:
            self._is_speaking = True
            if self._speaker[0].speaker in (Speaker.LISTENS, Speaker.DUPLEX):
                self._beside.append(asyncio.create_task(self._hum(self._speaker[1])))
        if self._video is not None:
            endpoint, channel = self._video
            self._viewer = Viewer(endpoint, self._writer.transport, channel)
            endpoint.feed.join(self._viewer)
            if self._audio_channel is not None:
                self._beside.append(asyncio.create_task(self._hum(self._audio_channel)))
        if self._positions is not None:
            self._beside.append(asyncio.create_task(self._tell_positions(*self._positions)))

    async def _hum(self, channel: int) -> None:
        """The microphone's tone, 25 packets a second. A client that does not read it loses it."""
        track = RtpTrack(int(self._session[:8], 16), 8, alaw.SAMPLE_HZ)
        at_ns = self._clock.now_ns()
        self._send(interleave(channel + 1, [track.sender_report(at_ns, at_ns, "microphone")]))
        while not self._writer.is_closing():
            if self._viewer is None or not self._viewer.is_overrun():
                self._send(interleave(channel, track.packets_of([alaw.tone_packet()], at_ns)))
            at_ns += alaw.PACKET_MS * NS_PER_MS
            await asyncio.sleep(max(0.0, (at_ns - self._clock.now_ns()) / 1e9))

    async def _tell_positions(self, endpoint: Endpoint, channel: int) -> None:
        """Where the camera looks, at each instant of its grid of captures, whether anybody watches the picture or not.

        Media time is that of the video, so that a client lays the two side by side by their RTCP reports.
        """
        spec, tell = endpoint.spec, endpoint.position
        track = RtpTrack(int(self._session[:8], 16) ^ 1, POSITION_PAYLOAD_TYPE, VIDEO_CLOCK_HZ)
        reported = 0
        index = newest(spec, self._clock.now_ns())
        while tell is not None and not self._writer.is_closing():
            index = max(index + 1, newest(spec, self._clock.now_ns()))  # late: leave some out, never a burst
            at_ns = instant_ns(spec, index)
            await asyncio.sleep(max(0.0, (at_ns - self._clock.now_ns()) / NS_PER_S))
            if endpoint.is_down or self._writer.transport.get_write_buffer_size() > BACKLOG_BYTES_MAX:
                self._writer.transport.abort()
                return
            if at_ns // NS_PER_S != reported:
                reported = at_ns // NS_PER_S
                now_ns = self._clock.now_ns()
                camera_ns = now_ns + spec.clock_offset_ms * NS_PER_MS
                self._send(interleave(channel + 1, [track.sender_report(now_ns, camera_ns, spec.camera)]))
            document = tell(at_ns)
            pieces = [document[at : at + PAYLOAD_BYTES_MAX] for at in range(0, len(document), PAYLOAD_BYTES_MAX)]
            self._send(interleave(channel, track.packets_of(pieces, at_ns)))

    def _stop_playing(self) -> None:
        if self._viewer is not None:
            self._viewer.endpoint.feed.leave(self._viewer)
            self._viewer = None
        for task in self._beside:
            task.cancel()
        self._beside.clear()
        self._is_speaking = False

    def _session_header(self) -> list[tuple[str, str]]:
        return [("Session", f"{self._session};timeout=60")]

    def _send(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)
