"""What of a counter may be read: late, in figures of five or more, as a partition of the day. A pure core.

A slot is readable an hour after it ended, or its own length if that is more (STA-1). A count from one to four is not
told: it is told together with the slots that follow, as one figure, as soon as they come to five (STA-2). A zero is
told: it is nobody. What has not come to five by the end of the day, or before a gap, is withheld.

So each slot is in one told figure at most, and every other figure is added up from those: no difference of two figures
is less than five, unless it is nought. Whoever also knows this rule learns no count of one to four: a joined figure of
five or more may be split in several ways (docs/decisions/0097). Later slots change no figure that was told before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.analysis import SlotCount
from csu.hal.clock import NS_PER_S, Nanoseconds

SMALL_BELOW = 5
"""STA-2 [D]."""
DELAY_S_MIN = 3600
"""[D]: STA-1 asks for the slot's length at least; an hour lets nobody act on it at once."""
SEEN_SHARE_MIN = 0.8
"""[D]: of a slot that was looked at less, the count is not told: a gap is no zero, and is not made up."""


class Told(StrEnum):
    """What a figure is."""

    COUNT = "count"
    SMALL = "small"
    """One to four: not told."""
    GAP = "gap"
    """Not looked at, or too little."""


@dataclass(frozen=True, slots=True)
class Figure:
    """What is told of [from_ns, to_ns): the count, or why there is none."""

    from_ns: Nanoseconds
    to_ns: Nanoseconds
    told: Told
    count: int | None = None


def readable_at_ns(slot_ns: Nanoseconds, slot_s: int) -> Nanoseconds:
    """From when a slot may be read. One that comes in later stays a gap: what was told would change."""
    return slot_ns + (slot_s + max(slot_s, DELAY_S_MIN)) * NS_PER_S


def usable(slot: SlotCount, slot_s: int) -> bool:
    """Whether enough of it was looked at, and it is of the length that its counter has now: another would change how a
    day is divided."""
    return slot.slot_s == slot_s and slot.seen_share >= SEEN_SHARE_MIN


def figures(counts: Iterable[int | None], from_ns: Nanoseconds, slot_s: int) -> tuple[Figure, ...]:
    """Of one line, class and direction: the slots of one day one after the other from `from_ns`; None: a gap."""
    told: list[Figure] = []
    length_ns, at_ns = slot_s * NS_PER_S, from_ns
    pending, since_ns = 0, from_ns
    for count in counts:
        if pending == 0:
            since_ns = at_ns
        end_ns = at_ns + length_ns
        if count is None:
            if pending:
                told.append(Figure(since_ns, at_ns, Told.SMALL))
            pending = 0
            told.append(Figure(at_ns, end_ns, Told.GAP))
        else:
            pending += count
            if pending == 0 or pending >= SMALL_BELOW:
                told.append(Figure(since_ns, end_ns, Told.COUNT, pending))
                pending = 0
        at_ns = end_ns
    if pending:
        told.append(Figure(since_ns, at_ns, Told.SMALL))
    return tuple(told)


def at_least(told: Sequence[Figure]) -> int:
    """The sum of what is told: no more can be said."""
    return sum(figure.count or 0 for figure in told)
