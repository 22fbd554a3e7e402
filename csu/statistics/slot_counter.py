"""Crossings and deposits of one camera, added up at once: between two calls there are counters, and nothing of whom.

Runs where the pictures are (STA-2). What it gives is a `SlotCount` when a slot is over. A slot of which nothing was
looked at is not told: it is a gap, and no zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from csu.hal.analysis import BinPlace, CountLine, ObjectClass, SlotCount
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.statistics.counters import DEPOSIT, SLOTS_S, unusable

STRETCH_NS_MAX = 60 * NS_PER_S
"""Of a longer silence between two `looked` nothing was looked at, whatever is said."""


@dataclass(slots=True)
class _OpenSlot:
    """One counter's slot that is not over. `now`, `after`: what is counted -> [forward, backward]; `after` belongs to
    the slot that begins when this one ends."""

    counter: str
    slot_s: int
    now: dict[str, list[int]]
    after: dict[str, list[int]]
    from_ns: Nanoseconds = 0
    seen_ns: float = 0.0

    @property
    def to_ns(self) -> Nanoseconds:
        return self.from_ns + self.slot_s * NS_PER_S

    def begin(self, at_ns: Nanoseconds) -> None:
        """The slot that `at_ns` lies in, nothing counted."""
        self.from_ns = at_ns - at_ns % (self.slot_s * NS_PER_S)
        self.seen_ns = 0.0
        for counts in (*self.now.values(), *self.after.values()):
            counts[:] = 0, 0

    def add(self, counted: str, is_forward: bool, at_ns: Nanoseconds) -> None:
        """One more, if that is counted here."""
        counts = (self.after if at_ns >= self.to_ns else self.now).get(counted)
        if counts is not None:
            counts[0 if is_forward else 1] += 1

    def run(self, since_ns: Nanoseconds, at_ns: Nanoseconds, share: float, camera: CameraId) -> list[SlotCount]:
        """Time went on; the counts of the slot that ended meanwhile, if it did and anything of it was looked at."""
        self.seen_ns += share * (min(at_ns, self.to_ns) - since_ns)
        if at_ns < self.to_ns:
            return []
        ended = self._told(camera) if self.seen_ns > 0 else []
        to_ns = self.to_ns
        self.now, self.after = self.after, self.now
        for counts in self.after.values():
            counts[:] = 0, 0
        self.from_ns, self.seen_ns = to_ns, share * (at_ns - to_ns)
        if at_ns >= self.to_ns:  # a silence longer than a slot: nothing of it was looked at
            self.begin(at_ns)
        return ended

    def _told(self, camera: CameraId) -> list[SlotCount]:
        seen = min(1.0, self.seen_ns / (self.slot_s * NS_PER_S))
        return [
            SlotCount(camera, self.counter, counted, self.from_ns, self.slot_s, forward, backward, seen)
            for counted, (forward, backward) in self.now.items()
        ]


@dataclass(slots=True)
class SlotCounter:
    """All lines and bins of one camera. Raises CountersUnusable for a slot shorter than five minutes."""

    camera: CameraId
    lines: Sequence[CountLine] = ()
    bins: Sequence[BinPlace] = ()
    _open: dict[str, _OpenSlot] = field(init=False, default_factory=dict)
    _looked_to_ns: Nanoseconds | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        for line in self.lines:
            self._add(line.line, line.slot_s, sorted(line.classes))
        for place in self.bins:
            self._add(place.bin, place.slot_s, [DEPOSIT])

    def crossed(self, counter: str, object_class: ObjectClass, forward: bool, at_ns: Nanoseconds) -> None:
        """Somebody or something crossed a line. Before the first `looked` nothing counts."""
        if self._looked_to_ns is not None:
            self._open[counter].add(object_class, forward, at_ns)

    def deposit(self, bin: str, at_ns: Nanoseconds) -> None:
        """Something was put into a bin (`BinVisits`)."""
        if self._looked_to_ns is not None:
            self._open[bin].add(DEPOSIT, True, at_ns)

    def looked(self, at_ns: Nanoseconds, share: float) -> list[SlotCount]:
        """Of the time since the last call, this share (0 to 1) was looked at. The slots that are over by then.

        Call it after each picture, or every few seconds, also while no picture comes. A clock that steps back begins
        anew: what was open is forgotten.
        """
        since_ns, self._looked_to_ns = self._looked_to_ns, at_ns
        if since_ns is None or at_ns < since_ns:
            for each in self._open.values():
                each.begin(at_ns)
            return []
        seen = 0.0 if at_ns - since_ns > STRETCH_NS_MAX else min(1.0, max(0.0, share))
        return [told for each in self._open.values() for told in each.run(since_ns, at_ns, seen, self.camera)]

    def _add(self, counter: str, slot_s: int, counted: Sequence[str]) -> None:
        if slot_s not in SLOTS_S:
            raise unusable(counter, Words(f"une tranche dure {SLOTS_S} s", f"a slot lasts {SLOTS_S} s"))
        if counter in self._open:
            raise unusable(counter, Words("ce nom est donné deux fois", "this name is given twice"))
        now, after = ({each: [0, 0] for each in counted} for _ in range(2))
        self._open[counter] = _OpenSlot(counter, slot_s, now, after)
