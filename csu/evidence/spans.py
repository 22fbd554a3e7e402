"""Stretches of one camera's time as an act names them, and what is left of some when others are taken out. Pure.

Unlike `csu.governance.Span` one may be empty or reversed: an act may say so, and is then rejected for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from csu.governance import spans as spans_
from csu.governance.legal_calendar import PARIS
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class CameraSpan:
    """[from_ns, to_ns) of one camera, capture time, UTC."""

    camera: CameraId
    from_ns: Nanoseconds
    to_ns: Nanoseconds

    @property
    def is_empty(self) -> bool:
        return self.to_ns <= self.from_ns

    def holds(self, instant_ns: Nanoseconds) -> bool:
        """Whether a picture captured then belongs to it."""
        return self.from_ns <= instant_ns < self.to_ns

    def touches(self, other: CameraSpan) -> bool:
        """Whether both have an instant in common."""
        return self.camera == other.camera and max(self.from_ns, other.from_ns) < min(self.to_ns, other.to_ns)


def united(spans: Iterable[CameraSpan]) -> tuple[CameraSpan, ...]:
    """The same instants as few spans as possible, by camera and time."""
    result: list[CameraSpan] = []
    for span in sorted(span for span in spans if not span.is_empty):
        last = result[-1] if result else None
        if last is not None and last.camera == span.camera and span.from_ns <= last.to_ns:
            result[-1] = CameraSpan(last.camera, last.from_ns, max(last.to_ns, span.to_ns))
        else:
            result.append(span)
    return tuple(result)


def without(spans: Iterable[CameraSpan], taken: Iterable[CameraSpan]) -> tuple[CameraSpan, ...]:
    """The instants of `spans` that none of `taken` holds."""
    holes = [hole for hole in taken if not hole.is_empty]
    left: list[CameraSpan] = []
    for span in united(spans):
        mine = [spans_.Span(hole.from_ns, hole.to_ns) for hole in holes if hole.camera == span.camera]
        parts = spans_.without(spans_.Span(span.from_ns, span.to_ns), mine)
        left += [CameraSpan(span.camera, part.from_ns, part.to_ns) for part in parts]
    return tuple(left)


def is_within(inner: Iterable[CameraSpan], outer: Iterable[CameraSpan]) -> bool:
    """Whether every instant of `inner` is one of `outer`."""
    return not without(inner, outer)


def utc_text(instant_ns: Nanoseconds) -> str:
    """`2026-11-23T10:00:00.040000000Z`: every nanosecond of it."""
    at = _EPOCH + timedelta(seconds=instant_ns // NS_PER_S)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{instant_ns % NS_PER_S:09}Z"


def paris_text(instant_ns: Nanoseconds) -> str:
    """`2026-11-23T11:00:00.040+01:00`: legal time in France, cut to the millisecond, with its offset (DST nights)."""
    at = (_EPOCH + timedelta(seconds=instant_ns // NS_PER_S)).astimezone(PARIS)
    offset = f"{at:%z}"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{instant_ns % NS_PER_S // NS_PER_MS:03}{offset[:3]}:{offset[3:]}"


def instant_ns(text: str) -> Nanoseconds:
    """The instant of a text of ISO 8601 with an offset, to the microsecond. Raises ValueError without an offset."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text} tells no offset from UTC")
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1) * 1_000
