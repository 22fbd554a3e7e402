"""What the rules have in common: an event is told once, and again only after it was over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from csu.detection.observed import Finding, Observed
from csu.detection.rules.zone import BOXES_MAX, Box, ZoneOnPicture, shares
from csu.hal.analysis import EventType
from csu.hal.clock import NS_PER_S, Nanoseconds

UNSEEN_S_MAX = 10.0
"""After so long without a picture nothing that was seen before it counts [D]."""


@dataclass(frozen=True, slots=True)
class Holding:
    """An event that goes on: since when, where (px), how sure (0 to 1, of this rule only)."""

    since_ns: Nanoseconds
    boxes: Sequence[Box]
    score: float


class OfZone(ABC):
    """One type in one zone: what goes on in a picture is `_holds`'s to say, when it is told is said here."""

    TYPE: EventType
    VERSION: int

    def __init__(self, zone: ZoneOnPicture, clear_s: float) -> None:
        self._zone = zone
        self._clear_ns = round(clear_s * NS_PER_S)
        self._last_ns: Nanoseconds | None = None
        self._held_ns: Nanoseconds | None = None
        """When the event that was told last held; None: none goes on."""

    @property
    def zone(self) -> str:
        """Its name."""
        return self._zone.name

    @property
    def version(self) -> str:
        return f"{self.TYPE.value}/{self.VERSION}"

    def step(self, seen: Observed) -> Sequence[Finding]:
        """One picture, later than the last. At most one finding."""
        at_ns, last_ns = seen.at_ns, self._last_ns
        is_broken = last_ns is not None and not 0 < at_ns - last_ns <= UNSEEN_S_MAX * NS_PER_S
        if seen.motion.scene_changed or is_broken:
            self.reset()
        self._last_ns = at_ns
        if seen.motion.scene_changed:
            return ()
        holding = self._holds(seen)
        if holding is None:
            if self._held_ns is not None and at_ns - self._held_ns >= self._clear_ns:
                self._held_ns = None
            return ()
        is_new, self._held_ns = self._held_ns is None, at_ns
        if not is_new:
            return ()
        boxes = tuple(shares(box, seen.size_px) for box in holding.boxes[:BOXES_MAX])
        score = min(max(holding.score, 0.0), 1.0)
        return (Finding(self.TYPE, self._zone.name, holding.since_ns, at_ns, boxes, score),)

    def reset(self) -> None:
        """Forget all that was seen: the view changed."""
        self._last_ns = self._held_ns = None
        self._forget()

    @abstractmethod
    def _holds(self, seen: Observed) -> Holding | None:
        """What goes on in this picture, by it and those before; None: nothing."""

    @abstractmethod
    def _forget(self) -> None:
        """Drop all that was seen."""


class MostLately:
    """The largest of what was counted over the last `length_s`."""

    def __init__(self, length_s: float) -> None:
        self._length_ns = round(length_s * NS_PER_S)
        self._counted: deque[tuple[Nanoseconds, int]] = deque()

    def add(self, at_ns: Nanoseconds, count: int) -> int:
        """One picture, and the largest with it."""
        self._counted.append((at_ns, count))
        while self._counted[0][0] < at_ns - self._length_ns:
            self._counted.popleft()
        return max(each for _, each in self._counted)

    def clear(self) -> None:
        self._counted.clear()


class Window:
    """Whether something was so, over the last `length_s` of pictures."""

    def __init__(self, length_s: float) -> None:
        self._length_ns = round(length_s * NS_PER_S)
        self._said: deque[tuple[Nanoseconds, bool]] = deque()
        self._true = 0

    def add(self, at_ns: Nanoseconds, is_so: bool) -> None:
        """One picture. Those older than the window go, but for the one that the window begins in."""
        self._said.append((at_ns, is_so))
        self._true += is_so
        while len(self._said) > 1 and self._said[1][0] <= at_ns - self._length_ns:
            self._true -= self._said.popleft()[1]

    @property
    def share(self) -> float | None:
        """Of its pictures, those in which it was so; None: the window is not full yet, or holds too few to say."""
        if len(self._said) < 2 or self._said[-1][0] - self._said[0][0] < self._length_ns:
            return None
        return self._true / len(self._said)

    @property
    def since_ns(self) -> Nanoseconds:
        """Its first picture."""
        return self._said[0][0]

    @property
    def last_ns(self) -> Nanoseconds:
        return self._said[-1][0]

    def clear(self) -> None:
        self._said.clear()
        self._true = 0
