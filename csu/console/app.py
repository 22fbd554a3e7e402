"""The console's application: its closed list of routes, put together around one `RoomView`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import Depends, FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.exceptions import HTTPException

from csu.console.access import Access, Door, one_camera, opens, own_list, whole_site, whole_wall
from csu.console.act_look import add_look_door
from csu.console.alarms import add_alarm_doors
from csu.console.analysis import add_analysis_doors
from csu.console.answers import (
    CameraAnswer,
    HealthAnswer,
    StateAnswer,
    camera_answer,
    health_answer,
    viewer_answer,
)
from csu.console.calls import add_call_doors
from csu.console.case_footage import add_footage_doors
from csu.console.case_reach import CaseReach
from csu.console.cases import add_case_doors
from csu.console.communes import add_commune_doors
from csu.console.demonstration import demonstration_access
from csu.console.deports import add_deport_doors
from csu.console.description import described
from csu.console.desks import Desks
from csu.console.doors import Doors
from csu.console.dpo import add_dpo_doors
from csu.console.enforcement import add_enforcement_doors
from csu.console.following import FollowDoor, FollowSettings, Reader
from csu.console.gate import SUBJECT, Gate, close_with
from csu.console.holds import add_hold_doors
from csu.console.inventory import add_inventory_doors
from csu.console.live import LiveDoor, Viewers
from csu.console.loudspeaker import add_speaker_doors
from csu.console.map import add_map_doors
from csu.console.metrics import ConsoleCounts, RoomCollector
from csu.console.operations_log import add_log_doors
from csu.console.past import add_past_doors
from csu.console.plain_text import only_plain_text
from csu.console.planned_events import add_event_doors
from csu.console.posts import add_post_doors
from csu.console.ptz import add_ptz_doors
from csu.console.ptz_aim import add_aim_doors
from csu.console.refusals import ConsoleError, ErrorAnswer, Refusal, Refused
from csu.console.room import RoomView
from csu.console.service import add_service_doors
from csu.console.sign_in import add_sign_in_doors
from csu.console.statistics import add_statistics_doors
from csu.console.tours import add_tour_doors
from csu.console.visits import add_visit_doors
from csu.console.wall_desk import add_wall_doors
from csu.console.wall_live import WallDoor
from csu.console.wall_node_door import add_wall_node_door
from csu.console.wall_picture import WallPicture
from csu.evidence import CaseRefused, ReleaseRefused
from csu.governance import Action, Subject
from csu.hal.camera import CameraId, CameraRecord, CommuneId
from csu.hal.clock import Clock
from csu.hal.errors import BadInput, CsuError
from csu.hal.words import Words
from csu.ingest.board import CameraStatus

DIST = Path(__file__).parent / "web" / "dist"


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
    ask_again_s: float = 30.0
    """How old a yes may be while something is being shown; ACC-2 and AUT-6 allow 60 s."""


def create_app(
    room: RoomView,
    *,
    clock: Clock,
    settings: ConsoleSettings | None = None,
    access: Access | None = None,
    desks: Desks | None = None,
) -> FastAPI:
    """The console around `room`. `access`: who decides and remembers; None: a demonstration on this very machine.
    `desks`: what else the centre has; None: nothing.

    Raises ConsoleError when the built pages are missing, or when a route does not say what it is for.
    """
    if not (DIST / "index.html").is_file():
        raise ConsoleError(
            Words("les pages construites manquent", "the built pages are missing"),
            where=str(DIST),
            what_to_do=Words(
                "Lancez `npm ci && npm run build` dans csu/console/web, ou réinstallez le paquet",
                "Run `npm ci && npm run build` in csu/console/web, or install the wheel again",
            ),
        )
    settings, desks = settings or ConsoleSettings(), desks or Desks()
    registry = CollectorRegistry(auto_describe=False)
    counts = ConsoleCounts(registry)
    registry.register(RoomCollector(room, clock))
    app = FastAPI(
        title="csu console",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # a route of its own below, behind the gate
        redirect_slashes=False,
        responses={"4XX": {"model": ErrorAnswer}, "5XX": {"model": ErrorAnswer}},
        dependencies=[Depends(only_plain_text)],
    )
    app.state.closing = asyncio.Event()  # set by `serve_console`: pages that follow the state are let go at once
    access = access or demonstration_access(room, clock)
    gate = Gate(room, clock, access, counts, ask_again_s=settings.ask_again_s)
    readings = _Readings(room, clock, gate, access.notice)
    _add_state(app, readings)
    _add_events(app, readings, settings, counts)
    viewers = Viewers(counts, viewers_max=settings.viewers_max, send_timeout_s=settings.send_timeout_s)
    _add_pictures(app, room, clock, settings, counts, viewers)
    _add_metrics(app, registry)
    _add_pages(app)
    _add_desks(app, desks, access, room, gate, readings, settings, counts)
    add_deport_doors(app, desks.deports, room, gate, clock, viewers, desks.alarms)
    add_enforcement_doors(app, desks.enforcement, room, gate, clock, viewers)
    add_past_doors(app)
    _add_refusals(app, counts, sign_in_page=desks.sign_in is not None)
    close_with(gate, app, nowhere=Door("nowhere", Action.CAMERA_LIST, is_closed=True))
    app.add_middleware(Doors, hosts=settings.hosts, counts=counts)
    return app


def _add_desks(
    app: FastAPI,
    desks: Desks,
    access: Access,
    room: RoomView,
    gate: Gate,
    readings: _Readings,
    settings: ConsoleSettings,
    counts: ConsoleCounts,
) -> None:
    """The doors of each desk, also of one that this centre has not: they say so."""

    def cameras_of(subject: Subject) -> list[CameraRecord]:
        return [line.record for line in readings.cameras(subject)]

    def knows(subject: Subject, commune: CommuneId) -> bool:
        return gate.reaches(subject, Action.CAMERA_LIST, commune)

    add_sign_in_doors(app, desks.sign_in)
    reach = CaseReach(access.desk, access.rights, room)
    add_case_doors(app, reach)
    add_footage_doors(app, reach)
    add_look_door(app, reach)
    add_hold_doors(app, reach)
    add_alarm_doors(app, desks.alarms, gate)
    add_analysis_doors(app, desks.analysis, desks.signals, room, gate, readings.clock)
    add_call_doors(app, desks.calls, gate)
    add_speaker_doors(app, desks.speaking, room, gate)
    add_post_doors(app, desks.watch)
    add_commune_doors(app, desks.communes, access.rights)
    add_statistics_doors(app, desks.statistics, access.rights)
    add_inventory_doors(app, desks.inventory, room, readings.clock)
    add_log_doors(app, desks.log)
    add_service_doors(app, desks.service)
    add_visit_doors(app, desks.visits)
    add_event_doors(app, desks.events, gate)
    add_ptz_doors(app, desks.ptz, room, gate)
    add_aim_doors(app, desks.aims, desks.ptz, room, gate)
    add_tour_doors(app, desks.tours, room, gate)
    add_map_doors(app, desks.map, room, gate)
    add_wall_doors(app, desks.wall, readings.clock, cameras_of)
    add_wall_node_door(app, desks.wall_nodes, counts, send_timeout_s=settings.send_timeout_s)
    add_dpo_doors(app, desks.dpo, cameras_of, knows)


class _Readings:
    """What the room says now, cut to what one person may know of."""

    def __init__(self, room: RoomView, clock: Clock, gate: Gate, notice: Words) -> None:
        self.clock = clock
        self.room, self._gate, self._notice = room, gate, notice

    def cameras(self, subject: Subject) -> list[CameraStatus]:
        return self._gate.listed(subject, self.room.cameras())

    def health(self, cameras: Sequence[CameraStatus]) -> HealthAnswer:
        return health_answer(self.room.health(), cameras, self.clock.now_ns())

    def reader(self, subject: Subject) -> Reader:
        """One who follows."""
        return Reader(
            lambda: self._gate.communes(subject, self.room.cameras()),
            lambda: self.health(self.cameras(subject)),
            viewer_answer(subject, self._notice),
        )

    def state(self, subject: Subject, cameras: Sequence[CameraStatus]) -> StateAnswer:
        return StateAnswer(
            viewer=viewer_answer(subject, self._notice),
            health=self.health(cameras),
            cameras=[camera_answer(status) for status in cameras],
        )


def _add_state(app: FastAPI, readings: _Readings) -> None:
    @app.get("/health")
    @opens(Door("health", Action.HEALTH_READ))
    async def health(request: Request, response: Response) -> HealthAnswer:
        """200 when the centre does its work, 503 when it says that it does not."""
        answer = readings.health(readings.cameras(request.scope[SUBJECT]))
        response.status_code = 200 if answer.ok else 503
        return answer

    @app.get("/api/cameras")
    @opens(Door("cameras", Action.CAMERA_LIST, own_list))
    async def cameras(request: Request) -> list[CameraAnswer]:
        """Every camera of the asker's communes, and its state now."""
        return [camera_answer(status) for status in readings.cameras(request.scope[SUBJECT])]

    @app.get("/api/state")
    @opens(Door("state", Action.CAMERA_LIST, own_list))
    async def state(request: Request) -> StateAnswer:
        """Who reads, health, and cameras in one reading."""
        subject: Subject = request.scope[SUBJECT]
        return readings.state(subject, readings.cameras(subject))


