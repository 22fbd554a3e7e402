"""May this person do this, to that, at that instant? The one decision point of the centre's doors.

`Rights` establishes facts (papers of the person, orders of the camera, state of the case) at the date asked;
`policies.cedar` says which of them each action needs. Pure: no clock, and nothing is remembered between two questions,
so that a withdrawal counts at the next one. Whoever holds a session asks again at least every minute (ACC-2, AUT-6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from csu.governance import policies
from csu.governance.approvals import Clearance, Designation, PrefectApproval
from csu.governance.authorisation_register import AuthorisationRegister
from csu.governance.decision import Decision
from csu.governance.mask_register import same_person
from csu.governance.purposes import Purpose
from csu.governance.roles import OWN, SECOND_PERSON, UNJOURNALED, USES, Action, Role
from csu.governance.spans import Span, without
from csu.governance.ticketing import OffenceClass, Swearing
from csu.hal.camera import CameraId, CommuneId
from csu.hal.clock import NS_PER_MINUTE, Nanoseconds

ACCOMPANIED_NS_MAX = 60 * NS_PER_MINUTE
"""A maintenance session that sees pictures [D]: ACC-6 wants it time-boxed and gives no figure."""

OUT_OF_SCOPE = "com-3.out-of-scope"
"""The rule by which a person is refused what lies in a commune that is not his."""
OWN_COMMUNE_ONLY = frozenset({Role.COMMUNE_DELEGATE, Role.SERVICE_USER, Role.MAYOR})
"""They see figures of the communes that their account names, and nothing that is of no commune."""
_SCOPED = frozenset({Role.OPERATOR, Role.ROOM_CHIEF, Role.VERBALISER, Role.EVIDENCE_CLERK})
"""Territorial agents: they see the communes of their papers of that date, no others (COM-3)."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks, with the papers that the centre holds of him: never what he says of himself."""

    person: str
    role: Role
    strong_login: bool
    """This session was opened with a second factor on a personal account (ACC-6)."""
    designation: Designation | None = None
    approval: PrefectApproval | None = None
    is_municipal_police: bool = False
    """Needs no prefect's approval for viewing (L132-14-1); a designation all the same."""
    clearance: Clearance | None = None
    communes: frozenset[CommuneId] = frozenset()
    """Of a delegate, an elected official or a service: whose figures these are."""
    swearing: Swearing | None = None
    """Of a verbalising agent."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed before, and as whom."""

    person: str
    role: Role


@dataclass(frozen=True, slots=True)
class Companion:
    """Who sits beside a technician, and for how long."""

    person: str
    role: Role
    span: Span


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case as the requisition desk has it now."""

    case: str
    is_released: bool
    """Validated by a second person, and its copy not yet destroyed."""
    spans: tuple[tuple[CameraId, Span], ...]
    officer: str
    """Who requisitioned."""
    is_access_request: bool = False
    """By a person filmed (DPO-2), not by an officer."""


@dataclass(frozen=True, slots=True)
class DeportFacts:
    """An image deport as it stands now (OPS-4)."""

    recipient: str
    """The account that it is for."""
    cameras: tuple[CameraId, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Resource:
    """What is asked for. Empty fields: the action is not about them."""

    camera: CameraId | None = None
    span: Span | None = None
    commune: CommuneId | None = None
    """Of figures; a camera's is known."""
    purpose: Purpose | None = None
    case: CaseFacts | None = None
    first: Signature | None = None
    companion: Companion | None = None
    reason: str = ""
    deport: DeportFacts | None = None
    """By which the camera is to be seen; None: by none."""
    offence: OffenceClass | None = None
    """Of a ticket."""


