"""What the doors of communes answer. Figures and papers: no picture, no person, no state of this very moment."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from csu.governance import InterruptionKind, ServiceLevel, lifecycle_words, purpose_words
from csu.hal.alarms import AlarmKind
from csu.hal.camera import CameraLifecycle
from csu.hal.words import Words
from csu.operations.commune_month import SMALL_BELOW, PublishedFigures
from csu.operations.commune_papers import CommuneCamera, CommunePapers
from csu.operations.cost_shares import CostKey, CostShare
from csu.operations.transparency import PublicAgreement, PublicCommune, PublicOrder
from csu.recording.availability import Availability

_HOUR_NS = 3_600_000_000_000
_FROZEN = ConfigDict(frozen=True)


class CommuneName(BaseModel):
    """One commune that the asker may read of."""

    model_config = _FROZEN
    commune: str
    name: str


class CommunesAnswer(BaseModel):
    """The communes of the asker, and the months that can be asked for, the newest first."""

    model_config = _FROZEN
    communes: list[CommuneName]
    months: list[str]
    sees_all: bool
    """Whether the asker may read of the whole centre."""


class AvailabilityAnswer(BaseModel):
    """Hours expected, and the share of them that was given, 0 to 1 (TEC-6). None: nothing was expected."""

    model_config = _FROZEN
    expected_hours: float
    received: float | None
    viewed: float | None
    recorded: float | None


class KindCount(BaseModel):
    """Alarms of one kind. None: one to four."""

    model_config = _FROZEN
    kind: AlarmKind
    count: int | None


class FiguresAnswer(BaseModel):
    """A month. A count that is None is one to four, or would tell one (COM-4)."""

    model_config = _FROZEN
    cameras: int
    recorded_hours: float
    availability: AvailabilityAnswer
    alarms: int | None
    kinds: list[KindCount]
    confirmed: int | None
    requisitions: int | None


class CostAnswer(BaseModel):
    """What the commune pays of a year. `weight` of `weights`: cameras or inhabitants, of it and of all."""

    model_config = _FROZEN
    year: int
    amount_cents: int
    share_cents: int
    key: CostKey
    key_words: Words
    weight: int
    weights: int


class Measured(BaseModel):
    """How much of the month has been measured: what is not yet is in no figure."""

    model_config = _FROZEN
    days: int
    days_due: int
    small_below: int = SMALL_BELOW


class MonthAnswer(BaseModel):
    """One commune's month."""

    model_config = _FROZEN
    commune: str
    name: str
    month: str
    measured: Measured
    figures: FiguresAnswer
    cost: CostAnswer | None
    cost_trouble: Words
    """Why no cost is told."""


class CommuneLine(BaseModel):
    """One commune in the table of all."""

    model_config = _FROZEN
    commune: str
    name: str
    figures: FiguresAnswer
    share_cents: int | None


class AllMonthAnswer(BaseModel):
    """The whole centre's month, and each commune's. `total` is counted from the facts; nothing of it is left out."""

    model_config = _FROZEN
    month: str
    measured: Measured
    total: FiguresAnswer
    communes: list[CommuneLine]
    amount_cents: int | None
    cost_trouble: Words


class CommuneCameraAnswer(BaseModel):
    """One camera on paper."""

    model_config = _FROZEN
    camera: str
    number: int | None
    name: str
    order: str
    ordered_on: date | None
    ends_on: date | None
    retention_days: int | None
    why_not: Words
    lifecycle: CameraLifecycle
    lifecycle_words: Words
    mask_version: int
    signs: list[str]


class OrderAnswer(BaseModel):
    """A prefect's order that governs cameras of the commune."""

    model_config = _FROZEN
    number: str
    ordered_on: date
    valid_from: date
    ends_on: date
    cameras: int
    purposes: list[Words]
    retention_days: int
    interrupted: InterruptionKind | None


