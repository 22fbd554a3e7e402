"""How far each camera was available, day by day: image received, right view, recorded (TEC-6). A pure core.

A day of 1,300 cameras is two million segments: it is looked through once, and what remains is a line a camera
(`availability_store`). Sums of lines are sums of nanoseconds, so that figures of communes add up to the centre's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from csu.governance.spans import Span, overlap
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.recording.coverage import ACCOUNT_LAG_NS, Accounts, coverage_of, paris_day


@dataclass(frozen=True, slots=True)
class Availability:
    """Of what was expected, how long each of the three was given. Added up, never averaged."""

    expected_ns: int = 0
    """To be recorded by its papers, as far as it could have been told by then."""
    received_ns: int = 0
    """Pictures came, kept or not."""
    viewed_ns: int = 0
    """It looked where its signed masks say (it was in service: not moved, not set aside)."""
    recorded_ns: int = 0

    def __add__(self, other: Availability) -> Availability:
        return Availability(
            self.expected_ns + other.expected_ns,
            self.received_ns + other.received_ns,
            self.viewed_ns + other.viewed_ns,
            self.recorded_ns + other.recorded_ns,
        )

    def share(self, part_ns: int) -> float | None:
        """Of what was expected, 0 to 1; None: nothing was."""
        return part_ns / self.expected_ns if self.expected_ns else None


@dataclass(frozen=True, slots=True)
class CameraDay:
    """One camera on one day of Paris."""

    camera: CameraId
    day: date
    availability: Availability


def day_lines(
    catalogue: Accounts,
    expected: Mapping[CameraId, Sequence[Span]],
    served: Mapping[CameraId, Sequence[Span]],
    day: date,
    *,
    now_ns: Nanoseconds,
) -> list[CameraDay]:
    """The lines of `day`, of each camera of `expected`, by name. Reads the whole day of the catalogue: blocks.

    `expected`: when each was to be recorded. `served`: when it was in service. Both may reach beyond the day.
    """
    from_ns, to_ns = paris_day(day)
    intervals = {camera: [(each.from_ns, each.to_ns) for each in spans] for camera, spans in expected.items()}
    told = Span(from_ns, max(from_ns + 1, min(to_ns, now_ns - ACCOUNT_LAG_NS)))
    lines = []
    for coverage in coverage_of(catalogue, intervals, from_ns, to_ns, now_ns=now_ns):
        wanted = overlap(told, expected[coverage.camera])
        viewed_ns = sum(
            piece.to_ns - piece.from_ns for span in wanted for piece in overlap(span, served.get(coverage.camera, ()))
        )
        availability = Availability(
            coverage.expected_ns,
            coverage.received_ns,
            min(viewed_ns, coverage.expected_ns),
            coverage.recorded_ns + coverage.seams_ns,
        )
        lines.append(CameraDay(coverage.camera, day, availability))
    return lines
