"""PTZ over HTTP: who turns which camera, and the hand on the stick (decision 0041). Each order is of a lease.

A movement stops by itself 600 ms after the last word of the hand: the page says `keep` while it is there. Who ranks
higher takes the camera; both see who has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Protocol

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import Door, one_camera, opens, own_list
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Action, Author, Subject
from csu.hal.camera import CameraId, PtzVelocity
from csu.hal.clock import Nanoseconds
from csu.operations import Lease, LeaseLost, LeaseRefused

KEEP_STANDS_S = 20.0
"""A hand on the stick speaks three times a second: one decision and one entry hold that long."""
Share = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class PtzDesk(Protocol):
    """What the console needs of the centre's PTZ cameras."""

    def leases(self) -> Mapping[CameraId, Lease | None]:
        """Every camera that can be turned, and who turns it."""
        ...

    async def move(self, camera: CameraId, velocity: PtzVelocity, by: Author, alarm: str) -> None:
        """Raises KeyError: it cannot be turned; LeaseRefused, LeaseLost; CsuError: it does not turn."""
        ...

    def keep_moving(self, camera: CameraId, by: Author) -> None:
        """Raises LeaseLost."""
        ...

    async def halt(self, camera: CameraId, by: Author) -> None:
        """Raises KeyError, LeaseRefused, CsuError."""
        ...

    async def give_back(self, camera: CameraId, by: Author) -> None:
        """Nothing happens when he has it not."""
        ...


class MoveAsked(BaseModel):
    """Speeds in shares of what the camera can do. `alarm`: whose doubt is removed with it; it ranks highest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pan: Share = 0.0
    tilt: Share = 0.0
    zoom: Share = 0.0
    alarm: Annotated[str, Field(max_length=100)] = ""


class PtzAnswer(BaseModel):
    """One camera that can be turned. `holder` None: nobody turns it."""

    camera: CameraId
    holder: str | None
    rank: str | None
    is_mine: bool
    is_moving: bool
    since_ns: Nanoseconds | None


def add_ptz_doors(app: FastAPI, ptz: PtzDesk | None, room: RoomView, gate: Gate) -> None:
    """Into `app` itself. None: this centre turns no camera; its doors say so."""

    @app.get("/api/ptz")
    @opens(Door("ptz", Action.CAMERA_LIST, own_list))
    async def leases(request: Request) -> list[PtzAnswer]:
        """Every camera of the asker's communes that can be turned, and who turns it."""
        subject: Subject = request.scope[SUBJECT]
        known = _there(ptz).leases()
        listed = [line.record.camera for line in gate.listed(subject, room.cameras())]
        return [lease_answer(subject, camera, known[camera]) for camera in listed if camera in known]

    @app.post("/api/cameras/{camera}/ptz/move")
    @opens(Door("ptz/move", Action.PTZ_MOVE, one_camera))
    async def move(request: Request, camera: str, asked: MoveAsked) -> PtzAnswer:
        """Turn it; takes its lease, from whoever ranks below. 409: somebody has it, or it may not be turned now."""
        velocity = PtzVelocity(asked.pan, asked.tilt, asked.zoom)
        try:
            await _there(ptz).move(CameraId(camera), velocity, author_of(request), asked.alarm)
        except KeyError as error:
            raise Refused(Refusal.PTZ_ABSENT, where=camera) from error
        except (LeaseRefused, LeaseLost) as error:
            raise Refused(Refusal.PTZ_REFUSED, where=camera, cause=error) from error
        return _now(request, camera)

    @app.post("/api/cameras/{camera}/ptz/keep")
    @opens(Door("ptz/keep", Action.PTZ_MOVE, one_camera, stands_s=KEEP_STANDS_S))
    async def keep(request: Request, camera: str) -> PtzAnswer:
        """The hand is still there. 409: this movement was stopped or taken."""
        try:
            _there(ptz).keep_moving(CameraId(camera), author_of(request))
        except LeaseLost as error:
            raise Refused(Refusal.PTZ_REFUSED, where=camera, cause=error) from error
        return _now(request, camera)

    @app.post("/api/cameras/{camera}/ptz/stop")
    @opens(Door("ptz/stop", Action.PTZ_MOVE, one_camera))
    async def stop(request: Request, camera: str) -> PtzAnswer:
        """Stop it now. 409: another turns it."""
        try:
            await _there(ptz).halt(CameraId(camera), author_of(request))
        except KeyError as error:
            raise Refused(Refusal.PTZ_ABSENT, where=camera) from error
        except LeaseRefused as error:
            raise Refused(Refusal.PTZ_REFUSED, where=camera, cause=error) from error
        return _now(request, camera)

    @app.post("/api/cameras/{camera}/ptz/release")
    @opens(Door("ptz/release", Action.PTZ_MOVE, one_camera))
    async def release(request: Request, camera: str) -> PtzAnswer:
        """Let go of it."""
        await _there(ptz).give_back(CameraId(camera), author_of(request))
        return _now(request, camera)

    def _now(request: Request, camera: str) -> PtzAnswer:
        return lease_answer(request.scope[SUBJECT], CameraId(camera), _there(ptz).leases().get(CameraId(camera)))


def lease_answer(subject: Subject, camera: CameraId, lease: Lease | None) -> PtzAnswer:
    """Who turns it, as `subject` is told."""
    if lease is None:
        return PtzAnswer(camera=camera, holder=None, rank=None, is_mine=False, is_moving=False, since_ns=None)
    return PtzAnswer(
        camera=camera,
        holder=lease.holder,
        rank=lease.rank.name.lower(),
        is_mine=lease.holder == subject.person,
        is_moving=lease.moving,
        since_ns=lease.granted_at_ns,
    )


def author_of(request: Request) -> Author:
    """Whom the gate let in."""
    subject: Subject = request.scope[SUBJECT]
    return Author(subject.person, subject.role.value)


def _there(ptz: PtzDesk | None) -> PtzDesk:
    if ptz is None:
        raise Refused(Refusal.PTZ_ABSENT, where="ptz")
    return ptz
