"""Which deports are open, what they show to whom, and what ends them (OPS-4). Pure.

What shows more (a start, a prolongation) is only proposed: it counts once `keep` is told that it is on disk. What shows
less counts at once, and is written after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words
from csu.operations.deport import (
    BY_CSU,
    CAMERAS_MAX,
    OPEN_MAX,
    TOTAL_NS_MAX,
    Deport,
    DeportAsked,
    DeportEnd,
    DeportLine,
    DeportRecipient,
    DeportRule,
    DeportStep,
    deport_refused,
    deport_unknown,
    minutes_words,
    require_reason,
)

NEW = "deport"
"""Where a refusal is told of one that is not opened: nobody knows its name."""
REMEMBERED_MAX = 64
"""Ended ones that are still told."""

GoesOn = Callable[[Deport], bool]
"""Whether its incident is not over."""
Refusal = Callable[[Deport, CameraId], str]
"""The rule by which its recipient may no longer be shown that camera; empty: he may."""


class DeportBook:
    """All deports of a centre. Time never runs back in it: a clock that is set back prolongs nothing."""

    def __init__(self, kept: Iterable[Deport] = (), *, minutes_max: int) -> None:
        """`kept`: those on disk, oldest first. `minutes_max`: how far ahead an end may lie, by the doctrine."""
        self._deports: dict[str, Deport] = {}
        self._minutes_max = minutes_max
        self._latest_ns: Nanoseconds = 0
        for deport in kept:
            self._put(deport)

    def all(self) -> list[Deport]:
        """The open ones and those that ended lately, oldest first."""
        return list(self._deports.values())

    def open(self) -> list[Deport]:
        """Those that did not end, oldest first."""
        return [deport for deport in self._deports.values() if deport.is_open]

    def deport(self, deport: str) -> Deport:
        """One of them. Raises DeportUnknown."""
        found = self._deports.get(deport)
        if found is None:
            raise deport_unknown(deport)
        return found

    def shows(self, deport: str, account: str, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """Whether that person may be shown that camera by that deport now."""
        found = self._deports.get(deport)
        return found is not None and found.shows(account, camera, self._time(now_ns))

    # -- what the chief asks ---------------------------------------------------------------------------------------

    def start(
        self,
        deport: str,
        asked: DeportAsked,
        recipient: DeportRecipient,
        by: str,
        now_ns: Nanoseconds,
        *,
        goes_on: bool,
        closed: Mapping[CameraId, Words],
    ) -> Deport:
        """A deport to be kept; nothing is shown before `keep`. Raises DeportRefused.

        `goes_on`: the incident is known and not over. `closed`: cameras that may not be shown to him, and why.
        """
        now_ns = self._time(now_ns)
        require_reason(NEW, asked.reason)
        if bool(asked.alarm.strip()) is bool(asked.event.strip()) or not goes_on:
            raise deport_refused(
                NEW, DeportRule.INCIDENT, "aucun incident de ce nom n'est en cours", "no such incident goes on"
            )
        cameras = asked.cameras
        if not 1 <= len(cameras) <= CAMERAS_MAX or len(set(cameras)) < len(cameras):
            raise deport_refused(NEW, DeportRule.CAMERAS, f"{len(cameras)} caméras", f"{len(cameras)} cameras")
        for camera in cameras:
            if camera in closed:
                why = closed[camera]
                raise deport_refused(NEW, DeportRule.CLOSED, f"{camera} : {why.fr}", f"{camera}: {why.en}")
        if not recipient.cleared_from_ns <= now_ns < recipient.cleared_until_ns:
            raise deport_refused(
                NEW, DeportRule.RECIPIENT, "son habilitation ne vaut pas à cette date", "he is not cleared now"
            )
        self._require_room(recipient.account, cameras)
        until_ns = self._until(NEW, asked.minutes, now_ns, now_ns, recipient)
        line = DeportLine(DeportStep.STARTED, now_ns, by, asked.reason, until_ns=until_ns)
        return Deport(deport, asked.what, recipient, cameras, (line,), asked.alarm, asked.event)

    def prolong(self, deport: str, minutes: int, by: str, reason: str, now_ns: Nanoseconds) -> Deport:
        """The same until so many minutes from now; to be kept. Raises DeportUnknown, DeportRefused."""
        now_ns = self._time(now_ns)
        current = self.deport(deport)
        if not current.is_open or now_ns >= current.until_ns:
            raise deport_refused(deport, DeportRule.OVER, "ce déport est terminé", "this deport is over")
        require_reason(deport, reason)
        until_ns = self._until(deport, minutes, now_ns, current.from_ns, current.recipient)
        return current.with_line(DeportLine(DeportStep.PROLONGED, now_ns, by, reason, until_ns=until_ns))

    def keep(self, proposed: Deport) -> bool:
        """It is on disk: it counts. False: something happened to it meanwhile, and it does not."""
        before = self._deports.get(proposed.deport)
        if before is not None and not (before.is_open and proposed.goes_on_from(before)):
            return False
        self._put(proposed)
        return True

    def stop(self, deport: str, by: str, reason: str, now_ns: Nanoseconds) -> Deport | None:
        """The chief ends it, now; None: it was over. Raises DeportUnknown, DeportRefused: not for that reason."""
        now_ns = self._time(now_ns)
        current = self.deport(deport)
        if reason:
            require_reason(deport, reason)
        return self._end(current, DeportEnd.STOPPED, now_ns, by, reason) if current.is_open else None

    # -- what happens ----------------------------------------------------------------------------------------------

    def tick(self, now_ns: Nanoseconds, goes_on: GoesOn, refusal: Refusal | None = None) -> list[Deport]:
        """Those that ended or lost cameras: by time, with their incident, with the right. Call it each second while any
        is open; `refusal` None: rights are not asked this time."""
        now_ns = self._time(now_ns)
        changed: list[Deport] = []
        for deport in self.open():
            if now_ns >= deport.until_ns:
                # Nothing was shown after its end, whenever somebody looks: that is when it ended.
                changed.append(self._end(deport, DeportEnd.TIME, deport.until_ns))
            elif not goes_on(deport):
                changed.append(self._end(deport, DeportEnd.INCIDENT_OVER, now_ns))
            elif refusal is not None:
                changed += self._withdraw(deport, refusal, now_ns)
        return changed

    def resume(self, now_ns: Nanoseconds) -> list[Deport]:
        """The centre started again: what is still open goes on to the same end, and says so. Call it after a `tick`."""
        now_ns = self._time(now_ns)
        resumed = [each.with_line(DeportLine(DeportStep.RESUMED, now_ns, BY_CSU)) for each in self.open()]
        for deport in resumed:
            self._put(deport)
        return resumed

    # -- inside ----------------------------------------------------------------------------------------------------

    def _time(self, now_ns: Nanoseconds) -> Nanoseconds:
        self._latest_ns = max(self._latest_ns, now_ns)
        return self._latest_ns

    def _require_room(self, account: str, cameras: tuple[CameraId, ...]) -> None:
        for other in self.open():
            if other.recipient.account == account and (twice := set(cameras) & set(other.shown)):
                camera = min(twice)
                raise deport_refused(
                    NEW, DeportRule.TWICE, f"{camera} lui est déjà ouverte", f"{camera} is open to him already"
                )
        if len(self.open()) >= OPEN_MAX:
            raise deport_refused(NEW, DeportRule.MANY, f"{OPEN_MAX} déports ouverts", f"{OPEN_MAX} deports are open")

    def _until(
        self, deport: str, minutes: int, now_ns: Nanoseconds, from_ns: Nanoseconds, recipient: DeportRecipient
    ) -> Nanoseconds:
        if not 1 <= minutes <= self._minutes_max:
            most = self._minutes_max
            raise deport_refused(deport, DeportRule.LONG, f"de 1 à {most} min à la fois", f"1 to {most} min at a time")
        until_ns = now_ns + minutes * NS_PER_MINUTE
        if until_ns > from_ns + TOTAL_NS_MAX:
            most_words = minutes_words(TOTAL_NS_MAX)
            raise deport_refused(
                deport, DeportRule.LONG, f"{most_words.fr} au plus en tout", f"{most_words.en} at most in all"
            )
        return min(until_ns, recipient.cleared_until_ns)

    def _withdraw(self, deport: Deport, refusal: Refusal, now_ns: Nanoseconds) -> list[Deport]:
        rules = {camera: rule for camera in deport.shown if (rule := refusal(deport, camera))}
        if not rules:
            return []
        rule = next(iter(rules.values()))
        if len(rules) == len(deport.shown):
            return [self._end(deport, DeportEnd.RIGHT, now_ns, BY_CSU, rule)]
        line = DeportLine(DeportStep.WITHDRAWN, now_ns, BY_CSU, rule, cameras=tuple(rules))
        self._put(lessened := deport.with_line(line))
        return [lessened]

    def _end(self, deport: Deport, why: DeportEnd, at_ns: Nanoseconds, by: str = BY_CSU, reason: str = "") -> Deport:
        ended = deport.with_line(DeportLine(DeportStep.ENDED, at_ns, by, reason, why=why))
        self._put(ended)
        return ended

    def _put(self, deport: Deport) -> None:
        self._deports[deport.deport] = deport
        over = [name for name, each in self._deports.items() if not each.is_open]
        for name in over[: max(0, len(over) - REMEMBERED_MAX)]:
            del self._deports[name]
