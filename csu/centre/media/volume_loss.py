"""A volume that will not come back, declared by a person: journaled, registered as LOST, struck from the centre's note.

Until somebody declares it a lost volume may return, and the centre waits for it. What it held is then told in the legal
register as what it is: no destruction that anybody decided.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from csu.centre.media.volumes import volumes_held
from csu.cluster.volume_note import Volume, look_at, note_of, read_note, write_note
from csu.cluster.volumes import VolumesDisk
from csu.governance import AuditJournal, CentreKey, JournalDesk, LegalRegister
from csu.governance.journal_entry import Ground, JournalEntry, Operation
from csu.governance.legal_calendar import day_in_paris
from csu.governance.register_lines import Destroyed, DestructionRule
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MS, Clock, Nanoseconds
from csu.hal.errors import BadInput
from csu.hal.words import Words
from csu.recording import Catalogue, DestructionReason, open_catalogue
from csu.recording.destruction import Footage, stretches
from csu.recording.hour_footage import NOBODY

_ALL_NS = (-(2**61), 2**61)


@dataclass(frozen=True, slots=True)
class DeclaredLoss:
    """What a person declares lost, and what it was."""

    directory: Path
    segments: int
    size_bytes: int
    certificates: tuple[str, ...]


def declare_loss(
    data_directory: Path, directory: Path, *, author: str, role: str, reference: str, clock: Clock
) -> DeclaredLoss:
    """Declare the volume of `directory` lost. The centre does not run meanwhile. Blocks.

    Raises BadInput for a volume that is not noted, is there, or while another is away too; CsuError for what fails:
    ask again, nothing is declared twice but a line of the register.
    """
    entry = JournalEntry(
        Operation.CONFIG, author, role, ground=Ground.CONFIGURATION, reference=reference, subject="volume-lost"
    )
    with volumes_held(data_directory):
        volume, others = _volume_of(data_directory, directory.absolute())
        key = CentreKey.load_or_make(data_directory / "centre" / "key.pem")
        catalogue = open_catalogue(data_directory / "catalogue", os.environ.get("CSU_DATABASE_URL"))
        register = LegalRegister(data_directory / "register.sqlite", key)
        journal = JournalDesk(AuditJournal(data_directory / "journal", key), key, clock)

        async def deed() -> DeclaredLoss:
            try:
                async with journal.before(entry):
                    declared = _declare(volume, others, catalogue, register, reference, clock.now_ns())
                    write_note(note_of(data_directory), others)
                    return declared
            finally:
                await journal.close()

        try:
            return asyncio.run(deed())
        finally:
            register.close()
            catalogue.close()


def _volume_of(data_directory: Path, directory: Path) -> tuple[Volume, list[Volume]]:
    noted = read_note(note_of(data_directory))
    others = [volume for volume in noted if volume.directory != directory]
    if len(others) == len(noted):
        known = ", ".join(volume.name for volume in noted) or "-"
        raise _cannot(directory, Words(f"aucun volume n'y est noté ({known})", f"no volume is noted there ({known})"))
    (volume,) = [volume for volume in noted if volume.directory == directory]
    if look_at(volume).may_be_purged:
        raise _cannot(directory, Words("ce volume est là, il n'est pas perdu", "this volume is there: it is not lost"))
    away = [other.name for other in others if not other.is_admitted or not look_at(other).is_readable]
    if away:
        told = ", ".join(away)
        raise _cannot(directory, Words(f"d'autres sont absents : {told}", f"others are not there either: {told}"))
    return volume, others


def _declare(
    volume: Volume,
    others: list[Volume],
    catalogue: Catalogue,
    register: LegalRegister,
    reference: str,
    now_ns: Nanoseconds,
) -> DeclaredLoss:
    """Register first, then catalogue: a crash in between makes a line again, and leaves no loss without one."""
    there = set(VolumesDisk(lambda: others).names())
    communes = _communes(catalogue, register)
    gone: list[Footage] = []
    kept: list[Footage] = []
    for row in catalogue.listing(*_ALL_NS):
        span = Span(row.start_ns, row.start_ns + max(1, row.duration_ms) * NS_PER_MS)
        each = Footage(row.camera, communes.get(row.camera, NOBODY), span, row.size_bytes)
        (kept if row.name in there else gone).append(each)
    by_day: dict[tuple[date, CommuneId], list[Footage]] = defaultdict(list)
    for each in gone:
        by_day[day_in_paris(each.span.from_ns), each.commune].append(each)
    made = [
        register.destroy(
            Destroyed(
                commune,
                day,
                tuple(sorted({each.camera for each in lost})),
                now_ns,
                DestructionRule.LOST,
                "given by the register",
                len(lost),
                sum(each.size_bytes for each in lost),
                None,
                (f"main:{volume.name}",),
            )
        )
        for (day, commune), lost in sorted(by_day.items())
    ]
    for camera, spans in stretches(gone, kept).items():
        for span in spans:
            catalogue.destroy(
                [camera], span.from_ns, span.to_ns, reason=DestructionReason.LOST, at_ns=now_ns, reference=reference
            )
    return DeclaredLoss(
        volume.directory, len(gone), sum(each.size_bytes for each in gone), tuple(each.number for each in made)
    )


def _communes(catalogue: Catalogue, register: LegalRegister) -> dict[CameraId, CommuneId]:
    """Of each camera that the register has told of."""
    return {line.camera: line.commune for day in catalogue.days() for line in register.answer(day).recorded}


def _cannot(directory: Path, what: Words) -> BadInput:
    return BadInput(
        what,
        where=str(directory),
        what_to_do=Words("Voyez csu recording volumes", "See csu recording volumes"),
    )
