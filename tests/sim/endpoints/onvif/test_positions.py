"""The metadata stream tells where the camera looks, with each picture: from the farm's own mount."""

from __future__ import annotations

import pytest
from lxml import etree

from csu.hal.clock import NS_PER_S
from sim.endpoints.onvif import OnvifQuirk

MAIN = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"
NAMES = {"tt": "http://www.onvif.org/ver10/schema"}


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


def test_a_profile_without_its_configuration_has_no_such_track(listening) -> None:
    async def check(dome, listener) -> None:
        removed = "<tr2:Configuration><tr2:Type>Metadata</tr2:Type></tr2:Configuration>"
        await dome.ask("tr2:RemoveConfiguration", f"<tr2:ProfileToken>profile-main</tr2:ProfileToken>{removed}")
        async with listener.again() as later:
            assert "vnd.onvif.metadata" not in later.offered
            assert later.set_up.startswith("RTSP/1.0 404")
            assert later.play.startswith("RTSP/1.0 454")

    listening(check)
