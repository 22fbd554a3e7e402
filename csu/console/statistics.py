"""Statistics over HTTP: profiles, days, figures and files of a commune's counters, for who may read its figures.

Another commune's id is refused like one that does not exist (COM-4). No picture, person, camera or present moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Annotated, Protocol

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from csu.console.access import Door, RightsDesk, opens, own_list
from csu.console.commune_answers import CommuneName
from csu.console.communes import CommunePath, one_commune
from csu.console.gate import ADMITTED_AT_NS, SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.console.statistics_answers import (
    CounterDayAnswer,
    CountersAnswer,
    FiguresOfSeries,
    ProfileAnswer,
    StatisticsAnswer,
    bin_answer,
    change_answer,
    counter_answer,
    day_answer,
    figure_answer,
    hour_answers,
    series_answer,
)
from csu.governance import Action, Decision, Resource
from csu.hal.camera import CommuneId
from csu.statistics import Counter, CounterKind, Series, ToldDay
from csu.statistics.flows import added, before, change, day_sums, hours_of, hours_of_week
from csu.statistics.publication import DELAY_S_MIN, SEEN_SHARE_MIN, SMALL_BELOW

PROFILE_DAYS_MAX = 92
FILE_DAYS_MAX = 400
_Name = Annotated[str, Query(max_length=40, description="A counter; empty: all of them")]
_Kind = Annotated[CounterKind, Query()]
CSV, PARQUET = "text/csv; charset=utf-8", "application/vnd.apache.parquet"


class StatisticsDesk(Protocol):
    """What the console needs of the counters of a centre. Each may raise CsuError."""

    def communes(self) -> Sequence[CommuneId]:
        """All of them, by name."""
        ...

    def name(self, commune: CommuneId) -> str:
        """As people say it."""
        ...

    def first_day(self) -> date:
        """The first day that is kept."""
        ...

    def last_day(self) -> date:
        """The last day of which something may be told."""
        ...

    async def counters(self, commune: CommuneId) -> Sequence[Counter]:
        """Those of a commune, by kind and place."""
        ...

    async def standing(self, counter: Counter) -> Decision:
        """Whether it counts now, and why."""
        ...

    async def told(self, counters: Sequence[Counter], first: date, last: date) -> Sequence[ToldDay]:
        """What may be read of them."""
        ...


def add_statistics_doors(app: FastAPI, desk: StatisticsDesk | None, rights: RightsDesk) -> None:
    """Into `app` itself. None: this centre counts nothing; its doors say so."""

    @app.get("/api/statistics")
    @opens(Door("statistics", Action.STATISTICS_READ, own_list))
    async def statistics(request: Request) -> StatisticsAnswer:
        """The communes whose figures the asker may read, and the terms of what is told."""
        there, subject, at_ns = _there(desk), request.scope[SUBJECT], request.scope[ADMITTED_AT_NS]
        may = [
            each
            for each in there.communes()
            if rights.decide(subject, Action.STATISTICS_READ, Resource(commune=each), at_ns).permitted
        ]
        return StatisticsAnswer(
            communes=[CommuneName(commune=each, name=there.name(each)) for each in may],
            first_day=there.first_day(),
            last_day=there.last_day(),
            profile_days_max=PROFILE_DAYS_MAX,
            small_below=SMALL_BELOW,
            delay_s=DELAY_S_MIN,
            seen_share_min=SEEN_SHARE_MIN,
        )

    @app.get("/api/statistics/{commune}/counters")
    @opens(Door("statistics/counters", Action.STATISTICS_READ, one_commune))
    async def counters(commune: CommunePath) -> CountersAnswer:
        """Its counters, and which of them count now. 404: no such commune."""
        there = _there(desk)
        known = _known(there, commune)
        found = [counter_answer(each, await there.standing(each)) for each in await there.counters(known)]
        return CountersAnswer(commune=known, name=there.name(known), counters=found)

    _add_profiles(app, desk)
    _add_files(app, desk)


def _add_profiles(app: FastAPI, desk: StatisticsDesk | None) -> None:
    @app.get("/api/statistics/{commune}/profile")
    @opens(Door("statistics/profile", Action.STATISTICS_READ, one_commune))
    async def profile(commune: CommunePath, kind: _Kind, first: date, last: date, counter: _Name = "") -> ProfileAnswer:
        """Hours, days, the period before, and collection hours of bins. 404: no such commune or counter."""
        there = _there(desk)
        known = _known(there, commune)
        _period(there, first, last, PROFILE_DAYS_MAX)
        chosen = await _chosen(there, known, counter, kind)
        told = await there.told(chosen, first, last)
        earlier = before(first, last)
        return await asyncio.to_thread(
            _profile, known, kind, (first, last), chosen, told, earlier, await there.told(chosen, *earlier)
        )

    @app.get("/api/statistics/{commune}/day")
    @opens(Door("statistics/day", Action.STATISTICS_READ, one_commune))
    async def day(commune: CommunePath, counter: _Name, day: date) -> CounterDayAnswer:
        """One counter's figures of one day, as they are told. 404: no such commune or counter."""
        there = _there(desk)
        known = _known(there, commune)
        _period(there, day, day, 1)
        chosen = await _chosen(there, known, counter, None)
        if len(chosen) != 1 or not counter:
            raise Refused(Refusal.COUNTER_UNKNOWN, where="statistics")
        told = await there.told(chosen, day, day)
        series = [
            FiguresOfSeries(
                counted=each.series.counted,
                is_forward=each.series.is_forward,
                figures=[figure_answer(figure) for figure in each.figures],
            )
            for each in told
        ]
        return CounterDayAnswer(counter=counter, day=day, series=series)


