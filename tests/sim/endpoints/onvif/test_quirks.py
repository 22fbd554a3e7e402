"""Switched on, each quirk does what it says; switched off, the camera is honest again."""

from __future__ import annotations

import asyncio
import inspect
import time
from dataclasses import replace
from types import SimpleNamespace

import defusedxml
import defusedxml.ElementTree
import httpx
import pytest

from sim.endpoints import EndpointSpec
from sim.endpoints.onvif import DRIFT_S_A_DAY, ELSEWHERE, OnvifQuirk, OnvifSpec
from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.spec import ClockError

MAIN = "<trt:ProfileToken>profile-main</trt:ProfileToken>"
MAIN2 = "<tr2:ProfileToken>profile-main</tr2:ProfileToken>"
SETUP = (
    "<trt:StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>RTSP</tt:Protocol></tt:Transport>"
    "</trt:StreamSetup>"
)


async def audio_of(camera, watch) -> tuple[list[str], list[str], bool]:
    """What Media tells, what Media2 tells, and whether the stream offers sound."""
    kinds = ("tt:AudioSourceConfiguration", "tt:AudioEncoderConfiguration")
    profiles = await camera.ask("trt:GetProfiles")
    names = {"tt": "http://www.onvif.org/ver10/schema", "tr2": "http://www.onvif.org/ver20/media/wsdl"}
    media = [kind for kind in kinds for _ in profiles.iterfind(f".//{kind}", names)]
    profiles2 = await camera.ask("tr2:GetProfiles", "<tr2:Type>All</tr2:Type>")
    media2 = [kind for kind in ("AudioSource", "AudioEncoder") for _ in profiles2.iterfind(f".//tr2:{kind}", names)]
    address = camera.device.farm.address(camera.device.name)
    seen = await asyncio.to_thread(watch, address, 2, media="video+audio")
    return media, media2, "audio" in seen.kinds


async def take_audio_out(camera) -> None:
    """Out of both profiles: out of the main one by Media, out of the sub stream's by Media2."""
    for kind in ("AudioSource", "AudioEncoder"):
        await camera.ask(f"trt:Remove{kind}Configuration", MAIN)
    parts = "".join(
        f"<tr2:Configuration><tr2:Type>{kind}</tr2:Type></tr2:Configuration>"
        for kind in ("AudioSource", "AudioEncoder")
    )
    await camera.ask("tr2:RemoveConfiguration", f"<tr2:ProfileToken>profile-sub</tr2:ProfileToken>{parts}")


def test_audio_that_is_taken_out_is_gone_from_the_stream_too(on_cameras, watch) -> None:
    async def check(dome, fixed) -> None:
        media, media2, offered = await audio_of(dome, watch)
        assert (len(media), len(media2), offered) == (4, 4, True)
        await take_audio_out(dome)
        assert await audio_of(dome, watch) == ([], [], False)
        await dome.device.reboot()
        assert await audio_of(dome, watch) == ([], [], False)
        await dome.device.switch(OnvifQuirk.AUDIO_BACK_AFTER_REBOOT)
        await dome.device.reboot()
        assert (await audio_of(dome, watch))[2] is True
        await dome.device.switch(OnvifQuirk.AUDIO_BACK_AFTER_REMOVAL)
        await take_audio_out(dome)
        assert len((await audio_of(dome, watch))[0]) == 4
        assert "ter:NoConfig" in await fixed.refused(
            "trt:AddAudioSourceConfiguration", f"{MAIN}<trt:ConfigurationToken>asc-1</trt:ConfigurationToken>"
        )
        await dome.ask(
            "trt:AddAudioSourceConfiguration", f"{MAIN}<trt:ConfigurationToken>asc-1</trt:ConfigurationToken>"
        )

    on_cameras(check)


