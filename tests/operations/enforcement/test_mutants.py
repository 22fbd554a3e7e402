"""Who tests the tester of video enforcement: a planted defect must fail the test that is there for it."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from csu.governance import AuthorisationRegister, Decision, Swearing
from csu.hal.words import NO_WORDS
from csu.operations.enforcement import Enforcement, TicketStore, desk, store
from csu.operations.enforcement.draft import Draft
from csu.operations.enforcement.offences import Offence
from tests.operations.enforcement.conftest import World

Patch = pytest.MonkeyPatch
ONLY_SO = ("test_only_so", "test_nothing_but_the_whole_chain_of_conditions_makes_a_record")


def an_old_picture_will_do(patch: Patch) -> None:
    patch.setattr(desk, "PICTURE_AGE_NS_MAX", 1 << 62)


def any_session_will_do(patch: Patch) -> None:
    patch.setattr(Enforcement, "_require_session", lambda self, account, session: self._sessions[session])


def a_session_that_ended_will_do(patch: Patch) -> None:
    patch.setattr(Enforcement, "end", lambda self, session: None)


def nobody_asks_for_the_oath(patch: Patch) -> None:
    patch.setattr(Swearing, "covers", lambda self, offence, commune, at_ns: True)


def nobody_asks_for_the_cameras_papers(patch: Patch) -> None:
    granted = Decision(True, NO_WORDS, "csu")
    patch.setattr(AuthorisationRegister, "may_ticket", lambda self, camera, at_ns: granted)


def nobody_asks_for_the_purpose(patch: Patch) -> None:
    granted = Decision(True, NO_WORDS, "csu")
    patch.setattr(AuthorisationRegister, "may_use", lambda self, camera, purpose, at_ns: granted)


def the_right_is_asked_at_the_opening_only(patch: Patch) -> None:
    signs = Enforcement.sign

    def sign(self, account, draft, **told):
        self._require_right = lambda who, *rest: self._ports.agent(who, told["now_ns"])
        try:
            return signs(self, account, draft, **told)
        finally:
            del self._require_right

    patch.setattr(Enforcement, "sign", sign)


def one_still_will_do(patch: Patch) -> None:
    patch.setattr(desk, "STILLS_MIN", 1)


def a_hidden_picture_will_do(patch: Patch) -> None:
    takes = Enforcement._take

    def take(self, live, before, view, now_ns):
        newest = self._ports.pictures.newest(live.session)
        if newest is not None:
            newest.covered_share = 0.0
        return takes(self, live, before, view, now_ns)

    patch.setattr(Enforcement, "_take", take)


def the_days_of_the_table_do_not_count(patch: Patch) -> None:
    patch.setattr(Offence, "is_valid", lambda self, day: True)


def parking_is_not_timed(patch: Patch) -> None:
    named = desk.offence_named

    def untimed(name: str) -> Offence | None:
        found = named(name)
        return None if found is None else replace(found, stands_s=0)

    patch.setattr(desk, "offence_named", untimed)


def a_draft_is_never_over(patch: Patch) -> None:
    patch.setattr(Draft, "is_over", lambda self, now_ns: False)


def a_file_is_believed_as_it_lies(patch: Patch) -> None:
    def container(self, ticket):
        with self._disk.open(ticket.signed.file) as file:
            return file.read()

    patch.setattr(TicketStore, "_container", container)


def records_are_everybodys(patch: Patch) -> None:
    patch.setattr(TicketStore, "own", lambda self, account, record: self.tickets()[record])


def they_go_before_their_time(patch: Patch) -> None:
    patch.setattr(store.KeptTicket, "is_due", lambda self, now_ns: True)


DESK, RECORDS = "test_desk", "test_records"
PLANTED: dict[Callable[[Patch], None], tuple[str, str]] = {
    an_old_picture_will_do: ONLY_SO,
    any_session_will_do: ONLY_SO,
    a_session_that_ended_will_do: ONLY_SO,
    nobody_asks_for_the_oath: ONLY_SO,
    nobody_asks_for_the_cameras_papers: ONLY_SO,
    nobody_asks_for_the_purpose: ONLY_SO,
    the_right_is_asked_at_the_opening_only: (DESK, "test_a_suspended_order_stops_it"),
    one_still_will_do: (DESK, "test_two_or_three_stills_are_a_record_and_one_shows_the_surroundings"),
    a_hidden_picture_will_do: ONLY_SO,
    parking_is_not_timed: (DESK, "test_without_the_stopwatch_no_parking_is_recorded_and_it_runs_in_one_session"),
    a_draft_is_never_over: (DESK, "test_a_draft_is_the_agents_own_is_one_and_waits_a_quarter_of_an_hour"),
    the_days_of_the_table_do_not_count: (DESK, "test_an_offence_outside_the_table_or_its_days_is_refused"),
    a_file_is_believed_as_it_lies: (RECORDS, "test_one_altered_byte_anywhere_is_found_and_nothing_is_sent"),
    records_are_everybodys: (RECORDS, "test_only_who_signed_it_reads_it"),
    they_go_before_their_time: (RECORDS, "test_its_time_is_its_own_and_then_it_is_gone"),
}


def cases() -> Iterator[Any]:
    for plant, found_by in PLANTED.items():
        yield pytest.param(plant, id=plant.__name__, marks=[pytest.mark.nightly] if found_by == ONLY_SO else [])


@pytest.mark.parametrize("plant", list(cases()))
def test_a_planted_defect_is_found(plant, monkeypatch, tmp_path):
    module, name = PLANTED[plant]
    test = getattr(importlib.import_module(f"tests.operations.enforcement.{module}"), name)
    world = World(tmp_path)
    given = {"world": world}
    wanted = inspect.signature(test).parameters
    if "signed" in wanted:
        given["signed"] = world.sign(world.two_views())
    plant(monkeypatch)
    monkeypatch.setattr(importlib.import_module(f"tests.operations.enforcement.{ONLY_SO[0]}"), "EXAMPLES", 400)
    with pytest.raises((Exception, pytest.fail.Exception)):
        test(**{each: given[each] for each in wanted})
    if world.signed:
        world.store.close()


@pytest.mark.nightly
def test_without_a_defect_they_pass(tmp_path):
    for number, (module, name) in enumerate(sorted(set(PLANTED.values()))):
        test = getattr(importlib.import_module(f"tests.operations.enforcement.{module}"), name)
        world = World(tmp_path / str(number))
        (tmp_path / str(number)).mkdir()
        wanted = inspect.signature(test).parameters
        given = {"world": world}
        if "signed" in wanted:
            given["signed"] = world.sign(world.two_views())
        test(**{each: given[each] for each in wanted})
        if world.signed:
            world.store.close()
