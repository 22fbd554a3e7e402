"""The legal regime of real-time analysis over HTTP: off, unless the DPO entered a law in force (VSA-3)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Protocol

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from csu.console.access import Asked, Door, Question, opens
from csu.console.case_answers import ReasonTold
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Decision, Resource, Subject
from csu.governance.errors import RegimeUnusable
from csu.governance.journal_entry import Ground
from csu.governance.legal_regime import LAW_SIGNS_MAX, LegalRegime
from csu.governance.state_ledger import StateEntered
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

BODY_BYTES_MAX = 4096
ENTERED_TOLD_MAX = 20


@dataclass(frozen=True, slots=True)
class RegimeStands:
    """What was entered, what it means today, and who entered what before, the newest first."""

    regime: LegalRegime | None
    today: Decision
    entered: Sequence[StateEntered]


class RegimeDesk(Protocol):
    """What the console needs of the switch."""

    async def stands(self) -> RegimeStands:
        """Today. Raises CsuError: nothing is believed, everything is off."""
        ...

    async def enter(self, regime: LegalRegime | None, person: str, reason: str) -> RegimeStands:
        """From now on, or none. Raises RegimeUnusable; CsuError: the former one stands."""
        ...


class RegimeTold(BaseModel):
    """A law, where it was published, from when and until when, and why it is entered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    law: Annotated[str, StringConstraints(max_length=LAW_SIGNS_MAX, strip_whitespace=True)]
    official_journal: Annotated[str, StringConstraints(max_length=LAW_SIGNS_MAX, strip_whitespace=True)]
    valid_from: date
    valid_until: date
    reason: Annotated[str, StringConstraints(min_length=3, max_length=200, strip_whitespace=True)]


class EnteredAnswer(BaseModel):
    """Who entered a regime, or took one back, when and why."""

    by: str
    reason: str
    at_ns: Nanoseconds


class RegimeAnswer(BaseModel):
    """`is_on`: real-time analysis may be lawful today, if an order of the prefect allows it too."""

    is_on: bool
    why: Words
    source: str
    law: str
    official_journal: str
    valid_from: date | None
    valid_until: date | None
    entered: list[EnteredAnswer]


async def _for_a_reason(question: Question) -> Asked:
    """The reason lies with what is entered; the journal knows that there is one (LOG-3)."""
    try:
        told = json.loads(question.body)
    except (ValueError, RecursionError):
        told = None
    reason = told.get("reason", "") if isinstance(told, dict) else ""
    return Asked((Resource(reason=reason if isinstance(reason, str) else ""),), ground=Ground.CONFIGURATION)


def add_regime_doors(app: FastAPI, desk: RegimeDesk | None) -> None:
    """Into `app` itself. None: this centre has no switch, and no analysis; its doors say so."""

    @app.get("/api/regime")
    @opens(Door("regime/today", Action.COMPLIANCE_READ))
    async def today() -> RegimeAnswer:
        """Whether real-time analysis may be lawful today, by which law, until when."""
        return _answer(await _there(desk).stands())

    @app.put("/api/regime")
    @opens(Door("regime/set", Action.REGIME_SET, _for_a_reason, body_bytes_max=BODY_BYTES_MAX))
    async def enter(request: Request, told: RegimeTold) -> RegimeAnswer:
        """Go by this law from now on. 409: no Journal, no end, or it has not appeared yet."""
        subject: Subject = request.scope[SUBJECT]
        try:
            regime = LegalRegime(told.law, told.official_journal, told.valid_from, told.valid_until)
            return _answer(await _there(desk).enter(regime, subject.person, told.reason))
        except RegimeUnusable as error:
            raise Refused(Refusal.RECORD_REFUSED, where="regime", cause=error) from error

    @app.post("/api/regime/off")
    @opens(Door("regime/off", Action.REGIME_SET, _for_a_reason, body_bytes_max=BODY_BYTES_MAX))
    async def off(request: Request, why: ReasonTold) -> RegimeAnswer:
        """Take the regime back: everything is off at once."""
        subject: Subject = request.scope[SUBJECT]
        return _answer(await _there(desk).enter(None, subject.person, why.reason))


def _answer(stands: RegimeStands) -> RegimeAnswer:
    regime = stands.regime
    return RegimeAnswer(
        is_on=stands.today.permitted,
        why=stands.today.reason,
        source=stands.today.source,
        law="" if regime is None else regime.law,
        official_journal="" if regime is None else regime.official_journal,
        valid_from=None if regime is None else regime.valid_from,
        valid_until=None if regime is None else regime.valid_until,
        entered=[
            EnteredAnswer(by=each.by, reason=each.reason, at_ns=each.at_ns)
            for each in stands.entered[:ENTERED_TOLD_MAX]
        ],
    )


def _there(desk: RegimeDesk | None) -> RegimeDesk:
    if desk is None:
        raise Refused(Refusal.DPO_ABSENT, where="regime")
    return desk
