"""What the purge needs of the rest of the centre, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from csu.centre.events import Trouble
from csu.centre.purge.lines import Register
from csu.centre.purge.tiers import Tier
from csu.governance.journal_desk import Journal
from csu.governance.journal_entry import JournalEntry
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.chance import Chaos
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.keys import KeyName
from csu.recording import Catalogue
from csu.recording.destruction import Footage, Protection, Rules

__all__ = [
    "EvidenceKeeper",
    "Footage",
    "JournalEntry",
    "Protection",
    "PurgeCounts",
    "PurgeKeys",
    "PurgePorts",
    "Span",
]


class PurgeKeys(Protocol):
    """What is needed of the key store."""

    def kept(self) -> Sequence[KeyName]: ...

    def came_back(self) -> Sequence[KeyName]: ...

    def shred(self, commune: CommuneId, day: date) -> None: ...

    def is_shredded(self, commune: CommuneId, day: date) -> bool: ...


class EvidenceKeeper(Protocol):
    """What is needed of the evidence room. Calls block; each raises CsuError when it fails."""

    def protection(self, now_ns: Nanoseconds) -> Protection:
        """The holds and locks that count now, and what of each segment the evidence store holds durably."""
        ...

    def preserve(self, footage: Footage, spans: Sequence[Span]) -> None:
        """Cut these out at key frames and seal them anew in the evidence store, durably. Idempotent.

        A span may hold no picture (the end of a segment): then it is preserved all the same.
        """
        ...

    def unlocked(self, now_ns: Nanoseconds) -> Sequence[str]:
        """Cases whose copies no lock wants any more and whose destruction is not yet registered (EXP-6)."""
        ...

    def destroy(self, case: str, now_ns: Nanoseconds) -> None:
        """Destroy these copies, register it and tell the case. Idempotent."""
        ...


@dataclass(frozen=True, slots=True)
class PurgePorts:
    """What the purge needs of the rest of the centre. `catalogue` is its own object: no other thread may use it."""

    clock: Clock
    chaos: Chaos
    journal: Journal
    catalogue: Catalogue
    keys: PurgeKeys
    tiers: Sequence[Tier]
    evidence: EvidenceKeeper
    register: Register
    rules: Rules
    cameras: Callable[[], Mapping[CameraId, CommuneId]]
    """Every camera that has ever recorded here, with its commune; those of today and of the last month at least."""
    shortest_days: Callable[[], int]
    """The fewest days of any order and of the doctrine: earlier nothing expires."""
    tell: Callable[[Trouble], None]
    is_out_of_reach: Callable[[], bool] = lambda: False
    """Whether copies may lie on a volume that is not there now: only the death of their key destroys those."""


@dataclass(slots=True)
class PurgeCounts:
    """What was counted since the start."""

    rounds: int = 0
    rounds_failed: int = 0
    files: int = 0
    bytes: int = 0
    recut: int = 0
    keys: int = 0
    evidence_cases: int = 0
    recorded_lines: int = 0
    certificates: int = 0
    days_dropped: int = 0
    """Days of the catalogue that were dropped: all they spoke of is gone."""
    found_by_scan: int = 0
    """Expired files that a scan found and the catalogue did not name: a restored backup, a lost row."""
    unlawful: int = 0
    """Segments that no order governed at capture, as last seen (AUT-1)."""
    incidents: int = 0
    late_ms_max: int = 0
    """The longest that something was there after its expiry. 0: never an instant."""
