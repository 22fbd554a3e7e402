"""The console's application: its closed list of routes, put together around one `RoomView`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException

from csu.console.answers import (
    BoardChanges,
    CameraAnswer,
    HealthAnswer,
    StateAnswer,
    camera_answer,
    health_answer,
)
from csu.console.doors import Doors
from csu.console.live import LiveDoor
from csu.console.metrics import ConsoleCounts, RoomCollector
from csu.console.refusals import ConsoleError, ErrorAnswer, Refusal, Refused
from csu.console.room import RoomView
from csu.console.wall_picture import WallPicture
from csu.hal.camera import CameraId
from csu.hal.clock import Clock
from csu.hal.errors import CsuError
from csu.hal.words import Words

DIST = Path(__file__).parent / "web" / "dist"

PAST_DOORS = ("replay", "recordings", "timeline", "segments", "thumbnails", "playback", "export")
"""What an operator might try. Each answers 403 by name, so that the refusal is counted and told (ACC-3)."""


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Limits and names of one console. `hosts`: names it may be called by, without port (DNS rebinding)."""

    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost", "[::1]"})
    viewers_max: int = 512
    """Live streams over all pages: 12 workstations of 36 tiles, and some."""
    pages_max: int = 64
    send_timeout_s: float = 10.0
    state_period_s: float = 0.5
    health_period_s: float = 2.0
    """Period of the health event; it is also what tells the page that the console is alive."""
    wall_age_ms_max: int = 500
    """Several pages asking for the wall within this time share one picture."""


def create_app(room: RoomView, *, clock: Clock, settings: ConsoleSettings | None = None) -> FastAPI:
    """The console around `room`. Raises ConsoleError when the built pages are missing."""
    if not (DIST / "index.html").is_file():
        raise ConsoleError(
            Words("les pages construites manquent", "the built pages are missing"),
            where=str(DIST),
            what_to_do=Words(
                "Lancez `npm ci && npm run build` dans csu/console/web, ou réinstallez le paquet",
                "Run `npm ci && npm run build` in csu/console/web, or install the wheel again",
            ),
        )
    settings = settings or ConsoleSettings()
    registry = CollectorRegistry(auto_describe=False)
    counts = ConsoleCounts(registry)
    registry.register(RoomCollector(room, clock))
    app = FastAPI(
        title="csu console",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
    )
    app.state.closing = asyncio.Event()  # set by `serve_console`: pages that follow the state are let go at once
    _add_state(app, room, clock)
    _add_events(app, room, clock, settings, counts)
    _add_pictures(app, room, clock, settings, counts)
    _add_metrics(app, registry)
    _add_pages(app)
    _add_refusals(app, counts)
    app.add_middleware(Doors, hosts=settings.hosts, counts=counts)
    return app


def _add_state(app: FastAPI, room: RoomView, clock: Clock) -> None:
    def health_now() -> HealthAnswer:
        return health_answer(room.health(), room.cameras(), clock.now_ns())

    @app.get("/health")
    async def health(response: Response) -> HealthAnswer:
        """200 when the centre does its work, 503 when it says that it does not."""
        answer = health_now()
        response.status_code = 200 if answer.ok else 503
        return answer

    @app.get("/api/cameras")
    async def cameras() -> list[CameraAnswer]:
        """Every camera and its state now."""
        return [camera_answer(status) for status in room.cameras()]

    @app.get("/api/state")
    async def state() -> StateAnswer:
        """Health and cameras in one reading."""
        return StateAnswer(health=health_now(), cameras=[camera_answer(status) for status in room.cameras()])


