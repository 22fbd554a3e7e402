"""The only ways by which the past is seen: the package of a released case, its copy, and a stretch within its act.

What is served is what the gate decided upon, not what the request says: a route reads `Asked`, never the URL again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from csu.console.access import Asked, Door, opens
from csu.console.case_questions import CaseQuestions
from csu.console.case_reach import CaseReach
from csu.console.cases import CaseName, found_case, there
from csu.console.gate import ASKED
from csu.console.refusals import Refusal, Refused
from csu.evidence import CameraSpan
from csu.governance import Action

_SEALED: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}
_PICTURES: dict[int | str, dict[str, Any]] = {200: {"content": {"video/mp4": {}}}}


def add_footage_doors(app: FastAPI, reach: CaseReach) -> None:
    """Into `app` itself."""
    questions = CaseQuestions(reach)
    _add_packages(app.router, reach, questions)
    _add_footage(app.router, reach, questions)


def _add_packages(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.get("/api/cases/{case}/package", response_class=StreamingResponse, responses=_SEALED)
    @opens(Door("cases/package", Action.REPLAY, questions.whole_case))
    async def package(request: Request, case: CaseName) -> StreamingResponse:
        """The sealed package of a released case, for who requisitioned."""
        found = found_case(request, reach, case)
        return await _streamed(there(reach.desk).package(found.case), "application/octet-stream")

    @router.get("/api/cases/{case}/copy", response_class=StreamingResponse, responses=_SEALED)
    @opens(Door("cases/copy", Action.EXPORT, questions.whole_case))
    async def copy(request: Request, case: CaseName) -> StreamingResponse:
        """The same package, copied to the support that is handed over."""
        found = found_case(request, reach, case)
        return await _streamed(there(reach.desk).package(found.case), "application/octet-stream")


def _add_footage(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.get("/api/cases/{case}/footage/{camera}", response_class=StreamingResponse, responses=_PICTURES)
    @opens(Door("cases/footage", Action.REPLAY, questions.stretch))
    async def footage(
        request: Request,
        case: CaseName,
        camera: str,
        from_at: Annotated[AwareDatetime, Query(description="Start, ISO 8601 with offset")],
        to_at: Annotated[AwareDatetime, Query(description="End, not included")],
    ) -> StreamingResponse:
        """Masked pictures of one stretch that lies in the act, of a released case."""
        asked: Asked = request.scope[ASKED]
        (resource,) = asked.resources
        if resource.camera is None or resource.span is None:
            raise Refused(Refusal.REQUEST_INVALID, where="footage")
        span = CameraSpan(resource.camera, resource.span.from_ns, resource.span.to_ns)
        found = found_case(request, reach, case)
        return await _streamed(there(reach.desk).footage(found.case, span), "video/mp4")


async def _streamed(pieces: AsyncIterator[bytes], media_type: str) -> StreamingResponse:
    """An answer that begins only when the first piece is there: what fails at once is told as what it is."""
    first = await anext(pieces, b"")

    async def whole() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return StreamingResponse(whole(), media_type=media_type)
