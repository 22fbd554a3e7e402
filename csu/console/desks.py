"""What a console may be given beside its cameras, where a centre has it, and the doors that each of them answers."""

from __future__ import annotations

from dataclasses import dataclass

from csu.console.alarms import AlarmRoom
from csu.console.analysis import AnalysisDesk, SignalsDesk
from csu.console.calls import CallDesk
from csu.console.communes import CommuneDesk
from csu.console.deports import DeportDesk
from csu.console.dpo import DpoDesks
from csu.console.enforcement import EnforcementDesk
from csu.console.inventory import InventoryDesk
from csu.console.loudspeaker import Speaking
from csu.console.map import MapDesk
from csu.console.operations_log import LogDesk
from csu.console.planned_events import EventDesk
from csu.console.posts import WatchDesk
from csu.console.ptz import PtzDesk
from csu.console.ptz_aim import AimDesk
from csu.console.service import ServiceDesk
from csu.console.sign_in import SignInDesk
from csu.console.statistics import StatisticsDesk
from csu.console.tours import TourDesk
from csu.console.visits import VisitDesk
from csu.console.wall_desk import WallDesk
from csu.console.wall_node_door import WallNodeDesk


@dataclass(frozen=True, slots=True)
class Desks:
    """None: this centre has it not, and its doors say so."""

    alarms: AlarmRoom | None = None
    """Where alarms wait."""
    speaking: Speaking | None = None
    """Its loudspeakers."""
    sign_in: SignInDesk | None = None
    """How people come in; None: there are no accounts."""
    watch: WatchDesk | None = None
    """Who is at the wall."""
    service: ServiceDesk | None = None
    """Its shifts and handovers."""
    visits: VisitDesk | None = None
    """Its register of visitors."""
    events: EventDesk | None = None
    """Its planned events."""
    log: LogDesk | None = None
    """Its operations log."""
    ptz: PtzDesk | None = None
    """Its cameras that turn."""
    aims: AimDesk | None = None
    """Where these may be sent: what is pointed at, presets."""
    map: MapDesk | None = None
    """Where its cameras stand."""
    tours: TourDesk | None = None
    """Guard tours on its wall."""
    wall: WallDesk | None = None
    """What people ask of its wall."""
    wall_nodes: WallNodeDesk | None = None
    """Machines of its wall on other hosts."""
    communes: CommuneDesk | None = None
    """Figures and papers of its communes."""
    analysis: AnalysisDesk | None = None
    """Its real-time analysis: what is analysed and why, zones, the kill switch."""
    signals: SignalsDesk | None = None
    """What analysis draws attention to, for people to judge."""
    statistics: StatisticsDesk | None = None
    """What its counters told: traffic, footfall, bins."""
    inventory: InventoryDesk | None = None
    """Its devices, settings and accounts."""
    dpo: DpoDesks = DpoDesks()
    """Journal, masks, signs, requests, regime and register, as the data protection officer uses them."""
    calls: CallDesk | None = None
    """Its calls to the police and the other services."""
    deports: DeportDesk | None = None
    """Image deport to people of other services."""
    enforcement: EnforcementDesk | None = None
    """Its video enforcement."""
