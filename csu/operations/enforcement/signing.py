"""From a draft and the papers of the instant to the record and its files. Pure: equal drafts make equal bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from csu.governance import Swearing, TicketingPermit
from csu.hal.camera import CameraRecord
from csu.hal.clock import Nanoseconds
from csu.masking import still_of
from csu.operations.enforcement.draft import Draft, Taken
from csu.operations.enforcement.offences import TABLE_STATUS, TABLE_VERSION
from csu.operations.enforcement.record import StandingFact, StillFact, TicketRecord

STILL_WIDTH_PX_MAX = 3840


@dataclass(frozen=True, slots=True)
class SigningPapers:
    """Of agent and camera, at the instant of signing."""

    swearing: Swearing
    service: str
    permit: TicketingPermit
    camera: CameraRecord


def picture_of(taken: Taken) -> bytes:
    """The still as JPEG, in full size, with what the agent painted over."""
    blots = [(each.left, each.top, each.right, each.bottom) for each in taken.blots]
    return still_of(taken.frame, STILL_WIDTH_PX_MAX, painted=blots)


def record_and_files(
    name: str,
    draft: Draft,
    papers: SigningPapers,
    *,
    plate: str,
    country: str,
    place: str,
    now_ns: Nanoseconds,
) -> tuple[TicketRecord, tuple[bytes, ...]]:
    """The record, and the stills in their order."""
    files = tuple(picture_of(each) for each in draft.stills)
    facts = tuple(
        StillFact(
            f"still-{each.number}.jpg",
            each.view,
            each.captured_at_ns,
            each.taken_at_ns,
            hashlib.sha256(data).hexdigest(),
            each.frame.mask_epoch,
            len(each.blots),
        )
        for each, data in zip(draft.stills, files, strict=True)
    )
    offence, permit, swearing, stands = draft.offence, papers.permit, papers.swearing, draft.standing
    standing = None
    if stands is not None and stands.to_ns is not None:
        standing = StandingFact(stands.corners, stands.from_ns, stands.to_ns)
    record = TicketRecord(
        record=name,
        agent=draft.account,
        agent_service=papers.service,
        oath=swearing.oath,
        prefect_file=swearing.prefect_file,
        commune=papers.camera.commune,
        camera=draft.camera,
        camera_place=papers.camera.name,
        order=permit.order,
        council_resolution=permit.council_resolution,
        signs=permit.signs,
        antai=permit.antai.reference,
        room=permit.room,
        offence=offence.offence,
        offence_class=offence.kind.value,
        natinf=offence.natinf,
        legal_text=offence.legal_text,
        fine_class=offence.fine_class,
        table_version=TABLE_VERSION,
        table_status=TABLE_STATUS.fr,
        place=place,
        country=country,
        plate=plate,
        observed_from_ns=draft.stills[0].captured_at_ns,
        observed_to_ns=draft.stills[-1].captured_at_ns,
        opened_at_ns=draft.opened_at_ns,
        signed_at_ns=now_ns,
        stills=facts,
        standing=standing,
    )
    return record, files
