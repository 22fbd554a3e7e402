"""Under which rules footage was captured, asked once a camera and week; what differs when they change. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from csu.governance.retention import RuledPiece
from csu.governance.spans import Span, overlap
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.recording.destruction import Rules

WEEK_NS = 7 * NS_PER_DAY


class KnownRules:
    """`Rules` that remember: an order changes a few times a year, and a minute's round asks 1,300 times."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._weeks: dict[tuple[CameraId, Nanoseconds], tuple[RuledPiece, ...]] = {}

    def __call__(self, camera: CameraId, span: Span) -> Sequence[RuledPiece]:
        """See `Rules`."""
        found: list[RuledPiece] = []
        for week_ns in range(span.from_ns // WEEK_NS * WEEK_NS, span.to_ns, WEEK_NS):
            for piece in self._week(camera, week_ns):
                for part in overlap(piece.span, [span]):
                    if found and found[-1].rule == piece.rule:
                        part = Span(found.pop().span.from_ns, part.to_ns)
                    found.append(RuledPiece(part, piece.rule))
        return tuple(found)

    def refresh(self) -> tuple[Span, ...]:
        """The rules changed: ask all anew. Where a rule is another than it was for any camera, in order."""
        before, self._weeks = self._weeks, {}
        differ = [
            span for (camera, week_ns), old in before.items() for span in _differ(old, self._week(camera, week_ns))
        ]
        if not differ:
            return ()
        return overlap(Span(min(span.from_ns for span in differ), max(span.to_ns for span in differ)), differ)

    def _week(self, camera: CameraId, week_ns: Nanoseconds) -> tuple[RuledPiece, ...]:
        known = self._weeks.get((camera, week_ns))
        if known is None:
            known = self._weeks[camera, week_ns] = tuple(self._rules(camera, Span(week_ns, week_ns + WEEK_NS)))
        return known


def _differ(old: Sequence[RuledPiece], new: Sequence[RuledPiece]) -> Iterable[Span]:
    if old != new:
        for piece in old:
            for other in new:
                if piece.rule != other.rule:
                    yield from overlap(piece.span, [other.span])
