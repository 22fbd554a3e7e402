"""What processes use, sampled each second: CPU time, memory, how full the cores are, how late threads wake."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.crowd.node_watch.sitecustomize import BIN_MS
from csu.hal.clock import Nanoseconds

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_IDLE, _WAITING = 3, 4


@dataclass(frozen=True, slots=True)
class Sample:
    """At one instant. CPU in seconds since each process began."""

    at_ns: Nanoseconds
    engine_cpu_s: float
    sources_cpu_s: float
    centre_cpu_s: float
    """Of the process that stands for the centre: it hears the nodes and writes the catalogue (and takes samples)."""
    machine_busy_s: float
    """Of all cores, whoever used them."""
    engine_mib: float
    sources_mib: float
    load: float


def cpu_of(pid: int) -> float:
    """User and system seconds of a running process, ended threads included. Raises OSError when it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_mib(pid: int) -> float:
    """Resident memory. Raises OSError when the process is gone."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def sample(at_ns: Nanoseconds, engine: Sequence[int], sources: int) -> Sample:
    """Now. `engine`: the nodes' processes. Raises OSError when one is gone."""
    ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    return Sample(
        at_ns,
        sum(map(cpu_of, engine)),
        cpu_of(sources),
        cpu_of(os.getpid()),
        (sum(ticks) - ticks[_IDLE] - ticks[_WAITING]) / _TICKS_PER_S,
        sum(map(resident_mib, engine)),
        resident_mib(sources),
        os.getloadavg()[0],
    )


@dataclass(frozen=True, slots=True)
class Lag:
    """How late a sleeping thread of a media process wakes, over all of them."""

    p50_ms: float
    p99_ms: float
    worst_ms: float
    """The worst p99 of any one process."""


def lag_between(directory: Path, from_ns: Nanoseconds, until_ns: Nanoseconds) -> Lag:
    """Over the seconds that lie between, of every process that was watched."""
    counts = [_bins(file, from_ns, until_ns) for file in sorted(directory.glob("*.lag"))]
    every = sum(counts, Counter())
    return Lag(
        _share_ms(every, 0.5), _share_ms(every, 0.99), max((_share_ms(each, 0.99) for each in counts), default=0.0)
    )


def _bins(file: Path, from_ns: Nanoseconds, until_ns: Nanoseconds) -> Counter[int]:
    found: Counter[int] = Counter()
    for line in file.read_text().splitlines():
        at_ns, bins = json.loads(line)
        if from_ns <= at_ns < until_ns:
            found.update(dict(bins))
    return found


def _share_ms(bins: Counter[int], share: float) -> float:
    """The upper end of the bin that holds this quantile; 0 without any."""
    left = sum(bins.values()) * share
    for place, count in sorted(bins.items()):
        left -= count
        if left <= 0:
            return (place + 1) * BIN_MS
    return 0.0


def rates(samples: Iterable[Sample], name: str) -> list[float]:
    """Cores in use from each sample to the next, of one of the CPU fields."""
    given = list(samples)
    return [
        (getattr(later, name) - getattr(earlier, name)) / ((later.at_ns - earlier.at_ns) / 1e9)
        for earlier, later in zip(given, given[1:], strict=False)
    ]
