"""The requisition desk over HTTP: register an act, take its steps, read where cases stand.

Thin: who may is the gate's, what the case allows is the desk's. A route acts on the case that the gate decided upon,
not on what the request says: it reads `Asked`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, FastAPI, Path, Request

from csu.console.access import Asked, Door, opens
from csu.console.case_answers import (
    CaseAnswer,
    HandOverTold,
    OfferTold,
    PrepareTold,
    ReasonTold,
    ReceiptTold,
    RequisitionTold,
    SealTold,
    case_answer,
)
from csu.console.case_file import CaseFileAnswer, case_file
from csu.console.case_questions import CASE_PATTERN, CaseQuestions
from csu.console.case_reach import CaseReach
from csu.console.case_steps import steps_of
from csu.console.evidence_desk import EvidenceDesk, officer_of
from csu.console.gate import ADMITTED_AT_NS, ASKED, SUBJECT
from csu.console.refusals import Refusal, Refused
from csu.evidence import Case
from csu.governance import Action, Signature, Subject

CaseName = Annotated[str, Path(pattern=CASE_PATTERN, description="Number of the case, as the desk gave it")]
READ_STANDS_S = 55.0
"""A page looks again and again: one decision and one entry hold that long."""


def add_case_doors(app: FastAPI, reach: CaseReach) -> None:
    """All routes of cases, into `app` itself: an included router would answer beside the gate."""
    questions = CaseQuestions(reach)
    _add_readings(app.router, reach, questions)
    _add_own(app.router, reach, questions)
    _add_filing(app.router, reach, questions)
    _add_steps(app.router, reach, questions)
    _add_reasoned_steps(app.router, reach, questions)
    _add_package_steps(app.router, reach, questions)
    _add_hand_over(app.router, reach, questions)
    _add_receipt(app.router, reach, questions)


def _add_readings(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.get("/api/cases")
    @opens(Door("cases/list", Action.LEGAL_REGISTER_READ, stands_s=READ_STANDS_S))
    async def cases(request: Request) -> list[CaseAnswer]:
        """Every case of the asker's communes and where it stands."""
        desk, scope = there(reach.desk), request.scope
        seen = reach.cases(scope[SUBJECT], desk.cases(), scope[ADMITTED_AT_NS])
        return [case_answer(case, desk) for case in seen]

    @router.get("/api/cases/{case}")
    @opens(Door("cases/one", Action.LEGAL_REGISTER_READ, questions.step, stands_s=READ_STANDS_S))
    async def one(request: Request, case: CaseName) -> CaseFileAnswer:
        """One case, with its history and its lines in the legal register."""
        desk, found = there(reach.desk), found_case(request, reach, case)
        steps = steps_of(found, request.scope[SUBJECT], reach.rights, desk, request.scope[ADMITTED_AT_NS])
        return case_file(found, desk, steps, await desk.transmitted(case))


