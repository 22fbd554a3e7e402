"""What people asked of a wall and what still stands of it: requests, locks, a called scene, programmes. Pure.

Each ends by itself. Undo takes back a person's own last step while nobody changed it since; what stood there before
stands again only for as long as it would have stood anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.wall.directing.decisions import refused
from csu.wall.directing.heard import (
    CameraRequested,
    HeadSeen,
    ProgrammeDropped,
    ProgrammeSet,
    ReasonGiven,
    RequestEnded,
    SceneCalled,
    TileLocked,
    TileUnlocked,
)
from csu.wall.directing.programme import Programme, SlotId

REQUEST_NS_MAX = 15 * NS_PER_MINUTE
"""A request or a called scene that nobody renews ends: the wall returns to its programme [D]."""
LOCK_NS_MAX = 60 * NS_PER_MINUTE
"""[D]: a lock outlives no round of an hour."""
CLOSE_NS_MAX = 60 * NS_PER_S
"""So long somebody may be followed closely without a reason (OPS-5)."""
PROGRAMMES_MAX = 1_000

_SLOT, _LOCK, _SCENE, _PROGRAMME = "slot", "lock", "scene", "programme"
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody said, about which camera, since when and until when."""

    given: CameraRequested | TileLocked | SceneCalled | ProgrammeSet | ProgrammeDropped
    camera: CameraId | None
    at_ns: Nanoseconds
    until_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class _Step:
    """What a person did last: of `key`, `before` became `after`."""

    key: _Key
    before: Wish | None
    after: Wish | None
    at_ns: Nanoseconds


