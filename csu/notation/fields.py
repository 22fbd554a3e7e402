"""Quantities as the fields of a file: how each is read from text, and what an editor is told of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from csu.hal.clock import Nanoseconds
from csu.notation import quantities
from csu.notation.quantities import BadQuantity, DurationRange, Rate


class Strict(BaseModel):
    """Part of a file: unknown keys are refused, and nothing changes once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def text_schema(pattern: str, *examples: str) -> WithJsonSchema:
    """What an editor is told of a quantity."""
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


_NUMBER = r"\d+([.,]\d+)?"
SPAN = rf"{_NUMBER}\s*(ms|s|min|h|d)"

Duration = Annotated[Nanoseconds, BeforeValidator(quantities.duration_ns), text_schema(rf"^{SPAN}$", "30 s", "2 h")]
PositiveDuration = Annotated[
    Nanoseconds, BeforeValidator(quantities.positive_duration_ns), text_schema(rf"^{SPAN}$", "30 s", "2 h")
]
Durations = Annotated[
    DurationRange,
    BeforeValidator(quantities.duration_range),
    text_schema(rf"^{SPAN}(\s*\.\.\s*{SPAN})?$", "20 s .. 40 min"),
]
Frequency = Annotated[Rate, BeforeValidator(quantities.rate), text_schema(rf"^{_NUMBER}\s*/\s*(ms|s|min|h|d)$", "6/h")]
Share = Annotated[float, BeforeValidator(quantities.share), text_schema(rf"^{_NUMBER}\s*%$", "99.5 %")]
BitRate = Annotated[int, BeforeValidator(quantities.bits_per_s), text_schema(rf"^{_NUMBER}\s*[kM]bit/s$", "2.5 Mbit/s")]
Metres = Annotated[float, BeforeValidator(quantities.metres), text_schema(rf"^{_NUMBER}\s*(m|km)$", "2.5 m")]
Count = Annotated[
    int,
    BeforeValidator(quantities.count),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,3}([ ,]\d{3})*$"}]}
    ),
]
Name = Annotated[str, BeforeValidator(quantities.name), text_schema(r"^[^\W\d]\w{0,63}$", "demonstration")]


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text).strip())
    except ValueError:
        raise BadQuantity(
            f"{text!r} n'est pas un jour : écrivez par exemple 2026-11-23",
            f"{text!r} is no day: write for example 2026-11-23",
        ) from None


Day = Annotated[date, BeforeValidator(_day), text_schema(r"^\d{4}-\d\d-\d\d$", "2026-11-23")]


def _utc(text: object) -> datetime:
    try:
        return datetime.strptime(str(text).strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise BadQuantity(
            f"{text!r} n'est pas une date : écrivez par exemple 2026-11-23 06:00 (UTC)",
            f"{text!r} is no date: write for example 2026-11-23 06:00 (UTC)",
        ) from None


UtcMinute = Annotated[datetime, BeforeValidator(_utc), text_schema(r"^\d{4}-\d\d-\d\d \d\d:\d\d$", "2026-11-23 06:00")]
