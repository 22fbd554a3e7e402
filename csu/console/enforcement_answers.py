"""Video enforcement as its doors tell it. A plate goes in by one door and is told by none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from csu.governance import OffenceClass
from csu.hal.camera import CameraRecord
from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.operations.enforcement import OFFENCES, TABLE_STATUS, TABLE_VERSION, Draft, KeptTicket, Offence, View
from csu.operations.enforcement.draft import (
    BLOTS_MAX,
    CORNERS_MAX,
    CORNERS_MIN,
    SIGN_WITHIN_NS,
    STILLS_MAX,
    STILLS_MIN,
)
from csu.operations.enforcement.store import KEPT_DAYS

Share = Annotated[float, Field(ge=0, le=1)]


class OffenceAnswer(BaseModel):
    """One line of the table."""

    offence: str
    kind: OffenceClass
    kind_words: Words
    words: Words
    article: str
    basis: str
    fine_class: int
    natinf: str
    stands_s: int


class CameraForTickets(BaseModel):
    """A camera that a paper designates. `why_not`: of each offence why it cannot be recorded there now; empty: it can.

    An offence that is not named can be recorded.
    """

    camera: str
    number: int
    name: str
    why_not: dict[str, Words]


class StandingAnswer(BaseModel):
    """The agent's stopwatch. `to_ns` None: it runs."""

    corners: list[tuple[float, float]]
    from_ns: Nanoseconds
    to_ns: Nanoseconds | None


class BlotTold(BaseModel):
    """A part of the picture, in shares of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    left: Share
    top: Share
    right: Share
    bottom: Share


class StillAnswer(BaseModel):
    """One still of a draft; its picture has a door of its own."""

    number: int
    view: View
    captured_at_ns: Nanoseconds
    painted: list[BlotTold]


class DraftAnswer(BaseModel):
    """What is not signed yet. `until_ns`: then it is gone."""

    draft: str
    session: str
    camera: str
    offence: str
    opened_at_ns: Nanoseconds
    until_ns: Nanoseconds
    stills: list[StillAnswer]
    standing: StandingAnswer | None


class RecordAnswer(BaseModel):
    """A signed record: what stands in the list of them. Neither plate nor picture."""

    record: str
    camera: str
    offence: str
    offence_words: Words
    signed_at_ns: Nanoseconds
    sent_at_ns: Nanoseconds | None
    until_ns: Nanoseconds
    """It is destroyed then."""


class EnforcementAnswer(BaseModel):
    """All that the page shows."""

    now_ns: Nanoseconds
    table_version: str
    table_status: Words
    offences: list[OffenceAnswer]
    cameras: list[CameraForTickets]
    draft: DraftAnswer | None
    records: list[RecordAnswer]
    stills_min: int = STILLS_MIN
    stills_max: int = STILLS_MAX
    kept_days: int = KEPT_DAYS


class OpenAsked(BaseModel):
    """`session`: as the live socket told it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session: Annotated[str, Field(max_length=64)]
    offence: Annotated[str, Field(max_length=64)]


class ViewAsked(BaseModel):
    """What the still is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    view: View


class PaintAsked(BaseModel):
    """What is to be painted over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: Annotated[list[BlotTold], Field(min_length=1, max_length=BLOTS_MAX)]


class MarkAsked(BaseModel):
    """Where the vehicle stands, as the agent drew it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    corners: Annotated[list[tuple[Share, Share]], Field(min_length=CORNERS_MIN, max_length=CORNERS_MAX)]


class SignAsked(BaseModel):
    """What the agent typed. Nothing of it is ever proposed to him (AUT-5)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plate: Annotated[str, Field(max_length=16)]
    country: Annotated[str, Field(max_length=3)] = "F"
    place: Annotated[str, Field(max_length=120)]


def offence_answer(offence: Offence) -> OffenceAnswer:
    """The line as it is told."""
    return OffenceAnswer(
        offence=offence.offence,
        kind=offence.kind,
        kind_words=offence.kind.words,
        words=offence.words,
        article=offence.article,
        basis=offence.basis,
        fine_class=offence.fine_class,
        natinf=offence.natinf,
        stands_s=offence.stands_s,
    )


def camera_for_tickets(record: CameraRecord, why_not: Mapping[str, Words | None]) -> CameraForTickets:
    """The camera with what cannot be recorded there."""
    held = {offence: why for offence, why in why_not.items() if why is not None}
    return CameraForTickets(camera=record.camera, number=record.number, name=record.name, why_not=held)


def draft_answer(draft: Draft) -> DraftAnswer:
    """The draft as it is told."""
    standing = draft.standing
    told = None
    if standing is not None:
        told = StandingAnswer(corners=list(standing.corners), from_ns=standing.from_ns, to_ns=standing.to_ns)
    return DraftAnswer(
        draft=draft.draft,
        session=draft.session.session,
        camera=draft.camera,
        offence=draft.offence.offence,
        opened_at_ns=draft.opened_at_ns,
        until_ns=draft.opened_at_ns + SIGN_WITHIN_NS,
        stills=[
            StillAnswer(
                number=each.number,
                view=each.view,
                captured_at_ns=each.captured_at_ns,
                painted=[
                    BlotTold(left=blot.left, top=blot.top, right=blot.right, bottom=blot.bottom) for blot in each.blots
                ],
            )
            for each in draft.stills
        ],
        standing=told,
    )


def record_answer(ticket: KeptTicket) -> RecordAnswer:
    """The record as the list tells it."""
    signed = ticket.signed
    words = next((each.words for each in OFFENCES if each.offence == signed.offence), NO_WORDS)
    return RecordAnswer(
        record=signed.record,
        camera=signed.camera,
        offence=signed.offence,
        offence_words=words,
        signed_at_ns=signed.at_ns,
        sent_at_ns=ticket.sent_at_ns,
        until_ns=signed.until_ns,
    )


def enforcement_answer(
    now_ns: Nanoseconds, cameras: Sequence[CameraForTickets], draft: Draft | None, records: Sequence[KeptTicket]
) -> EnforcementAnswer:
    """All of it."""
    return EnforcementAnswer(
        now_ns=now_ns,
        table_version=TABLE_VERSION,
        table_status=TABLE_STATUS,
        offences=[offence_answer(each) for each in OFFENCES],
        cameras=list(cameras),
        draft=None if draft is None else draft_answer(draft),
        records=[record_answer(each) for each in records],
    )
