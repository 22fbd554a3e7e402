"""What is drawn from a range or a rate. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log

from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.notation.quantities import DurationRange, Rate


def arrivals(rate: Rate, within_ns: Nanoseconds, chance: Chance) -> Iterator[Nanoseconds]:
    """Instants of a Poisson process in [0, within_ns), whole milliseconds."""
    at_s = 0.0
    while rate.per_s > 0:
        at_s -= log(1 - chance.uniform(0, 1)) / rate.per_s
        at_ns = round(at_s * (NS_PER_S // NS_PER_MS)) * NS_PER_MS
        if at_ns >= within_ns:
            return
        yield at_ns


def duration_within(lasts: DurationRange, chance: Chance) -> Nanoseconds:
    """A duration of the range, short ones as likely as long ones on a logarithmic scale; whole milliseconds."""
    exponent = chance.uniform(log(lasts.least_ns), log(lasts.most_ns)) if lasts.most_ns > lasts.least_ns else None
    length_ns = lasts.least_ns if exponent is None else round(exp(exponent))
    return min(max(length_ns, lasts.least_ns), lasts.most_ns) // NS_PER_MS * NS_PER_MS
