"""The lines that retention adds to the legal register: what each camera recorded on a day, and since when it is gone.

Both are derived from what is durable (catalogue, keys, register), so that a crash between a deed and its line loses no
line and makes none twice (LOG-1). Calls block.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from csu.governance.certificates import DestructionCertificate
from csu.governance.legal_calendar import day_in_paris
from csu.governance.legal_register import DayAnswer, Line
from csu.governance.register_lines import CameraSpan, Destroyed, DestructionRule, Recorded, RegisterLine
from csu.governance.spans import Span, overlap
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.keys import KeyName, utc_day
from csu.recording import Catalogue, paris_day
from csu.recording.destruction import LEAD_NS, Rules, last_expiry_ns

RECORDED_AFTER_NS = 120 * NS_PER_MINUTE
"""After the end of a day: its last manifests have come by then, or are lost."""
KEY_SOON_NS = 180 * NS_PER_MINUTE
"""A day in Paris ends an hour or two before the key of its last hours can die: the certificate waits for it."""


class Register(Protocol):
    """What is needed of a `governance.LegalRegister`."""

    def add(self, lines: Sequence[RegisterLine]) -> list[Line]: ...

    def destroy(self, line: Destroyed) -> DestructionCertificate: ...

    def answer(self, day: date, camera: CameraId | None = None) -> DayAnswer: ...


@dataclass(slots=True)
class _Day:
    """What is still to be written of a day."""

    cameras: tuple[CameraId, ...]
    """All there are, recorded or not."""
    pending: dict[CameraId, CommuneId]
    """Recorded, and no line of destruction yet."""
    due_ns: dict[CameraId, Nanoseconds] = field(default_factory=dict)
    was_looked_at_again: bool = False


class RegisterLines:
    """One for each purge. It writes to the register and to nothing else."""

    def __init__(
        self,
        register: Register,
        catalogue: Catalogue,
        commune_of: Callable[[CameraId], CommuneId],
        rules: Rules,
        tiers: tuple[str, ...],
    ) -> None:
        self._register, self._catalogue, self._rules, self._tiers = register, catalogue, rules, tiers
        self._commune_of = commune_of
        self._days: dict[date, _Day] = {}

    def forget(self) -> None:
        """Orders or rules changed."""
        self._days.clear()

    def add_recorded(self, cameras: Collection[CameraId], now_ns: Nanoseconds) -> int:
        """The lines of days that have ended; how many. Raises CatalogueError, RegisterUnavailable, RegisterBroken."""
        added = 0
        for day in self._ended(now_ns):
            if day not in self._days:
                added += self._begin(day, cameras)
        return added

    def add_destroyed(
        self,
        now_ns: Nanoseconds,
        locks: Mapping[CameraId, tuple[Span, ...]],
        key_due_ns: Callable[[KeyName], Nanoseconds],
        is_gone: Callable[[KeyName], bool],
        holders: Callable[[Span], Collection[CameraId]],
        some_are_away: bool = False,
    ) -> list[DestructionCertificate]:
        """One line and certificate for each day (Paris) and commune whose footage of some cameras is wholly gone.

        `holders`: cameras of which a tier holds a file that begins in a span. `some_are_away`: copies may lie where
        nobody can look now; then only dead keys certify. Raises as `add_recorded`, and DiskError.
        """
        made = []
        for day, held in sorted(self._days.items()):
            span = Span(*paris_day(day))
            is_done = held.was_looked_at_again and not held.pending
            if is_done or not self._is_due(held, span, now_ns):
                continue
            if not held.was_looked_at_again:  # a node may have told of minutes of that day long after
                self._begin(day, held.cameras)
                held = self._days[day]
                held.was_looked_at_again = True
            by_commune: dict[CommuneId, list[CameraId]] = defaultdict(list)
            for camera, commune in held.pending.items():
                if self._due_ns(held, camera, span) <= now_ns + LEAD_NS:
                    by_commune[commune].append(camera)
            for commune, cameras in sorted(by_commune.items()):
                keys = [KeyName(commune, each) for each in (utc_day(span.from_ns), utc_day(span.to_ns - 1))]
                shredded = all(is_gone(key) for key in keys)
                if not shredded and (some_are_away or max(map(key_due_ns, keys)) <= now_ns + KEY_SOON_NS):
                    continue
                there = holders(span)
                gone = [camera for camera in cameras if camera not in there and not self._lives(camera, span)]
                if not gone:
                    continue
                line = self._line(commune, day, span, gone, now_ns, locks, shredded=shredded)
                made.append(self._register.destroy(line))
                for camera in gone:
                    del held.pending[camera]
        return made

    # -- inside -------------------------------------------------------------------------------------------------------

    def _ended(self, now_ns: Nanoseconds) -> Iterable[date]:
        days = self._catalogue.days()
        if not days:
            return
        day = days[0] - timedelta(days=1)  # its first hours may belong to a day of Paris that began in the one before
        last = day_in_paris(now_ns - RECORDED_AFTER_NS)
        while day < last:
            yield day
            day += timedelta(days=1)

    def _begin(self, day: date, cameras: Collection[CameraId]) -> int:
        span = Span(*paris_day(day))
        answer = self._register.answer(day)
        told = {line.camera: line.commune for line in answer.recorded}
        gone = {camera for line in answer.destroyed if line.rule is _RULE for camera in line.cameras}
        if told and gone >= told.keys() and day not in self._days:  # of a catalogue that is kept for long
            self._days[day] = _Day((), {})
            return 0
        accounts = self._catalogue.accounts(cameras, span.from_ns, span.to_ns)
        lines: list[RegisterLine] = []
        for camera in sorted(cameras):
            # A segment counts where it begins, as everywhere in the catalogue: none is told, or destroyed, twice.
            pieces = accounts[camera].recorded_ns
            pieces = pieces[(pieces[:, 0] >= span.from_ns) & (pieces[:, 0] < span.to_ns)]
            if camera in told or not len(pieces):
                continue
            commune = self._commune_of(camera)
            found = Span(int(pieces[:, 0].min()), int(pieces[:, 1].max()))
            lines.append(Recorded(camera, commune, day, found, max(1, _length_ns(pieces) // NS_PER_S)))
            told[camera] = commune
        if lines:
            self._register.add(lines)
        self._days[day] = _Day(
            tuple(cameras), {camera: commune for camera, commune in told.items() if camera not in gone}
        )
        return len(lines)

    def _due_ns(self, held: _Day, camera: CameraId, span: Span) -> Nanoseconds:
        if camera not in held.due_ns:
            held.due_ns[camera] = last_expiry_ns(self._rules(camera, span))
        return held.due_ns[camera]

    def _is_due(self, held: _Day, span: Span, now_ns: Nanoseconds) -> bool:
        return any(self._due_ns(held, camera, span) <= now_ns + LEAD_NS for camera in held.cameras)

    def _lives(self, camera: CameraId, span: Span) -> bool:
        return self._catalogue.living(span.from_ns, span.to_ns, [camera]).segments > 0

    def _line(
        self,
        commune: CommuneId,
        day: date,
        span: Span,
        cameras: list[CameraId],
        now_ns: Nanoseconds,
        locks: Mapping[CameraId, tuple[Span, ...]],
        *,
        shredded: bool,
    ) -> Destroyed:
        segments = [
            row
            for camera in cameras
            for row in self._catalogue.segments(camera, span.from_ns, span.to_ns, with_destroyed=True)
            if span.holds(row.start_ns)
        ]
        kept = [CameraSpan(camera, part) for camera in cameras for part in overlap(span, locks.get(camera, ()))]
        return Destroyed(
            commune,
            day,
            tuple(sorted(cameras)),
            now_ns,
            _RULE,
            "given by the register",
            len(segments),
            sum(row.size_bytes for row in segments),
            now_ns if shredded else None,
            self._tiers,
            tuple(kept),
        )


_RULE = DestructionRule.RETENTION


def _length_ns(pieces: NDArray[np.int64]) -> int:
    """Nanoseconds in at least one piece."""
    ordered = pieces[np.argsort(pieces[:, 0])]
    ends = np.maximum.accumulate(ordered[:, 1])
    begins = np.maximum(ordered[1:, 0], ends[:-1])
    first = int(ordered[0, 1] - ordered[0, 0])
    return first + int(np.maximum(ends[1:] - begins, 0).sum())
