"""Who tests the tester of image deport: a planted defect must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from csu.operations import Deport, DeportBook, DeportStep, deport_book
from csu.operations import deport as deport_values

Patch = pytest.MonkeyPatch
SAME, PROPERTY = "test_deport", "test_a_recipient_never_sees_a_camera_outside_his_open_deport"


def anybody_sees_it(patch: Patch) -> None:
    shows = Deport.shows
    patch.setattr(Deport, "shows", lambda self, account, camera, at: shows(self, self.recipient.account, camera, at))


def any_camera_is_shown(patch: Patch) -> None:
    shows = Deport.shows
    patch.setattr(Deport, "shows", lambda self, account, camera, at: shows(self, account, self.cameras[0], at))


def its_end_is_not_looked_at(patch: Patch) -> None:
    shows = Deport.shows
    patch.setattr(Deport, "shows", lambda self, account, camera, at: shows(self, account, camera, self.from_ns))
    patch.setattr(DeportBook, "tick", lambda self, at, goes_on, refusal=None: [])


def a_clock_set_back_prolongs(patch: Patch) -> None:
    patch.setattr(DeportBook, "_time", lambda self, now_ns: now_ns)


def what_was_withdrawn_is_shown(patch: Patch) -> None:
    patch.setattr(Deport, "shown", property(lambda self: self.cameras))


def nobody_asks_for_the_right(patch: Patch) -> None:
    patch.setattr(DeportBook, "_withdraw", lambda self, deport, refusal, now_ns: [])


def its_incident_may_be_over(patch: Patch) -> None:
    tick = DeportBook.tick
    patch.setattr(
        DeportBook, "tick", lambda self, at, goes_on, refusal=None: tick(self, at, lambda each: True, refusal)
    )


def a_stop_is_only_written(patch: Patch) -> None:
    def stop(self, deport, by, reason, now_ns):
        return None

    patch.setattr(DeportBook, "stop", stop)


def a_prolongation_resurrects(patch: Patch) -> None:
    def keep(self, proposed):
        self._put(proposed)
        return True

    patch.setattr(DeportBook, "keep", keep)


def a_restart_begins_its_time_anew(patch: Patch) -> None:
    def resume(self, now_ns):
        resumed = [
            each.with_line(replace(each.lines[0], step=DeportStep.RESUMED, until_ns=now_ns + 30 * 60 * 10**9))
            for each in self.open()
        ]
        for each in resumed:
            self._put(each)
        return resumed

    patch.setattr(DeportBook, "resume", resume)


def it_counts_before_it_is_on_disk(patch: Patch) -> None:
    start = DeportBook.start

    def hasty(self, *args, **kwargs):
        made = start(self, *args, **kwargs)
        self._put(made)
        return made

    patch.setattr(DeportBook, "start", hasty)


def one_may_be_permanent(patch: Patch) -> None:
    begin = DeportBook.__init__
    patch.setattr(DeportBook, "__init__", lambda self, kept=(), minutes_max=0: begin(self, kept, minutes_max=10**12))
    patch.setattr(deport_book, "TOTAL_NS_MAX", 10**30)


def it_outlives_the_clearance(patch: Patch) -> None:
    until = DeportBook._until
    patch.setattr(
        DeportBook,
        "_until",
        lambda self, deport, minutes, now_ns, from_ns, whom: until(
            self, deport, minutes, now_ns, from_ns, replace(whom, cleared_until_ns=10**30)
        ),
    )


MUTANTS: list[tuple[Callable[[Patch], None], str]] = [
    (anybody_sees_it, PROPERTY),
    (any_camera_is_shown, PROPERTY),
    (its_end_is_not_looked_at, PROPERTY),
    (a_clock_set_back_prolongs, PROPERTY),
    (what_was_withdrawn_is_shown, PROPERTY),
    (nobody_asks_for_the_right, PROPERTY),
    (its_incident_may_be_over, PROPERTY),
    (a_stop_is_only_written, PROPERTY),
    (a_prolongation_resurrects, "test_what_ended_while_its_prolongation_was_written_stays_ended"),
    (
        a_restart_begins_its_time_anew,
        "test_after_a_restart_it_goes_on_to_the_same_end_and_says_so_and_one_that_is_past_it_does_not",
    ),
    (
        it_counts_before_it_is_on_disk,
        "test_nothing_is_shown_before_it_is_kept_and_then_to_that_person_those_cameras_until_its_end",
    ),
    (it_outlives_the_clearance, "test_it_ends_no_later_than_the_clearance"),
]


@pytest.mark.parametrize(("plant", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, test, monkeypatch, must_fail):
    plant(monkeypatch)
    must_fail(SAME, test)


def test_a_permanent_deport_is_found(monkeypatch):
    from tests.operations import test_deport

    one_may_be_permanent(monkeypatch)
    with pytest.raises(pytest.fail.Exception):
        test_deport.test_a_permanent_one_is_refused_and_told_that_no_paper_says_so()


def test_a_plate_in_a_reason_is_found(monkeypatch):
    from tests.operations import test_deport

    monkeypatch.setattr(deport_values, "personal_data_in", lambda text: None)
    with pytest.raises(pytest.fail.Exception):
        test_deport.test_what_is_not_opened_is_refused_with_its_rule_and_nothing_is_shown(
            {"reason": "voiture AB-123-CD"}, deport_values.DeportRule.REASON
        )