def _add_events(app: FastAPI, readings: _Readings, settings: ConsoleSettings, counts: ConsoleCounts) -> None:
    paces = FollowSettings(
        settings.state_period_s, settings.health_period_s, settings.pages_max, settings.send_timeout_s
    )
    door = FollowDoor(readings.room, readings.clock, paces, counts, app.state.closing)

    @app.websocket("/ws/events")
    @opens(Door("events", Action.CAMERA_LIST, own_list))
    async def events(websocket: WebSocket, after: str = "") -> None:
        """What changes, as it changes; `after`: the `at` of the last message that this page had."""
        await door.follow(websocket, readings.reader(websocket.scope[SUBJECT]), after)


def _add_pictures(
    app: FastAPI, room: RoomView, clock: Clock, settings: ConsoleSettings, counts: ConsoleCounts, viewers: Viewers
) -> None:
    door, wall_door = LiveDoor(room, viewers), WallDoor(room, clock, viewers, counts)
    wall = WallPicture(room, clock, age_ms_max=settings.wall_age_ms_max)

    @app.websocket("/ws/live/{camera}")
    @opens(Door("live", Action.LIVE_VIEW, one_camera))
    async def live(websocket: WebSocket, camera: str) -> None:
        await door.show(websocket, CameraId(camera))

    @app.websocket("/ws/wall")
    @opens(Door("wall_live", Action.WALL_SHOW, whole_wall))
    async def wall_live(websocket: WebSocket) -> None:
        await wall_door.show(websocket)

    @app.get("/api/wall.png", response_class=Response, responses={200: {"content": {"image/png": {}}}})
    @opens(Door("wall", Action.WALL_SHOW, whole_wall, stands_s=settings.ask_again_s))
    async def wall_png() -> Response:
        """The video wall as it stands now."""
        return Response(await wall.png(), media_type="image/png")


