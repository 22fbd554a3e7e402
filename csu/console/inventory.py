"""Inventory over HTTP: cameras and their three lights, machines, settings, accounts; a camera set aside (TEC-6, PRV-6).

No picture comes by any of these doors (ACC-6).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Protocol

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from csu.console.access import Asked, Door, Question, opens
from csu.console.gate import ASKED, SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.governance import (
    Action,
    LifecycleRefused,
    MaskProposalRefused,
    Person,
    Resource,
    Role,
    Subject,
    lifecycle_words,
    role_words,
)
from csu.governance.journal_entry import DataSpan
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import NS_PER_MS, Clock, Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraState
from csu.operations.inventory import InventoryLine, LastMinute, Light, Said, inventory, inventory_page
from csu.recording.space import MARKS

LINES_MOST, LINES_USUALLY = 200, 60
BODY_BYTES_MAX = 2_000
_FROZEN = ConfigDict(frozen=True)


@dataclass(frozen=True, slots=True)
class NodeTold:
    """One media node."""

    node: str
    is_up: bool
    cameras: int
    told_at_ns: Nanoseconds | None
    """The end of the minute it last accounted for."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that the centre runs with."""

    name: Words
    value: Words


@dataclass(frozen=True, slots=True)
class Deed:
    """What the journal holds of a setting that took effect. `sha256`: of what was set, where that is long."""

    at_ns: Nanoseconds
    what: Words
    detail: str
    sha256: str


class InventoryDesk(Protocol):
    """What the console needs of the centre's devices and settings."""

    def minutes(self) -> Mapping[CameraId, LastMinute]:
        """What nodes last accounted for, a camera."""
        ...

    def nodes(self) -> Sequence[NodeTold]:
        """All media nodes."""
        ...

    def settings(self) -> Sequence[Setting]:
        """What the centre runs with."""
        ...

    async def deeds(self) -> Sequence[Deed]:
        """The settings that took effect lately, by the journal, the newest first. Raises CsuError."""
        ...

    def people(self) -> Sequence[Person]:
        """Who has an account."""
        ...

    async def set_lifecycle(self, camera: CameraId, after: CameraLifecycle, by: str, reason: str) -> None:
        """Set a camera aside, or bring it back to be signed off. Raises LifecycleRefused, MaskProposalRefused;
        CsuError: nothing was written, it is as before."""
        ...


class Only(StrEnum):
    """Which lines are asked for."""

    ALL = "all"
    TROUBLED = "troubled"
    MISSING = "missing"
    """Of which something is left to be done."""


class LightAnswer(BaseModel):
    """One of the three."""

    model_config = _FROZEN
    light: Light
    words: Words


class DeviceAnswer(BaseModel):
    """One camera."""

    model_config = _FROZEN
    camera: str
    number: int
    name: str
    commune: str
    node: str
    state: CameraState
    since_ms: int
    lifecycle: CameraLifecycle
    lifecycle_words: Words
    mask_version: int
    received: LightAnswer
    viewed: LightAnswer
    recorded: LightAnswer
    clock_offset_ms: int | None
    missing: list[Words]
    trouble: int


class LightCounts(BaseModel):
    """How many cameras have a light that is good, bad, unknown, off."""

    model_config = _FROZEN
    good: int
    bad: int
    unknown: int
    off: int


class InventoryAnswer(BaseModel):
    """A page of the inventory, the most troubled first. The counts are of all, `matching` of what was asked for."""

    model_config = _FROZEN
    now_ms: int
    total: int
    troubled: int
    matching: int
    first: int
    received: LightCounts
    viewed: LightCounts
    recorded: LightCounts
    cameras: list[DeviceAnswer]


class NodeAnswer(BaseModel):
    """One media node."""

    model_config = _FROZEN
    node: str
    is_up: bool
    cameras: int
    told_ms: int | None


class VolumeAnswer(BaseModel):
    """One directory of media. `why_not`: why nothing new is written to it."""

    model_config = _FROZEN
    name: str
    size_bytes: int
    free_bytes: int
    why_not: Words


class SettingAnswer(BaseModel):
    """One thing that the centre runs with."""

    model_config = _FROZEN
    name: Words
    value: Words


