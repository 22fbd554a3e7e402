"""Real-time analysis in a centre: the node is handed what law, orders, models, papers and zones permit, and no more.

Whatever changes, the whole set is worked out anew, at `until` to the instant; each assignment carries its own end, so
that a node which nobody reaches stops by itself. Without an order no node is started at all. What stops waits for no
journal, no disk, no other step. What starts waits for its entry in the journal (0032).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from csu.centre.analysis_law import AnalysisLaw
from csu.centre.events import AnalysisChanged, CentreEvent, SignalRaised, Trouble
from csu.centre.in_turn import InTurn
from csu.centre.registers.late_entries import LateEntries
from csu.centre.rooms.analysis_hand import AnalysisHand
from csu.centre.rooms.analysis_plan import AnalysisPlan, CameraToAnalyse, CountedUntil, not_counted, plan_analysis
from csu.governance.analysis_basis import AnalysisBasis
from csu.governance.analysis_orders import AnalysisOrderEvent
from csu.governance.analysis_switch import PUTS_BACK, require_reason, require_role, role_of
from csu.governance.journal_desk import Journal
from csu.governance.journal_entry import CAMERAS_MAX, Author, JournalEntry
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.governance.model_register import ModelEvent
from csu.governance.roles import Role
from csu.hal.analysis import (
    AnalysisAssignment,
    AnalysisMessage,
    AnalysisMinute,
    AnalysisNode,
    EventSignal,
    SlotCount,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.place import PoseReading
from csu.hal.words import NO_WORDS, Words
from csu.operations.analysis_account import Analysed, AnalysisAccount
from csu.operations.analysis_zones import CameraDrawing

ANALYSIS = "analysis"
"""Where a trouble of the analysis is told."""
COUNTS = "counts"
"""In the journal, in an order's place: of this camera lines and bins are counted, and nothing else."""
SHARED_EVERY_S = 1.0
"""How soon counts what another process entered."""
LOOK_EVERY_S = 30.0
"""How soon is seen that the clock was set: that must not keep an analysis on."""
AGAIN_AFTER_NS = 5 * NS_PER_S
"""A node that failed is tried again then."""
MINUTES_WAITING_MAX = 100_000
_STARTING = Words("l'analyse démarre", "analysis is starting")


