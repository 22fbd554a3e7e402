"""One hour of living footage in columns: which of its 78,000 segments are due now, and when to look again.

Pure. The rules are asked once for each camera. Where one rule governs and nothing is held or locked the verdict of
`plan_governed` is worked out for whole columns; everywhere else it is asked for, segment by segment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from csu.governance.retention import RuledPiece, terms_of_hour
from csu.governance.spans import Span, overlap
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MS, Nanoseconds
from csu.recording.destruction import (
    HOUR_NS,
    LEAD_NS,
    DestructionPlan,
    Footage,
    Protection,
    Rules,
    earlier,
    plan_governed,
)
from csu.recording.kept import LivingSegments

NOBODY = CommuneId("-")
"""Footage of a camera that no list names: no key can be told from it, and it goes all the same."""
_NEVER_NS = np.int64(2**62)


class HourFootage:
    """The living segments that begin in one hour UTC, as the catalogue knew them when this was made."""

    def __init__(
        self, span: Span, living: LivingSegments, rules: Rules, communes: Mapping[CameraId, CommuneId]
    ) -> None:
        """Make another one when the rules, the communes or the catalogue change."""
        self.span, self._living, self._rules, self._communes = span, living, rules, communes
        self._is_there = np.ones(len(living.camera), np.bool_)
        self._names = _names(living.camera, living.start_ns, span)
        self._index_of = {camera: index for index, camera in enumerate(living.cameras)}
        self._last_ns = int(living.end_ns.max(initial=span.to_ns))
        pieces = [rules(camera, Span(span.from_ns, self._reach_ns)) for camera in living.cameras]
        self._pieces: list[Sequence[RuledPiece]] = pieces
        self._is_odd = np.array([len(of_camera) != 1 for of_camera in pieces], np.bool_)
        """By camera: more than one rule governed it in this hour or the next."""
        unlawful = np.array([any(not piece.rule.order for piece in of_camera) for of_camera in pieces], np.bool_)
        self._is_unlawful = unlawful[living.camera]
        self._expiry_ns, self._minimum_ns = self._instants()
        self._is_exact = self._minimum_ns > self._expiry_ns - LEAD_NS
        self._again_ns = np.maximum(self._expiry_ns - LEAD_NS, np.minimum(self._expiry_ns, self._minimum_ns))

    def plan(self, now_ns: Nanoseconds, protection: Protection) -> DestructionPlan:
        """What is to be done now with what is still there: `plan_destruction`, for an hour."""
        apart = self._apart(protection)
        plan = plan_governed(
            ((self._footage(row), self._pieces_of(row)) for row in np.flatnonzero(apart).tolist()), protection, now_ns
        )
        plain = self._is_there & ~apart
        # What an order wants kept to the last instant is not taken before it; else the round comes before the expiry.
        due = plain & (self._expiry_ns <= np.where(self._minimum_ns > now_ns, now_ns, now_ns + LEAD_NS))
        waits = plain & ~due
        return replace(
            plan,
            destroy=(*plan.destroy, *map(self._footage, np.flatnonzero(due).tolist())),
            next_ns=earlier(plan.next_ns, _first(self._again_ns[waits])),
            exact_ns=earlier(plan.exact_ns, _first(self._again_ns[waits & self._is_exact])),
            unlawful=plan.unlawful + int((plain & self._is_unlawful).sum()),
            late_ns=max(plan.late_ns, now_ns - int(self._expiry_ns[due].min()) if due.any() else 0),
        )

    def forget(self, gone: Iterable[Footage]) -> None:
        """These are destroyed: they are planned no more."""
        known = [each for each in gone if each.camera in self._index_of]
        cameras = np.array([self._index_of[each.camera] for each in known], np.int64)
        self._is_there &= ~np.isin(
            self._names, _names(cameras, np.array([each.span.from_ns for each in known], np.int64), self.span)
        )

    def begun(self) -> set[tuple[CameraId, Nanoseconds]]:
        """(camera, begin) of all that is there, the begin cut to the millisecond as in the name of a file."""
        rows = np.flatnonzero(self._is_there)
        cameras = [self._living.cameras[index] for index in self._living.camera[rows].tolist()]
        return set(zip(cameras, (self._living.start_ns[rows] // NS_PER_MS * NS_PER_MS).tolist(), strict=True))

    def of_cameras(self, cameras: Collection[CameraId]) -> list[Footage]:
        """What is there of these cameras."""
        wanted = np.array([camera in cameras for camera in self._living.cameras], np.bool_)
        return [self._footage(row) for row in np.flatnonzero(self._is_there & wanted[self._living.camera]).tolist()]

    # -- inside -------------------------------------------------------------------------------------------------------

    @property
    def _reach_ns(self) -> Nanoseconds:
        return self.span.to_ns + HOUR_NS

    def _instants(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n,), (n,): `expiry_of` and `minimum_end_of` each segment that one rule governs and that ends in time."""
        living, next_ns = self._living, self.span.to_ns
        terms = [
            (terms_of_hour(of_camera[0].rule, self.span.from_ns), terms_of_hour(of_camera[0].rule, next_ns))
            for of_camera in self._pieces
        ]

        def of_row(hour: int, name: str) -> NDArray[np.int64]:
            of_camera = np.array([getattr(each[hour], name) for each in terms], np.int64)
            row: NDArray[np.int64] = of_camera[living.camera]
            return row

        reaches = living.end_ns > next_ns

        def first(name: str) -> NDArray[np.int64]:
            then = np.where(reaches, next_ns + of_row(1, name), _NEVER_NS)
            instants_ns: NDArray[np.int64] = np.minimum(living.start_ns + of_row(0, name), then)
            return instants_ns

        last_ns = living.end_ns - 1
        here, there = of_row(0, "minimum_ns"), of_row(1, "minimum_ns")
        minimum_ns = np.where(reaches, np.maximum(next_ns - 1 + here, last_ns + there), last_ns + here)
        return first("expiry_ns"), np.minimum(first("ceiling_ns"), minimum_ns)

    def _apart(self, protection: Protection) -> NDArray[np.bool_]:
        """(n,): what is there and is looked at segment by segment."""
        cameras = self._is_odd.copy()
        for camera in protection.holds.keys() | protection.locks.keys():
            if camera in self._index_of:
                spans = (*protection.holds.get(camera, ()), *protection.locks.get(camera, ()))
                cameras[self._index_of[camera]] |= any(
                    span.from_ns < self._last_ns and self.span.from_ns < span.to_ns for span in spans
                )
        return self._is_there & (cameras[self._living.camera] | (self._living.end_ns > self._reach_ns))

    def _pieces_of(self, row: int) -> Sequence[RuledPiece]:
        living = self._living
        index, span = int(living.camera[row]), Span(int(living.start_ns[row]), int(living.end_ns[row]))
        if span.to_ns > self._reach_ns:
            return self._rules(living.cameras[index], span)
        return [RuledPiece(part, each.rule) for each in self._pieces[index] for part in overlap(each.span, [span])]

    def _footage(self, row: int) -> Footage:
        living = self._living
        camera = living.cameras[int(living.camera[row])]
        span = Span(int(living.start_ns[row]), int(living.end_ns[row]))
        return Footage(camera, self._communes.get(camera, NOBODY), span, int(living.size_bytes[row]))


def _first(instants_ns: NDArray[np.int64]) -> Nanoseconds | None:
    return int(instants_ns.min()) if len(instants_ns) else None


def _names(camera: NDArray[np.int32] | NDArray[np.int64], start_ns: NDArray[np.int64], hour: Span) -> NDArray[np.int64]:
    """(n,): what two rows have in common that name the same file."""
    return camera.astype(np.int64) * (HOUR_NS // NS_PER_MS) + (start_ns - hour.from_ns) // NS_PER_MS
