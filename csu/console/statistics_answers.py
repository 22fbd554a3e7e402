"""What the doors of statistics answer: figures that may be read, and never one that is withheld."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict

from csu.console.commune_answers import CommuneName
from csu.governance import Decision, in_paris
from csu.hal.words import NO_WORDS, Words
from csu.statistics import (
    Change,
    Collection,
    CollectionPlan,
    Counter,
    CounterKind,
    DaySum,
    Figure,
    HourMean,
    Series,
    Told,
    collection_plan,
)

_FROZEN = ConfigDict(frozen=True)


class StatisticsAnswer(BaseModel):
    """The communes of the asker, the days that can be asked for, and the terms of what is told."""

    model_config = _FROZEN
    communes: list[CommuneName]
    first_day: date
    last_day: date
    profile_days_max: int
    small_below: int
    """A count from one to this, excluded, is not told."""
    delay_s: int
    """How long after its end a slot is told, at the least."""
    seen_share_min: float
    """Of a slot that was looked at less, the count is not told."""


class CounterAnswer(BaseModel):
    """One counter: where, what, by which decision, and whether it counts now."""

    model_config = _FROZEN
    counter: str
    kind: CounterKind
    place: str
    counted: list[str]
    forward: str
    backward: str
    slot_s: int
    capacity_deposits: int | None
    decision: str
    sign: str
    from_day: date
    ends_on: date
    counts: bool
    why: Words


class CountersAnswer(BaseModel):
    """The counters of a commune, by kind and place."""

    model_config = _FROZEN
    commune: str
    name: str
    counters: list[CounterAnswer]


class HourAnswer(BaseModel):
    """What an hour brings on average. None: too little is told of it."""

    model_config = _FROZEN
    hour: int
    mean: float | None
    is_estimated: bool


class SeriesAnswer(BaseModel):
    """The profile of a class and a way over one line, or of one bin."""

    model_config = _FROZEN
    counter: str
    counted: str
    is_forward: bool
    hours: list[HourAnswer]


class DayAnswer(BaseModel):
    """A day: at least `count`; `withheld` times there were one to four more."""

    model_config = _FROZEN
    day: date
    count: int
    withheld: int
    told_share: float


class ComparisonAnswer(BaseModel):
    """Beside the period before it. None: not comparable."""

    model_config = _FROZEN
    first: date
    last: date
    before: float
    now: float
    hours: int
    share: float | None


class CollectionAnswer(BaseModel):
    """One collection a week, and why then. `weekday` 0: Monday."""

    model_config = _FROZEN
    weekday: int
    hour: int
    fill_share: float
    why: Words


class BinAnswer(BaseModel):
    """When a bin should be emptied, as the rule suggests; people decide."""

    model_config = _FROZEN
    counter: str
    place: str
    capacity_deposits: int | None
    collections: list[CollectionAnswer]
    why_none: Words = NO_WORDS


class ProfileAnswer(BaseModel):
    """Hours and days of one kind, in a period."""

    model_config = _FROZEN
    commune: str
    kind: CounterKind
    first: date
    last: date
    series: list[SeriesAnswer]
    total: list[HourAnswer]
    """Of all series together."""
    days: list[DayAnswer]
    change: ComparisonAnswer
    bins: list[BinAnswer]


class FigureAnswer(BaseModel):
    """One figure as it is told: a count, or why there is none. Times of Paris."""

    model_config = _FROZEN
    from_time: str
    to_time: str
    told: Told
    count: int | None


class FiguresOfSeries(BaseModel):
    """One day of a class and a way, without holes."""

    model_config = _FROZEN
    counted: str
    is_forward: bool
    figures: list[FigureAnswer]


class CounterDayAnswer(BaseModel):
    """One counter's day, as far as it may be read."""

    model_config = _FROZEN
    counter: str
    day: date
    series: list[FiguresOfSeries]


def counter_answer(counter: Counter, standing: Decision) -> CounterAnswer:
    """A counter, and whether it counts now."""
    return CounterAnswer(
        counter=counter.counter,
        kind=counter.kind,
        place=counter.place,
        counted=list(counter.counted),
        forward=counter.forward,
        backward=counter.backward,
        slot_s=counter.slot_s,
        capacity_deposits=counter.capacity_deposits,
        decision=counter.decision,
        sign=counter.sign,
        from_day=counter.from_day,
        ends_on=counter.ends_on,
        counts=standing.permitted,
        why=Words(f"{standing.reason.fr} ({standing.source})", f"{standing.reason.en} ({standing.source})"),
    )


def hour_answers(profile: Sequence[HourMean]) -> list[HourAnswer]:
    """24 of them."""
    return [
        HourAnswer(
            hour=each.hour,
            mean=None if each.mean is None else round(each.mean, 1),
            is_estimated=each.is_estimated,
        )
        for each in profile
    ]


def series_answer(series: Series, profile: Sequence[HourMean]) -> SeriesAnswer:
    """One profile."""
    return SeriesAnswer(
        counter=series.counter, counted=series.counted, is_forward=series.is_forward, hours=hour_answers(profile)
    )


def day_answer(one: DaySum) -> DayAnswer:
    """One day."""
    whole_s = one.told_s + one.gap_s
    told_share = one.told_s / whole_s if whole_s else 0.0
    return DayAnswer(day=one.day, count=one.count, withheld=one.withheld, told_share=round(told_share, 3))


def change_answer(told: Change, first: date, last: date) -> ComparisonAnswer:
    """`first`, `last`: of the period before."""
    return ComparisonAnswer(
        first=first,
        last=last,
        before=round(told.before, 1),
        now=round(told.now, 1),
        hours=told.hours,
        share=None if told.share is None else round(told.share, 3),
    )


def bin_answer(counter: Counter, week: Sequence[Sequence[HourMean]]) -> BinAnswer:
    """By the profile of its week."""
    plan: CollectionPlan = collection_plan([[hour.mean for hour in day] for day in week], counter.capacity_deposits)
    return BinAnswer(
        counter=counter.counter,
        place=counter.place,
        capacity_deposits=counter.capacity_deposits,
        collections=[_collection(each) for each in plan.collections],
        why_none=plan.why_none,
    )


def _collection(each: Collection) -> CollectionAnswer:
    return CollectionAnswer(weekday=each.weekday, hour=each.hour, fill_share=round(each.fill_share, 3), why=each.why)


def figure_answer(figure: Figure) -> FigureAnswer:
    """One figure."""
    return FigureAnswer(
        from_time=in_paris(figure.from_ns)[11:16],
        to_time=in_paris(figure.to_ns)[11:16],
        told=figure.told,
        count=figure.count,
    )
