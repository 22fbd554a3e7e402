"""The purge: each minute, all that has expired is destroyed, in every copy, and the register says so (RET-1 to RET-6).

A shell around `csu.recording.destruction`. Each round does, in this order, what the plan says; a crash between any two
steps is made good by the next round, which begins from what is durable and not from what was meant:

    journal -> evidence copies -> files of every tier -> catalogue -> keys -> legal register and certificates

Build it, `await start()` before any past is served (a restored backup holds what has expired), then `run()` it and, in
another task, `watch()` it: what nobody destroys for half an hour is told, whatever happened to the purge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from csu.centre.events import Trouble
from csu.centre.purge_lines import RegisterLines
from csu.centre.purge_ports import PurgeCounts, PurgePorts
from csu.centre.purge_tiers import Tier, segment_of
from csu.centre.purge_work import (
    NOBODY,
    PurgeHour,
    PurgeWork,
    clock_leapt,
    entry_of,
    is_locked,
    reference_of,
    still_there,
)
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.keys import KeyName, utc_day
from csu.hal.words import Words
from csu.recording import SEGMENT_NS_MAX, DestructionReason
from csu.recording.destruction import (
    HOUR_NS,
    LEAD_NS,
    Agenda,
    DestructionPlan,
    Footage,
    Protection,
    key_due_ns,
    plan_destruction,
    shortest_life_ns,
    span_of_utc_day,
    stretches,
)

EVERY_NS = NS_PER_MINUTE
SCAN_EVERY_NS = 60 * NS_PER_MINUTE
"""How often every tier is asked what it holds of days in which something has expired, whatever the catalogue says."""
MARK_QUIET_NS = HOUR_NS
"""The catalogue is told of an hour's files once no more of them go within this: a mark a camera and hour, not 60."""
SILENT_NS_MAX = 30 * NS_PER_MINUTE
"""Without one good round for so long it is an incident (RET-6 allows an hour)."""
CLOCK_JUMP_NS_MAX = 10 * NS_PER_MINUTE
"""A clock that leaps forward by more between two rounds destroys nothing until a person has looked."""

_T = TypeVar("_T")


