"""A camera's clock in ours, to milliseconds: by what it answers when it is asked, and by what it tells. Pure.

An answer was stamped between question and answer; what it tells by itself was stamped before it came. Together they
hold the difference between two bounds, which the quickest exchange of the last minute narrows. Bounds that contradict
each other are a clock that jumped, or lies: then nothing is known, until it is measured anew (PRV-5).
"""

from __future__ import annotations

from collections import deque

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds

WINDOW_NS = 60 * NS_PER_S
BUCKET_NS = NS_PER_S
"""Answers of one second are kept as what they say together."""
DRIFT = 100e-6
"""Nine seconds a day: worse than any crystal; the bounds of a minute ago are that much wider."""
UNCERTAIN_NS_MAX = 40 * NS_PER_MS
"""Beyond this a date is worth no more than a question's."""
OLD_NS_MAX = 500 * NS_PER_MS
"""What a camera tells later than this after it held is late beyond use."""
SAMPLES_MIN = 3


class CameraClock:
    """Of one camera. All times ns; `told_ns` by its clock, the others by ours."""

    def __init__(self) -> None:
        self._answers: deque[tuple[Nanoseconds, int, int]] = deque()
        """Seconds: since when, and the bounds of what must be added to its clock."""
        self._known: tuple[Nanoseconds, int, int] | None = None
        """When it was found, what to add, and how far that may be off."""
        self._count = 0
        self._before_ns: Nanoseconds | None = None

    def asked(self, sent_ns: Nanoseconds, told_ns: Nanoseconds, received_ns: Nanoseconds) -> None:
        """It was asked, and stamped its answer. One cut off to the second is a second wide."""
        low, high = sent_ns - told_ns, received_ns - told_ns
        if told_ns % NS_PER_S == 0:
            low -= NS_PER_S
        self._count += 1
        if self._answers and 0 <= received_ns - self._answers[-1][0] < BUCKET_NS:
            since_ns, least, most = self._answers.pop()
            self._answers.append((since_ns, max(least, low), min(most, high)))
        else:
            self._answers.append((received_ns, low, high))
        while received_ns - self._answers[0][0] > WINDOW_NS:
            self._answers.popleft()
        self._known = self._find(received_ns)
        if self._known is None and self._count >= SAMPLES_MIN:
            self._answers.clear()
            self._answers.append((received_ns, low, high))
            self._count = 1

    def shift(self, now_ns: Nanoseconds) -> tuple[int, int] | None:
        """(what to add to its clock, how far that may be off); None: nobody knows well enough."""
        if self._known is None or self._count < SAMPLES_MIN or now_ns - self._known[0] > WINDOW_NS:
            return None
        found_ns, shift, half = self._known
        uncertain_ns = half + NS_PER_MS + round(abs(now_ns - found_ns) * DRIFT)
        return (shift, uncertain_ns) if uncertain_ns <= UNCERTAIN_NS_MAX else None

    def _find(self, now_ns: Nanoseconds) -> tuple[Nanoseconds, int, int] | None:
        """None: what it answered contradicts itself."""
        widths = [(low, high, round(abs(now_ns - at_ns) * DRIFT)) for at_ns, low, high in self._answers]
        least = max(low - wide for low, _, wide in widths)
        most = min(high + wide for _, high, wide in widths)
        if least > most + NS_PER_MS:  # it is told to the millisecond
            return None
        return now_ns, (least + most) // 2, max(most - least, 0) // 2

    def dated(self, told_ns: Nanoseconds, arrived_ns: Nanoseconds) -> tuple[Nanoseconds, int] | None:
        """(when by our clock, how far that may be off) of what it told by itself. None: it cannot be dated, or not
        believed: told to the second only, dated after it came, or too long before."""
        is_coarse = told_ns % NS_PER_S == 0 and (self._before_ns is None or self._before_ns % NS_PER_S == 0)
        self._before_ns = told_ns
        known = self.shift(arrived_ns)
        if known is None or is_coarse:
            return None
        shift, uncertain_ns = known
        at_ns = told_ns + shift
        if not -uncertain_ns <= arrived_ns - at_ns <= OLD_NS_MAX + uncertain_ns:
            return None
        return min(at_ns, arrived_ns), uncertain_ns
