"""Which readings of a turning camera its masks are made from: what it answers when asked, or what it tells. Pure.

A camera is asked ten times a second, always. What it tells by itself with each picture is denser and better dated, so
it is taken while the camera turns; but only as long as the answers agree with it, and never for rest: a stream of
positions that stands still while the head turns on is the one lie that would open a mask. So a camera that tells what
is not true is worth no less than one that tells nothing, and one that falls silent neither.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from enum import StrEnum
from itertools import pairwise
from math import hypot, log2, remainder

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.place import Pose, PoseReading

TOLD_SILENT_NS = 250 * NS_PER_MS
"""Nothing told for so long, and answers are taken again: slower streams are not worth more than they."""
AGREED_NS_MAX = 500 * NS_PER_MS
"""What is told is believed for so long after an answer agreed with it."""
DISTRUSTED_NS = 60 * NS_PER_S
KEPT_NS = NS_PER_S
KEPT_MAX, ANSWERS_MAX = 128, 8
MOVES_OVER_NS = 80 * NS_PER_MS
"""It turns if it is elsewhere than so long before: by more than a head at rest trembles."""
TREMBLE_DEG, TREMBLE_DOUBLINGS = 0.1, 0.003
FASTEST_DEG_PER_S, FASTEST_DOUBLINGS_PER_S = 1.25 * 450.0, 1.25 * 4.0
"""A quarter more than the fastest mount on sale (`csu.masking.track.FASTEST_MOUNT`): what jumps is no head."""
ANSWER_OFF_NS = 50 * NS_PER_MS
"""How far an answer may be dated wrongly: half of the longest round trip. The masks allow any date as much
(`csu.masking.track.CAPTURE_JITTER_NS`), so what is told may lag behind unseen by no more than they hold."""
AHEAD_NS = 50 * NS_PER_MS
APART_NS_MIN = 10 * NS_PER_MS
"""From an answer to what is told: nearer, their dates would make a speed of nothing."""


class PoseSource(StrEnum):
    """What the masks of a camera are made from now."""

    ASKED = "asked"
    TOLD = "told"


class PoseSources:
    """One camera. What `asked` and `told` return goes to its node, in that order; None: what was said is void."""

    def __init__(self) -> None:
        self._told: deque[PoseReading] = deque(maxlen=KEPT_MAX)
        self._answers: deque[PoseReading] = deque(maxlen=ANSWERS_MAX)
        """Not compared yet: what is told of their instant is still to come."""
        self._given_ns: Nanoseconds | None = None
        """Date of the newest reading that was given."""
        self._is_told_newest = False
        self._told_given_ns: Nanoseconds | None = None
        self._agreed_ns: Nanoseconds | None = None
        self._distrusted_until_ns: Nanoseconds = 0
        self.contradictions = 0

    def source(self, now_ns: Nanoseconds) -> PoseSource:
        """Which of both is in use."""
        given_ns = self._told_given_ns
        is_told = given_ns is not None and now_ns - given_ns <= TOLD_SILENT_NS and self._is_agreed(now_ns)
        return PoseSource.TOLD if is_told else PoseSource.ASKED

    def asked(self, reading: PoseReading | None, now_ns: Nanoseconds) -> list[PoseReading | None]:
        """It was asked and answered; None: it could not say."""
        is_told = self.source(now_ns) is PoseSource.TOLD
        if reading is None:
            return [] if is_told else self._void()
        self._answers.append(reading)
        if self._contradicts():
            return [*self._distrust(now_ns), self._give(reading)]
        if is_told or self._is_overtaken(reading):
            return []
        return [self._give(reading)]

    def told(self, reading: PoseReading | None, now_ns: Nanoseconds) -> list[PoseReading | None]:
        """It told where it looked."""
        if (
            reading is None
            or now_ns < self._distrusted_until_ns
            or reading.at_ns > now_ns + AHEAD_NS
            or not reading.pose.is_finite()
        ):
            return []
        last = self._told[-1] if self._told else None
        if last is not None and reading.at_ns <= last.at_ns:
            return []
        self._told.append(reading)
        while reading.at_ns - self._told[0].at_ns > KEPT_NS:
            self._told.popleft()
        if (last is not None and _jumps(last, reading)) or self._contradicts():
            return self._distrust(now_ns)
        if not self._turns(reading):
            self._told_given_ns = None  # who rests is asked: see above
            return []
        is_new = self._given_ns is None or reading.at_ns >= self._given_ns + APART_NS_MIN
        if not is_new or not self._is_agreed(now_ns):
            return []
        self._told_given_ns = now_ns
        return [self._give(replace(reading, moving=True), is_told=True)]

    # -- inside -------------------------------------------------------------------------------------------------------

    def _give(self, reading: PoseReading, *, is_told: bool = False) -> PoseReading:
        self._given_ns, self._is_told_newest = reading.at_ns, is_told
        return reading

    def _is_overtaken(self, answer: PoseReading) -> bool:
        """Was something told of a later instant, a moment ago? A clock of ours that went back is another matter."""
        given_ns = self._given_ns
        return self._is_told_newest and given_ns is not None and 0 <= given_ns - answer.at_ns <= TOLD_SILENT_NS

    def _void(self) -> list[PoseReading | None]:
        """What was told and answered says nothing any more."""
        self._given_ns = self._told_given_ns = self._agreed_ns = None
        self._told.clear()
        self._answers.clear()
        return [None]

    def _distrust(self, now_ns: Nanoseconds) -> list[PoseReading | None]:
        self.contradictions += 1
        self._distrusted_until_ns = now_ns + DISTRUSTED_NS
        return self._void()

    def _is_agreed(self, now_ns: Nanoseconds) -> bool:
        return self._agreed_ns is not None and now_ns - self._agreed_ns <= AGREED_NS_MAX

    def _turns(self, reading: PoseReading) -> bool:
        """Is it elsewhere than a moment before?"""
        before = next((each for each in reversed(self._told) if reading.at_ns - each.at_ns >= MOVES_OVER_NS), None)
        return before is not None and _away(reading.pose, before.pose) > 1.0

    def _contradicts(self) -> bool:
        """Compare the answers around which enough was told; True as soon as one says otherwise."""
        while self._answers and self._told:
            answer = self._answers[0]
            off_ns = ANSWER_OFF_NS + answer.uncertain_ns
            if self._told[-1].at_ns < answer.at_ns + off_ns:
                return False  # later
            self._answers.popleft()
            if self._told[0].at_ns > answer.at_ns - off_ns:
                continue  # it told nothing yet then
            agrees = self._agrees(answer, off_ns)
            if agrees is False:
                return True
            self._agreed_ns = answer.at_ns if agrees else self._agreed_ns
        return False

    def _agrees(self, answer: PoseReading, off_ns: int) -> bool | None:
        """Was it, by what it told, around that instant where it answered that it was? None: it was silent then."""
        from_ns, to_ns = answer.at_ns - off_ns, answer.at_ns + off_ns
        first = max(index for index, each in enumerate(self._told) if each.at_ns <= from_ns)
        last = next(index for index, each in enumerate(self._told) if each.at_ns >= to_ns)
        around = list(self._told)[first : last + 1]
        if any(b.at_ns - a.at_ns > TOLD_SILENT_NS for a, b in pairwise(around)):
            return None
        return any(_is_between(answer.pose, a.pose, b.pose) for a, b in pairwise(around))


def _jumps(a: PoseReading, b: PoseReading) -> bool:
    apart_s = (b.at_ns - a.at_ns) / NS_PER_S
    turn_deg = hypot(remainder(a.pose.pan_deg - b.pose.pan_deg, 360.0), a.pose.tilt_deg - b.pose.tilt_deg)
    doublings = abs(log2(a.pose.focal_px / b.pose.focal_px))
    far_deg, far = FASTEST_DEG_PER_S * apart_s + TREMBLE_DEG, FASTEST_DOUBLINGS_PER_S * apart_s + TREMBLE_DOUBLINGS
    return turn_deg > far_deg or doublings > far


def _away(a: Pose, b: Pose) -> float:
    """How far two poses are apart, in trembles of a head at rest."""
    turn_deg = hypot(remainder(a.pan_deg - b.pan_deg, 360.0), a.tilt_deg - b.tilt_deg)
    return max(turn_deg / TREMBLE_DEG, abs(log2(a.focal_px / b.focal_px)) / TREMBLE_DOUBLINGS)


def _is_between(pose: Pose, a: Pose, b: Pose) -> bool:
    """On the way from a to b, each axis for itself, or a tremble beside."""
    pan_deg, there_deg = remainder(pose.pan_deg - a.pan_deg, 360.0), remainder(b.pan_deg - a.pan_deg, 360.0)
    axes = (
        (pan_deg, there_deg, TREMBLE_DEG),
        (pose.tilt_deg - a.tilt_deg, b.tilt_deg - a.tilt_deg, TREMBLE_DEG),
        (log2(pose.focal_px / a.focal_px), log2(b.focal_px / a.focal_px), TREMBLE_DOUBLINGS),
    )
    return all(min(0.0, end) - beside <= at <= max(0.0, end) + beside for at, end, beside in axes)
