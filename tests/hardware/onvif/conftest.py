"""A device that answers what a test says, over real HTTP of the loopback: for answers that no honest one gives."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from csu.hal.camera import CameraId, CameraRecord, CommuneId, OnboardMask, PtzVelocity, ViewType
from csu.machine import SystemChance, SystemClock
from hardware.onvif import (
    Mount,
    OnvifCamera,
    OnvifSettings,
    StreamFloors,
    Tls,
    millimetres,
    open_onvif_camera,
    spherical,
)
from hardware.vault import Login
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.digest import Login as StreamLogin
from sim.endpoints.onvif import OnvifDevice, OnvifQuirk, OnvifSpec, open_onvif
from sim.endpoints.onvif.spaces import limits_of
from sim.endpoints.view import home_of

PASSWORD = "Guessed-By-Nobody-7"
LOGIN = Login("csu-a", PASSWORD)
RECORD = CameraRecord(CameraId("cam-0001"), 1, "Place", CommuneId("metz"), ViewType.WIDE)

NAMES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
    'xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" '
    'xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
    'xmlns:ter="http://www.onvif.org/ver10/error" xmlns:tev="http://www.onvif.org/ver10/events/wsdl" '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2"'
)


def soap(body: str) -> bytes:
    return f"<s:Envelope {NAMES}><s:Body>{body}</s:Body></s:Envelope>".encode()


def fault(code: str) -> bytes:
    return soap(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:InvalidArgVal</s:Value><s:Subcode>"
        f"<s:Value>ter:{code}</s:Value></s:Subcode></s:Subcode></s:Code>"
        f"<s:Reason><s:Text>secret of the device: {PASSWORD}</s:Text></s:Reason></s:Fault>"
    )


class FakeDevice:
    """Answers by operation; whatever a test puts into `answers` is what comes."""

    def __init__(self) -> None:
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        self.login: Login | None = None
        """Who must log in by WS-Security; None: nobody is asked."""
        self.skew_s = 0.0
        self.raw: Callable[[asyncio.StreamWriter], Awaitable[None]] | None = None
        """Answers in the place of HTTP, from the second request on."""
        self.answers: dict[str, bytes | Callable[[str], bytes]] = {}
        self.asked: list[str] = []
        self.seen: list[str] = []
        self.headers = "Content-Type: application/soap+xml\r\n"
        self.extra = ""

    @property
    def base(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def services(self, **where: str) -> None:
        """What GetServices tells: media2 and what else is said."""
        known = {
            "media2": ("http://www.onvif.org/ver20/media/wsdl", f"{self.base}/onvif/media2"),
            "ptz": ("http://www.onvif.org/ver20/ptz/wsdl", f"{self.base}/onvif/ptz"),
            "events": ("http://www.onvif.org/ver10/events/wsdl", f"{self.base}/onvif/events"),
        }
        told = "".join(
            f"<tds:Service><tds:Namespace>{known[name][0]}</tds:Namespace><tds:XAddr>{at or known[name][1]}</tds:XAddr>"
            "</tds:Service>"
            for name, at in where.items()
        )
        self.answers["GetServices"] = soap(f"<tds:GetServicesResponse>{told}</tds:GetServicesResponse>")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(re.search(r"(?i)content-length: (\d+)", head)[1])
                body = (await reader.readexactly(length)).decode()
                operation = re.search(r"<s:Body><(?:\w+:)?(\w+)", body)[1]
                self.asked.append(operation)
                self.seen.append(head + body)
                if self.raw is not None and operation != "GetServices":
                    await self.raw(writer)
                    return
                status, answer = self.answer(operation, body)
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{self.headers}{self.extra}\r\n".encode()
                    + answer
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return  # asyncio 3.11 prints a trace for a cancelled client task
        finally:
            writer.close()

    def answer(self, operation: str, body: str) -> tuple[int, bytes]:
        if operation == "GetSystemDateAndTime":
            return 200, self.time()
        if self.login is not None and operation != "GetServices" and not self.knows(body):
            return 400, fault("NotAuthorized")
        found = self.answers.get(operation, fault("ActionNotSupported"))
        answer = found(body) if callable(found) else found
        return 500 if b"<s:Fault>" in answer else 200, answer

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skew_s)

    def time(self) -> bytes:
        now = self.now()
        return soap(
            "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
            f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
            f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime>"
            "</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>"
        )

    def knows(self, body: str) -> bool:
        """Is there a right WS-Security digest, not older than 5 s by the device's clock?"""
        found = [re.search(rf"<wsse:{name}(?: [^>]*)?>([^<]*)<", body) for name in ("Username", "Password", "Nonce")]
        created = re.search(r"<wsu:Created>([^<]*)<", body)
        if created is None or not all(found):
            return False
        user, digest, nonce = (each[1] for each in found)
        made = datetime.fromisoformat(created[1].replace("Z", "+00:00"))
        right = hashlib.sha1(base64.b64decode(nonce) + created[1].encode() + self.login.password.encode()).digest()
        fresh = abs((made - self.now()).total_seconds()) <= 5
        return user == self.login.user and base64.b64decode(digest) == right and fresh