class AgreementAnswer(BaseModel):
    """A convention between the commune and the centre."""

    model_config = _FROZEN
    reference: str
    from_day: date
    ends_on: date
    level: ServiceLevel


class PapersAnswer(BaseModel):
    """The commune's papers and cameras today. Empty texts: nobody wrote them down (`communes.yaml`)."""

    model_config = _FROZEN
    commune: str
    name: str
    as_of: date
    level: ServiceLevel | None
    controller: str
    contact: str
    dpo_name: str
    dpo_contact: str
    is_complete: bool
    """Whether the public page lacks nothing (R253-3)."""
    agreements: list[AgreementAnswer]
    orders: list[OrderAnswer]
    cameras: list[CommuneCameraAnswer]


class CameraMonthAnswer(BaseModel):
    """One camera's month: image received, right view, recorded."""

    model_config = _FROZEN
    camera: str
    number: int | None
    name: str
    availability: AvailabilityAnswer


class CamerasMonthAnswer(BaseModel):
    """Those of one commune, the least recorded first."""

    model_config = _FROZEN
    commune: str
    month: str
    measured: Measured
    cameras: list[CameraMonthAnswer]


def availability_answer(told: Availability) -> AvailabilityAnswer:
    """Shares, unrounded."""
    return AvailabilityAnswer(
        expected_hours=told.expected_ns / _HOUR_NS,
        received=told.share(told.received_ns),
        viewed=told.share(told.viewed_ns),
        recorded=told.share(told.recorded_ns),
    )


def figures_answer(told: PublishedFigures) -> FiguresAnswer:
    """A month as it may be read."""
    return FiguresAnswer(
        cameras=told.cameras,
        recorded_hours=told.recorded_hours,
        availability=availability_answer(told.availability),
        alarms=told.alarms,
        kinds=[KindCount(kind=kind, count=count) for kind, count in told.raised.items()],
        confirmed=told.confirmed,
        requisitions=told.requisitions,
    )


def cost_answer(year: int, amount_cents: int, key: CostKey, share: CostShare) -> CostAnswer:
    """One commune's part of a year."""
    return CostAnswer(
        year=year,
        amount_cents=amount_cents,
        share_cents=share.cents,
        key=key,
        key_words=key.words,
        weight=share.weight,
        weights=share.weights,
    )


def papers_answer(papers: CommunePapers) -> PapersAnswer:
    """The commune today."""
    public: PublicCommune = papers.public
    return PapersAnswer(
        commune=public.commune,
        name=public.name,
        as_of=public.as_of,
        level=papers.level,
        controller=public.controller,
        contact=public.contact,
        dpo_name=public.dpo_name,
        dpo_contact=public.dpo_contact,
        is_complete=public.is_complete,
        agreements=[_agreement(each) for each in papers.agreements],
        orders=[_order(each) for each in public.orders],
        cameras=[_camera(each) for each in papers.cameras],
    )


def _agreement(told: PublicAgreement) -> AgreementAnswer:
    return AgreementAnswer(reference=told.reference, from_day=told.from_day, ends_on=told.ends_on, level=told.level)


def _order(told: PublicOrder) -> OrderAnswer:
    return OrderAnswer(
        number=told.number,
        ordered_on=told.ordered_on,
        valid_from=told.valid_from,
        ends_on=told.end_day,
        cameras=told.cameras,
        purposes=[purpose_words(purpose) for purpose in told.purposes],
        retention_days=told.retention_days,
        interrupted=told.interrupted,
    )


def _camera(told: CommuneCamera) -> CommuneCameraAnswer:
    return CommuneCameraAnswer(
        camera=told.camera,
        number=told.number,
        name=told.name,
        order=told.order,
        ordered_on=told.ordered_on,
        ends_on=told.ends_on,
        retention_days=told.retention_days,
        why_not=told.why_not,
        lifecycle=told.lifecycle,
        lifecycle_words=lifecycle_words(told.lifecycle),
        mask_version=told.mask_version,
        signs=list(told.signs),
    )
