"""What each slot of the scene shows: an alarm in its spot, what a person locked or asks for, its rule. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.wall.directing.decisions import Cause, CauseKind, TileChanged
from csu.wall.directing.heard import CameraRequested, TileLocked
from csu.wall.directing.programme import DWELL_NS_MIN, Programme, Slot, SlotId, SlotRule
from csu.wall.directing.sight import Sight
from csu.wall.directing.spots import EMPTY, SlotShown, Spots
from csu.wall.directing.wishes import Wish, Wishes

_OF_ROUTE = (SlotRule.ROUTE_HEAD, SlotRule.ROUTE_TAIL)


class WallTiles:
    """Of one wall: decided slot by slot, in the order of the scene."""

    def __init__(self, sight: Sight, spots: Spots, wishes: Wishes) -> None:
        self._sight, self._spots, self._wishes = sight, spots, wishes
        self._scene = ""
        self._fixed: frozenset[SlotId] = frozenset()
        self.shown: dict[SlotId, SlotShown] = {}

    def begin(self, scene: str, slots: Sequence[Slot]) -> None:
        """Another scene is up: nothing in it yet."""
        self._scene, self.shown = scene, {slot.slot: EMPTY for slot in slots}
        self._fixed = frozenset(slot.slot for slot in slots if slot.rule is SlotRule.FIXED)
        self._spots.leave()

    def change(self, slot: Slot, programme: Programme | None, now_ns: Nanoseconds) -> list[TileChanged]:
        """What that slot should show by all that holds now, if its last change is not too young."""
        camera, cause = self._wanted(slot, programme, now_ns)
        tile = self.shown[slot.slot]
        if (tile.camera, tile.cause) == (camera, cause):
            return []
        if camera != tile.camera and self._must_wait(slot.slot, cause, now_ns):
            return []
        since_ns = tile.since_ns if camera == tile.camera else now_ns
        self.shown[slot.slot] = SlotShown(camera, cause, since_ns)
        return [TileChanged(self._scene, slot.slot, camera, tile.camera, cause, now_ns)]

    def _wanted(self, slot: Slot, programme: Programme | None, now_ns: Nanoseconds) -> tuple[CameraId | None, Cause]:
        """What the slot should show now, by all that holds now."""
        on_spot = self._spots.wanted(slot.slot, self.shown, now_ns)
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
        allowed = [camera for camera in pool if self._sight.permitted(camera, now_ns)]
        first = self._first(slot, allowed, now_ns)
        if first is not None:
            return first, by_rule
        return None, Cause(CauseKind.NO_SIGNAL if allowed or not pool else CauseKind.NOT_PERMITTED)

    def _first(self, slot: Slot, allowed: Sequence[CameraId], now_ns: Nanoseconds) -> CameraId | None:
        """The first with a signal that is not up elsewhere; else one that only fixed tiles show: it may be small there.
        What another tile chose is left to it."""
        up = {tile.camera for other, tile in self.shown.items() if other != slot.slot}
        chosen = {tile.camera for other, tile in self.shown.items() if other not in (slot.slot, *self._fixed)}
        live = [camera for camera in allowed if self._sight.has_signal(camera, now_ns)]
        for taken in (up, chosen):
            first = next((camera for camera in live if camera not in taken), None)
            if first is not None:
                return first
        return None

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
        tile = self.shown[slot.slot]
        if tile.camera not in pool or tile.since_ns is None:
            return pool
        is_over = now_ns - tile.since_ns >= slot.dwell_ns
        first = pool.index(tile.camera) + is_over
        return [*pool[first:], *pool[:first]]

    def _must_wait(self, slot: SlotId, cause: Cause, now_ns: Nanoseconds) -> bool:
        """Whether the slot's last change is too young.

        A right that is withdrawn does not wait, nor what an alarm or a person brought after that change (an alarm: by
        coming, or as the one it waited for ended), nor the end of a request. Each of these happens once: what only
        comes and goes cannot make the wall flicker.
        """
        tile = self.shown[slot]
        if tile.since_ns is None or now_ns - tile.since_ns >= DWELL_NS_MIN:
            return False
        if tile.camera is not None and not self._sight.permitted(tile.camera, now_ns):
            return False
        if cause.kind is CauseKind.ALARM:
            return self._spots.due_ns(cause.ref, slot) < tile.since_ns
        wish = self._wishes.request(self._scene, slot)
        if cause.kind in (CauseKind.REQUEST, CauseKind.GUARD_TOUR) and wish is not None:
            return wish.at_ns < tile.since_ns
        return not (tile.cause.kind in (CauseKind.REQUEST, CauseKind.GUARD_TOUR) and wish is None)


def _cause_of(wish: Wish) -> Cause:
    if isinstance(wish.given, TileLocked):
        return Cause(CauseKind.LOCK, wish.given.person)
    if isinstance(wish.given, CameraRequested) and wish.given.tour:
        return Cause(CauseKind.GUARD_TOUR, wish.given.tour)
    return Cause(CauseKind.REQUEST, wish.given.person)