def _add_events(app: FastAPI, room: RoomView, clock: Clock, settings: ConsoleSettings, counts: ConsoleCounts) -> None:
    pages = 0

    @app.get("/api/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[ServerSentEvent]:
        """`state` (all) first and when cameras come or go; `cameras` (changed lines); `health` every few seconds."""
        nonlocal pages
        if pages >= settings.pages_max:
            yield ServerSentEvent(
                event="refused", data=Refused(Refusal.TOO_MANY_VIEWERS, where="/api/events").answer().model_dump()
            )
            return
        pages += 1
        counts.pages.set(pages)
        try:
            async for event in _state_events(room, clock, settings, app.state.closing):
                yield event
        finally:
            pages -= 1
            counts.pages.set(pages)


async def _state_events(
    room: RoomView, clock: Clock, settings: ConsoleSettings, closing: asyncio.Event
) -> AsyncIterator[ServerSentEvent]:
    changes = BoardChanges()
    health_due_ns = 0
    while not closing.is_set():
        cameras = room.cameras()
        changed = changes.take(cameras)
        health = health_answer(room.health(), cameras, clock.now_ns())
        if changed is None:
            state = StateAnswer(health=health, cameras=[camera_answer(status) for status in cameras])
            yield ServerSentEvent(event="state", data=state.model_dump())
        elif changed:
            yield ServerSentEvent(event="cameras", data=[answer.model_dump() for answer in changed])
        if changed or clock.monotonic_ns() >= health_due_ns:
            health_due_ns = clock.monotonic_ns() + int(settings.health_period_s * 1e9)
            yield ServerSentEvent(event="health", data=health.model_dump())
        try:
            await asyncio.wait_for(closing.wait(), settings.state_period_s)
        except TimeoutError:
            continue


def _add_pictures(app: FastAPI, room: RoomView, clock: Clock, settings: ConsoleSettings, counts: ConsoleCounts) -> None:
    door = LiveDoor(room, counts, viewers_max=settings.viewers_max, send_timeout_s=settings.send_timeout_s)
    wall = WallPicture(room, clock, age_ms_max=settings.wall_age_ms_max)

    @app.websocket("/ws/live/{camera}")
    async def live(websocket: WebSocket, camera: str) -> None:
        await door.show(websocket, CameraId(camera))

    @app.get("/api/wall.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
    async def wall_png() -> Response:
        """The video wall as it stands now."""
        return Response(await wall.png(), media_type="image/png")


def _add_metrics(app: FastAPI, registry: CollectorRegistry) -> None:
    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics() -> Response:
        """Prometheus text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(DIST / "index.html")

    @app.get("/favicon.svg", include_in_schema=False)
    async def favicon() -> FileResponse:
        return FileResponse(DIST / "favicon.svg")

    app.mount("/assets", StaticFiles(directory=DIST / "assets"), name="assets")


def _add_refusals(app: FastAPI, counts: ConsoleCounts) -> None:
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    for name in PAST_DOORS:
        for path in (f"/api/{name}", f"/api/{name}/{{rest:path}}", f"/{name}", f"/{name}/{{rest:path}}"):
            app.add_api_route(path, _replay_closed, methods=methods, include_in_schema=False)

    def told(refused: Refused) -> JSONResponse:
        counts.refused.labels(refused.refusal.code).inc()
        return JSONResponse(refused.answer().model_dump(), status_code=refused.refusal.value.status)

    async def tell_csu_error(request: Request, error: Exception) -> JSONResponse:
        if isinstance(error, Refused):
            return told(error)
        cause = error if isinstance(error, CsuError) else None
        return told(Refused(Refusal.CENTRE_TROUBLE, where=request.url.path, cause=cause))

    async def tell_http_error(request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return told(Refused(_REFUSAL_OF_STATUS.get(status, Refusal.NOT_FOUND), where=request.url.path))

    async def tell_invalid(request: Request, error: Exception) -> JSONResponse:
        return told(Refused(Refusal.REQUEST_INVALID, where=request.url.path))

    async def tell_fault(request: Request, error: Exception) -> JSONResponse:
        return told(Refused(Refusal.FAULT, where=request.url.path))  # starlette logs the trace-back

    app.add_exception_handler(CsuError, tell_csu_error)
    app.add_exception_handler(HTTPException, tell_http_error)
    app.add_exception_handler(RequestValidationError, tell_invalid)
    app.add_exception_handler(Exception, tell_fault)


_REFUSAL_OF_STATUS = {404: Refusal.NOT_FOUND, 405: Refusal.METHOD_REFUSED}


async def _replay_closed(request: Request) -> None:
    raise Refused(Refusal.REPLAY_CLOSED, where=request.url.path)
