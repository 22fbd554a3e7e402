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
from csu.recording import Catalogue, CatalogueTotals, paris_day
from csu.recording.destruction import LEAD_NS, Rules, last_expiry_ns
from csu.recording.kept import CameraSums

RECORDED_AFTER_NS = 120 * NS_PER_MINUTE
"""After the end of a day: its last manifests have come by then, or are lost."""
KEY_SOON_NS = 180 * NS_PER_MINUTE
"""A day in Paris ends an hour or two before the key of its last hours can die: the certificate waits for it."""


SUMS_KEPT_MAX = 4
"""Stretches: a day of Paris, its two of UTC, and one more."""


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
    first_due_ns: Nanoseconds | None = None
    """The least of all its cameras'."""
    was_looked_at_again: bool = False


class SumsKept:
    """What cameras recorded over a stretch, read again when the catalogue knows something else of it: a whole day is
    28,000 pages, and its commune's lines and its keys ask for the same."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[Span, tuple[object, dict[CameraId, CameraSums]]] = {}

    def of(self, span: Span) -> Mapping[CameraId, CameraSums]:
        """By camera; one that recorded nothing is not in it. Raises CatalogueError."""
        version = self._catalogue.version(span.from_ns, span.to_ns)
        known = self._known.get(span)
        if known is not None and known[0] == version:
            return known[1]
        sums = self._catalogue.sums_by_camera(span.from_ns, span.to_ns)
        self._known.pop(span, None)
        self._known[span] = version, sums
        if len(self._known) > SUMS_KEPT_MAX:
            del self._known[next(iter(self._known))]
        return sums


class RegisterLines:
    """One for each purge. It writes to the register and to nothing else."""

    def __init__(
        self,
        register: Register,
        catalogue: Catalogue,
        commune_of: Callable[[CameraId], CommuneId],
        rules: Rules,
        tiers: tuple[str, ...],
        sums: SumsKept,
    ) -> None:
        self._register, self._catalogue, self._rules, self._tiers = register, catalogue, rules, tiers
        self._sums = sums
        self._commune_of = commune_of
        self._days: dict[date, _Day] = {}

    def forget(self) -> None:
        """Orders or rules changed: what is written stays written, what is due is worked out again."""
        for held in self._days.values():
            held.due_ns.clear()
            held.first_due_ns = None

    def add_recorded(self, days: Sequence[date], cameras: Collection[CameraId], now_ns: Nanoseconds) -> int:
        """The lines of days that have ended; how many. Raises CatalogueError, RegisterUnavailable, RegisterBroken.

        `days`: the catalogue's, the oldest first.
        """
        added, ended, known = 0, list(_ended(days, now_ns)), tuple(cameras)
        self._days = {day: held for day, held in self._days.items() if ended and day >= ended[0]}
        for day in ended:
            held = self._days.get(day)
            if held is None:
                added += self._begin(day, cameras)
            elif held.cameras and not held.was_looked_at_again and held.cameras != known:
                held.cameras, held.first_due_ns = known, None
        return added

    def is_closed(self, day: date) -> bool:
        """Whether all that was recorded on a day (Paris) has its line, and its line of destruction."""
        held = self._days.get(day)
        return held is not None and not held.pending and (held.was_looked_at_again or not held.cameras)

    def add_destroyed(
        self,
        now_ns: Nanoseconds,
        locks: Mapping[CameraId, tuple[Span, ...]],
        key_due_ns: Callable[[KeyName], Nanoseconds],
        is_gone: Callable[[KeyName], bool],
        holders: Callable[[Span, Collection[CameraId]], Collection[CameraId]],
        some_are_away: bool = False,
    ) -> list[DestructionCertificate]:
        """One line and certificate for each day (Paris) and commune whose footage of some cameras is wholly gone.

        `holders`: of these cameras, those of which a tier holds a file that begins in a span. `some_are_away`: copies
        may lie where nobody can look now; then only dead keys certify. Raises as `add_recorded`, and DiskError.
        """
        made = []
        for day, held in sorted(self._days.items()):
            is_done = held.was_looked_at_again and not held.pending
            if is_done or not self._is_due(held, day, now_ns):
                continue
            span = Span(*paris_day(day))
            if not held.was_looked_at_again:  # a node may have told of minutes of that day long after
                held = self._look_again(day, held)
            by_commune: dict[CommuneId, list[CameraId]] = defaultdict(list)
            for camera, commune in held.pending.items():
                if self._due_ns(held, camera, span) <= now_ns + LEAD_NS:
                    by_commune[commune].append(camera)
            for commune, cameras in sorted(by_commune.items()):
                keys = [KeyName(commune, each) for each in (utc_day(span.from_ns), utc_day(span.to_ns - 1))]
                shredded = all(is_gone(key) for key in keys)
                if not shredded and (some_are_away or max(map(key_due_ns, keys)) <= now_ns + KEY_SOON_NS):
                    continue
                there, sums = holders(span, cameras), self._sums.of(span)
                gone = [each for each in cameras if each not in there and not (each in sums and sums[each].living)]
                if not gone:
                    continue
                line = self._line(commune, day, span, gone, now_ns, locks, shredded=shredded)
                made.append(self._register.destroy(line))
                for camera in gone:
                    del held.pending[camera]
        return made

    # -- inside -------------------------------------------------------------------------------------------------------

    def _begin(self, day: date, cameras: Collection[CameraId]) -> int:
        told, gone = self._told(day)
        if told and gone >= told.keys():  # of a catalogue that is kept for long
            self._days[day] = _Day((), {})
            return 0
        # The lines of a day are written together: where there are some, who came late waits for the second look.
        added = 0 if told else self._add(day, cameras, told)
        self._days[day] = _Day(tuple(cameras), {camera: told[camera] for camera in told.keys() - gone})
        return added

    def _look_again(self, day: date, held: _Day) -> _Day:
        told, gone = self._told(day)
        self._add(day, held.cameras, told)
        pending = {camera: told[camera] for camera in told.keys() - gone}
        again = self._days[day] = _Day(held.cameras, pending, held.due_ns, was_looked_at_again=True)
        return again

    def _told(self, day: date) -> tuple[dict[CameraId, CommuneId], set[CameraId]]:
        """What the register says was recorded, and what of it is destroyed."""
        answer = self._register.answer(day)
        gone = {camera for line in answer.destroyed if line.rule is _RULE for camera in line.cameras}
        return {line.camera: line.commune for line in answer.recorded}, gone

    def _add(self, day: date, cameras: Collection[CameraId], told: dict[CameraId, CommuneId]) -> int:
        """Lines of cameras that are not in `told`, which learns of them."""
        span = Span(*paris_day(day))
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
        return len(lines)

    def _due_ns(self, held: _Day, camera: CameraId, span: Span) -> Nanoseconds:
        if camera not in held.due_ns:
            held.due_ns[camera] = last_expiry_ns(self._rules(camera, span))
        return held.due_ns[camera]

    def _is_due(self, held: _Day, day: date, now_ns: Nanoseconds) -> bool:
        if held.first_due_ns is None and held.cameras:
            span = Span(*paris_day(day))
            held.first_due_ns = min(self._due_ns(held, camera, span) for camera in held.cameras)
        return held.first_due_ns is not None and held.first_due_ns <= now_ns + LEAD_NS

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
        sums = self._sums.of(span)
        recorded = sum((sums[camera].recorded for camera in cameras if camera in sums), CatalogueTotals())
        kept = [CameraSpan(camera, part) for camera in cameras for part in overlap(span, locks.get(camera, ()))]
        return Destroyed(
            commune,
            day,
            tuple(sorted(cameras)),
            now_ns,
            _RULE,
            "given by the register",
            recorded.segments,
            recorded.bytes,
            now_ns if shredded else None,
            self._tiers,
            tuple(kept),
        )


_RULE = DestructionRule.RETENTION


def _ended(days: Sequence[date], now_ns: Nanoseconds) -> Iterable[date]:
    """Days of Paris that are over."""
    if not days:
        return
    day = days[0] - timedelta(days=1)  # its first hours may belong to a day of Paris that began in the one before
    last = day_in_paris(now_ns - RECORDED_AFTER_NS)
    while day < last:
        yield day
        day += timedelta(days=1)


def _length_ns(pieces: NDArray[np.int64]) -> int:
    """Nanoseconds in at least one piece."""
    ordered = pieces[np.argsort(pieces[:, 0])]
    ends = np.maximum.accumulate(ordered[:, 1])
    begins = np.maximum(ordered[1:, 0], ends[:-1])
    first = int(ordered[0, 1] - ordered[0, 0])
    return first + int(np.maximum(ends[1:] - begins, 0).sum())
