"""What a hostile, broken or slow device may do to the centre: nothing, and it is told by a typed error."""

from __future__ import annotations

import asyncio
import gzip
import logging
import pickle

import pytest

from csu.hal.camera import CameraError
from hardware.onvif import (
    AnswerRefused,
    ClockSkewed,
    DeviceFault,
    DeviceSilent,
    DeviceTooSlow,
    LoginRefused,
    OtherHost,
    Tls,
)
from hardware.vault import Login

ELSEWHERE = "http://192.0.2.66/onvif/media2"
"""RFC 5737: nobody is there."""
PASSWORD = "Guessed-By-Nobody-7"

BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><x>&c;</x></s:Body></s:Envelope>'
)
OUTSIDE = BOMB.replace(b'<!ENTITY a "aaaaaaaaaa">', b'<!ENTITY a SYSTEM "file:///etc/hostname">')
DEEP = b'<s:Envelope xmlns:s="x"><s:Body>' + b"<a>" * 60 + b"</a>" * 60 + b"</s:Body></s:Envelope>"
LONG = b'<s:Envelope xmlns:s="x"><s:Body>' + b"<a/>" * 25_000 + b"</s:Body></s:Envelope>"


@pytest.mark.parametrize(
    "answer",
    [BOMB, OUTSIDE, DEEP, LONG, b"", b"\x00\xff\xfe", b"<html><body>Login</body></html>", b"<s:Envelope", b"{}"],
    ids=["bomb", "entity", "deep", "long", "empty", "bytes", "html", "cut", "json"],
)
def test_what_is_no_plain_soap_is_refused_and_not_taken_for_an_empty_answer(opened, answer):
    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["GetProfiles"] = answer
            with pytest.raises(AnswerRefused):
                await camera.capabilities()
            with pytest.raises(AnswerRefused):  # never "it has no microphone"
                await camera.refuse_audio()

    asyncio.run(check())


