"""Public signs over HTTP: which announce which cameras, and which cameras none announces (DPO-1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from csu.console.access import Door, opens
from csu.console.case_answers import CameraName, ReasonTold, Sha256
from csu.console.gate import SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.governance import Action, Subject
from csu.governance.errors import SignRefused
from csu.governance.signs import CAMERAS_MAX, TEXT_SIGNS_MAX, Sign, SignRegister
from csu.hal.camera import CameraId, CameraRecord, CommuneId
from csu.hal.personal_data import PLACE_SIGNS_MAX

SignNumber = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,23}$")]
Listed = Callable[[Subject], Sequence[CameraRecord]]
"""The cameras that a person may know of (COM-3)."""


class SignDesk(Protocol):
    """What the console needs of the register of signs."""

    async def register(self) -> SignRegister:
        """As it stands. Raises CsuError."""
        ...

    async def record(self, sign: Sign, person: str) -> SignRegister:
        """A new sign, or one that changed. Raises SignRefused; CsuError: nothing changed."""
        ...

    async def remove(self, sign: str, reason: str, person: str) -> SignRegister:
        """It was taken down. Raises as `record`."""
        ...


class SignTold(BaseModel):
    """One sign. Its commune is that of its cameras."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: Annotated[str, StringConstraints(min_length=1, max_length=PLACE_SIGNS_MAX, strip_whitespace=True)]
    placed_on: date
    text: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_SIGNS_MAX, strip_whitespace=True)]
    cameras: Annotated[tuple[CameraName, ...], Field(min_length=1, max_length=CAMERAS_MAX)]
    photo_sha256: Sha256 = ""


class SignAnswer(BaseModel):
    """One sign that hangs."""

    sign: str
    commune: str
    place: str
    placed_on: date
    text: str
    cameras: list[str]
    photo_sha256: str


class UnannouncedAnswer(BaseModel):
    """A camera that no sign announces."""

    camera: str
    number: int
    name: str
    commune: str


class SignsAnswer(BaseModel):
    """What hangs, and what is missing, in the asker's communes."""

    signs: list[SignAnswer]
    unannounced: list[UnannouncedAnswer]


def add_sign_doors(app: FastAPI, desk: SignDesk | None, listed: Listed) -> None:
    """Into `app` itself. None: this centre keeps no register of signs; its doors say so."""

    def told(request: Request, register: SignRegister) -> SignsAnswer:
        subject: Subject = request.scope[SUBJECT]
        return _answer(register, listed(subject))

    @app.get("/api/signs")
    @opens(Door("signs/list", Action.COMPLIANCE_READ))
    async def signs(request: Request) -> SignsAnswer:
        """Every sign, and the cameras without one."""
        return told(request, await _there(desk).register())

    @app.put("/api/signs/{sign}")
    @opens(Door("signs/record", Action.SIGN_RECORD))
    async def record(request: Request, sign: SignNumber, asked: SignTold) -> SignsAnswer:
        """A sign was placed, or says something else from now on. 409: the register may not hold that."""
        subject: Subject = request.scope[SUBJECT]
        commune = _commune_of(asked.cameras, listed(subject))
        try:
            cameras = tuple(CameraId(camera) for camera in asked.cameras)
            made = Sign(sign, commune, asked.place, asked.placed_on, asked.text, cameras, asked.photo_sha256)
            return told(request, await _there(desk).record(made, subject.person))
        except SignRefused as error:
            raise Refused(Refusal.RECORD_REFUSED, where=sign, cause=error) from error

    @app.post("/api/signs/{sign}/remove")
    @opens(Door("signs/remove", Action.SIGN_RECORD))
    async def remove(request: Request, sign: SignNumber, why: ReasonTold) -> SignsAnswer:
        """A sign was taken down. 409: there is no such sign."""
        subject: Subject = request.scope[SUBJECT]
        try:
            return told(request, await _there(desk).remove(sign, why.reason, subject.person))
        except SignRefused as error:
            raise Refused(Refusal.RECORD_REFUSED, where=sign, cause=error) from error


def _commune_of(cameras: Sequence[str], known: Sequence[CameraRecord]) -> CommuneId:
    """The one commune of all of them. Raises Refused: a camera that the asker does not know, or of two communes."""
    communes = {record.camera: record.commune for record in known}
    unknown = next((camera for camera in cameras if camera not in communes), None)
    if unknown is not None:
        raise Refused(Refusal.CAMERA_UNKNOWN, where=unknown)
    found = {communes[CameraId(camera)] for camera in cameras}
    if len(found) != 1:
        raise Refused(Refusal.SIGN_OF_TWO_COMMUNES, where="signs")
    return found.pop()


def _answer(register: SignRegister, known: Sequence[CameraRecord]) -> SignsAnswer:
    communes = sorted({record.commune for record in known})
    records = {record.camera: record for record in known}
    return SignsAnswer(
        signs=[_sign(sign) for commune in communes for sign in register.signs_of(commune)],
        unannounced=[
            UnannouncedAnswer(
                camera=camera,
                number=records[camera].number,
                name=records[camera].name,
                commune=records[camera].commune,
            )
            for camera in register.without_a_sign(records)
        ],
    )


def _sign(sign: Sign) -> SignAnswer:
    return SignAnswer(
        sign=sign.sign,
        commune=sign.commune,
        place=sign.place,
        placed_on=sign.placed_on,
        text=sign.text,
        cameras=list(sign.cameras),
        photo_sha256=sign.photo_sha256,
    )


def _there(desk: SignDesk | None) -> SignDesk:
    if desk is None:
        raise Refused(Refusal.DPO_ABSENT, where="signs")
    return desk
