"""Which message may be said, and where: by a decision in force, from the approved list, seen by two, not too often."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.governance.legal_calendar import start_of_day
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.loudspeaker import MESSAGE_BYTES_MAX, SpeakingPermit, SpokenMessage
from csu.operations.loudspeaker import AN_HOUR_MAX, HOUR_NS, PAUSE_NS, SpeechBook, SpeechRefused, SpeechRule

SPEAKS, MUTE = CameraId("cam-0001"), CameraId("cam-0002")
LEAVE = SpokenMessage("leave", "Quittez la place.", b"\xff" * 80, "a.dupre")
PERMIT = SpeakingPermit("deliberation-7", date(2026, 11, 1), date(2027, 11, 1))
NOON = start_of_day(date(2026, 11, 30)) + 12 * HOUR_NS


def book() -> SpeechBook:
    return SpeechBook([LEAVE], {SPEAKS: PERMIT})


def begin(at: SpeechBook, now_ns: int = NOON, camera: CameraId = SPEAKS, message: str = "leave", **facts: bool):
    return at.begin(camera, message, now_ns, **({"is_open": True, "is_short": False} | facts))


def rule_of(at: SpeechBook, *args, **facts) -> SpeechRule:
    with pytest.raises(SpeechRefused) as told:
        begin(at, *args, **facts)
    return told.value.rule


def test_a_camera_is_mute_unless_a_decision_in_force_lets_it_speak():
    at = book()
    assert rule_of(at, NOON, MUTE) is SpeechRule.OFF
    assert [at.speakers(each) for each in (NOON, start_of_day(PERMIT.ends_on))] == [[SPEAKS], []]
    assert rule_of(at, start_of_day(PERMIT.from_day) - 1) is SpeechRule.OFF
    assert rule_of(at, start_of_day(PERMIT.ends_on)) is SpeechRule.OFF
    assert begin(at) is LEAVE


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"is_open": False}, SpeechRule.CLOSED),
        ({"message": "hello"}, SpeechRule.UNKNOWN),
        ({"is_short": True}, SpeechRule.WATCH),
    ],
)
def test_without_an_order_an_approved_message_or_two_who_watch_nothing_is_said(facts, rule):
    at = book()
    assert rule_of(at, **facts) is rule
    assert begin(at) is LEAVE, "what was refused is no message that was said"


def test_a_return_channel_silences_the_camera_for_good():
    at = book()
    begin(at)
    at.silence(SPEAKS)
    assert at.speakers(NOON) == []
    at.end(SPEAKS, NOON)
    assert rule_of(at, NOON + 10 * HOUR_NS) is SpeechRule.RETURN_CHANNEL


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(1, 30)), max_size=60))
def test_one_message_at_a_time_with_pauses_and_never_more_than_so_many_an_hour(asks):
    at, now_ns, said = book(), NOON, []
    for pause_s, lasts_s in asks:
        now_ns += pause_s * NS_PER_S
        try:
            begin(at, now_ns)
        except SpeechRefused as refused:
            assert refused.rule is SpeechRule.RATE
            continue
        assert rule_of(at, now_ns) is SpeechRule.BUSY
        said.append((now_ns, now_ns + lasts_s * NS_PER_S))
        now_ns = said[-1][1]
        at.end(SPEAKS, now_ns)
    assert all(later[0] - earlier[1] >= PAUSE_NS for earlier, later in zip(said, said[1:], strict=False))
    for began_ns, _ in said:
        assert sum(began_ns <= other < began_ns + HOUR_NS for other, _ in said) <= AN_HOUR_MAX


@pytest.mark.parametrize("sound", [b"", b"\xff" * (MESSAGE_BYTES_MAX + 1)])
def test_a_message_is_not_empty_and_not_a_speech(sound):
    with pytest.raises(ValueError, match="message leave"):
        SpokenMessage("leave", "x", sound, "a.dupre")
