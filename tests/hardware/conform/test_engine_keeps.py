"""A centre with a camera of each quirk: no forbidden pixel is recorded, nothing is heard, whatever it does.

The centre that ships, its own binding to the field over TLS, real sockets, real H.264. What was recorded is decoded and
looked at picture by picture: dwellings have a colour of their own in the simulated street (the canary). A device that
is refused when the centre opens is there twice: the second gets its quirk in service, with its masks in force.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import av
import numpy as np
import pytest

from csu.centre.centre_settings import CentreSettings
from csu.centre.events import CentreEvent, Trouble
from csu.centre.masks import edge_masks
from csu.centre.registers.settings import RegisterSettings
from csu.centre.running import RunningCentre, open_centre
from csu.centre.wall_hung import WallSettings
from csu.hal.camera import CameraError, CameraId, CommuneId, PtzVelocity, ViewType
from csu.hal.disk import Disk
from csu.hal.fieldwork import Route
from csu.hal.media import CameraEvent, CameraEventKind
from csu.hal.site import Site, SiteRequest
from csu.ingest.board import CameraState, CameraStatus
from csu.machine import LocalDisk, SystemClock
from csu.masking.dwellings import Dwellings, LocalFrame, save_buildings
from hardware.field import open_field
from hardware.field.camera_files import write_camera
from hardware.field.settings import Axis, CameraFile, Dynamics, Examined, Head, PanTilt, Place, Zoom
from hardware.onvif import millimetres, spherical
from hardware.vault import SECRET_NAME, Entry, Login, Vault
from sim.endpoints import EndpointCounts, EndpointSpec, RtspFarm
from sim.endpoints.onvif import OnvifDevice, OnvifQuirk, OnvifSite, OnvifSpec, open_onvif
from sim.endpoints.onvif.device_service import reference_of
from sim.endpoints.police import PrivateAuthority
from sim.endpoints.spec import StreetView
from sim.papers import PaperCamera, PapersOf, papers_text
from sim.street import Post, build_street, canary_share, planes_of, posts
from sim.street.mount import MountLimits
from sim.street.painter import StreetPainter
from sim.street_binding import SIGNATORIES
from tests.hardware.conform.conftest import CAMERA_QUIRKS, Kept

SEED, METZ, SIZE, RATE = 7, CommuneId("metz"), (352, 288), 6
STREET = build_street(SEED)
PLACES = posts(STREET, 8, *SIZE)
FIXED = PLACES[0]
DOME = replace(PLACES[3], pose=replace(PLACES[3].pose, tilt_deg=-32.0))
"""It looks down: dwellings are a small part of its picture, so that its masks need not be the whole."""
LIMITS = MountLimits()
DYNAMICS = Dynamics(
    pan_deg_per_s=LIMITS.pan_deg_s * 1.1,
    tilt_deg_per_s=LIMITS.tilt_deg_s * 1.1,
    zoom_doublings_per_s=LIMITS.zoom_doublings_s * 1.1,
)
VAULT_KEY = "0123456789abcdef0123456789abcdef"
WIDE_BOUNDS = {"angle_deg": 0.2, "position_m": 0.5, "focal_share": 0.01, "k1": 0.02}
"""Of a calibration from a dozen points (field guide): its masks reach down to where a camera writes its name."""
AT_ONCE = 10
"""Cameras of one centre: on two busy cores more would not be served in time."""
SHOWN = 0.01
"""Of the picture that is not of one grey: it is not wholly masked."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One camera, its quirk, and whether it gets it in service only."""

    number: int
    quirk: OnvifQuirk
    later: bool

    @property
    def camera(self) -> CameraId:
        return CameraId(f"cam-{self.number:04d}")

    @property
    def turns(self) -> bool:
        return CAMERA_QUIRKS[self.quirk].turns

    @property
    def restarts(self) -> bool:
        return CAMERA_QUIRKS[self.quirk].restarts or self.later

    @property
    def kept(self) -> Kept:
        """What stands in the table. One that was known before its quirk goes on: its stream needs no other answer."""
        return Kept.AS_USUAL if self.later else CAMERA_QUIRKS[self.quirk].kept

    @property
    def post(self) -> Post:
        return DOME if self.turns else FIXED

    def spec(self) -> OnvifSpec:
        endpoint = EndpointSpec(
            self.camera,
            self.number,
            StreetView(self.post.pose, SEED),
            *SIZE,
            frames_per_s=RATE,
            audio=True,
            sub=not self.turns,
            onboard_masks=8,
            mask_corners_max=8,
        )
        quirks = frozenset() if self.later else frozenset({self.quirk})
        return OnvifSpec(endpoint, self.turns, quirks, reboot_s=0.5, slow_s=3.0)

    def file(self, device: OnvifDevice, pinned: Path) -> CameraFile:
        """As `csu camera enrol` and `calibrate` left it, before it had its quirk."""
        pose = self.post.pose
        told = {name: getattr(pose, name) for name in Place.model_fields}
        is_wide = self.quirk in (OnvifQuirk.NAME_ON_MASKS, OnvifQuirk.DEFAULT_PASSWORD)  # the one fails, the other not
        return CameraFile(
            camera=self.camera,
            number=self.number,
            name=f"Place {self.number}",
            commune=METZ,
            view=ViewType.WIDE,
            address=device.url.replace("http:", "https:"),
            endpoint=f"urn:uuid:{reference_of(device)}",
            pinned=pinned,
            rtsps=not CAMERA_QUIRKS[self.quirk].in_clear,
            route=Route.ENGINE if self.turns else Route.EDGE,
            examined=Examined(at="2026-11-30T00:00:00+00:00", holds=True, report="r.html"),
            place=None if self.turns else Place(**told),
            head=head_of(device.spec, told) if self.turns else None,
            bounds=WIDE_BOUNDS if is_wide else None,
            dynamics=DYNAMICS if self.turns else None,
        )