class Rights:
    """Decides over one state of the orders."""

    def __init__(self, register: AuthorisationRegister) -> None:
        self._register = register

    def decide(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> Decision:
        """The answer, to be journaled before anything follows where it says so (LOG-2): refusals always (LOG-3)."""
        decision = policies.answer(subject.role, action, self._facts(subject, action, resource, at_ns))
        if decision.rule == "aut.camera-closed" and resource.camera is not None:
            why = self._register.may_view_live(resource.camera, at_ns)
            decision = replace(decision, reason=why.reason, source=why.source)
        if decision.rule == "vvb-3.not-designated" and resource.camera is not None:
            why = self._register.may_ticket(resource.camera, at_ns)
            decision = replace(decision, reason=why.reason, source=why.source)
        return replace(decision, must_journal=not decision.permitted or action not in UNJOURNALED)

    def _facts(self, subject: Subject, action: Action, resource: Resource, at_ns: Nanoseconds) -> dict[str, bool]:
        case, term = resource.case, subject.designation
        in_scope = action in OWN or self._in_scope(subject, resource, at_ns)
        camera = resource.camera if in_scope else None  # of one that is not his, nobody learns how it stands
        designated = term is not None and term.term.span.holds(at_ns) and self._may_view(term.service, camera, at_ns)
        approved = subject.approval is not None and subject.approval.fault(at_ns) is None
        return {
            "strong_login": subject.strong_login,
            "designated": designated,
            "approved": subject.is_municipal_police or approved,
            "in_scope": in_scope,
            "camera_open": not in_scope or self._is_open(camera, at_ns),
            "purpose_held": action not in USES or self._purpose_held(resource, at_ns),
            "sworn": action not in USES or self._is_sworn(subject.swearing, resource, at_ns),
            "camera_tickets": action not in USES or self._tickets(camera, at_ns),
            "cleared": self._cleared(subject.clearance, camera, at_ns),
            "deport_open": _deport_open(subject, resource, at_ns),
            "case_released": case is not None and case.is_released,
            "within_case": _within_case(action, resource),
            "own_case": case is not None and _own_case(subject, case),
            "second_person": _second_person(subject, action, resource.first),
            "accompanied": _accompanied(subject, resource.companion, at_ns),
            "reason_given": bool(resource.reason.strip()) or case is not None,
        }

    def _may_view(self, service: str, camera: CameraId | None, at_ns: Nanoseconds) -> bool:
        """Whether the order of the camera lets that service view (L252-2). Without a camera there is nothing to see."""
        if camera is None:
            return True
        order = self._register.governing(camera, at_ns)
        return order is None or service in order.viewers

    def _is_open(self, camera: CameraId | None, at_ns: Nanoseconds) -> bool:
        return camera is not None and self._register.may_view_live(camera, at_ns).permitted

    def _cleared(self, clearance: Clearance | None, camera: CameraId | None, at_ns: Nanoseconds) -> bool:
        if clearance is None or camera is None or not clearance.counts(at_ns):
            return False
        order = self._register.governing(camera, at_ns)
        return order is not None and clearance.service in order.recipients

    def _purpose_held(self, resource: Resource, at_ns: Nanoseconds) -> bool:
        if resource.camera is None or resource.purpose is None:
            return False
        return self._register.may_use(resource.camera, resource.purpose, at_ns).permitted

    def _is_sworn(self, swearing: Swearing | None, resource: Resource, at_ns: Nanoseconds) -> bool:
        if swearing is None or resource.camera is None or resource.offence is None:
            return False
        return swearing.covers(resource.offence, self._register.commune_of(resource.camera), at_ns)

    def _tickets(self, camera: CameraId | None, at_ns: Nanoseconds) -> bool:
        return camera is not None and self._register.may_ticket(camera, at_ns).permitted

    def _in_scope(self, subject: Subject, resource: Resource, at_ns: Nanoseconds) -> bool:
        commune = resource.commune
        if resource.camera is not None:
            commune = self._register.commune_of(resource.camera)
            if commune is None:
                return False
        if subject.role in OWN_COMMUNE_ONLY:
            return commune is not None and commune in subject.communes
        if subject.role not in _SCOPED or commune is None:
            return True
        designation, approval = subject.designation, subject.approval
        if designation is None or not designation.term.span.holds(at_ns) or commune not in designation.communes:
            return False
        if subject.is_municipal_police:
            return True
        return approval is not None and approval.fault(at_ns) is None and commune in approval.communes


def _deport_open(subject: Subject, resource: Resource, at_ns: Nanoseconds) -> bool:
    """It is for this very account, holds this camera, and is not over."""
    deport = resource.deport
    if deport is None or deport.recipient != subject.person:
        return False
    return resource.camera in deport.cameras and deport.span.holds(at_ns)


def _within_case(action: Action, resource: Resource) -> bool:
    """The whole interval asked lies in what the act names; a package handed over is the case's own."""
    case = resource.case
    if case is None:
        return False
    if resource.camera is None or resource.span is None:
        return action is Action.HAND_OVER
    named = [span for camera, span in case.spans if camera == resource.camera]
    return not without(resource.span, named)


def _own_case(subject: Subject, case: CaseFacts) -> bool:
    if subject.role is Role.DPO:
        return case.is_access_request
    return not case.is_access_request and same_person(case.officer, subject.person)


def _second_person(subject: Subject, action: Action, first: Signature | None) -> bool:
    if action not in SECOND_PERSON:
        return True
    if first is None or not first.person.strip():
        return False
    return first.role in SECOND_PERSON[action] and not same_person(first.person, subject.person)


def _accompanied(subject: Subject, companion: Companion | None, at_ns: Nanoseconds) -> bool:
    if companion is None or not companion.person.strip() or same_person(companion.person, subject.person):
        return False
    lasts_ns = companion.span.to_ns - companion.span.from_ns
    may_accompany = companion.role in (Role.CSU_MANAGER, Role.ROOM_CHIEF)
    return may_accompany and companion.span.holds(at_ns) and lasts_ns <= ACCOMPANIED_NS_MAX
