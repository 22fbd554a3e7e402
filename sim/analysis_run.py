"""The analysis of one run: the office of its law, a node that counts, and the room of each life of the centre."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from csu.centre import AnalysisAccount, CentreEvent, Papers, Trouble
from csu.centre.analysis_law import AnalysisLaw
from csu.centre.in_process import Journal, JournalEntry, Ticket
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.analysis_room import AnalysisRoom
from csu.hal.camera import CameraId
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MINUTE, Clock, Nanoseconds
from csu.hal.words import Words
from sim.analysis_node import CountedAnalysisNode, LookedAt
from sim.analysis_office import AnalysisOffice, CityOrder, RegimeDays
from sim.analysis_words import OrderedAnalysis
from sim.city import City
from sim.scenario import Scenario
from sim.story import tell_story


@dataclass(frozen=True, slots=True)
class Journaled:
    """An entry about the analysis, once it was durable. `step`: `start`, `stop`, `kill`, `resume`, `interrupted`."""

    at_ns: Nanoseconds
    step: str
    cameras: frozenset[CameraId]


class _JournalHeard:
    """The journal as the room sees it; keeps what was written of the analysis."""

    def __init__(self, journal: Journal, clock: Clock, heard: list[Journaled]) -> None:
        self._journal, self._clock, self._heard = journal, clock, heard

    async def record(self, entry: JournalEntry) -> object:
        """See Journal.record."""
        row = await self._journal.record(entry)
        step = entry.subject.split("/")[1]
        self._heard.append(Journaled(self._clock.now_ns(), step, frozenset(each.camera for each in entry.data)))
        return row

    def before(self, entry: JournalEntry) -> AbstractAsyncContextManager[Ticket]:
        """See Journal.before."""
        return self._journal.before(entry)


class CityAnalysis:
    """Run `run` beside each life of the centre."""

    def __init__(
        self, scenario: Scenario, city: City, papers: Papers, clock: Clock, chance: Chance, directory: Path
    ) -> None:
        spec = scenario.analysis
        law = spec.law if spec is not None else None
        cameras = {camera.camera: commune.commune for commune in city.communes for camera in commune.cameras}
        regime = RegimeDays(law.first, law.last) if law is not None else None
        self._clock = clock
        self.office = AnalysisOffice(cameras, tuple(_orders(scenario, city)), regime, clock, scenario.epoch_ns)
        self.node = CountedAnalysisNode(clock, chance)
        self.law = AnalysisLaw.stated(self.office.text(), papers)
        self.office.state = self.law.state
        self.account = AnalysisAccount(directory / "analysis.sqlite", durable=False)
        self.journaled: list[Journaled] = []

    async def run(self, journal: Journal, clock: Clock, tell: Callable[[CentreEvent], None]) -> None:
        """Until cancelled. `clock`: the centre's."""

        def trouble(why: Words) -> None:
            tell(Trouble("journal", why, clock.now_ns()))

        heard = _JournalHeard(journal, self._clock, self.journaled)
        late = LateEntries(heard, trouble)
        room = AnalysisRoom(
            self.node,
            self.law,
            self.account,
            cameras=lambda: self.office.cameras,
            drawings=lambda: self.office.drawings,
            clock=clock,
            journal=heard,
            late=late,
            tell=tell,
        )
        self.office.room = room
        async with asyncio.TaskGroup() as group:
            group.create_task(room.run(), name="analysis room")
            group.create_task(late.run(), name="late entries of the analysis")

    def looked_at(self, ends_ns: Nanoseconds) -> tuple[LookedAt, ...]:
        """What the node really looked at, in order."""
        return tuple(sorted(self.node.looked_at(ends_ns), key=lambda each: (each.start_ns, each.camera)))

    def pictures_accounted(self, ends_ns: Nanoseconds) -> int:
        """How many were looked at, by the centre's own account."""
        return self.account.total(0, ends_ns + NS_PER_MINUTE).pictures_looked_at

    def counters(self, ends_ns: Nanoseconds) -> dict[str, int]:
        """For the report: by the centre's account, and by the node itself."""
        kept = self.account.total(0, ends_ns + NS_PER_MINUTE)
        return {
            "analysis_node_starts": self.node.starts,
            "analysis_minutes": kept.minutes,
            "analysis_pictures": kept.pictures_looked_at,
            "analysis_pictures_by_the_node": sum(each.pictures for each in self.looked_at(ends_ns)),
            "analysis_signals": kept.signals,
        }

    def close(self) -> None:
        """Release the files."""
        self.account.close()


def _orders(scenario: Scenario, city: City) -> Iterator[CityOrder]:
    """The orders that the story tells, numbered as they begin."""
    communes = {commune.name: commune for commune in city.communes}
    told = [each for each in tell_story(scenario) if isinstance(each.spec, OrderedAnalysis)]
    for number, happening in enumerate(told, start=1):
        spec = happening.spec
        assert isinstance(spec, OrderedAnalysis)  # noqa: S101 - filtered above
        commune = communes[spec.commune]
        cameras = tuple(camera.camera for camera in commune.cameras[: spec.cameras])
        yield CityOrder(
            f"SIM-{number}", happening.name, commune.commune, cameras, spec.types, happening.start_ns, happening.end_ns
        )
