"""Communes over HTTP: each reads its own papers, its month and what it tells everybody; nobody another's (COM-4)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import HTMLResponse, Response

from csu.console.access import Asked, Door, Question, RightsDesk, opens, own_list, whole_site
from csu.console.commune_answers import (
    AllMonthAnswer,
    CameraMonthAnswer,
    CamerasMonthAnswer,
    CommuneLine,
    CommuneName,
    CommunesAnswer,
    CostAnswer,
    Measured,
    MonthAnswer,
    PapersAnswer,
    availability_answer,
    cost_answer,
    figures_answer,
    papers_answer,
)
from csu.console.gate import ADMITTED_AT_NS, SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Resource
from csu.hal.camera import CommuneId
from csu.hal.words import Language
from csu.operations.commune_month import Month, MonthFigures, centre_figures, figures_by_commune, published
from csu.operations.commune_papers import CommunePapers
from csu.operations.communes_desk import Costs, MonthTold

MONTH_PATTERN = r"^20\d\d-(0[1-9]|1[0-2])$"
CommunePath = Annotated[str, Path(min_length=1, max_length=100)]
_Month = Annotated[str, Path(pattern=MONTH_PATTERN, description="A month, 2026-11")]


class CommuneDesk(Protocol):
    """What the console needs of the communes of a centre. Each may raise CsuError."""

    def communes(self) -> Sequence[CommuneId]:
        """All of them, by name."""
        ...

    def name(self, commune: CommuneId) -> str:
        """As people say it; its identifier where nobody wrote it down."""
        ...

    def months(self) -> Sequence[Month]:
        """Those that can be asked for, the newest first."""
        ...

    async def month(self, month: Month) -> MonthTold:
        """What is known of it now."""
        ...

    async def costs(self) -> Costs:
        """What the year costs, and whose part is how much."""
        ...

    async def papers(self, commune: CommuneId) -> CommunePapers:
        """Its papers and cameras today."""
        ...

    async def page(self, commune: CommuneId, language: Language) -> str:
        """What it tells everybody, as HTML that names its style sheet `transparency.css`."""
        ...

    def style(self) -> str:
        """That style sheet."""
        ...


async def one_commune(question: Question) -> Asked:
    """The commune of the path. Its name, typed into an address, gets into no journal (LOG-5)."""
    return Asked((Resource(commune=CommuneId(str(question.path.get("commune", "")))),))


def add_commune_doors(app: FastAPI, desk: CommuneDesk | None, rights: RightsDesk) -> None:
    """Into `app` itself. None: this centre keeps no figures; its doors say so."""

    @app.get("/api/communes")
    @opens(Door("communes", Action.STATISTICS_READ, own_list))
    async def communes(request: Request) -> CommunesAnswer:
        """Those whose figures the asker may read."""
        there, subject, at_ns = _there(desk), request.scope[SUBJECT], request.scope[ADMITTED_AT_NS]

        def may(commune: CommuneId | None) -> bool:
            return rights.decide(subject, Action.STATISTICS_READ, Resource(commune=commune), at_ns).permitted

        return CommunesAnswer(
            communes=[CommuneName(commune=each, name=there.name(each)) for each in there.communes() if may(each)],
            months=[str(month) for month in there.months()],
            sees_all=may(None),
        )

    _add_months(app, desk)
    _add_papers(app, desk)


def _add_months(app: FastAPI, desk: CommuneDesk | None) -> None:
    @app.get("/api/communes-month/{month}")
    @opens(Door("communes/all", Action.STATISTICS_READ, whole_site))
    async def all_communes(month: _Month) -> AllMonthAnswer:
        """The centre's month and each commune's: for whoever may read of all of them."""
        there = _there(desk)
        asked = _month(there, month)
        told, costs = await there.month(asked), await there.costs()
        figures = figures_by_commune(told.facts)
        lines = [
            CommuneLine(
                commune=each,
                name=there.name(each),
                figures=figures_answer(published(figures.get(each, MonthFigures()))),
                share_cents=costs.cents_of(each),
            )
            for each in dict.fromkeys((*there.communes(), *figures))
        ]
        return AllMonthAnswer(
            month=month,
            measured=_measured(told),
            total=figures_answer(centre_figures(told.facts).as_they_are()),
            communes=lines,
            amount_cents=costs.amount_cents,
            cost_trouble=costs.trouble,
        )

    @app.get("/api/communes/{commune}/month/{month}")
    @opens(Door("communes/month", Action.STATISTICS_READ, one_commune))
    async def month_of(commune: CommunePath, month: _Month) -> MonthAnswer:
        """Cameras, hours, alarms, requisitions, availability, and what it pays. 404: no such commune, or month."""
        there = _there(desk)
        known, asked = _known(there, commune), _month(there, month)
        told, costs = await there.month(asked), await there.costs()
        figures = figures_by_commune(told.facts).get(known, MonthFigures())
        return MonthAnswer(
            commune=known,
            name=there.name(known),
            month=month,
            measured=_measured(told),
            figures=figures_answer(published(figures)),
            cost=_cost(costs, known),
            cost_trouble=costs.trouble,
        )

    @app.get("/api/communes/{commune}/month/{month}/cameras")
    @opens(Door("communes/cameras", Action.COVERAGE_READ, one_commune))
    async def cameras_of(commune: CommunePath, month: _Month) -> CamerasMonthAnswer:
        """Each camera's three shares, the least recorded first (TEC-6). 404: no such commune, or month."""
        there = _there(desk)
        known, asked = _known(there, commune), _month(there, month)
        told = await there.month(asked)
        names = {each.camera: each for each in (await there.papers(known)).cameras}
        lines = [
            CameraMonthAnswer(
                camera=camera,
                number=names[camera].number if camera in names else None,
                name=names[camera].name if camera in names else camera,
                availability=availability_answer(availability),
            )
            for camera, availability in told.facts.cameras.items()
            if told.facts.commune_of.get(camera) == known
        ]
        lines.sort(key=lambda line: (_share(line), line.number or 0, line.camera))
        return CamerasMonthAnswer(commune=known, month=month, measured=_measured(told), cameras=lines)


