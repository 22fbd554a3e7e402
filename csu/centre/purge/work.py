"""What one round of the purge works on, what it tells the journal, and how it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from csu.governance.journal_entry import Ground, JournalEntry, Operation
from csu.governance.spans import Span
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.keys import KeyName
from csu.hal.words import Words
from csu.recording.destruction import DestructionPlan, Footage, Protection, Recut
from csu.recording.hour_footage import HourFootage


class PurgeHeld(CsuError):
    """Nothing was destroyed in this round, because of what it found."""


@dataclass(slots=True)
class PurgeHour:
    """One hour of footage."""

    span: Span
    version: object
    """Of the catalogue, when it was read."""
    footage: HourFootage
    plan: DestructionPlan
    gone: dict[str, Footage] = field(default_factory=dict)
    """Destroyed, and the catalogue not yet told."""


@dataclass(slots=True)
class PurgeWork:
    """What one round found."""

    now_ns: Nanoseconds
    days: Sequence[date]
    """Of the catalogue, the oldest first, when the round began."""
    protection: Protection
    hours: list[PurgeHour]
    strays: DestructionPlan
    cases: Sequence[str]
    keys: Sequence[KeyName]
    """That may die in this round, if nothing under them lives then."""
    failed: list[CsuError] = field(default_factory=list)

    @property
    def recuts(self) -> list[Recut]:
        return [each for plan in self.plans for each in plan.recut]

    @property
    def destroy(self) -> list[Footage]:
        return list({each.name: each for plan in self.plans for each in plan.destroy}.values())

    @property
    def plans(self) -> list[DestructionPlan]:
        return [*(hour.plan for hour in self.hours), self.strays]

    @property
    def is_empty(self) -> bool:
        return not (self.recuts or self.destroy or self.cases or self.keys)


def is_locked(footage: Footage, protection: Protection) -> bool:
    """Whether a lock holds an instant of it."""
    return any(
        lock.from_ns < footage.span.to_ns and footage.span.from_ns < lock.to_ns
        for lock in protection.locks.get(footage.camera, ())
    )


def reference_of(now_ns: Nanoseconds) -> str:
    """The same in the journal's entry and in the catalogue's marks."""
    return f"purge/{now_ns // NS_PER_S}"


def entry_of(work: PurgeWork) -> JournalEntry:
    """One entry a round, with the digest of exactly what goes: 1,300 cameras destroy 22 files a second."""
    parts = [f"destroy {each.name}" for each in work.destroy]
    parts += [f"recut {each.footage.name} {each.spans}" for each in work.recuts]
    parts += [f"case {case}" for case in work.cases]
    parts += [f"key {key}" for key in work.keys]
    digest = hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()
    return JournalEntry(
        Operation.PURGE,
        "csu",
        "system",
        ground=Ground.RETENTION,
        reference=reference_of(work.now_ns),
        subject=f"files/{len(work.destroy)}",
        sha256=digest,
    )


def still_there(tier: str, count: int) -> PurgeHeld:
    """A tier that said it removed files, and has them."""
    return PurgeHeld(
        Words(
            f"{count} fichiers échus sont encore lisibles après leur destruction",
            f"{count} expired files are still there after their destruction",
        ),
        where=f"retention/{tier}",
        what_to_do=Words("Vérifiez ce volume et ses droits", "Check this volume and its rights"),
    )


def clock_leapt(minutes: int) -> PurgeHeld:
    """A clock that is wrong by a month would destroy a month."""
    return PurgeHeld(
        Words(
            f"l'horloge a avancé de {minutes} min d'un coup : rien n'est détruit",
            f"the clock leapt forward by {minutes} min: nothing is destroyed",
        ),
        where="retention/clock",
        what_to_do=Words(
            "Vérifiez l'heure de cette machine, puis redémarrez le centre", "Check this host's time, then restart"
        ),
    )
