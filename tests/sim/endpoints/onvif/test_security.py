"""Who gets in: tokens of WS-Security, HTTP DIGEST, accounts with limits, TLS; and what is refused at the door."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from csu.hal.camera import CameraId, StreamAddress
from csu.hal.tls import TlsTrust
from csu.ingest.describe import door_of
from csu.ingest.line import StopSignal
from csu.ingest.session import describe
from sim.endpoints.onvif import OnvifQuirk

NO_TOKEN = ""
MAIN2 = "<tr2:ProfileToken>profile-main</tr2:ProfileToken>"


def user(name: str, password: str = "", level: str = "Operator") -> str:
    given = f"<tt:Password>{password}</tt:Password>" if password else ""
    return f"<tds:User><tt:Username>{name}</tt:Username>{given}<tt:UserLevel>{level}</tt:UserLevel></tds:User>"


def test_the_clock_is_open_to_all_and_the_rest_is_not(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        await dome.ask("tds:GetSystemDateAndTime", token=NO_TOKEN)
        await dome.ask("tds:GetCapabilities", token=NO_TOKEN)
        with pytest.raises(Exception, match="ter:NotAuthorized") as caught:
            await dome.ask("tds:GetDeviceInformation", token=NO_TOKEN)
        assert caught.value.status == 401
        dome.asker.password = "wrong"
        assert "ter:NotAuthorized" in await dome.refused("tds:GetDeviceInformation")
        assert "ter:NotAuthorized" in await dome.refused("tds:GetSystemDateAndTime")  # a lie is a lie
        dome.asker.user = "nobody"
        assert "ter:NotAuthorized" in await dome.refused("tds:GetDeviceInformation")

    on_cameras(check)


def test_a_token_serves_once_and_only_now(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        await dome.ask("tds:GetScopes")
        assert "ter:NotAuthorized" in await dome.refused("tds:GetScopes", token=dome.asker.last_token)
        for wrong_s in (-30, 30):
            dome.asker.clock_offset_s = wrong_s
            assert "ter:NotAuthorized" in await dome.refused("tds:GetScopes")
        dome.asker.clock_offset_s = 0
        for nonsense in ("yesterday", "2026-11-30T06:00:00", ""):
            token = dome.asker.token()
            created = token.partition("<wsu:Created>")[2].partition("</wsu:Created>")[0]
            assert "ter:NotAuthorized" in await dome.refused("tds:GetScopes", token=token.replace(created, nonsense))
        dome.asker.text = True
        assert "ter:NotAuthorized" in await dome.refused("tds:GetScopes")

    on_cameras(check)


def test_a_skewed_clock_is_told_and_takes_tokens_of_its_own_time(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        assert "ter:NotAuthorized" in await dome.refused("tds:GetScopes")
        assert 119 < (await _clock(dome) - datetime.now(UTC)).total_seconds() < 121
        dome.asker.clock_offset_s = 120
        await dome.ask("tds:GetScopes")
        now = datetime.now(UTC)
        given = (
            "<tds:DateTimeType>Manual</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>"
            f"<tds:UTCDateTime><tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
            f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
            f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date></tds:UTCDateTime>"
        )
        await dome.ask("tds:SetSystemDateAndTime", given)
        dome.asker.clock_offset_s = 0
        await dome.ask("tds:GetScopes")
        assert abs((await _clock(dome) - datetime.now(UTC)).total_seconds()) < 3
        await dome.device.switch(OnvifQuirk.LOCAL_TIME_AS_UTC)
        ahead_s = (await _clock(dome) - datetime.now(UTC)).total_seconds()
        assert ahead_s + 120 == pytest.approx(3600, abs=3)  # it was set by a clock that was ahead, and is healed now

    on_cameras(check, OnvifQuirk.CLOCK_SKEWED)


async def _clock(camera) -> datetime:
    answer = await camera.ask("tds:GetSystemDateAndTime", token=NO_TOKEN)
    names = {"tt": "http://www.onvif.org/ver10/schema"}
    fields = ("Date/tt:Year", "Date/tt:Month", "Date/tt:Day", "Time/tt:Hour", "Time/tt:Minute", "Time/tt:Second")
    year, month, day, hour, minute, second = (
        int(answer.findtext(f".//tt:UTCDateTime/tt:{field}", namespaces=names)) for field in fields
    )
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def test_a_second_account_can_take_over_from_the_first_on_streams_too(on_cameras, fetch) -> None:
    async def check(dome, fixed) -> None:
        still = dome.device.farm.snapshot_address("dome").url
        await dome.ask("tds:CreateUsers", user("csu-2", "second-0001", "Administrator"))
        assert await dome.texts("tds:GetUsers", ".//tt:Username") == ["csu", "csu-2"]
        await asyncio.to_thread(fetch, StreamAddress(still, "csu-2", "second-0001"))
        dome.asker.user, dome.asker.password = "csu-2", "second-0001"
        await dome.ask("tds:DeleteUsers", "<tds:Username>csu</tds:Username>")
        with pytest.raises(OSError, match="401"):
            await asyncio.to_thread(fetch, StreamAddress(still, "csu", "street-0000"))
        dome.asker.user, dome.asker.password = "csu", "street-0000"
        assert "ter:NotAuthorized" in await dome.refused("tds:GetUsers")
        dome.asker.user, dome.asker.password = "csu-2", "second-0001"
        assert "ter:FixedUser" in await dome.refused("tds:DeleteUsers", "<tds:Username>csu-2</tds:Username>")
        await dome.ask("tds:CreateUsers", user("csu", "street-0000", "Administrator"))
        await dome.ask("tds:DeleteUsers", "<tds:Username>csu-2</tds:Username>", token=dome.asker.token())

    on_cameras(check)


def test_accounts_have_limits(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        for wrong, code in (
            (user("csu", "another-0000"), "ter:UsernameClash"),
            (user("x" * 33, "another-0000"), "ter:UsernameTooLong"),
            (user("one", "short"), "ter:PasswordTooWeak"),
            (user("one-and-one", "one-and-one"), "ter:PasswordTooWeak"),
            (user("one", "x" * 33), "ter:PasswordTooLong"),
            (user("one", "another-0000", "Anonymous"), "ter:AnonymousNotAllowed"),
            ("".join(user(f"user-{n}", "another-0000") for n in range(5)), "ter:TooManyUsers"),
            (user("one", "another-0000") + user("one", "another-0001"), "ter:UsernameClash"),
        ):
            assert code in await dome.refused("tds:CreateUsers", wrong), code
        assert "ter:UsernameMissing" in await dome.refused("tds:SetUser", user("ghost", "another-0000"))
        assert "ter:UsernameMissing" in await dome.refused("tds:DeleteUsers", "<tds:Username>ghost</tds:Username>")
        assert "ter:FixedUser" in await dome.refused("tds:SetUser", user("csu", "street-0000", "Operator"))
        assert await dome.texts("tds:GetUsers", ".//tt:Username") == ["csu"]
        assert await dome.texts("tds:GetUsers", ".//tt:Password") == []

    on_cameras(check)


def test_levels_are_kept(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        await dome.ask("tds:CreateUsers", user("watch", "watch-0000", "User") + user("drive", "drive-0000"))
        home = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"
        dome.asker.user, dome.asker.password = "watch", "watch-0000"
        await dome.ask("tptz:GetStatus", home)
        assert "ter:NotAuthorized" in await dome.refused("tptz:GotoHomePosition", home)
        dome.asker.user, dome.asker.password = "drive", "drive-0000"
        await dome.ask("tptz:GotoHomePosition", home)
        for operation in ("tds:GetUsers", "tds:SystemReboot"):
            assert "ter:NotAuthorized" in await dome.refused(operation)
        await dome.ask("tds:SetUser", user("drive", "drive-0001"), token=_token_of(dome, "csu", "street-0000"))
        assert "ter:NotAuthorized" in await dome.refused("tptz:GotoHomePosition", home)

    on_cameras(check)


def _token_of(camera, name: str, password: str) -> str:
    kept = camera.asker.user, camera.asker.password
    camera.asker.user, camera.asker.password = name, password
    token = camera.asker.token()
    camera.asker.user, camera.asker.password = kept
    return token


def test_http_digest_opens_too_and_one_camera_takes_nothing_else(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        assert "ter:NotAuthorized" in await dome.refused("tds:GetUsers")
        asked = dome.asker.envelope("tds:GetUsers", "", "")
        for password, status in (("street-0000", 200), ("wrong", 401)):
            answer = await dome.asker.http.post(dome.device.url, content=asked, auth=httpx.DigestAuth("csu", password))
            assert answer.status_code == status
        challenge = (await dome.asker.http.post(dome.device.url, content=asked)).headers["WWW-Authenticate"]
        assert challenge.startswith("Digest ")
        await dome.device.switch()
        answer = await dome.asker.http.post(dome.device.url, content=asked, auth=httpx.DigestAuth("csu", "street-0000"))
        assert answer.status_code == 200

    on_cameras(check, OnvifQuirk.ONLY_HTTP_DIGEST)


def test_a_vendors_account_opens_and_is_not_listed(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        dome.asker.user, dome.asker.password = "admin", "admin"
        assert await dome.texts("tds:GetUsers", ".//tt:Username") == ["csu"]
        await dome.device.switch()
        assert "ter:NotAuthorized" in await dome.refused("tds:GetUsers")

    on_cameras(check, OnvifQuirk.DEFAULT_PASSWORD)


def test_a_camera_that_wants_clear_text_takes_no_digest(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        assert "ter:NotAuthorized" in await dome.refused("tds:GetUsers")
        dome.asker.text = True
        await dome.ask("tds:GetUsers")

    on_cameras(check, OnvifQuirk.PASSWORD_TEXT_REQUIRED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<env:Envelope xmlns:env='http://www.w3.org/2003/05/soap-envelope'><env:Body/></env:Envelope>",
        b"<env:Envelope xmlns:env='http://www.w3.org/2003/05/soap-envelope'><env:Body>"
        + b"<a>" * 5000
        + b"</a>" * 5000
        + b"</env:Body></env:Envelope>",
        b"<?xml version='1.0' encoding='klingon'?><a/>",
    ],
)
def test_what_is_no_request_is_refused_as_such(on_cameras, body) -> None:
    async def check(dome, fixed) -> None:
        answer = await dome.asker.http.post(dome.device.url, content=body)
        assert answer.status_code == 400
        assert "ter:WellFormed" in answer.text
        too_much = await dome.asker.http.post(dome.device.url, content=b" " * 300_000)
        assert too_much.status_code == 413

    on_cameras(check)


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> tuple[ssl.SSLContext, Path]:
    """What a camera of a private authority shows, and the authority's certificate."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cameras of a test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown = folder / "camera.pem"
    private = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    shown.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, private, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown)
    return context, shown


