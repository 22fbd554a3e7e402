"""How wrong a device's clock is (TEC-4). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds

_ZONE_MS = 15 * 60_000
"""Time zones lie quarters of an hour apart."""
_ZONE_MS_MAX = 14 * 3_600_000
_NEAR_ZONE_MS = 3_000


@dataclass(frozen=True, slots=True)
class ClockReading:
    """`offset_ms`: how far the device is ahead of us; `uncertain_ms`: it may be that much more or less."""

    offset_ms: int
    uncertain_ms: int

    @property
    def looks_like_local_time(self) -> bool:
        """Off by a time zone: firmware that writes local time into the UTC field. Its real clock may be right."""
        away = abs(self.offset_ms)
        quarters = round(away / _ZONE_MS)
        return quarters > 0 and away <= _ZONE_MS_MAX and abs(away - quarters * _ZONE_MS) <= _NEAR_ZONE_MS


def clock_reading(told_ns: Nanoseconds, sent_at_ns: Nanoseconds, received_at_ns: Nanoseconds) -> ClockReading:
    """By an answer in whole seconds, asked at `sent_at_ns`: it was read at any instant of the way, and told cut off."""
    middle_ns = (sent_at_ns + received_at_ns) // 2
    half_ns = max(received_at_ns - sent_at_ns, 0) // 2
    offset_ns = told_ns + NS_PER_S // 2 - middle_ns
    return ClockReading(round(offset_ns / NS_PER_MS), (half_ns + NS_PER_S // 2) // NS_PER_MS)
