"""Quantities as files write them: a number and its unit, always. `30 s`, `2 min .. 1 h`, `6/h`, `99.5 %`.

Each parser takes text and raises BadQuantity, a sentence in both languages. Only counts have no unit; they may be
written in groups of three (`1,300`, `1 300`). Elsewhere a comma before three digits is refused: it reads in two ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, NS_PER_MS, NS_PER_S, Nanoseconds

_UNITS_NS = {"ms": NS_PER_MS, "s": NS_PER_S, "min": NS_PER_MINUTE, "h": 60 * NS_PER_MINUTE, "d": NS_PER_DAY}
_BIT_RATES = {"kbit/s": 1_000, "Mbit/s": 1_000_000}
_LENGTHS_M = {"m": 1.0, "km": 1_000.0}
_NUMBER = r"(\d{1,15}(?:[.,]\d{1,9})?)"
_COUNT = re.compile(r"\d{1,15}|\d{1,3}(?:[ ,\u00a0\u202f]\d{3}){1,4}", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?!\d)", re.ASCII)
_DURATION = re.compile(rf"{_NUMBER}\s*({'|'.join(_UNITS_NS)})", re.ASCII)
_RATE = re.compile(rf"{_NUMBER}\s*/\s*({'|'.join(_UNITS_NS)})", re.ASCII)
_SHARE = re.compile(rf"{_NUMBER}\s*%", re.ASCII)
_BIT_RATE = re.compile(rf"{_NUMBER}\s*({'|'.join(_BIT_RATES)})", re.ASCII)
_LENGTH = re.compile(rf"{_NUMBER}\s*({'|'.join(_LENGTHS_M)})", re.ASCII)
NAME = re.compile(r"[^\W\d]\w{0,63}")


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
    parts = [positive_duration_ns(part.strip()) for part in str(text).split("..")]
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


def count(text: object) -> int:
    """`1300`, `1,300` or `1 300`. Raises BadQuantity."""
    words = str(text).strip()
    if not _COUNT.fullmatch(words):
        raise BadQuantity(
            f"{text!r} n'est pas un nombre entier : écrivez par exemple 1300",
            f"{text!r} is no whole number: write for example 1300",
        )
    return int(re.sub(r"\D", "", words))


def metres(text: object) -> float:
    """`2.5 m`. Raises BadQuantity."""
    found = _LENGTH.fullmatch(str(text).strip())
    if not found:
        raise BadQuantity(
            f"{text!r} n'est pas une longueur : écrivez par exemple 2.5 m",
            f"{text!r} is no length: write for example 2.5 m",
        )
    return _number(found[1]) * _LENGTHS_M[found[2]]


def name(text: object) -> str:
    """A name that others may refer to: letters, digits and `_`. Raises BadQuantity."""
    words = str(text).strip()
    if not NAME.fullmatch(words):
        raise BadQuantity(
            f"{text!r} n'est pas un nom : une lettre, puis des lettres, des chiffres ou _",
            f"{text!r} is no name: a letter, then letters, digits or _",
        )
    return words


def _number(digits: str) -> float:
    if _GROUPED.fullmatch(digits):
        raise BadQuantity(
            f"{digits!r} se lit de deux façons : écrivez {digits.replace(',', '')} ou {digits.replace(',', '.')}",
            f"{digits!r} can be read in two ways: write {digits.replace(',', '')} or {digits.replace(',', '.')}",
        )
    return float(digits.replace(",", "."))
