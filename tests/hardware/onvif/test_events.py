"""What a device tells by itself: what is wanted, what can never be told, and a feed that outlives pull points."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.device_events import DeviceEvent, EventKind
from csu.machine import SystemChance, SystemClock
from hardware.event_queue import QUEUE_MAX
from hardware.onvif.events import DELAY_S_MAX, BackOff, EventFeed, EventReader
from hardware.onvif.session import Session


def told(topic: str, **data: str) -> dict[str, object]:
    return {"topic": topic, "data": data, "source": {}, "property_operation": "Changed"}


def test_tampering_is_told_when_it_begins_and_when_it_ends_and_not_again():
    reader, topic = EventReader(), "tns1:RuleEngine/TamperDetector/Tamper"
    untold = DeviceEvent(EventKind.TAMPER, 1, holds=False)
    assert reader.read(told(topic, IsTamper="false"), 1) == untold, "who listened before may have been told that it was"
    assert reader.read(told(topic, IsTamper="false"), 1) is None
    assert reader.read(told(topic, IsTamper="true"), 2) == DeviceEvent(EventKind.TAMPER, 2)
    assert reader.read(told(topic, IsTamper="true"), 3) is None
    assert reader.read(told(topic, IsTamper="false"), 4) == DeviceEvent(EventKind.TAMPER, 4, holds=False)


def test_two_rules_of_one_kind_do_not_end_each_other():
    reader, topic = EventReader(), "tns1:RuleEngine/TamperDetector/Tamper"
    assert reader.read(told(topic, IsTamper="true") | {"source": {"Rule": "1"}}, 1) is not None
    assert reader.read(told(topic, IsTamper="false") | {"source": {"Rule": "2"}}, 2) is None
    assert reader.read(told(topic, IsTamper="true") | {"source": {"Rule": "1"}}, 3) is None
    assert reader.read(told(topic, IsTamper="true") | {"source": {"Rule": "2"}}, 4) is None
    assert reader.read(told(topic, IsTamper="false") | {"source": {"Rule": "1"}}, 5) is None, "the other holds still"
    assert reader.read(told(topic, IsTamper="false") | {"source": {"Rule": "2"}}, 6).holds is False


def test_a_restart_is_told_when_its_instant_changes():
    reader, topic = EventReader(), "tns1:Monitoring/OperatingTime/LastReboot"
    assert reader.read(told(topic, Status="2026-11-30T00:00:00Z"), 1) is None
    assert reader.read(told(topic, Status="2026-11-30T00:00:00Z"), 2) is None
    assert reader.read(told(topic, Status="2026-11-30T07:00:00Z"), 3).kind is EventKind.REBOOTED


@pytest.mark.parametrize(
    "topic",
    [
        "tns1:AudioAnalytics/Audio/DetectedSound",
        "tns1:AudioSource/tnsaxis:TriggerLevel",
        "tns1:RuleEngine/GunshotDetector/Gunshot",
        "tnsvendor:GlassBreak",
        "tns1:AudioAnalytics/TamperDetector/Tamper",
        "tns1:RuleEngine/TamperDetector/Tamper/tnsvendor:Scream",
        "tns1:Device/Trigger/DigitalInput/tnsvendor:AcousticSensor",
    ],
)
def test_nothing_that_was_heard_can_be_told(topic):
    reader = EventReader()
    assert reader.read(told(topic, State="true"), 1) is None
    assert (reader.sounds_dropped, reader.ignored) == (1, 0)
    tamper = "tns1:RuleEngine/TamperDetector/Tamper"
    assert reader.read(told(tamper, isSoundDetected="true"), 1) is None, (
        "whatever the topic says, the item is of a sound"
    )
    assert reader.read(told(tamper, State="true", Class="Gunshot"), 1) is None
    by_ear = {"source": {"AudioSourceConfigurationToken": "asc-1"}}
    assert reader.read(told(tamper, State="true") | by_ear, 1) is None
    assert reader.sounds_dropped == 4
    street = {"source": {"Rule": "Rue du Glassier"}}
    assert reader.read(told(tamper, State="true") | street, 1) is not None
    assert not [kind for kind in EventKind if any(word in kind for word in ("sound", "gun", "glass", "scream"))]


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        ("tns1:Device/HardwareFailure/FanFailure", EventKind.HARDWARE),
        ("tns1:Device/HardwareFailure/TemperatureCritical", EventKind.HARDWARE),
        ("tns1:Device/Trigger/DigitalInput", EventKind.CONTACT),
        ("tns1:VideoSource/SignalLoss", EventKind.SIGNAL_LOST),
    ],
)
def test_the_health_of_a_camera_and_its_contacts_are_told(topic, kind):
    reader = EventReader()
    assert reader.read(told(topic, State="true"), 1) == DeviceEvent(kind, 1)
    assert reader.read(told(topic, State="false"), 2) == DeviceEvent(kind, 2, holds=False)


def test_motion_is_not_told():
    assert EventReader().read(told("tns1:VideoSource/MotionAlarm", State="true"), 1) is None


@pytest.mark.parametrize(
    ("what", "kind"), [("Mask", EventKind.MASKS_CHANGED), ("AudioSource", EventKind.AUDIO_CHANGED)]
)
def test_a_change_of_masks_or_microphones_is_told(what, kind):
    assert EventReader().read(told("tns1:Media/ConfigurationChanged", Type=what), 1).kind is kind


@settings(max_examples=40)
@given(st.text(max_size=20), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_no_message_breaks_the_reader(topic, data):
    EventReader().read({"topic": topic, "data": data}, 1)


@given(st.lists(st.integers(0, 20 * 10**9), max_size=30))
def test_delays_are_bounded(lives):
    back_off = BackOff(SystemChance("x"))
    assert all(0.5 <= back_off.after(life) <= DELAY_S_MAX for life in lives)


def test_a_listener_who_sleeps_loses_the_oldest_and_is_told(opened):
    async def check() -> None:
        async with opened() as (_, camera):
            feed = EventFeed(Session(camera._settings, None, SystemClock()), SystemChance("x"))
            for at_ns in range(QUEUE_MAX + 40):
                feed.tell(DeviceEvent(EventKind.TAMPER, at_ns))
            heard = []
            async with aclosing(feed.events()) as events:
                async for event in events:
                    heard.append(event)
                    if len(heard) == QUEUE_MAX:
                        break
            assert heard[0].kind is EventKind.MISSED
            assert heard[-1].at_ns == QUEUE_MAX + 39

    asyncio.run(check())


def test_a_device_whose_pull_points_break_is_told_once_and_then_that_something_may_be_missed(opened, monkeypatch):
    monkeypatch.setattr("hardware.onvif.events.DELAY_S_MIN", 0.02)

    async def check() -> None:
        async with opened() as (device, camera):
            device.services(media2="", events="")
            async with camera.listening() as events:
                assert (await anext(events)).kind is EventKind.UNREACHED
                point = f"{device.base}/onvif/pull"
                device.answers["CreatePullPointSubscription"] = device.answers["GetStreamUri"].replace(
                    b"<tr2:GetStreamUriResponse><tr2:Uri>rtsp://127.0.0.1:554/main</tr2:Uri></tr2:GetStreamUriResponse>",
                    b"<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>"
                    + point.encode()
                    + b"</wsa:Address></tev:SubscriptionReference></tev:CreatePullPointSubscriptionResponse>",
                )
                over = await anext(events)
                assert (over.kind, over.holds) == (EventKind.UNREACHED, False)
                assert (await anext(events)).kind is EventKind.MISSED
                assert device.asked.count("CreatePullPointSubscription") > 1

    asyncio.run(check())


def test_a_feed_that_died_of_a_defect_says_so_to_who_listens(opened, monkeypatch):
    async def broken(self, *what) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Session, "subscribe", broken)

    async def check() -> None:
        async with opened() as (_, camera), camera.listening() as events:
            with pytest.raises(ZeroDivisionError):
                await asyncio.wait_for(anext(events), 5)

    asyncio.run(check())


def test_a_pull_point_on_another_host_is_not_asked(opened):
    async def check() -> None:
        async with opened() as (device, camera):
            device.services(media2="", events="")
            device.answers["CreatePullPointSubscription"] = device.answers["GetStreamUri"].replace(
                b"<tr2:GetStreamUriResponse><tr2:Uri>rtsp://127.0.0.1:554/main</tr2:Uri></tr2:GetStreamUriResponse>",
                b"<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>http://192.0.2.66/p"
                b"</wsa:Address></tev:SubscriptionReference></tev:CreatePullPointSubscriptionResponse>",
            )
            async with camera.listening() as events:
                assert (await anext(events)).kind is EventKind.UNREACHED
            assert "PullMessages" not in device.asked

    asyncio.run(check())