def _add_files(app: FastAPI, desk: StatisticsDesk | None) -> None:
    async def file(commune: str, first: date, last: date, kind: CounterKind | None, is_csv: bool) -> Response:
        from csu.statistics.export import csv_bytes, parquet_bytes, rows_of  # Arrow takes a while to load

        there = _there(desk)
        known = _known(there, commune)
        _period(there, first, last, FILE_DAYS_MAX)
        chosen = await _chosen(there, known, "", kind)
        told = await there.told(chosen, first, last)
        written: Callable[..., bytes] = csv_bytes if is_csv else parquet_bytes
        data = await asyncio.to_thread(lambda: written(rows_of(known, chosen, told)))
        name = f"comptages-{first}-{last}.{'csv' if is_csv else 'parquet'}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type=CSV if is_csv else PARQUET, headers=headers)

    @app.get(
        "/api/statistics/{commune}/counts.csv",
        response_class=Response,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    @opens(Door("statistics/csv", Action.STATISTICS_READ, one_commune))
    async def as_csv(commune: CommunePath, first: date, last: date, kind: CounterKind | None = None) -> Response:
        """Every told figure: UTF-8, semicolons (`csu.statistics.export`). 404: no such commune."""
        return await file(commune, first, last, kind, True)

    @app.get(
        "/api/statistics/{commune}/counts.parquet",
        response_class=Response,
        responses={200: {"content": {PARQUET: {"schema": {"type": "string", "format": "binary"}}}}},
    )
    @opens(Door("statistics/parquet", Action.STATISTICS_READ, one_commune))
    async def as_parquet(commune: CommunePath, first: date, last: date, kind: CounterKind | None = None) -> Response:
        """The same rows with types. 404: no such commune."""
        return await file(commune, first, last, kind, False)


def _profile(
    commune: CommuneId,
    kind: CounterKind,
    period: tuple[date, date],
    chosen: Sequence[Counter],
    told: Sequence[ToldDay],
    earlier: tuple[date, date],
    told_earlier: Sequence[ToldDay],
) -> ProfileAnswer:
    by_series, then = _by_series(told), _by_series(told_earlier)
    profiles = {series: hours_of(days) for series, days in by_series.items()}
    total = added(list(profiles.values()))
    change_now = change(added([hours_of(then.get(series, ())) for series in by_series]), total)
    bins = [each for each in chosen if each.kind is CounterKind.BIN]
    days_of = {series.counter: days for series, days in by_series.items()}
    return ProfileAnswer(
        commune=commune,
        kind=kind,
        first=period[0],
        last=period[1],
        series=[series_answer(series, profile) for series, profile in profiles.items()],
        total=hour_answers(total),
        days=[day_answer(each) for each in day_sums(told)],
        change=change_answer(change_now, *earlier),
        bins=[bin_answer(each, hours_of_week(days_of.get(each.counter, ()))) for each in bins],
    )


def _by_series(told: Sequence[ToldDay]) -> dict[Series, list[ToldDay]]:
    found: dict[Series, list[ToldDay]] = {}
    for each in told:
        found.setdefault(each.series, []).append(each)
    return found


def _there(desk: StatisticsDesk | None) -> StatisticsDesk:
    if desk is None:
        raise Refused(Refusal.STATISTICS_ABSENT, where="statistics")
    return desk


def _known(desk: StatisticsDesk, commune: str) -> CommuneId:
    known = CommuneId(commune)
    if known not in desk.communes():
        raise Refused(Refusal.COMMUNE_UNKNOWN, where="statistics")
    return known


def _period(desk: StatisticsDesk, first: date, last: date, days_max: int) -> None:
    """Days that are kept, not too many of them, and none that has not begun."""
    if not desk.first_day() <= first <= last <= desk.last_day() or last - first >= timedelta(days=days_max):
        raise Refused(Refusal.PERIOD_REFUSED, where="statistics")


async def _chosen(
    desk: StatisticsDesk, commune: CommuneId, counter: str, kind: CounterKind | None
) -> Sequence[Counter]:
    """Those of the commune: of one kind, and that one where one is named."""
    found = [each for each in await desk.counters(commune) if kind is None or each.kind is kind]
    if counter:
        found = [each for each in found if each.counter == counter]
        if not found:
            raise Refused(Refusal.COUNTER_UNKNOWN, where="statistics")
    return found
