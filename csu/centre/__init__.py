"""The composition root: ports and a site in, a running supervision centre out.

`control` is the control plane that runs on real and on virtual time; `running` composes a whole centre on this machine;
`demo` runs one and says what it proved. Only `control` is imported here, so that virtual time needs no GL and no web.
"""

from csu.alarms import (
    PRIORITY_OF,
    Alarm,
    AlarmAcknowledged,
    AlarmAdvanced,
    AlarmDesk,
    AlarmEscalated,
    AlarmId,
    AlarmRaised,
    AlarmState,
    AlarmStore,
    PoliceCall,
)
from csu.centre.control import Centre
from csu.centre.events import (
    AnalysisChanged,
    CameraLifecycleChanged,
    CameraRightsChanged,
    CatalogueWritten,
    CentreCounts,
    CentreEvent,
    ManifestRefused,
    ManifestTaken,
    MasksInForce,
    NodeChanged,
    OrdersChanged,
    SignalRaised,
    Trouble,
)
from csu.centre.footing import Ports
from csu.centre.papers import Papers
from csu.governance import Author
from csu.ingest.board import CameraBoard, CameraChanged, CameraState, CameraStatus
from csu.operations import OutboxStore, ShortWatchAlert, WatchChanged
from csu.operations.analysis_account import AnalysisAccount
from csu.operations.analysis_zones import CameraDrawing
from csu.recording.catalogue import Catalogue
from csu.wall import AlarmsWaiting, Programme, Route, RouteStop, SceneChanged, SlotRule, TileChanged, WallPlan
from csu.wall.directing.account import line_of

__all__ = [
    "PRIORITY_OF",
    "Alarm",
    "AlarmAcknowledged",
    "AlarmAdvanced",
    "AlarmDesk",
    "AlarmEscalated",
    "AlarmId",
    "AlarmRaised",
    "AlarmState",
    "AlarmStore",
    "AlarmsWaiting",
    "AnalysisAccount",
    "AnalysisChanged",
    "Author",
    "CameraBoard",
    "CameraChanged",
    "CameraDrawing",
    "CameraLifecycleChanged",
    "CameraRightsChanged",
    "CameraState",
    "CameraStatus",
    "Catalogue",
    "CatalogueWritten",
    "Centre",
    "CentreCounts",
    "CentreEvent",
    "ManifestRefused",
    "ManifestTaken",
    "MasksInForce",
    "NodeChanged",
    "OrdersChanged",
    "OutboxStore",
    "Papers",
    "PoliceCall",
    "Ports",
    "Programme",
    "Route",
    "RouteStop",
    "SceneChanged",
    "ShortWatchAlert",
    "SignalRaised",
    "SlotRule",
    "TileChanged",
    "Trouble",
    "WallPlan",
    "WatchChanged",
    "line_of",
]
