"""Who tests the tester: a defect planted in the operations room must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from csu.operations import (
    CallEscalated,
    Descriptions,
    DispatchOutbox,
    FaultKind,
    HandoverNote,
    PtzLeases,
    PtzRank,
    StopCamera,
    TourRun,
    Watch,
    descriptions,
    dispatch,
    guard_tour,
    operations_log,
    planned_event,
    ptz_leases,
    roster,
    watch,
)
from csu.operations.handover import NoteSignature

Patch = pytest.MonkeyPatch


def an_operator_goes_before_an_alarm(patch: Patch) -> None:
    claim = PtzLeases.claim

    def rude(self, camera, holder, rank, now_ns, *, alarm=""):
        held = self._leases.get(camera)
        if held is not None and held.holder != holder:
            self._leases[camera] = replace(held, rank=PtzRank.TOUR)
        return claim(self, camera, holder, rank, now_ns, alarm=alarm)

    patch.setattr(PtzLeases, "claim", rude)


def who_is_pre_empted_goes_on_moving(patch: Patch) -> None:
    end = PtzLeases._end
    patch.setattr(PtzLeases, "_end", lambda self, *a, **k: [x for x in end(self, *a, **k) if type(x) is not StopCamera])


def a_dead_man_moves_on(patch: Patch) -> None:
    patch.setattr(ptz_leases, "DEAD_MAN_NS", 10**20)


def a_stop_is_sent_once(patch: Patch) -> None:
    patch.setattr(ptz_leases, "STOP_AGAIN_NS", 10**20)


def old_leases_still_move(patch: Patch) -> None:
    patch.setattr(PtzLeases, "_held", lambda self, camera, number: self._leases[camera])


def a_short_watch_restricts_nobody(patch: Patch) -> None:
    patch.setattr(ptz_leases, "_RESTRICTED_RANKS", tuple(PtzRank))


def nothing_is_stopped_at_the_start(patch: Patch) -> None:
    begin = PtzLeases.__init__

    def trusting(self, cameras, first_number=1):
        begin(self, cameras, first_number)
        self._stops.clear()

    patch.setattr(PtzLeases, "__init__", trusting)


def one_is_enough(patch: Patch) -> None:
    patch.setattr(watch, "WATCHING_MIN", 1)


def who_walks_away_is_not_missed(patch: Patch) -> None:
    patch.setattr(watch, "UNSEEN_AFTER_NS", 70 * 10**9)


def two_spellings_are_two_people(patch: Patch) -> None:
    patch.setattr(watch, "same_person", lambda a, b: a == b)


def the_chief_is_called_once(patch: Patch) -> None:
    patch.setattr(watch, "CALL_AGAIN_NS", 10**20)


def anybody_may_leave(patch: Patch) -> None:
    leave = Watch.leave
    patch.setattr(Watch, "leave", lambda self, person, now_ns, **_: leave(self, person, now_ns, urgent_reason="x"))


def absences_are_forgotten(patch: Patch) -> None:
    there = roster._there
    patch.setattr(roster, "_there", lambda shifts, absences, at_ns: there(shifts, (), at_ns))


def a_handover_needs_no_overlap(patch: Patch) -> None:
    patch.setattr(roster, "OVERLAP_NS_MIN", 0)


def anybody_takes_the_note_over(patch: Patch) -> None:
    patch.setattr(
        HandoverNote,
        "acknowledged",
        lambda self, person, now_ns: replace(self, signatures=(*self.signatures, NoteSignature(person, now_ns))),
    )


def one_of_the_team_signs_for_all(patch: Patch) -> None:
    patch.setattr(HandoverNote, "is_acknowledged", property(lambda self: bool(self.signatures)))


def beyond_the_plan_all_is_well(patch: Patch) -> None:
    patch.setattr(roster, "without", lambda span, others: ())


def any_camera_serves_any_purpose(patch: Patch) -> None:
    check = planned_event._check_cameras
    yes = SimpleNamespace(permitted=True)
    patch.setattr(
        planned_event,
        "_check_cameras",
        lambda event, facts: check(event, replace(facts, may_use=lambda camera, purpose, span: yes)),
    )


def a_demonstration_is_seen_from_near(patch: Patch) -> None:
    check = planned_event._check_cameras
    patch.setattr(
        planned_event, "_check_cameras", lambda event, facts: check(replace(event, close_reason="none"), facts)
    )


def plates_may_be_written(patch: Patch) -> None:
    patch.setattr(operations_log, "personal_data_in", lambda text: None)
    patch.setattr(dispatch, "unfit_for_a_place", lambda text: None)


def descriptions_last_for_ever(patch: Patch) -> None:
    patch.setattr(descriptions, "KEPT_NS", 10**18)


def an_expired_description_is_shown_until_it_is_purged(patch: Patch) -> None:
    of = Descriptions.of
    patch.setattr(Descriptions, "of", lambda self, number, now_ns: of(self, number, 0))


def a_call_is_sent_before_it_is_on_disk(patch: Patch) -> None:
    queue = DispatchOutbox.queue

    def hasty(self, call, contacts, now_ns):
        told = queue(self, call, contacts, now_ns)
        self._sendable.add(call.call)
        return told

    patch.setattr(DispatchOutbox, "queue", hasty)


def calls_overtake_each_other(patch: Patch) -> None:
    patch.setattr(
        DispatchOutbox,
        "_heads",
        lambda self: [c for c in self._waiting.values() if not c.is_taken and not c.is_by_telephone],
    )


def a_call_is_sent_once(patch: Patch) -> None:
    patch.setattr(dispatch, "SEND_AGAIN_NS", 10**20)


def nobody_else_is_tried(patch: Patch) -> None:
    patch.setattr(dispatch, "NEXT_CONTACT_NS", 10**20)


def a_machine_may_take_a_call(patch: Patch) -> None:
    take = DispatchOutbox._take
    patch.setattr(DispatchOutbox, "_take", lambda self, name, by, now_ns: take(self, name, by.strip() or "?", now_ns))


def a_second_receipt_takes_it_again(patch: Patch) -> None:
    take = DispatchOutbox._take

    def again(self, name, by, now_ns):
        if name in self._done:
            self._waiting[name] = replace(self._done.pop(name), taken_at_ns=None)
        return take(self, name, by, now_ns)

    patch.setattr(DispatchOutbox, "_take", again)


def finished_calls_are_made_again_after_a_restart(patch: Patch) -> None:
    begin = DispatchOutbox.__init__
    patch.setattr(DispatchOutbox, "__init__", lambda self, kept=(): begin(self, [c for c in kept if not c.is_taken]))


def an_unanswered_call_is_dropped(patch: Patch) -> None:
    tick = DispatchOutbox.tick

    def forgetful(self, now_ns):
        told = tick(self, now_ns)
        for each in told:
            if isinstance(each, CallEscalated) and each.call.is_by_telephone:
                del self._waiting[each.call.call.call]
        return told

    patch.setattr(DispatchOutbox, "tick", forgetful)


def a_glance_is_a_look(patch: Patch) -> None:
    patch.setattr(guard_tour, "SEEN_NS_MIN", 1)


def a_tour_asks_nobody(patch: Patch) -> None:
    begin = TourRun.__init__
    patch.setattr(TourRun, "__init__", lambda self, tour, person, may: begin(self, tour, person, lambda c, at: True))


PTZ, WATCH, LOG, DISPATCH, TOUR = (
    "test_ptz_leases",
    "test_watch",
    "test_operations_log",
    "test_dispatch",
    "test_guard_tour",
)
HANDOVER, ROSTER, EVENT = "test_handover", "test_roster_kept", "test_planned_event"
SIGNED_BY_EACH = "test_a_note_is_taken_over_when_each_of_the_incoming_team_has_signed_by_name"
UNANSWERED = "test_without_a_receipt_the_same_key_is_sent_again_then_to_the_next_contact_then_people_telephone"
GOOD_DAY = "test_a_plan_with_a_hole_is_refused_and_the_old_one_stands"
MUTANTS: list[tuple[Callable[[Patch], None], str, str]] = [
    (who_is_pre_empted_goes_on_moving, PTZ, "test_who_is_pre_empted_while_he_moves_is_stopped_before_the_other_begins"),
    (
        a_dead_man_moves_on,
        PTZ,
        "test_a_movement_that_is_not_repeated_is_stopped_and_the_stop_is_sent_until_it_is_confirmed",
    ),
    (a_stop_is_sent_once, PTZ, "test_a_hand_that_lets_go_stops_the_camera_until_it_has_stopped"),
    (
        old_leases_still_move,
        PTZ,
        "test_a_late_order_of_the_one_who_lost_the_camera_moves_and_stops_nothing",
    ),
    (a_short_watch_restricts_nobody, PTZ, "test_with_fewer_than_two_on_watch_only_alarms_and_the_chief_turn_cameras"),
    (nothing_is_stopped_at_the_start, PTZ, "test_after_a_restart_every_camera_is_stopped_until_it_says_so"),
    (one_is_enough, WATCH, "test_the_second_person_who_walks_away_unseen_is_told_of_within_a_minute"),
    (who_walks_away_is_not_missed, WATCH, "test_the_second_person_who_walks_away_unseen_is_told_of_within_a_minute"),
    (two_spellings_are_two_people, WATCH, "test_one_person_at_two_desks_under_two_spellings_is_one"),
    (the_chief_is_called_once, WATCH, "test_the_chief_is_called_again_while_it_lasts_and_no_longer"),
    (
        anybody_may_leave,
        WATCH,
        "test_who_would_leave_one_alone_may_not_unless_he_must_and_then_the_chief_is_called",
    ),
    (absences_are_forgotten, WATCH, "test_an_absence_is_noted_and_tells_when_fewer_than_two_are_left"),
    (anybody_takes_the_note_over, HANDOVER, SIGNED_BY_EACH),
    (one_of_the_team_signs_for_all, HANDOVER, SIGNED_BY_EACH),
    (
        beyond_the_plan_all_is_well,
        ROSTER,
        "test_holes_are_told_ahead_and_beyond_the_plan_nothing_is_planned",
    ),
    (any_camera_serves_any_purpose, EVENT, "test_a_camera_that_lacks_the_purpose_or_is_of_another_commune_is_refused"),
    (a_demonstration_is_seen_from_near, EVENT, "test_a_demonstration_is_seen_from_afar_unless_somebody_says_why"),
    (
        descriptions_last_for_ever,
        LOG,
        "test_a_description_is_short_and_gone_after_its_time_while_the_entry_stays",
    ),
    (
        an_expired_description_is_shown_until_it_is_purged,
        LOG,
        "test_a_description_is_short_and_gone_after_its_time_while_the_entry_stays",
    ),
    (plates_may_be_written, DISPATCH, "test_nobody_no_contact_and_too_many_are_refused"),
    (a_call_is_sent_before_it_is_on_disk, DISPATCH, "test_a_call_is_sent_only_once_it_is_on_disk"),
    (
        calls_overtake_each_other,
        DISPATCH,
        "test_a_second_call_to_the_same_service_waits_for_the_first_and_another_commune_does_not",
    ),
    (a_call_is_sent_once, DISPATCH, UNANSWERED),
    (nobody_else_is_tried, DISPATCH, UNANSWERED),
    (an_unanswered_call_is_dropped, DISPATCH, UNANSWERED),
    (
        a_second_receipt_takes_it_again,
        DISPATCH,
        "test_the_first_to_take_a_call_has_it_and_a_second_receipt_changes_nothing",
    ),
    (
        finished_calls_are_made_again_after_a_restart,
        DISPATCH,
        "test_after_a_restart_what_nobody_took_is_sent_again_in_order_under_its_key",
    ),
    (a_glance_is_a_look, TOUR, "test_a_picture_that_was_live_for_a_moment_was_not_looked_at"),
    (
        a_tour_asks_nobody,
        TOUR,
        "test_a_camera_without_a_right_is_passed_over_and_one_without_a_live_picture_was_not_seen",
    ),
]


@pytest.mark.parametrize(("plant", "module", "test"), MUTANTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_planted_defect_is_found(plant, module, test, monkeypatch, must_fail):
    plant(monkeypatch)
    must_fail(module, test)


def test_an_operator_who_goes_before_an_alarm_is_found(monkeypatch, must_fail):
    an_operator_goes_before_an_alarm(monkeypatch)
    must_fail(
        PTZ,
        "test_an_alarm_goes_before_the_chief_before_an_operator_before_a_tour",
        lower=PtzRank.ALARM,
        higher=PtzRank.OPERATOR,
    )


def test_a_machine_that_takes_a_call_is_found(monkeypatch, must_fail):
    a_machine_may_take_a_call(monkeypatch)
    must_fail(DISPATCH, "test_a_receipt_in_nobodys_name_is_none", by=" ")


def test_a_plate_in_the_log_is_found(monkeypatch, must_fail):
    plates_may_be_written(monkeypatch)
    must_fail(LOG, "test_what_may_not_be_written_is_refused", text="voiture AB-123-CD", more={})


def test_a_handover_without_overlap_is_found(monkeypatch, must_fail):
    from csu.hal.clock import NS_PER_MINUTE
    from csu.operations import Shift
    from csu.operations.roster import Span

    a_handover_needs_no_overlap(monkeypatch)
    hour_ns = 60 * NS_PER_MINUTE
    bad = [
        Shift("night", Span(0, 8 * hour_ns + 6 * NS_PER_MINUTE), ("anne", "bruno")),
        Shift("day", Span(8 * hour_ns, 24 * hour_ns), ("chloé", "denis")),
    ]
    must_fail(WATCH, GOOD_DAY, bad=bad, kind=FaultKind.NO_OVERLAP)
