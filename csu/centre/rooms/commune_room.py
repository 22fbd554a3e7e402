"""The figures of a running centre's communes: days are measured one by one and kept, months are added up when asked.

A day of 1,300 cameras takes seconds of a thread: so days are looked through in the background, the newest first, and
whoever asks reads what is measured by then, and is told how much of the month that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from csu.alarms import AlarmStore
from csu.centre.events import Trouble
from csu.centre.masks.commissioning import Commissioning
from csu.centre.papers import Papers
from csu.centre.public_page import page_style, public_page
from csu.console.evidence_desk import EvidenceDesk
from csu.evidence import LegalBasis
from csu.governance import LocalDoctrine, Operation, Span, day_in_paris, read_journal, start_of_day
from csu.governance.journal_entry import JournalEntry
from csu.governance.journaled_actions import OwnDeed
from csu.governance.permitted import recorded_spans
from csu.governance.signs import SignRegister
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import NO_WORDS, Language
from csu.ingest.board import CameraStatus
from csu.operations.commune_month import AlarmGroup, Month, MonthFacts
from csu.operations.commune_papers import CommunePapers, commune_papers, communes_of
from csu.operations.communes_desk import Costs, MonthTold, costs_of
from csu.operations.communes_file import FILE_NAME, CommunesFile, read_communes
from csu.operations.transparency import PublicCommune, governed_cameras, public_commune
from csu.recording import Catalogue
from csu.recording.availability import CameraDay, day_lines
from csu.recording.availability_store import AvailabilityStore
from csu.recording.coverage import paris_day

COMMUNES = "communes"
"""Where a trouble of theirs is told."""
LOOK_EVERY_S = (60.0, 600.0)
"""How old the figures of today may be: of a small centre, of a large one."""
WORK_SHARE = 1 / 200
"""Of a thread's time, at most, goes into measuring."""
AGAIN_AFTER_NS = 3_600 * NS_PER_S
"""The same of a day that is over, but not settled: a day of 1,300 cameras takes 2.5 s of a processor."""
SETTLED_DAYS = 3
"""[D]: nodes that were cut off tell late; after so many days a day is what it will stay, and is kept."""
MONTHS_MAX = 13
STANDS_NS = 60 * NS_PER_S
"""How long a month that was added up is told again as it is."""


@dataclass(frozen=True, slots=True)
class CommuneHome:
    """What the figures are made from. `catalogue`, `alarms`: the room's own objects, used by one thread at a time."""

    data_directory: Path
    clock: Clock
    papers: Papers
    doctrine: LocalDoctrine
    board: Callable[[], Sequence[CameraStatus]]
    masks: Commissioning
    catalogue: Catalogue
    alarms: AlarmStore
    desk: EvidenceDesk
    tell: Callable[[Trouble], None]
    signs: Callable[[], Awaitable[SignRegister]]
    """The register of signs, as it stands."""


@asynccontextmanager
async def keep_communes(home: CommuneHome) -> AsyncIterator[CommuneRoom]:
    """The room; while inside, days are measured. Raises CatalogueError when its file cannot be opened."""
    store = await asyncio.to_thread(AvailabilityStore, home.data_directory / "availability.sqlite")
    began_ns = await asyncio.to_thread(_began_ns, home.data_directory / "journal")
    room = CommuneRoom(home, store, began_ns if began_ns is not None else home.clock.now_ns())
    measuring = asyncio.create_task(room.run(), name="communes")
    try:
        yield room
    finally:
        measuring.cancel()
        with suppress(asyncio.CancelledError):
            await measuring
        store.close()


