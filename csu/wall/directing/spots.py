"""Alarms, and signals behind them, on the alarm spots of a scene: none is forgotten, each is shown or counted. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words
from csu.wall.directing.decisions import Cause, CauseKind, refused
from csu.wall.directing.heard import AlarmOpened, EventSignal
from csu.wall.directing.programme import SlotId
from csu.wall.directing.sight import Sight

ALARMS_MAX = 10_000
SIGNAL_NS_MAX = 5 * NS_PER_MINUTE
"""A signal that nobody judged is over by then: it only draws attention [D]."""
SIGNALS_MAX = 100
"""The oldest goes for the newest [D]."""


@dataclass(frozen=True, slots=True)
class SlotShown:
    """What a slot shows since when. `camera` None: nothing, and `cause` says why."""

    camera: CameraId | None
    cause: Cause
    since_ns: Nanoseconds | None
    """When its camera last changed; None: never yet."""


EMPTY = SlotShown(None, Cause(CauseKind.NOT_BEGUN), None)
Tiles = Mapping[SlotId, SlotShown]


class Spots:
    """Who is on which alarm spot."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._alarms: dict[str, AlarmOpened] = {}
        self._heard_ns: dict[str, Nanoseconds] = {}
        self._freed_ns: dict[SlotId, Nanoseconds] = {}
        """When the last alarm that had this spot ended."""
        self._signals: dict[str, tuple[EventSignal, Nanoseconds]] = {}
        self._on: dict[SlotId, str] = {}
        self._signal_on: dict[SlotId, str] = {}

    @property
    def alarms(self) -> int:
        """How many are open."""
        return len(self._alarms)

    @property
    def signals_waiting(self) -> int:
        return len(self._signals) - len(self._signal_on)

    def shown(self, tiles: Tiles) -> frozenset[str]:
        """The open alarms that a tile shows now: one that was given a spot is up when its tile changes."""
        up = (tile.cause.ref for tile in tiles.values() if tile.cause.kind is CauseKind.ALARM)
        return frozenset(name for name in up if name in self._alarms)

    def open(self, told: AlarmOpened, now_ns: Nanoseconds) -> None:
        """Raises WallRequestRefused when too many are open."""
        if len(self._alarms) >= ALARMS_MAX and told.alarm not in self._alarms:
            raise refused(told.alarm, Words(f"{ALARMS_MAX} alarmes attendent", f"{ALARMS_MAX} alarms wait"))
        self._alarms.setdefault(told.alarm, told)
        self._heard_ns.setdefault(told.alarm, now_ns)

    def end(self, alarm: str, now_ns: Nanoseconds) -> None:
        """It needs its spot no more."""
        self._alarms.pop(alarm, None)
        self._heard_ns.pop(alarm, None)
        self._freed_ns |= {slot: now_ns for slot, name in self._on.items() if name == alarm}

    def signal(self, told: EventSignal, now_ns: Nanoseconds) -> None:
        """It draws attention for a while, behind all alarms."""
        if told.signal not in self._signals:
            while len(self._signals) >= SIGNALS_MAX:
                del self._signals[next(iter(self._signals))]
            self._signals[told.signal] = (told, now_ns)

    def end_signal(self, signal: str) -> None:
        self._signals.pop(signal, None)

    def leave(self) -> None:
        """Another scene comes up, with spots of its own."""
        self._on, self._signal_on, self._freed_ns = {}, {}, {}

    def due_ns(self, alarm: str, slot: SlotId) -> Nanoseconds:
        """Since when that spot is this alarm's due: when it came, or when the one before it there ended. Raises
        KeyError."""
        return max(self._heard_ns[alarm], self._freed_ns.get(slot, 0))

    def wanted(self, slot: SlotId, tiles: Tiles, now_ns: Nanoseconds) -> tuple[CameraId | None, Cause] | None:
        """What that spot should show, None: nothing needs it."""
        if slot in self._on:
            alarm = self._alarms[self._on[slot]]
            return self._camera_of(alarm, slot, tiles, now_ns), Cause(CauseKind.ALARM, alarm.alarm)
        if slot in self._signal_on:
            told, _ = self._signals[self._signal_on[slot]]
            return told.camera, Cause(CauseKind.SIGNAL, told.signal)
        return None

    def without_camera(self, tiles: Tiles, now_ns: Nanoseconds) -> int:
        """How many alarms have no camera that may be shown."""
        return sum(self._camera_of(alarm, None, tiles, now_ns) is None for alarm in self._alarms.values())

    def assign(self, spots: Sequence[SlotId], tiles: Tiles, now_ns: Nanoseconds) -> None:
        """An alarm keeps its spot until it ends, or until one of a higher priority finds none free."""
        self._on = {
            slot: name
            for slot, name in self._on.items()
            if name in self._alarms and self._camera_of(self._alarms[name], slot, tiles, now_ns) is not None
        }
        has_one = set(self._on.values())
        waiting = [alarm for alarm in self._alarms.values() if alarm.alarm not in has_one]
        for alarm in sorted(waiting, key=lambda alarm: alarm.haste):
            free = [slot for slot in spots if slot not in self._on]
            spot = next((slot for slot in free if slot not in self._signal_on), free[0] if free else None)
            if spot is None:
                last = max(self._on, key=lambda slot: self._alarms[self._on[slot]].haste)
                if self._alarms[self._on[last]].priority <= alarm.priority:
                    break  # none behind it is more urgent
                spot = last
            if self._camera_of(alarm, spot, tiles, now_ns) is not None:
                self._on[spot] = alarm.alarm
        self._assign_signals(spots, now_ns)

    def _assign_signals(self, spots: Sequence[SlotId], now_ns: Nanoseconds) -> None:
        """What alarms leave free, the first heard first."""
        self._signals = {
            name: (told, at_ns) for name, (told, at_ns) in self._signals.items() if now_ns - at_ns < SIGNAL_NS_MAX
        }
        may = {name for name, (told, _) in self._signals.items() if self._sight.permitted(told.camera, now_ns)}
        self._signal_on = {slot: name for slot, name in self._signal_on.items() if name in may and slot not in self._on}
        free = [slot for slot in spots if slot not in self._on and slot not in self._signal_on]
        queued = [name for name in self._signals if name in may and name not in self._signal_on.values()]
        self._signal_on |= dict(zip(free, queued, strict=False))

    def _camera_of(self, alarm: AlarmOpened, slot: SlotId | None, tiles: Tiles, now_ns: Nanoseconds) -> CameraId | None:
        """The alarm's nearest camera that may be shown; rather one with a signal, and one that is on no other spot.

        What its spot shows already stays as long as it has a signal.
        """
        may = [camera for camera in alarm.cameras if self._sight.permitted(camera, now_ns)]
        tile = tiles[slot] if slot is not None else EMPTY
        if tile.cause == Cause(CauseKind.ALARM, alarm.alarm) and tile.camera in may:
            if self._sight.has_signal(tile.camera, now_ns):
                return tile.camera
        up = {tiles[other].camera for other in self._on if other != slot}
        return min(
            may,
            key=lambda camera: (not self._sight.has_signal(camera, now_ns), camera in up, may.index(camera)),
            default=None,
        )
