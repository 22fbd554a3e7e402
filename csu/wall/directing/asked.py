"""What people ask of a wall: heard if it can be had, refused with words if not. Pure."""

from __future__ import annotations

from csu.hal.clock import Nanoseconds
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
    UndoAsked,
    WallInput,
)
from csu.wall.directing.programme import Slot, SlotId, SlotRule, WallPlan
from csu.wall.directing.scenes import SceneChoice
from csu.wall.directing.sight import Sight
from csu.wall.directing.tiles import WallTiles
from csu.wall.directing.wishes import Wishes


class Asked:
    """By whoever stands before one wall. What is had goes into `wishes`."""

    def __init__(self, plan: WallPlan, sight: Sight, wishes: Wishes, choice: SceneChoice, tiles: WallTiles) -> None:
        self._plan, self._sight, self._wishes, self._choice, self._tiles = plan, sight, wishes, choice, tiles

    def hear(self, told: WallInput, now_ns: Nanoseconds) -> None:
        """Raises WallRequestRefused for what cannot be had; what is no person's word changes nothing."""
        match told:
            case CameraRequested():
                self._request(told, now_ns)
            case ReasonGiven():
                self._wishes.explain(self._choice.up, told, now_ns)
            case RequestEnded():
                self._wishes.end(self._choice.up, told, now_ns)
            case TileLocked():
                self._lock(told, now_ns)
            case TileUnlocked():
                self._wishes.free(self._choice.up, told, now_ns)
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
                known = (*self._wishes.programmes, *self._choice.programmes_on(now_ns))
                found = next((up for up in known if up.programme == told.programme), None)
                if found is not None:
                    self._wishes.drop(told, found.span.to_ns, now_ns)
            case HeadSeen():
                self._wishes.see_head(told, now_ns)

    def _request(self, told: CameraRequested, now_ns: Nanoseconds) -> None:
        self._not_a_spot(told.slot)
        if not self._sight.permitted(told.camera, now_ns):
            raise refused(told.camera, Words("sans droit ou sans masque", "without right or mask"))
        self._wishes.ask(self._choice.up, told, now_ns)

    def _lock(self, told: TileLocked, now_ns: Nanoseconds) -> None:
        self._not_a_spot(told.slot)
        camera = self._tiles.shown[told.slot].camera
        if camera is None:
            raise refused(told.slot, Words("il ne montre rien", "it shows nothing"))
        self._wishes.keep(self._choice.up, camera, told, now_ns)

    def _not_a_spot(self, slot: SlotId) -> None:
        if self.slot(slot).rule is SlotRule.ALARM_SPOT:
            raise refused(slot, Words("cet emplacement est aux alarmes", "this slot is for alarms"))

    def slot(self, slot: SlotId) -> Slot:
        """One that is up. Raises WallRequestRefused."""
        up = self._plan.scene(self._choice.up).slots if self._choice.up else ()
        found = next((each for each in up if each.slot == slot), None)
        if found is None:
            raise refused(slot, Words("cet emplacement n'est pas affiché", "this slot is not up"))
        return found
