"""How long footage may live and must live (CSI L252-5, RET-1 to RET-3). What is to be destroyed: `destruction`.

Three instants belong to a capture, each earlier in doubt (`legal_calendar`):
- the ceiling of the law: one calendar month, or the days of the order that governed the camera *then*, if earlier;
- the expiry: the ceiling, or the days of the local doctrine, if earlier. Destruction is due, by itself;
- the end of the minimum that the order sets: before it, nobody purges by hand. The ceiling wins over it.

Instants that no order governed are no footage that could exist (AUT-1). If some does, the month bounds it, and
`destruction` names it: a date mistyped in an order must not destroy evidence by itself, nor hide that it is unlawful.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from csu.governance.authorisation_register import AuthorisationRegister
from csu.governance.authorisations import Authorisation
from csu.governance.doctrine import LocalDoctrine
from csu.governance.legal_calendar import days_after, days_after_at_latest, one_month_after
from csu.governance.spans import Span
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds

_HOUR_NS = 60 * NS_PER_MINUTE
_NEVER_NS = 2**62


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """How long footage of one camera captured under one order may and must live."""

    order: str
    """Number of the order; empty: none governed the camera at capture, and the month alone bounds it."""
    authorised_days: int | None
    minimum_days: int = 0
    doctrine_days: int | None = None

    def ceiling_ns(self, captured_ns: Nanoseconds) -> Nanoseconds:
        """The first instant at which the law wants it gone, unless an investigation asked for it."""
        month = one_month_after(captured_ns)
        return month if self.authorised_days is None else min(month, days_after(captured_ns, self.authorised_days))

    def expiry_ns(self, captured_ns: Nanoseconds) -> Nanoseconds:
        """The first instant at which it is to be gone by itself: law and doctrine, the stricter."""
        return min(self.ceiling_ns(captured_ns), self._wanted_ns(captured_ns))

    def minimum_ends_ns(self, captured_ns: Nanoseconds) -> Nanoseconds:
        """Until then no hand purges it. Never after the ceiling, which wins."""
        return min(self.ceiling_ns(captured_ns), self._required_ns(captured_ns))

    def terms_of(self, captured_ns: Nanoseconds) -> HourTerms:
        """What it adds to a capture at that instant: the three instants above, each reading of the calendar once."""
        ceiling_ns = self.ceiling_ns(captured_ns)
        instants_ns = (self._wanted_ns(captured_ns), ceiling_ns, self._required_ns(captured_ns))
        return HourTerms(*(min(ceiling_ns, at_ns) - captured_ns for at_ns in instants_ns))

    def _wanted_ns(self, captured_ns: Nanoseconds) -> Nanoseconds:
        """By the doctrine. One that would destroy before the order's minimum yields to it: the law is no doctrine's to
        undercut."""
        if self.doctrine_days is None:
            return _NEVER_NS
        return max(days_after(captured_ns, self.doctrine_days), self._required_ns(captured_ns))

    def _required_ns(self, captured_ns: Nanoseconds) -> Nanoseconds:
        return captured_ns if self.minimum_days == 0 else days_after_at_latest(captured_ns, self.minimum_days)


@dataclass(frozen=True, slots=True)
class RuledPiece:
    """A stretch of footage and the rule it was captured under."""

    span: Span
    rule: RetentionRule


def rule_of(order: Authorisation | None, doctrine: LocalDoctrine) -> RetentionRule:
    """The rule that an order and the doctrine make together."""
    if order is None:
        return RetentionRule("", None, doctrine_days=doctrine.retention_days_max)
    return RetentionRule(order.number, order.retention_days, order.minimum_days, doctrine.retention_days_max)


def rules_over(
    register: AuthorisationRegister, doctrine: LocalDoctrine, camera: CameraId, span: Span
) -> tuple[RuledPiece, ...]:
    """What governed `camera` over `span`, at capture: one piece, or more where another order took over."""
    pieces: list[RuledPiece] = []
    for piece, order in register.governed_pieces(camera, span):
        rule = rule_of(order, doctrine)
        if pieces and pieces[-1].rule == rule:
            pieces[-1] = RuledPiece(Span(pieces[-1].span.from_ns, piece.to_ns), rule)
        else:
            pieces.append(RuledPiece(piece, rule))
    return tuple(pieces)


def expiry_of(pieces: Sequence[RuledPiece]) -> Nanoseconds:
    """When footage that dies as one (a segment) expires: with the first of its instants, under the strictest rule."""
    return min(at + _terms_at(piece.rule, at).expiry_ns for piece in pieces for at in _steps(piece.span))


def ceiling_of(pieces: Sequence[RuledPiece]) -> Nanoseconds:
    """The same for the ceiling of the law."""
    return min(at + _terms_at(piece.rule, at).ceiling_ns for piece in pieces for at in _steps(piece.span))


def minimum_end_of(pieces: Sequence[RuledPiece]) -> Nanoseconds:
    """Until when nobody purges any of it by hand; its ceiling wins."""
    last = max(
        at + _terms_at(piece.rule, at).minimum_ns
        for piece in pieces
        for step in (*_steps(piece.span), piece.span.to_ns)
        for at in (step, step - 1)
        if piece.span.holds(at)
    )
    return min(ceiling_of(pieces), last)


@dataclass(frozen=True, slots=True)
class HourTerms:
    """What one rule adds to every capture of one hour UTC, ns: so 78,000 segments are decided on as columns.

    Within such an hour each reading of the calendar moves all instants by as much (see `_steps`).
    """

    expiry_ns: Nanoseconds
    ceiling_ns: Nanoseconds
    minimum_ns: Nanoseconds


def terms_of_hour(rule: RetentionRule, hour_ns: Nanoseconds) -> HourTerms:
    """`hour_ns`: its first instant, a full hour UTC."""
    return _terms_of_hour(rule.authorised_days, rule.minimum_days, rule.doctrine_days, hour_ns)


def _terms_at(rule: RetentionRule, at_ns: Nanoseconds) -> HourTerms:
    return terms_of_hour(rule, at_ns // _HOUR_NS * _HOUR_NS)


@lru_cache(maxsize=1 << 15)  # an hour is asked for by each camera, and orders of as many days have one answer
def _terms_of_hour(
    authorised_days: int | None, minimum_days: int, doctrine_days: int | None, hour_ns: Nanoseconds
) -> HourTerms:
    return RetentionRule("", authorised_days, minimum_days, doctrine_days).terms_of(hour_ns)


def _steps(span: Span) -> Iterable[Nanoseconds]:
    """The instants of a span at which its earliest expiry can lie.

    Between two full hours UTC an expiry only grows with its capture. Midnights, month ends and DST changes, where it
    can fall back, are full hours UTC in Paris too.
    """
    yield span.from_ns
    yield from range((span.from_ns // _HOUR_NS + 1) * _HOUR_NS, span.to_ns, _HOUR_NS)