def casts() -> list[Cast]:
    asked = [(quirk, False) for quirk in OnvifQuirk]
    asked += [(quirk, True) for quirk in OnvifQuirk if CAMERA_QUIRKS[quirk].kept is Kept.REFUSED]
    return [Cast(number, quirk, later) for number, (quirk, later) in enumerate(asked, start=1)]


def groups() -> list[list[Cast]]:
    """Dealt in turn, so that each has a few of every kind."""
    every = casts()
    count = -(-len(every) // AT_ONCE)
    return [every[first::count] for first in range(count)]


def head_of(spec: OnvifSpec, told: Mapping[str, float]) -> Head:
    turning, zoom = spherical(spec.pan_zero_deg), millimetres(SIZE[0] / spec.sensor_width_mm, 0.5, 100.0)
    axes = {
        name: Axis(zero_deg=axis.zero_deg, deg_per_unit=axis.deg_per_unit)
        for name, axis in (("pan", turning.pan), ("tilt", turning.tilt))
    }
    return Head(
        **{name: told[name] for name in ("x_m", "y_m", "z_m", "roll_deg", "k1")},
        pan_tilt=(PanTilt(uri=turning.uri, **axes),),
        zoom=(Zoom(uri=zoom.uri, points=zoom.points, by_doublings=zoom.by_doublings),),
    )


# -- a site of such cameras, and the centre that ships -----------------------------------------------------------------


@asynccontextmanager
async def served(cast: Sequence[Cast], farm: RtspFarm, folder: Path) -> AsyncIterator[tuple[OnvifSite, Path]]:
    """The cameras over TLS, and the certificate that is pinned for all."""
    papers = PrivateAuthority("quirks", SystemClock()).server("127.0.0.1")
    (folder / "served.pem").write_bytes(papers.certificate_pem + b"\n" + papers.key_pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "served.pem")
    pinned, end = folder / "cameras" / "pinned.pem", b"-----END CERTIFICATE-----"
    pinned.parent.mkdir()
    pinned.write_bytes(papers.certificate_pem.split(end)[0] + end + b"\n")
    async with open_onvif([each.spec() for each in cast], farm=farm, tls=tls) as site:
        yield site, pinned


def site_of(
    cast: Sequence[Cast], devices: OnvifSite, folder: Path, pinned: Path
) -> Callable[[SiteRequest], AbstractAsyncContextManager[Site]]:
    """The binding to the field, its files on the disk; simulated people sign, and a simulated prefect has ordered."""
    frame = LocalFrame(6.176, 49.12)
    save_buildings(Dwellings("metz", "street", "0" * 64, "2026-11-30", frame, STREET.buildings), folder / "metz.json")
    vault = Vault(LocalDisk(folder / "vault"), VAULT_KEY.encode())
    for each in cast:
        write_camera(folder / "cameras", each.file(devices.device(each.camera), pinned))
        vault.keep(each.camera, Entry(Login("csu", "street-0000")))
    site = folder / "site.yaml"
    search = f"{{interface: 127.0.0.1, group: 127.0.0.1, port: {devices.discovery_port}, listen_s: 0.6}}"
    site.write_text(f"site: metz\nmaps: [metz.json]\nsearch: {search}\n")

    @asynccontextmanager
    async def opened(request: SiteRequest) -> AsyncIterator[Site]:
        async with open_field(replace(request, options={"site": str(site)})) as found:
            known = [PaperCamera(each.camera, METZ, each.post.pose.x_m, each.post.pose.y_m) for each in cast]
            yield replace(found, signatories=SIGNATORIES, papers=papers_text(PapersOf(known, request.at_ns)))

    return opened


@dataclass
class Seen:
    """What the decoded segments of one camera show."""

    pictures: int = 0
    clear: int = 0
    """Pictures that show the canary."""
    shown: int = 0
    """Pictures that are not wholly masked."""
    others: int = 0
    """Tracks and packets that are not video."""


@dataclass
class Run:
    """What a run of the centre told and left."""

    told: list[CentreEvent] = field(default_factory=list)
    seen: dict[str, Seen] = field(default_factory=lambda: defaultdict(Seen))
    board: dict[CameraId, CameraStatus] = field(default_factory=dict)
    counts: Mapping[str, EndpointCounts] = field(default_factory=dict)

    def kinds(self, cast: Cast) -> list[CameraEventKind]:
        return [each.kind for each in self.told if isinstance(each, CameraEvent) and each.camera == cast.camera]

    def told_of(self, cast: Cast) -> list[str]:
        return [each.what.en for each in self.told if isinstance(each, Trouble) and each.where == cast.camera]

    def masks_itself(self, cast: Cast) -> bool:
        """By what was last told of its own masks."""
        last = [kind for kind in self.kinds(cast) if kind in (VERIFIED, FAILED)][-1:]
        return last == [VERIFIED]


VERIFIED, FAILED = CameraEventKind.MASK_VERIFIED, CameraEventKind.MASK_FAILED
MASKED_FIRST = {OnvifQuirk.MASKS_GONE_AFTER_REBOOT, OnvifQuirk.RESOLUTION_CHANGES_AFTER_REBOOT}


async def played(cast: Sequence[Cast], folder: Path) -> Run:
    run = Run()
    with RtspFarm([each.spec().endpoint for each in cast]) as farm:
        async with served(cast, farm, folder) as (devices, pinned):
            settings = CentreSettings(
                folder / "centre",
                site=site_of(cast, devices, folder, pinned),
                wall=WallSettings(width_px=320, height_px=180),
                registers=RegisterSettings(anchors=(folder / "anchors",)),
            )
            async with open_centre(settings, observe=run.told.append, progress=lambda _: None) as running:
                await story(cast, devices, running, run)
                run.board = {each.record.camera: each for each in running.centre.board.all()}
        run.counts = farm.counts()
    await asyncio.to_thread(look_again, running.footage, run.seen)
    return run


async def story(cast: Sequence[Cast], devices: OnvifSite, running: RunningCentre, run: Run) -> None:
    """All come up; quirks come in service, cameras restart and turn; all are back."""
    awaited = [each for each in cast if each.kept is not Kept.REFUSED]
    usual = [each for each in awaited if each.kept is Kept.AS_USUAL and not each.turns]
    lose = [each for each in cast if each.quirk in MASKED_FIRST]

    def not_live() -> list[Cast]:
        states = {each.record.camera: each.state for each in running.centre.board.all()}
        return [each for each in awaited if states[each.camera] is not CameraState.LIVE]

    def not_lost() -> list[Cast]:
        lost = {e.camera for e in run.told[before:] if isinstance(e, CameraEvent) and e.kind is CameraEventKind.LOST}
        return [each for each in cast if each.restarts and each.camera not in lost]

    await until_none(not_live, "live", run)
    await until_none(lambda: [each for each in usual + lose if VERIFIED not in run.kinds(each)], "masks itself", run)
    before = len(run.told)
    for each in cast:
        if each.later:
            await devices.device(each.camera).switch(each.quirk)
    await asyncio.gather(*(devices.device(each.camera).reboot() for each in cast if each.restarts), turned(running))
    await until_none(not_lost, "restarts", run)
    await until_none(not_live, "is back", run)
    await until_none(lambda: [each for each in usual if not run.masks_itself(each)], "masks itself again", run)
    await until_none(lambda: [each for each in lose if run.masks_itself(each)], "its masks are missed", run)
    await asyncio.sleep(2)


async def turned(running: RunningCentre) -> None:
    """Each dome turns for a second, as far as it obeys."""
    for velocity in (PtzVelocity(0.3, 0.0, 0.0), PtzVelocity(0.0, 0.0, 0.0)):
        for camera in running.posed:
            try:
                await (camera.move(velocity) if velocity.pan else camera.stop())
            except CameraError:
                continue  # it cannot say where it looks, and is not turned by people either
        await asyncio.sleep(1)


async def until_none(lacking: Callable[[], list[Cast]], what: str, run: Run, within_s: float = 60.0) -> None:
    began = time.monotonic()
    while left := lacking():
        told = [(each, run.kinds(each), run.told_of(each)) for each in left]
        assert time.monotonic() - began < within_s, f"never: {what}: {told}"
        await asyncio.sleep(0.1)


# -- the judge ---------------------------------------------------------------------------------------------------------


def look_again(footage: Disk, into: dict[str, Seen]) -> None:
    """Decode all that was recorded, by camera."""
    for name in footage.names():
        if name.endswith(".mp4"):
            with footage.open(name) as file, av.open(file, "r") as container:
                look_at(container, into[name.split("/")[1]])


def look_at(container: av.container.InputContainer, seen: Seen) -> None:
    """Each packet and each picture of a file."""
    seen.others += len(container.streams) - len(container.streams.video)
    for packet in container.demux():
        if packet.stream.type != "video":
            seen.others += 1
            continue
        for picture in packet.decode():
            planes = planes_of(np.ascontiguousarray(picture.to_ndarray(format="yuv420p"), np.uint8))
            above = planes.y[: int(planes.y.shape[0] * 0.8)].astype(np.int16)  # the strip of the frame mark is below
            seen.pictures += 1
            seen.clear += canary_share(planes) > 0
            seen.shown += float((np.abs(above - np.median(above)) > 12).mean()) > SHOWN


def breaches(cast: Sequence[Cast], run: Run) -> list[str]:
    """What the centre did not keep, camera by camera."""
    found = []
    for each in cast:
        seen, kinds = run.seen[each.camera], run.kinds(each)
        wrong = {
            "a forbidden pixel": seen.clear > 0,
            "sound in a file": seen.others > 0,
            "sound was asked for": run.counts[each.camera].audio_setups > 0,
            "recorded, though refused": each.kept is Kept.REFUSED and seen.pictures > 0,
            "not told": each.kept is Kept.REFUSED and not run.board[each.camera].detail.en,
            "not recorded": each.kept is not Kept.REFUSED and seen.pictures < RATE,
            "shown, though nobody knows where it looks": each.kept is Kept.WHOLLY and seen.shown > 0,
            "never shown": each.kept in (Kept.AS_USUAL, Kept.BY_THE_ENGINE) and seen.shown == 0,
            "left to mask itself": each.kept is Kept.BY_THE_ENGINE and run.masks_itself(each),
            "never masked itself": each.kept is Kept.AS_USUAL and not each.turns and VERIFIED not in kinds,
        }
        said = [what for what, is_so in wrong.items() if is_so]
        if said:
            found.append(
                f"{each.camera} {each.quirk}{' later' * each.later}: {said} {seen} {kinds} {run.told_of(each)}"
            )
    return found


@pytest.mark.nightly
@pytest.mark.timeout(300)
@pytest.mark.parametrize("cast", groups(), ids=lambda cast: f"{len(cast)}-cameras-from-{cast[0].quirk}")
def test_whatever_quirk_a_camera_has_the_centre_keeps_its_promise(
    cast: list[Cast], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_NAME, VAULT_KEY)
    monkeypatch.setattr(edge_masks, "WITHIN_S", 30.0)  # a busy machine is no slow camera
    run = asyncio.run(played(cast, tmp_path))
    assert breaches(cast, run) == []


def test_each_quirk_is_played_and_the_pictures_would_show_what_is_forbidden() -> None:
    assert {each.quirk for group in groups() for each in group} == set(OnvifQuirk)
    for post in (FIXED, DOME):
        picture = StreetPainter(SEED, *SIZE).draw(post.pose, 1_800_000_000_000_000_000)
        assert canary_share(planes_of(picture)) > 0.001


@pytest.mark.nightly
def test_the_judge_sees_a_recorder_that_keeps_what_the_camera_sends(tmp_path: Path) -> None:
    """The stream as it comes, sound and all: what an engine without masks would have on its disk."""
    spec, kept, seen = casts()[0].spec().endpoint, tmp_path / "clear.avi", Seen()
    with RtspFarm([spec]) as farm:
        url = farm.url(spec.camera).replace("://", f"://{spec.user}:{spec.password}@")
        with av.open(url, "r", options={"rtsp_transport": "tcp"}) as source, av.open(str(kept), "w") as file:
            tracks = {stream.index: file.add_stream_from_template(stream) for stream in source.streams}
            for number, packet in enumerate(source.demux()):
                if packet.dts is not None:
                    packet.stream = tracks[packet.stream.index]
                    file.mux(packet)
                if number > 60:
                    break
    with av.open(str(kept), "r") as container:
        look_at(container, seen)
    assert seen.pictures > 0
    assert seen.clear == seen.shown == seen.pictures
    assert seen.others > 1
