"""The wall director: who is shown where, and why. Pure: inputs and `now_ns` in, decisions with their causes out.

The scene: the agreed one while fewer than two watch, then the one the chief calls, the programme of the highest
priority, the base. In it: an alarm in its spot, what a person asks for, the slot's rule. Nothing that ends has to be
undone: each decision is made from what holds now, so the wall finds back to its programme by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.wall.directing.decisions import (
    AlarmEnded,
    AlarmOpened,
    AlarmsWaiting,
    CameraRequested,
    Cause,
    CauseKind,
    ProgrammeDropped,
    ProgrammeSet,
    RequestEnded,
    SceneCalled,
    SceneChanged,
    SignalHeard,
    TileChanged,
    WallDecision,
    WallInput,
    WatchHeard,
)
from csu.wall.directing.programme import DWELL_NS_MIN, Programme, Slot, SlotId, SlotRule, WallPlan

STEADY_NS = 20 * NS_PER_S
"""A camera that lost its signal is chosen again by a rule only after this long with one [D]."""
SCENE_DWELL_NS = 30 * NS_PER_S
"""The agreed scene stays at least this long, so that a person at the door does not make the wall flicker [D]."""
REQUEST_NS_MAX = 15 * NS_PER_MINUTE
"""A request or a called scene that nobody renews ends: the wall returns to its programme [D]."""
ALARMS_MAX = 10_000

MayShow: TypeAlias = Callable[[CameraId, Nanoseconds], bool]
"""Whether this camera may be on the wall at that instant: right, service level, commune, a mask in force.

