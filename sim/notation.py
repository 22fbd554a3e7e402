"""Quantities as the fields of a scenario: how each is read from text, and what an editor is told of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from csu.hal.clock import Nanoseconds
from sim import quantities
from sim.quantities import BadQuantity, DurationRange, Instant, Rate


def _text(pattern: str, *examples: str) -> WithJsonSchema:
    """What an editor is told of a quantity."""
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": list(examples)})


_NUMBER = r"\d+([.,]\d+)?"
_SPAN = rf"{_NUMBER}\s*(ms|s|min|h|d)"
_AFTER = rf"[^\W\d]\w*(\s*\+\s*{_SPAN})?"

Duration = Annotated[Nanoseconds, BeforeValidator(quantities.duration_ns), _text(rf"^{_SPAN}$", "30 s", "2 h")]
PositiveDuration = Annotated[
    Nanoseconds, BeforeValidator(quantities.positive_duration_ns), _text(rf"^{_SPAN}$", "30 s", "2 h")
]
Durations = Annotated[
    DurationRange,
    BeforeValidator(quantities.duration_range),
    _text(rf"^{_SPAN}(\s*\.\.\s*{_SPAN})?$", "20 s .. 40 min"),
]
Frequency = Annotated[Rate, BeforeValidator(quantities.rate), _text(rf"^{_NUMBER}\s*/\s*(ms|s|min|h|d)$", "6/h")]
Share = Annotated[float, BeforeValidator(quantities.share), _text(rf"^{_NUMBER}\s*%$", "99.5 %")]
BitRate = Annotated[int, BeforeValidator(quantities.bits_per_s), _text(rf"^{_NUMBER}\s*[kM]bit/s$", "2.5 Mbit/s")]
Metres = Annotated[float, BeforeValidator(quantities.metres), _text(rf"^{_NUMBER}\s*(m|km)$", "2.5 m")]
Count = Annotated[
    int,
    BeforeValidator(quantities.count),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,3}([ ,]\d{3})*$"}]}
    ),
]
Name = Annotated[str, BeforeValidator(quantities.name), _text(r"^[^\W\d]\w{0,63}$", "demonstration")]
When = Annotated[
    Instant,
    BeforeValidator(quantities.instant),
    _text(
        rf"^([DJ]\+\d+\s+)?\d?\d:\d\d(:\d\d)?$|^\+\s*{_SPAN}$|^{_AFTER}$",
        "14:40",
        "J+2 14:40",
        "+40 min",
        "demonstration + 40 min",
    ),
]
AfterEvent = Annotated[Instant, BeforeValidator(quantities.after_event), _text(rf"^{_AFTER}$", "demonstration + 5 min")]


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text).strip())
    except ValueError:
        raise BadQuantity(
            f"{text!r} n'est pas un jour : écrivez par exemple 2026-11-23",
            f"{text!r} is no day: write for example 2026-11-23",
        ) from None


Day = Annotated[date, BeforeValidator(_day), _text(r"^\d{4}-\d\d-\d\d$", "2026-11-23")]


def _utc(text: object) -> datetime:
    try:
        return datetime.strptime(str(text).strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise BadQuantity(
            f"{text!r} n'est pas une date : écrivez par exemple 2026-11-23 06:00 (UTC)",
            f"{text!r} is no date: write for example 2026-11-23 06:00 (UTC)",
        ) from None


UtcMinute = Annotated[datetime, BeforeValidator(_utc), _text(r"^\d{4}-\d\d-\d\d \d\d:\d\d$", "2026-11-23 06:00")]
