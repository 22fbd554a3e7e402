"""Stretches of time, half-open, and what is left of one when others are taken out of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from csu.governance.errors import SpanUnusable
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """[from_ns, to_ns), ns UTC. Raises SpanUnusable when it holds no instant."""

    from_ns: Nanoseconds
    to_ns: Nanoseconds

    def __post_init__(self) -> None:
        if self.to_ns <= self.from_ns:
            raise SpanUnusable(
                Words("l'intervalle ne contient aucun instant", "the interval holds no instant"),
                where=f"{self.from_ns}..{self.to_ns}",
                what_to_do=Words("La fin vient après le début", "The end comes after the start"),
            )

    def holds(self, at_ns: Nanoseconds) -> bool:
        return self.from_ns <= at_ns < self.to_ns

    def covers(self, other: Span) -> bool:
        return self.from_ns <= other.from_ns and other.to_ns <= self.to_ns


def overlap(span: Span, others: Iterable[Span]) -> tuple[Span, ...]:
    """What of `span` lies in at least one of `others`: in order, not touching each other."""
    found: list[Span] = []
    for other in sorted(others):
        start, end = max(span.from_ns, other.from_ns), min(span.to_ns, other.to_ns)
        if start >= end:
            continue
        if found and start <= found[-1].to_ns:
            found[-1] = Span(found[-1].from_ns, max(end, found[-1].to_ns))
        else:
            found.append(Span(start, end))
    return tuple(found)


def without(span: Span, others: Iterable[Span]) -> tuple[Span, ...]:
    """What of `span` lies in none of `others`, in order."""
    left: list[Span] = []
    start = span.from_ns
    for taken in overlap(span, others):
        if start < taken.from_ns:
            left.append(Span(start, taken.from_ns))
        start = taken.to_ns
    if start < span.to_ns:
        left.append(Span(start, span.to_ns))
    return tuple(left)