Who cannot know answers no; it does not raise."""


class WallRequestRefused(CsuError):
    """This slot, scene or camera cannot be had. The wall is as it was."""


@dataclass(frozen=True, slots=True)
class SlotShown:
    """What a slot shows since when. `camera` None: nothing, and `cause` says why."""

    camera: CameraId | None
    cause: Cause
    since_ns: Nanoseconds | None
    """When its camera last changed; None: never yet."""


@dataclass(frozen=True, slots=True)
class _Request:
    given: CameraRequested
    at_ns: Nanoseconds

    def holds(self, now_ns: Nanoseconds) -> bool:
        return now_ns - self.at_ns < REQUEST_NS_MAX


_EMPTY = SlotShown(None, Cause(CauseKind.NOT_BEGUN), None)


class WallDirector:
    """One wall. Hear each input as it comes and `tick` every second: a right that ends is seen there."""

    def __init__(self, plan: WallPlan, may_show: MayShow) -> None:
        self._plan = plan
        self._may_show = may_show
        self._is_short = True  # until somebody says that two watch
        self._programmes: dict[str, Programme] = {}
        self._called: tuple[SceneCalled, Nanoseconds] | None = None
        """And until when."""
        self._requests: dict[tuple[str, SlotId], _Request] = {}
        self._alarms: dict[str, AlarmOpened] = {}
        self._heard_ns: dict[str, Nanoseconds] = {}
        self._spots: dict[SlotId, str] = {}
        self._signal: dict[CameraId, tuple[bool, Nanoseconds]] = {}
        self._scene, self._scene_cause = "", Cause(CauseKind.NOT_BEGUN)
        self._scene_since_ns: Nanoseconds = 0
        self._tiles: dict[SlotId, SlotShown] = {}
        self._waiting = (0, 0)
        self._asked: dict[CameraId, bool] = {}

    @property
    def scene(self) -> str:
        """The scene that is up; empty before the first decision."""
        return self._scene

    @property
    def tiles(self) -> dict[SlotId, SlotShown]:
        """What each slot of the scene shows."""
        return dict(self._tiles)

    @property
    def alarms_waiting(self) -> int:
        """Alarms that no spot shows now. None is forgotten: each is on a spot or among these."""
        return len(self._alarms) - len(self._spots)

    def why(self, slot: SlotId) -> Words:
        """Why that slot shows what it shows. Raises WallRequestRefused for a slot that is not up."""
        self._slot(slot)
        return self._tiles[slot].cause.words

    def hear(self, told: WallInput, now_ns: Nanoseconds) -> list[WallDecision]:
        """An input, and what follows from it at once. Raises WallRequestRefused for what a person cannot have."""
        self._asked = {}
        match told:
            case AlarmOpened():
                if len(self._alarms) >= ALARMS_MAX and told.alarm not in self._alarms:
                    raise _refused(told.alarm, Words(f"{ALARMS_MAX} alarmes attendent", f"{ALARMS_MAX} alarms wait"))
                self._alarms.setdefault(told.alarm, told)
                self._heard_ns.setdefault(told.alarm, now_ns)
            case AlarmEnded():
                self._alarms.pop(told.alarm, None)
                self._heard_ns.pop(told.alarm, None)
            case CameraRequested():
                self._request(told, now_ns)
            case RequestEnded():
                self._requests.pop((self._scene, told.slot), None)
            case SceneCalled():
                self._called = (told, now_ns + REQUEST_NS_MAX) if told.scene and self._plan.scene(told.scene) else None
            case ProgrammeSet():
                self._plan.scene(told.programme.scene)
                self._programmes[told.programme.programme] = told.programme
            case ProgrammeDropped():
                self._programmes.pop(told.programme, None)
            case SignalHeard():
                if self._signal.get(told.camera, (True, 0))[0] is not told.has_signal:
                    self._signal[told.camera] = (told.has_signal, now_ns)
            case WatchHeard():
                self._is_short = told.is_short
        return self._decide(now_ns)

    def tick(self, now_ns: Nanoseconds) -> list[WallDecision]:
        """What time and rights changed."""
        self._asked = {}
        return self._decide(now_ns)

    # -- what people ask -----------------------------------------------------------------------------------------------

    def _request(self, told: CameraRequested, now_ns: Nanoseconds) -> None:
        slot, key = self._slot(told.slot), (self._scene, told.slot)
        if slot.rule is SlotRule.ALARM_SPOT:
            raise _refused(told.slot, Words("cet emplacement est aux alarmes", "this slot is for alarms"))
        if not self._permitted(told.camera, now_ns):
            raise _refused(told.camera, Words("sans droit ou sans masque", "without right or mask"))
        held = self._requests.get(key)
        if held is not None and held.given.is_chief and not told.is_chief and held.holds(now_ns):
            raise _refused(told.slot, Words(f"{held.given.person} le tient", f"{held.given.person} has it"))
        self._requests[key] = _Request(told, now_ns)

    def _slot(self, slot: SlotId) -> Slot:
        up = self._plan.scene(self._scene).slots if self._scene else ()
        found = next((each for each in up if each.slot == slot), None)
        if found is None:
            raise _refused(slot, Words("cet emplacement n'est pas affiché", "this slot is not up"))
        return found

    # -- deciding ------------------------------------------------------------------------------------------------------

    def _decide(self, now_ns: Nanoseconds) -> list[WallDecision]:
        told = self._change_scene(now_ns)
        self._requests = {key: held for key, held in self._requests.items() if held.holds(now_ns)}
        slots = self._plan.scene(self._scene).slots
        self._assign_spots([slot.slot for slot in slots if slot.rule is SlotRule.ALARM_SPOT], now_ns)
        for slot in slots:
            told += self._change_tile(slot, *self._wanted(slot, now_ns), now_ns)
        without = sum(self._camera_of(alarm, None, now_ns) is None for alarm in self._alarms.values())
        waiting = (self.alarms_waiting - without, without)
        if waiting != self._waiting:
            self._waiting = waiting
            told.append(AlarmsWaiting(*waiting, now_ns))
        return told

    def _change_scene(self, now_ns: Nanoseconds) -> list[WallDecision]:
        scene, cause = self._wanted_scene(now_ns)
        if scene == self._scene:
            return []
        was_short = self._scene_cause.kind is CauseKind.SHORT_WATCH
        if was_short and now_ns - self._scene_since_ns < SCENE_DWELL_NS:
            return []
        changed = SceneChanged(scene, self._scene, cause, now_ns)
        self._scene, self._scene_cause, self._scene_since_ns = scene, cause, now_ns
        self._tiles = {slot.slot: _EMPTY for slot in self._plan.scene(scene).slots}
        self._spots = {}
        return [changed]

    def _wanted_scene(self, now_ns: Nanoseconds) -> tuple[str, Cause]:
        if self._is_short:
            return self._plan.degraded, Cause(CauseKind.SHORT_WATCH)
        if self._called is not None and now_ns < self._called[1]:
            return self._called[0].scene, Cause(CauseKind.SCENE_CALL, self._called[0].person)
        self._programmes = {name: each for name, each in self._programmes.items() if now_ns < each.span.to_ns}
        now_on = [each for each in self._programmes.values() if each.span.holds(now_ns)]
        if now_on:
            first = min(now_on, key=lambda each: (-each.priority, each.span.from_ns, each.programme))
            return first.scene, Cause(CauseKind.PROGRAMME, first.programme)
        return self._plan.base, Cause(CauseKind.RULE, "base")

    def _assign_spots(self, spots: list[SlotId], now_ns: Nanoseconds) -> None:
        """An alarm keeps its spot until it ends, or until one of a higher priority finds none free."""
        self._spots = {
            slot: name
            for slot, name in self._spots.items()
            if name in self._alarms and self._camera_of(self._alarms[name], slot, now_ns) is not None
        }
        waiting = sorted(
            (alarm for alarm in self._alarms.values() if alarm.alarm not in self._spots.values()),
            key=lambda alarm: alarm.haste,
        )
        for alarm in waiting:
            free = next((slot for slot in spots if slot not in self._spots), None)
            if free is None:
                last = max(self._spots, key=lambda slot: self._alarms[self._spots[slot]].haste)
                if self._alarms[self._spots[last]].priority <= alarm.priority:
                    break  # none behind it is more urgent
                free = last
            if self._camera_of(alarm, free, now_ns) is not None:
                self._spots[free] = alarm.alarm

    def _camera_of(self, alarm: AlarmOpened, slot: SlotId | None, now_ns: Nanoseconds) -> CameraId | None:
        """The alarm's nearest camera that may be shown; rather one with a signal, and one that is on no other spot.

        What its spot shows already stays as long as it has a signal.
        """
        may = [camera for camera in alarm.cameras if self._permitted(camera, now_ns)]
        tile = self._tiles[slot] if slot is not None else _EMPTY
        if tile.cause == Cause(CauseKind.ALARM, alarm.alarm) and tile.camera in may:
            if self._has_signal(tile.camera, now_ns):
                return tile.camera
        up = {self._tiles[other].camera for other in self._spots if other != slot}
        return min(
            may,
            key=lambda camera: (not self._has_signal(camera, now_ns), camera in up, may.index(camera)),
            default=None,
        )

    def _wanted(self, slot: Slot, now_ns: Nanoseconds) -> tuple[CameraId | None, Cause]:
        """What the slot should show now, by all that holds now."""
        if slot.slot in self._spots:
            alarm = self._alarms[self._spots[slot.slot]]
            return self._camera_of(alarm, slot.slot, now_ns), Cause(CauseKind.ALARM, alarm.alarm)
        request = self._requests.get((self._scene, slot.slot))
        if request is not None and self._permitted(request.given.camera, now_ns):
            return request.given.camera, Cause(CauseKind.REQUEST, request.given.person)
        by_rule = Cause(CauseKind.RULE, slot.rule.value)
        if slot.rule is SlotRule.FIXED:
            if self._permitted(slot.pool[0], now_ns):
                return slot.pool[0], by_rule
            return None, Cause(CauseKind.NOT_PERMITTED)
        pool = self._in_turn(slot, now_ns) if slot.rule is SlotRule.TOUR else slot.pool
        up = {tile.camera for other, tile in self._tiles.items() if other != slot.slot}
        allowed = [camera for camera in pool if self._permitted(camera, now_ns)]
        found = next((c for c in allowed if c not in up and self._has_signal(c, now_ns)), None)
        if found is not None:
            return found, by_rule
        return None, Cause(CauseKind.NO_SIGNAL if allowed or not pool else CauseKind.NOT_PERMITTED)

    def _in_turn(self, slot: Slot, now_ns: Nanoseconds) -> tuple[CameraId, ...]:
        """A tour's pool, from the camera whose turn it is."""
        tile = self._tiles[slot.slot]
        if tile.camera not in slot.pool or tile.since_ns is None:
            return slot.pool
        is_over = now_ns - tile.since_ns >= slot.dwell_ns
        first = slot.pool.index(tile.camera) + is_over
        return slot.pool[first:] + slot.pool[:first]

    def _change_tile(
        self, slot: Slot, camera: CameraId | None, cause: Cause, now_ns: Nanoseconds
    ) -> list[WallDecision]:
        tile = self._tiles[slot.slot]
        if (tile.camera, tile.cause) == (camera, cause):
            return []
        if camera != tile.camera and self._must_wait(slot.slot, cause, now_ns):
            return []
        since_ns = tile.since_ns if camera == tile.camera else now_ns
        self._tiles[slot.slot] = SlotShown(camera, cause, since_ns)
        return [TileChanged(self._scene, slot.slot, camera, tile.camera, cause, now_ns)]

    def _must_wait(self, slot: SlotId, cause: Cause, now_ns: Nanoseconds) -> bool:
        """Whether the slot's last change is too young.

        A right that is withdrawn does not wait, nor what an alarm or a person brought after that change, nor the end of
        a request. Each of these happens once: what only comes and goes cannot make the wall flicker.
        """
        tile, key = self._tiles[slot], (self._scene, slot)
        if tile.since_ns is None or now_ns - tile.since_ns >= DWELL_NS_MIN:
            return False
        if tile.camera is not None and not self._permitted(tile.camera, now_ns):
            return False
        if cause.kind is CauseKind.ALARM:
            return self._heard_ns[cause.ref] < tile.since_ns
        if cause.kind is CauseKind.REQUEST:
            return self._requests[key].at_ns < tile.since_ns
        return not (tile.cause.kind is CauseKind.REQUEST and key not in self._requests)

    # -- rights and signals --------------------------------------------------------------------------------------------

    def _permitted(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """Asked once a decision: the answer may change only between two."""
        if camera not in self._asked:
            self._asked[camera] = self._may_show(camera, now_ns)
        return self._asked[camera]

    def _has_signal(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        has, since_ns = self._signal.get(camera, (True, None))
        return has and (since_ns is None or now_ns - since_ns >= STEADY_NS)


def replay(
    plan: WallPlan, may_show: MayShow, heard: Iterable[tuple[WallInput | None, Nanoseconds]]
) -> list[WallDecision]:
    """What a director decides on these inputs at these instants; None: a tick. The same again, whenever it is asked."""
    director = WallDirector(plan, may_show)
    return [
        decision
        for told, now_ns in heard
        for decision in (director.tick(now_ns) if told is None else director.hear(told, now_ns))
    ]


def _refused(where: str, what: Words) -> WallRequestRefused:
    return WallRequestRefused(what, where=where, what_to_do=Words("Choisissez autrement", "Choose otherwise"))