class AnalysisRoom:
    """One per centre. Run `run`; whoever draws or enters something calls `look_again`."""

    def __init__(
        self,
        node: AnalysisNode,
        law: AnalysisLaw,
        account: AnalysisAccount,
        *,
        cameras: Callable[[], Sequence[CameraToAnalyse]],
        drawings: Callable[[], Mapping[CameraId, CameraDrawing]],
        clock: Clock,
        journal: Journal,
        late: LateEntries,
        tell: Callable[[CentreEvent], None],
        counted_until: CountedUntil = not_counted,
        take_count: Callable[[SlotCount], None] = lambda count: None,
    ) -> None:
        """`late`: what stops is journaled there, after the deed. `take_count`: keeps counts; it must not block."""
        self._law, self._account = law, account
        self._cameras, self._drawings, self._counted_until = cameras, drawings, counted_until
        self._clock, self._journal, self._late = clock, journal, late
        self._tell, self._take_count = tell, take_count
        self._hand = AnalysisHand(node, clock=clock, take=self._take, lost=self._interrupted)
        self._files, self._accounts = InTurn(), InTurn()
        self._woken = asyncio.Event()
        self._plan = AnalysisPlan()
        self._planned: frozenset[CameraId] = frozenset()
        self._planned_ns: Nanoseconds = 0
        self._is_outdated = True
        """Something the plan was made of changed."""
        self._minutes: list[AnalysisMinute] = []
        self._unwritten: tuple[Role, str, str, Nanoseconds] | None = None
        """A kill that is obeyed and not on disk yet: as whom, who, why, when."""
        self._not_before_ns: Nanoseconds = 0
        self._why_not = NO_WORDS
        """Why nothing is analysed although the law permits it."""
        self._journaled: dict[CameraId, str] = {}
        """Which cameras are analysed by which order, as the journal has it."""
        self._told: dict[str, Words] = {}
        self._shown: frozenset[CameraId] = frozenset()
        self._forgot_ns: Nanoseconds = 0
        self.refused = 0
        """Signals, and minutes, of what no order permitted: told, and nothing is raised."""
        law.listen(self.look_again)

    # -- what is asked ------------------------------------------------------------------------------------------------

    def tells(self, camera: CameraId) -> Words:
        """For its tile: until when it is analysed, or why it is not."""
        said = self._plan.tells.get(camera)
        if said is None:
            return Words("caméra inconnue de l'analyse", "analysis does not know this camera")
        waits = camera in self._planned and camera not in self._hand.given
        return (self._why_not or _STARTING) if waits else said

    @property
    def basis(self) -> AnalysisBasis:
        """By which laws, orders, models and switch it goes now: `decide` and `until` of any camera."""
        return self._law.basis

    def given(self) -> Sequence[AnalysisAssignment]:
        """What the node looks at now, by camera."""
        return [assignment for _, assignment in sorted(self._hand.given.items())]

    @property
    def node_starts(self) -> int:
        """How often the node was started; 0: nothing was ever analysed."""
        return self._hand.starts

    async def analysed(self, from_ns: Nanoseconds, to_ns: Nanoseconds, camera: CameraId | None = None) -> Analysed:
        """How many pictures were looked at, of all cameras or one; 0 is a figure. Raises AnalysisAccountNotKept."""
        await self._write_minutes()
        return await self._accounts(lambda: self._account.total(from_ns, to_ns, camera))

    async def looks(self, camera: CameraId, reading: PoseReading | None) -> None:
        """Where a camera that turns looks now: its zones hold only where they were drawn."""
        await self._hand.pose(camera, reading)

    def look_again(self) -> None:
        """Something was entered or drawn."""
        self._is_outdated = True
        self._woken.set()

    # -- what people do -----------------------------------------------------------------------------------------------

    async def stop(self, by: Author, reason: str) -> None:
        """The kill switch: when this returns nothing is analysed, whatever else fails.

        Raises AnalysisSwitchRefused. A file that cannot be written is told and tried again; analysis stays stopped.
        """
        role = role_of(by)
        require_reason(reason)
        self._law.hold(role)
        await self._hand.halt()
        self._unwritten = role, by.account, reason, self._clock.now_ns()
        had, self._journaled = sorted(self._journaled), {}
        for first in range(0, len(had) or 1, CAMERAS_MAX):
            named = had[first : first + CAMERAS_MAX]
            await self._late.add(deed_entry(OwnDeed.ANALYSIS, "kill", cameras=named, by=by))
        await self._write_switch()
        self._replan()
        self._show()

    async def resume(self, by: Author, reason: str) -> None:
        """Let analysis go on where its orders allow it. Raises AnalysisSwitchRefused, CsuError: it stays stopped."""
        role = require_role(role_of(by), PUTS_BACK)
        require_reason(reason)
        await self._journal.record(deed_entry(OwnDeed.ANALYSIS, "resume", by=by))
        at_ns = self._clock.now_ns()
        await self._files(lambda: self._law.put_back(role, by=by.account, reason=reason, at_ns=at_ns))
        self._unwritten = None
        self.look_again()

    async def enter(self, event: AnalysisOrderEvent | ModelEvent) -> None:
        """Record or withdraw an order or a model: the gate has journaled it. Raises CsuError: nothing changed."""
        await asyncio.shield(self._files(lambda: self._law.enter(event)))
        self.look_again()

    # -- what runs ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow the law for ever; on the way out nothing is analysed any more."""
        try:
            while True:
                if await self._files(self._law.catch_up):
                    self._is_outdated = True
                await self._follow()
                await self._write_switch()
                await self._write_minutes()
                await self._wait()
        finally:
            await self._close()

    async def _close(self) -> None:
        await self._hand.close()
        await self._settle("stop")
        await self._write_minutes()

    async def _wait(self) -> None:
        now_ns = self._clock.now_ns()
        due_ns = min(self._plan.until_ns, self._not_before_ns or self._plan.until_ns)
        waits = self._law.is_shared or self._unwritten is not None or bool(self._minutes)
        longest_s = SHARED_EVERY_S if waits else LOOK_EVERY_S
        try:
            async with asyncio.timeout(max(0.0, min(longest_s, (due_ns - now_ns) / NS_PER_S))):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _follow(self) -> None:
        """Give the node what holds now: what stops first, and at once."""
        self._trouble("law", self._law.distrust)
        now_ns = self._clock.now_ns()
        if self._is_outdated or not self._planned_ns <= now_ns < self._plan.until_ns:
            self._replan()
        wanted = {each.camera: each for each in self._plan.assignments}
        try:
            await self._narrow(wanted)
            if self._clock.now_ns() >= self._not_before_ns:
                self._not_before_ns = 0
                if wanted != self._hand.given:
                    await self._widen(wanted)
                self._why_not = NO_WORDS
                self._trouble("node", NO_WORDS)
        except CsuError as error:
            await self._failed(error.trouble.words)
        self._show()

    def _replan(self) -> None:
        self._planned_ns, self._is_outdated = self._clock.now_ns(), False
        drawings, basis = self._drawings(), self._law.basis
        self._plan = plan_analysis(basis, self._cameras(), drawings, self._counted_until, self._planned_ns)
        self._planned = frozenset(each.camera for each in self._plan.assignments)

    async def _narrow(self, wanted: Mapping[CameraId, AnalysisAssignment]) -> None:
        """Cameras that may not be looked at any more, or under another order, are taken away before anything else; the
        others have at once what may be looked for in them now."""
        given = self._hand.given
        left = {camera: wanted[camera] for camera, had in given.items() if _is_same(had, wanted.get(camera))}
        if left != given:
            await self._hand.give(left)
            await self._settle("stop")

    async def _widen(self, wanted: Mapping[CameraId, AnalysisAssignment]) -> None:
        came = {camera: _named(each) for camera, each in wanted.items() if camera not in self._hand.given}
        for entry in _entries("start", came):
            await self._journal.record(entry)
        self._journaled |= came
        self._replan()  # while the journal was written somebody may have thrown the switch, or an order have ended
        lawful = {each.camera: each for each in self._plan.assignments if _is_same(each, wanted.get(each.camera))}
        await self._hand.give(lawful)
        await self._settle("stop")
        if len(self._hand.given) != len(self._plan.assignments):
            self.look_again()

    async def _failed(self, why: Words) -> None:
        """Neither the journal nor the node may be left out: nothing new is analysed; it is tried again."""
        self._not_before_ns = self._clock.now_ns() + AGAIN_AFTER_NS
        self._why_not = why
        self._trouble("node", why)
        await self._settle("interrupted")

    async def _interrupted(self, why: Words) -> None:
        """The node stopped by itself: told, journaled, started again a little later."""
        await self._failed(why)
        self._show()
        self.look_again()

    async def _settle(self, step: str) -> None:
        """What the journal has as analysed and the node has not any more: it is told how that ended."""
        over = {camera: order for camera, order in self._journaled.items() if camera not in self._hand.given}
        self._journaled = {camera: order for camera, order in self._journaled.items() if camera not in over}
        for entry in _entries(step, over):
            await self._late.add(entry)

    # -- what the node says -------------------------------------------------------------------------------------------

    def _take(self, message: AnalysisMessage) -> None:
        if isinstance(message, AnalysisMinute):
            self._take_minute(message)
        elif isinstance(message, EventSignal):
            self._take_signal(message)
        elif isinstance(message, SlotCount):
            self._take_count(message)

    def _take_minute(self, minute: AnalysisMinute) -> None:
        """What was looked at is accounted for, lawful or not."""
        if len(self._minutes) < MINUTES_WAITING_MAX:
            self._minutes.append(minute)
        if minute.pictures_looked_at and not self._hand.was_given(
            minute.camera, minute.minute_ns, minute.minute_ns + NS_PER_MINUTE
        ):
            looked_at = minute.pictures_looked_at
            self._refuse(
                minute.camera,
                Words(
                    f"{looked_at} images analysées sans y être autorisé",
                    f"{looked_at} pictures were analysed without being allowed to",
                ),
            )

    def _take_signal(self, signal: EventSignal) -> None:
        has = self._hand.given.get(signal.camera)
        asked = {(rule.type, rule.zone.zone) for rule in has.rules} if has is not None else set()
        lawful = has is not None and signal.order == has.order and signal.at_ns < has.until_ns
        if lawful and (signal.type, signal.zone) in asked:
            self._tell(SignalRaised(signal, self._clock.now_ns()))
        else:
            self._refuse(signal.camera, Words("signal qu'aucun arrêté ne permet", "a signal that no order permits"))

    def _refuse(self, camera: CameraId, what: Words) -> None:
        self.refused += 1
        self._tell(Trouble(f"{ANALYSIS}/{camera}", what, self._clock.now_ns()))

    # -- what is kept and told ----------------------------------------------------------------------------------------

    async def _write_minutes(self) -> None:
        kept, self._minutes = self._minutes, []
        now_ns = self._clock.now_ns()
        is_due = now_ns - self._forgot_ns >= NS_PER_DAY

        def keep() -> None:
            if kept:
                self._account.keep(kept)
            if is_due:
                self._account.forget_before(now_ns)

        if not kept and not is_due:
            return
        try:
            await self._accounts(keep)
            self._forgot_ns = now_ns if is_due else self._forgot_ns
            self._trouble("account", NO_WORDS)
        except CsuError as error:
            self._minutes = [*kept, *self._minutes][:MINUTES_WAITING_MAX]
            self._trouble("account", error.trouble.words)

    async def _write_switch(self) -> None:
        if self._unwritten is None:
            return
        unwritten = role, person, reason, at_ns = self._unwritten
        try:
            await self._files(lambda: self._law.throw(role, by=person, reason=reason, at_ns=at_ns))
        except CsuError as error:
            self._trouble("switch", error.trouble.words)
            return
        self._trouble("switch", NO_WORDS)
        if self._unwritten is unwritten:
            self._unwritten = None

    def _show(self) -> None:
        """Tell of each camera that is analysed from now on, or no longer."""
        now_ns, given = self._clock.now_ns(), frozenset(self._hand.given)
        before, self._shown = self._shown, given
        for camera in sorted(before ^ given):
            self._tell(AnalysisChanged(camera, camera in given, now_ns, self.tells(camera)))

    def _trouble(self, of: str, what: Words) -> None:
        """Once for each failure; no words: it is over."""
        if self._told.get(of, NO_WORDS) == what:
            return
        self._told[of] = what
        if what:
            self._tell(Trouble(ANALYSIS, what, self._clock.now_ns()))


def _is_same(one: AnalysisAssignment, other: AnalysisAssignment | None) -> bool:
    """Whether two assignments of a camera rest on the same order and model: going from one to the other is no start."""
    return other is not None and (one.order, one.model) == (other.order, other.model)


def _named(assignment: AnalysisAssignment) -> str:
    """By what a camera is analysed, as the journal writes it."""
    return assignment.order or COUNTS


def _entries(step: str, by: Mapping[CameraId, str]) -> list[JournalEntry]:
    """One entry for each order, or for the counts; several where it is more cameras than one can name."""
    cameras: dict[str, list[CameraId]] = defaultdict(list)
    for camera, order in sorted(by.items()):
        cameras[order].append(camera)
    return [
        deed_entry(OwnDeed.ANALYSIS, f"{step}/{order}", cameras=named[first : first + CAMERAS_MAX])
        for order, named in sorted(cameras.items())
        for first in range(0, len(named), CAMERAS_MAX)
    ]
