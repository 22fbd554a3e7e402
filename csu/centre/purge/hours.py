"""The catalogue's hours, as the purge goes through them: what is due now, and what the catalogue is told afterwards.

What was read of an hour is kept while its footage expires, minute after minute, and read again when the catalogue knows
something else of it; the rules are asked once an hour of footage and camera. Calls block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from csu.centre.purge.ports import PurgePorts
from csu.centre.purge.work import PurgeHour, PurgeWork, is_locked, reference_of
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.recording import DestructionReason
from csu.recording.agenda import Agenda
from csu.recording.destruction import (
    HOUR_NS,
    DestructionPlan,
    Footage,
    Protection,
    changed,
    span_of_utc_day,
    stretches,
)
from csu.recording.hour_footage import HourFootage

MARK_QUIET_NS = HOUR_NS
"""The catalogue is told of an hour's files once no more of them go within this: a mark a camera and hour, not 60."""


class PurgeHours:
    """One for each purge; it alone reads the agenda."""

    def __init__(self, ports: PurgePorts) -> None:
        self._ports = ports
        self._agenda = Agenda()
        self._hours: dict[Nanoseconds, PurgeHour] = {}
        """Read, and something of them goes within the hour or is gone and not told."""
        self._recut_names: set[str] = set()
        self._protected = Protection()

    @property
    def exact_ns(self) -> Nanoseconds | None:
        """The next instant up to which an order wants something kept, within the hour; None: there is none."""
        exact = (hour.plan.exact_ns for hour in self._hours.values())
        return min((at for at in exact if at is not None), default=None)

    def forget(self, differ: Iterable[Span]) -> None:
        """Rules or cameras are others. `differ`: the footage that has another rule now."""
        for span in differ:
            self._agenda.look_again(span)
        self._hours = {at: hour for at, hour in self._hours.items() if hour.gone}
        for hour in self._hours.values():
            hour.version = None

    def look_again(self, span: Span, now_ns: Nanoseconds) -> None:
        """Something of this hour was found that its plan did not name."""
        self._agenda.told(span, now_ns)

    def find(self, days: Sequence[date], now_ns: Nanoseconds, protection: Protection) -> list[PurgeHour]:
        """What is to be done now in each hour that may hold something due. `days`: the catalogue's."""
        self._protect(protection)
        if not days:
            return []
        oldest_ns = span_of_utc_day(days[0]).from_ns - HOUR_NS  # a segment over midnight is of the next day's file
        found = []
        for span in self._agenda.due(oldest_ns, self._ports.shortest_days(), now_ns):
            hour = self._read(span)
            hour.plan = hour.footage.plan(now_ns, protection)
            found.append(hour)
        return found

    def plan_again(self, hours: Iterable[PurgeHour], protection: Protection, now_ns: Nanoseconds) -> None:
        """Evidence was copied out, holds or locks are others: decide anew."""
        self._protect(protection)
        for hour in hours:
            hour.plan = hour.footage.plan(now_ns, protection)

    def went(self, hours: Iterable[PurgeHour], gone: dict[str, Footage], protection: Protection) -> None:
        """These files, by name, are in no tier any more."""
        for hour in hours:
            ours = {each.name: each for each in hour.plan.destroy if each.name in gone}
            hour.gone |= ours
            hour.footage.forget(ours.values())
        self._recut_names |= {name for name, each in gone.items() if is_locked(each, protection)}

    def mark(self, work: PurgeWork) -> None:
        """Tell the catalogue, once no more of an hour goes for a while, and the agenda."""
        for hour in work.hours:
            plan, now_ns = hour.plan, work.now_ns
            waits = any(each.name not in hour.gone for each in (*plan.destroy, *plan.overdue))
            quiet = not waits and (plan.next_ns is None or plan.next_ns > now_ns + MARK_QUIET_NS)
            if quiet and hour.gone:
                self._mark_hour(hour, now_ns)
            self._agenda.told(hour.span, now_ns if waits else plan.next_ns)
            if quiet:
                self._hours.pop(hour.span.from_ns, None)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _protect(self, protection: Protection) -> None:
        """Look again at the hours where something was held, locked or released."""
        for spans in changed(self._protected, protection).values():
            for span in spans:
                self._agenda.look_again(span)
        self._protected = protection

    def _read(self, span: Span) -> PurgeHour:
        """As the catalogue knows it now, less what went and it was not told of."""
        ports = self._ports
        known = self._hours.get(span.from_ns)
        version = ports.catalogue.version(span.from_ns, span.to_ns)
        if known is not None and known.version == version:
            return known
        living = ports.catalogue.living_segments(span.from_ns, span.to_ns)
        footage = HourFootage(span, living, ports.rules, ports.cameras())
        gone = known.gone if known is not None else {}
        footage.forget(gone.values())
        plan = DestructionPlan()
        hour = self._hours[span.from_ns] = PurgeHour(span, version, footage, plan, gone)
        return hour

    def _mark_hour(self, hour: PurgeHour, now_ns: Nanoseconds) -> None:
        recut = [each for each in hour.gone.values() if each.name in self._recut_names]
        plain = [each for each in hour.gone.values() if each.name not in self._recut_names]
        left = hour.footage.of_cameras({each.camera for each in hour.gone.values()})
        for reason, ours, others in (
            (DestructionReason.EXPIRED, plain, [*recut, *left]),
            (DestructionReason.RECUT, recut, [*plain, *left]),
        ):
            for span, cameras in _marks(hour.span, ours, others).items():
                self._ports.catalogue.destroy(
                    cameras, span.from_ns, span.to_ns, reason=reason, at_ns=now_ns, reference=reference_of(now_ns)
                )
        self._recut_names -= hour.gone.keys()
        hour.gone.clear()


def _marks(hour: Span, gone: Sequence[Footage], others: Sequence[Footage]) -> dict[Span, list[CameraId]]:
    """Cameras by the stretch to be marked: the hour for those of which nothing else is in it, so that 1,300 cameras
    whose files begin at 1,300 instants are one call."""
    mixed = {each.camera for each in others}
    found: dict[Span, list[CameraId]] = {}
    for camera in sorted({each.camera for each in gone} - mixed):
        found.setdefault(hour, []).append(camera)
    for camera, spans in stretches((each for each in gone if each.camera in mixed), others).items():
        for span in spans:
            found.setdefault(span, []).append(camera)
    return found