def test_addresses_elsewhere(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        inside = "<tds:IncludeCapability>false</tds:IncludeCapability>"
        services = await dome.texts("tds:GetServices", ".//tds:XAddr", inside)
        assert all(f"://{ELSEWHERE}:" in address for address in services)
        assert all(f"://{ELSEWHERE}:" in address for address in await dome.texts("tds:GetCapabilities", ".//tt:XAddr"))
        await dome.device.switch(OnvifQuirk.STREAM_ELSEWHERE)
        services = await dome.texts("tds:GetServices", ".//tds:XAddr", inside)
        assert all(address.startswith(dome.device.base) for address in services)
        for operation, path, asked in (
            ("trt:GetStreamUri", ".//tt:Uri", SETUP + MAIN),
            ("trt:GetSnapshotUri", ".//tt:Uri", MAIN),
            ("tr2:GetStreamUri", "tr2:Uri", f"<tr2:Protocol>RtspUnicast</tr2:Protocol>{MAIN2}"),
            ("tr2:GetSnapshotUri", "tr2:Uri", MAIN2),
        ):
            await dome.device.switch(OnvifQuirk.STREAM_ELSEWHERE)
            (told,) = await dome.texts(operation, path, asked)
            assert f"://{ELSEWHERE}:" in told
            await dome.device.switch()
            (right,) = await dome.texts(operation, path, asked)
            assert right == told.replace(ELSEWHERE, "127.0.0.1")

    on_cameras(check, OnvifQuirk.XADDR_ELSEWHERE)


def test_answers_that_harm(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        asked = dome.asker.envelope("tds:GetSystemDateAndTime", "", "")
        answer = await dome.asker.http.post(dome.device.url, content=asked)
        with pytest.raises(defusedxml.EntitiesForbidden):
            defusedxml.ElementTree.fromstring(answer.content)
        await dome.device.switch(OnvifQuirk.GARBAGE)
        answer = await dome.asker.http.post(dome.device.url, content=asked)
        with pytest.raises(defusedxml.ElementTree.ParseError):
            defusedxml.ElementTree.fromstring(answer.content)
        await dome.device.switch(OnvifQuirk.ENDLESS)
        with pytest.raises(TimeoutError):  # it trickles, so that no time-out between two bytes helps
            await asyncio.wait_for(dome.asker.http.post(dome.device.url, content=asked, timeout=5.0), 0.4)
        await dome.device.switch()
        assert (await dome.asker.http.post(dome.device.url, content=asked)).status_code == 200

    on_cameras(check, OnvifQuirk.XML_BOMB)


def test_slow_answers(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        asked = dome.asker.envelope("tds:GetSystemDateAndTime", "", "")
        began = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            await dome.asker.http.post(dome.device.url, content=asked, timeout=0.3)
        assert time.monotonic() - began < dome.device.spec.slow_s
        await dome.device.switch(OnvifQuirk.STATUS_SLOW)
        await dome.ask("tds:GetScopes")
        ptz = f"{dome.device.base}/onvif/ptz_service"
        inside = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"
        status = dome.asker.envelope("tptz:GetStatus", inside, dome.asker.token())
        with pytest.raises(httpx.ReadTimeout):
            await dome.asker.http.post(ptz, content=status, timeout=0.3)

    on_cameras(check, OnvifQuirk.SLOW)


def test_a_reboot_cuts_everybody_off_and_it_comes_back(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        before = dome.device.url
        dome.device.spec = replace(dome.device.spec, reboot_s=1.0)
        await dome.ask("tds:SystemReboot")
        for _ in range(100):
            if dome.device.reboots:
                break
            await asyncio.sleep(0.01)
        with pytest.raises(httpx.TransportError):
            await dome.ask("tds:GetScopes")
        await fixed.ask("tds:GetScopes")  # the others are untouched
        while dome.device.is_down:
            await asyncio.sleep(0.02)
        await dome.ask("tds:GetScopes")
        assert dome.device.url == before

    on_cameras(check)


def test_a_reboot_may_move_it_and_shrink_it(on_cameras, watch) -> None:
    async def check(dome, fixed) -> None:
        before = dome.device.url
        assert await dome.texts("tr2:GetVideoEncoderConfigurations", ".//tt:Width") == ["320", "160"]
        await dome.device.reboot()
        assert dome.device.url != before
        with pytest.raises(httpx.ConnectError):
            await dome.asker.http.post(before, content=b"<a/>")
        assert await dome.texts("tr2:GetVideoEncoderConfigurations", ".//tt:Width") == ["160", "160"]
        seen = await asyncio.to_thread(watch, dome.device.farm.address("dome"), 2)
        assert {size[:2] for size in seen.sizes} == {(160, 88)}

    on_cameras(check, OnvifQuirk.ADDRESS_CHANGES_AFTER_REBOOT, OnvifQuirk.RESOLUTION_CHANGES_AFTER_REBOOT)


class Told:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at_ns = 1_800_000_000 * 10**9

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.at_ns


def test_a_clock_gains_three_seconds_a_day() -> None:
    clock = Told()
    spec = OnvifSpec(EndpointSpec("x", 1, clock_offset_ms=500), quirks=frozenset({OnvifQuirk.CLOCK_DRIFTS}))
    told: list[ClockError] = []
    device = OnvifDevice(spec, farm=SimpleNamespace(set_clock=lambda _, error: told.append(error)), clock=clock)
    assert device.now_ns() - clock.now_ns() == 500_000_000
    clock.at_ns += 2 * 86_400 * 10**9
    assert device.now_ns() - clock.now_ns() == pytest.approx(0.5e9 + 2 * DRIFT_S_A_DAY * 1e9)
    asyncio.run(device.set_clock(clock.now_ns()))
    assert device.now_ns() == clock.now_ns()
    assert [error.ahead_at_ns(clock.now_ns()) for error in told] == [0], "its pictures are dated by the same clock"
    clock.at_ns += 86_400 * 10**9
    assert device.now_ns() - clock.now_ns() == pytest.approx(DRIFT_S_A_DAY * 1e9)


def test_quirks_that_speak_of_the_same_masks_are_refused_together(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        with pytest.raises(ValueError, match="one quirk of masks"):
            await dome.device.switch(OnvifQuirk.MASK_ADAPTED, OnvifQuirk.MASKS_ONLY_ON_MAIN)
        assert not dome.device.quirks

    on_cameras(check)


def test_every_quirk_says_why() -> None:
    lines = inspect.getsource(OnvifQuirk).splitlines()
    bare = []
    for quirk in OnvifQuirk:
        at = next(index for index, line in enumerate(lines) if line.strip().startswith(f"{quirk.name} ="))
        if not (at + 1 < len(lines) and lines[at + 1].strip().startswith('"""')):
            bare.append(quirk.name)
    assert bare == []
    assert len(OnvifQuirk) >= 30
