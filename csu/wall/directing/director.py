"""The wall director: who is shown where, and why. Pure: inputs and `now_ns` in, decisions with their causes out.

The scene: the agreed one while fewer than two watch, then the one the chief calls, the programme of the highest
priority, the base. In it: an alarm in its spot, what a person locked or asks for, the slot's rule. Nothing that ends
has to be undone: each decision is made from what holds now, so the wall finds back to its programme by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from csu.wall.directing.asked import Asked
from csu.wall.directing.decisions import AlarmsWaiting, BudgetTold, Cause, CauseKind, ReasonAsked, WallDecision
from csu.wall.directing.heard import (
    AlarmEnded,
    AlarmOpened,
    CameraRequested,
    EventSignal,
    EventSignalEnded,
    SignalHeard,
    ViewersHeard,
    WallInput,
    WatchHeard,
)
from csu.wall.directing.programme import Programme, SlotId, SlotRule, WallPlan
from csu.wall.directing.scenes import SceneChoice
from csu.wall.directing.sight import MayShow, MayView, Sight
from csu.wall.directing.spots import SlotShown, Spots
from csu.wall.directing.tiles import WallTiles
from csu.wall.directing.wishes import Wish, Wishes


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
        self._choice = SceneChoice(plan, self._wishes)
        self._tiles = WallTiles(self._sight, self._spots, self._wishes)
        self._asked = Asked(plan, self._sight, self._wishes, self._choice, self._tiles)
        self._waiting = (0, 0, 0)
        self._budget: tuple[int, bool] = (0, False)
        self._asked_why: dict[SlotId, Wish] = {}

    @property
    def scene(self) -> str:
        """The scene that is up; empty before the first decision."""
        return self._choice.up

    @property
    def scene_cause(self) -> Cause:
        return self._choice.cause

    @property
    def tiles(self) -> dict[SlotId, SlotShown]:
        """What each slot of the scene shows."""
        return dict(self._tiles.shown)

    @property
    def alarms_waiting(self) -> int:
        """Alarms that no spot shows now. None is forgotten: each is on a spot or among these."""
        return self._spots.alarms - len(self.alarms_shown)

    @property
    def alarms_shown(self) -> frozenset[str]:
        """Those that a tile shows."""
        return self._spots.shown(self._tiles.shown)

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
        wish = self._wishes.request(self._choice.up, slot)
        return wish.given if wish is not None and isinstance(wish.given, CameraRequested) else None

    def budget(self, now_ns: Nanoseconds) -> BudgetTold:
        """How many pictures are up, and how many those who watch can take in (OPS-6)."""
        active, watching = sum(tile.camera is not None for tile in self._tiles.shown.values()), len(self._sight.viewers)
        most = watching * self._plan.tiles_per_person
        return BudgetTold(active, watching, most, watching > 0 and most < active, now_ns)

    def programmes_on(self, now_ns: Nanoseconds) -> tuple[Programme, ...]:
        """Those of now, the one that is up first."""
        return self._choice.programmes_on(now_ns)

    def why(self, slot: SlotId) -> Words:
        """Why that slot shows what it shows. Raises WallRequestRefused for a slot that is not up."""
        self._asked.slot(slot)
        return self._tiles.shown[slot].cause.words

    def hear(self, told: WallInput, now_ns: Nanoseconds) -> list[WallDecision]:
        """An input, and what follows from it at once. Raises WallRequestRefused for what a person cannot have."""
        self._sight.begin()
        self._wishes.prune(now_ns)
        match told:
            case AlarmOpened():
                self._spots.open(told, now_ns)
            case AlarmEnded():
                self._spots.end(told.alarm, now_ns)
            case EventSignal():
                self._spots.signal(told, now_ns)
            case EventSignalEnded():
                self._spots.end_signal(told.signal)
            case SignalHeard():
                self._sight.hear(told.camera, told.has_signal, now_ns)
            case WatchHeard():
                self._choice.is_short = told.is_short
            case ViewersHeard():
                self._sight.viewers = told.people
            case _:
                self._asked.hear(told, now_ns)
        return self._decide(now_ns)

    def tick(self, now_ns: Nanoseconds) -> list[WallDecision]:
        """What time and rights changed."""
        self._sight.begin()
        self._wishes.prune(now_ns)
        return self._decide(now_ns)

    # -- deciding ------------------------------------------------------------------------------------------------------

    def _decide(self, now_ns: Nanoseconds) -> list[WallDecision]:
        changed, slots = self._choice.change(now_ns), self._plan.scene(self._choice.up).slots
        told: list[WallDecision] = [changed] if changed is not None else []
        if changed is not None and changed.scene != changed.was:  # else it is up for another reason: all stays
            self._tiles.begin(changed.scene, slots)
        spots = [slot.slot for slot in slots if slot.rule is SlotRule.ALARM_SPOT]
        self._spots.assign(spots, self._tiles.shown, now_ns)
        programme = next((up for up in self._choice.programmes_on(now_ns) if up.route or up.perimeter), None)
        for slot in slots:
            told += self._tiles.change(slot, programme, now_ns)
        told += self._ask_reasons(now_ns)
        without = self._spots.without_camera(self._tiles.shown, now_ns)
        waiting = (self.alarms_waiting - without, without, self._spots.signals_waiting)
        if waiting != self._waiting:
            self._waiting = waiting
            told.append(AlarmsWaiting(*waiting[:2], now_ns, waiting[2]))
        budget = self.budget(now_ns)
        if (budget.watching, budget.is_over) != self._budget:
            is_news, self._budget = budget.is_over or self._budget[1], (budget.watching, budget.is_over)
            told += [budget] if is_news else []
        return told

    def _ask_reasons(self, now_ns: Nanoseconds) -> list[WallDecision]:
        """Of whoever follows somebody closely, once each time (OPS-5)."""
        told: list[WallDecision] = []
        before, self._asked_why = self._asked_why, {}
        for slot, tile in self._tiles.shown.items():
            wish = self._wishes.request(self._choice.up, slot)
            by = wish.given if wish is not None else None
            if wish is None or not isinstance(by, CameraRequested) or not by.is_close or by.reason:
                continue
            self._asked_why[slot] = wish
            if before.get(slot) is not wish and tile.cause.kind is CauseKind.REQUEST:
                told.append(ReasonAsked(self._choice.up, slot, by.camera, by.person, wish.until_ns, now_ns))
        return told


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
