"""The Event service: pull points, their long polls, and their ends."""

from __future__ import annotations

import asyncio
from datetime import datetime

from markupsafe import Markup

from csu.hal.clock import NS_PER_S
from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.events import LAST_REBOOT, LIFE_S, OnvifEvent, PullPoint
from sim.endpoints.onvif.service import Call, Service
from sim.endpoints.onvif.soap import (
    EVENTS,
    NOTIFICATION,
    finite,
    found_all,
    receiver_fault,
    sender_fault,
    text_of,
    texts_of,
)
from sim.endpoints.onvif.spec import OnvifQuirk, UserLevel
from sim.endpoints.onvif.times import instant_of, seconds_of, xml_time

SERVICE = Service(EVENTS, "event_service", "events", (25, 12))
SUBSCRIPTION = Service(NOTIFICATION, "event_service", "events", (25, 12))
"""Renew and Unsubscribe are of another namespace; GetServices does not tell it."""

_OPEN, _USER = UserLevel.ANONYMOUS, UserLevel.USER

POLL_S_MAX = 60.0
MESSAGES_MAX = 100


_TOPICS = (LAST_REBOOT, *(event.value for event in OnvifEvent if event is not OnvifEvent.AUDIO_CHANGED))
"""Two events have one topic."""

SERVICE.tells("GetServiceCapabilities", _OPEN, lambda device: {"pull_points": device.spec.pull_points_max})
SERVICE.tells("GetEventProperties", _USER, lambda _: {"topics": _TOPICS})


@SERVICE.operation(_USER)
async def create_pull_point_subscription(device: OnvifDevice, call: Call) -> Markup:
    life_s = _life_s(device, text_of(call.node, "InitialTerminationTime", ""))
    point = device.events.subscribe(life_s, device.clock.monotonic_ns(), device.now_ns(), _topics(call))
    address = device.service_address(f"event_service/{point.name}")
    return SERVICE.answer("CreatePullPointSubscription", address=address, **_times(device, point))


@SERVICE.operation(_USER)
async def pull_messages(device: OnvifDevice, call: Call) -> Markup:
    point = _point(device, call)
    limit_s = min(seconds_of(text_of(call.node, "Timeout")), POLL_S_MAX)
    most = min(max(round(finite(text_of(call.node, "MessageLimit"), "MessageLimit")), 1), MESSAGES_MAX)
    if not point.waiting:
        try:
            async with asyncio.timeout(limit_s):  # not wait_for, which in 3.11 forgets a `stop` that comes with the end
                await point.arrived.wait()
        except TimeoutError:
            pass  # nothing happened: an empty answer is what a poll is for
    _point(device, call)  # it may have ended meanwhile
    messages = point.take(most)
    point.pulls += 1
    times = _times(device, point)
    if device.has(OnvifQuirk.PULL_POINT_DIES):
        device.events.end(point.name)
    return SERVICE.answer("PullMessages", messages=messages, xml_time=xml_time, **times)


@SERVICE.operation(_USER)
async def set_synchronization_point(device: OnvifDevice, call: Call) -> Markup:
    device.events.repeat(_point(device, call), device.now_ns())
    return SERVICE.done("SetSynchronizationPoint")


@SUBSCRIPTION.operation(_USER)
async def renew(device: OnvifDevice, call: Call) -> Markup:
    point = _point(device, call)
    device.events.renew(point, _life_s(device, text_of(call.node, "TerminationTime", "")), device.clock.monotonic_ns())
    return SERVICE.answer("Renew", **_times(device, point))


@SUBSCRIPTION.operation(_USER)
async def unsubscribe(device: OnvifDevice, call: Call) -> Markup:
    device.events.end(_point(device, call).name)
    return SUBSCRIPTION.done("Unsubscribe")


def _topics(call: Call) -> tuple[str, ...]:
    """The topics of a filter. Raises Fault for a filter of another kind: to leave it out would tell too much."""
    kinds = found_all(call.node, "Filter/*")
    if any(not node.tag.endswith("}TopicExpression") for node in kinds):
        raise sender_fault("wsntw:InvalidFilterFault", reason="topics are the only filter here")
    return tuple(topic.strip() for text in texts_of(kinds) for topic in text.split("|") if topic.strip())


def _point(device: OnvifDevice, call: Call) -> PullPoint:
    point = device.events.find(call.path.rpartition("/")[2], device.clock.monotonic_ns())
    if point is None:
        raise receiver_fault("wsrfr:ResourceUnknownFault", reason="no such subscription")
    return point


def _times(device: OnvifDevice, point: PullPoint) -> dict[str, str]:
    now_ns = device.now_ns()
    left_ns = point.until_ns - device.clock.monotonic_ns()
    return {"now": xml_time(now_ns), "until": xml_time(now_ns + left_ns)}


def _life_s(device: OnvifDevice, text: str) -> float:
    """How long a subscription is to live, told as a duration or an instant by the device's clock. Raises Fault."""
    if not text:
        return LIFE_S
    if text.startswith("P"):
        return seconds_of(text)
    try:
        until = datetime.fromisoformat(text)
    except ValueError as error:
        raise sender_fault("ter:InvalidArgVal", reason="no time that is taken here") from error
    if until.tzinfo is None:
        raise sender_fault("ter:InvalidArgVal", reason="an instant needs its time zone")
    return (instant_of(until) - device.now_ns()) / NS_PER_S