def _add_own(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.get("/api/own-cases")
    @opens(Door("cases/own", Action.CASE_FOLLOW, questions.own, stands_s=READ_STANDS_S))
    async def own(request: Request) -> list[CaseAnswer]:
        """The cases of the officer who asks, and no other."""
        desk, person = there(reach.desk), request.scope[SUBJECT].person
        return [case_answer(case, desk) for case in desk.cases() if officer_of(case) == person]

    @router.get("/api/own-cases/{case}")
    @opens(Door("cases/own-one", Action.CASE_FOLLOW, questions.step, stands_s=READ_STANDS_S))
    async def own_one(request: Request, case: CaseName) -> CaseFileAnswer:
        """One of them, with its history and the receipt to sign."""
        desk, found = there(reach.desk), found_case(request, reach, case)
        steps = steps_of(found, request.scope[SUBJECT], reach.rights, desk, request.scope[ADMITTED_AT_NS])
        return case_file(found, desk, steps, tells_others=False)


def _add_filing(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.put("/api/cases/{case}", status_code=201)
    @opens(Door("cases/file", Action.CASE_FILE, questions.new_case))
    async def file(request: Request, case: CaseName, act: RequisitionTold) -> CaseAnswer:
        """Register an act as it came, complete or not. 409: the number is taken. 404: a camera of another commune."""
        scope, desk = request.scope, there(reach.desk)
        if scope[ASKED].case != case:
            raise Refused(Refusal.REQUEST_INVALID, where="case")  # the journal could not name it
        told = act.requisition()
        strange = {span.camera for span in told.spans} - reach.cameras(scope[SUBJECT], scope[ADMITTED_AT_NS])
        if strange & {line.record.camera for line in reach.room.cameras()}:
            raise Refused(Refusal.CAMERA_UNKNOWN, where="case")
        return case_answer(await desk.receive(case, told, signature_of(request)), desk)


def _add_steps(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    """Steps that need nothing but a name: POST /api/cases/{case}/check and the like. 409: not in this state."""

    def step(
        name: str, action: Action, told: str, take: Callable[[EvidenceDesk, str, Signature], Awaitable[Case]]
    ) -> None:
        @router.post(f"/api/cases/{{case}}/{name}", name=name, description=told)
        @opens(Door(f"cases/{name}", action, questions.step))
        async def taken(request: Request, case: CaseName) -> CaseAnswer:
            desk = there(reach.desk)
            found_case(request, reach, case)
            return case_answer(await take(desk, case, signature_of(request)), desk)

    step(
        *("check", Action.CASE_CHECK, "Look the act through: checked, or rejected with every reason"),
        lambda desk, case, by: desk.check(case, by),
    )
    step(
        *("lock", Action.LOCK_PLACE, "Keep exactly the act's instants from destruction"),
        lambda desk, case, by: desk.lock(case, by),
    )
    step(
        *("release", Action.CASE_RELEASE, "Another person than who prepared it releases it"),
        lambda desk, case, by: desk.validate(case, by),
    )


def _add_reasoned_steps(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    """Steps that need a reason or a reference."""

    def step(
        name: str, action: Action, told: str, take: Callable[[EvidenceDesk, str, str, Signature], Awaitable[Case]]
    ) -> None:
        @router.post(f"/api/cases/{{case}}/{name}", name=name, description=told)
        @opens(Door(f"cases/{name}", action, questions.step))
        async def taken(request: Request, case: CaseName, why: ReasonTold) -> CaseAnswer:
            desk = there(reach.desk)
            found_case(request, reach, case)
            return case_answer(await take(desk, case, why.reason, signature_of(request)), desk)

    step(
        *("reject", Action.CASE_CHECK, "Reject an act for what no program can see: the reason is told"),
        lambda desk, case, reason, by: desk.reject(case, reason, by),
    )
    step(
        *("return", Action.CASE_RELEASE, "The second person found the package wrong: it is to be prepared again"),
        lambda desk, case, reason, by: desk.return_package(case, reason, by),
    )
    step(
        *("end-lock", Action.LOCK_END, "A magistrate ends the lock: the reason is the reference of the instruction"),
        lambda desk, case, reason, by: desk.end_lock(case, reason, by),
    )
    step(
        *("copy-destroyed", Action.COPY_DESTROY, "The centre's copy is gone: the reason is the certificate's number"),
        lambda desk, case, reason, by: desk.copy_destroyed(case, reason, by),
    )


def _add_package_steps(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.post("/api/cases/{case}/prepare")
    @opens(Door("cases/prepare", Action.CASE_PREPARE, questions.step))
    async def prepare(request: Request, case: CaseName, told: PrepareTold) -> CaseAnswer:
        """Make the package of what the act names, sealed to the officer's key."""
        desk = there(reach.desk)
        found_case(request, reach, case)
        return case_answer(await desk.prepare(case, told.recipients, signature_of(request)), desk)


def _add_hand_over(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.post("/api/cases/{case}/hand-over")
    @opens(Door("cases/hand-over", Action.HAND_OVER, questions.whole_case))
    async def hand_over(request: Request, case: CaseName, told: HandOverTold) -> CaseAnswer:
        """It leaves, against a receipt on paper and a seal number."""
        desk = there(reach.desk)
        found_case(request, reach, case)
        return case_answer(await desk.hand_over(case, told.hand_over(), signature_of(request)), desk)

    @router.post("/api/cases/{case}/offer")
    @opens(Door("cases/offer", Action.HAND_OVER, questions.whole_case))
    async def offer(request: Request, case: CaseName, told: OfferTold) -> CaseAnswer:
        """It lies ready on its support: the officer who asked signs for it here."""
        desk, found = there(reach.desk), found_case(request, reach, case)
        offered = told.hand_over(found.act.officer)
        return case_answer(await desk.offer(case, offered, signature_of(request)), desk)


def _add_receipt(router: APIRouter, reach: CaseReach, questions: CaseQuestions) -> None:
    @router.post("/api/cases/{case}/seal")
    @opens(Door("cases/seal", Action.SEAL_ADD, questions.step))
    async def seal(request: Request, case: CaseName, told: SealTold) -> CaseAnswer:
        """The officer gives the number of the scellé of what lies ready."""
        desk = there(reach.desk)
        found_case(request, reach, case)
        return case_answer(await desk.add_seal(case, told.seal, signature_of(request)), desk)

    @router.post("/api/cases/{case}/receipt")
    @opens(Door("cases/receipt", Action.RECEIPT_SIGN, questions.step))
    async def receipt(request: Request, case: CaseName, told: ReceiptTold) -> CaseAnswer:
        """The officer signs the receipt that he read: it is handed over."""
        desk = there(reach.desk)
        found_case(request, reach, case)
        return case_answer(await desk.sign_receipt(case, told.sha256, signature_of(request)), desk)


def there(desk: EvidenceDesk | None) -> EvidenceDesk:
    if desk is None:
        raise Refused(Refusal.CASES_ABSENT, where="cases")
    return desk


def found_case(request: Request, reach: CaseReach, case: str) -> Case:
    """The case that the gate decided upon. Raises Refused: there is none, or none for this person."""
    asked: Asked = request.scope[ASKED]
    found = next((each for each in there(reach.desk).cases() if each.case == asked.case), None)
    if found is None or found.case != case:
        raise Refused(Refusal.CASE_UNKNOWN, where=case)
    return found


def signature_of(request: Request) -> Signature:
    subject: Subject = request.scope[SUBJECT]
    return Signature(subject.person, subject.role)
