"""When, in a story: a time of day, so long after the start, so long after a named event."""

from __future__ import annotations

import re
from dataclasses import dataclass

from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from csu.notation.quantities import NAME, BadQuantity, duration_ns

_CLOCK_TIME = re.compile(r"(?:[DJ]\+(\d{1,3})\s+)?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_AFTER_NAME = re.compile(rf"({NAME.pattern})(?:\s*\+\s*(.+))?")


@dataclass(frozen=True, slots=True)
class Instant:
    """When, in a story. One of: a time of day, so long after the start, so long after a named event."""

    time_of_day_ns: Nanoseconds | None = None
    day: int | None = None
    """With a time of day: how many days after the first; None: the next time that the clock shows it."""
    event: str | None = None
    delay_ns: Nanoseconds = 0
    """After the event, or after the start."""

    def after(self, start_time_of_day_ns: Nanoseconds) -> Nanoseconds:
        """How long after a start at that time of day, for what no event begins. Negative: before the start."""
        if self.time_of_day_ns is None:
            return self.delay_ns
        since_ns = self.time_of_day_ns - start_time_of_day_ns
        return since_ns % NS_PER_DAY if self.day is None else self.day * NS_PER_DAY + since_ns


def instant(text: object) -> Instant:
    """`14:40`, `J+2 14:40`, `+40 min` after the start, `demonstration + 40 min`. Raises BadQuantity."""
    words = str(text).strip()
    if found := _CLOCK_TIME.fullmatch(words):
        hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
        day = int(found[1]) if found[1] else None
        return Instant(((hours * 60 + minutes) * 60 + seconds) * NS_PER_S, day)
    if words.startswith("+"):
        return Instant(delay_ns=duration_ns(words[1:]))
    if _AFTER_NAME.fullmatch(words):
        return after_event(words)
    raise BadQuantity(
        f"{text!r} n'est pas un instant : écrivez une heure (14:40, J+2 14:40), un délai (+40 min) "
        "ou un événement (manif + 40 min)",
        f"{text!r} is no instant: write a time (14:40, D+2 14:40), a delay (+40 min) or an event (march + 40 min)",
    )


def after_event(text: object) -> Instant:
    """`demonstration`, or `demonstration + 40 min`. Raises BadQuantity."""
    found = _AFTER_NAME.fullmatch(str(text).strip())
    if not found:
        raise BadQuantity(
            f"{text!r} n'est pas un événement : écrivez son nom, et au besoin un délai (manif + 40 min)",
            f"{text!r} is no event: write its name, with a delay if need be (march + 40 min)",
        )
    return Instant(event=found[1], delay_ns=duration_ns(found[2]) if found[2] else 0)