def test_an_answer_to_another_question_is_refused(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["GetProfiles"] = device.answers["GetStreamUri"]
            with pytest.raises(AnswerRefused):
                await camera.capabilities()

    asyncio.run(check())


def test_an_answer_that_grows_for_ever_is_cut_off_at_its_cap(opened):
    async def endless(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"10000\r\n" + b"a" * 65_536 + b"\r\n")
            await writer.drain()

    async def check() -> None:
        async with opened() as (device, camera):
            device.raw = endless
            with pytest.raises(AnswerRefused):
                await camera.capabilities()

    asyncio.run(check())


def test_a_packed_answer_is_refused_before_it_is_unpacked(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            await camera.stream("p1")
            device.extra = "Content-Encoding: gzip\r\n"
            device.answers["GetProfiles"] = gzip.compress(b"<s:Envelope>" + b" " * (4 << 20))
            with pytest.raises(AnswerRefused):
                await camera.capabilities()

    asyncio.run(check())


def test_a_slow_answer_ends_at_its_deadline_however_its_bytes_drip(opened):
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def check() -> None:
        async with opened(answer_s_max=0.4) as (device, camera):
            device.raw = drip
            began = asyncio.get_running_loop().time()
            with pytest.raises(DeviceTooSlow):
                await camera.capabilities()
            assert asyncio.get_running_loop().time() - began < 2.0

    asyncio.run(check())


def test_a_service_on_another_host_is_refused_and_nobody_asks_there(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.services(media2=ELSEWHERE)
            with pytest.raises(OtherHost) as caught:
                await camera.capabilities()
            assert "192.0.2.66" in str(caught.value)
            assert device.asked == ["GetServices"]

    asyncio.run(check())


def test_a_declared_address_behind_nat_is_asked_at_the_enrolled_host(opened):
    async def check() -> None:
        async with opened(advertised_hosts=("192.0.2.66",)) as (device, camera):
            device.services(media2=ELSEWHERE)
            device.answers["GetStreamUri"] = device.answers["GetStreamUri"].replace(b"127.0.0.1", b"192.0.2.66")
            assert (await camera.stream("p1")).url == "rtsp://127.0.0.1:554/main"

    asyncio.run(check())


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://192.0.2.66/main",
        "rtsp://127.0.0.1@192.0.2.66/main",
        "rtsp://127.0.0.1.evil.example/main",
        "http://127.0.0.1/main",
        "file:///etc/shadow",
        "rtsp://127.0.0.1/a\x7f",
        "rtsp://[127.0.0.1/main",
        "rtsp://127.0.0.1:99999/main",
        "rtsp://127.0.0.1\\@192.0.2.66/main",
        "",
        "rtsp://127.0.0.1/" + "a" * 2000,
    ],
)
def test_a_stream_that_is_not_the_camera_s_own_is_refused(opened, url):
    async def check() -> None:
        async with opened() as (device, camera):
            told = f"<tr2:GetStreamUriResponse><tr2:Uri>{url}</tr2:Uri></tr2:GetStreamUriResponse>".encode()
            device.answers["GetStreamUri"] = device.answers["GetStreamUri"].replace(
                b"<tr2:GetStreamUriResponse><tr2:Uri>rtsp://127.0.0.1:554/main</tr2:Uri></tr2:GetStreamUriResponse>",
                told,
            )
            with pytest.raises((OtherHost, AnswerRefused)):
                await camera.stream("p1")

    asyncio.run(check())


def test_a_password_in_a_stream_s_address_is_not_passed_on(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["GetStreamUri"] = device.answers["GetStreamUri"].replace(b"//", b"//root:pass@", 5)
            device.answers["GetStreamUri"] = device.answers["GetStreamUri"].replace(b"http://root:pass@", b"http://")
            address = await camera.stream("p1")
            assert (address.url, address.user) == ("rtsp://127.0.0.1:554/main", "csu-a")

    asyncio.run(check())


def test_a_redirect_is_not_followed(opened):
    async def elsewhere(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.66/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async def check() -> None:
        async with opened() as (device, camera):
            device.raw = elsewhere
            with pytest.raises(AnswerRefused):
                await camera.capabilities()

    asyncio.run(check())


def test_basic_is_never_answered(opened):
    async def basic(writer: asyncio.StreamWriter) -> None:
        writer.write(b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
        await writer.drain()

    async def check() -> None:
        async with opened() as (device, camera):
            device.raw = basic
            with pytest.raises(LoginRefused):
                await camera.capabilities()
            assert not any("Authorization" in told for told in device.seen)

    asyncio.run(check())


def test_the_password_is_never_sent_in_clear_whatever_the_device_refuses(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.login = Login("csu-a", "another")
            with pytest.raises(LoginRefused):
                await camera.capabilities()
            assert device.seen
            assert not any(PASSWORD in told or "PasswordText" in told for told in device.seen)

    asyncio.run(check())


def test_a_refused_login_is_not_tried_again_at_once(opened):
    """A pose is asked ten times a second: so many wrong passwords lock an account."""

    async def check() -> None:
        async with opened() as (device, camera):
            device.login = Login("csu-a", "another")
            for _ in range(20):
                with pytest.raises(LoginRefused):
                    await camera.capabilities()
            assert device.asked.count("GetProfiles") == 1

    asyncio.run(check())


def test_without_tls_a_wrong_clock_is_told_and_never_made_up_for(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.login, device.skew_s = Login("csu-a", PASSWORD), 120.0
            with pytest.raises(ClockSkewed) as caught:
                await camera.capabilities()
            assert "+120 s" in str(caught.value)
            assert (await camera.clock_reading()).offset_ms == pytest.approx(120_000, abs=1_500)
            assert device.asked.count("GetProfiles") == 1

    asyncio.run(check())


def test_over_verified_tls_a_wrong_clock_is_made_up_for_and_its_offset_known(opened, certificate):
    context, pem = certificate("camera")

    async def check() -> None:
        async with opened(tls=context, trust=Tls(pinned_file=pem)) as (device, camera):
            device.login, device.skew_s = Login("csu-a", PASSWORD), -7200.0
            assert (await camera.capabilities()).profiles[0].profile == "p1"
            reading = await camera.clock_reading()
            assert reading.offset_ms == pytest.approx(-7_200_000, abs=1_500)
            assert reading.looks_like_local_time
            await camera.capabilities()
            refused = 1  # the first login of all
            assert device.asked.count("GetProfiles") == refused + 2 * 2

    asyncio.run(check())


def test_only_the_certificate_on_record_is_the_camera(opened, certificate):
    context, pem = certificate("camera")
    _, other = certificate("intruder")

    async def check() -> None:
        async with opened(tls=context, trust=Tls(ca_file=pem)) as (_, camera):
            await camera.capabilities()
        for trust in (Tls(pinned_file=other), Tls(ca_file=other)):
            async with opened(tls=context, trust=trust) as (device, camera):
                with pytest.raises(DeviceSilent) as caught:
                    await camera.capabilities()
                assert "certificate refused" in str(caught.value)
                assert device.asked == []

    asyncio.run(check())


def test_enrolled_over_tls_it_is_never_asked_without(opened, certificate):
    context, pem = certificate("camera")

    async def check() -> None:
        async with opened(tls=context, trust=Tls(pinned_file=pem)) as (device, camera):
            device.services(media2=f"http://127.0.0.1:{device.port + 1}/onvif/media2")
            await camera.capabilities()  # the path is what it says, the door is the enrolled one

    asyncio.run(check())


def test_no_secret_and_no_soap_is_in_any_error_log_or_repr(opened, caplog):
    caplog.set_level(logging.DEBUG)

    async def check() -> list[BaseException]:
        errors: list[BaseException] = []
        async with opened() as (device, camera):
            for bad in (device.answer("NoSuch", "")[1], b"<html>" + PASSWORD.encode(), BOMB):
                device.answers["GetProfiles"] = bad
                with pytest.raises(CameraError) as caught:
                    await camera.capabilities()
                errors.append(caught.value)
            assert PASSWORD not in repr(camera)
        return errors

    for error in asyncio.run(check()):
        seen: BaseException | None = error
        while seen is not None:
            told = f"{seen!r} {seen} {getattr(seen, 'trouble', '')} {vars(seen)}"
            assert PASSWORD not in told
            assert "Envelope" not in told
            seen = seen.__cause__ or seen.__context__
        assert str(pickle.loads(pickle.dumps(error))) == str(error)
    for record in caplog.records:
        assert PASSWORD not in record.getMessage()
        assert "Envelope" not in record.getMessage()


def test_a_fault_is_told_by_its_code_and_not_by_its_text(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.answers["GetProfiles"] = device.answer("NoSuch", "")[1].replace(b"ActionNotSupported", b"NoProfile")
            with pytest.raises(DeviceFault) as caught:
                await camera.capabilities()
            assert caught.value.codes == ("Sender", "InvalidArgVal", "NoProfile")
            assert "secret" not in str(caught.value)

    asyncio.run(check())


def test_a_device_that_is_not_there_is_told_so(opened):
    async def check() -> None:
        async with opened(address="http://127.0.0.1:9/onvif/device_service") as (_, camera):
            with pytest.raises(DeviceSilent):
                await camera.capabilities()

    asyncio.run(check())
