"""The analysis of a running centre: its files, its room and its node, opened, run and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from csu.centre.analysis_law import AnalysisLaw
from csu.centre.events import CentreEvent, Trouble
from csu.centre.in_turn import InTurn
from csu.centre.papers import Papers
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.analysis_plan import CameraToAnalyse, CountedUntil, not_counted
from csu.centre.rooms.analysis_room import ANALYSIS, AnalysisRoom
from csu.governance.centre_key import CentreKey
from csu.governance.journal_desk import Journal
from csu.hal.analysis import AnalysisNode, SlotCount
from csu.hal.camera import CameraId
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations.analysis_account import AnalysisAccount
from csu.operations.analysis_zones import AnalysisZones, CameraDrawing

ZONES_FILE, ACCOUNT_FILE = "analysis_zones.sqlite", "analysis_account.sqlite"


@dataclass(frozen=True, slots=True)
class AnalysisHome:
    """What the analysis of a centre is opened with."""

    data_directory: Path
    key: CentreKey
    papers: Papers
    clock: Clock
    journal: Journal
    tell: Callable[[CentreEvent], None]
    cameras: Callable[[], Sequence[CameraToAnalyse]]
    counted_until: CountedUntil = not_counted
    take_count: Callable[[SlotCount], None] = lambda count: None


class ZonesOfCentre:
    """The drawings of a running centre. A file that cannot be read draws nothing, and says so."""

    def __init__(self, path: Path) -> None:
        self._path, self._in_turn = path, InTurn()
        self._zones: AnalysisZones | None = None
        self._newest: Mapping[CameraId, CameraDrawing] = {}
        self.look_again: Callable[[], None] = lambda: None

    def newest(self) -> Mapping[CameraId, CameraDrawing]:
        """What counts now, by camera."""
        return self._newest

    async def read(self) -> None:
        """Raises CsuError."""
        self._newest = await self._in_turn(lambda: self._open().newest())

    async def draw(self, drawing: CameraDrawing) -> None:
        """From now on this counts for its camera. Raises CsuError: then the former one does."""

        def drawn() -> Mapping[CameraId, CameraDrawing]:
            zones = self._open()
            zones.draw(drawing)
            return zones.newest()

        self._newest = await asyncio.shield(self._in_turn(drawn))
        self.look_again()

    async def history(self, camera: CameraId) -> Sequence[CameraDrawing]:
        """All that was ever drawn on a camera. Raises CsuError."""
        return await self._in_turn(lambda: self._open().history(camera))

    def close(self) -> None:
        """Release the file."""
        if self._zones is not None:
            self._zones.close()

    def _open(self) -> AnalysisZones:
        if self._zones is None:
            self._zones = AnalysisZones(self._path)
        return self._zones


@dataclass(frozen=True, slots=True)
class KeptAnalysis:
    """For who hangs doors, tiles and the wall on it."""

    room: AnalysisRoom
    zones: ZonesOfCentre


@asynccontextmanager
async def keep_analysis(node: AnalysisNode, home: AnalysisHome) -> AsyncIterator[KeptAnalysis]:
    """It runs while inside; on the way out nothing is analysed any more. Raises AnalysisAccountNotKept."""

    def trouble(where: str, what: Words) -> None:
        home.tell(Trouble(where, what, home.clock.now_ns()))

    account = await asyncio.to_thread(AnalysisAccount, home.data_directory / ACCOUNT_FILE)
    law = AnalysisLaw.open(home.data_directory, home.key, home.papers)
    zones = ZonesOfCentre(home.data_directory / ZONES_FILE)
    late = LateEntries(home.journal, lambda why: trouble("journal", why))
    room = AnalysisRoom(
        node,
        law,
        account,
        cameras=home.cameras,
        drawings=zones.newest,
        clock=home.clock,
        journal=home.journal,
        late=late,
        tell=home.tell,
        counted_until=home.counted_until,
        take_count=home.take_count,
    )
    zones.look_again = room.look_again
    try:
        await zones.read()
    except CsuError as error:
        trouble(ANALYSIS, error.trouble.words)
    running = [asyncio.create_task(room.run(), name="analysis"), asyncio.create_task(late.run(), name="late analysis")]
    try:
        yield KeptAnalysis(room, zones)
    finally:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await late.finish()
        for file in (law, zones, account):
            file.close()
