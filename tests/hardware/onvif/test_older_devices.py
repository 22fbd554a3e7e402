"""Devices that do less, or otherwise, than the standard asks: older ones, and those whose vendor knew better."""

from __future__ import annotations

import asyncio

import pytest

from csu.hal.errors import BadInput
from csu.machine import SystemClock
from hardware.onvif import DeviceFault, NotOffered, OnvifSettings, StreamFloors, Tls
from hardware.onvif.accounts import OnvifAccounts
from hardware.vault import Login

BY, GOING = Login("csu-b", "new-password"), Login("root", "old-password")
USERS = (
    b"<tds:GetUsersResponse><tds:User><tt:Username>root</tt:Username><tt:UserLevel>Administrator</tt:UserLevel>"
    b"</tds:User></tds:GetUsersResponse>"
)


def instead_of(device, body: bytes) -> bytes:
    """`body` in the envelope of the device's own answers."""
    start, _, rest = device.time().partition(b"<tds:GetSystemDateAndTimeResponse>")
    return start + body + rest.partition(b"</tds:GetSystemDateAndTimeResponse>")[2]


def done(device, operation: str) -> bytes:
    return instead_of(device, f"<tds:{operation}Response/>".encode())


def test_a_device_without_get_services_is_asked_for_its_capabilities(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            del device.answers["GetServices"]
            told = f"<tt:Media><tt:XAddr>{device.base}/onvif/media</tt:XAddr></tt:Media>".encode()
            device.answers["GetCapabilities"] = instead_of(
                device,
                b"<tds:GetCapabilitiesResponse><tds:Capabilities>"
                + told
                + b"</tds:Capabilities></tds:GetCapabilitiesResponse>",
            )
            device.answers["GetProfiles"] = device.answers["GetProfiles"].replace(b"tr2:", b"trt:")
            assert (await camera.capabilities()).profiles[0].width_px == 1280

    asyncio.run(check())


def test_a_device_that_wants_soap_as_text_xml_is_asked_so(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            honest = device.answer

            def choosy(operation: str, body: str) -> tuple[int, bytes]:
                is_plain = "Content-Type: text/xml" in device.seen[-1]
                return honest(operation, body) if is_plain else (415, b"")

            device.answer = choosy
            assert (await camera.capabilities()).profiles[0].width_px == 1280

    asyncio.run(check())


def test_a_device_without_h264_or_stills_says_so(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            assert await camera.snapshot() is None
            assert await camera.day_night() is None
            device.answers["GetProfiles"] = device.answers["GetProfiles"].replace(b"H264", b"H265")
            with pytest.raises(NotOffered):
                await camera.capabilities()

    asyncio.run(check())


@pytest.mark.parametrize(("code", "goes"), [("FixedUser", True), ("UsernameMissing", False)])
def test_an_account_that_cannot_be_deleted_is_given_a_password_that_nobody_knows(opened, code, goes):
    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["DeleteUsers"] = device.answer("NoSuch", "")[1].replace(b"ActionNotSupported", code.encode())
            device.answers["SetUser"] = done(device, "SetUser")
            accounts = OnvifAccounts(camera._settings, SystemClock(), lambda: "drawn-and-forgotten")
            await accounts.remove(BY, GOING.user)
            assert ("SetUser" in device.asked) is goes
            assert not goes or "drawn-and-forgotten" in device.seen[-1]

    asyncio.run(check())


def test_a_device_that_lets_nobody_go_for_another_reason_is_told(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["DeleteUsers"] = device.answer("NoSuch", "")[1].replace(b"ActionNotSupported", b"Locked")
            with pytest.raises(DeviceFault):
                await OnvifAccounts(camera._settings, SystemClock(), str).remove(BY, GOING.user)

    asyncio.run(check())


def test_an_account_that_is_there_is_given_its_password_again(opened):
    """As after a crash between the device and the vault."""

    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["GetUsers"] = instead_of(device, USERS)
            device.answers["SetUser"], device.answers["CreateUsers"] = (
                done(device, "SetUser"),
                done(device, "CreateUsers"),
            )
            accounts = OnvifAccounts(camera._settings, SystemClock(), str)
            await accounts.put(BY, GOING)
            await accounts.put(BY, Login("csu-a", "x"))
            assert [each for each in device.asked if each in ("SetUser", "CreateUsers")] == ["SetUser", "CreateUsers"]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("address", "tls"),
    [
        ("ftp://10.0.0.1/x", None),
        ("http://user:pass@10.0.0.1/x", None),
        ("http://10.0.0.1", None),
        ("https://10.0.0.1/x", None),
        ("https://10.0.0.1/x", Tls()),
        ("http://10.0.0.1/x", Tls(ca_file="ca.pem")),
        ("https://10.0.0.1/x", Tls(ca_file="ca.pem", pinned_file="cam.pem")),
    ],
)
def test_settings_that_cannot_be_are_refused(address, tls, opened):
    async def check() -> OnvifSettings:
        async with opened() as (_, camera):
            return camera._settings

    record = asyncio.run(check()).record
    with pytest.raises(BadInput):
        OnvifSettings(record, address, StreamFloors(352, 288, 6.0), tls=tls)
