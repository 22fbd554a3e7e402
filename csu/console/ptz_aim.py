"""PTZ over HTTP, not by the stick: point at the picture, call a preset, store one (the room chief)."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from csu.console.access import Door, one_camera, opens, own_list
from csu.console.gate import SUBJECT, Gate
from csu.console.ptz import PtzAnswer, PtzDesk, author_of, lease_answer
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import Action, Author, Subject
from csu.hal.camera import CameraError, CameraId
from csu.hal.clock import Nanoseconds
from csu.operations import LeaseLost, LeaseRefused
from csu.operations.presets import NAME_CHARACTERS_MAX, NUMBER_MAX, AimRefused, Preset, PresetRefused

CLOSER_MAX = 4.0
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[int, Path(ge=1, le=NUMBER_MAX)]
AlarmName = Annotated[str, Field(max_length=100)]


class AimDesk(Protocol):
    """What the console needs of the centre to send a camera somewhere. All raise KeyError: it cannot be turned, and
    CsuError: it is not, and why."""

    async def centre_on(self, camera: CameraId, x: float, y: float, closer: float, by: Author, alarm: str) -> None:
        """What the picture shows there comes into its middle."""
        ...

    def presets(self, camera: CameraId) -> Sequence[Preset]:
        """Those of a camera, by number."""
        ...

    async def go_to_preset(self, camera: CameraId, number: int, by: Author, alarm: str) -> None: ...

    async def store_preset(self, camera: CameraId, number: int, name: str, by: Author) -> Preset:
        """Where it looks now."""
        ...

    async def forget_preset(self, camera: CameraId, number: int) -> None: ...


class CentreAsked(BaseModel):
    """A point of the picture, in shares of it from its top left corner. `closer`: 2 shows half as wide, 0.5 twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: Share
    y: Share
    closer: Annotated[float, Field(ge=1 / CLOSER_MAX, le=CLOSER_MAX, allow_inf_nan=False)] = 1.0
    alarm: AlarmName = ""


class PresetAsked(BaseModel):
    """`alarm`: whose doubt is removed with it; it ranks highest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alarm: AlarmName = ""


class PresetStored(BaseModel):
    """What the place is called: a place, nobody."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=NAME_CHARACTERS_MAX)]


class PresetAnswer(BaseModel):
    """One preset."""

    camera: CameraId
    number: int
    name: str
    stored_by: str
    stored_at_ns: Nanoseconds


def add_aim_doors(app: FastAPI, aims: AimDesk | None, ptz: PtzDesk | None, room: RoomView, gate: Gate) -> None:
    """Into `app` itself. None: this centre turns no camera; its doors say so."""

    @app.get("/api/ptz/presets")
    @opens(Door("ptz/presets", Action.CAMERA_LIST, own_list))
    async def presets(request: Request) -> list[PresetAnswer]:
        """Those of the asker's cameras."""
        listed = [line.record.camera for line in gate.listed(request.scope[SUBJECT], room.cameras())]
        return [_preset(each) for camera in listed for each in _there(aims).presets(camera)]

    @app.post("/api/cameras/{camera}/ptz/centre")
    @opens(Door("ptz/centre", Action.PTZ_MOVE, one_camera))
    async def centre(request: Request, camera: str, asked: CentreAsked) -> PtzAnswer:
        """Bring what was pointed at into the middle; takes its lease. 409: it cannot now, and why."""
        there = _there(aims)
        deed = there.centre_on(CameraId(camera), asked.x, asked.y, asked.closer, author_of(request), asked.alarm)
        await _done(camera, deed)
        return _now(request, camera)

    @app.post("/api/cameras/{camera}/ptz/presets/{number}")
    @opens(Door("ptz/preset", Action.PRESET_GO, one_camera))
    async def go(request: Request, camera: str, number: Number, asked: PresetAsked) -> PtzAnswer:
        """Go there; takes its lease. 409: nobody stored it, or it cannot now."""
        await _done(camera, _there(aims).go_to_preset(CameraId(camera), number, author_of(request), asked.alarm))
        return _now(request, camera)

    @app.put("/api/cameras/{camera}/ptz/presets/{number}")
    @opens(Door("ptz/preset-store", Action.PRESET_STORE, one_camera))
    async def store(request: Request, camera: str, number: Number, asked: PresetStored) -> PtzAnswer:
        """Where it looks now, under that number, instead of what was there."""
        deed = _there(aims).store_preset(CameraId(camera), number, asked.name, author_of(request))
        await _done(camera, deed)
        return _now(request, camera)

    @app.delete("/api/cameras/{camera}/ptz/presets/{number}")
    @opens(Door("ptz/preset-forget", Action.PRESET_STORE, one_camera))
    async def forget(request: Request, camera: str, number: Number) -> PtzAnswer:
        """It is no more."""
        await _done(camera, _there(aims).forget_preset(CameraId(camera), number))
        return _now(request, camera)

    def _now(request: Request, camera: str) -> PtzAnswer:
        subject: Subject = request.scope[SUBJECT]
        lease = None if ptz is None else ptz.leases().get(CameraId(camera))
        return lease_answer(subject, CameraId(camera), lease)


async def _done(camera: str, deed: Awaitable[object]) -> None:
    try:
        await deed
    except KeyError as error:
        raise Refused(Refusal.PTZ_ABSENT, where=camera) from error
    except (LeaseRefused, LeaseLost, AimRefused, PresetRefused, CameraError) as error:
        raise Refused(Refusal.PTZ_REFUSED, where=camera, cause=error) from error


def _preset(preset: Preset) -> PresetAnswer:
    return PresetAnswer(
        camera=preset.camera,
        number=preset.number,
        name=preset.name,
        stored_by=preset.stored_by,
        stored_at_ns=preset.stored_at_ns,
    )


def _there(aims: AimDesk | None) -> AimDesk:
    if aims is None:
        raise Refused(Refusal.PTZ_ABSENT, where="ptz")
    return aims
