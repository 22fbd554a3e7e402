"""Who tests the tester: a defect planted in the line to the police must fail the test that is there for it."""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from csu.hal.clock import NS_PER_S
from csu.hal.words import Words
from hardware.dispatch import message, webhook
from hardware.dispatch.settings import ContactSettings
from sim.endpoints.police import StationQuirk

Patch = pytest.MonkeyPatch


def nobody_looks_at_the_place(patch: Patch) -> None:
    patch.setattr(message, "unfit_for_a_place", lambda text: None)


def anything_may_be_said(patch: Patch) -> None:
    body_of = message.body_of
    patch.setattr(webhook, "body_of", lambda call, source, may_say: body_of(call, source, may_say | {call.words}))


def any_certificate_is_believed(patch: Patch) -> None:
    tls = webhook.tls_context

    def trusting(secrets):
        context = tls(secrets)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    patch.setattr(webhook, "tls_context", trusting)


def connections_are_kept(patch: Patch) -> None:
    limits = httpx.Limits(max_connections=32)
    patch.setattr(webhook.httpx, "Limits", lambda **of: limits)


def anothers_answer_counts(patch: Patch) -> None:
    taken_by = webhook.taken_by
    patch.setattr(webhook, "taken_by", lambda status, body, call: taken_by(status, body.replace(b"-bis", b""), call))


def an_answer_has_no_bound(patch: Patch) -> None:
    patch.setattr(webhook, "ANSWER_BYTES_MAX", 1 << 30)
    patch.setattr(webhook, "taken_by", lambda status, body, call: "brigadier 12")


def kept_is_taken(patch: Patch) -> None:
    taken_by = webhook.taken_by

    def hasty(status, body, call):
        told = taken_by(status, body, call)
        return "somebody" if told is None else told

    patch.setattr(webhook, "taken_by", hasty)


def every_contact_hears_everything(patch: Patch) -> None:
    patch.setattr(ContactSettings, "serves", lambda self, service, commune: True)


def every_telling_is_another_call(patch: Patch) -> None:
    """The event says when it was told, not when it was called."""
    body_of, count = message.body_of, itertools.count()
    patch.setattr(message, "body_of", lambda call, *of: body_of(replace(call, at_ns=next(count) * NS_PER_S), *of))


def a_lost_question_ends_the_telling(patch: Patch) -> None:
    ask = webhook.WebhookDispatch._ask

    async def brittle(self, call, request):
        told = await ask(self, call, request)
        if isinstance(told, Words) and request.method == "GET":
            raise TimeoutError
        return told

    patch.setattr(webhook.WebhookDispatch, "_ask", brittle)


KEPT = "test_a_contact_that_kept_the_call_may_fail_to_say_so_for_a_while"
AT_ONCE = "test_a_contact_that_does_not_take_the_call_is_told_why_at_once"
CLOSED = "test_free_words_plates_pictures_and_addresses_never_leave"
SAME_BYTES = "test_the_same_call_is_the_same_bytes_and_a_library_we_did_not_write_finds_it_signed"


def found_by(defect: Callable[[Patch], None], test: str, **given: object) -> object:
    return pytest.param(defect, test, given, id=defect.__name__)


@pytest.mark.parametrize(
    ("defect", "test", "given"),
    [
        found_by(nobody_looks_at_the_place, CLOSED, more={"site": "parking, véhicule AB-123-CD"}),
        found_by(anything_may_be_said, CLOSED, more={"words": "AB-123-CD"}),
        found_by(any_certificate_is_believed, AT_ONCE, quirk=StationQuirk.BAD_CERTIFICATE, why="not safe"),
        found_by(connections_are_kept, "test_an_answer_too_many_is_nobodys_answer"),
        found_by(anothers_answer_counts, AT_ONCE, quirk=StationQuirk.OTHER_CALL, why="another call"),
        found_by(an_answer_has_no_bound, AT_ONCE, quirk=StationQuirk.HUGE, why="more than 4096 bytes"),
        found_by(kept_is_taken, "test_a_person_who_takes_his_time_is_waited_for"),
        found_by(every_contact_hears_everything, "test_a_contact_hears_of_no_other_service_and_no_other_commune"),
        found_by(every_telling_is_another_call, SAME_BYTES),
        found_by(a_lost_question_ends_the_telling, KEPT),
    ],
)
def test_a_planted_defect_is_found(defect, test, given, monkeypatch, must_fail) -> None:
    defect(monkeypatch)
    must_fail("test_webhook", test, **given)
