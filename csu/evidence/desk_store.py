"""Where the requisition desk's events stay: one sealed, signed chain, as the journal and the legal register are kept.

What is not exactly as written does not open: a desk that went on from changed events would release, keep or destroy
what no person decided. Calls block.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from csu.evidence.case_events import DeskEvent, event_from_json, event_to_json
from csu.evidence.errors import DeskBroken, DeskUnavailable
from csu.governance import CentreKey, Role
from csu.governance.centre_key import PublicKey
from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainRow, ChainTroubles, sha256_hex
from csu.governance.journal_verify import check_file
from csu.hal.errors import CsuError
from csu.hal.words import Words

DESK_FORM = ChainForm("desk_event", first_link=sha256_hex("csu requisition desk, 1"), sealed=True)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was written."""

    sequence: int
    digest: str
    event: DeskEvent
    role: Role | None
    """As whom its author acted; None: time alone brought it."""


class DeskStore:
    """The events, in order. One object is used by one thread at a time, and one process writes."""

    def __init__(self, path: Path, key: CentreKey) -> None:
        """Open or begin it and check every row: chain, signatures, guards. Raises DeskBroken, DeskUnavailable."""
        self.path = path
        self._file = ChainedFile(path, DESK_FORM, ChainTroubles(_broken, _unavailable), sign=key.sign)
        try:
            self.events = _checked(path, key.public, self._file)
        except BaseException:
            self._file.close()
            raise

    @property
    def head(self) -> tuple[int, str]:
        """Number and digest of the newest event. Noted elsewhere, it tells later whether the end was cut off."""
        return self._file.sequence, self._file.head

    def require(self, sequence: int, digest: str) -> None:
        """Raises DeskBroken unless event number `sequence` is there and has this digest: a head that was noted."""
        if sequence > len(self.events) or self.events[sequence - 1].digest != digest:
            raise _broken(f"{self.path.name}#{sequence}")

    def append(self, events: Sequence[DeskEvent], role: Role | None) -> list[StoredEvent]:
        """Add events, all or none; durable when this returns. Raises DeskBroken, DeskUnavailable."""

        def write(connection: sa.Connection) -> list[ChainRow]:
            for row in self._file.read_on(connection):  # nobody else writes: a row that came is nobody's
                raise _broken(f"{self.path.name}#{row.sequence}")
            first = self._file.sequence + 1
            return self._file.append(connection, [_text(first + i, event, role) for i, event in enumerate(events)])

        rows = self._file.locked(write)
        stored = [StoredEvent(row.sequence, row.digest, event, role) for row, event in zip(rows, events, strict=True)]
        self.events = (*self.events, *stored)
        return stored

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def read_events(path: Path, key: PublicKey) -> tuple[StoredEvent, ...]:
    """The events of a store, checked like those of one that is opened. Raises DeskBroken, DeskUnavailable."""
    file = ChainedFile(path, DESK_FORM, ChainTroubles(_broken, _unavailable))
    try:
        return _checked(path, key, file)
    finally:
        file.close()


def _checked(path: Path, key: PublicKey, file: ChainedFile) -> tuple[StoredEvent, ...]:
    walk = check_file(path, DESK_FORM, key, (0, DESK_FORM.first_link))
    for finding in walk.findings:
        raise _broken(finding.where, finding.what)
    return file.locked(lambda connection: tuple(_event(row, path.name) for row in file.read_on(connection)))


def _text(number: int, event: DeskEvent, role: Role | None) -> tuple[str, str]:
    """(kind, body): the body names its own number, as in every signed chain."""
    held = {"n": number, "role": None if role is None else role.value, "event": event_to_json(event)}
    return type(event).__name__, json.dumps(held, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _event(row: ChainRow, name: str) -> StoredEvent:
    try:
        held = json.loads(row.body)
        role = held["role"]
        event = event_from_json(held["event"])
        return StoredEvent(row.sequence, row.digest, event, None if role is None else Role(role))
    except (KeyError, ValueError, TypeError, CsuError) as error:
        raise _broken(f"{name}#{row.sequence}") from error


def _broken(where: str, what: Words | None = None) -> DeskBroken:
    said = what or Words("événement modifié hors de csu", "event changed outside csu")
    return DeskBroken(
        Words(
            f"le registre des réquisitions est abîmé : {said.fr}", f"the register of requisitions is damaged: {said.en}"
        ),
        where=where,
        what_to_do=Words(
            "Rien n'est libéré ni détruit : mettez ce fichier de côté, prévenez le DPO, reprenez une sauvegarde sûre",
            "Nothing is released or destroyed: put this file aside, tell the DPO, restore a backup that is sure",
        ),
    )


def _unavailable(where: str, error: Exception) -> DeskUnavailable:
    why = type(error).__name__
    return DeskUnavailable(
        Words(
            f"le registre des réquisitions ne peut être lu ou écrit ({why})",
            f"the register of requisitions cannot be read or written ({why})",
        ),
        where=where,
        what_to_do=Words(
            "La commande n'a pas eu lieu ; vérifiez son volume", "The command did not happen; check its volume"
        ),
    )
