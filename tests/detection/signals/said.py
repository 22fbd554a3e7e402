"""Signals as an analysis says them, for tests."""

from __future__ import annotations

from csu.detection.signals import SignalBounds, SignalDesk, SignalEvent
from csu.hal.analysis import EventSignal, EventType, PictureBox
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from sim.ports import CountingIds

NOW_NS = 1_796_040_000 * NS_PER_S
"""2026-11-30, 12:00 UTC."""


def said(camera="cam-0001", type_=EventType.WRONG_WAY, zone="rue Serpenoise", at_s=0.0, **more) -> EventSignal:
    at_ns = NOW_NS + round(at_s * NS_PER_S)
    given = {
        "camera": CameraId(camera),
        "type": type_,
        "zone": zone,
        "since_ns": at_ns - NS_PER_S,
        "at_ns": at_ns,
        "boxes": (PictureBox(0.123, 0.2, 0.3, 0.4),),
        "score": 0.7,
        "rule_version": f"{type_}/1",
        "model": "a" * 64,
        "order": "2026-VSA-12",
        "heat": bytes(144),
    }
    return EventSignal(**given | more)


def desk(**bounds) -> SignalDesk:
    return SignalDesk(CountingIds(), SignalBounds(**bounds))


def raised(of: SignalDesk, *signals: EventSignal, now_s=0.0) -> list[SignalEvent]:
    return [event for each in signals for event in of.take(each, NOW_NS + round(now_s * NS_PER_S))]