class CommuneRoom:
    """A `csu.console.communes.CommuneDesk`. One for each centre, used from its event loop."""

    def __init__(self, home: CommuneHome, store: AvailabilityStore, began_ns: Nanoseconds) -> None:
        """`began_ns`: when the centre first ran: nothing was expected of it before."""
        self._home, self._store, self._began_ns = home, store, began_ns
        self._turn = asyncio.Lock()
        """One thread at a time reads the catalogue, the alarms and the store."""
        self._kept: set[date] = set()
        self._open: dict[date, tuple[Nanoseconds, list[CameraDay]]] = {}
        """Days that may still change: when they were last measured, and what came of it."""
        self._told: dict[Month, tuple[Nanoseconds, MonthTold]] = {}
        self._in_trouble = False
        self._file: CommunesFile | None = None
        self._file_seen: tuple[int, int] | None = None
        self._file_trouble = NO_WORDS

    # -- measuring ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Measure for ever. What fails is told once, and tried again."""
        clock, (least_s, most_s) = self._home.clock, LOOK_EVERY_S
        while True:
            began_ns = clock.monotonic_ns()
            try:
                await self.look()
                self._in_trouble = False
            except CsuError as error:
                if not self._in_trouble:
                    self._home.tell(Trouble(COMMUNES, error.trouble.words, self._home.clock.now_ns()))
                self._in_trouble = True
            took_s = (clock.monotonic_ns() - began_ns) / NS_PER_S
            await asyncio.sleep(min(most_s, max(least_s, took_s / WORK_SHARE)))

    async def look(self) -> None:
        """Measure each day that is not kept, the newest first; keep those that are settled. Raises CsuError."""
        async with self._turn:
            self._kept = await asyncio.to_thread(self._store.days)
        today = day_in_paris(self._home.clock.now_ns())
        for day in self._days_due(today):
            if day in self._kept or (day < today and self._is_fresh(day)):
                continue
            lines = await self._measure(day)
            if (today - day).days < SETTLED_DAYS:
                self._open[day] = (self._home.clock.monotonic_ns(), lines)
                continue
            async with self._turn:
                await asyncio.to_thread(self._store.keep, day, lines)
            self._kept.add(day)
            self._open.pop(day, None)
        self._told.clear()

    def _is_fresh(self, day: date) -> bool:
        """Measured less than an hour ago."""
        at_ns = self._open[day][0] if day in self._open else None
        return at_ns is not None and self._home.clock.monotonic_ns() - at_ns < AGAIN_AFTER_NS

    def _days_due(self, today: date) -> list[date]:
        """From today back to the first day of the month before, or to when the centre began."""
        first = max(Month.of(today).before(1).first, day_in_paris(self._began_ns))
        return [today - timedelta(days=days) for days in range((today - first).days + 1)]

    async def _measure(self, day: date) -> list[CameraDay]:
        now_ns = self._home.clock.now_ns()
        from_ns, to_ns = paris_day(day)
        from_ns = max(from_ns, self._began_ns)
        if from_ns >= to_ns:
            return []
        span, register = Span(from_ns, to_ns), self._home.papers.register
        known = {line.record.camera for line in self._home.board()} | {each.camera for each in register.facts.cameras}
        expected = {camera: recorded_spans(register, camera, span) for camera in sorted(known)}
        served = {camera: self._home.masks.served(camera, now_ns) for camera in expected}
        measure = partial(day_lines, self._home.catalogue, expected, served, day, now_ns=now_ns)
        async with self._turn:
            return await asyncio.to_thread(measure)

    # -- what is told -------------------------------------------------------------------------------------------------

    def communes(self) -> Sequence[CommuneId]:
        return communes_of(self._home.papers.register, self._home.board())

    def name(self, commune: CommuneId) -> str:
        said = self._said()
        spec = said.of(commune) if said is not None else None
        return commune if spec is None else spec.name

    def months(self) -> Sequence[Month]:
        now, first = Month.of(day_in_paris(self._home.clock.now_ns())), Month.of(day_in_paris(self._began_ns))
        every = (now.before(count) for count in range(MONTHS_MAX))
        return [month for month in every if month >= first]

    async def month(self, month: Month) -> MonthTold:
        now_ns = self._home.clock.monotonic_ns()
        known = self._told.get(month)
        if known is not None and now_ns - known[0] < STANDS_NS:
            return known[1]
        told = await self._added_up(month)
        self._told[month] = (now_ns, told)
        return told

    async def costs(self) -> Costs:
        register, now_ns = self._home.papers.register, self._home.clock.now_ns()
        said = self._said()
        if self._file_trouble:
            return Costs(self._file_trouble)
        return costs_of(said, governed_cameras(register, now_ns))

    async def papers(self, commune: CommuneId) -> CommunePapers:
        now_ns = self._home.clock.now_ns()
        public = await self._public(commune)
        return commune_papers(self._home.papers.register, self._home.doctrine, self._home.board(), public, now_ns)

    async def page(self, commune: CommuneId, language: Language) -> str:
        return public_page(await self._public(commune), language)

    def style(self) -> str:
        return page_style()

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _added_up(self, month: Month) -> MonthTold:
        from_ns, to_ns = start_of_day(month.first), start_of_day(month.last + timedelta(days=1))
        async with self._turn:
            cameras = await asyncio.to_thread(self._store.sums, month.first, month.last)
            groups = await asyncio.to_thread(self._home.alarms.counts, from_ns, to_ns)
        not_kept = {day: lines for day, (_, lines) in self._open.items() if day not in self._kept}
        fresh = {day: lines for day, lines in not_kept.items() if Month.of(day) == month}
        for line in (line for lines in fresh.values() for line in lines):
            before = cameras.get(line.camera)
            cameras[line.camera] = line.availability if before is None else before + line.availability
        acts = [
            frozenset(span.camera for span in case.act.spans)
            for case in self._home.desk.cases()
            if from_ns <= case.received_at_ns < to_ns and case.act.basis is not LegalBasis.GDPR_ACCESS
        ]
        facts = MonthFacts(cameras, self._commune_of(), [AlarmGroup(*group) for group in groups], acts)
        days = len(fresh) + sum(Month.of(day) == month for day in self._kept)
        return MonthTold(facts, days, self._days_of(month))

    def _days_of(self, month: Month) -> int:
        """How many of its days have begun since the centre first ran."""
        today = day_in_paris(self._home.clock.now_ns())
        first = max(month.first, day_in_paris(self._began_ns))
        return max(0, (min(month.last, today) - first).days + 1)

    def _commune_of(self) -> dict[CameraId, CommuneId]:
        on_board = {line.record.camera: line.record.commune for line in self._home.board()}
        on_paper = {known.camera: known.commune for known in self._home.papers.register.facts.cameras}
        return on_board | on_paper

    async def _public(self, commune: CommuneId) -> PublicCommune:
        signs = await self._home.signs()
        return public_commune(
            self._home.papers.register,
            commune,
            self._home.clock.now_ns(),
            communes=self._said(),
            signs=signs.signs_of(commune),
        )

    def _said(self) -> CommunesFile | None:
        """What people wrote of the communes, read anew when the file changed. One that cannot be read says nothing, and
        that is told."""
        path = self._home.data_directory / FILE_NAME
        try:
            found = path.stat()
        except OSError:
            self._file, self._file_trouble, self._file_seen = None, NO_WORDS, None
            return None
        seen = (found.st_mtime_ns, found.st_size)
        if seen != self._file_seen:
            self._file_seen = seen
            try:
                self._file, self._file_trouble = read_communes(path), NO_WORDS
            except CsuError as error:
                self._file, self._file_trouble = None, error.trouble.words
                self._home.tell(Trouble(COMMUNES, error.trouble.words, self._home.clock.now_ns()))
        return self._file


def _began_ns(journal: Path) -> Nanoseconds | None:
    """When the centre first started, as far back as its journal goes; None: it has none yet."""
    starts = (
        row.at_ns
        for row in read_journal(journal, operation=Operation.CONFIG)
        if isinstance(row.entry, JournalEntry) and row.entry.subject.startswith(OwnDeed.START.value)
    )
    return next(islice(starts, 1), None)
