"""Pull points: what a camera tells, how long a poll waits, and how a subscription ends."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import pytest

from csu.hal.clock import NS_PER_S
from sim.endpoints.onvif import OnvifEvent, OnvifQuirk
from sim.endpoints.onvif.events import QUEUE_MAX, EventHub
from sim.endpoints.onvif.soap import Fault

NAMES = {"tt": "http://www.onvif.org/ver10/schema", "wsnt": "http://docs.oasis-open.org/wsn/b-2"}
SOURCE = "<timg:VideoSourceToken>video-source-1</timg:VideoSourceToken>"


async def subscribe(camera, life: str = "PT60S", topics: str = "") -> str:
    dialect = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
    wanted = f'<wsnt:TopicExpression Dialect="{dialect}">{topics}</wsnt:TopicExpression>'
    filtered = f"<tev:Filter>{wanted}</tev:Filter>" if topics else ""
    inside = f"{filtered}<tev:InitialTerminationTime>{life}</tev:InitialTerminationTime>"
    answer = await camera.ask("tev:CreatePullPointSubscription", inside)
    return answer.findtext(".//{http://www.w3.org/2005/08/addressing}Address")


async def pull(camera, address: str, timeout: str = "PT0.2S", most: int = 50) -> list[tuple[str, str, str]]:
    """Topic, operation, data of each message."""
    inside = f"<tev:Timeout>{timeout}</tev:Timeout><tev:MessageLimit>{most}</tev:MessageLimit>"
    answer = await camera.asker.ask(address, "tev:PullMessages", inside)
    told = []
    for note in answer.iterfind("wsnt:NotificationMessage", NAMES):
        message = note.find("wsnt:Message/tt:Message", NAMES)
        items = message.iterfind("tt:Data/tt:SimpleItem", NAMES)
        data = " ".join(f"{item.get('Name')}={item.get('Value')}" for item in items)
        told.append((note.findtext("wsnt:Topic", namespaces=NAMES), message.get("PropertyOperation", ""), data))
    return told


def test_a_pull_point_first_hears_how_things_stand_then_what_changes(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        address = await subscribe(dome)
        first = await pull(dome, address)
        assert ("tns1:RuleEngine/TamperDetector/Tamper", "Initialized", "IsTamper=false") in first
        assert {operation for _, operation, _ in first} == {"Initialized"}
        assert await pull(dome, address) == []
        dome.device.tell(OnvifEvent.TAMPER)
        dome.device.tell(OnvifEvent.TAMPER)  # nothing new
        dome.device.tell(OnvifEvent.MASKS_CHANGED)
        assert await pull(dome, address, most=1) == [
            ("tns1:RuleEngine/TamperDetector/Tamper", "Changed", "IsTamper=true")
        ]
        assert await pull(dome, address) == [("tns1:Media/ConfigurationChanged", "", "Type=Mask")]
        await dome.asker.ask(address, "tev:SetSynchronizationPoint")
        again = await pull(dome, address)
        assert ("tns1:RuleEngine/TamperDetector/Tamper", "Initialized", "IsTamper=true") in again

    on_cameras(check)


def test_a_long_poll_ends_as_soon_as_something_happens(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        address = await subscribe(dome)
        await pull(dome, address)
        began = time.monotonic()
        waiting = asyncio.create_task(pull(dome, address, "PT15S"))
        await asyncio.sleep(0.1)
        dome.device.tell(OnvifEvent.MOTION)
        assert await waiting == [("tns1:VideoSource/MotionAlarm", "Changed", "State=true")]
        assert time.monotonic() - began < 10

    on_cameras(check)


def test_a_subscription_is_renewed_and_ended(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        address = await subscribe(dome, "PT30S")
        later = "<wsnt:TerminationTime>PT600S</wsnt:TerminationTime>"
        answer = await dome.asker.ask(address, "wsnt:Renew", later)
        now, until = (
            datetime.fromisoformat(answer.findtext(f"wsnt:{name}", namespaces=NAMES))
            for name in ("CurrentTime", "TerminationTime")
        )
        assert (until - now).total_seconds() == pytest.approx(600, abs=1)
        await dome.asker.ask(address, "wsnt:Unsubscribe")
        with pytest.raises(Exception, match="ResourceUnknownFault"):
            await pull(dome, address)
        for _ in range(4):
            await subscribe(dome)
        assert "ter:MaxPullPoints" in await dome.refused("tev:CreatePullPointSubscription")

    on_cameras(check)


def test_a_pull_point_that_dies_says_so_at_the_next_pull(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        address = await subscribe(dome)
        assert await pull(dome, address) != []
        with pytest.raises(Exception, match="ResourceUnknownFault"):
            await pull(dome, address)

    on_cameras(check, OnvifQuirk.PULL_POINT_DIES)


def test_a_reboot_forgets_pull_points_and_the_next_one_tells_it(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        address = await subscribe(dome)
        before = {topic: data for topic, _, data in await pull(dome, address)}
        await dome.device.reboot()
        with pytest.raises(Exception, match="ResourceUnknownFault"):
            await pull(dome, address)
        after = {topic: data for topic, _, data in await pull(dome, await subscribe(dome))}
        topic = "tns1:Monitoring/OperatingTime/LastReboot"
        assert after[topic] > before[topic]

    on_cameras(check)


def test_a_filter_of_topics_is_kept_and_another_kind_is_refused(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        address = await subscribe(dome, topics="tns1:VideoSource//.|tns1:RuleEngine/TamperDetector/Tamper")
        first = [topic for topic, _, _ in await pull(dome, address)]
        assert sorted(first) == [
            "tns1:RuleEngine/TamperDetector/Tamper",
            "tns1:VideoSource/GlobalSceneChange/ImagingService",
            "tns1:VideoSource/MotionAlarm",
        ]
        dome.device.tell(OnvifEvent.SOUND)
        assert await pull(dome, address) == []
        content = '<wsnt:MessageContent Dialect="http://x">a</wsnt:MessageContent>'
        dome.asker.lax = True
        codes = await dome.refused("tev:CreatePullPointSubscription", f"<tev:Filter>{content}</tev:Filter>")
        assert "wsntw:InvalidFilterFault" in codes

    on_cameras(check)


def test_a_queue_has_a_bound_and_counts_what_it_drops() -> None:
    hub = EventHub(1, 0)
    point = hub.subscribe(60.0, 0, 0)
    for _ in range(QUEUE_MAX + 7):
        hub.tell(OnvifEvent.MASKS_CHANGED, 1)
    assert len(point.waiting) == QUEUE_MAX
    assert hub.lost >= 7
    with pytest.raises(Fault):
        hub.subscribe(60.0, 59 * NS_PER_S, 0)
    hub.subscribe(60.0, 61 * NS_PER_S, 0)  # the first has run out


def test_imaging_tells_day_and_night_and_refuses_what_it_has_not(on_cameras) -> None:
    def settings(inside: str) -> str:
        return f"{SOURCE}<timg:ImagingSettings>{inside}</timg:ImagingSettings>"

    async def check(dome, fixed) -> None:
        assert await dome.texts("timg:GetImagingSettings", ".//tt:IrCutFilter", SOURCE) == ["AUTO"]
        night = settings("<tt:Brightness>70</tt:Brightness><tt:IrCutFilter>OFF</tt:IrCutFilter>")
        await dome.ask("timg:SetImagingSettings", night)
        assert await dome.texts("timg:GetImagingSettings", ".//tt:IrCutFilter", SOURCE) == ["OFF"]
        assert await dome.texts("timg:GetImagingSettings", ".//tt:Brightness", SOURCE) == ["70"]
        bright = settings("<tt:Brightness>700</tt:Brightness>")
        assert "ter:SettingsInvalid" in await dome.refused("timg:SetImagingSettings", bright)
        other = SOURCE.replace("source-1", "source-2")
        assert "ter:NoSource" in await dome.refused("timg:GetImagingSettings", other)

    on_cameras(check)
