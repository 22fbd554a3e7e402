"""Masks that wait for signatures, over HTTP: what would change, drawn; sign, or decline and say why (PRV-6).

What is drawn is geometry: which cells of the picture are hidden, before and after. No picture of a street is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from csu.console.access import Asked, Door, Question, opens
from csu.console.cases import signature_of
from csu.console.refusals import Refusal, Refused
from csu.governance import (
    Action,
    LifecycleRefused,
    MaskProposalRefused,
    MaskVersion,
    Resource,
    SignatureRefused,
    Standing,
)
from csu.governance.journal_entry import DataSpan, Ground
from csu.hal.camera import CameraId, CameraLifecycle
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.site import SignRole
from csu.hal.words import Words

LIST_STANDS_S = 60.0
CameraName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$")]
VersionNumber = Annotated[int, Path(ge=1, le=1_000_000)]


@dataclass(frozen=True, slots=True)
class WaitingMasks:
    """A version that waits for signatures, or a camera whose masks are to be verified again."""

    camera: CameraId
    standing: Standing
    version: MaskVersion
    """What waits; of a camera that only falls due, what is in force."""


@dataclass(frozen=True, slots=True)
class MaskDrawing:
    """What a version hides, cell by cell. `cells`: rows of 0 seen, 1 hidden before only, 2 after only, 3 both; none for
    a camera that turns, or one that nobody calibrated. `zones`: drawn on the picture, corners in [0, 1]."""

    width_px: int
    height_px: int
    cells: tuple[str, ...]
    changes: tuple[Words, ...]
    """What else is new, in words."""


class MaskDesk(Protocol):
    """What the console needs of the register of masks."""

    async def waiting(self) -> Sequence[WaitingMasks]:
        """By camera. Raises CsuError."""
        ...

    async def drawing(self, camera: CameraId, version: int) -> MaskDrawing:
        """Raises MaskProposalRefused: there is no such version."""
        ...

    async def sign(self, camera: CameraId, version: int, person: str, role: SignRole) -> WaitingMasks:
        """Raises SignatureRefused, MaskProposalRefused, LifecycleRefused; CsuError: nothing changed."""
        ...

    async def decline(self, camera: CameraId, version: int, person: str, role: SignRole, reason: str) -> WaitingMasks:
        """Raises as `sign`."""
        ...


class SignatureAnswer(BaseModel):
    """Who signed, as whom."""

    person: str
    role: SignRole
    at_ns: Nanoseconds


class WaitingAnswer(BaseModel):
    """One version that waits, or that was just signed or declined."""

    camera: str
    lifecycle: CameraLifecycle
    version: int
    digest: str
    by: str
    at_ns: Nanoseconds
    reason: str
    looser: list[Words]
    """What it would show that is hidden now; none: it hides at least as much."""
    in_force: int | None
    is_in_force: bool
    """A tightening holds before it is signed."""
    missing: list[SignRole]
    signatures: list[SignatureAnswer]
    declined_by: str
    declined_because: str
    verify_before_ns: Nanoseconds | None
    verification_due: bool


class DrawingAnswer(BaseModel):
    """See MaskDrawing."""

    camera: str
    version: int
    width_px: int
    height_px: int
    cells: list[str]
    changes: list[Words]


class DeclineTold(BaseModel):
    """Why it is not signed: who proposed it reads this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Annotated[str, StringConstraints(min_length=3, max_length=300, strip_whitespace=True)]


async def _of_camera(question: Question) -> Asked:
    """A camera that the centre knows, of the commune that it has it in: orders may come later than masks."""
    camera = CameraId(str(question.path.get("camera", "")))
    commune = next((line.record.commune for line in question.room.cameras() if line.record.camera == camera), None)
    data = () if commune is None else (DataSpan(camera),)
    return Asked((Resource(commune=commune),), data, Ground.MASK_VERIFICATION)


