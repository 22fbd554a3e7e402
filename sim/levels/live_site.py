"""The site of a scenario at level L2: its cameras on the simulated network, its panels in this process."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.site import Site, SiteRequest
from sim.city import City, Commune
from sim.endpoints import EndpointSpec, Fault, FaultKind, RtspFarm, StreetView, ViewFault, ViewFaultKind
from sim.fault_words import FaultKind as CityFault
from sim.faults import Fault as DeclaredFault
from sim.levels.posts import FIXED, STREET_SEED, TURNING
from sim.levels.words import chosen
from sim.panels import SimDispatch, SimPanel
from sim.papers import PaperCamera, PapersOf, papers_text
from sim.scenario import Scenario
from sim.street import Post, build_street, canary_share, posts, zones_of
from sim.street_binding import AGENTS, SIGNATORIES
from sim.street_camera import StreetCamera

WIDTH_PX, HEIGHT_PX, FRAMES_PER_S = 640, 360, 12
_SILENT = Fault(FaultKind.FREEZE, after_frames=0)
_UNSENT = Fault(FaultKind.LOSE_PACKETS, every=1)
_VIEWS = {
    CityFault.CAMERA_COVERED: ViewFault(ViewFaultKind.COVERED),
    CityFault.CAMERA_KNOCKED: ViewFault(ViewFaultKind.KNOCKED),
}
_STREAMS = {CityFault.CAMERA_LOST: _SILENT, CityFault.PACKETS_LOST: _UNSENT}


class LiveSite:
    """Opened once, as `csu.hal.site.OpenSite`; then its devices do what the scenario says."""

    def __init__(self, scenario: Scenario, city: City, chance: Chance) -> None:
        self._city = city
        self._posts = _posts_of(scenario, city)
        self._microphones = {camera for commune in city.communes for camera in commune.node_plan.microphones}
        self._farm = RtspFarm([self._spec(camera, post) for camera, post in self._posts.items()])
        self._having: dict[tuple[CameraId, str], list[DeclaredFault]] = defaultdict(list)
        self.clock = self._farm.clock
        self.panels = [SimPanel(commune.panel, self.clock, ()) for commune in city.communes]
        self.dispatch = SimDispatch(self.clock, chance.stream("dispatch"))

    @asynccontextmanager
    async def open(self, request: SiteRequest) -> AsyncIterator[Site]:
        """See csu.hal.site.OpenSite. Raises FarmError."""
        await asyncio.to_thread(self._farm.start)
        try:
            cameras = tuple(StreetCamera(post, self._spec(c, post), self._farm) for c, post in self._posts.items())
            street = build_street(STREET_SEED)
            told = [
                PaperCamera(each.record.camera, each.record.commune, post.pose.x_m, post.pose.y_m)
                for each, post in zip(cameras, self._posts.values(), strict=True)
            ]
            yield Site(
                name="scenario",
                cameras=cameras,
                buildings=street.buildings,
                alarm_panels=self.panels,
                dispatch=self.dispatch,
                witness=canary_share,
                zones=zones_of(street),
                signatories=SIGNATORIES,
                agents=AGENTS,
                papers=papers_text(PapersOf(told, request.at_ns)),
            )
        finally:
            await asyncio.to_thread(self._farm.stop)

    def begin(self, shift_ns: Nanoseconds) -> None:
        """The scenario begins: what its panels have to say is due from now on. `shift_ns`: from its time to ours."""
        for commune, panel in zip(self._city.communes, self.panels, strict=True):
            panel.plan([replace(each, raised_at_ns=each.raised_at_ns + shift_ns) for each in commune.alarms])

    def strike(self, fault: DeclaredFault) -> None:
        """It begins. Blocks. Raises FarmError."""
        down_s = (fault.end_ns - fault.start_ns) / NS_PER_S
        for camera in self._struck(fault):
            if fault.kind in (CityFault.CAMERA_RESET, CityFault.POWER_CUT):
                self._farm.reboot(camera, down_s)
            else:
                self._having[camera, _part_of(fault)].append(fault)
                self._order(camera, _part_of(fault))

    def heal(self, fault: DeclaredFault) -> None:
        """It is over. Blocks. Raises FarmError."""
        for camera in self._struck(fault):
            having = self._having.get((camera, _part_of(fault)), [])
            if fault in having:
                having.remove(fault)
                self._order(camera, _part_of(fault))

    def _order(self, camera: CameraId, part: str) -> None:
        """The newest fault that goes on is the one that shows."""
        having = self._having[camera, part]
        kind = having[-1].kind if having else None
        if part == "sound":
            offered = kind is not None or camera in self._microphones
            self._farm.offer_audio(camera, offered=offered, at_once=True)
        elif part == "view":
            self._farm.set_view_fault(camera, _VIEWS[kind] if kind is not None else None)
        else:
            self._farm.misbehave(camera, _STREAMS[kind] if kind is not None else None)

    def _struck(self, fault: DeclaredFault) -> Sequence[CameraId]:
        if fault.camera is not None:
            return (fault.camera,)
        return [camera.camera for camera in self._city.communes[fault.commune].cameras]

    def _spec(self, camera: CameraId, post: Post) -> EndpointSpec:
        return EndpointSpec(
            camera=camera,
            number=post.number,
            picture=StreetView(post.pose, STREET_SEED),
            width_px=WIDTH_PX,
            height_px=HEIGHT_PX,
            frames_per_s=FRAMES_PER_S,
            audio=camera in self._microphones,
            sub=True,
            onboard_masks=0,
        )


def _part_of(fault: DeclaredFault) -> str:
    if fault.kind is CityFault.AUDIO_SWITCHED_ON:
        return "sound"
    return "view" if fault.kind in _VIEWS else "stream"


def _posts_of(scenario: Scenario, city: City) -> dict[CameraId, Post]:
    """Where each camera of the city hangs in the street: those with a tour are domes."""
    places = posts(build_street(STREET_SEED), max(*FIXED, *TURNING), WIDTH_PX, HEIGHT_PX)
    media, counts = scenario.media, {commune.name: len(commune.cameras) for commune in city.communes}
    _, group_of = chosen(media.level, media.groups, counts)
    used = {True: 0, False: 0}

    def turns(commune: Commune, number: int) -> bool:
        group = group_of.get((commune.name, number))
        return group is not None and media.groups[group].tour is not None

    found: dict[CameraId, Post] = {}
    for commune in city.communes:
        for number, camera in enumerate(commune.cameras, start=1):
            is_dome = turns(commune, number)
            numbers = TURNING if is_dome else FIXED
            post = places[numbers[used[is_dome] % len(numbers)] - 1]
            used[is_dome] += 1
            record = camera.assignment.record
            found[camera.camera] = replace(post, number=record.number, name=record.name, commune=commune.name)
    return found