def _add_metrics(app: FastAPI, registry: CollectorRegistry) -> None:
    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    @opens(Door("metrics", Action.HEALTH_READ, whole_site))
    async def metrics() -> Response:
        """Prometheus text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _add_pages(app: FastAPI) -> None:
    """The page itself: for everybody who has an account. What it shows is asked for at the doors."""
    page_door = Door("page", Action.CONSOLE_OPEN)

    @app.get("/", include_in_schema=False)
    @opens(page_door)
    async def page() -> FileResponse:
        return FileResponse(DIST / "index.html")

    @app.get("/favicon.svg", include_in_schema=False)
    @opens(page_door)
    async def favicon() -> FileResponse:
        return FileResponse(DIST / "favicon.svg")

    @app.get("/api/openapi.json", include_in_schema=False)
    @opens(Door("openapi", Action.HEALTH_READ))
    async def openapi() -> JSONResponse:
        return JSONResponse(described(app))

    app.mount("/assets", opens(page_door)(StaticFiles(directory=DIST / "assets")), name="assets")


def _add_refusals(app: FastAPI, counts: ConsoleCounts, *, sign_in_page: bool) -> None:
    def told(refused: Refused) -> JSONResponse:
        counts.refused.labels(refused.refusal.code).inc()
        return JSONResponse(refused.answer().model_dump(), status_code=refused.refusal.value.status)

    async def tell_csu_error(request: Request, error: Exception) -> Response:
        if isinstance(error, Refused):
            is_stranger = error.refusal is Refusal.NOT_IDENTIFIED and request.url.path == "/"
            if is_stranger and sign_in_page:
                query = f"?{request.url.query}" if request.url.query else ""
                return RedirectResponse(f"/sign-in{query}", status_code=303)
            return told(error)
        cause = error if isinstance(error, CsuError) else None
        return told(Refused(_refusal_of(error), where=request.url.path, cause=cause))

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


_REFUSAL_OF_STATUS = {
    400: Refusal.REQUEST_INVALID,
    404: Refusal.NOT_FOUND,
    405: Refusal.METHOD_REFUSED,
    413: Refusal.BODY_TOO_LARGE,
}


def _refusal_of(error: Exception) -> Refusal:
    if isinstance(error, CaseRefused | ReleaseRefused):
        return Refusal.CASE_REFUSED
    return Refusal.REQUEST_INVALID if isinstance(error, BadInput) else Refusal.CENTRE_TROUBLE
