"""What a device tells by itself: which of it the centre wants, and a feed that outlives pull points.

Motion is not wanted (systematic analysis needs an act of law), and nothing that was heard can even be told (AUD-3).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from csu.hal.camera import CameraError
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.device_events import DeviceEvent, EventKind
from hardware.event_queue import EventQueue
from hardware.onvif.session import Session

WAIT_S = 15
"""How long a pull waits at the device. A pull costs 1.9 ms of CPU here: of 1,300 cameras a sixth of a core."""
LIFE_S = 60
"""A subscription that nobody renews ends by itself; renewed at half of it."""
MESSAGES_MAX = 32
STATES_MAX = 256
"""Rules and lenses whose state is remembered; what a device makes up beyond is not."""
DELAY_S_MIN, DELAY_S_MAX = 1.0, 10.0
PROVEN_AFTER_NS = 10 * NS_PER_S
NOT_WAITING_S = 0.25
"""Between two pulls at a device that answers at once whatever it was asked to wait."""


_BY_TOPIC = (
    ("TamperDetector/Tamper", EventKind.TAMPER),
    ("VideoSource/GlobalSceneChange", EventKind.TAMPER),
    ("VideoSource/ImageTooBlurry", EventKind.TAMPER),
    ("VideoSource/ImageTooDark", EventKind.TAMPER),
    ("VideoSource/ImageTooBright", EventKind.TAMPER),
    ("VideoSource/SignalLoss", EventKind.SIGNAL_LOST),
    ("Device/HardwareFailure/", EventKind.HARDWARE),
    ("Device/Trigger/DigitalInput", EventKind.CONTACT),
)
_HEARD = re.compile(
    "audio|sound|acoustic|noise|gunshot|glass|scream|shout|voice|speech|decibel|loudness|microphone", re.I
)
"""In a topic or an item: it comes of a microphone, under whatever branch a vendor put it (AUD-3)."""
_CONFIGURATION = "Media/ConfigurationChanged"
"""Tells that a microphone was put into a profile; nothing was heard."""
_LAST_REBOOT = ("Monitoring/OperatingTime/LastReboot", "Monitoring/OperatingTime/LastReset")
_CHANGED = {
    "Mask": EventKind.MASKS_CHANGED,
    "AudioSource": EventKind.AUDIO_CHANGED,
    "AudioEncoder": EventKind.AUDIO_CHANGED,
}


class EventReader:
    """Messages in, what the centre wants out. A pure core; it remembers how each state stood."""

    def __init__(self) -> None:
        self._states: dict[str, tuple[EventKind, bool]] = {}
        self._told: dict[EventKind, bool] = {}
        self._rebooted = ""
        self.ignored = 0
        self.sounds_dropped = 0

    def read(self, message: Mapping[str, Any], at_ns: Nanoseconds) -> DeviceEvent | None:
        """The event of one notification; None for what is not wanted, not new, or not to be understood."""
        topic = "/".join(part.rpartition(":")[2] for part in str(message.get("topic", ""))[:256].split("/"))
        data = {str(name): str(value) for name, value in dict(message.get("data") or {}).items()}
        if topic.startswith(_LAST_REBOOT):
            return self._reboot(data, at_ns)
        if topic == _CONFIGURATION:
            kind = _CHANGED.get(data.get("Type", ""))
            return DeviceEvent(kind, at_ns) if kind is not None else None
        source = message.get("source")
        if _was_heard(topic, data, tuple(source) if isinstance(source, Mapping) else ()):
            self.sounds_dropped += 1
            return None
        kind = next((kind for known, kind in _BY_TOPIC if known in topic), None)
        if kind is None:
            self.ignored += 1
            return None
        holds = next((_true(value) for value in data.values() if value.lower() in _BOOLEANS), True)
        return self._state(kind, f"{topic} {source}"[:512], holds, at_ns)

    def _state(self, kind: EventKind, rule: str, holds: bool, at_ns: Nanoseconds) -> DeviceEvent | None:
        """Each rule and each lens has states of its own; the camera is tampered with while one of them says so."""
        if rule in self._states or len(self._states) < STATES_MAX:
            self._states[rule] = (kind, holds)
        now = any(holds for of, holds in self._states.values() if of is kind)
        if self._told.get(kind) is now:
            return None
        self._told[kind] = now
        return DeviceEvent(kind, at_ns, now)

    def _reboot(self, data: Mapping[str, str], at_ns: Nanoseconds) -> DeviceEvent | None:
        told = data.get("Status", "")[:64]
        before, self._rebooted = self._rebooted, told or self._rebooted
        return DeviceEvent(EventKind.REBOOTED, at_ns) if before and told and told != before else None


def _was_heard(topic: str, data: Mapping[str, str], source: Sequence[object]) -> bool:
    """`source`: the names of its items; what a person called a place (`Rue du Glassier`) is no matter."""
    return any(_HEARD.search(str(text)[:256]) for text in (topic, *data, *data.values(), *source))


class BackOff:
    """Delays that double, with jitter. Pure."""

    def __init__(self, chance: Chance) -> None:
        self._chance = chance
        self._failures = 0

    def after(self, lived_ns: Nanoseconds) -> float:
        """Seconds to wait after a subscription that lived so long."""
        self._failures = 0 if lived_ns >= PROVEN_AFTER_NS else self._failures
        ceiling_s = min(DELAY_S_MAX, DELAY_S_MIN * 2 ** min(self._failures, 8))
        self._failures += 1
        return self._chance.uniform(ceiling_s / 2, ceiling_s)


class EventFeed:
    """Events of one device for one listener. Shell: `run` fills it, `events` gives them."""

    def __init__(self, session: Session, chance: Chance) -> None:
        self._session = session
        self._clock: Clock = session.clock
        self._reader = EventReader()
        self._back_off = BackOff(chance.stream(f"events/{session.camera}"))
        self._queue = EventQueue()
        self._unreached = self._has_heard = self._is_subscribed = False

    @property
    def sounds_dropped(self) -> int:
        return self._reader.sounds_dropped

    def tell(self, event: DeviceEvent) -> None:
        """Put an event."""
        self._queue.put(event)

    def events(self) -> AsyncIterator[DeviceEvent]:
        """For ever, as they come. Raises what ended `run`, if that was a defect of ours."""
        return self._queue.events()

    async def run(self) -> None:
        """Subscribe, pull, and again when it breaks: for ever."""
        try:
            await self._run()
        except Exception as error:
            self._queue.fail(error)
            raise

    async def _run(self) -> None:
        while True:
            began_ns, self._is_subscribed = self._clock.monotonic_ns(), False
            try:
                await self._follow()
            except CameraError:
                if not self._is_subscribed and not self._unreached:
                    self._unreached = True
                    self.tell(DeviceEvent(EventKind.UNREACHED, self._clock.now_ns()))
            await asyncio.sleep(self._back_off.after(self._clock.monotonic_ns() - began_ns))

    async def _follow(self) -> None:
        """One subscription, until it breaks. Raises CameraError."""
        async with _subscription(self._session) as point:
            if self._unreached:
                self.tell(DeviceEvent(EventKind.UNREACHED, self._clock.now_ns(), holds=False))
            if self._unreached or self._has_heard:
                self.tell(DeviceEvent(EventKind.MISSED, self._clock.now_ns()))
            self._unreached, self._has_heard, self._is_subscribed = False, True, True
            renewed_ns = self._clock.monotonic_ns()
            while True:
                asked_ns = self._clock.monotonic_ns()
                if asked_ns - renewed_ns >= LIFE_S * NS_PER_S // 2:
                    await self._session.renew(point, LIFE_S)
                    renewed_ns = asked_ns
                messages = await self._session.pull(point, WAIT_S, MESSAGES_MAX)
                for message in messages:
                    event = self._reader.read(message, self._clock.now_ns())
                    if event is not None:
                        self.tell(event)
                if (self._clock.monotonic_ns() - asked_ns) / NS_PER_S < NOT_WAITING_S:
                    await asyncio.sleep(NOT_WAITING_S)


@asynccontextmanager
async def _subscription(session: Session) -> AsyncIterator[str]:
    point = await session.subscribe(LIFE_S)
    try:
        yield point
    finally:
        try:
            async with asyncio.timeout(1.0):
                await session.unsubscribe(point)
        except (CameraError, TimeoutError):
            pass  # it ends by itself within LIFE_S


_BOOLEANS = ("true", "false", "1", "0")


def _true(value: str) -> bool:
    return value.lower() in ("true", "1")
