"""What the console sees of a running centre: states, counts, the wall, live masked pictures. Nothing of the past."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import get_args

from csu import __version__
from csu.alarms import Alarm, AlarmEvent, AlarmId, AlarmState, PoliceCall
from csu.centre.control import Centre
from csu.centre.events import (
    AlarmsQueued,
    AnalysisChanged,
    CentreEvent,
    ManifestTaken,
    SignalOver,
    SignalShown,
    Trouble,
)
from csu.centre.media.volumes import VolumeKeeper
from csu.centre.rooms.calls import Calls
from csu.centre.rooms.wall_room import WallRoom
from csu.cluster.wall_preview import WallPreview
from csu.console import RoomCounters, RoomHealth
from csu.governance import Author
from csu.hal.camera import CameraId, PtzVelocity
from csu.hal.clock import Clock
from csu.hal.media import FrameCounts, LiveFragment, LiveRelay
from csu.hal.words import NO_WORDS
from csu.ingest.board import CameraStatus
from csu.operations import (
    CallProgress,
    DeportChanged,
    DispatchEvent,
    Lease,
    OutboxCall,
    PtzOutcome,
    ServiceEvent,
    WatchEvent,
)
from csu.recording.space import MARKS
from csu.wall import WallDecision

_TOPICS: dict[type, str] = {
    kind: topic
    for topic, events in (
        ("alarms", (*get_args(AlarmEvent), AlarmsQueued)),
        ("calls", get_args(DispatchEvent)),
        ("deports", (DeportChanged,)),
        ("watch", get_args(WatchEvent)),
        ("service", get_args(ServiceEvent)),
        ("ptz", get_args(PtzOutcome)),
        ("wall", (WallDecision,)),
        ("signals", (SignalShown, SignalOver, AnalysisChanged)),
    )
    for kind in events
}
"""Of what a page asks anew when one of these happened."""


class RelayOfNodes:
    """One relay over many nodes: each camera is watched where it is decoded."""

    def __init__(self, relays: Mapping[CameraId, LiveRelay]) -> None:
        self._relays = relays

    def watch(self, camera: CameraId) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """Follow one camera. Raises KeyError for an unknown one."""
        return self._relays[camera].watch(camera)


class AlarmsOfCentre:
    """The centre's alarms as the console may take them (`csu.console.alarms.AlarmRoom`)."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def open_alarms(self) -> Sequence[Alarm]:
        return self._centre.desk.open()

    def unfinished(self) -> Sequence[Alarm]:
        return self._centre.desk.unfinished()

    def cameras_for(self, alarm: AlarmId, may_view: Callable[[CameraId], bool]) -> Sequence[CameraId]:
        return self._centre.cameras_for(alarm, may_view)

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        return await self._centre.acknowledge(alarm, person)

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        return await self._centre.advance(alarm, to, person, police)


class CallsOfCentre:
    """The calls of a centre that has contacts, as the console may lead them (`csu.console.calls.CallDesk`)."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def calls(self) -> Sequence[tuple[OutboxCall, CallProgress]]:
        return self._calls.known()

    async def telephoned(self, call: str, taken_by: str) -> None:
        await self._calls.telephoned(call, taken_by)

    async def again(self, call: str) -> None:
        await self._calls.again(call)


class PtzOfCentre:
    """The centre's PTZ cameras as the console may turn them (`csu.console.ptz.PtzDesk`)."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def leases(self) -> Mapping[CameraId, Lease | None]:
        return {camera: self._centre.lease(camera) for camera in self._centre.posed}

    async def move(self, camera: CameraId, velocity: PtzVelocity, by: Author, alarm: str) -> None:
        await self._centre.move(self._centre.posed[camera], velocity, by, alarm=alarm)

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        self._centre.keep_moving(camera, by)

    async def halt(self, camera: CameraId, by: Author) -> None:
        await self._centre.halt(self._centre.posed[camera], by)

    async def give_back(self, camera: CameraId, by: Author) -> None:
        await self._centre.give_back(camera, by)


class Room:
    """The centre as the console may see it (`csu.console.RoomView`)."""

    def __init__(
        self,
        clock: Clock,
        centre: Centre,
        relay: LiveRelay,
        wall: WallRoom,
        preview: WallPreview,
        volumes: VolumeKeeper,
        nodes_expected: int,
        written: Callable[[], int],
    ) -> None:
        """`written`: how many lines the operations log took since the start."""
        self._clock = clock
        self._centre = centre
        self._relay = relay
        self._wall = wall
        self._preview = preview
        self._volumes = volumes
        self._nodes_expected = nodes_expected
        self._started_at_ns = clock.now_ns()
        self._segment_bytes = 0
        self._gaps = 0
        self._trouble = NO_WORDS
        self._happened = dict.fromkeys(_TOPICS.values(), 0)
        self._written = written

    @property
    def relay(self) -> LiveRelay:
        return self._relay

    def observe(self, event: CentreEvent) -> None:
        """Hear what the centre tells: some counts are only in the events."""
        topic = _TOPICS.get(type(event))
        if topic is not None:
            self._happened[topic] += 1
        if isinstance(event, ManifestTaken):
            self._segment_bytes += int(event.manifest.segments.size_bytes.sum())
            self._gaps += len(event.manifest.gaps)
        elif isinstance(event, Trouble):
            self._trouble = event.what.at(event.where)

    def cameras(self) -> Sequence[CameraStatus]:
        return self._centre.board.all()

    def health(self) -> RoomHealth:
        up, volumes = self._centre.nodes_up(), self._volumes.states
        ok = up == self._nodes_expected and any(volume.is_writable(MARKS) for volume in volumes)
        return RoomHealth(
            ok=ok,
            version=__version__,
            started_at_ns=self._started_at_ns,
            nodes_up=up,
            nodes_expected=self._nodes_expected,
            last_manifest_at_ns=self._centre.heard_at_ns,
            trouble=NO_WORDS if ok else self._trouble,
            volumes=volumes,
            hours_left=self._volumes.hours_left,
        )

    def marks(self) -> Mapping[str, Hashable]:
        return {**self._happened, "log": self._written()}

    def counters(self) -> RoomCounters:
        counts = self._centre.counts
        frames = FrameCounts(
            decoded=counts.frames_decoded,
            masked=counts.frames_masked,
            wholly_masked=counts.frames_wholly_masked,
            dropped=counts.frames_dropped,
            clear_refused=counts.clear_refused,
            audio_offered=counts.audio_offered,
            packets_lost=counts.packets_lost,
        )
        return RoomCounters(frames, counts.segments_closed, self._segment_bytes, self._gaps)

    async def wall_png(self) -> bytes | None:
        return await self._wall.picture_png()

    def watch_wall(self) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        return self._preview.watch()
