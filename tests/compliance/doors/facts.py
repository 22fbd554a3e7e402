"""What the tests of the doors are about: two communes, a camera of each, their papers, one act, noon of one day."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from csu.evidence import (
    CameraSpan,
    HandOver,
    LegalBasis,
    Officer,
    Requisition,
)
from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    CommuneService,
    GovernedCamera,
    Notification,
    Placement,
    Purpose,
    Role,
    ServiceLevel,
    TicketingPermit,
)
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY

METZ, ARS = CommuneId("metz"), CommuneId("ars")
CAMERA, FAR_CAMERA = CameraId("cam-0012"), CameraId("cam-0500")
CASE, HOLD, PAST_BYTES = "2027-101", "G-2027-7", b"the past itself"
OFFICER = "opj:0123456"


def instant(text: str) -> int:
    """`2027-06-01 12:00` in Paris, ns UTC."""
    aware = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris"))
    return round(aware.timestamp()) * 1_000_000_000


NOON = instant("2027-06-01 12:00")
ACT = CameraSpan(CAMERA, instant("2027-05-20 10:00"), instant("2027-05-20 10:20"))
HAND_OVER = HandOver(Officer("Durand"), "BD-R 77", False, "", 1, "receipt-1", "S-12")
YEARS = Agreement("decision 12", date(2027, 1, 1), date(2030, 1, 1))


class SettableClock:
    """The time of day, and beside it the time that runs: each stands still until it is moved."""

    def __init__(self) -> None:
        self.at_ns = NOON
        self.runs_ns = 0

    def now_ns(self) -> int:
        return self.at_ns

    def monotonic_ns(self) -> int:
        return self.runs_ns


def account(role: Role) -> str:
    return OFFICER if role is Role.JUDICIAL_OFFICER else f"{role.value}.1"


def act(basis: LegalBasis = LegalBasis.CPP_60_1) -> Requisition:
    officer = Officer("Durand", "Maj.", "CIAT Metz", OFFICER.removeprefix("opj:"))
    return Requisition(basis, "PV 2027/88", officer, NOON - NS_PER_DAY, (ACT,), "0" * 64, is_signed=True)


def papers() -> AuthorisationFacts:
    """Camera 12 of Metz is in order, and designated for video enforcement; camera 500 of Ars has no order."""
    order = Authorisation(
        number="2026-57-101",
        ordered_on=date(2026, 12, 1),
        valid_from=date(2026, 12, 15),
        purposes=frozenset({Purpose.PERSONS_PROPERTY, Purpose.ROAD_OFFENCES}),
        retention_days=30,
        viewers=frozenset({"csu-metz"}),
        recipients=frozenset({"dipn-57"}),
        commission_opinion="CDV 2026-11-20",
        cameras=frozenset({CAMERA}),
    )
    return AuthorisationFacts(
        authorisations=(order,),
        cameras=(
            GovernedCamera(CAMERA, METZ, (Placement(instant("2026-12-16 08:00"), 0.0, 0.0),)),
            GovernedCamera(FAR_CAMERA, ARS, (Placement(instant("2026-12-16 08:00"), 0.0, 0.0),)),
        ),
        notifications=(Notification(CAMERA, date(2026, 12, 16), 0.0, 0.0, "LR 2026-12-16"),),
        services=(
            CommuneService(METZ, ServiceLevel.STORAGE_AND_WATCH, Agreement("conv", date(2026, 1, 1), date(2036, 1, 1))),
        ),
        ticketing=(
            TicketingPermit(
                *(CAMERA, order.number, "DCM 4", ("P-1",), YEARS, "salle PVe", date(2027, 1, 1), date(2030, 1, 1))
            ),
        ),
    )
