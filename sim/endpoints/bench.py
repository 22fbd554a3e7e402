"""A bench of simulated devices, one of each kind, on real sockets of the loopback: for `csu conform`, for learning.

In: kinds, quirks by kind, how many cameras. Out: the address of each, as `csu conform KIND ADDRESS` takes it; of many
cameras the first, and where all of them answer a search (`csu camera enrol --found --at ...`).
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from csu.hal.clock import Clock
from csu.hal.errors import BadInput
from csu.hal.words import Words
from sim.endpoints.dc09 import DialledPath, Dialler, DiallerFault, DiallerSpec, open_diallers
from sim.endpoints.onvif import OnvifQuirk, OnvifSpec, open_onvif
from sim.endpoints.panels import PanelQuirk, PanelSpec, serve_pjlink
from sim.endpoints.police import PrivateAuthority, StationQuirk, StationSpec, serve_police
from sim.endpoints.police.authority import Papers
from sim.endpoints.spec import EndpointSpec, StreetView
from sim.street import build_street, posts

HOST = "127.0.0.1"
SEED = 7
ACCOUNT = "1234"
_PASSWORD = "street-0000"  # noqa: S105 - guards a simulated camera on the loopback, and makes logins real
_PANEL_PASSWORD = "bench-0000"  # noqa: S105 - as above
ALARM_EVERY_S = 4.0
"""A real panel alarms when somebody sets it off; this one does so by itself."""
POLL_EVERY_S = 1.0
ANSWER_WITHIN_S = 1.5


CAMERAS_MAX = 200
SEARCH = "search"
"""Beside the kinds: where many cameras answer probes."""


class DeviceKind(StrEnum):
    """What the bench can serve."""

    CAMERA = "camera"
    ALARM = "alarm"
    PANEL = "panel"
    DISPATCH = "dispatch"


QUIRKS: Mapping[DeviceKind, type[StrEnum]] = {
    DeviceKind.CAMERA: OnvifQuirk,
    DeviceKind.ALARM: DiallerFault,
    DeviceKind.PANEL: PanelQuirk,
    DeviceKind.DISPATCH: StationQuirk,
}


def read_quirks(told: Iterable[str]) -> dict[DeviceKind, frozenset[str]]:
    """`camera:ignores_timeout`... by kind. Raises BadInput for one that no device has."""
    found: dict[DeviceKind, set[str]] = {kind: set() for kind in DeviceKind}
    for each in told:
        kind, _, name = each.partition(":")
        known = {str(k): [str(quirk) for quirk in QUIRKS[k]] for k in DeviceKind}
        if name not in known.get(kind, ()):
            names = ", ".join(
                f"{k}:{quirk}" for k in sorted(known) for quirk in known[k] if k == kind or kind not in known
            )
            raise BadInput(
                Words(f"aucun appareil n'a le travers {each!r}", f"no device has the quirk {each!r}"),
                where="--quirk",
                what_to_do=Words(f"Donnez l'un de : {names}", f"Give one of: {names}"),
            )
        found[DeviceKind(kind)].add(name)
    return {kind: frozenset(names) for kind, names in found.items()}


@asynccontextmanager
async def open_bench(
    kinds: Sequence[DeviceKind],
    quirks: Mapping[DeviceKind, frozenset[str]],
    clock: Clock,
    *,
    fixed: bool = False,
    cameras: int = 1,
) -> AsyncIterator[dict[str, str]]:
    """Serve these until the block ends. `fixed`: the cameras do not turn. Raises FarmError, OSError."""
    async with AsyncExitStack() as stack:
        addresses: dict[str, str] = {}
        for kind in kinds:
            given = quirks.get(kind, frozenset())
            if kind is DeviceKind.CAMERA:
                addresses |= await stack.enter_async_context(_cameras(given, clock, cameras, turns=not fixed))
            else:
                addresses[kind] = await stack.enter_async_context(_OPEN[kind](given, clock))
        yield addresses


@asynccontextmanager
async def _cameras(quirks: frozenset[str], clock: Clock, count: int, *, turns: bool) -> AsyncIterator[dict[str, str]]:
    places = [post for post in posts(build_street(SEED), 8, 640, 360) if post.ptz is turns]
    endpoints = [
        EndpointSpec(
            f"cam-{number:04d}",
            number=number,
            picture=StreetView(places[(number - 1) % len(places)].pose, SEED, False, False),
            password=_PASSWORD,
            audio=True,
            sub=True,
            onboard_masks=8,
            mask_corners_max=8,
        )
        for number in range(1, count + 1)
    ]
    switched = frozenset(OnvifQuirk(quirk) for quirk in quirks)
    specs = [OnvifSpec(endpoint, ptz=turns, quirks=switched) for endpoint in endpoints]
    papers = PrivateAuthority("csu bench", clock).server(HOST)
    with TemporaryDirectory(prefix="csu-bench-") as directory:
        tls = _served(papers, Path(directory))
        async with open_onvif(specs, clock=clock, tls=tls, multicast=True) as site:
            first = endpoints[0]
            url = site.device(first.camera).url
            pin = f"#sha256={_fingerprint(papers)}" if url.startswith("https:") else ""
            address = url.replace("://", f"://{first.user}:{first.password}@") + pin
            search = {SEARCH: f"{HOST}:{site.discovery_port}"} if count > 1 else {}
            yield {DeviceKind.CAMERA: address} | search


@asynccontextmanager
async def _alarm(quirks: frozenset[str], clock: Clock) -> AsyncIterator[str]:
    key, port = hashlib.sha256(b"csu bench").digest()[:16], _free_port()
    spec = DiallerSpec(
        ACCOUNT,
        (DialledPath("main", HOST, port),),
        key=key,
        poll_every_s=POLL_EVERY_S,
        answer_within_s=ANSWER_WITHIN_S,
        faults=frozenset(DiallerFault(quirk) for quirk in quirks),
    )
    async with open_diallers([spec]) as panels:
        alarming = asyncio.create_task(_keep_alarming(panels[ACCOUNT]))
        try:
            yield f"dc09://{HOST}:{port}?account={ACCOUNT}&key={key.hex()}"
        finally:
            alarming.cancel()
            await asyncio.gather(alarming, return_exceptions=True)


@asynccontextmanager
async def _panel(quirks: frozenset[str], clock: Clock) -> AsyncIterator[str]:
    async with serve_pjlink(PanelSpec(password=_PANEL_PASSWORD), clock) as panel:
        panel.misbehave(*(PanelQuirk(quirk) for quirk in quirks))
        yield f"pjlink://:{_PANEL_PASSWORD}@{HOST}:{panel.port}"


@asynccontextmanager
async def _dispatch(quirks: frozenset[str], clock: Clock) -> AsyncIterator[str]:
    authority = PrivateAuthority("csu bench", clock)
    async with serve_police(StationSpec(taken_after_s=0.2), authority, clock) as station:
        station.misbehave(*(StationQuirk(quirk) for quirk in quirks))
        with TemporaryDirectory(prefix="csu-bench-") as directory:
            folder, papers = Path(directory), authority.client("csu-bench")
            (folder / "authority.pem").write_bytes(authority.certificate_pem)
            (folder / "client.pem").write_bytes(papers.certificate_pem)
            (folder / "client.key").write_bytes(papers.key_pem)
            (folder / "signing.txt").write_bytes(station.secret)
            yield f"{station.url}#keys={folder}"


_OPEN = {
    DeviceKind.ALARM: _alarm,
    DeviceKind.PANEL: _panel,
    DeviceKind.DISPATCH: _dispatch,
}


async def _keep_alarming(panel: Dialler) -> None:
    while True:
        await panel.raise_event()
        await asyncio.sleep(ALARM_EVERY_S)


def _served(papers: Papers, directory: Path) -> ssl.SSLContext:
    file = directory / "camera.pem"
    file.write_bytes(papers.certificate_pem + b"\n" + papers.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _fingerprint(papers: Papers) -> str:
    pem = papers.certificate_pem.decode().split("-----END CERTIFICATE-----")[0] + "-----END CERTIFICATE-----\n"
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def _free_port() -> int:
    """The receiver that the simulated panel dials is opened there later, by whoever examines it."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
