"""What a wall is planned to show, and where on it that lies: by files, or as grids made from what is up. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from csu.hal.camera import CameraId, CameraRecord, ViewType
from csu.hal.wall import NodeScene, OverlayKind, WallNodeId
from csu.wall import CauseKind, Programme, SceneSlots, Slot, SlotId, SlotRule, SlotShown, WallPlan
from csu.wall.model import Scene, Wall, place
from csu.wall.model.layout import label_of, one_panel, scene_of_grid

BASE, AGREED, EVENT = "base", "agreed", "event"
TITLES = {BASE: "", AGREED: "Effectif réduit", EVENT: "Événement"}
"""The wall's own lettering is French."""
ALARM_SPOTS = 4
"""Alarms shown at once; the rest is counted [D]."""
AGREED_TILES = 4
"""What one person alone still takes in [D]."""
ALARM_LABEL, SIGNAL_LABEL = "ALARME", "À QUALIFIER"
"""Before what a tile says of its camera. A signal is there for a person to judge (VSA-7)."""

_PREFIXES = {CauseKind.ALARM: ALARM_LABEL, CauseKind.SIGNAL: SIGNAL_LABEL}


@dataclass(frozen=True, slots=True)
class Up:
    """A camera in a slot; `prefix`: what its label begins with."""

    slot: SlotId
    camera: CameraId
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class PlannedWall:
    """A wall, its plan, and its scenes. Without scenes (no files) each is a grid of what is up, as large as it can be:
    a spot that no alarm needs takes no room."""

    wall: Wall
    plan: WallPlan
    scenes: Mapping[str, Scene] = field(default_factory=dict)
    programmes: tuple[Programme, ...] = ()
    """Those that are planned for a day; those of the week are the plan's."""

    @property
    def sha256(self) -> str:
        """Of all of it: which version of its layouts a wall shows."""
        told = (self.wall, self.plan, sorted(self.scenes.items()), self.programmes)
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def scene(self, name: str, up: Sequence[Up] | None = None) -> Scene:
        """As it lies on the wall. `up`: what it shows, None: it is not up. Raises PlanUnusable for an unknown name;
        WallError when the tiles of a grid would be too small."""
        slots = self.plan.scene(name).slots
        if name in self.scenes:
            return self.scenes[name]
        if up is None:
            seen = [slot for slot in slots if slot.rule is not SlotRule.ALARM_SPOT]
        else:
            of_name = {slot.slot: slot for slot in slots}
            seen = [of_name[each.slot] for each in each_once(up)]
        return scene_of_grid(name, TITLES.get(name, name), seen, *self.wall.framebuffer_px(self.wall.nodes[0].node))

    def placed(
        self, name: str, up: Sequence[Up], records: Mapping[CameraId, CameraRecord]
    ) -> dict[WallNodeId, NodeScene]:
        """What each node draws of it. Raises as `scene`."""
        scene = self.scene(name, up)
        alarms = {each.slot for each in up if each.prefix == ALARM_LABEL}
        return place(self.wall, scene, {each.slot: each.camera for each in up}, labels_of(scene, up, records), alarms)


def default_wall(records: Sequence[CameraRecord], width_px: int, height_px: int) -> PlannedWall:
    """One panel without a bezel, no files: `plan_of`, as grids."""
    return PlannedWall(one_panel(width_px, height_px), plan_of(records))


def plan_of(records: Sequence[CameraRecord]) -> WallPlan:
    """The base shows every camera; the scene agreed for fewer than two people on watch a few, wide views first; that of
    an event the procession's head and tail, what is around it, and as few wide views (OPS-5). All have spots for
    alarms."""
    every = tuple(Slot(SlotId(f"tile-{record.number}"), SlotRule.FIXED, (record.camera,)) for record in records)
    wide_first = sorted(records, key=lambda record: (record.view is not ViewType.WIDE, record.number))
    pool = tuple(record.camera for record in wide_first)
    few = tuple(
        Slot(SlotId(f"agreed-{index}"), SlotRule.PRIORITY, pool) for index in range(min(AGREED_TILES, len(pool)))
    )
    spots = tuple(Slot(SlotId(f"alarm-{index}"), SlotRule.ALARM_SPOT) for index in range(ALARM_SPOTS))
    along = (SlotRule.ROUTE_HEAD, SlotRule.ROUTE_TAIL, SlotRule.PERIMETER)
    follow = tuple(Slot(SlotId(rule.value), rule) for rule in along)
    scenes = (SceneSlots(BASE, (*spots, *every)), SceneSlots(AGREED, (*spots, *few)))
    return WallPlan((*scenes, SceneSlots(EVENT, (*spots, *follow, *few))), base=BASE, degraded=AGREED)


def up_of(tiles: Mapping[SlotId, SlotShown]) -> tuple[Up, ...]:
    """What a director's slots show, in their order; none that is empty."""
    return tuple(
        Up(slot, shown.camera, _PREFIXES.get(shown.cause.kind, ""))
        for slot, shown in tiles.items()
        if shown.camera is not None
    )


def each_once(up: Sequence[Up]) -> list[Up]:
    """What alarms brought first, and of a camera in several slots one."""
    found: dict[CameraId, Up] = {}
    for each in sorted(up, key=lambda each: each.prefix != ALARM_LABEL):
        found.setdefault(each.camera, each)
    return list(found.values())


def labels_of(scene: Scene, up: Sequence[Up], records: Mapping[CameraId, CameraRecord]) -> dict[SlotId, str]:
    """Of the tiles that the scene's label overlays name (None: all of them)."""
    named = {overlay.tile for overlay in scene.overlays if overlay.kind is OverlayKind.LABEL}
    return {
        each.slot: f"{each.prefix} · {label}" if each.prefix else label
        for each in up
        if (None in named or each.slot in named) and (label := label_of(records[each.camera]))
    }
