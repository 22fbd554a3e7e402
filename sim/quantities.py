"""Quantities as a scenario writes them: a number and its unit, always. `30 s`, `2 min .. 1 h`, `6/h`, `99.5 %`.

Each parser takes text and raises ValueError with a sentence in French; `English` carries the other language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds

_UNITS_NS = {"ms": NS_PER_MS, "s": NS_PER_S, "min": NS_PER_MINUTE, "h": 60 * NS_PER_MINUTE, "d": NS_PER_DAY}
_BIT_RATES = {"kbit/s": 1_000, "Mbit/s": 1_000_000}
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_DURATION = re.compile(rf"{_NUMBER}\s*({'|'.join(_UNITS_NS)})")
_RATE = re.compile(rf"{_NUMBER}\s*/\s*({'|'.join(_UNITS_NS)})")
_SHARE = re.compile(rf"{_NUMBER}\s*%")
_BIT_RATE = re.compile(rf"{_NUMBER}\s*({'|'.join(_BIT_RATES)})")
_CLOCK_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")


class BadQuantity(ValueError):
    """What is wrong with a quantity, in both languages; `at` is where, below the place that found it out."""

    def __init__(self, french: str, english: str, at: tuple[str | int, ...] = ()) -> None:
        super().__init__(english)
        self.at = at
        self.french = french
        self.english = english


@dataclass(frozen=True, slots=True)
class DurationRange:
    """From the shortest to the longest, both included."""

    least_ns: Nanoseconds
    most_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Rate:
    """How often, on average."""

    per_s: float


@dataclass(frozen=True, slots=True)
class Instant:
    """When, in a story: a time of day of the scenario's clock, or so long after its start."""

    time_of_day_ns: Nanoseconds | None
    after_start_ns: Nanoseconds | None

    def after(self, start_time_of_day_ns: Nanoseconds) -> Nanoseconds:
        """How long after a start at that time of day. A time of day already past is tomorrow's."""
        if self.time_of_day_ns is None:
            return self.after_start_ns or 0
        return (self.time_of_day_ns - start_time_of_day_ns) % NS_PER_DAY


def duration_ns(text: object) -> Nanoseconds:
    """`30 s` in whole milliseconds, as ns. Raises BadQuantity."""
    found = _DURATION.fullmatch(str(text).strip())
    if not found:
        raise BadQuantity(
            f"{text!r} n'est pas une durée : écrivez un nombre et une unité ({', '.join(_UNITS_NS)}), par exemple 30 s",
            f"{text!r} is no duration: write a number and a unit ({', '.join(_UNITS_NS)}), for example 30 s",
        )
    return round(_number(found[1]) * _UNITS_NS[found[2]] / NS_PER_MS) * NS_PER_MS


def positive_duration_ns(text: object) -> Nanoseconds:
    """A duration longer than nothing. Raises BadQuantity."""
    length_ns = duration_ns(text)
    if length_ns <= 0:
        raise BadQuantity(f"{text!r} doit être plus long que zéro", f"{text!r} must be longer than zero")
    return length_ns


def duration_range(text: object) -> DurationRange:
    """`20 s .. 40 min`, or one duration. Raises BadQuantity."""
    parts = [positive_duration_ns(part) for part in str(text).split("..")]
    if len(parts) > 2 or parts[0] > parts[-1]:
        raise BadQuantity(
            f"{text!r} n'est pas un intervalle : écrivez le plus court .. le plus long, par exemple 20 s .. 40 min",
            f"{text!r} is no range: write the shortest .. the longest, for example 20 s .. 40 min",
        )
    return DurationRange(parts[0], parts[-1])


def rate(text: object) -> Rate:
    """`6/h`. Raises BadQuantity."""
    found = _RATE.fullmatch(str(text).strip())
    if not found:
        raise BadQuantity(
            f"{text!r} n'est pas une fréquence : écrivez un nombre par unité de temps, par exemple 6/h",
            f"{text!r} is no rate: write a number per unit of time, for example 6/h",
        )
    return Rate(_number(found[1]) * NS_PER_S / _UNITS_NS[found[2]])


def share(text: object) -> float:
    """`99.5 %` as 0.995. Raises BadQuantity."""
    found = _SHARE.fullmatch(str(text).strip())
    if not found or _number(found[1]) > 100:
        raise BadQuantity(
            f"{text!r} n'est pas une part : écrivez un pourcentage de 0 à 100, par exemple 99.5 %",
            f"{text!r} is no share: write a percentage from 0 to 100, for example 99.5 %",
        )
    return _number(found[1]) / 100


def bits_per_s(text: object) -> int:
    """`2.5 Mbit/s`. Raises BadQuantity."""
    found = _BIT_RATE.fullmatch(str(text).strip())
    if not found:
        raise BadQuantity(
            f"{text!r} n'est pas un débit : écrivez par exemple 2.5 Mbit/s",
            f"{text!r} is no bit rate: write for example 2.5 Mbit/s",
        )
    return round(_number(found[1]) * _BIT_RATES[found[2]])


def instant(text: object) -> Instant:
    """`14:40`, `14:40:30`, or `+40 min` after the start. Raises BadQuantity."""
    words = str(text).strip()
    if found := _CLOCK_TIME.fullmatch(words):
        hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return Instant(((hours * 60 + minutes) * 60 + seconds) * NS_PER_S, None)
    if words.startswith("+"):
        return Instant(None, duration_ns(words[1:]))
    raise BadQuantity(
        f"{text!r} n'est pas un instant : écrivez une heure (14:40) ou un délai après le début (+40 min)",
        f"{text!r} is no instant: write a time (14:40) or a delay after the start (+40 min)",
    )


def _number(digits: str) -> float:
    return float(digits.replace(",", "."))
