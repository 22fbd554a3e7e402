"""The centre's volume of media in the simulated city: how full it truly is, and the word by which it fills."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from csu.notation.fields import Share
from sim.vocabulary import ChanceFault, Happening, LastingTelling, Stage, Telling, Trouble, Word

USED_SHARE = 0.5
"""Of the volume, when nothing is wrong."""
HIGH_SHARE, FULL_SHARE = 0.90, 0.95
"""From where it is to be told: soon full, and full (a volume of this size keeps 5 %)."""
_BLOCK_BYTES, _BLOCKS = 4096, 5 << 20


@dataclass(frozen=True, slots=True)
class Space:
    """What the host says of a file system: `os.statvfs_result` as far as csu reads it."""

    f_blocks: int
    f_frsize: int
    f_bavail: int
    f_flag: int = 0


class SimVolume:
    """One volume; whoever fills it says how far, and lets go again. The fullest counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._filled: list[float] = []
        self.changes: list[tuple[Nanoseconds, float]] = []
        """When which share of it was used, from then on."""

    @property
    def used_share(self) -> float:
        return max(self._filled, default=USED_SHARE)

    def space(self, directory: Path) -> Space:
        """See csu.cluster.volume_note.Space: of whatever directory, it is this volume."""
        return Space(_BLOCKS, _BLOCK_BYTES, round(_BLOCKS * (1 - self.used_share)))

    def fill(self, share: float) -> None:
        self._filled.append(share)
        self.changes.append((self._clock.now_ns(), self.used_share))

    def clear(self, share: float) -> None:
        """Whoever filled it so far is gone."""
        self._filled.remove(share)
        self.changes.append((self._clock.now_ns(), self.used_share))


class ToldFilling(LastingTelling):
    """Something fills the volume."""

    to: Annotated[Share, Field(ge=USED_SHARE)]
    """How much of it is used meanwhile."""


class FillingByChance(ChanceFault):
    """Something fills the volume, by chance."""

    to: Annotated[Share, Field(ge=USED_SHARE)]


async def _fill(happening: Happening[Any], stage: Stage) -> None:
    volume = stage.model(SimVolume)
    volume.fill(happening.spec.to)
    await asyncio.sleep((happening.end_ns - happening.start_ns) / NS_PER_S)
    volume.clear(happening.spec.to)


_FILLS = Words("le volume des médias se remplit", "the volume of media fills")
_SHOWS = Words(
    "Le vrai gardien des volumes, devant la place que le scénario dit ; ce que les nœuds font : csu recording torture",
    "The real keeper of volumes, before the space that the scenario tells; what nodes do: csu recording torture",
)
STORY_WORDS: tuple[Word[Telling], ...] = (Word("volume_fills", _FILLS, ToldFilling, _SHOWS, _fill),)
FAULT_WORDS: tuple[Word[Trouble], ...] = (Word("volume_fills", _FILLS, FillingByChance, _SHOWS, _fill),)
