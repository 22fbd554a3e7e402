"""The wall of pictures: who is shown where, and the drawing of it.

In: programmes, alarms, requests, rights; a `NodeScene` and masked pictures (from a `TileSource`); what display panels
say of themselves. Out: decisions with their causes; pixels, and a reading of what those pixels show; panels' troubles.
`model/` is where things lie, `directing/` decides, `drawing/` draws; what needs GL there is imported by whoever draws.
"""

from csu.wall.directing.coverage import ShiftCoverage, WallCoverage
from csu.wall.directing.decisions import (
    AlarmsWaiting,
    BudgetTold,
    Cause,
    CauseKind,
    ReasonAsked,
    SceneChanged,
    TileChanged,
    WallDecision,
    WallRequestRefused,
)
from csu.wall.directing.director import WallDirector, replay
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
from csu.wall.directing.route import Route, RouteStop, RouteUnusable, even_route
from csu.wall.directing.sight import MayShow, MayView
from csu.wall.directing.spots import SlotShown
from csu.wall.drawing.freshness import Freshness
from csu.wall.model.layout import grid_scene
from csu.wall.panels import PanelPlan, PanelSupervision, PanelTold

__all__ = [
    "AlarmEnded",
    "AlarmOpened",
    "AlarmsWaiting",
    "BudgetTold",
    "CameraRequested",
    "Cause",
    "CauseKind",
    "even_route",
    "EventSignal",
    "EventSignalEnded",
    "Freshness",
    "grid_scene",
    "HeadSeen",
    "MayShow",
    "MayView",
    "PanelPlan",
    "PanelSupervision",
    "PanelTold",
    "PlanUnusable",
    "Programme",
    "ProgrammeDropped",
    "ProgrammeSet",
    "ReasonAsked",
    "ReasonGiven",
    "replay",
    "RequestEnded",
    "Route",
    "RouteStop",
    "RouteUnusable",
    "SceneCalled",
    "SceneChanged",
    "SceneSlots",
    "ShiftCoverage",
    "SignalHeard",
    "Slot",
    "SlotId",
    "SlotRule",
    "SlotShown",
    "TileChanged",
    "TileLocked",
    "TileUnlocked",
    "UndoAsked",
    "ViewersHeard",
    "WallCoverage",
    "WallDecision",
    "WallDirector",
    "WallInput",
    "WallPlan",
    "WallRequestRefused",
    "WatchHeard",
    "Weekday",
    "WeeklyProgramme",
]
