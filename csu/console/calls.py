"""Calls to the police and the other services over HTTP: who was called for which alarm, how far it came, who took it.

The calls are the outbox's (`csu.operations.dispatch`); what a person does here is to note who took one by telephone,
and to have it sent once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import About, Asked, Door, Question, Unknown, opens
from csu.console.alarms import LIST_STANDS_S, MessageNumber, PanelName
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Resource, Subject
from csu.governance.journal_entry import Ground
from csu.hal.clock import Nanoseconds
from csu.operations import CallProgress, CallRefused, OutboxCall, ReceiptRefused

TOLD_MAX = 500
"""Of one answer."""


class CallDesk(Protocol):
    """What the console needs of the centre's calls."""

    def calls(self) -> Sequence[tuple[OutboxCall, CallProgress]]:
        """Those that nobody took, and the last that somebody did, the oldest first."""
        ...

    async def telephoned(self, call: str, taken_by: str) -> None:
        """People reached him. Raises ReceiptRefused; CallNotKept: not written, it still waits."""
        ...

    async def again(self, call: str) -> None:
        """Its contacts are tried once more, from the first. Raises CallRefused: it is not for people to send it."""
        ...


class CallAnswer(BaseModel):
    """One call. `contact`: who is tried now, empty when nobody is; `silent`: those that did not answer."""

    model_config = ConfigDict(frozen=True)

    call: str
    """The alarm that it is about."""
    commune: str
    service: str
    site: str
    words: str
    """What was told, of a closed list."""
    called_by: str
    called_ns: Nanoseconds
    state: CallProgress
    since_ns: Nanoseconds
    """Since when `contact` is tried."""
    contact: str
    silent: list[str]
    taken_by: str
    taken_ns: Nanoseconds | None


class TelephonedAsked(BaseModel):
    """Who took it, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    taken_by: Annotated[str, Field(min_length=1, max_length=64)]


def add_call_doors(app: FastAPI, desk: CallDesk | None, gate: Gate) -> None:
    """Into `app` itself. None: this centre calls nobody; its doors say so."""

    def heard(request: Request) -> list[CallAnswer]:
        subject: Subject = request.scope[SUBJECT]
        calls = reversed(_there(desk).calls())
        return [
            call_answer(call, state)
            for call, state in calls
            if gate.reaches(subject, Action.ALARM_ACK, call.call.commune)
        ]

    def one(request: Request, name: str) -> CallAnswer:
        """Raises Refused for one that is none, or of another commune (COM-3)."""
        found = next((each for each in heard(request) if each.call == name), None)
        if found is None:
            raise Refused(Refusal.CALL_UNKNOWN, where="call")
        return found

    @app.get("/api/calls")
    @opens(Door("calls", Action.ALARM_ACK, stands_s=LIST_STANDS_S))
    async def calls(request: Request) -> list[CallAnswer]:
        """Every call that nobody took, and the last that somebody did, the newest first; of the asker's communes."""
        return heard(request)[:TOLD_MAX]

    @app.post("/api/calls/{panel}/{sequence}/telephoned")
    @opens(Door("calls/telephoned", Action.ALARM_QUALIFY, _one_call(desk)))
    async def telephoned(
        request: Request, panel: PanelName, sequence: MessageNumber, told: TelephonedAsked
    ) -> CallAnswer:
        """The asker reached somebody by telephone. 409: nobody is named. Taken before, it stays his who took it."""
        name = one(request, f"{panel}/{sequence}").call
        try:
            await _there(desk).telephoned(name, told.taken_by)
        except ReceiptRefused as error:
            raise Refused(Refusal.CALL_REFUSED, where="call", cause=error) from error
        return one(request, name)

    @app.post("/api/calls/{panel}/{sequence}/again")
    @opens(Door("calls/again", Action.ALARM_QUALIFY, _one_call(desk)))
    async def again(request: Request, panel: PanelName, sequence: MessageNumber) -> CallAnswer:
        """Its contacts are tried once more. 409: somebody took it, or they are still being tried."""
        name = one(request, f"{panel}/{sequence}").call
        try:
            await _there(desk).again(name)
        except CallRefused as error:
            raise Refused(Refusal.CALL_REFUSED, where="call", cause=error) from error
        return one(request, name)


def call_answer(call: OutboxCall, state: CallProgress) -> CallAnswer:
    told = call.call
    is_tried = state is CallProgress.CALLING
    return CallAnswer(
        call=told.call,
        commune=told.commune,
        service=told.service,
        site=told.site,
        words=told.words,
        called_by=told.called_by,
        called_ns=told.at_ns,
        state=state,
        since_ns=call.since_ns,
        contact=call.contacts[call.contact] if is_tried else "",
        silent=list(call.contacts[: call.contact]),
        taken_by=call.taken_by,
        taken_ns=call.taken_at_ns,
    )


def _one_call(desk: CallDesk | None) -> About:
    async def about(question: Question) -> Asked:
        """The commune of its alarm; nothing of the URL for one that is none."""
        name = f"{question.path.get('panel', '')}/{question.path.get('sequence', '')}"
        calls = () if desk is None else desk.calls()
        found = next((call.call for call, _ in calls if call.call.call == name), None)
        unknown = None if desk is None else Unknown(Refusal.CALL_UNKNOWN, "call", is_there=found is not None)
        if found is None:
            return Asked(ground=Ground.ALARM, unknown=unknown)
        return Asked((Resource(commune=found.commune),), ground=Ground.ALARM, reference=name, unknown=unknown)

    return about


def _there(desk: CallDesk | None) -> CallDesk:
    if desk is None:
        raise Refused(Refusal.CALLS_ABSENT, where="call")
    return desk
