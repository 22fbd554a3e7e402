"""The analysis of a running centre: its law, its zones, its node, its signals, from their files on.

Nothing of it starts a process until an order permits something; nothing of it can stop the rest of the centre.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from csu.centre.analysis_law import SIMULATED, AnalysisLaw
from csu.centre.control import Centre
from csu.centre.events import CameraLifecycleChanged, CentreEvent, MasksInForce, OrdersChanged, Trouble
from csu.centre.in_turn import InTurn
from csu.centre.papers import Papers
from csu.centre.registers.late_entries import LateEntries
from csu.centre.registers.registers import Registers
from csu.centre.rooms.analysis_plan import CameraToAnalyse
from csu.centre.rooms.analysis_room import ANALYSIS, AnalysisRoom
from csu.centre.rooms.signal_room import AttentionOnWall, SignalRoom
from csu.centre.rooms.statistics_room import StatisticsRoom
from csu.cluster.analysis_node import EmbeddedAnalysisNode
from csu.cluster.shared_pictures import SharedPicturesSpec
from csu.detection.ground import GroundView
from csu.detection.rules.making import make_rules
from csu.detection.signals import SignalStore, is_day
from csu.governance import Author, day_in_paris, start_of_day
from csu.governance.analysis_switch import SwitchNow
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, SlotCount, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.media import Assignment
from csu.hal.site import Site
from csu.hal.words import NO_WORDS, Words
from csu.machine import SystemIds
from csu.operations.analysis_account import AnalysisAccount
from csu.operations.analysis_zones import AnalysisZones, CameraDrawing
from csu.statistics import CountsOfCamera

ZONES_FILE, ACCOUNT_FILE, SIGNALS_FILE = "analysis_zones.sqlite", "analysis_account.sqlite", "signals.sqlite"
MODELS_DIRECTORY = "models"
"""In the data directory: a directory for each further model, with its `model.toml`."""
COUNTS_AGAIN_S = 30.0
"""What may be counted changes by dates and papers."""
POSES_EVERY_S = 0.2
TODAY_AGAIN_NS = 10 * NS_PER_S
FRANCE_DEG = (46.6, 2.5)
"""Latitude and longitude of its middle: for day and night, where nobody said where the site lies."""
_ASKED = ((0.3, 0.6), (0.7, 0.6), (0.7, 0.95), (0.3, 0.95))
"""A zone on the ground before a camera, to ask whether a type can be looked for there at all."""


@dataclass(frozen=True, slots=True)
class AnalysisHome:
    """What it works with."""

    data_directory: Path
    clock: Clock
    papers: Papers
    registers: Registers
    centre: Centre
    pictures: SharedPicturesSpec
    wall: AttentionOnWall
    statistics: StatisticsRoom | None
    site: Site
    tell: Callable[[CentreEvent], None]


@dataclass(slots=True)
class AnalysisDeskOfCentre:
    """A `csu.console.analysis.AnalysisDesk`."""

    home: AnalysisHome
    law: AnalysisLaw
    zones: AnalysisZones
    room: AnalysisRoom
    _files: InTurn = field(init=False, default_factory=InTurn)
    _today: tuple[Nanoseconds, int] = field(init=False, default=(0, 0))

    def tells(self, camera: CameraId) -> Words:
        return self.room.tells(camera)

    def given(self) -> Sequence[AnalysisAssignment]:
        return self.room.given()

    def switch(self) -> SwitchNow:
        return self.law.basis.switch

    def drawing(self, camera: CameraId) -> CameraDrawing | None:
        return self.zones.newest().get(camera)

    def unavailable(self, camera: CameraId, type: EventType) -> Words:
        found = next((each for each in self.home.centre.assignments() if each.record.camera == camera), None)
        reading = self.home.centre.looks(camera)
        pose = None if found is None else (reading.pose if found.follows_pose and reading is not None else found.pose)
        size = (1280, 720) if found is None or found.pose_size_px is None else found.pose_size_px
        ground_m = None if found is None else _ground_m(found)
        ground = None
        if pose is not None and ground_m is not None:
            ground = GroundView(pose, *size, pose_width_px=size[0], ground_m=ground_m)
        lane = ((0.4, 0.7), (0.6, 0.7)) if type is EventType.WRONG_WAY else None
        asked = AnalysisAssignment(camera, (ZoneRule(AnalysisZone("?", _ASKED, lane), type),))
        return next((each.why for each in make_rules(asked, ground, size).unavailable), NO_WORDS)

    async def pictures_today(self) -> int:
        now_ns = self.home.clock.now_ns()
        asked_ns, known = self._today
        if now_ns - asked_ns >= TODAY_AGAIN_NS:
            since_ns = start_of_day(day_in_paris(now_ns))
            known = (await self.room.analysed(since_ns, now_ns + NS_PER_S)).pictures_looked_at
            self._today = (now_ns, known)
        return known

    async def draw(self, camera: CameraId, rules: tuple[ZoneRule, ...], person: str) -> CameraDrawing:
        reading = self.home.centre.looks(camera)
        drawing = CameraDrawing(
            camera, person, self.home.clock.now_ns(), rules, seen_from=None if reading is None else reading.pose
        )
        await self._files(lambda: self.zones.draw(drawing))
        self.room.look_again()
        return drawing

    async def stop(self, by: Author, reason: str) -> None:
        await self.room.stop(by, reason)

    async def resume(self, by: Author, reason: str) -> None:
        await self.room.resume(by, reason)


@dataclass(frozen=True, slots=True)
class AnalysisRooms:
    """What people act by at the console."""

    desk: AnalysisDeskOfCentre
    signals: SignalRoom


@asynccontextmanager
async def keep_analysis(home: AnalysisHome) -> AsyncIterator[AnalysisRooms]:
    """Follow law, orders and zones; while inside, what they permit is analysed. Raises CsuError for files that cannot
    be opened: then nothing is analysed."""
    async with AsyncExitStack() as stack:
        at = home.data_directory
        law = AnalysisLaw.open(at, home.registers.key, home.papers)
        stack.callback(law.close)
        zones = await asyncio.to_thread(AnalysisZones, at / ZONES_FILE)
        stack.callback(zones.close)
        if home.site.analysis:
            await asyncio.to_thread(_take_in, home, law, zones)
        account = await asyncio.to_thread(AnalysisAccount, at / ACCOUNT_FILE)
        stack.callback(account.close)
        store = await asyncio.to_thread(SignalStore, at / SIGNALS_FILE)
        stack.callback(store.close)
        signals = SignalRoom(
            store, home.wall, is_day=_day_of(home.site.origin_deg), clock=home.clock, ids=SystemIds(), tell=home.tell
        )

        def tell(event: CentreEvent) -> None:
            home.tell(event)
            signals.hear(event)

        late = LateEntries(home.registers.journal, lambda why: tell(Trouble(ANALYSIS, why, home.clock.now_ns())))
        stack.push_async_callback(late.finish)
        counting = _Counting(home.statistics)
        room = AnalysisRoom(
            EmbeddedAnalysisNode(home.pictures, [at / MODELS_DIRECTORY], clock=home.clock),
            law,
            account,
            cameras=lambda: [_to_analyse(each) for each in home.centre.assignments()],
            drawings=lambda: counting.added(zones.newest()),
            counted_until=counting.until,
            take_count=counting.take,
            clock=home.clock,
            journal=home.registers.journal,
            late=late,
            tell=tell,
        )
        changes = (MasksInForce, CameraLifecycleChanged, OrdersChanged)
        home.centre.listen(lambda _event: room.look_again(), changes)
        running = [room.run(), late.run(), signals.run(), counting.follow(room.look_again), _tell_poses(home, room)]
        following = asyncio.create_task(_together(running), name="analysis")
        following.add_done_callback(lambda done: _tell_end(done, home))
        stack.push_async_callback(signals.finish)
        stack.push_async_callback(_end, following)
        yield AnalysisRooms(AnalysisDeskOfCentre(home, law, zones, room), signals)


@dataclass(slots=True)
class _Counting:
    """What the counters permit, asked anew now and then; their lines and bins lie beside the zones."""

    statistics: StatisticsRoom | None
    _now: Mapping[CameraId, CountsOfCamera] = field(init=False, default_factory=dict)

    def added(self, drawings: Mapping[CameraId, CameraDrawing]) -> Mapping[CameraId, CameraDrawing]:
        """The zones people drew, and what is counted beside them."""
        both = dict(drawings)
        for camera, counts in self._now.items():
            drawn = both.get(camera) or CameraDrawing(camera, "counters", 0)
            both[camera] = replace(drawn, lines=counts.lines, bins=counts.bins)
        return both

    def until(self, camera: CameraId, at_ns: Nanoseconds) -> Nanoseconds:
        counts = self._now.get(camera)
        return 0 if counts is None or counts.until_ns <= at_ns else counts.until_ns

    def take(self, slot: SlotCount) -> None:
        if self.statistics is not None:
            self.statistics.take(slot)

    async def follow(self, changed: Callable[[], None]) -> None:
        """For ever. A register that cannot be read permits nothing."""
        while self.statistics is not None:
            try:
                now = await self.statistics.counted_now()
            except CsuError:  # the room of statistics tells it
                now = {}
            if now != self._now:
                self._now = now
                changed()
            await asyncio.sleep(COUNTS_AGAIN_S)


def _take_in(home: AnalysisHome, law: AnalysisLaw, zones: AnalysisZones) -> None:
    """What a simulated site states, where nobody entered or drew anything yet."""
    now_ns = home.clock.now_ns()
    law.take_in(home.site.analysis, now_ns)
    for camera, rules in home.site.analysis_zones.items():
        if camera not in zones.newest():
            zones.draw(CameraDrawing(camera, SIMULATED, now_ns, rules))


async def _together(running: Sequence[Coroutine[Any, Any, None]]) -> None:
    """For ever. If one fails, all end: then nothing is analysed any more."""
    async with asyncio.TaskGroup() as group:
        for each in running:
            group.create_task(each)


def _tell_end(done: asyncio.Task[None], home: AnalysisHome) -> None:
    """A defect of ours ends the analysis and nothing else: it is told."""
    if not done.cancelled() and (error := done.exception()) is not None:
        what = Words(f"un défaut du logiciel a mis fin à l'analyse : {error!r}", f"a defect ended analysis: {error!r}")
        home.tell(Trouble(ANALYSIS, what, home.clock.now_ns()))


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _to_analyse(known: Assignment) -> CameraToAnalyse:
    ground_m, record = _ground_m(known), known.record
    pose = None if ground_m is None else known.pose
    return CameraToAnalyse(
        record.camera,
        record.commune,
        None if known.pose is None else (known.pose.x_m, known.pose.y_m),
        pose,
        0 if known.pose_size_px is None else known.pose_size_px[0],
        known.follows_pose,
        0.0 if ground_m is None else ground_m,
    )


def _ground_m(known: Assignment) -> float | None:
    """Where the street that it sees lies, as the buildings around say. None: nobody knows, so nothing is in metres."""
    around = [building.ground_m for building in known.buildings]
    return median(around) if around else None


def _day_of(origin_deg: tuple[float, float] | None) -> Callable[[CameraId, Nanoseconds], bool]:
    latitude, longitude = FRANCE_DEG if origin_deg is None else (origin_deg[1], origin_deg[0])
    return lambda _camera, at_ns: is_day(at_ns, latitude, longitude)


async def _tell_poses(home: AnalysisHome, room: AnalysisRoom) -> None:
    """Where the turning cameras that are analysed look, for ever."""
    while True:
        for each in room.given():
            if each.follows_pose:
                await room.looks(each.camera, home.centre.looks(each.camera))
        await asyncio.sleep(POSES_EVERY_S)
