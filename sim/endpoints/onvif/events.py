"""What a device tells by itself: topics, properties, and the pull points that wait for them. Core 9."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from csu.hal.clock import NS_PER_S, Nanoseconds
from sim.endpoints.onvif.soap import receiver_fault
from sim.endpoints.onvif.times import xml_time

VIDEO_SOURCE = "video-source-1"
VIDEO_SOURCE_CONFIGURATION = "vsc-1"

QUEUE_MAX = 100
"""Messages that wait in a pull point; then the oldest goes, and is counted."""

LIFE_S_MAX = 3600.0
LIFE_S = 60.0


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and its items. `state`: the item that a property changes; empty for what merely happens."""

    path: str
    source: Mapping[str, str]
    data: Mapping[str, str]
    state: str = ""


_RULE = {"VideoSourceConfigurationToken": VIDEO_SOURCE_CONFIGURATION, "Rule": "1"}
_SOURCE = {"Source": VIDEO_SOURCE}


class OnvifEvent(Enum):
    """What a simulated camera may tell."""

    TAMPER = Topic("tns1:RuleEngine/TamperDetector/Tamper", _RULE, {"IsTamper": "false"}, "IsTamper")
    SCENE_CHANGED = Topic("tns1:VideoSource/GlobalSceneChange/ImagingService", _SOURCE, {"State": "false"}, "State")
    MOTION = Topic("tns1:VideoSource/MotionAlarm", _SOURCE, {"State": "false"}, "State")
    SOUND = Topic(
        "tns1:AudioAnalytics/Audio/DetectedSound", {"Rule": "1"}, {"isSoundDetected": "false"}, "isSoundDetected"
    )
    """It listened. csu must not (AUD-3)."""
    MASKS_CHANGED = Topic("tns1:Media/ConfigurationChanged", {"Token": VIDEO_SOURCE_CONFIGURATION}, {"Type": "Mask"})
    """Masks were made, changed, or lost."""
    AUDIO_CHANGED = Topic("tns1:Media/ConfigurationChanged", {"Token": "asc-1"}, {"Type": "AudioSource"})
    """A microphone was put into a profile, or taken out."""


LAST_REBOOT = Topic("tns1:Monitoring/OperatingTime/LastReboot", {}, {"Status": "1970-01-01T00:00:00Z"})
"""`Status` is when. Told to each new pull point: those of before do not outlive it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it happened. `operation`: Initialized or Changed for a property, empty for what merely happens."""

    topic: Topic
    at_ns: Nanoseconds
    """By the device's clock."""
    data: Mapping[str, str]
    operation: str = ""


@dataclass(slots=True)
class PullPoint:
    """One subscription: what waits for its client, and until when it lives (host's monotonic clock)."""

    name: str
    until_ns: Nanoseconds
    topics: tuple[str, ...] = ()
    """What it wants to hear: topics, or `branch//.` for all below a branch; empty for everything."""
    waiting: deque[Message] = field(default_factory=lambda: deque(maxlen=QUEUE_MAX))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    lost: int = 0
    pulls: int = 0

    def put(self, message: Message) -> None:
        """One more message, if it is wanted; the oldest goes when there are too many."""
        if self.topics and not any(_fits(message.topic.path, wanted) for wanted in self.topics):
            return
        self.lost += len(self.waiting) == QUEUE_MAX
        self.waiting.append(message)
        self.arrived.set()

    def take(self, most: int) -> list[Message]:
        """The oldest messages, at most so many."""
        taken = [self.waiting.popleft() for _ in range(min(most, len(self.waiting)))]
        if not self.waiting:
            self.arrived.clear()
        return taken


class EventHub:
    """All pull points of a device, and the properties as they stand. Lives on the event loop."""

    def __init__(self, pull_points_max: int, started_at_ns: Nanoseconds) -> None:
        self.started_at_ns = started_at_ns
        """When the device last started, by its own clock."""
        self._points: dict[str, PullPoint] = {}
        self._pull_points_max = pull_points_max
        self._made = 0
        self._properties: dict[OnvifEvent, bool] = {event: False for event in OnvifEvent if event.value.state}

    def subscribe(
        self, life_s: float, now_ns: Nanoseconds, device_ns: Nanoseconds, topics: tuple[str, ...] = ()
    ) -> PullPoint:
        """A new pull point, which first hears how every property stands. Raises Fault when there are too many."""
        self._forget_old(now_ns)
        if len(self._points) >= self._pull_points_max:
            raise receiver_fault(
                "ter:Action", "ter:MaxPullPoints", reason=f"{self._pull_points_max} pull points are all"
            )
        self._made += 1
        point = PullPoint(f"pull-{self._made}", now_ns + _bounded_ns(life_s), topics)
        self.repeat(point, device_ns)
        self._points[point.name] = point
        return point

    def repeat(self, point: PullPoint, device_ns: Nanoseconds) -> None:
        """Tell a pull point how every property stands."""
        for event, holds in self._properties.items():
            point.put(Message(event.value, device_ns, {event.value.state: _word(holds)}, "Initialized"))
        started = {"Status": xml_time(self.started_at_ns)}
        point.put(Message(LAST_REBOOT, self.started_at_ns, started, "Initialized"))

    def find(self, name: str, now_ns: Nanoseconds) -> PullPoint | None:
        """The pull point of this name, if it lives."""
        self._forget_old(now_ns)
        return self._points.get(name)

    def renew(self, point: PullPoint, life_s: float, now_ns: Nanoseconds) -> None:
        """Let it live so long from now on."""
        point.until_ns = now_ns + _bounded_ns(life_s)

    def end(self, name: str) -> None:
        """Forget a pull point; whoever waits at it is let go."""
        point = self._points.pop(name, None)
        if point is not None:
            point.arrived.set()

    def end_all(self) -> None:
        """A reboot forgets them all."""
        for name in list(self._points):
            self.end(name)

    def tell(self, event: OnvifEvent, device_ns: Nanoseconds, *, holds: bool = True) -> None:
        """Put an event into every pull point. A property that does not change is not told again."""
        topic = event.value
        if topic.state:
            if self._properties[event] == holds:
                return
            self._properties[event] = holds
            message = Message(topic, device_ns, {topic.state: _word(holds)}, "Changed")
        else:
            message = Message(topic, device_ns, topic.data)
        self._put(message)

    @property
    def points(self) -> int:
        """How many listen."""
        return len(self._points)

    @property
    def lost(self) -> int:
        """Messages that waited too long, in the pull points of now."""
        return sum(point.lost for point in self._points.values())

    def _put(self, message: Message) -> None:
        for point in self._points.values():
            point.put(message)

    def _forget_old(self, now_ns: Nanoseconds) -> None:
        for name in [point.name for point in self._points.values() if point.until_ns < now_ns]:
            self.end(name)


def _fits(topic: str, wanted: str) -> bool:
    branch = wanted.removesuffix("//.")
    return topic == wanted or (branch != wanted and (topic == branch or topic.startswith(f"{branch}/")))


def _bounded_ns(life_s: float) -> Nanoseconds:
    return round(min(max(life_s, 1.0), LIFE_S_MAX) * NS_PER_S)


def _word(holds: bool) -> str:
    return "true" if holds else "false"
