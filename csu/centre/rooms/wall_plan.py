"""The scenes of a wall on one machine, and where the cameras of a scene lie on it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from csu.hal.camera import CameraId, CameraRecord, ViewType
from csu.hal.wall import WallScene
from csu.wall import CauseKind, SceneSlots, Slot, SlotId, SlotRule, SlotShown, WallPlan, grid_scene

BASE, AGREED, EVENT = "base", "agreed", "event"
ALARM_SPOTS = 4
"""Alarms shown at once; the rest is counted [D]."""
AGREED_TILES = 4
"""What one person alone still takes in [D]."""
ALARM_LABEL = "ALARME"
"""The wall's own lettering is French."""


def plan_of(records: Sequence[CameraRecord]) -> WallPlan:
    """The base shows every camera; the scene agreed for fewer than two people on watch a few, wide views first; that of
    an event the procession's head and tail, what is around it, and as few wide views (OPS-5). All have spots for
    alarms, which take no room while there is none."""
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


def shown_of(tiles: Mapping[SlotId, SlotShown]) -> tuple[tuple[CameraId, bool], ...]:
    """The cameras that are up, each once, and whether for an alarm: those first, then the slots in their order."""
    up = [(tile.camera, tile.cause.kind is CauseKind.ALARM) for tile in tiles.values() if tile.camera is not None]
    first = [camera for camera, is_alarm in up if is_alarm]
    order = dict.fromkeys([*first, *(camera for camera, _ in up)])
    return tuple((camera, camera in first) for camera in order)


def laid_out(
    shown: Sequence[tuple[CameraId, bool]],
    records: Mapping[CameraId, CameraRecord],
    width_px: int,
    height_px: int,
) -> WallScene:
    """These cameras as a grid; an alarm's says so. Raises WallError when the tiles would be too small."""
    scene = grid_scene([records[camera] for camera, _ in shown], width_px, height_px)
    alarms = {camera for camera, is_alarm in shown if is_alarm}
    tiles = (
        replace(tile, label=f"{ALARM_LABEL} · {tile.label}") if tile.camera in alarms else tile for tile in scene.tiles
    )
    return replace(scene, tiles=tuple(tiles))
