"""Who watches now, and what follows when fewer than two do: alert, restricted PTZ, the chief called (OPS-1). Pure.

A person watches while his workstation has seen him lately: who walks away without logging off is missed too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from csu.governance.mask_register import same_person
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

WATCHING_MIN = 2
"""Agents at the wall, day and night: local doctrine of Metz."""
UNSEEN_AFTER_NS = 45 * NS_PER_S
"""[D]: whose workstation saw nobody this long does not watch. Below the minute in which OPS-1 wants the alert."""
CALL_AGAIN_NS = 5 * NS_PER_MINUTE
"""[D]: the chief is called again while it lasts."""


class LeaveRefused(CsuError):
    """Fewer than two would be left, or the incoming team did not acknowledge the handover. The person still watches."""


class WatchCause(StrEnum):
    """Why the number of people on watch changed."""

    ARRIVED = "arrived"
    LEFT = "left"
    UNSEEN = "unseen"
    STARTED = "started"
    """The centre began: nobody is believed to watch before he shows."""


@dataclass(frozen=True, slots=True)
class WatchChanged:
    """Who watches from now on; `is_short`: PTZ is restricted and the wall takes its agreed scene while it is true."""

    watching: tuple[str, ...]
    is_short: bool
    cause: WatchCause
    person: str
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class ShortWatchAlert:
    """Fewer than two watch: tell the room, call the chief. `call`: 1 at once, 2, 3... while it lasts."""

    watching: tuple[str, ...]
    since_ns: Nanoseconds
    call: int
    at_ns: Nanoseconds


WatchEvent: TypeAlias = WatchChanged | ShortWatchAlert


class Watch:
    """The people at the wall. Each tick or event gives what changed; begin with a `tick`."""

    def __init__(self) -> None:
        self._seen: dict[str, Nanoseconds] = {}
        self._short_since_ns: Nanoseconds | None = None
        self._calls = 0
        self._call_due_ns: Nanoseconds = 0

    @property
    def watching(self) -> tuple[str, ...]:
        """In the order of their arrival."""
        return tuple(self._seen)

    @property
    def is_short(self) -> bool:
        """Fewer than two watch. True from the first: nobody has shown yet."""
        return len(self._seen) < WATCHING_MIN

    def arrive(self, person: str, now_ns: Nanoseconds) -> list[WatchEvent]:
        """A person logs on at the wall. However the name is typed, and at however many desks: one person."""
        if not person.strip():
            raise ValueError("nobody cannot watch")
        return self.see(person, now_ns) if self._known(person) else self._changed(person, WatchCause.ARRIVED, now_ns)

    def see(self, person: str, now_ns: Nanoseconds) -> list[WatchEvent]:
        """His workstation saw him: a key, a badge, an answer. Who was missed and is seen again has arrived."""
        known = self._known(person)
        if known is None:
            return self._changed(person, WatchCause.ARRIVED, now_ns)
        self._seen[known] = now_ns
        return []

    def leave(
        self, person: str, now_ns: Nanoseconds, *, handed_over: bool = True, urgent_reason: str = ""
    ) -> list[WatchEvent]:
        """A person logs off; for an urgent reason he may whoever is left: the alert tells. Empty: he was not there.

        `handed_over`: the incoming team acknowledged the note of his shift. Raises LeaveRefused.
        """
        known = self._known(person)
        if known is None:
            return []
        if not urgent_reason.strip():
            if len(self._seen) - 1 < WATCHING_MIN:
                raise _refused(
                    known,
                    Words(
                        f"il resterait {len(self._seen) - 1} agent(s) en poste",
                        f"{len(self._seen) - 1} agent(s) would be left on watch",
                    ),
                )
            if not handed_over:
                raise _refused(
                    known,
                    Words(
                        "la relève n'a pas acquitté la consigne",
                        "the incoming team did not acknowledge the handover note",
                    ),
                )
        return self._changed(known, WatchCause.LEFT, now_ns)

    def tick(self, now_ns: Nanoseconds) -> list[WatchEvent]:
        """Miss who was not seen for UNSEEN_AFTER_NS; call again. Call it when `due_at_ns` has come, or every 10 s."""
        told: list[WatchEvent] = []
        for person, seen_ns in list(self._seen.items()):
            if now_ns - seen_ns >= UNSEEN_AFTER_NS:
                told += self._changed(person, WatchCause.UNSEEN, now_ns)
        if self.is_short and self._short_since_ns is None:
            told += [WatchChanged(self.watching, True, WatchCause.STARTED, "", now_ns), *self._alert(now_ns)]
        elif self.is_short and now_ns >= self._call_due_ns:
            told += self._alert(now_ns)
        return told

    def due_at_ns(self) -> Nanoseconds:
        """When `tick` has something to tell next, if nobody comes, goes or is seen before."""
        unseen = [seen_ns + UNSEEN_AFTER_NS for seen_ns in self._seen.values()]
        return min([*unseen, self._call_due_ns] if self.is_short else unseen)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _known(self, person: str) -> str | None:
        return next((known for known in self._seen if same_person(known, person)), None)

    def _changed(self, person: str, cause: WatchCause, now_ns: Nanoseconds) -> list[WatchEvent]:
        if cause is WatchCause.ARRIVED:
            self._seen[person] = now_ns
        else:
            del self._seen[person]
        changed = WatchChanged(self.watching, self.is_short, cause, person, now_ns)
        if not self.is_short:
            self._short_since_ns = None
            return [changed]
        if self._short_since_ns is not None or cause is WatchCause.ARRIVED:
            return [changed]  # told before, or at the first tick: who comes alarms nobody
        return [changed, *self._alert(now_ns)]

    def _alert(self, now_ns: Nanoseconds) -> list[WatchEvent]:
        if self._short_since_ns is None:
            self._short_since_ns, self._calls = now_ns, 0
        self._calls += 1
        self._call_due_ns = now_ns + CALL_AGAIN_NS
        return [ShortWatchAlert(self.watching, self._short_since_ns, self._calls, now_ns)]


def _refused(person: str, what: Words) -> LeaveRefused:
    return LeaveRefused(
        what,
        where=person,
        what_to_do=Words(
            "Attendez la relève, ou donnez la raison de votre départ : le chef sera appelé",
            "Wait for your relief, or give the reason why you leave: the chief will be called",
        ),
    )
