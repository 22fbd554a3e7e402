"""The wall over HTTP: what is where and why, and what people ask of it (OPS-5, OPS-6). Nothing of the past.

An answer names the cameras of the asker's communes only (COM-3). What is asked is decided by the wall's director; what
it refuses is told in its own words, and the wall stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request

from csu.console.access import About, Asked, Door, Question, live_camera, opens
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.console.wall_answers import (
    CameraTold,
    CoverageAnswer,
    LockTold,
    ProgrammeTold,
    ReasonTold,
    SceneTold,
    Sight,
    WallAnswer,
    WhyAnswer,
    coverage_answer,
    wall_answer,
    why_answer,
)
from csu.console.wall_now import CoverageNow, WallNow
from csu.governance import Action, Role, Span, Subject
from csu.governance.journal_entry import Ground
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import NS_PER_MINUTE, Clock
from csu.hal.errors import BadInput
from csu.wall import (
    CameraRequested,
    Programme,
    ProgrammeDropped,
    ProgrammeSet,
    ReasonGiven,
    RequestEnded,
    SceneCalled,
    SlotId,
    TileLocked,
    TileUnlocked,
    UndoAsked,
    WallInput,
    WallRequestRefused,
)
from csu.wall.directing.account import Told

TileName = Annotated[str, Path(pattern=r"^\w[\w.-]{0,63}$")]
ProgrammeName = Annotated[str, Path(pattern=r"^\w[\w./-]{0,63}$")]
READ_STANDS_S = 30.0
"""A page asks each second: one entry of the journal for so long."""
BODY_BYTES_MAX = 4 << 10


class WallDesk(Protocol):
    """What the console needs of the centre's wall."""

    def now(self) -> WallNow:
        """What is where now, and for which cause."""
        ...

    def can_undo(self, person: str) -> bool:
        """Whether that person's own last step can be taken back."""
        ...

    def ask(self, told: WallInput) -> None:
        """What a person asks: decided at once. Raises WallRequestRefused, BadInput: the wall is as it was."""
        ...

    def why(self, tile: SlotId) -> Sequence[Told]:
        """The last changes of a tile, the newest last; none of a tile that nobody knows."""
        ...

    def coverage(self) -> CoverageNow:
        """What was looked at in this shift."""
        ...


Listed = Callable[[Subject], Sequence[CameraRecord]]
"""The cameras that a person may know of (COM-3)."""


def add_wall_doors(app: FastAPI, desk: WallDesk | None, clock: Clock, listed: Listed) -> None:
    """All routes of the wall, into `app` itself. None: this centre has no wall; its doors say so."""
    wall = _Wall(desk, clock, listed)
    _add_readings(app, wall)
    _add_tiles(app, wall, _one_tile(desk))
    _add_scenes(app, wall)


class _Wall:
    """The desk, as one person may see it and ask of it."""

    def __init__(self, desk: WallDesk | None, clock: Clock, listed: Listed) -> None:
        self._desk, self._clock, self._listed = desk, clock, listed

    @property
    def desk(self) -> WallDesk:
        """Raises Refused."""
        if self._desk is None:
            raise Refused(Refusal.WALL_ABSENT, where="wall")
        return self._desk

    def sight(self, request: Request) -> Sight:
        return Sight({record.camera: record.name for record in self._listed(request.scope[SUBJECT])})

    def now_ns(self) -> int:
        return self._clock.now_ns()

    def answer(self, request: Request) -> WallAnswer:
        subject: Subject = request.scope[SUBJECT]
        person, desk = subject.person, self.desk
        return wall_answer(
            desk.now(),
            self.sight(request),
            person,
            can_undo=desk.can_undo(person),
            is_chief=_is_chief(subject),
        )

    def ask(self, request: Request, told: WallInput) -> WallAnswer:
        """Raises Refused with the director's words: 409."""
        try:
            self.desk.ask(told)
        except (WallRequestRefused, BadInput) as error:
            raise Refused(Refusal.WALL_REFUSED, where=error.trouble.where, cause=error) from error
        return self.answer(request)


def _add_readings(app: FastAPI, wall: _Wall) -> None:
    @app.get("/api/wall")
    @opens(Door("wall/now", Action.WALL_READ, stands_s=READ_STANDS_S))
    async def now(request: Request) -> WallAnswer:
        """What is where on the wall now, for which cause, and who holds it."""
        return wall.answer(request)

    @app.get("/api/wall/tiles/{tile}/why")
    @opens(Door("wall/why", Action.WALL_READ))
    async def why(request: Request, tile: TileName) -> WhyAnswer:
        """The last changes of a tile with their causes, the newest last. Words and names: no picture."""
        return why_answer(tile, wall.desk.why(SlotId(tile)), wall.sight(request))

    @app.get("/api/wall/coverage")
    @opens(Door("wall/coverage", Action.WALL_READ))
    async def coverage(request: Request) -> CoverageAnswer:
        """Which cameras were live on the wall in this shift, and which were not (OPS-6); of no person."""
        return coverage_answer(wall.desk.coverage(), wall.sight(request))