ONE_PROFILE = soap(
    '<tr2:GetProfilesResponse><tr2:Profiles token="p1"><tr2:Configurations><tr2:VideoSource token="vsc">'
    "<tt:SourceToken>vs</tt:SourceToken></tr2:VideoSource>"
    '<tr2:VideoEncoder token="ve"><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>1280</tt:Width>'
    '<tt:Height>720</tt:Height></tt:Resolution><tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>25'
    "</tt:FrameRateLimit><tt:BitrateLimit>4096</tt:BitrateLimit></tt:RateControl></tr2:VideoEncoder>"
    "</tr2:Configurations></tr2:Profiles></tr2:GetProfilesResponse>"
)


def stream_at(url: str) -> bytes:
    return soap(f"<tr2:GetStreamUriResponse><tr2:Uri>{url}</tr2:Uri></tr2:GetStreamUriResponse>")


Opening = Callable[..., AbstractAsyncContextManager[tuple[FakeDevice, OnvifCamera]]]


@pytest.fixture
def opened() -> Opening:
    """`async with opened(**settings) as (device, camera)`: a fake device with one profile, and its camera."""

    @asynccontextmanager
    async def fake(
        *, tls: ssl.SSLContext | None = None, trust: Tls | None = None, login: Login = LOGIN, **settings: object
    ) -> AsyncIterator[tuple[FakeDevice, OnvifCamera]]:
        device = FakeDevice()
        device.tls = tls
        server = await asyncio.start_server(device.serve, "127.0.0.1", 0, ssl=tls)
        device.port = server.sockets[0].getsockname()[1]
        device.services(media2="")
        device.answers["GetProfiles"] = ONE_PROFILE
        device.answers["GetStreamUri"] = stream_at("rtsp://127.0.0.1:554/main")
        known = OnvifSettings(
            RECORD, f"{device.base}/onvif/device_service", StreamFloors(352, 288, 6.0), tls=trust, answer_s_max=2.0
        )
        try:
            wanted = replace(known, **settings)
            async with open_onvif_camera(wanted, login, SystemClock(), SystemChance("test")) as camera:
                yield device, camera
        finally:
            server.close()

    return fake


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[ssl.SSLContext, Path]]:
    """A server's context and the PEM of its certificate, signed by itself, for 127.0.0.1."""

    def make(name: str) -> tuple[ssl.SSLContext, Path]:
        folder = tmp_path_factory.mktemp(name)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .sign(key, hashes.SHA256())
        )
        pem, secret = folder / "cert.pem", folder / "key.pem"
        pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, secret)
        return context, pem

    return make


