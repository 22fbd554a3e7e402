"""Guard tours of a centre: a person goes round with one tile of the wall; what was seen is kept by shift (OPS-6).

A camera that turns is sent to its first preset when a tour comes to it, at the rank of a tour: whoever holds it keeps
it, and it is looked at as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from csu.centre.events import CentreEvent, Trouble
from csu.centre.rooms.wall_tours import TourOn
from csu.console.tours import TourNow, ToursNow
from csu.governance import Author
from csu.governance.journal_entry import BY_CSU
from csu.hal.camera import CameraId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations import GuardTour, LeaseRefused, TourReport
from csu.operations.guard_tour import TourRefused
from csu.operations.presets import Preset
from csu.operations.tour_book import TourBook
from csu.wall import SlotId, WallCoverage

FOLLOWED_S = 0.5
"""How often is looked which camera a tour has come to."""
PRESET = 1
"""The one that tours use [D]."""


class TouredWall(Protocol):
    """What tours need of the wall (`WallRoom`)."""

    def begin_tour(self, tour: GuardTour, slot: SlotId, person: str) -> None:
        """Raises WallRequestRefused."""
        ...

    def end_tour(self, person: str) -> None: ...

    def tours_on(self) -> Sequence[TourOn]: ...

    def tour_slots(self) -> Sequence[SlotId]:
        """Tiles that a tour may have now."""
        ...

    def coverage(self) -> WallCoverage:
        """It knows when the shift began."""
        ...


class SentCameras(Protocol):
    """What tours need of the cameras that turn (`PtzAims`)."""

    def presets(self, camera: CameraId) -> Sequence[Preset]: ...

    async def go_to_preset(self, camera: CameraId, number: int, by: Author, alarm: str) -> None:
        """Raises KeyError, CsuError."""
        ...


class TourRoom:
    """`csu.console.tours.TourDesk`. Run `run`; give it what the centre tells (`observe`)."""

    def __init__(
        self,
        wall: TouredWall,
        aims: SentCameras,
        book: TourBook,
        *,
        watching: Callable[[], Sequence[str]],
        clock: Clock,
        tell: Callable[[Trouble], None],
    ) -> None:
        """`watching`: who is at the wall."""
        self._wall, self._aims, self._book = wall, aims, book
        self._watching, self._clock, self._tell = watching, clock, tell
        self._sent: dict[tuple[str, Nanoseconds], CameraId | None] = {}
        self._keeping: set[asyncio.Task[None]] = set()

    async def now(self) -> ToursNow:
        """See TourDesk."""
        begun_ns = self._wall.coverage().begun_ns
        reports = await asyncio.to_thread(self._book.since, begun_ns)
        return ToursNow(
            slots=tuple(self._wall.tour_slots()),
            on=tuple(_now(each) for each in self._wall.tours_on()),
            shift_begun_ns=begun_ns,
            reports=tuple(reports),
        )

    def begin(self, tour: GuardTour, slot: SlotId, person: str) -> None:
        """See TourDesk."""
        if person not in self._watching():
            raise TourRefused(
                Words("vous n'êtes pas en poste", "you have no post"),
                where=tour.tour,
                what_to_do=Words("Prenez votre poste", "Take your post"),
            )
        self._wall.begin_tour(tour, slot, person)

    def end(self, person: str) -> None:
        """See TourDesk."""
        self._wall.end_tour(person)

    def observe(self, event: CentreEvent) -> None:
        """Hear what the centre tells: reports are kept."""
        if isinstance(event, TourReport):
            task = asyncio.create_task(self._keep(event), name="tour report")
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    async def run(self) -> None:
        """Send the cameras that turn where tours want them, for ever."""
        while True:
            for each in self._wall.tours_on():
                await self._send(each)
            await asyncio.sleep(FOLLOWED_S)

    async def close(self) -> None:
        """What is being kept is kept first."""
        await asyncio.gather(*self._keeping)

    async def _send(self, on: TourOn) -> None:
        key = (on.person, on.begun_at_ns)
        if on.camera is None or self._sent.get(key) == on.camera:
            return
        self._sent = {key: on.camera}
        if not any(preset.number == PRESET for preset in self._aims.presets(on.camera)):
            return
        try:
            await self._aims.go_to_preset(on.camera, PRESET, BY_CSU, "")
        except LeaseRefused:
            return  # its holder goes before a tour: it is looked at as it is
        except CsuError as error:
            self._tell(Trouble(on.camera, error.trouble.words, self._clock.now_ns()))

    async def _keep(self, report: TourReport) -> None:
        try:
            await asyncio.to_thread(self._book.keep, report)
        except CsuError as error:
            self._tell(Trouble("tours", error.trouble.words, self._clock.now_ns()))


def _now(on: TourOn) -> TourNow:
    cameras = on.tour.cameras
    at = cameras.index(on.camera) if on.camera in cameras else len(cameras)
    return TourNow(on.tour.tour, on.person, on.slot, on.camera, at, len(cameras), on.begun_at_ns)
