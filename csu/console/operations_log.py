"""The operations log (main courante) over HTTP: read it, write into it, correct by another entry (OPS-2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import Door, opens
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Subject
from csu.hal.clock import Nanoseconds
from csu.operations import Draft, EntryKind, LogbookEntry, LogEntryRefused

READ_MOST, READ_USUALLY = 500, 100
NUMBER_END = 1 << 53
"""JSON's numbers are exact below it."""
Number = Annotated[int, Path(ge=1, lt=NUMBER_END)]


class LogDesk(Protocol):
    """What the console needs of the log."""

    async def write(self, draft: Draft) -> LogbookEntry:
        """Raises LogEntryRefused; CsuError: nothing was written."""
        ...

    async def newest(self, most: int, before: int | None = None) -> Sequence[LogbookEntry]:
        """The last ones, or the last below a number, in order."""
        ...

    async def reading(self, number: int) -> Sequence[LogbookEntry]:
        """An entry and its corrections, in order; none: there is no such number."""
        ...

    async def of_alarm(self, alarm: str) -> Sequence[LogbookEntry]:
        """All that was written about an alarm, in order."""
        ...


class EntryAsked(BaseModel):
    """What is to be written. Who writes it, and when, the centre knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: EntryKind = EntryKind.OBSERVATION
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    alarm: Annotated[str, Field(max_length=100)] = ""
    corrects: Annotated[int, Field(ge=1, lt=NUMBER_END)] | None = None


class EntryAnswer(BaseModel):
    """One entry, as it stands for ever."""

    model_config = ConfigDict(frozen=True)

    number: int
    at_ns: Nanoseconds
    kind: EntryKind
    by: str
    text: str
    alarm: str
    call: str
    corrects: int | None


def add_log_doors(app: FastAPI, log: LogDesk | None) -> None:
    """Into `app` itself. None: this centre keeps none; its doors say so."""

    @app.get("/api/log")
    @opens(Door("log", Action.LOGBOOK_READ))
    async def newest(
        most: Annotated[int, Query(ge=1, le=READ_MOST)] = READ_USUALLY,
        before: Annotated[int, Query(ge=1, lt=NUMBER_END)] | None = None,
    ) -> list[EntryAnswer]:
        """The newest entries, in order; `before`: the newest of those below that number, to page back."""
        return [_answer(entry) for entry in await _there(log).newest(most, before)]

    @app.get("/api/log/of-alarm")
    @opens(Door("log/alarm", Action.LOGBOOK_READ))
    async def of_alarm(alarm: Annotated[str, Query(min_length=1, max_length=100)]) -> list[EntryAnswer]:
        """All that was written about an alarm, in order."""
        return [_answer(entry) for entry in await _there(log).of_alarm(alarm)]

    @app.get("/api/log/{number}")
    @opens(Door("log/entry", Action.LOGBOOK_READ))
    async def reading(number: Number) -> list[EntryAnswer]:
        """An entry and, behind it, its corrections. 404: there is no such number."""
        found = await _there(log).reading(number)
        if not found:
            raise Refused(Refusal.ENTRY_UNKNOWN, where="log")
        return [_answer(entry) for entry in found]

    @app.post("/api/log", status_code=201)
    @opens(Door("log/write", Action.LOGBOOK_WRITE))
    async def write(request: Request, asked: EntryAsked) -> EntryAnswer:
        """Write an entry, or correct one by another. 409: the log may not hold that."""
        subject: Subject = request.scope[SUBJECT]
        try:
            draft = Draft(asked.kind, subject.person, asked.text, alarm=asked.alarm, corrects=asked.corrects)
            return _answer(await _there(log).write(draft))
        except LogEntryRefused as error:
            raise Refused(Refusal.ENTRY_REFUSED, where="log", cause=error) from error


def _answer(entry: LogbookEntry) -> EntryAnswer:
    said = entry.entry
    return EntryAnswer(
        number=entry.number,
        at_ns=entry.at_ns,
        kind=said.kind,
        by=said.by,
        text=said.text,
        alarm=said.alarm,
        call=said.call,
        corrects=said.corrects,
    )


def _there(log: LogDesk | None) -> LogDesk:
    if log is None:
        raise Refused(Refusal.LOG_ABSENT, where="log")
    return log
