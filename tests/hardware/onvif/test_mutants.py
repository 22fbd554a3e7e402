"""Who tests the tester: a defect planted in the adapter must fail the test that is there for it."""

from __future__ import annotations

import httpx
import pytest

from csu.hal import tls
from csu.hal.camera import OnboardMask, StreamAddress
from hardware.onvif import addresses, camera, dead_man, ears, events, guard, session, xml_door
from hardware.onvif.dead_man import DeadMan
from hardware.onvif.head import Head
from hardware.onvif.onboard import OnboardMasks
from sim.endpoints.onvif import OnvifQuirk

DEFECTS = {
    "believes its word": ("_same_place", lambda first, later: True),
    "no stop again": ("STOP_AGAIN_NS", 10**20),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_tests_find_a_planted_defect(defect, monkeypatch, must_fail):
    name, value = DEFECTS[defect]
    monkeypatch.setattr(dead_man, name, value)
    must_fail("test_dead_man", "test_a_stop_that_is_not_taken_is_sent_again_until_the_camera_is_seen_at_rest")


def test_the_tests_find_an_order_that_is_forgotten_when_it_is_given_up(monkeypatch, must_fail):
    monkeypatch.setattr(dead_man, "LATE_ORDER_NS", 0)
    must_fail("test_dead_man", "test_an_order_that_was_given_up_may_be_taken_late_and_is_stopped_then")


def test_the_tests_find_a_trusted_device_timeout(monkeypatch, must_fail):
    monkeypatch.setattr(DeadMan, "due", lambda self, now_ns: [])
    monkeypatch.setattr(DeadMan, "due_at_ns", lambda self: 10**20)
    must_fail("test_dead_man", "test_a_move_that_nobody_ends_is_stopped_at_its_time")


def test_the_tests_find_a_camera_at_rest_too_soon(monkeypatch, must_fail):
    monkeypatch.setattr(dead_man, "STARTS_WITHIN_NS", 0)
    must_fail("test_dead_man", "test_it_counts_as_moving_from_the_order_on")


def bombs_are_parsed(patch) -> None:
    parse = xml_door.iterparse
    patch.setattr(
        xml_door, "iterparse", lambda *a, **k: parse(*a, events=k["events"], forbid_dtd=False, forbid_entities=False)
    )


def the_clock_is_believed_without_tls(patch) -> None:
    patch.setattr(session.OnvifSettings, "is_tls", property(lambda self: True))


def every_host_is_the_camera(patch) -> None:
    read = addresses.Enrolled._read

    def gullible(self, told, what):
        self._others = self._others | {httpx.URL(told).host} if told.startswith(("http:", "rtsp:")) else self._others
        return read(self, told, what)

    patch.setattr(addresses.Enrolled, "_read", gullible)


def a_slow_answer_is_waited_for(patch) -> None:
    timeout = guard.asyncio.timeout
    patch.setattr(guard.asyncio, "timeout", lambda seconds: timeout(2.5 if seconds < 1 else seconds))


def basic_is_answered(patch) -> None:
    patch.setattr(guard.httpx, "DigestAuth", _EagerBasic)


class _EagerBasic(httpx.Auth):
    def __init__(self, user: str, password: str) -> None:
        self._basic = httpx.BasicAuth(user, password)

    def auth_flow(self, request):
        yield from self._basic.auth_flow(request)


def logins_are_tried_at_speed(patch) -> None:
    patch.setattr(session, "LOGIN_AGAIN_NS", 0)


HOSTILE = {
    the_clock_is_believed_without_tls: ("test_without_tls_a_wrong_clock_is_told_and_never_made_up_for", {}),
    every_host_is_the_camera: ("test_a_stream_that_is_not_the_camera_s_own_is_refused", {"url": "rtsp://192.0.2.66/m"}),
    a_slow_answer_is_waited_for: ("test_a_slow_answer_ends_at_its_deadline_however_its_bytes_drip", {}),
    basic_is_answered: ("test_basic_is_never_answered", {}),
    logins_are_tried_at_speed: ("test_a_refused_login_is_not_tried_again_at_once", {}),
}


@pytest.mark.parametrize("plant", HOSTILE, ids=lambda plant: plant.__name__)
def test_a_hostile_device_s_test_finds_a_planted_defect(plant, monkeypatch, must_fail):
    plant(monkeypatch)
    test, given = HOSTILE[plant]
    must_fail("test_hostile", test, **given)


def test_the_tests_find_a_parsed_bomb(monkeypatch, must_fail):
    bombs_are_parsed(monkeypatch)
    must_fail("test_reading", "test_a_dtd_is_refused_whatever_it_holds")


async def _no_keeper(self) -> None:
    return None


async def _hears_nothing(session) -> frozenset[str]:
    return frozenset()


async def _believes_its_push(self, configuration):
    return tuple(OnboardMask(name, ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))) for name in self._names.values())


AT_WORK = {
    "nobody watches a move": (Head, "_keep", _no_keeper, "test_a_runaway_is_stopped_by_our_own_dead_man", {}),
    "what was pushed is believed": (
        OnboardMasks,
        "read",
        _believes_its_push,
        "test_masks_are_read_back_as_the_device_tells_them",
        {"quirk": OnvifQuirk.MASKS_GONE_AFTER_REBOOT},
    ),
    "nobody listens again": (
        ears,
        "ears",
        _hears_nothing,
        "test_a_microphone_that_comes_back_is_told",
        {"quirk": OnvifQuirk.AUDIO_BACK_AFTER_REMOVAL},
    ),
}


@pytest.mark.parametrize("defect", AT_WORK)
def test_a_quirk_s_test_finds_a_planted_defect(defect, monkeypatch, must_fail):
    owner, name, planted, test, given = AT_WORK[defect]
    monkeypatch.setattr(owner, name, planted)
    if name == "ears":
        monkeypatch.setattr(camera, name, planted)
    must_fail("test_quirks", test, **given)


@pytest.mark.parametrize(
    "topic", ["tns1:AudioAnalytics/Audio/DetectedSound", "tns1:AudioAnalytics/TamperDetector/Tamper"]
)
def test_the_tests_find_an_ear_among_the_events(topic, monkeypatch, must_fail):
    monkeypatch.setattr(events, "_was_heard", lambda *said: False)
    must_fail("test_events", "test_nothing_that_was_heard_can_be_told", topic=topic)


def test_the_tests_find_a_pin_that_is_taken_for_an_authority(monkeypatch, must_fail):
    monkeypatch.setattr(tls, "_require_pinned", lambda context, shown: None)
    must_fail("test_over_tls", "test_what_the_pinned_certificate_has_signed_is_not_the_camera")


def test_the_tests_find_streams_that_believe_nobody_in_particular(monkeypatch, must_fail):
    anybody = tls.TlsTrust("", is_pinned=False)
    monkeypatch.setattr(camera, "StreamAddress", lambda *known: StreamAddress(*known[:3], anybody))
    test = "test_its_streams_and_stills_come_by_the_certificate_it_was_enrolled_with"
    must_fail("test_over_tls", test, kind="pinned_file")
