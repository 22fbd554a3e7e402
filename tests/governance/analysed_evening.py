"""Law, orders, models and papers of one camera on one evening, for tests of the analysis."""

from __future__ import annotations

from datetime import date

from csu.governance import (
    Agreement,
    Authorisation,
    AuthorisationFacts,
    AuthorisationRegister,
    CommuneService,
    GovernedCamera,
    Interruption,
    Notification,
    Placement,
    Purpose,
    ServiceLevel,
    start_of_day,
)
from csu.governance.analysis_basis import AnalysisBasis
from csu.governance.analysis_orders import (
    AnalysisOrder,
    AnalysisOrderRecorded,
    AnalysisOrders,
    NamedTool,
    PublicEvent,
)
from csu.governance.legal_regime import LegalRegime, RegimeNow
from csu.governance.model_register import ModelRegister, ModelRegistered, RegisteredModel, TypeResult
from csu.hal.analysis import EventType
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE

CAMERA, COMMUNE, PLACE_M = CameraId("cam-0001"), CommuneId("valmandrin"), (100.0, 50.0)
DAY = date(2027, 6, 19)
DAY_NS = start_of_day(DAY)
WEIGHTS = "a" * 64
TOOL = NamedTool(WEIGHTS, "2.1", "MI-2027-014")
SQUARE = ((0.0, 0.0), (200.0, 0.0), (200.0, 200.0), (0.0, 200.0))
REGIME = LegalRegime(
    "loi n° 2023-380 du 19 mai 2023, art. 10",
    "JORF n° 0116 du 20 mai 2023, texte n° 1",
    date(2027, 3, 1),
    date(2027, 12, 31),
)


def minute(of_day: int) -> int:
    return DAY_NS + of_day * NS_PER_MINUTE


def an_order(**more) -> AnalysisOrder:
    whole = {
        "number": "2027-57-012",
        "ordered_on": date(2027, 6, 1),
        "event": "Fête de la musique",
        "event_kind": PublicEvent.CULTURAL,
        "from_ns": minute(18 * 60),
        "to_ns": minute(23 * 60 + 30),
        "communes": (COMMUNE,),
        "place": "place de la Mairie et abords",
        "cameras": (CAMERA,),
        "types": (EventType.CROWD_DENSITY, EventType.WRONG_WAY),
        "tool": TOOL,
        "ring_m": SQUARE,
    }
    return AnalysisOrder(**(whole | more))


def a_model(**more) -> RegisteredModel:
    results = tuple(TypeResult(each, 40, 0.96, 0.97, 0.1, 2.0, "rendered/3") for each in EventType)
    whole = {
        "sha256": WEIGHTS,
        "name": "toy",
        "version": "2.1",
        "parameters": (("score_min", 0.5),),
        "results": results,
        "attestation": "MI-2027-014",
        "attested_by": "ministère de l'Intérieur",
        "attested_on": date(2027, 2, 1),
    }
    return RegisteredModel(**(whole | more))


def orders_of(*orders: AnalysisOrder, at_ns: int = DAY_NS - NS_PER_DAY) -> AnalysisOrders:
    value = AnalysisOrders()
    for each in orders:
        value = value.with_event(AnalysisOrderRecorded(each, "C. Morel", at_ns))
    return value


def models_of(*models: RegisteredModel) -> ModelRegister:
    value = ModelRegister()
    for each in models:
        value = value.with_event(ModelRegistered(each, "C. Morel", DAY_NS - NS_PER_DAY))
    return value


def papers_of(*interruptions: Interruption, level: ServiceLevel = ServiceLevel.STORAGE_AND_WATCH):
    order = Authorisation(
        "2026-001",
        date(2026, 1, 1),
        date(2026, 1, 2),
        frozenset({Purpose.PERSONS_PROPERTY}),
        30,
        frozenset({"csu"}),
        "avis 1",
        cameras=frozenset({CAMERA}),
        interruptions=interruptions,
    )
    facts = AuthorisationFacts(
        (order,),
        (GovernedCamera(CAMERA, COMMUNE, (Placement(start_of_day(date(2026, 1, 3)), *PLACE_M),)),),
        (Notification(CAMERA, date(2026, 1, 2), *PLACE_M, "R1"),),
        (CommuneService(COMMUNE, level, Agreement("C1", date(2026, 1, 1), date(2029, 1, 1))),),
    )
    return AuthorisationRegister(facts)


def a_basis(**more) -> AnalysisBasis:
    whole = {
        "papers": papers_of(),
        "regime": RegimeNow(REGIME),
        "orders": orders_of(an_order()),
        "models": models_of(a_model()),
    }
    return AnalysisBasis(**(whole | more))