def _add_tiles(app: FastAPI, wall: _Wall, one_tile: About) -> None:
    @app.post("/api/wall/tiles/{tile}/camera")
    @opens(Door("wall/show", Action.WALL_SHOW, _camera_told, body_bytes_max=BODY_BYTES_MAX))
    async def show(request: Request, tile: TileName, told: CameraTold) -> WallAnswer:
        """Put a camera into a tile; `close`: to follow somebody, for 60 s or with a reason. 409: it cannot be had."""
        subject: Subject = request.scope[SUBJECT]
        asked = CameraRequested(
            SlotId(tile),
            CameraId(told.camera),
            subject.person,
            is_chief=_is_chief(subject),
            is_close=told.close,
            reason=told.reason,
        )
        return wall.ask(request, asked)

    @app.delete("/api/wall/tiles/{tile}/camera")
    @opens(Door("wall/free", Action.WALL_TILE, one_tile))
    async def free(request: Request, tile: TileName) -> WallAnswer:
        """The tile goes back to its rule. 409: the chief asked for it."""
        subject: Subject = request.scope[SUBJECT]
        return wall.ask(request, RequestEnded(SlotId(tile), subject.person, _is_chief(subject)))

    @app.post("/api/wall/tiles/{tile}/reason")
    @opens(Door("wall/reason", Action.WALL_TILE, one_tile))
    async def reason(request: Request, tile: TileName, told: ReasonTold) -> WallAnswer:
        """Why the asker follows somebody closely there (OPS-5). 409: nothing of his waits for a reason."""
        subject: Subject = request.scope[SUBJECT]
        return wall.ask(request, ReasonGiven(SlotId(tile), subject.person, told.reason))

    @app.post("/api/wall/tiles/{tile}/lock")
    @opens(Door("wall/lock", Action.WALL_TILE, one_tile))
    async def lock(request: Request, tile: TileName, told: LockTold) -> WallAnswer:
        """The tile keeps what it shows for so many minutes. 409: another person has it."""
        subject: Subject = request.scope[SUBJECT]
        until_ns = wall.now_ns() + told.minutes * NS_PER_MINUTE
        return wall.ask(request, TileLocked(SlotId(tile), subject.person, until_ns, _is_chief(subject)))

    @app.delete("/api/wall/tiles/{tile}/lock")
    @opens(Door("wall/unlock", Action.WALL_TILE, one_tile))
    async def unlock(request: Request, tile: TileName) -> WallAnswer:
        """One's own lock, or any as the chief. 409: another person's."""
        subject: Subject = request.scope[SUBJECT]
        return wall.ask(request, TileUnlocked(SlotId(tile), subject.person, _is_chief(subject)))

    @app.post("/api/wall/undo")
    @opens(Door("wall/undo", Action.WALL_TILE))
    async def undo(request: Request) -> WallAnswer:
        """Take back one's own last step. 409: there is none, or somebody changed it since."""
        subject: Subject = request.scope[SUBJECT]
        return wall.ask(request, UndoAsked(subject.person))


def _add_scenes(app: FastAPI, wall: _Wall) -> None:
    @app.post("/api/wall/scene")
    @opens(Door("wall/scene", Action.WALL_SCENE))
    async def scene(request: Request, told: SceneTold) -> WallAnswer:
        """Call a scene; an empty name goes back to the programme. 409: there is no such scene."""
        subject: Subject = request.scope[SUBJECT]
        return wall.ask(request, SceneCalled(told.scene, subject.person))

    @app.post("/api/wall/programmes")
    @opens(Door("wall/programme", Action.WALL_SCENE))
    async def programme(request: Request, told: ProgrammeTold) -> WallAnswer:
        """A scene for a while: an event. Another of the same name takes its place."""
        subject: Subject = request.scope[SUBJECT]
        span = Span(told.from_ns, told.to_ns)
        planned = Programme(told.programme, told.scene, span, told.priority)
        return wall.ask(request, ProgrammeSet(planned, subject.person))

    @app.delete("/api/wall/programmes/{programme:path}")
    @opens(Door("wall/programme-end", Action.WALL_SCENE))
    async def end_programme(request: Request, programme: ProgrammeName) -> WallAnswer:
        """It is over; of a weekly one, this time of it."""
        subject: Subject = request.scope[SUBJECT]
        return wall.ask(request, ProgrammeDropped(programme, subject.person))


async def _camera_told(question: Question) -> Asked:
    """The camera that the body names."""
    try:
        told = json.loads(question.body)
    except (ValueError, RecursionError):
        told = None
    named = told.get("camera", "") if isinstance(told, dict) else ""
    return live_camera(question, CameraId(named if isinstance(named, str) else ""))


def _one_tile(desk: WallDesk | None) -> About:
    async def about(question: Question) -> Asked:
        """What the tile shows now: whoever may not know of that camera touches nothing of it (COM-3)."""
        tile = str(question.path.get("tile", ""))
        shown = None if desk is None else next((each.camera for each in desk.now().tiles if each.tile == tile), None)
        return Asked(ground=Ground.LIVE_WATCH) if shown is None else live_camera(question, shown)

    return about


def _is_chief(subject: Subject) -> bool:
    return subject.role is Role.ROOM_CHIEF