def _add_papers(app: FastAPI, desk: CommuneDesk | None) -> None:
    @app.get("/api/communes/{commune}/papers")
    @opens(Door("communes/papers", Action.ORDER_READ, one_commune))
    async def papers_of(commune: CommunePath) -> PapersAnswer:
        """Its cameras, orders and conventions today. 404: no such commune."""
        there = _there(desk)
        return papers_answer(await there.papers(_known(there, commune)))

    @app.get("/api/communes/{commune}/public", response_class=HTMLResponse)
    @opens(Door("communes/public", Action.STATISTICS_READ, one_commune))
    async def public_page(commune: CommunePath, lang: Annotated[Language, Query()] = Language.FRENCH) -> HTMLResponse:
        """The page for everybody, as it would be published now. 404: no such commune."""
        there = _there(desk)
        return HTMLResponse(await there.page(_known(there, commune), lang))

    @app.get(
        "/api/communes/{commune}/transparency.css",
        response_class=Response,
        responses={200: {"content": {"text/css": {}}}},
    )
    @opens(Door("communes/style", Action.STATISTICS_READ, one_commune))
    async def style_of(commune: CommunePath) -> Response:
        """What that page is dressed with."""
        there = _there(desk)
        _known(there, commune)
        return Response(there.style(), media_type="text/css")


def _there(desk: CommuneDesk | None) -> CommuneDesk:
    if desk is None:
        raise Refused(Refusal.COMMUNES_ABSENT, where="communes")
    return desk


def _known(desk: CommuneDesk, commune: str) -> CommuneId:
    known = CommuneId(commune)
    if known not in desk.communes():
        raise Refused(Refusal.COMMUNE_UNKNOWN, where="communes")
    return known


def _month(desk: CommuneDesk, text: str) -> Month:
    """One of those that can be asked for."""
    if re.fullmatch(MONTH_PATTERN, text) is not None:
        found = next((month for month in desk.months() if str(month) == text), None)
        if found is not None:
            return found
    raise Refused(Refusal.MONTH_UNKNOWN, where="communes")


def _measured(told: MonthTold) -> Measured:
    return Measured(days=told.days, days_due=told.days_due)


def _cost(costs: Costs, commune: CommuneId) -> CostAnswer | None:
    share = costs.share_of(commune)
    if share is None or costs.year is None or costs.amount_cents is None or costs.key is None:
        return None
    return cost_answer(costs.year, costs.amount_cents, costs.key, share)


def _share(line: CameraMonthAnswer) -> float:
    """Of which nothing was expected comes last."""
    recorded = line.availability.recorded
    return 2.0 if recorded is None else recorded
