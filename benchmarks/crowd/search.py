"""Which count to try next. A pure core: counts and whether they held in, counts out."""

from __future__ import annotations

from dataclasses import dataclass, field

STEP = 5
TRIES = 2
"""Times a count may fail before it is believed: others use the machine too."""


@dataclass(slots=True)
class Search:
    """For the highest count that holds, at most `most`, to a twentieth."""

    most: int
    highest: int = 0
    """That held."""
    lowest: int | None = None
    """That failed, `TRIES` times."""
    failed: dict[int, int] = field(default_factory=dict)

    def tried(self, count: int, holds: bool) -> None:
        """What became of a stage."""
        if holds:
            self.highest = max(self.highest, count)
            return
        self.failed[count] = self.failed.get(count, 0) + 1
        if self.failed[count] >= TRIES:
            self.lowest = min(count, self.lowest or count)

    def following(self, guess: int) -> int | None:
        """The next count to try; None when the highest is known. `guess`: what the last stage's CPU lets expect."""
        again = [count for count, times in self.failed.items() if times < TRIES and count > self.highest]
        if again and (self.lowest is None or min(again) < self.lowest):
            return min(again)
        if self.highest >= self.most:
            return None
        if self.lowest is None:
            return min(self.most, max(self.highest + STEP, _rounded(min(guess, 3 * max(self.highest, STEP)))))
        if self.lowest - self.highest <= max(STEP, self.highest // 20):
            return None
        between = _rounded((self.highest + self.lowest) // 2)
        return between if self.highest < between < self.lowest else None

    def below(self, count: int) -> int:
        """What to fall back to where the long run fails at a count that a short one bore."""
        return max(1, min(count - 1, _rounded(count * 9 // 10)))


def _rounded(count: int) -> int:
    return count // STEP * STEP