def add_mask_doors(app: FastAPI, desk: MaskDesk | None) -> None:
    """Into `app` itself. None: this centre has no register of masks; its doors say so."""

    @app.get("/api/masks")
    @opens(Door("masks/waiting", Action.MASK_READ, stands_s=LIST_STANDS_S))
    async def waiting() -> list[WaitingAnswer]:
        """Versions that wait for a signature, and masks that are to be verified again."""
        return [_answer(each) for each in await _there(desk).waiting()]

    @app.get("/api/masks/{camera}/{version}")
    @opens(Door("masks/drawing", Action.MASK_READ, _of_camera, stands_s=LIST_STANDS_S))
    async def drawing(camera: CameraName, version: VersionNumber) -> DrawingAnswer:
        """What a version hides, beside what is in force. 404: there is no such version."""
        try:
            drawn = await _there(desk).drawing(CameraId(camera), version)
        except MaskProposalRefused as error:
            raise Refused(Refusal.MASKS_UNKNOWN, where=camera, cause=error) from error
        return DrawingAnswer(
            camera=camera,
            version=version,
            width_px=drawn.width_px,
            height_px=drawn.height_px,
            cells=list(drawn.cells),
            changes=list(drawn.changes),
        )

    _add_signing(app, desk, SignRole.TECHNICAL, Action.MASK_SIGN_TECHNICAL)
    _add_signing(app, desk, SignRole.DPO, Action.MASK_SIGN_DPO)


def _add_signing(app: FastAPI, desk: MaskDesk | None, role: SignRole, action: Action) -> None:
    """The two doors of one role: nobody signs in the other's name."""

    @app.post(f"/api/masks/{{camera}}/{{version}}/sign-{role.value}", name=f"sign_{role.value}")
    @opens(Door(f"masks/sign-{role.value}", action, _of_camera))
    async def sign(request: Request, camera: CameraName, version: VersionNumber) -> WaitingAnswer:
        """Sign this version. 409: it does not count; the reason is told."""
        try:
            return _answer(await _there(desk).sign(CameraId(camera), version, signature_of(request).person, role))
        except (SignatureRefused, MaskProposalRefused, LifecycleRefused) as error:
            raise _refused(error, camera) from error

    @app.post(f"/api/masks/{{camera}}/{{version}}/decline-{role.value}", name=f"decline_{role.value}")
    @opens(Door(f"masks/decline-{role.value}", action, _of_camera))
    async def decline(request: Request, camera: CameraName, version: VersionNumber, told: DeclineTold) -> WaitingAnswer:
        """Decline to sign it: nobody can any more, and what is in force stays. 409: it holds already."""
        try:
            declined = await _there(desk).decline(
                CameraId(camera), version, signature_of(request).person, role, told.reason
            )
        except (SignatureRefused, MaskProposalRefused, LifecycleRefused) as error:
            raise _refused(error, camera) from error
        return _answer(declined)


def _refused(error: CsuError, camera: str) -> Refused:
    kind = Refusal.MASKS_UNKNOWN if isinstance(error, MaskProposalRefused) else Refusal.MASKS_REFUSED
    return Refused(kind, where=camera, cause=error)


def _answer(found: WaitingMasks) -> WaitingAnswer:
    version, standing = found.version, found.standing
    signed, declined = {each.role for each in version.signatures}, version.declined
    waits = not version.is_signed and declined is None
    return WaitingAnswer(
        camera=found.camera,
        lifecycle=standing.lifecycle,
        version=version.number,
        digest=version.digest,
        by=version.by,
        at_ns=version.at_ns,
        reason=version.reason,
        looser=list(version.loosens),
        in_force=None if standing.in_force is None else standing.in_force.number,
        is_in_force=standing.in_force is not None and standing.in_force.number == version.number,
        missing=[role for role in SignRole if waits and role not in signed],
        signatures=[
            SignatureAnswer(person=each.person, role=each.role, at_ns=each.at_ns) for each in version.signatures
        ],
        declined_by="" if declined is None else declined.person,
        declined_because="" if declined is None else declined.reason,
        verify_before_ns=standing.verify_before_ns,
        verification_due=standing.verification_due,
    )


def _there(desk: MaskDesk | None) -> MaskDesk:
    if desk is None:
        raise Refused(Refusal.DPO_ABSENT, where="masks")
    return desk
