"""A signed record: everything that makes it complete (VVB-5), and the shape of the one field that names a vehicle.

The plate is typed by the agent. It is proposed by nothing and read from no pixel (AUT-5): its shape is looked at, so
that a slip of the hand is told, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pydantic import TypeAdapter

from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from csu.operations.enforcement.draft import View

FRANCE = "F"
_COUNTRY = re.compile(r"[A-Z]{1,3}", re.ASCII)
_SINCE_2009 = re.compile(r"[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2}", re.ASCII)
_BEFORE_2009 = re.compile(r"\d{1,4} [A-Z]{1,3} (?:0[1-9]|[1-8]\d|9[0-5]|2[AB]|97\d)", re.ASCII)
_FOREIGN = re.compile(r"[A-Z0-9](?:[A-Z0-9 -]{0,10}[A-Z0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class StillFact:
    """One still of a record. `sha256`: of the file beside it."""

    file: str
    view: View
    captured_at_ns: Nanoseconds
    taken_at_ns: Nanoseconds
    sha256: str
    mask_epoch: int
    """Version of the camera's masks behind it."""
    painted_over: int
    """Parts that the agent painted over."""


@dataclass(frozen=True, slots=True)
class StandingFact:
    """How long the vehicle was seen standing, where the agent had drawn it."""

    corners: tuple[tuple[float, float], ...]
    from_ns: Nanoseconds
    to_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """What an agent signed. Times are ns UTC."""

    record: str
    agent: str
    """His account."""
    agent_service: str
    oath: str
    prefect_file: str
    commune: str
    camera: str
    camera_place: str
    """As the centre calls where it stands."""
    order: str
    council_resolution: str
    signs: tuple[str, ...]
    antai: str
    room: str
    offence: str
    offence_class: str
    natinf: str
    legal_text: str
    fine_class: int
    table_version: str
    table_status: str
    place: str
    """As the agent wrote it."""
    country: str
    """Of the registration: F, D, L, B..."""
    plate: str
    """Typed by the agent."""
    observed_from_ns: Nanoseconds
    observed_to_ns: Nanoseconds
    opened_at_ns: Nanoseconds
    signed_at_ns: Nanoseconds
    stills: tuple[StillFact, ...]
    standing: StandingFact | None


_RECORD = TypeAdapter(TicketRecord)


def record_text(record: TicketRecord) -> bytes:
    """Its JSON: equal records have equal texts."""
    return _RECORD.dump_json(record, indent=1)


def record_of(text: bytes) -> TicketRecord:
    """The record back. Raises ValueError for what is none."""
    return _RECORD.validate_json(text, extra="forbid")


def unfit_plate(plate: str, country: str) -> Words | None:
    """Why what was typed has not the shape of a plate of that country; None: it has."""
    if not _COUNTRY.fullmatch(country):
        return Words("le pays : une à trois majuscules (F, D, L, B)", "the country: one to three capitals (F, D, L, B)")
    if country != FRANCE:
        if _FOREIGN.fullmatch(plate):
            return None
        return Words("de 2 à 12 majuscules, chiffres, espaces ou tirets", "2 to 12 capitals, digits, spaces or dashes")
    if _SINCE_2009.fullmatch(plate) or _BEFORE_2009.fullmatch(plate):
        return None
    return Words(
        "la forme est AB-123-CD (sans I, O ni U), ou 1234 ABC 57 avant 2009",
        "its shape is AB-123-CD (no I, O or U), or 1234 ABC 57 before 2009",
    )
