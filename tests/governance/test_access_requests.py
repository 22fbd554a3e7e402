"""Requests of people who were filmed: a step after the other, a month, a motive that is owed, nothing kept (DPO-2)."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest

from csu.governance import access_requests
from csu.governance.access_requests import (
    AccessDecision,
    AccessRequests,
    CaseLinked,
    IdentityChecked,
    IdentityProof,
    Motive,
    RequestDecided,
    RequestEvent,
    RequestReceived,
    RequestState,
    ViewingHeld,
)
from csu.governance.errors import AccessRequestRefused
from csu.governance.legal_calendar import instant_in_paris
from csu.governance.register_lines import CameraSpan
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE

NUMBER = "DA-2027-0007"
NOON_NS = instant_in_paris(date(2027, 1, 31), 720)
SPAN = CameraSpan(CameraId("cam-0012"), Span(NOON_NS - 60 * NS_PER_MINUTE, NOON_NS - 50 * NS_PER_MINUTE))
WHO = {"by": "dpo.1", "at_ns": NOON_NS}
GRANTED, PARTIAL, REFUSED, NO_PICTURES = AccessDecision


def received(**more) -> RequestReceived:
    told = {"request": NUMBER, "commune": CommuneId("metz"), "place": "Place d'Armes", "spans": (SPAN,)}
    return RequestReceived(**(told | {"received_at_ns": NOON_NS} | WHO | more))


def checked() -> IdentityChecked:
    return IdentityChecked(NUMBER, IdentityProof.DOCUMENT_SHOWN, **WHO)


def linked(case: str = "2027-301") -> CaseLinked:
    return CaseLinked(NUMBER, case, **WHO)


def decided(decision: AccessDecision, motive: Motive | None = None, certificates: tuple[str, ...] = ()):
    return RequestDecided(NUMBER, decision, motive, **WHO, certificates=certificates)


def viewed(held_at_ns: int = NOON_NS) -> ViewingHeld:
    return ViewingHeld(NUMBER, held_at_ns, "dpo.1", NOON_NS + NS_PER_DAY)


def after(*events: RequestEvent) -> AccessRequests:
    register = AccessRequests()
    for event in events:
        register = register.with_event(event)
    return register


def test_a_request_goes_from_its_receipt_to_the_viewing() -> None:
    register, states = AccessRequests(), []
    for event in (received(), checked(), linked(), decided(GRANTED), viewed()):
        register = register.with_event(event)
        states.append(register.of(NUMBER).state)
    received_, examined, to_view, answered = RequestState
    assert states == [received_, examined, examined, to_view, answered]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ((received(), decided(GRANTED)), "identity is not checked"),
        ((received(), linked()), "identity is not checked"),
        ((received(), decided(REFUSED, Motive.THIRD_PARTIES)), "identity is not checked"),
        ((received(), checked(), decided(GRANTED)), "no case"),
        ((received(), checked(), decided(REFUSED)), "motive is missing"),
        ((received(), checked(), linked(), decided(PARTIAL)), "motive is missing"),
        ((received(), checked(), linked(), decided(GRANTED, Motive.EXCESSIVE)), "has no motive"),
        ((received(), checked(), decided(NO_PICTURES)), "certificate"),
        ((received(), checked(), decided(REFUSED, Motive.EXCESSIVE, ("{}",))), "certificate"),
        ((received(), checked(), viewed()), "no viewing"),
        ((received(), checked(), decided(REFUSED, Motive.EXCESSIVE), viewed()), "no viewing"),
        ((received(), checked(), linked(), decided(GRANTED), viewed(NOON_NS - 1)), "cannot be"),
        ((received(), checked(), linked(), decided(GRANTED), decided(GRANTED)), "answered already"),
        ((received(), received()), "taken"),
        ((checked(),), "no such request"),
        ((received(request="sans numéro"),), "no number"),
        ((received(request="AB-123-CD"),), "no number"),
        ((received(place="06 12 34 56 78"),), "place"),
        ((received(spans=()),), "intervals"),
        ((received(received_at_ns=NOON_NS + 1),), "not happened"),
        ((received(received_at_ns=SPAN.span.from_ns),), "not happened"),
        ((received(by=" "),), "who does it"),
    ],
)
def test_a_step_that_may_not_follow_is_refused(events, words) -> None:
    register = after(*events[:-1])
    with pytest.raises(AccessRequestRefused, match=words):
        register.with_event(events[-1])


def test_an_identity_that_is_not_proved_may_be_the_motive() -> None:
    register = after(received(), decided(REFUSED, Motive.IDENTITY_NOT_PROVED))
    assert register.of(NUMBER).state is RequestState.ANSWERED


def test_the_answer_is_due_a_calendar_month_after_the_request() -> None:
    request = after(received()).of(NUMBER)
    assert request.due_at_ns == instant_in_paris(date(2027, 2, 28), 720)
    assert not request.is_late(request.due_at_ns)
    assert request.is_late(request.due_at_ns + 1)
    answered = after(received(), decided(REFUSED, Motive.IDENTITY_NOT_PROVED)).of(NUMBER)
    assert not answered.is_late(request.due_at_ns + 1)


def test_no_event_has_room_for_a_name_a_paper_or_a_description() -> None:
    """The closed list of what is kept: numbers, places, spans, and words of closed lists."""
    names = {field.name for event in access_requests.RequestEvent.__args__ for field in fields(event)}
    assert names == {
        *("request", "commune", "place", "spans", "received_at_ns", "by", "at_ns", "proof", "decision", "motive"),
        *("certificates", "case", "held_at_ns"),
    }
