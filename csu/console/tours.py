"""Guard tours over HTTP: begin one, break it off, and what the tours of this shift saw and did not see (OPS-6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import Door, opens
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Action, Subject
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.operations import GuardTour, TourReport, not_seen_in
from csu.operations.guard_tour import TourRefused
from csu.wall import SlotId, WallRequestRefused

CAMERAS_MAX = 256
DWELL_S_MIN, DWELL_S_MAX = 3, 300
READ_STANDS_S = 30.0
CameraName = Annotated[str, Field(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True)
class TourNow:
    """A tour that is on. `camera`: what it looks at, the one after `done` of `of`."""

    tour: str
    person: str
    slot: SlotId
    camera: CameraId | None
    done: int
    of: int
    begun_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class ToursNow:
    """All of it. `slots`: tiles of the wall that a tour may have now; `reports`: of the shift that is on."""

    slots: tuple[SlotId, ...]
    on: tuple[TourNow, ...]
    shift_begun_ns: Nanoseconds
    reports: tuple[TourReport, ...]


class TourDesk(Protocol):
    """What the console needs of the centre's tours."""

    async def now(self) -> ToursNow: ...

    def begin(self, tour: GuardTour, slot: SlotId, person: str) -> None:
        """Raises TourRefused, WallRequestRefused: nothing began."""
        ...

    def end(self, person: str) -> None:
        """That person's own; there need be none."""
        ...


class TourAsked(BaseModel):
    """A round: cameras in order, each for so long, in that tile of the wall."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[\w .,'’-]+$")]
    cameras: Annotated[list[CameraName], Field(min_length=1, max_length=CAMERAS_MAX)]
    dwell_s: Annotated[int, Field(ge=DWELL_S_MIN, le=DWELL_S_MAX)]
    slot: Annotated[str, Field(min_length=1, max_length=64)]


class TourOnAnswer(BaseModel):
    """A tour that is on. `camera` null: none of the asker's, or none now."""

    tour: str
    person: str
    is_mine: bool
    slot: str
    camera: CameraId | None
    done: int
    of: int
    begun_ns: Nanoseconds


class SeenAnswer(BaseModel):
    """A camera that a tour saw, and for how long a live picture of it was up."""

    camera: CameraId
    seen_s: float


class UnseenAnswer(BaseModel):
    """A camera that a tour did not see, and why."""

    camera: CameraId
    why: Words


class TourReportAnswer(BaseModel):
    """What a round came to, cut to the asker's cameras."""

    tour: str
    person: str
    begun_ns: Nanoseconds
    ended_ns: Nanoseconds
    completed: bool
    seen: list[SeenAnswer]
    not_seen: list[UnseenAnswer]


class ToursAnswer(BaseModel):
    """Of the shift that is on. `not_seen`: the asker's cameras that no tour of it saw."""

    slots: list[str]
    on: list[TourOnAnswer]
    shift_begun_ns: Nanoseconds
    reports: list[TourReportAnswer]
    not_seen: list[CameraId]


def add_tour_doors(app: FastAPI, desk: TourDesk | None, room: RoomView, gate: Gate) -> None:
    """Into `app` itself. None: this centre makes no tours; its doors say so."""

    def listed(request: Request) -> list[CameraId]:
        return [line.record.camera for line in gate.listed(request.scope[SUBJECT], room.cameras())]

    async def told(request: Request) -> ToursAnswer:
        now, subject = await _there(desk).now(), request.scope[SUBJECT]
        return _answer(now, subject, listed(request))

    @app.get("/api/tours")
    @opens(Door("tours", Action.GUARD_TOUR, stands_s=READ_STANDS_S))
    async def tours(request: Request) -> ToursAnswer:
        """Tours that are on, and what those of this shift saw."""
        return await told(request)

    @app.post("/api/tours/begin")
    @opens(Door("tours/begin", Action.GUARD_TOUR))
    async def begin(request: Request, asked: TourAsked) -> ToursAnswer:
        """Begin one. Whether each camera may be shown is asked when the tour comes to it. 409: it does not begin."""
        subject: Subject = request.scope[SUBJECT]
        there, mine = _there(desk), set(listed(request))
        if not mine.issuperset(CameraId(camera) for camera in asked.cameras):
            raise Refused(Refusal.CAMERA_UNKNOWN, where="tours")
        try:
            cameras = tuple(dict.fromkeys(map(CameraId, asked.cameras)))
            there.begin(GuardTour(asked.name, cameras, asked.dwell_s * NS_PER_S), SlotId(asked.slot), subject.person)
        except (TourRefused, WallRequestRefused) as error:
            raise Refused(Refusal.TOUR_REFUSED, where="tours", cause=error) from error
        return await told(request)

    @app.post("/api/tours/end")
    @opens(Door("tours/end", Action.GUARD_TOUR))
    async def end(request: Request) -> ToursAnswer:
        """Break off one's own: the rest was not seen, and the report says so."""
        subject: Subject = request.scope[SUBJECT]
        _there(desk).end(subject.person)
        return await told(request)


def _answer(now: ToursNow, subject: Subject, listed: Sequence[CameraId]) -> ToursAnswer:
    known = set(listed)
    return ToursAnswer(
        slots=list(now.slots),
        on=[
            TourOnAnswer(
                tour=each.tour,
                person=each.person,
                is_mine=each.person == subject.person,
                slot=each.slot,
                camera=each.camera if each.camera in known else None,
                done=each.done,
                of=each.of,
                begun_ns=each.begun_ns,
            )
            for each in now.on
        ],
        shift_begun_ns=now.shift_begun_ns,
        reports=[_report(report, known) for report in now.reports],
        not_seen=list(not_seen_in(now.reports, listed)),
    )


def _report(report: TourReport, known: set[CameraId]) -> TourReportAnswer:
    return TourReportAnswer(
        tour=report.tour,
        person=report.person,
        begun_ns=report.begun_at_ns,
        ended_ns=report.ended_at_ns,
        completed=report.completed,
        seen=[
            SeenAnswer(camera=camera, seen_s=round(seen_ns / NS_PER_S, 1))
            for camera, seen_ns in report.seen_ns.items()
            if camera in known
        ],
        not_seen=[UnseenAnswer(camera=camera, why=why) for camera, why in report.not_seen.items() if camera in known],
    )


def _there(desk: TourDesk | None) -> TourDesk:
    if desk is None:
        raise Refused(Refusal.TOURS_ABSENT, where="tours")
    return desk
