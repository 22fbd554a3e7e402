"""The wall of pictures: who is shown where, and the drawing of it.

In: programmes, alarms, requests, rights; a `WallScene` and masked pictures (from a `TileSource`); what display panels
say of themselves. Out: decisions with their causes; pixels, and a reading of what those pixels show; panels' troubles.
`model/` is where things lie, `directing/` decides, `drawing/` draws; what needs GL there is imported by whoever draws.
"""

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
from csu.wall.directing.director import MayShow, SlotShown, WallDirector, WallRequestRefused, replay
from csu.wall.directing.programme import (
    PlanUnusable,
    Programme,
    SceneSlots,
    Slot,
    SlotId,
    SlotRule,
    WallPlan,
    Weekday,
    WeeklyProgramme,
)
from csu.wall.drawing.freshness import Freshness
from csu.wall.model.layout import grid_scene
from csu.wall.panels import PanelPlan, PanelSupervision, PanelTold

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
    "SceneSlots",
    "SceneCalled",
    "SceneChanged",
    "SignalHeard",
    "Slot",
    "SlotId",
    "SlotRule",
    "SlotShown",
    "TileChanged",
    "WallDecision",
    "WallDirector",
    "WallInput",
    "WallPlan",
    "WallRequestRefused",
    "WatchHeard",
    "Weekday",
    "WeeklyProgramme",
    "grid_scene",
    "replay",
]
