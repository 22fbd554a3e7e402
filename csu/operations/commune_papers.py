"""One commune's cameras and papers, as whoever answers for it reads them: orders, conventions, masks, signs. Pure.

What may be told of a camera to its own commune: what stands on paper, and which version of masks is in force. No
picture, no person, and nothing of another commune.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from csu.governance import AuthorisationRegister, LocalDoctrine, ServiceLevel
from csu.hal.camera import CameraId, CameraLifecycle, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.ingest.board import CameraStatus
from csu.operations.transparency import PublicAgreement, PublicCommune, agreements_of

NOT_CONNECTED = Words("le centre ne la connaît pas encore", "the centre does not know it yet")


@dataclass(frozen=True, slots=True)
class CommuneCamera:
    """One camera of the commune."""

    camera: CameraId
    number: int | None
    """None: on paper only."""
    name: str
    order: str
    """Number of the order that governs it; empty: none does."""
    ordered_on: date | None
    ends_on: date | None
    """The first day the order no longer holds."""
    retention_days: int | None
    """By the order and the doctrine, the stricter."""
    why_not: Words
    """Why it may not be recorded now; none: it may."""
    lifecycle: CameraLifecycle
    mask_version: int
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommunePapers:
    """The commune today. `public`: what everybody is told of it."""

    public: PublicCommune
    level: ServiceLevel | None
    cameras: tuple[CommuneCamera, ...]
    agreements: tuple[PublicAgreement, ...]


def commune_papers(
    register: AuthorisationRegister,
    doctrine: LocalDoctrine,
    board: Iterable[CameraStatus],
    public: PublicCommune,
    at_ns: Nanoseconds,
) -> CommunePapers:
    """By the papers that hold at that instant. `board`: the lines that the centre has, of any commune."""
    commune = public.commune
    lines = {line.record.camera: line for line in board if line.record.commune == commune}
    signs: Mapping[CameraId, tuple[str, ...]] = {
        camera: tuple(sign.sign for sign in public.signs if camera in sign.cameras)
        for camera in {camera for sign in public.signs for camera in sign.cameras}
    }
    on_paper = [known.camera for known in register.facts.cameras if known.commune == commune]
    cameras = (
        _camera(register, doctrine, camera, lines.get(camera), signs.get(camera, ()), at_ns)
        for camera in dict.fromkeys((*lines, *on_paper))
    )
    return CommunePapers(
        public,
        register.level(commune, at_ns),
        tuple(sorted(cameras, key=lambda each: (each.number is None, each.number, each.camera))),
        agreements_of(register, commune, at_ns),
    )


def communes_of(register: AuthorisationRegister, board: Iterable[CameraStatus]) -> list[CommuneId]:
    """Every commune that a paper or a camera speaks of, by name."""
    on_paper = {known.commune for known in register.facts.cameras} | {each.commune for each in register.facts.services}
    return sorted(on_paper | {line.record.commune for line in board})


def _camera(
    register: AuthorisationRegister,
    doctrine: LocalDoctrine,
    camera: CameraId,
    line: CameraStatus | None,
    signs: tuple[str, ...],
    at_ns: Nanoseconds,
) -> CommuneCamera:
    order = register.governing(camera, at_ns)
    may = register.may_record(camera, at_ns)
    why_not = NO_WORDS if may.permitted else may.reason
    return CommuneCamera(
        camera,
        line.record.number if line is not None else None,
        line.record.name if line is not None else camera,
        order.number if order is not None else "",
        order.ordered_on if order is not None else None,
        order.end_day if order is not None else None,
        min(order.retention_days, doctrine.retention_days_max) if order is not None else None,
        why_not or (NO_WORDS if line is not None else NOT_CONNECTED),
        line.lifecycle if line is not None else CameraLifecycle.DRAFT,
        line.mask_version if line is not None else 0,
        signs,
    )