class DeedAnswer(BaseModel):
    """A setting that took effect, by the journal."""

    model_config = _FROZEN
    at_ms: int
    what: Words
    detail: str
    sha256: str


class MachinesAnswer(BaseModel):
    """What the centre stands on, and what it runs with."""

    model_config = _FROZEN
    now_ms: int
    version: str
    started_ms: int
    nodes: list[NodeAnswer]
    volumes: list[VolumeAnswer]
    hours_left: float | None
    settings: list[SettingAnswer]
    deeds: list[DeedAnswer]


class PaperAnswer(BaseModel):
    """A paper of a person, and the first day it no longer holds."""

    model_config = _FROZEN
    what: Words
    ends_on: date


class PersonAnswer(BaseModel):
    """One account. No secret, no proof: those leave the centre by no door."""

    model_config = _FROZEN
    account: str
    name: str
    roles: list[Role]
    role_words: list[Words]
    is_open: bool
    communes: list[str]
    papers: list[PaperAnswer]


class LifecycleAsked(BaseModel):
    """Where the camera is to stand, and why (LOG-3). Never into service: signatures do that (PRV-6)."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    to: CameraLifecycle
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class LifecycleAnswer(BaseModel):
    """Where it stands now."""

    model_config = _FROZEN
    camera: str
    lifecycle: CameraLifecycle
    lifecycle_words: Words


async def _set_aside(question: Question) -> Asked:
    """The camera of the path, for the reason of the body. The reason stays in the register of masks (LOG-5)."""
    camera = CameraId(str(question.path.get("camera", "")))
    known = any(line.record.camera == camera for line in question.room.cameras())
    try:
        reason = LifecycleAsked.model_validate_json(question.body).reason
    except ValidationError:
        reason = ""
    resource = Resource(camera=camera, reason=reason) if known else Resource(reason=reason)
    return Asked((resource,), (DataSpan(camera),) if known else ())


def add_inventory_doors(app: FastAPI, desk: InventoryDesk | None, room: RoomView, clock: Clock) -> None:
    """Into `app` itself. None: this centre shows none; its doors say so."""

    @app.get("/api/inventory")
    @opens(Door("inventory", Action.INVENTORY_READ))
    async def cameras(
        find: Annotated[str, Query(max_length=60)] = "",
        only: Only = Only.ALL,
        first: Annotated[int, Query(ge=0, le=100_000)] = 0,
        most: Annotated[int, Query(ge=1, le=LINES_MOST)] = LINES_USUALLY,
    ) -> InventoryAnswer:
        """Cameras with their three lights, the most troubled first."""
        now_ns = clock.now_ns()
        lines = inventory(room.cameras(), _there(desk).minutes(), now_ns)
        page = inventory_page(lines, find, _ONLY[only], first, most)
        return InventoryAnswer(
            now_ms=now_ns // NS_PER_MS,
            total=page.total,
            troubled=page.troubled,
            matching=page.matching,
            first=first,
            received=_counts(page.lights["received"]),
            viewed=_counts(page.lights["viewed"]),
            recorded=_counts(page.lights["recorded"]),
            cameras=[_device(line) for line in page.lines],
        )

    @app.get("/api/inventory/machines")
    @opens(Door("inventory/machines", Action.INVENTORY_READ))
    async def machines() -> MachinesAnswer:
        """Nodes, volumes and hours left, and the settings that the centre runs with."""
        there, health = _there(desk), room.health()
        return MachinesAnswer(
            now_ms=clock.now_ns() // NS_PER_MS,
            version=health.version,
            started_ms=health.started_at_ns // NS_PER_MS,
            nodes=[_node(each) for each in there.nodes()],
            volumes=[
                VolumeAnswer(
                    name=each.name,
                    size_bytes=each.size_bytes,
                    free_bytes=each.free_bytes,
                    why_not=each.why_not(MARKS) if not each.is_writable(MARKS) else NO_WORDS,
                )
                for each in health.volumes
            ],
            hours_left=health.hours_left,
            settings=[SettingAnswer(name=each.name, value=each.value) for each in there.settings()],
            deeds=[
                DeedAnswer(at_ms=each.at_ns // NS_PER_MS, what=each.what, detail=each.detail, sha256=each.sha256)
                for each in await there.deeds()
            ],
        )

    @app.get("/api/inventory/people")
    @opens(Door("inventory/people", Action.PEOPLE_READ))
    async def people() -> list[PersonAnswer]:
        """Who has an account, as whom, with which papers. Entering and suspending is done by `csu people`."""
        return [_person(each, clock.now_ns()) for each in _there(desk).people()]

    _add_lifecycle(app, desk, room)


def _add_lifecycle(app: FastAPI, desk: InventoryDesk | None, room: RoomView) -> None:
    @app.post("/api/cameras/{camera}/lifecycle")
    @opens(Door("inventory/lifecycle", Action.CAMERA_LIFECYCLE, _set_aside, body_bytes_max=BODY_BYTES_MAX))
    async def lifecycle(request: Request, camera: str, asked: LifecycleAsked) -> LifecycleAnswer:
        """Suspend a camera, declare it at fault, retire it, or bring it back to be signed off: wholly masked from then.
        404: no such camera; 409: no way leads there."""
        decided: Asked = request.scope[ASKED]
        subject: Subject = request.scope[SUBJECT]
        if not decided.data:
            raise Refused(Refusal.CAMERA_UNKNOWN, where="inventory")
        (data,) = decided.data
        try:
            await _there(desk).set_lifecycle(data.camera, asked.to, subject.person, asked.reason)
        except (LifecycleRefused, MaskProposalRefused) as error:
            raise Refused(Refusal.LIFECYCLE_REFUSED, where=data.camera, cause=error) from error
        now = next(line.lifecycle for line in room.cameras() if line.record.camera == data.camera)
        return LifecycleAnswer(camera=data.camera, lifecycle=now, lifecycle_words=lifecycle_words(now))


_ONLY = {
    Only.ALL: lambda line: True,
    Only.TROUBLED: lambda line: line.trouble > 0,
    Only.MISSING: lambda line: bool(line.missing),
}


def _there(desk: InventoryDesk | None) -> InventoryDesk:
    if desk is None:
        raise Refused(Refusal.INVENTORY_ABSENT, where="inventory")
    return desk


def _counts(lights: Mapping[Light, int]) -> LightCounts:
    return LightCounts(**{light.value: lights.get(light, 0) for light in Light})


def _said(said: Said) -> LightAnswer:
    return LightAnswer(light=said.light, words=said.words)


def _device(line: InventoryLine) -> DeviceAnswer:
    status = line.status
    return DeviceAnswer(
        camera=status.record.camera,
        number=status.record.number,
        name=status.record.name,
        commune=status.record.commune,
        node=line.node,
        state=status.state,
        since_ms=status.since_ns // NS_PER_MS,
        lifecycle=status.lifecycle,
        lifecycle_words=lifecycle_words(status.lifecycle),
        mask_version=status.mask_version,
        received=_said(line.received),
        viewed=_said(line.viewed),
        recorded=_said(line.recorded),
        clock_offset_ms=line.clock_offset_ms,
        missing=list(line.missing),
        trouble=line.trouble,
    )


def _node(told: NodeTold) -> NodeAnswer:
    told_ms = None if told.told_at_ns is None else told.told_at_ns // NS_PER_MS
    return NodeAnswer(node=told.node, is_up=told.is_up, cameras=told.cameras, told_ms=told_ms)


def _person(person: Person, now_ns: Nanoseconds) -> PersonAnswer:
    papers = []
    if person.designation is not None:
        papers.append(PaperAnswer(what=Words("désignation", "designation"), ends_on=person.designation.term.ends_on))
    if person.approval is not None:
        papers.append(PaperAnswer(what=Words("agrément", "prefect's approval"), ends_on=person.approval.ends_on))
    if person.clearance is not None:
        papers.append(PaperAnswer(what=Words("habilitation", "clearance"), ends_on=person.clearance.term.ends_on))
    communes = person.communes | (person.designation.communes if person.designation is not None else frozenset())
    return PersonAnswer(
        account=person.account,
        name=person.name,
        roles=sorted(person.roles),
        role_words=[role_words(role) for role in sorted(person.roles)],
        is_open=person.is_open(now_ns),
        communes=sorted(communes),
        papers=papers,
    )