DOME = OnvifSpec(
    EndpointSpec("cam-0001", 1, width_px=640, height_px=480, sub=True, audio=True, password="street-0000"),
    ptz=True,
    reboot_s=0.1,
    slow_s=1.5,
    pan_zero_deg=40.0,
    manufacturer="Dahua",
    default_password="admin",
)
LIMITS = limits_of(DOME)
HOME = home_of(DOME.endpoint)
SIM_LOGIN = Login("csu", "street-0000")


@pytest.fixture(scope="session")
def streams() -> Iterator[RtspFarm]:
    """One farm for all tests: its process takes longest to start. Each test has a new face for the same camera."""
    with RtspFarm([DOME.endpoint]) as farm:
        yield farm


def dome_settings(device: OnvifDevice, trust: Tls | None, **changes: object) -> OnvifSettings:
    mount = Mount(
        *(HOME.x_m, HOME.y_m, HOME.z_m),
        pan_tilt=(spherical(DOME.pan_zero_deg),),
        zoom=(millimetres(DOME.endpoint.width_px / DOME.sensor_width_mm, 0.5, 100.0),),
        roll_deg=HOME.roll_deg,
        k1=HOME.k1,
    )
    known = OnvifSettings(
        RECORD, device.url, StreamFloors(352, 288, 6.0), tls=trust, mount=mount, answer_s_max=2.0, move_s_max=5.0
    )
    return replace(known, **changes)


@pytest.fixture
def on_dome(streams: RtspFarm) -> Callable[..., None]:
    """Runs a check on a simulated dome with these quirks, and its camera: `on_dome(check, *quirks, **settings)`."""

    def run(
        check: Callable[[OnvifDevice, OnvifCamera], Awaitable[None]],
        *quirks: OnvifQuirk,
        tls: ssl.SSLContext | None = None,
        trust: Tls | None = None,
        login: Login = SIM_LOGIN,
        **settings: object,
    ) -> None:
        async def whole() -> None:
            async with open_onvif([DOME], farm=streams, tls=tls) as site:
                (device,) = site.devices.values()
                ports.append(site.discovery_port)
                await device.switch(*quirks)
                known = dome_settings(device, trust, **settings)
                try:
                    async with open_onvif_camera(known, login, SystemClock(), SystemChance("test")) as camera:
                        await asyncio.wait_for(check(device, camera), 30)
                finally:
                    await device.switch()
                    await asyncio.to_thread(streams.set_masks, DOME.endpoint.camera, ())
                    await asyncio.to_thread(streams.misbehave, DOME.endpoint.camera, None)
                    await asyncio.to_thread(
                        streams.set_logins, DOME.endpoint.camera, [StreamLogin(SIM_LOGIN.user, SIM_LOGIN.password)]
                    )

        asyncio.run(whole())

    ports: list[int] = []
    run.probed = lambda: ports[-1]  # type: ignore[attr-defined]
    return run


@pytest.fixture(scope="session")
def honest(streams: RtspFarm) -> list[bytes]:
    """Every kind of answer that the adapter reads, of a dome with a mask."""
    told: dict[str, bytes] = {}

    def heard(request: bytes, answer: bytes) -> None:
        told[re.search(rb"Body><(?:\w+:)?(\w+)", request)[1].decode()] = answer

    async def whole() -> None:
        async with open_onvif([DOME], farm=streams, heard=heard) as site:
            (device,) = site.devices.values()
            known = dome_settings(device, None)
            async with open_onvif_camera(known, SIM_LOGIN, SystemClock(), SystemChance("test")) as camera:
                await camera.capabilities()
                await camera.push_masks([OnboardMask("door", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4)))])
                await camera.read_masks()
                await camera.pose()
                await camera.move(PtzVelocity(0.1, 0.0, 0.0))
                await camera.stop()
                await camera.day_night()
                await camera.clock_reading()
                await camera.push_masks([])
                async with camera.listening() as events:
                    await asyncio.wait_for(anext(events), 10)

    asyncio.run(whole())
    assert len(told) >= 12
    return list(told.values())