class Purge:
    """One for each centre."""

    def __init__(self, ports: PurgePorts) -> None:
        self._ports = ports
        self.counts = PurgeCounts()
        tiers = tuple(tier.name for tier in ports.tiers)
        self._lines = RegisterLines(ports.register, ports.catalogue, self._commune_of, ports.rules, tiers)
        self._agenda = Agenda()
        self._unmarked: dict[Nanoseconds, dict[str, Footage]] = {}
        self._recut_names: set[str] = set()
        self._key_due: dict[KeyName, Nanoseconds] = {}
        self._protected: Protection | None = None
        self._scanned_ns: Nanoseconds | None = None
        self._last: tuple[Nanoseconds, Nanoseconds] | None = None
        self._good_ns = ports.clock.now_ns()
        self._told_ns: Nanoseconds | None = None
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
        self._agenda.forget()
        self._lines.forget()
        self._key_due.clear()

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
        await self._call(lambda: self._mark(work))
        await self._pause("marked")
        await self._call(lambda: self._shred(work))
        await self._pause("shredded")
        await self._call(lambda: self._register(work))
        await self._pause("registered")

    async def _pause(self, after: str) -> None:
        await self._ports.chaos(f"purge.{after}")

    def _find(self, now_ns: Nanoseconds, scan: bool) -> PurgeWork:
        ports = self._ports
        protection = ports.evidence.protection(now_ns)
        if self._protected != protection:  # something was held, locked, released or preserved
            self._agenda.forget()
            self._protected = protection
        days = ports.catalogue.days()
        hours = []
        if days:
            oldest_ns = span_of_utc_day(days[0]).from_ns - HOUR_NS  # a segment over midnight is of the next day's file
            for span in self._agenda.due(oldest_ns, ports.shortest_days(), now_ns):
                gone = self._unmarked.setdefault(span.from_ns, {})
                plan = plan_destruction(self._living(span, gone), ports.rules, protection, now_ns)
                hours.append(PurgeHour(span, plan, gone))
        strays = self._strays(now_ns, protection, hours) if scan else plan_destruction((), ports.rules, protection, 0)
        self.counts.unlawful = sum(len(hour.plan.unlawful) for hour in hours) or self.counts.unlawful
        cases = ports.evidence.unlocked(now_ns)
        return PurgeWork(now_ns, protection, hours, strays, cases, self._keys_due(now_ns))

    def _living(self, span: Span, gone: Mapping[str, Footage]) -> list[Footage]:
        found = []
        cameras = self._ports.cameras()
        for row in self._ports.catalogue.listing(span.from_ns, span.to_ns):
            end_ns = row.start_ns + max(1, row.duration_ms) * NS_PER_MS  # its last picture begins well before
            commune = cameras.get(row.camera, NOBODY)
            each = Footage(row.camera, commune, Span(row.start_ns, end_ns), row.size_bytes)
            if each.name not in gone:
                found.append(each)
        return found

    def _strays(self, now_ns: Nanoseconds, protection: Protection, hours: Sequence[PurgeHour]) -> DestructionPlan:
        """What the tiers hold that is due and no hour's plan names."""
        last = utc_day(max(0, now_ns + LEAD_NS - shortest_life_ns(self._ports.shortest_days())))
        known = [each for hour in hours for each in (*hour.plan.destroy, *hour.plan.kept, *hour.plan.overdue)]
        named = {each.name for each in known}
        cameras = self._ports.cameras()
        found: dict[str, Footage] = {}
        for tier in self._ports.tiers:
            for name in tier.names():
                begun = segment_of(name)
                if begun is None or name in named or utc_day(begun.start_ns) > last:
                    continue
                # How long it is, only its content says: as long as one can be, so that no lock is overlooked.
                span = Span(begun.start_ns, begun.start_ns + SEGMENT_NS_MAX)
                found[name] = Footage(begun.camera, cameras.get(begun.camera, NOBODY), span)
        plan = plan_destruction(found.values(), self._ports.rules, protection, now_ns)
        self.counts.found_by_scan += len(plan.destroy)
        for each in plan.destroy:  # a row that came late may name it: the next round looks, and marks it
            hour_ns = each.span.from_ns // HOUR_NS * HOUR_NS
            self._agenda.told(Span(hour_ns, hour_ns + HOUR_NS), now_ns)
        # What is not due is of an hour that the agenda will name; its rows know how long it is.
        return replace(plan, recut=tuple(each for each in plan.recut if each.is_due), kept=())

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
        rules, now_ns = self._ports.rules, work.now_ns
        work.protection = self._protected = self._ports.evidence.protection(now_ns)
        for hour in work.hours:
            hour.plan = plan_destruction(self._living(hour.span, hour.gone), rules, work.protection, now_ns)
        strays = (*work.strays.destroy, *work.strays.overdue)
        work.strays = plan_destruction(strays, rules, work.protection, now_ns)

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
            left |= self._still_held(tier, names, work)
        gone = {each.name: each for each in wanted if each.name not in left}
        self.counts.files += len(gone)
        for hour in work.hours:
            hour.gone |= {each.name: each for each in hour.plan.destroy if each.name in gone}
        locked = {each.name for each in gone.values() if is_locked(each, work.protection)}
        self._recut_names |= locked
        late_ns = max(plan.late_ns for plan in work.plans)
        if work.destroy:
            self.counts.late_ms_max = max(self.counts.late_ms_max, late_ns // NS_PER_MS)
        for case in work.cases:
            try:
                self._ports.evidence.destroy(case, work.now_ns)
                self.counts.evidence_cases += 1
            except CsuError as error:
                work.failed.append(error)

    def _still_held(self, tier: Tier, names: Sequence[str], work: PurgeWork) -> set[str]:
        try:
            days = {utc_day(begun.start_ns) for name in names if (begun := segment_of(name)) is not None}
            held = set(names) & {name for day in days for name in tier.names(day)}
        except CsuError as error:
            work.failed.append(error)
            return set(names)  # a tier that does not answer has everything
        if held and not work.failed:
            work.failed.append(still_there(tier.name, len(held)))
        return held

    def _mark(self, work: PurgeWork) -> None:
        """Tell the catalogue, once no more of an hour goes for a while."""
        for hour in work.hours:
            plan, now_ns = hour.plan, work.now_ns
            waits = [each for each in (*plan.destroy, *plan.overdue) if each.name not in hour.gone]
            quiet = not waits and (plan.next_ns is None or plan.next_ns > now_ns + MARK_QUIET_NS)
            if quiet and hour.gone:
                self._mark_hour(hour, now_ns)
            self._agenda.told(hour.span, now_ns if waits else plan.next_ns)
            if not hour.gone:
                self._unmarked.pop(hour.span.from_ns, None)

    def _mark_hour(self, hour: PurgeHour, now_ns: Nanoseconds) -> None:
        reference = reference_of(now_ns)
        recut = [each for each in hour.gone.values() if each.name in self._recut_names]
        plain = [each for each in hour.gone.values() if each.name not in self._recut_names]
        for reason, ours, others in (
            (DestructionReason.EXPIRED, plain, recut),
            (DestructionReason.RECUT, recut, plain),
        ):
            cameras: dict[Span, list[CameraId]] = {}
            for camera, spans in stretches(ours, (*others, *hour.plan.kept)).items():
                for span in spans:
                    cameras.setdefault(span, []).append(camera)
            for span, at in cameras.items():
                self._ports.catalogue.destroy(
                    at, span.from_ns, span.to_ns, reason=reason, at_ns=now_ns, reference=reference
                )
        self._recut_names -= hour.gone.keys()
        hour.gone.clear()

    def _shred(self, work: PurgeWork) -> None:
        """Keys of which nothing may live, once nothing does; and those that a backup brought back."""
        ports = self._ports
        for key in work.keys:
            cameras, span = self._cameras_of(key.commune), span_of_utc_day(key.day)
            if not ports.keys.is_shredded(key.commune, key.day):
                if ports.catalogue.living(span.from_ns, span.to_ns, cameras).segments:
                    continue
                if not self._holders(span).isdisjoint(cameras):
                    continue
            ports.keys.shred(key.commune, key.day)
            self.counts.keys += 1

    def _keys_due(self, now_ns: Nanoseconds) -> list[KeyName]:
        keys = self._ports.keys
        return [*keys.came_back(), *(key for key in keys.kept() if self._key_due_ns(key) <= now_ns + LEAD_NS)]

    def _register(self, work: PurgeWork) -> None:
        ports = self._ports
        self.counts.recorded_lines += self._lines.add_recorded(ports.cameras().keys(), work.now_ns)
        kept = set(ports.keys.kept())
        made = self._lines.add_destroyed(
            work.now_ns,
            work.protection.locks,
            self._key_due_ns,
            lambda key: key not in kept,
            self._holders,
            ports.is_out_of_reach(),
        )
        self.counts.certificates += len(made)

    # -- small things -------------------------------------------------------------------------------------------------

    def _holders(self, span: Span) -> set[CameraId]:
        """Cameras of which a tier holds a file that begins in `span`. Raises DiskError."""
        days = sorted({utc_day(span.from_ns), utc_day(span.to_ns - 1)})
        names = (name for tier in self._ports.tiers for day in days for name in tier.names(day))
        begun = (segment_of(name) for name in names)
        return {each.camera for each in begun if each is not None and span.holds(each.start_ns)}

    def _key_due_ns(self, key: KeyName) -> Nanoseconds:
        if key not in self._key_due:
            self._key_due[key] = key_due_ns(key, self._cameras_of(key.commune), self._ports.rules)
        return self._key_due[key]

    def _cameras_of(self, commune: CommuneId) -> Collection[CameraId]:
        return [camera for camera, its in self._ports.cameras().items() if its == commune]

    def _commune_of(self, camera: CameraId) -> CommuneId:
        return self._ports.cameras().get(camera, NOBODY)

    def _wait_ns(self) -> Nanoseconds:
        """Until the next whole minute; sooner when an order wants something kept to an instant before it."""
        now_ns = self._ports.clock.now_ns()
        minute_ns = EVERY_NS - now_ns % EVERY_NS
        next_ns = self._agenda.next_ns
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
