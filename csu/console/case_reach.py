"""Which cases and holds a person may know of: those whose cameras are all of his communes (COM-3).

Another commune's case is told to nobody else, not even that it exists: its number is one that nobody registered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from csu.console.access import RightsDesk
from csu.console.evidence_desk import EvidenceDesk
from csu.console.room import RoomView
from csu.evidence import Case, Hold, HoldRequested
from csu.governance import OUT_OF_SCOPE, Action, Resource, Subject
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import Nanoseconds


@dataclass(frozen=True, slots=True)
class CaseReach:
    """Over the desk of one console."""

    desk: EvidenceDesk | None
    rights: RightsDesk
    room: RoomView

    def case(self, subject: Subject, name: str, at_ns: Nanoseconds) -> Case | None:
        """The case of that number; None: there is none for this person."""
        found = next((case for case in self.desk.cases() if case.case == name), None) if self.desk else None
        return found if found is not None and self.cases(subject, [found], at_ns) else None

    def cases(self, subject: Subject, cases: Iterable[Case], at_ns: Nanoseconds) -> list[Case]:
        """Those of `cases` that this person may know of, in their order."""
        scope = _Scope(self, subject, at_ns)
        return [case for case in cases if scope.holds({span.camera for span in case.act.spans})]

    def holds(self, subject: Subject, at_ns: Nanoseconds) -> list[Hold | HoldRequested]:
        """The holds that this person may know of: asked for first, then placed."""
        if self.desk is None:
            return []
        scope = _Scope(self, subject, at_ns)
        every: Sequence[Hold | HoldRequested] = [*self.desk.hold_requests(), *self.desk.holds()]
        return [hold for hold in every if scope.holds({hold.span.camera})]

    def cameras(self, subject: Subject, at_ns: Nanoseconds) -> frozenset[CameraId]:
        """The cameras of this centre that this person may name."""
        scope = _Scope(self, subject, at_ns)
        return frozenset(camera for camera in scope.communes if scope.holds({camera}))


class _Scope:
    """One person's, at one instant: each commune is asked for once."""

    def __init__(self, reach: CaseReach, subject: Subject, at_ns: Nanoseconds) -> None:
        self._reach, self._subject, self._at_ns = reach, subject, at_ns
        self.communes = {line.record.camera: line.record.commune for line in reach.room.cameras()}
        self._answers: dict[CommuneId, bool] = {}

    def holds(self, cameras: Collection[CameraId]) -> bool:
        """Whether all of them are in it. One that this centre does not know is nobody's: an act may name it."""
        return all(self._is_mine(self.communes[camera]) for camera in cameras if camera in self.communes)

    def _is_mine(self, commune: CommuneId) -> bool:
        if commune not in self._answers:
            resource = Resource(commune=commune)
            decision = self._reach.rights.decide(self._subject, Action.LEGAL_REGISTER_READ, resource, self._at_ns)
            self._answers[commune] = OUT_OF_SCOPE not in decision.rules  # what else is missing, the gate says
        return self._answers[commune]
