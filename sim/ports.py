"""The virtual clock, chance, identifiers and planned trouble: what the engine is given instead of the host's."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

from simpy import Environment

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Nanoseconds

_DRAW_BITS = 53
"""A draw fills a float's mantissa: `uniform` then reaches every value it can."""


class VirtualClock:
    """The environment's time, counted from `epoch_ns` (ns UTC). The host's clock of the centre may be set wrong."""

    def __init__(self, env: Environment, epoch_ns: Nanoseconds) -> None:
        self._env = env
        self.epoch_ns = epoch_ns
        self.error_ns: Nanoseconds = 0
        """How far the centre's own clock is ahead of the world's: a fault, 0 unless a test sets it."""

    def now_ns(self) -> Nanoseconds:
        return self.epoch_ns + int(self._env.now) + self.error_ns

    def monotonic_ns(self) -> Nanoseconds:
        return int(self._env.now)


class HostClock(VirtualClock):
    """The clock of the centre's own machine, apart from the world's: a time server may set it wrong."""


class SeededChance:
    """Counter-based randomness: draw k of a stream is BLAKE2b(seed and name, k).

    No state is shared between streams, and a draw is the same on every machine and version of Python.
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._key = blake2b(seed.encode(), digest_size=32).digest()
        self._drawn = 0

    def stream(self, name: str) -> SeededChance:
        return SeededChance(f"{self._seed}/{name}")

    def uniform(self, low: float, high: float) -> float:
        # `low + share * width` can round up to `high`, which the interval does not hold.
        value = low + (self._draw() >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS) * (high - low)
        return value if value < high or high <= low else low

    def integer(self, low: int, high: int) -> int:
        if low > high:
            raise ValueError(f"no integer lies in [{low}, {high}]")
        count = high - low + 1
        limit = (1 << 64) - (1 << 64) % count  # beyond it the first values would come up more often
        while (draw := self._draw()) >= limit:
            pass
        return low + draw % count

    def _draw(self) -> int:
        digest = blake2b(self._drawn.to_bytes(8, "little"), key=self._key, digest_size=8).digest()
        self._drawn += 1
        return int.from_bytes(digest, "little")


class CountingIds:
    """`kind-1`, `kind-2`...: one count for each kind, so that a new kind renames nothing."""

    def __init__(self) -> None:
        self._given: dict[str, int] = {}

    def new(self, kind: str) -> str:
        self._given[kind] = number = self._given.get(kind, 0) + 1
        return f"{kind}-{number}"


@dataclass(frozen=True, slots=True)
class PlannedTrouble:
    """What may happen at one fault point. The shares lie in [0, 1]."""

    active_share: float = 1.0
    """Chance that the point makes trouble at all in a run: runs without it are worth having too."""
    fires_share: float = 0.25
    """Chance of each pass, in a run where the point is active. 25 % as in FoundationDB's buggify."""
    fails_share: float = 0.0
    """Of the passes that fire: how many raise OSError after the delay."""
    delay_s_min: float = 0.0
    delay_s_max: float = 0.0


class PlannedChaos:
    """Fault points of the engine's own code, made to fail or to be slow as a scenario plans it.

    Two draws, as in FoundationDB: is the point active in this run, and then does this pass fire.
    """

    def __init__(self, plan: Mapping[str, PlannedTrouble], chance: Chance) -> None:
        self._chance = chance
        self._streams: dict[str, Chance] = {}
        self.plan = dict(plan)
        self.active = {
            point: chance.stream(f"active/{point}").uniform(0, 1) < self.plan[point].active_share
            for point in sorted(self.plan)
        }
        self.passed: dict[str, int] = {}
        self.fired: dict[str, int] = {}
        self._broken: dict[str, int] = {}

    def break_down(self, point: str) -> None:
        """Let every pass of the point fail, until `mend` was asked as often."""
        self._broken[point] = self._broken.get(point, 0) + 1

    def mend(self, point: str) -> None:
        self._broken[point] -= 1

    async def __call__(self, point: str) -> None:
        self.passed[point] = self.passed.get(point, 0) + 1
        if self._broken.get(point):
            self.fired[point] = self.fired.get(point, 0) + 1
            raise OSError(f"{point} is down")
        trouble = self.plan.get(point)
        if trouble is None or not self.active[point]:
            return
        stream = self._streams.setdefault(point, self._chance.stream(f"passes/{point}"))
        fires, fails = stream.uniform(0, 1) < trouble.fires_share, stream.uniform(0, 1) < trouble.fails_share
        delay_s = stream.uniform(trouble.delay_s_min, trouble.delay_s_max)
        if not fires:
            return
        self.fired[point] = self.fired.get(point, 0) + 1
        if delay_s > 0:
            await asyncio.sleep(round(delay_s * NS_PER_S) / NS_PER_S)
        if fails:
            raise OSError(f"planned trouble at {point}")
