"""Between the purge and the requisition desk: what is held and locked, and the locked pictures kept before they go.

What the evidence store holds is not remembered in a second place: after a restart each locked stretch is asked for
again, and `csu.evidence.keep` finds its pieces there (docs/decisions/0035).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from csu.centre.purge.lines import Register
from csu.evidence.case import Case
from csu.evidence.desk import CEILING, RequisitionDesk
from csu.evidence.footage import StoredSegment
from csu.evidence.keep import discard, keep
from csu.evidence.spans import CameraSpan, united
from csu.governance import register_lines
from csu.governance.legal_calendar import day_in_paris
from csu.governance.register_lines import Destroyed, DestructionRule
from csu.governance.spans import Span
from csu.hal.camera import CameraId, CameraRecord, CommuneId
from csu.hal.clock import Nanoseconds
from csu.hal.disk import Disk
from csu.recording.destruction import Footage, Protection


@dataclass(frozen=True, slots=True)
class EvidencePorts:
    """What the keeper needs. `store` is sealed by keys of its own, which no day's key is."""

    desk: Callable[[], RequisitionDesk]
    """As it is now."""
    store: Disk
    stored: Callable[[Footage], StoredSegment | None]
    """The segment, to be read; None: its file is not there. Raises DiskError when its volume does not answer."""
    about: Callable[[CameraId], CameraRecord]
    register: Register
    commune_of: Callable[[CameraId], CommuneId]
    closed: Callable[[str, str, Nanoseconds], None]
    """(case, certificate, now): write the desk's `copy_destroyed`. Raises CsuError."""


class DeskKeeper:
    """A `purge_ports.EvidenceKeeper`. Calls block."""

    def __init__(self, ports: EvidencePorts) -> None:
        self._ports = ports
        self._safe: dict[str, tuple[Span, ...]] = {}

    def protection(self, now_ns: Nanoseconds) -> Protection:
        """See EvidenceKeeper.protection."""
        desk = self._ports.desk()
        holds = united(hold.span for hold in desk.holds if hold.protects(now_ns))
        locks = united(lock.span for lock in desk.locks(now_ns))
        return Protection(_by_camera(holds), _by_camera(locks), dict(self._safe))

    def preserve(self, footage: Footage, spans: Sequence[Span]) -> None:
        """See EvidenceKeeper.preserve."""
        stored = self._ports.stored(footage)
        if stored is not None:
            locked = tuple(CameraSpan(footage.camera, span.from_ns, span.to_ns) for span in spans)
            keep(stored, locked, self._ports.about(footage.camera), self._ports.store)
        # No file: an earlier life of the purge removed it, which it does only when this had returned.
        self._safe[footage.name] = (*self._safe.get(footage.name, ()), *spans)

    def unlocked(self, now_ns: Nanoseconds) -> Sequence[str]:
        """See EvidenceKeeper.unlocked."""
        return [case for case, _ in self._ports.desk().destruction_due(now_ns)]

    def destroy(self, case: str, now_ns: Nanoseconds) -> None:
        """See EvidenceKeeper.destroy. A crash before `closed` makes the lines again: a line too many is not a lie."""
        self._ports.closed(case, self.erase(case, now_ns), now_ns)

    def erase(self, case: str, now_ns: Nanoseconds) -> str:
        """Destroy and register what only this case kept; the number of the last certificate. Raises CsuError."""
        ports, desk = self._ports, self._ports.desk()
        rule = _rule_of(desk.case(case))
        gone = dict(desk.destruction_due(now_ns)).get(case, ())
        still = tuple(span for each in desk.cases if each.case != case for span in each.protects(now_ns))
        certificate = "-"
        for span in gone:
            sizes = self._sizes(span.camera)
            names = discard(ports.store, (span,), still)
            certificate = self._register(span, rule, len(names), sum(sizes.get(name, 0) for name in names), now_ns)
        return certificate

    def _register(
        self, span: CameraSpan, rule: DestructionRule, pieces: int, size_bytes: int, now_ns: Nanoseconds
    ) -> str:
        certificate = "-"
        for day in register_lines.days_of_span(Span(span.from_ns, span.to_ns)):
            is_first = day == day_in_paris(span.from_ns)
            line = Destroyed(
                self._ports.commune_of(span.camera),
                day,
                (span.camera,),
                now_ns,
                rule,
                "given by the register",
                pieces if is_first else 0,
                size_bytes if is_first else 0,
                None,
                register_lines.EVIDENCE_TIERS,
            )
            certificate = self._ports.register.destroy(line).number
        return certificate

    def _sizes(self, camera: CameraId) -> dict[str, int]:
        names = self._ports.store.names(f"locked/{camera}/")
        return {name: self._ports.store.size_bytes(name) for name in names}


def _rule_of(case: Case) -> DestructionRule:
    """Why the copy goes: it was handed over, the law's ceiling came, or a magistrate said so (EXP-6)."""
    if case.handed_over is not None:
        return DestructionRule.HANDED_OVER
    return DestructionRule.HOLD_ENDED if case.lock_ended_by == CEILING else DestructionRule.ORDERED


def _by_camera(spans: Sequence[CameraSpan]) -> dict[CameraId, tuple[Span, ...]]:
    found: dict[CameraId, tuple[Span, ...]] = {}
    for each in spans:
        found[each.camera] = (*found.get(each.camera, ()), Span(each.from_ns, each.to_ns))
    return found
