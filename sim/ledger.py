"""What was recorded, day by day, and which faults and fault points were reached: the tables of a report. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from sim.language import read, say
from sim.run import RunResult
from sim.vocabulary import Trouble, Vocabulary


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC) of all cameras, in camera-seconds."""

    day: str
    expected_s: float
    recorded_s: float

    @property
    def share(self) -> float:
        """Recorded of expected, in [0, 1]."""
        return self.recorded_s / self.expected_s


def days(result: RunResult) -> tuple[Day, ...]:
    """The ledger. What is recorded is what the centre took in segments; the rest are holes, with or without a cause."""
    scenario = result.file.scenario
    begins_ns, ends_ns = scenario.epoch_ns, scenario.epoch_ns + scenario.duration
    missing: Counter[int] = Counter()
    for holes in result.witness.holes.values():
        for start_ns, end_ns in holes:
            for day, length_ns in _by_day(max(start_ns, begins_ns), min(end_ns, ends_ns)):
                missing[day] += length_ns
    found = []
    for day, length_ns in _by_day(begins_ns, ends_ns):
        expected_ns = length_ns * len(result.witness.cameras)
        said = f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"
        found.append(Day(said, expected_ns / NS_PER_S, (expected_ns - missing[day]) / NS_PER_S))
    return tuple(found)


def _by_day(start_ns: Nanoseconds, end_ns: Nanoseconds) -> Iterator[tuple[int, Nanoseconds]]:
    """[start_ns, end_ns) cut at midnights: the day, counted from 1970, and how much of it."""
    while start_ns < end_ns:
        day = start_ns // NS_PER_DAY
        until_ns = min(end_ns, (day + 1) * NS_PER_DAY)
        yield day, until_ns - start_ns
        start_ns = until_ns


@dataclass(frozen=True, slots=True)
class Reached:
    """One kind of fault, or one fault point of the engine: how often it really came."""

    name: str
    times: int
    of: str = ""
    """Passes of the point; nothing for a fault."""


def reached(result: RunResult, words: Vocabulary[Trouble]) -> tuple[Reached, ...]:
    """Every kind of fault that a scenario can declare, and every fault point that the engine passed."""
    kinds = Counter(signal.fields["kind"] for signal in result.timeline if signal.kind == "fault.began")
    told = Counter(line.kind for line in result.file.scenario.story)
    found = [
        Reached(read(word.said), max(kinds[word.name], told[word.name]))
        for word in words
        if word.name != "engine_trouble"
    ]
    for point, (passed, fired) in sorted(result.points.items()):
        found.append(Reached(point, fired, say(f"{passed} passages", f"{passed} passes")))
    return tuple(found)
