"""A console over a centre that lives in a time of its own: a scenario that people watch, and in which they act.

The centre runs in another thread. Whatever is read of it or asked of it goes through `Elsewhere`, which does it there,
between two things that happen. There are no pictures and no wall: in accelerated time nobody could look at them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Protocol, TypeVar

from csu import __version__
from csu.alarms import Alarm, AlarmId, AlarmState, PoliceCall
from csu.centre.control import Centre
from csu.console import Desks, RoomCounters, RoomHealth, create_app, serve_console
from csu.hal.camera import CameraId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.media import FrameCounts, LiveFragment, LiveRelay
from csu.hal.words import Words
from csu.ingest.board import CameraState, CameraStatus

NO_PICTURE = Words("temps accéléré : aucune image", "accelerated time: no picture")

_T = TypeVar("_T")


class Elsewhere(Protocol):
    """Where the centre runs."""

    def ask(self, question: Callable[[Centre], _T]) -> _T:
        """Its answer, given there; waits for it, milliseconds."""
        ...

    def do(self, act: Callable[[Centre], Awaitable[_T]]) -> Awaitable[_T]:
        """Starts `act` there; what it comes to, or raises."""
        ...


class WatchedRoom:
    """That centre as the console may see it (`csu.console.RoomView`, `csu.console.alarms.AlarmRoom`)."""

    def __init__(self, elsewhere: Elsewhere, clock: Clock) -> None:
        self._elsewhere = elsewhere
        self._started_at_ns: Nanoseconds = clock.now_ns()
        self._shown: dict[CameraId, tuple[CameraStatus, CameraStatus]] = {}

    @property
    def relay(self) -> LiveRelay:
        return _NoPictures()

    def cameras(self) -> Sequence[CameraStatus]:
        return [self._said(status) for status in self._elsewhere.ask(lambda centre: list(centre.board.all()))]

    def _said(self, status: CameraStatus) -> CameraStatus:
        """A camera that is live says why there is nothing to see. The same line while the board has the same."""
        camera = status.record.camera
        before = self._shown.get(camera)
        if before is None or before[0] is not status:
            told = replace(status, detail=NO_PICTURE) if status.state is CameraState.LIVE else status
            before = self._shown[camera] = (status, told)
        return before[1]

    def health(self) -> RoomHealth:
        up, expected, heard_at_ns = self._elsewhere.ask(
            lambda centre: (centre.nodes_up(), centre.nodes_expected, centre.heard_at_ns)
        )
        return RoomHealth(
            ok=up == expected,
            version=__version__,
            started_at_ns=self._started_at_ns,
            nodes_up=up,
            nodes_expected=expected,
            last_manifest_at_ns=heard_at_ns,
        )

    def marks(self) -> dict[str, int]:
        """Nothing is told of: pages ask again and again."""
        return {}

    def counters(self) -> RoomCounters:
        counts = self._elsewhere.ask(lambda centre: centre.counts)
        frames = FrameCounts(audio_offered=counts.audio_offered, packets_lost=counts.packets_lost)
        return RoomCounters(frames, counts.segments_closed)

    async def wall_png(self) -> bytes | None:
        return None

    def watch_wall(self) -> None:
        return None

    def open_alarms(self) -> Sequence[Alarm]:
        return self._elsewhere.ask(lambda centre: centre.desk.open())

    def unfinished(self) -> Sequence[Alarm]:
        return self._elsewhere.ask(lambda centre: centre.desk.unfinished())

    def cameras_for(self, alarm: AlarmId, may_view: Callable[[CameraId], bool]) -> Sequence[CameraId]:
        near = self._elsewhere.ask(lambda centre: centre.cameras_for(alarm, lambda camera: True))
        return [camera for camera in near if may_view(camera)]

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        return await self._elsewhere.do(lambda centre: centre.acknowledge(alarm, person))

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        return await self._elsewhere.do(lambda centre: centre.advance(alarm, to, person, police))


class _NoPictures:
    """A relay that knows no camera."""

    def watch(self, camera: CameraId) -> AbstractAsyncContextManager[AsyncIterator[LiveFragment]]:
        """Raises KeyError: at this level nothing is filmed."""
        raise KeyError(camera)


@asynccontextmanager
async def serve_watched(elsewhere: Elsewhere, clock: Clock, *, port: int = 0) -> AsyncIterator[str]:
    """Serve the console on loopback until the block ends; yields its URL. `clock`: the time of the scenario.

    Raises BadInput when the port cannot be bound.
    """
    room = WatchedRoom(elsewhere, clock)
    async with serve_console(create_app(room, clock=clock, desks=Desks(alarms=room)), port=port) as url:
        yield url
