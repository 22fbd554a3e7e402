"""The purge: each minute, all that has expired is destroyed, in every copy, and the register says so (RET-1 to RET-6).

A shell around `csu.recording.destruction`. Each round does, in this order, what the plan says; a crash between any two
steps is made good by the next round, which begins from what is durable and not from what was meant:

    journal -> evidence copies -> files of every tier -> catalogue -> keys -> legal register and certificates -> days

Build it, `await start()` before any past is served (a restored backup holds what has expired), then `run()` it and, in
another task, `watch()` it: what nobody destroys for half an hour is told, whatever happened to the purge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from csu.centre.events import Trouble
from csu.centre.purge.days import PurgeDays
from csu.centre.purge.hours import PurgeHours
from csu.centre.purge.keys import PurgeKeysDue
from csu.centre.purge.lines import RegisterLines, SumsKept
from csu.centre.purge.ports import PurgeCounts, PurgePorts
from csu.centre.purge.scan import cameras_that_hold, find_strays
from csu.centre.purge.tiers import Tier
from csu.centre.purge.work import PurgeWork, clock_leapt, entry_of, still_there
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.recording.destruction import HOUR_NS, DestructionPlan, plan_destruction
from csu.recording.hour_footage import NOBODY
from csu.recording.known_rules import KnownRules

EVERY_NS = NS_PER_MINUTE
SCAN_EVERY_NS = 60 * NS_PER_MINUTE
"""How often every tier is asked what it holds of days in which something has expired, whatever the catalogue says."""
SILENT_NS_MAX = 30 * NS_PER_MINUTE
"""Without one good round for so long it is an incident (RET-6 allows an hour)."""
CLOCK_JUMP_NS_MAX = 10 * NS_PER_MINUTE
"""A clock that leaps forward by more between two rounds destroys nothing until a person has looked."""

_T = TypeVar("_T")


class Purge:
    """One for each centre."""

    def __init__(self, ports: PurgePorts) -> None:
        self._rules = KnownRules(ports.rules)
        self._ports = ports = replace(ports, rules=self._rules)
        self.counts = PurgeCounts()
        sums = SumsKept(ports.catalogue)
        self._hours = PurgeHours(ports)
        self._keys = PurgeKeysDue(ports, sums)
        tiers = tuple(tier.name for tier in ports.tiers)
        self._lines = RegisterLines(ports.register, ports.catalogue, self._commune_of, ports.rules, tiers, sums)
        self._days = PurgeDays(ports, self._lines)
        self._scanned_ns: Nanoseconds | None = None
        self._last: tuple[Nanoseconds, Nanoseconds] | None = None
        self._good_ns = ports.clock.now_ns()
        self._told_ns: Nanoseconds | None = None
        self._is_stale = False
        """The rules changed: the next round forgets what was worked out with them, in the thread that uses it."""
        self.alone = asyncio.Lock()
        """Held while a round runs: what else uses the same catalogue holds it too."""

    # -- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Destroy all that expired while the centre was off, or came back with a backup.

        Raises CsuError when anything expired may still be there: then no past may be served (cases, exports), and it is
        called again. Recording and the live picture do not wait for it.
        """
        work = await self._round(scan=True)
        if work.failed:
            raise work.failed[0]

    async def run(self) -> None:
        """A round each minute, for ever; one more at the exact instant up to which an order wants something kept."""
        while True:
            await asyncio.sleep(self._wait_ns() / NS_PER_S)
            await self.round()

    async def round(self) -> PurgeCounts:
        """One round. A failure is told, counted, and tried again in the next one. Returns a copy of the counts."""
        now_ns = self._ports.clock.now_ns()
        scan = self._scanned_ns is None or now_ns - self._scanned_ns >= SCAN_EVERY_NS
        try:
            work = await self._round(scan=scan)
            failed: Sequence[CsuError | OSError] = work.failed
        except (CsuError, OSError) as error:
            failed = [error]
        self.counts.rounds += 1
        if failed:
            self.counts.rounds_failed += 1
            self._tell_failure(failed[0])
        else:
            self._good_ns, self._told_ns = self._ports.clock.now_ns(), None
        return replace(self.counts)

    async def watch(self) -> None:
        """Tell when no round has been good for half an hour. In a task of its own: it must outlive the purge."""
        while True:
            await asyncio.sleep(EVERY_NS / NS_PER_S)
            now_ns = self._ports.clock.now_ns()
            silent_ns = now_ns - self._good_ns
            told_ns = self._told_ns
            if silent_ns >= SILENT_NS_MAX and (told_ns is None or now_ns - told_ns >= SILENT_NS_MAX):
                minutes = silent_ns // NS_PER_MINUTE
                self._incident(
                    Words(
                        f"INCIDENT : aucune destruction réussie depuis {minutes} min (RET-6)",
                        f"INCIDENT: no destruction has succeeded for {minutes} min (RET-6)",
                    )
                )

    @property
    def is_clean(self) -> bool:
        """Whether every tier was read since the start and nothing that had expired is left: the past may be served."""
        return self._scanned_ns is not None

    def rules_changed(self) -> None:
        """Orders, agreements, doctrine or the list of cameras are others: what was computed with them is void."""
        self._is_stale = True

    def clock_is_right(self) -> None:
        """A person looked at the clock after it leapt, and it is right: go on."""
        self._last = None

    # -- one round ----------------------------------------------------------------------------------------------------

    async def _round(self, *, scan: bool) -> PurgeWork:
        async with self.alone:
            now_ns = self._believed_now()
            work = await self._call(lambda: self._find(now_ns, scan))
            if work.is_empty:
                await self._finish(work)
            else:
                async with self._ports.journal.before(entry_of(work)):
                    await self._pause("journaled")
                    await self._carry_out(work)
            if scan and not work.failed:
                self._scanned_ns = now_ns
            return work

    async def _carry_out(self, work: PurgeWork) -> None:
        await self._call(lambda: self._preserve(work))
        await self._pause("preserved")
        await self._call(lambda: self._unlink(work))
        await self._pause("unlinked")
        await self._finish(work)

    async def _finish(self, work: PurgeWork) -> None:
        await self._call(lambda: self._hours.mark(work))
        await self._pause("marked")
        await self._call(lambda: self._shred(work))
        await self._pause("shredded")
        await self._call(lambda: self._register(work))
        await self._pause("registered")
        self.counts.days_dropped += await self._call(lambda: self._days.drop(work.days, work.protection, work.now_ns))
        await self._pause("dropped")

    async def _pause(self, after: str) -> None:
        await self._ports.chaos(f"purge.{after}")

    def _find(self, now_ns: Nanoseconds, scan: bool) -> PurgeWork:
        if self._is_stale:
            self._is_stale = False
            self._hours.forget(self._rules.refresh())
            self._keys.forget()
            self._lines.forget()
        ports = self._ports
        protection = ports.evidence.protection(now_ns)
        days = ports.catalogue.days()
        hours = self._hours.find(days, now_ns, protection)
        self.counts.unlawful = sum(hour.plan.unlawful for hour in hours) or self.counts.unlawful
        strays = DestructionPlan()
        if scan:
            strays = find_strays(ports, {each for hour in hours for each in hour.footage.begun()}, protection, now_ns)
            self.counts.found_by_scan += len(strays.destroy)
        for each in strays.destroy:  # a row that came late may name it: the next round looks, and marks it
            hour_ns = each.span.from_ns // HOUR_NS * HOUR_NS
            self._hours.look_again(Span(hour_ns, hour_ns + HOUR_NS), now_ns)
        cases, keys = ports.evidence.unlocked(now_ns), self._keys.find(now_ns)
        return PurgeWork(now_ns, days, protection, hours, strays, cases, keys)

    def _preserve(self, work: PurgeWork) -> None:
        """Evidence first: then plan again, with what is safe now."""
        if not work.recuts:
            return
        for recut in work.recuts:
            try:
                self._ports.evidence.preserve(recut.footage, recut.spans)
                self.counts.recut += 1
            except CsuError as error:
                work.failed.append(error)
        now_ns = work.now_ns
        work.protection = self._ports.evidence.protection(now_ns)
        self._hours.plan_again(work.hours, work.protection, now_ns)
        strays = (*work.strays.destroy, *work.strays.overdue)
        work.strays = plan_destruction(strays, self._ports.rules, work.protection, now_ns)

    def _unlink(self, work: PurgeWork) -> None:
        """Every copy, on every tier; then each is asked whether it holds any of them still."""
        wanted = work.destroy
        names = [each.name for each in wanted]
        left: set[str] = set()
        for tier in self._ports.tiers:
            try:
                self.counts.bytes += tier.destroy(names)
            except CsuError as error:
                work.failed.append(error)
            left |= _still_held(tier, names, work)
        gone = {each.name: each for each in wanted if each.name not in left}
        self.counts.files += len(gone)
        self._hours.went(work.hours, gone, work.protection)
        late_ns = max(plan.late_ns for plan in work.plans)
        if work.destroy:
            self.counts.late_ms_max = max(self.counts.late_ms_max, late_ns // NS_PER_MS)
        for case in work.cases:
            try:
                self._ports.evidence.destroy(case, work.now_ns)
                self.counts.evidence_cases += 1
            except CsuError as error:
                work.failed.append(error)

    def _shred(self, work: PurgeWork) -> None:
        self.counts.keys += self._keys.shred(work.keys)

    def _register(self, work: PurgeWork) -> None:
        ports = self._ports
        self.counts.recorded_lines += self._lines.add_recorded(work.days, ports.cameras().keys(), work.now_ns)
        kept = set(ports.keys.kept())
        made = self._lines.add_destroyed(
            work.now_ns,
            work.protection.locks,
            self._keys.due_ns,
            lambda key: key not in kept,
            lambda span, cameras: cameras_that_hold(ports.tiers, span, cameras),
            ports.is_out_of_reach(),
        )
        self.counts.certificates += len(made)

    # -- small things -------------------------------------------------------------------------------------------------

    def _commune_of(self, camera: CameraId) -> CommuneId:
        return self._ports.cameras().get(camera, NOBODY)

    def _wait_ns(self) -> Nanoseconds:
        """Until the next whole minute; sooner when an order wants something kept to an instant before it."""
        now_ns = self._ports.clock.now_ns()
        minute_ns = EVERY_NS - now_ns % EVERY_NS
        next_ns = self._hours.exact_ns
        if next_ns is None or next_ns <= now_ns or next_ns >= now_ns + minute_ns:
            return minute_ns
        return max(next_ns - now_ns, NS_PER_S)

    def _believed_now(self) -> Nanoseconds:
        """The instant. One that went back is not believed; one that leapt forward stops the purge: PurgeHeld."""
        now_ns, run_ns = self._ports.clock.now_ns(), self._ports.clock.monotonic_ns()
        if self._last is not None:
            expected_ns = self._last[0] + run_ns - self._last[1]
            if now_ns - expected_ns > CLOCK_JUMP_NS_MAX:
                raise clock_leapt((now_ns - expected_ns) // NS_PER_MINUTE)
            now_ns = max(now_ns, expected_ns - CLOCK_JUMP_NS_MAX)
        self._last = now_ns, run_ns
        return now_ns

    def _tell_failure(self, error: CsuError | OSError) -> None:
        now_ns = self._ports.clock.now_ns()
        if self._told_ns is None or now_ns - self._told_ns >= SILENT_NS_MAX:
            why = error.trouble.words if isinstance(error, CsuError) else Words.same(str(error))
            self._incident(
                Words(f"INCIDENT : destruction échouée. {why.fr}", f"INCIDENT: destruction failed. {why.en}")
            )

    def _incident(self, what: Words) -> None:
        self._told_ns = self._ports.clock.now_ns()
        self.counts.incidents += 1
        self._ports.tell(Trouble("retention", what, self._told_ns))

    async def _call(self, deed: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(None, deed)


def _still_held(tier: Tier, names: Sequence[str], work: PurgeWork) -> set[str]:
    try:
        held = tier.held(names)
    except CsuError as error:
        work.failed.append(error)
        return set(names)  # a tier that does not answer has everything
    if held and not work.failed:
        work.failed.append(still_there(tier.name, len(held)))
    return held
