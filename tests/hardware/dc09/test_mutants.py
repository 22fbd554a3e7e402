"""Who tests the tester: a defect planted in the receiver must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from hardware.dc09 import acceptance, belief, codes, frames, reasons
from hardware.dc09.acceptance import Acceptance, Refused
from hardware.dc09.limits import RateLimits
from hardware.dc09.memory import Entry, FrameMemory
from hardware.dc09.reasons import Reason
from hardware.dc09.store import FrameStore
from hardware.dc09.supervision import Supervision

Patch = pytest.MonkeyPatch


def what_a_wrong_key_opens_is_believed(patch: Patch) -> None:
    def trusting(frame, header, account):
        content = frames.open_frame(frame, header, account.key)
        return Reason.WRONG_KEY if isinstance(content, frames.Unreadable) else content

    patch.setattr(acceptance, "opened", trusting)


def a_frame_in_clear_is_as_good(patch: Patch) -> None:
    judged = acceptance.opened

    def lenient(frame, header, account):
        return judged(frame, header, account if header.is_encrypted else replace(account, key=None))

    patch.setattr(acceptance, "opened", lenient)


def nobody_looks_whose_account_is_inside(patch: Patch) -> None:
    class Whoever(frozenset):  # type: ignore[type-arg]
        __eq__ = lambda self, other: True  # noqa: E731
        __hash__ = frozenset.__hash__

    patch.setattr(belief, "inner_accounts", lambda data: Whoever())


def the_header_is_believed(patch: Patch) -> None:
    of_seen = acceptance._of_seen
    patch.setattr(acceptance, "_of_seen", lambda seen, whole, *more: of_seen(seen, seen.frame, *more))


def a_frame_is_known_by_all_its_cipher_text(patch: Patch) -> None:
    patch.setattr(frames.Header, "sealed_end", property(lambda self: self.sealed))


def a_poll_is_handed_to_the_codec_as_it_is(patch: Patch) -> None:
    patch.setattr(frames, "_for_codec", lambda frame, header: frame)


def no_frame_is_stale(patch: Patch) -> None:
    patch.setattr(acceptance, "_is_fresh", lambda stamped_at_ns, now_ns: True)


def an_older_time_is_as_good(patch: Patch) -> None:
    patch.setattr(acceptance, "_is_older", lambda stamped_at_ns, than_ns: False)


def an_identical_frame_is_a_retry_for_ever(patch: Patch) -> None:
    patch.setattr(acceptance, "IDENTICAL_NS", 10**18)


def a_retry_is_another_event(patch: Patch) -> None:
    patch.setattr(FrameMemory, "same_event", lambda self, *given: None)


def memory_has_no_end(patch: Patch) -> None:
    patch.setattr(FrameMemory, "full", lambda self, account, now_ns: False)


def nobody_is_too_loud(patch: Patch) -> None:
    patch.setattr(RateLimits, "allows", lambda self, name, now_ns: True)


def whoever_names_an_account_uses_it_up(patch: Patch) -> None:
    judge = Acceptance.judge

    def hasty(self, frame, origin, at):
        header = frames.read_header(frame)
        if not self._of_account.allows(header.account, at.steady_ns):
            return Refused(Reason.FLOOD, header.account)
        return judge(self, frame, origin, at)

    patch.setattr(Acceptance, "judge", hasty)


def a_microphone_is_a_detector(patch: Patch) -> None:
    patch.setattr(codes, "SOUND_CODES", frozenset())


def a_refused_sound_rings(patch: Patch) -> None:
    patch.setitem(reasons._ALARMS, Reason.SOUND, codes.AlarmKind.TECHNICAL)


def an_unknown_code_hides_its_neighbours(patch: Patch) -> None:
    def strict(block):
        events = list(sia_events(block))
        return events if all(event.code.code in codes.dc03.EVENT for event in events) else events[:1]

    sia_events = frames._sia_events
    patch.setattr(frames, "_sia_events", strict)


def the_wire_does_not_wait_for_the_engine(patch: Patch) -> None:
    patch.setattr(Entry, "is_done", property(lambda self: self.is_written))


def nothing_is_written(patch: Patch) -> None:
    patch.setattr(FrameStore, "write", lambda self, batch: None)


def a_new_file_counts_from_one(patch: Patch) -> None:
    load = FrameStore.load
    patch.setattr(FrameStore, "load", lambda self, *given: replace(load(self, *given), next_number=1))


def refusals_are_not_told(patch: Patch) -> None:
    patch.setattr(reasons.Tally, "note", lambda self, *given: False)


def a_path_is_silent_again_and_again(patch: Patch) -> None:
    patch.setattr(Supervision, "due", lambda self, now_ns: list(self._paths.values()))


def quirk(fault):
    from sim.endpoints.dc09 import DiallerFault

    return {"quirk": (DiallerFault(fault), "", Reason(fault), ["tamper"])}


A, C, R = "test_acceptance", "test_codes", "test_receiver"
MUTANTS: list[tuple[Callable[[Patch], None], str, str, dict[str, Any]]] = [
    (what_a_wrong_key_opens_is_believed, A, "test_a_wrong_key_never_makes_an_event", {}),
    (a_frame_in_clear_is_as_good, A, "test_a_frame_in_clear_of_an_account_with_a_key_is_refused", {}),
    (nobody_looks_whose_account_is_inside, A, "test_a_frame_that_names_another_account_inside_is_refused", {}),
    (the_header_is_believed, A, "test_the_same_cipher_text_under_another_header_is_a_replay", {}),
    (a_frame_is_known_by_all_its_cipher_text, A, "test_a_known_frame_dressed_up_by_who_has_no_key_is_no_new_one",
     {"altered": lambda sealed: b"00" * 16 + sealed, "token": "SIA-DCS"}),
    (a_poll_is_handed_to_the_codec_as_it_is, A, "test_an_event_is_not_taken_for_a_poll_by_changing_its_header", {}),
    (no_frame_is_stale, A, "test_a_stale_frame_is_answered_with_the_time", {}),
    (an_older_time_is_as_good, A, "test_the_same_number_with_other_words_is_told_and_with_an_older_time_refused", {}),
    (an_identical_frame_is_a_retry_for_ever, A, "test_a_frame_that_comes_back_later_is_a_replay", {}),
    (a_retry_is_another_event, A, "test_what_is_told_twice_is_delivered_once_and_acknowledged_twice", {}),
    (a_retry_is_another_event, A, "test_each_event_is_delivered_once_whatever_is_repeated_in_what_order", {}),
    (memory_has_no_end, A, "test_memory_is_bounded_and_nothing_is_forgotten_that_could_be_replayed", {}),
    (nobody_is_too_loud, A, "test_a_flood_is_cut_off_by_address_and_by_account", {}),
    (whoever_names_an_account_uses_it_up, A, "test_who_has_no_key_cannot_use_up_what_an_account_may_say", {}),
    (an_unknown_code_hides_its_neighbours, A, "test_an_event_is_of_the_kind_its_code_says",
     {"token": "SIA-DCS", "data": "#1234|NZZ1/FA2", "kinds": [codes.AlarmKind.FIRE]}),
    (a_microphone_is_a_detector, C, "test_codes_and_zones_of_acoustic_detectors_raise_nothing", {}),
    (a_refused_sound_rings, C, "test_a_panel_that_opens_a_microphone_is_refused_and_the_room_hears_nothing_of_it",
     {"kind": "SIA-DCS"}),
    (the_wire_does_not_wait_for_the_engine, R, "test_a_frame_that_raises_two_alarms_is_acknowledged_when_both_are", {}),
    (a_new_file_counts_from_one, R, "test_a_new_file_gives_no_number_that_an_old_one_gave", {}),
    (nothing_is_written, R, "test_a_restart_knows_what_was_acknowledged_and_delivers_what_was_not", {}),
    (refusals_are_not_told, R, "test_whatever_a_panel_does_is_refused_counted_and_told_once", quirk("wrong_key")),
    (a_path_is_silent_again_and_again, R, "test_a_path_that_falls_silent_is_an_alarm_once_and_its_return_is_told", {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plant", "module", "test", "given"), MUTANTS, ids=lambda value: getattr(value, "__name__", "")
)
def test_a_planted_defect_is_found(plant, module, test, given, monkeypatch, must_fail, dc09):
    plant(monkeypatch)
    impatient = SimpleNamespace(**{**vars(dc09), "until": partial(dc09.until, within_s=1.0)})
    must_fail(module, test, dc09=impatient, **given)
