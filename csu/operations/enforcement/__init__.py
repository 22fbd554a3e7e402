"""Video enforcement: a sworn agent, live only, on a designated camera, from a closed dated table of offences.

No other room leads here: what makes a record is an agent's own live session (`Enforcement`), and nothing takes a
signal, a recording or a picture from elsewhere (docs/decisions/0098).
"""

from csu.operations.enforcement.desk import DeskPorts, Enforcement, LivePictures, TicketKeeper
from csu.operations.enforcement.draft import Blot, Draft, LiveSession, Standing, Taken, View
from csu.operations.enforcement.errors import (
    TicketRefused,
    TicketRule,
    TicketsBroken,
    TicketsNotKept,
    TicketUnknown,
)
from csu.operations.enforcement.offences import OFFENCES, TABLE_STATUS, TABLE_VERSION, Offence, offence_named
from csu.operations.enforcement.package import faults_of, package_of
from csu.operations.enforcement.record import TicketRecord, unfit_plate
from csu.operations.enforcement.signing import picture_of
from csu.operations.enforcement.store import KEPT_DAYS, KeptTicket, TicketStore

__all__ = [
    "KEPT_DAYS",
    "OFFENCES",
    "TABLE_STATUS",
    "TABLE_VERSION",
    "Blot",
    "DeskPorts",
    "Draft",
    "Enforcement",
    "KeptTicket",
    "LivePictures",
    "LiveSession",
    "Offence",
    "Standing",
    "Taken",
    "TicketKeeper",
    "TicketRecord",
    "TicketRefused",
    "TicketRule",
    "TicketStore",
    "TicketUnknown",
    "TicketsBroken",
    "TicketsNotKept",
    "View",
    "faults_of",
    "offence_named",
    "package_of",
    "picture_of",
    "unfit_plate",
]
