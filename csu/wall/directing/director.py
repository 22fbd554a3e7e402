"""The wall director: who is shown where, and why. Pure: inputs and `now_ns` in, decisions with their causes out.

The scene: the agreed one while fewer than two watch, then the one the chief calls, the programme of the highest
priority, the base. In it: an alarm in its spot, what a person locked or asks for, the slot's rule. Nothing that ends
has to be undone: each decision is made from what holds now, so the wall finds back to its programme by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.wall.directing.decisions import (
    AlarmsWaiting,
    BudgetTold,
    Cause,
    CauseKind,
    ReasonAsked,
    SceneChanged,
    TileChanged,
    WallDecision,
    refused,
)
from csu.wall.directing.heard import (
    AlarmEnded,
    AlarmOpened,
    CameraRequested,
    EventSignal,
    EventSignalEnded,
    HeadSeen,
    ProgrammeDropped,
    ProgrammeSet,
    ReasonGiven,
    RequestEnded,
    SceneCalled,
    SignalHeard,
    TileLocked,
    TileUnlocked,
    UndoAsked,
    ViewersHeard,
    WallInput,
    WatchHeard,
)
from csu.wall.directing.programme import DWELL_NS_MIN, Programme, Slot, SlotId, SlotRule, WallPlan
from csu.wall.directing.sight import MayShow, MayView, Sight
from csu.wall.directing.spots import EMPTY, SlotShown, Spots
from csu.wall.directing.wishes import Wish, Wishes

SCENE_DWELL_NS = 30 * NS_PER_S
"""The agreed scene stays at least this long, so that a person at the door does not make the wall flicker [D]."""

_OF_ROUTE = (SlotRule.ROUTE_HEAD, SlotRule.ROUTE_TAIL)


class WallDirector:
    """One wall. Hear each input as it comes and `tick` every second: a right that ends is seen there."""

    def __init__(
        self, plan: WallPlan, may_show: MayShow, may_view: MayView = lambda person, camera, now_ns: True
    ) -> None:
        """`may_view`: of who is before the wall (`ViewersHeard`); without it `may_show` alone decides."""
        self._plan = plan
        self._sight = Sight(may_show, may_view)
        self._spots = Spots(self._sight)
        self._wishes = Wishes()
        self._is_short = True  # until somebody says that two watch
        self._scene, self._scene_cause = "", Cause(CauseKind.NOT_BEGUN)
        self._scene_since_ns: Nanoseconds = 0
        self._tiles: dict[SlotId, SlotShown] = {}
        self._waiting = (0, 0, 0)
        self._budget: tuple[int, bool] = (0, False)
        self._asked_why: dict[SlotId, Wish] = {}
        self._week: tuple[Nanoseconds, tuple[Programme, ...]] = (-1, ())

    @property
    def scene(self) -> str:
        """The scene that is up; empty before the first decision."""
        return self._scene

    @property
    def scene_cause(self) -> Cause:
        return self._scene_cause

    @property
    def tiles(self) -> dict[SlotId, SlotShown]:
        """What each slot of the scene shows."""
        return dict(self._tiles)

    @property
    def alarms_waiting(self) -> int:
        """Alarms that no spot shows now. None is forgotten: each is on a spot or among these."""
        return self._spots.alarms_waiting

    @property
    def alarms_shown(self) -> frozenset[str]:
        return self._spots.shown

    @property
    def plan(self) -> WallPlan:
        return self._plan

    @property
    def wishes(self) -> Wishes:
        """What people asked and what still stands of it: to be read."""
        return self._wishes

    @property
    def waiting(self) -> tuple[int, int, int]:
        """Alarms that wait for a spot, alarms without a camera that may be shown, signals on no spot."""
        return self._waiting

    @property
    def viewers(self) -> frozenset[str]:
        """Who is before the wall."""
        return self._sight.viewers

    def request(self, slot: SlotId) -> CameraRequested | None:
        """What a person asked for in that slot of the scene that is up, and still holds."""
        wish = self._wishes.request(self._scene, slot)
        return wish.given if wish is not None and isinstance(wish.given, CameraRequested) else None

    def budget(self, now_ns: Nanoseconds) -> BudgetTold:
        """How many pictures are up, and how many those who watch can take in (OPS-6)."""
        active, watching = sum(tile.camera is not None for tile in self._tiles.values()), len(self._sight.viewers)
        most = watching * self._plan.tiles_per_person
        return BudgetTold(active, watching, most, watching > 0 and most < active, now_ns)

    def programmes_on(self, now_ns: Nanoseconds) -> tuple[Programme, ...]:
        """Those of now, the one that is up first."""
        minute = now_ns // (60 * NS_PER_S)
        if self._week[0] != minute:  # an hour of a week begins with a minute
            span = Span(now_ns, now_ns + 1)
            self._week = minute, tuple(up for weekly in self._plan.weekly for up in weekly.within(span))
        planned = self._wishes.programmes
        named = {each.programme for each in planned}
        weekly = [up for up in self._week[1] if up.programme not in named and not self._wishes.is_dropped(up.programme)]
        return tuple(sorted((up for up in (*planned, *weekly) if up.span.holds(now_ns)), key=lambda up: up.rank))

    def why(self, slot: SlotId) -> Words:
        """Why that slot shows what it shows. Raises WallRequestRefused for a slot that is not up."""
        self._slot(slot)
        return self._tiles[slot].cause.words

    def hear(self, told: WallInput, now_ns: Nanoseconds) -> list[WallDecision]:
        """An input, and what follows from it at once. Raises WallRequestRefused for what a person cannot have."""
        self._sight.begin()
        self._wishes.prune(now_ns)
        match told:
            case AlarmOpened():
                self._spots.open(told, now_ns)
            case AlarmEnded():
                self._spots.end(told.alarm)
            case EventSignal():
                self._spots.signal(told, now_ns)
            case EventSignalEnded():
                self._spots.end_signal(told.signal)
            case SignalHeard():
                self._sight.hear(told.camera, told.has_signal, now_ns)
            case WatchHeard():
                self._is_short = told.is_short
            case ViewersHeard():
                self._sight.viewers = told.people
            case _:
                self._hear_person(told, now_ns)
        return self._decide(now_ns)

    def tick(self, now_ns: Nanoseconds) -> list[WallDecision]:
        """What time and rights changed."""
        self._sight.begin()
        self._wishes.prune(now_ns)
        return self._decide(now_ns)

    # -- what people ask -----------------------------------------------------------------------------------------------

    def _hear_person(self, told: WallInput, now_ns: Nanoseconds) -> None:
        match told:
            case CameraRequested():
                self._request(told, now_ns)
            case ReasonGiven():
                self._wishes.explain(self._scene, told, now_ns)
            case RequestEnded():
                self._wishes.end(self._scene, told, now_ns)
            case TileLocked():
                self._lock(told, now_ns)
            case TileUnlocked():
                self._wishes.free(self._scene, told, now_ns)
            case UndoAsked():
                self._wishes.undo(told.person, now_ns)
            case SceneCalled():
                if told.scene:
                    self._plan.scene(told.scene)
                self._wishes.call(told, now_ns)
            case ProgrammeSet():
                self._plan.scene(told.programme.scene)
                self._wishes.plan(told, now_ns)
            case ProgrammeDropped():
                known = (*self._wishes.programmes, *self.programmes_on(now_ns))
                found = next((up for up in known if up.programme == told.programme), None)
                if found is not None:
                    self._wishes.drop(told, found.span.to_ns, now_ns)
            case HeadSeen():
                self._wishes.see_head(told, now_ns)

    def _request(self, told: CameraRequested, now_ns: Nanoseconds) -> None:
        self._not_a_spot(told.slot)
        if not self._sight.permitted(told.camera, now_ns):
            raise refused(told.camera, Words("sans droit ou sans masque", "without right or mask"))
        self._wishes.ask(self._scene, told, now_ns)

    def _lock(self, told: TileLocked, now_ns: Nanoseconds) -> None:
        self._not_a_spot(told.slot)
        camera = self._tiles[told.slot].camera
        if camera is None:
            raise refused(told.slot, Words("il ne montre rien", "it shows nothing"))
        self._wishes.keep(self._scene, camera, told, now_ns)

    def _not_a_spot(self, slot: SlotId) -> None:
        if self._slot(slot).rule is SlotRule.ALARM_SPOT:
            raise refused(slot, Words("cet emplacement est aux alarmes", "this slot is for alarms"))

    def _slot(self, slot: SlotId) -> Slot:
        up = self._plan.scene(self._scene).slots if self._scene else ()
        found = next((each for each in up if each.slot == slot), None)
        if found is None:
            raise refused(slot, Words("cet emplacement n'est pas affiché", "this slot is not up"))
        return found

    # -- deciding ------------------------------------------------------------------------------------------------------

    def _decide(self, now_ns: Nanoseconds) -> list[WallDecision]:
        told = self._change_scene(now_ns)
        slots = self._plan.scene(self._scene).slots
        spots = [slot.slot for slot in slots if slot.rule is SlotRule.ALARM_SPOT]
        self._spots.assign(spots, self._tiles, now_ns)
        programme = next((up for up in self.programmes_on(now_ns) if up.route or up.perimeter), None)
        for slot in slots:
            told += self._change_tile(slot, *self._wanted(slot, programme, now_ns), now_ns)
        told += self._ask_reasons(now_ns)
        without = self._spots.without_camera(self._tiles, now_ns)
        waiting = (self.alarms_waiting - without, without, self._spots.signals_waiting)
        if waiting != self._waiting:
            self._waiting = waiting
            told.append(AlarmsWaiting(*waiting[:2], now_ns, waiting[2]))
        budget = self.budget(now_ns)
        if (budget.watching, budget.is_over) != self._budget:
            is_news, self._budget = budget.is_over or self._budget[1], (budget.watching, budget.is_over)
            told += [budget] if is_news else []
        return told

    def _change_scene(self, now_ns: Nanoseconds) -> list[WallDecision]:
        scene, cause = self._wanted_scene(now_ns)
        if (scene, cause) == (self._scene, self._scene_cause):
            return []
        was_short = self._scene_cause.kind is CauseKind.SHORT_WATCH
        if was_short and now_ns - self._scene_since_ns < SCENE_DWELL_NS:
            return []
        changed = SceneChanged(scene, self._scene, cause, now_ns)
        is_another = scene != self._scene
        self._scene, self._scene_cause, self._scene_since_ns = scene, cause, now_ns
        if not is_another:  # up for another reason: nothing on it changes
            return [changed]
        self._tiles = {slot.slot: EMPTY for slot in self._plan.scene(scene).slots}
        self._spots.leave()
        return [changed]

    def _wanted_scene(self, now_ns: Nanoseconds) -> tuple[str, Cause]:
        if self._is_short:
            return self._plan.degraded, Cause(CauseKind.SHORT_WATCH)
        called = self._wishes.called
        if called is not None:
            return called.scene, Cause(CauseKind.SCENE_CALL, called.person)
        now_on = self.programmes_on(now_ns)
        if now_on:
            return now_on[0].scene, Cause(CauseKind.PROGRAMME, now_on[0].programme)
        return self._plan.base, Cause(CauseKind.RULE, "base")

    def _wanted(self, slot: Slot, programme: Programme | None, now_ns: Nanoseconds) -> tuple[CameraId | None, Cause]:
        """What the slot should show now, by all that holds now."""
        on_spot = self._spots.wanted(slot.slot, self._tiles, now_ns)
        if on_spot is not None:
            return on_spot
        for wish in (self._wishes.lock(self._scene, slot.slot), self._wishes.request(self._scene, slot.slot)):
            if wish is not None and wish.camera is not None and self._sight.permitted(wish.camera, now_ns):
                return wish.camera, _cause_of(wish)
        by_rule = Cause(CauseKind.RULE, slot.rule.value)
        if slot.rule is SlotRule.FIXED:
            if self._sight.permitted(slot.pool[0], now_ns):
                return slot.pool[0], by_rule
            return None, Cause(CauseKind.NOT_PERMITTED)
        pool: Sequence[CameraId] = slot.pool
        if programme is not None and slot.rule in _OF_ROUTE:
            found = self._along(slot, programme, now_ns)
            if found is not None:
                return found, Cause(CauseKind.ROUTE, f"{slot.rule.value}/{programme.programme}")
        if slot.rule is SlotRule.PERIMETER and programme is not None and programme.perimeter:
            pool = programme.perimeter
        if slot.rule in (SlotRule.TOUR, SlotRule.PERIMETER):
            pool = self._in_turn(slot, pool, now_ns)
        up = {tile.camera for other, tile in self._tiles.items() if other != slot.slot}
        allowed = [camera for camera in pool if self._sight.permitted(camera, now_ns)]
        first = next((c for c in allowed if c not in up and self._sight.has_signal(c, now_ns)), None)
        if first is not None:
            return first, by_rule
        return None, Cause(CauseKind.NO_SIGNAL if allowed or not pool else CauseKind.NOT_PERMITTED)

    def _along(self, slot: Slot, programme: Programme, now_ns: Nanoseconds) -> CameraId | None:
        """Of the cameras that see the procession, the one nearest to its head, or to its tail, that can be shown.

        The head's tile goes first: a tail's tile leaves it what it wants, and they cannot take from each other.
        """
        there = programme.route.along(now_ns) if programme.route is not None else ()
        can = [c for c in there if self._sight.permitted(c, now_ns) and self._sight.has_signal(c, now_ns)]
        if slot.rule is SlotRule.ROUTE_HEAD:
            return can[0] if can else None
        return can[-1] if len(can) > 1 else None

    def _in_turn(self, slot: Slot, pool: Sequence[CameraId], now_ns: Nanoseconds) -> Sequence[CameraId]:
        """A tour's pool, from the camera whose turn it is."""
        tile = self._tiles[slot.slot]
        if tile.camera not in pool or tile.since_ns is None:
            return pool
        is_over = now_ns - tile.since_ns >= slot.dwell_ns
        first = pool.index(tile.camera) + is_over
        return [*pool[first:], *pool[:first]]

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
        tile = self._tiles[slot]
        if tile.since_ns is None or now_ns - tile.since_ns >= DWELL_NS_MIN:
            return False
        if tile.camera is not None and not self._sight.permitted(tile.camera, now_ns):
            return False
        if cause.kind is CauseKind.ALARM:
            return self._spots.heard_ns(cause.ref) < tile.since_ns
        wish = self._wishes.request(self._scene, slot)
        if cause.kind in (CauseKind.REQUEST, CauseKind.GUARD_TOUR) and wish is not None:
            return wish.at_ns < tile.since_ns
        return not (tile.cause.kind in (CauseKind.REQUEST, CauseKind.GUARD_TOUR) and wish is None)

    def _ask_reasons(self, now_ns: Nanoseconds) -> list[WallDecision]:
        """Of whoever follows somebody closely, once each time (OPS-5)."""
        told: list[WallDecision] = []
        before, self._asked_why = self._asked_why, {}
        for slot, tile in self._tiles.items():
            wish = self._wishes.request(self._scene, slot)
            by = wish.given if wish is not None else None
            if wish is None or not isinstance(by, CameraRequested) or not by.is_close or by.reason:
                continue
            self._asked_why[slot] = wish
            if before.get(slot) is not wish and tile.cause.kind is CauseKind.REQUEST:
                told.append(ReasonAsked(self._scene, slot, by.camera, by.person, wish.until_ns, now_ns))
        return told


def _cause_of(wish: Wish) -> Cause:
    if isinstance(wish.given, TileLocked):
        return Cause(CauseKind.LOCK, wish.given.person)
    if isinstance(wish.given, CameraRequested) and wish.given.tour:
        return Cause(CauseKind.GUARD_TOUR, wish.given.tour)
    return Cause(CauseKind.REQUEST, wish.given.person)


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
