"""Destruction that a person asks for: never before the minimum of the order, never what is held or locked (RET-3).

A refusal is an entry of the journal too. Who may ask is for `csu.governance.Rights`; here the footage is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from csu.centre.purge.ports import PurgePorts
from csu.centre.purge.purge import Purge
from csu.governance.decision import Decision, granted
from csu.governance.destruction import may_purge_by_hand
from csu.governance.journal_entry import DataSpan, Ground, JournalEntry, Operation, Outcome
from csu.governance.legal_calendar import day_in_paris
from csu.governance.register_lines import Destroyed, DestructionRule
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.words import Words
from csu.recording import DestructionReason
from csu.recording.destruction import Footage, Protection, stretches
from csu.recording.hour_footage import NOBODY

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants destroyed: the segments of a camera that begin in a span, all or none."""

    camera: CameraId
    span: Span
    author: str
    role: str
    reference: str
    """Of the instruction: a judge's, the prefect's, the controller's."""


async def purge_by_hand(purge: Purge, ports: PurgePorts, asked: Asked) -> Decision:
    """Decide, journal, and destroy if it may be.

    Raises what the journal, a disk (one that is away, too), the register or the catalogue raise: before the journal's
    entry nothing was done; after it, ask again, and what is left is destroyed then.
    """
    async with purge.alone:
        now_ns = ports.clock.now_ns()
        footage, decision = await _call(lambda: _decide(ports, asked, now_ns))
        entry = _entry(asked, decision)
        if not decision.permitted:
            await ports.journal.record(entry)
            return decision
        if await _call(ports.is_out_of_reach):
            raise _away(asked.camera)
        async with ports.journal.before(entry):
            await _call(lambda: _destroy(ports, asked, footage, now_ns))
        return decision


def _decide(ports: PurgePorts, asked: Asked, now_ns: Nanoseconds) -> tuple[list[Footage], Decision]:
    protection = ports.evidence.protection(now_ns)
    footage = _living(ports, asked)
    for each in footage:
        decision = _may(ports, each, protection, now_ns)
        if not decision.permitted:
            return [], decision
    nothing = granted("rien ne l'interdit", "nothing forbids it", "CSI L252-5")
    return footage, nothing


def _may(ports: PurgePorts, each: Footage, protection: Protection, now_ns: Nanoseconds) -> Decision:
    return may_purge_by_hand(
        ports.rules(each.camera, each.span),
        holds=protection.holds.get(each.camera, ()),
        locks=protection.locks.get(each.camera, ()),
        at_ns=now_ns,
    )


def _living(ports: PurgePorts, asked: Asked) -> list[Footage]:
    commune = ports.cameras().get(asked.camera, NOBODY)
    found = []
    for row in ports.catalogue.listing(asked.span.from_ns, asked.span.to_ns, [asked.camera]):
        span = Span(row.start_ns, row.start_ns + max(1, row.duration_ms) * NS_PER_MS)
        found.append(Footage(row.camera, commune, span, row.size_bytes))
    return found


def _destroy(ports: PurgePorts, asked: Asked, footage: list[Footage], now_ns: Nanoseconds) -> None:
    """Files, register, catalogue: a crash in between makes a line again, and never leaves a deed without one."""
    names = [each.name for each in footage]
    for tier in ports.tiers:
        tier.destroy(names)
        if tier.held(names):
            raise _still_there(asked.camera, tier.name)
    by_day: dict[date, list[Footage]] = {}
    for each in footage:
        by_day.setdefault(day_in_paris(each.span.from_ns), []).append(each)
    for day, gone in sorted(by_day.items()):
        size_bytes = sum(each.size_bytes for each in gone)
        tiers = tuple(tier.name for tier in ports.tiers)
        ports.register.destroy(
            Destroyed(
                gone[0].commune,
                day,
                (asked.camera,),
                now_ns,
                DestructionRule.ORDERED,
                "given by the register",
                len(gone),
                size_bytes,
                None,
                tiers,
            )
        )
    for camera, spans in stretches(footage, ()).items():
        for span in spans:
            ports.catalogue.destroy(
                [camera],
                span.from_ns,
                span.to_ns,
                reason=DestructionReason.ORDERED,
                at_ns=now_ns,
                reference=asked.reference,
            )


def _entry(asked: Asked, decision: Decision) -> JournalEntry:
    return JournalEntry(
        Operation.PURGE,
        asked.author,
        asked.role,
        outcome=Outcome.GRANTED if decision.permitted else Outcome.REFUSED,
        refusal="" if decision.permitted else "ret-3",
        ground=Ground.RETENTION,
        reference=asked.reference,
        data=(DataSpan(asked.camera, asked.span),),
    )


async def _call(deed: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(None, deed)


def _away(camera: CameraId) -> DiskError:
    return DiskError(
        Words(
            "un volume est absent : il peut porter de ces images, rien n'est détruit",
            "a volume is not there and may hold some of these pictures: nothing is destroyed",
        ),
        where=camera,
        what_to_do=Words(
            "Remontez-le ou déclarez sa perte (csu recording lost), puis recommencez",
            "Mount it or declare its loss (csu recording lost), then ask again",
        ),
    )


def _still_there(camera: CameraId, tier: str) -> DiskError:
    return DiskError(
        Words("des images n'ont pas été détruites", "some pictures were not destroyed"),
        where=f"{tier}/{camera}",
        what_to_do=Words("Vérifiez ce volume, puis recommencez", "Check this volume, then ask again"),
    )
