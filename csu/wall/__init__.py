"""The wall of pictures: who is shown where, and the drawing of it.

In: programmes, alarms, requests, rights; a `WallScene` and masked pictures (from a `TileSource`); what display panels
say of themselves. Out: decisions with their causes; pixels, and a reading of what those pixels show; panels' troubles.
The pure parts are named here; `csu.wall.renderer` and `csu.wall.surface` need GL and are imported by whoever draws.
"""

from csu.wall.decisions import (
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
from csu.wall.director import MayShow, Tile, WallDirector, WallRequestRefused, replay
from csu.wall.freshness import Freshness
from csu.wall.layout import grid_scene
from csu.wall.panels import PanelPlan, PanelSupervision, PanelTold
from csu.wall.programme import PlanUnusable, Programme, Scene, Slot, SlotId, SlotRule, WallPlan

__all__ = [
    "AlarmEnded",
    "AlarmOpened",
    "AlarmsWaiting",
    "CameraRequested",
    "Cause",
    "CauseKind",
    "Freshness",
    "MayShow",
    "PanelPlan",
    "PanelSupervision",
    "PanelTold",
    "PlanUnusable",
    "Programme",
    "ProgrammeDropped",
    "ProgrammeSet",
    "RequestEnded",
    "Scene",
    "SceneCalled",
    "SceneChanged",
    "SignalHeard",
    "Slot",
    "SlotId",
    "SlotRule",
    "Tile",
    "TileChanged",
    "WallDecision",
    "WallDirector",
    "WallInput",
    "WallPlan",
    "WallRequestRefused",
    "WatchHeard",
    "grid_scene",
    "replay",
]