class Wishes:
    """All that stands. `prune` before reading."""

    def __init__(self) -> None:
        self._stand: dict[_Key, Wish] = {}
        self._steps: dict[str, _Step] = {}
        self._followed: dict[CameraId, Nanoseconds] = {}
        """Cameras with which somebody was followed without a reason, and until when not again."""

    def request(self, scene: str, slot: SlotId) -> Wish | None:
        """Who wants which camera there."""
        return self._stand.get((_SLOT, scene, slot))

    def lock(self, scene: str, slot: SlotId) -> Wish | None:
        """Who keeps which camera there."""
        return self._stand.get((_LOCK, scene, slot))

    @property
    def called(self) -> SceneCalled | None:
        """The scene that a person called."""
        wish = self._stand.get((_SCENE,))
        return wish.given if wish is not None and isinstance(wish.given, SceneCalled) else None

    @property
    def programmes(self) -> tuple[Programme, ...]:
        """All that are planned, those to come too."""
        return tuple(wish.given.programme for wish in self._stand.values() if isinstance(wish.given, ProgrammeSet))

    def is_dropped(self, programme: str) -> bool:
        """Whether somebody said that it is over."""
        wish = self._stand.get((_PROGRAMME, programme))
        return wish is not None and isinstance(wish.given, ProgrammeDropped)

    def prune(self, now_ns: Nanoseconds) -> None:
        """Forget what is over."""
        self._stand = {key: wish for key, wish in self._stand.items() if now_ns < wish.until_ns}
        self._steps = {name: step for name, step in self._steps.items() if now_ns - step.at_ns < REQUEST_NS_MAX}
        self._followed = {camera: until for camera, until in self._followed.items() if now_ns < until}

    # -- what is said --------------------------------------------------------------------------------------------------

    def ask(self, scene: str, told: CameraRequested, now_ns: Nanoseconds) -> None:
        """Raises WallRequestRefused."""
        self._free(scene, told.slot, told.person, told.is_chief)
        held = self.request(scene, told.slot)
        by = held.given if held is not None and isinstance(held.given, CameraRequested) else None
        if by is not None and (by.is_chief and not told.is_chief or told.tour and not by.tour):
            raise refused(told.slot, Words(f"{by.person} le tient", f"{by.person} has it"))
        lasts_ns = REQUEST_NS_MAX
        if told.is_close and not told.reason:
            if now_ns < self._followed.get(told.camera, 0):
                raise refused(told.camera, Words("dites pourquoi la suivre", "say why it is to follow somebody"))
            lasts_ns = CLOSE_NS_MAX
            self._followed[told.camera] = now_ns + REQUEST_NS_MAX
        self._stand.pop((_LOCK, scene, told.slot), None)  # one's own, or one that the chief takes
        wish = Wish(told, told.camera, now_ns, now_ns + lasts_ns)
        self._say(told.person, (_SLOT, scene, told.slot), wish, now_ns)

    def explain(self, scene: str, told: ReasonGiven, now_ns: Nanoseconds) -> None:
        """A reason for what is asked there. Raises WallRequestRefused."""
        held = self.request(scene, told.slot)
        by = held.given if held is not None and isinstance(held.given, CameraRequested) else None
        if held is None or by is None or by.person != told.person or not told.reason.strip():
            raise refused(told.slot, Words("rien de vous n'y attend un motif", "nothing of yours waits for a reason"))
        given = replace(by, reason=told.reason)
        self._stand[_SLOT, scene, told.slot] = replace(held, given=given, until_ns=held.at_ns + REQUEST_NS_MAX)
        self._followed.pop(by.camera, None)

    def end(self, scene: str, told: RequestEnded, now_ns: Nanoseconds) -> None:
        """The slot's request is over; there need be none. Raises WallRequestRefused for the chief's, to others."""
        held = self.request(scene, told.slot)
        by = held.given if held is not None and isinstance(held.given, CameraRequested) else None
        if told.person and by is not None and by.is_chief and not told.is_chief and by.person != told.person:
            raise refused(told.slot, Words(f"{by.person} le tient", f"{by.person} has it"))
        self._say(told.person, (_SLOT, scene, told.slot), None, now_ns)

    def keep(self, scene: str, camera: CameraId, told: TileLocked, now_ns: Nanoseconds) -> None:
        """Lock it. Raises WallRequestRefused."""
        self._free(scene, told.slot, told.person, told.is_chief)
        if not now_ns < told.until_ns <= now_ns + LOCK_NS_MAX:
            raise refused(told.slot, Words("une heure au plus", "an hour at most"))
        self._say(told.person, (_LOCK, scene, told.slot), Wish(told, camera, now_ns, told.until_ns), now_ns)

    def free(self, scene: str, told: TileUnlocked, now_ns: Nanoseconds) -> None:
        """Unlock it. Raises WallRequestRefused."""
        self._free(scene, told.slot, told.person, told.is_chief)
        self._say(told.person, (_LOCK, scene, told.slot), None, now_ns)

    def call(self, told: SceneCalled, now_ns: Nanoseconds) -> None:
        """An empty name: the programme again."""
        wish = Wish(told, None, now_ns, now_ns + REQUEST_NS_MAX) if told.scene else None
        self._say(told.person, (_SCENE,), wish, now_ns)

    def plan(self, told: ProgrammeSet, now_ns: Nanoseconds) -> None:
        """Raises WallRequestRefused when there are too many, or when it is over already."""
        if told.programme.span.to_ns <= now_ns:
            raise refused(told.programme.programme, Words("il est déjà fini", "it is over already"))
        key = (_PROGRAMME, told.programme.programme)
        if key not in self._stand and len(self.programmes) >= PROGRAMMES_MAX:
            raise refused(key[1], Words(f"{PROGRAMMES_MAX} programmes déjà", f"{PROGRAMMES_MAX} programmes already"))
        self._say(told.person, key, Wish(told, None, now_ns, told.programme.span.to_ns), now_ns)

    def drop(self, told: ProgrammeDropped, until_ns: Nanoseconds, now_ns: Nanoseconds) -> None:
        """It is not up any more. `until_ns`: when it would have ended."""
        self._say(told.person, (_PROGRAMME, told.programme), Wish(told, None, now_ns, until_ns), now_ns)

    def see_head(self, told: HeadSeen, now_ns: Nanoseconds) -> None:
        """The route goes sooner or later. Raises WallRequestRefused; RouteUnusable for a camera that is not on it."""
        programme = next((each for each in self.programmes if each.programme == told.programme), None)
        if programme is None or programme.route is None:
            raise refused(told.programme, Words("aucun parcours", "no route"))
        moved = replace(programme, route=programme.route.seen_at(told.camera, now_ns))
        self.plan(ProgrammeSet(moved, told.person), now_ns)

    def can_undo(self, person: str) -> bool:
        """Whether his last step still stands as he left it."""
        step = self._steps.get(person)
        return step is not None and self._stand.get(step.key) is step.after

    def undo(self, person: str, now_ns: Nanoseconds) -> None:
        """Take back one's own last step. Raises WallRequestRefused."""
        step = self._steps.get(person)
        if step is None or not self.can_undo(person):
            raise refused(person, Words("rien de vous à annuler", "nothing of yours to undo"))
        del self._steps[person]
        self._stand.pop(step.key, None)
        if step.before is not None and now_ns < step.before.until_ns:
            self._stand[step.key] = replace(step.before, at_ns=now_ns)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _free(self, scene: str, slot: SlotId, person: str, is_chief: bool) -> None:
        held = self.lock(scene, slot)
        if held is None or not isinstance(held.given, TileLocked) or held.given.person == person:
            return
        if held.given.is_chief or not is_chief:
            by = held.given.person
            raise refused(slot, Words(f"verrouillé par {by}", f"locked by {by}"))

    def _say(self, person: str, key: _Key, wish: Wish | None, now_ns: Nanoseconds) -> None:
        before = self._stand.pop(key, None)
        if wish is not None:
            self._stand[key] = wish
        if person and (before is not None or wish is not None):
            self._steps[person] = _Step(key, before, wish, now_ns)
