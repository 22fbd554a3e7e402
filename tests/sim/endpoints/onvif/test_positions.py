"""The metadata stream tells where the camera looks, with each picture: from the farm's own mount."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

import pytest
from lxml import etree

from csu.hal.clock import NS_PER_S
from sim.endpoints.digest import Login
from sim.endpoints.onvif import OnvifQuirk
from sim.endpoints.rtp import NTP_UNIX_S

MAIN = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"
NAMES = {"tt": "http://www.onvif.org/ver10/schema"}


@dataclass
class Told:
    """One document and its media time, in ticks of 90 kHz."""

    ticks: int
    document: bytes

    @property
    def pan(self) -> float:
        return float(self._at("tt:Position/tt:PanTilt").get("x"))

    @property
    def moves(self) -> str:
        return self._at("tt:MoveStatus/tt:PanTilt").text

    @property
    def when(self) -> str:
        return self._at("tt:UtcTime").text

    def _at(self, path: str) -> etree._Element:
        return etree.fromstring(self.document).find(f"tt:PTZ/tt:PTZStatus/{path}", NAMES)


class Listener:
    """A plain RTSP client that sets up the track of positions and nothing else."""

    def __init__(self, url: str, port: int) -> None:
        self.url, self.port = url, port
        self.offered = ""
        self.report: tuple[int, int] | None = None
        """Camera's clock in ns and media time of the last sender report."""

    async def __aenter__(self) -> Listener:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.offered = await self._ask("DESCRIBE", self.url)
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n"
        self.set_up = await self._ask("SETUP", f"{self.url}/trackID=3", transport)
        session = self.set_up.partition("Session: ")[2].partition(";")[0]
        self.play = await self._ask("PLAY", self.url, f"Session: {session}\r\n")
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._writer.close()

    async def _ask(self, method: str, url: str, headers: str = "") -> str:
        self._writer.write(f"{method} {url} RTSP/1.0\r\nCSeq: 1\r\n{headers}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0] or 0)
        return head + (await self._reader.readexactly(length)).decode()

    async def next(self) -> Told:
        document = b""
        while True:
            header = await self._reader.readexactly(4)
            packet = await self._reader.readexactly(int.from_bytes(header[2:], "big"))
            if header[1] == 5:
                seconds, rest, ticks = struct.unpack(">III", packet[8:20])
                self.report = (seconds - NTP_UNIX_S) * NS_PER_S + (rest * NS_PER_S >> 32), ticks
                continue
            document += packet[12:]
            if packet[1] & 0x80:
                return Told(int.from_bytes(packet[4:8], "big"), document)


@pytest.fixture
def listening(on_cameras, streams):
    """Runs a check with a client that hears the dome's positions. Nobody is asked for a password."""

    def run(check, *quirks: OnvifQuirk) -> None:
        async def whole(dome, fixed) -> None:
            streams.set_logins("dome", [Login("", "")])
            try:
                async with Listener(streams.url("dome"), streams.port) as listener:
                    await check(dome, listener)
            finally:
                await dome.device.put_users()

        on_cameras(whole, *quirks)

    return run


def test_each_position_is_that_of_its_instant_and_equals_what_status_tells(listening, schemas) -> None:
    async def check(dome, listener) -> None:
        assert "a=rtpmap:107 vnd.onvif.metadata/90000" in listener.offered
        first = await listener.next()
        assert schemas.trouble_of_metadata(first.document) == ""
        assert first.moves == "IDLE"
        velocity = '<tptz:Velocity><tt:PanTilt x="0.5" y="0"/></tptz:Velocity><tptz:Timeout>PT0.5S</tptz:Timeout>'
        await dome.ask("tptz:ContinuousMove", f"{MAIN}{velocity}")
        told = [await listener.next() for _ in range(12)]
        moving = [one for one in told if one.moves == "MOVING"]
        assert len(moving) >= 2
        for before, after in zip(moving, moving[1:], strict=False):
            pictures, rest = divmod(after.ticks - before.ticks, 7500)  # 12 a second; a slow machine leaves some out
            assert rest == 0
            assert after.pan - before.pan == pytest.approx(pictures * 30.0 / 12, abs=0.02)
        assert told[-1].moves == "IDLE"
        status = await dome.ask("tptz:GetStatus", MAIN)
        assert float(status.find(".//tt:PanTilt", NAMES).get("x")) == pytest.approx(told[-1].pan, abs=0.001)
        assert dome.device.farm.counts()["dome"].clients == 0  # nobody has to watch the pictures for it

    listening(check)


def test_reports_tie_media_time_to_the_cameras_clock(listening) -> None:
    async def check(dome, listener) -> None:
        told = await listener.next()
        assert listener.report is not None
        at_ns, ticks = listener.report
        captured_ns = at_ns + ((told.ticks - ticks + 2**31) % 2**32 - 2**31) * NS_PER_S // 90_000
        host_ns = dome.device.clock.now_ns()
        assert abs(captured_ns - host_ns) < 5 * NS_PER_S
        assert told.when > "2026"

    listening(check)


def test_odd_spaces_and_a_skewed_clock_show_here_too(listening) -> None:
    async def check(dome, listener) -> None:
        space = etree.fromstring((await listener.next()).document).find(".//tt:PanTilt[@space]", NAMES).get("space")
        assert space.endswith("PositionGenericSpace")
        status = await dome.ask("tptz:GetStatus", MAIN)
        assert status.find(".//tt:PanTilt", NAMES).get("space") == space

    listening(check, OnvifQuirk.SPACES_ODD)


def test_a_profile_without_its_configuration_has_no_such_track(on_cameras, streams) -> None:
    async def check(dome, fixed) -> None:
        removed = "<tr2:Configuration><tr2:Type>Metadata</tr2:Type></tr2:Configuration>"
        await dome.ask("tr2:RemoveConfiguration", f"<tr2:ProfileToken>profile-main</tr2:ProfileToken>{removed}")
        streams.set_logins("dome", [Login("", "")])
        try:
            async with Listener(streams.url("dome"), streams.port) as listener:
                assert "vnd.onvif.metadata" not in listener.offered
                assert listener.set_up.startswith("RTSP/1.0 404")
                assert listener.play.startswith("RTSP/1.0 454")
        finally:
            await dome.device.put_users()

    on_cameras(check)
