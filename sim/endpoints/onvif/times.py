"""Instants and durations as XML Schema writes them. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from csu.hal.clock import NS_PER_S, Nanoseconds
from sim.endpoints.onvif.soap import sender_fault

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8}(?:\.\d{1,9})?)S)?)?")


def moment(at_ns: Nanoseconds) -> datetime:
    """An instant as an aware date and time."""
    return _EPOCH + timedelta(microseconds=at_ns // 1000)


def instant_of(at: datetime) -> Nanoseconds:
    """The instant of an aware date and time."""
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS_PER_S + since.microseconds * 1000


def xml_time(at_ns: Nanoseconds) -> str:
    """`2026-11-30T06:00:00.000Z`."""
    return moment(at_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_of(text: str) -> float:
    """An xs:duration in seconds, without years and months. Raises Fault."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise sender_fault("ter:InvalidArgVal", reason="no duration that a camera takes")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def duration(seconds: float) -> str:
    """`PT10S`."""
    return f"PT{seconds:g}S"
