"""Whether the sun is up: by day and by night an analysis errs differently (VSA-8)."""

from __future__ import annotations

from math import asin, cos, degrees, radians, sin

from csu.hal.clock import NS_PER_S, Nanoseconds

J2000_S = 946_728_000
"""2000-01-01T12:00Z."""
HORIZON_DEG = -0.833
"""The sun's upper edge, through the air."""


def sun_elevation_deg(at_ns: Nanoseconds, latitude_deg: float, longitude_deg: float) -> float:
    """Of the sun's middle over the horizon, to 0.1 degree (Astronomical Almanac, low precision, 1950 to 2050)."""
    days = (at_ns / NS_PER_S - J2000_S) / 86_400
    anomaly = radians(357.528 + 0.9856003 * days)
    longitude = radians(280.460 + 0.9856474 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    declination = asin(sin(tilt) * sin(longitude))
    x, y = cos(longitude), cos(tilt) * sin(longitude)
    sidereal = radians(280.46062 + 360.98564737 * days + longitude_deg)
    latitude = radians(latitude_deg)
    # cos(hour angle) * cos(declination), without the right ascension itself
    toward = x * cos(sidereal) + y * sin(sidereal)
    return degrees(asin(sin(latitude) * sin(declination) + cos(latitude) * toward))


def is_day(at_ns: Nanoseconds, latitude_deg: float, longitude_deg: float) -> bool:
    """Whether any of the sun is over the horizon."""
    return sun_elevation_deg(at_ns, latitude_deg, longitude_deg) >= HORIZON_DEG
