"""The operations log (main courante): numbered, dated, append-only; a correction is a new entry; no picture (OPS-2).

It is one chained file: an entry's number is its place in the chain, so none can be changed, left out or slipped in
without telling. What describes a person stands elsewhere (`csu.operations.descriptions`), because it must go one day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from csu.governance.chain_guards import ChainForm
from csu.governance.chained_file import ChainedFile, ChainRow, ChainTroubles, sha256_hex
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.personal_data import personal_data_in
from csu.hal.words import Words

TEXT_CHARACTERS_MAX = 2000
FORM = ChainForm(
    "log_entry",
    first_link=sha256_hex("csu operations log, 1"),
    indexes=("json_extract(body, '$.alarm')", "json_extract(body, '$.corrects')"),
)


class LogEntryRefused(CsuError):
    """The entry holds what the log may not hold, or corrects what is not there. Nothing was written."""


class LogNotKept(CsuError):
    """The log could not be read or written now. Nothing was written."""


class LogBroken(CsuError):
    """The log's file is not what was written."""


class EntryKind(StrEnum):
    """What an entry is about."""

    OBSERVATION = "observation"
    ALARM = "alarm"
    DISPATCH = "dispatch"
    HANDOVER = "handover"
    ROSTER = "roster"
    PTZ = "ptz"
    FAULT = "fault"
    VISIT = "visit"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written. Raises LogEntryRefused for an empty text, a picture, a plate, nobody's name."""

    kind: EntryKind
    by: str
    text: str
    alarm: str = ""
    call: str = ""
    """The key of a dispatch call."""
    corrects: int | None = None
    """The number of the entry that this one puts right: of CORRECTION, and only of it."""

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise _refused("by", Words("personne ne signe", "nobody signs"))
        if not self.text.strip() or len(self.text) > TEXT_CHARACTERS_MAX:
            raise _refused(
                "text",
                Words(
                    f"un texte a de 1 à {TEXT_CHARACTERS_MAX} signes",
                    f"a text has 1 to {TEXT_CHARACTERS_MAX} characters",
                ),
            )
        if found := personal_data_in(self.text):
            raise _refused(
                "text", Words(f"cela ressemble à une image ou une plaque ({found})", f"it looks like a {found}")
            )
        if (self.corrects is None) is (self.kind is EntryKind.CORRECTION):
            raise _refused("corrects", Words("une correction nomme une entrée", "a correction names an entry"))


@dataclass(frozen=True, slots=True)
class LogbookEntry:
    """An entry as it stands for ever."""

    number: int
    """From 1, without a hole."""
    at_ns: Nanoseconds
    entry: Draft


class OperationsLog:
    """The log of one centre. Calls block; one object is used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open or begin the file, and check all of it. Raises LogBroken, LogNotKept."""
        self._file = ChainedFile(path, FORM, ChainTroubles(_broken, _not_kept))
        try:
            self._file.locked(self._read_on)
        except BaseException:
            self.close()
            raise

    @property
    def head(self) -> tuple[int, str]:
        """Number and digest of the newest entry. Noted elsewhere, it proves later that none was cut off the end."""
        return self._file.sequence, self._file.head

    def write(self, draft: Draft, now_ns: Nanoseconds) -> LogbookEntry:
        """Add an entry; durable when this returns. Raises LogEntryRefused, LogNotKept, LogBroken."""

        def add(connection: sa.Connection) -> LogbookEntry:
            self._read_on(connection)
            if draft.corrects is not None and not 1 <= draft.corrects <= self._file.sequence:
                raise _refused("corrects", Words("cette entrée n'existe pas", "there is no such entry"))
            (row,) = self._file.append(connection, [(draft.kind.value, _body_of(draft, now_ns))])
            return LogbookEntry(row.sequence, now_ns, draft)

        return self._file.locked(add)

    def newest(self, most: int, before: int | None = None) -> list[LogbookEntry]:
        """The last `most` entries, in order; `before`: the last of those below that number."""
        end = self._file.newest() + 1
        if before is not None:
            end = min(end, before)
        return self._select("sequence >= ? AND sequence < ?", end - most, end)

    def reading(self, number: int) -> list[LogbookEntry]:
        """An entry and, behind it, its corrections in order. Empty: no such number."""
        return self._select("sequence = ? OR json_extract(body, '$.corrects') = ?", number, number)

    def of_alarm(self, alarm: str) -> list[LogbookEntry]:
        """All that was written about an alarm, in order: who, when, what, who was called, its end."""
        return self._select("json_extract(body, '$.alarm') = ?", alarm)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _select(self, where: str, *values: object) -> list[LogbookEntry]:
        return [_entry_of(row) for row in self._file.select(where, values)]

    def _read_on(self, connection: sa.Connection) -> None:
        for row in self._file.read_on(connection):
            _entry_of(row)


def _body_of(draft: Draft, at_ns: Nanoseconds) -> str:
    told: dict[str, object] = {"at_ns": at_ns, "by": draft.by, "text": draft.text}
    told |= {key: value for key in ("alarm", "call", "corrects") if (value := getattr(draft, key))}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _entry_of(row: ChainRow) -> LogbookEntry:
    try:
        held: dict[str, Any] = json.loads(row.body)
        at_ns = held.pop("at_ns")
        return LogbookEntry(row.sequence, at_ns, Draft(EntryKind(row.kind), **held))
    except (ValueError, KeyError, TypeError, AttributeError, LogEntryRefused) as error:
        raise _broken(f"log#{row.sequence}") from error


def _refused(field: str, what: Words) -> LogEntryRefused:
    return LogEntryRefused(
        what,
        where=f"log/{field}",
        what_to_do=Words(
            "Corrigez l'entrée ; ce qui décrit une personne va dans son signalement, qui s'efface",
            "Put the entry right; what describes a person goes into a description, which is erased in time",
        ),
    )


def _broken(where: str) -> LogBroken:
    return LogBroken(
        Words("la main courante n'est pas ce qui a été écrit", "the operations log is not what was written"),
        where=where,
        what_to_do=Words("Prévenez le responsable ; comparez à la sauvegarde", "Tell the manager; compare the backup"),
    )


def _not_kept(where: str, error: Exception) -> LogNotKept:
    why = type(error).__name__
    return LogNotKept(
        Words(f"la main courante ne peut être lue ou écrite ({why})", f"the log cannot be read or written ({why})"),
        where=where,
        what_to_do=Words("Vérifiez son volume, puis recommencez", "Check its volume, then try again"),
    )