def test_over_tls_it_tells_streams_and_stills_over_tls_and_serves_them(on_cameras, authority) -> None:
    context, certificate = authority
    trust = TlsTrust(certificate.read_text(), is_pinned=False)

    async def check(dome, fixed) -> None:
        async def told(protocol: str) -> str:
            asked = f"<tr2:Protocol>{protocol}</tr2:Protocol><tr2:ProfileToken>profile-sub</tr2:ProfileToken>"
            return (await dome.texts("tr2:GetStreamUri", "tr2:Uri", asked))[0]

        assert (await told("RtspUnicast")).startswith("rtsp://")
        secure = await told("RtspsUnicast")
        assert secure.startswith("rtsps://")
        (still,) = await dome.texts("tr2:GetSnapshotUri", "tr2:Uri", MAIN2)
        assert still.startswith("https://")
        door = door_of(StreamAddress(secure, "csu", "street-0000", trust), CameraId("dome"))
        offer = await asyncio.to_thread(describe, door, CameraId("dome"), StopSignal())
        assert offer.video.codec == "H264"
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=str(certificate))) as http:
            assert (await http.get(still)).status_code == 401
        await dome.device.switch(OnvifQuirk.PLAIN_RTSP_ONLY)
        asked = f"<tr2:Protocol>RtspsUnicast</tr2:Protocol>{MAIN2}"
        assert "ter:InvalidStreamSetup" in await dome.refused("tr2:GetStreamUri", asked)
        assert (await told("RtspUnicast")).startswith("rtsp://")
        await dome.ask("tr2:GetServiceCapabilities")

    on_cameras(check, tls=context)


def test_tls_is_verified_against_a_private_authority(on_cameras, authority) -> None:
    context, certificate = authority

    async def check(dome, fixed) -> None:
        assert dome.device.url.startswith("https://")
        await dome.ask("tds:GetScopes")
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=str(certificate))) as http:
            assert (await http.post(dome.device.url, content=b"<a/>")).status_code == 400
        async with httpx.AsyncClient() as http:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await http.post(dome.device.url, content=b"<a/>")

    on_cameras(check, tls=context)
