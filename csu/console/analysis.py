"""Real-time analysis over HTTP: what is analysed and why, signals to judge, zones to draw, the kill switch (VSA-7, 8).

No door of these calls, opens or identifies anything: a judged signal is judged, and that is all (VSA-6). Lists are cut
to the asker's communes; a camera or signal of another is refused like one that does not exist (COM-3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from csu.console.access import About, Asked, Door, Question, Unknown, live_camera, opens
from csu.console.analysis_answers import (
    AnalysisAnswer,
    DrawingAnswer,
    JudgedAnswer,
    SignalReportAnswer,
    SignalsAnswer,
    SwitchAnswer,
    analysis_answer,
    drawing_answer,
    report_answer,
    signals_answer,
    switch_answer,
)
from csu.console.gate import SUBJECT, Gate
from csu.console.refusals import Refusal, Refused
from csu.console.room import RoomView
from csu.detection.parameters import ParameterRefused, parameters_of
from csu.detection.signals import (
    Dismissal,
    JudgementRefused,
    Performance,
    Qualification,
    Signal,
    SignalDismissed,
    SignalId,
    SignalQualified,
    SignalUnknown,
)
from csu.governance import Action, Author, Resource, Subject
from csu.governance.analysis_switch import SwitchNow
from csu.governance.errors import AnalysisSwitchRefused
from csu.governance.journal_entry import Ground
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import Clock, Nanoseconds
from csu.hal.words import Words
from csu.operations.analysis_zones import CORNERS_MAX, DRAWN_MAX, CameraDrawing, DrawingRefused

BODY_BYTES_MAX = 65_536
SIGNALS_STAND_S = 30.0

SignalName = Annotated[str, Path(pattern=r"^[\w-]{1,64}$")]
CameraName = Annotated[str, Path(max_length=64)]
Share = Annotated[float, Field(ge=0, le=1)]
Point = tuple[Share, Share]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=300, strip_whitespace=True)]


class AnalysisDesk(Protocol):
    """What the console needs of the centre's analysis."""

    def tells(self, camera: CameraId) -> Words:
        """Until when it is analysed, or why it is not."""
        ...

    def given(self) -> Sequence[AnalysisAssignment]:
        """What is looked at now."""
        ...

    def switch(self) -> SwitchNow:
        """The kill switch."""
        ...

    def drawing(self, camera: CameraId) -> CameraDrawing | None:
        """What is drawn on its picture."""
        ...

    def unavailable(self, camera: CameraId, type: EventType) -> Words:
        """Why that type cannot be looked for there; no words: it can."""
        ...

    async def pictures_today(self) -> int:
        """Looked at since midnight in Paris, of all cameras. 0 is a figure."""
        ...

    async def draw(self, camera: CameraId, rules: tuple[ZoneRule, ...], person: str) -> CameraDrawing:
        """These zones from now on. Raises DrawingRefused; CsuError: the former ones count."""
        ...

    async def stop(self, by: Author, reason: str) -> None:
        """Nothing is analysed any more when it returns. Raises AnalysisSwitchRefused."""
        ...

    async def resume(self, by: Author, reason: str) -> None:
        """Raises AnalysisSwitchRefused; CsuError: it stays stopped."""
        ...


class SignalsDesk(Protocol):
    """What the console needs of the signals of a centre."""

    def waiting(self) -> Sequence[Signal]:
        """Oldest first."""
        ...

    def due_at_ns(self, signal: Signal) -> Nanoseconds:
        """When it goes, unjudged."""
        ...

    async def judge(
        self, signal: SignalId, outcome: Qualification | Dismissal, person: str
    ) -> SignalQualified | SignalDismissed:
        """Raises SignalUnknown, JudgementRefused; CsuError: it waits as before."""
        ...

    async def report(self) -> tuple[Nanoseconds, Nanoseconds, Sequence[Performance]]:
        """[from, to) and how each type did, as people judged it."""
        ...


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgementTold(_Told):
    """One word of the closed list: no description of anybody is ever written (LOG-5)."""

    verdict: Qualification | Dismissal


class StopTold(_Told):
    """Why."""

    reason: Reason


class ZoneTold(_Told):
    """A zone in shares of the picture. `lane`: from where, to where; only a wrong way asks for it."""

    zone: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
    type: EventType
    corners: Annotated[list[Point], Field(min_length=3, max_length=CORNERS_MAX)]
    lane: tuple[Point, Point] | None = None
    parameters: Annotated[dict[str, float], Field(max_length=32)] = {}


class ZonesTold(_Told):
    """All zones of a camera: these and no others."""

    zones: Annotated[list[ZoneTold], Field(max_length=DRAWN_MAX)]


def add_analysis_doors(
    app: FastAPI, desk: AnalysisDesk | None, signals: SignalsDesk | None, room: RoomView, gate: Gate, clock: Clock
) -> None:
    """Into `app` itself. None: this centre has none; its doors say so."""
    _add_state(app, desk, room, gate, clock)
    _add_switch(app, desk)
    _add_zones(app, desk, room)
    _add_signals(app, desk, signals, room, gate, clock)


def _add_state(app: FastAPI, desk: AnalysisDesk | None, room: RoomView, gate: Gate, clock: Clock) -> None:
    @app.get("/api/analysis")
    @opens(Door("analysis", Action.ANALYSIS_READ))
    async def analysis(request: Request) -> AnalysisAnswer:
        """Whether anything may be analysed, and of each of the asker's cameras whether it is, and why."""
        there = _there(desk)
        cameras = [line.record for line in gate.listed(_subject(request), room.cameras())]
        given = {each.camera: each for each in there.given()}
        told = [(record, given.get(record.camera), there.tells(record.camera)) for record in cameras]
        return analysis_answer(told, there.switch(), await there.pictures_today(), clock.now_ns())


def _add_switch(app: FastAPI, desk: AnalysisDesk | None) -> None:
    @app.post("/api/analysis/stop")
    @opens(Door("analysis/stop", Action.ANALYSIS_STOP, _for_a_reason, body_bytes_max=BODY_BYTES_MAX))
    async def stop(request: Request, told: StopTold) -> SwitchAnswer:
        """The kill switch: when this answers nothing is analysed any more, anywhere."""
        try:
            await _there(desk).stop(_author(_subject(request)), told.reason)
        except AnalysisSwitchRefused as error:
            raise Refused(Refusal.ANALYSIS_REFUSED, where="analysis", cause=error) from error
        return switch_answer(_there(desk).switch())

    @app.post("/api/analysis/resume")
    @opens(Door("analysis/resume", Action.ANALYSIS_RESUME, _for_a_reason, body_bytes_max=BODY_BYTES_MAX))
    async def resume(request: Request, told: StopTold) -> SwitchAnswer:
        """Let it go on where orders in force allow it."""
        try:
            await _there(desk).resume(_author(_subject(request)), told.reason)
        except AnalysisSwitchRefused as error:
            raise Refused(Refusal.ANALYSIS_REFUSED, where="analysis", cause=error) from error
        return switch_answer(_there(desk).switch())


def _add_zones(app: FastAPI, desk: AnalysisDesk | None, room: RoomView) -> None:
    def answered(camera: CameraId) -> DrawingAnswer:
        there = _there(desk)
        return drawing_answer(
            camera, there.drawing(camera), {type: there.unavailable(camera, type) for type in EventType}
        )

    @app.get("/api/analysis/cameras/{camera}/zones")
    @opens(Door("analysis/zones", Action.ANALYSIS_READ, _of_camera(room)))
    async def zones(camera: CameraName) -> DrawingAnswer:
        """What is drawn on a camera's picture, and what each type can be set to. A drawing permits nothing."""
        return answered(_known(room, camera))

    @app.put("/api/analysis/cameras/{camera}/zones")
    @opens(Door("analysis/draw", Action.ANALYSIS_ZONE_DRAW, _of_camera(room), body_bytes_max=BODY_BYTES_MAX))
    async def draw(request: Request, camera: CameraName, told: ZonesTold) -> DrawingAnswer:
        """These zones, and no others. 409: a shape, a name or a parameter that cannot be."""
        known, there = _known(room, camera), _there(desk)
        try:
            rules = tuple(_rule(each) for each in told.zones)
            await there.draw(known, rules, _subject(request).person)
        except (ParameterRefused, DrawingRefused) as error:
            raise Refused(Refusal.ZONES_REFUSED, where="analysis", cause=error) from error
        return answered(known)


def _add_signals(
    app: FastAPI,
    desk: AnalysisDesk | None,
    signals: SignalsDesk | None,
    room: RoomView,
    gate: Gate,
    clock: Clock,
) -> None:
    @app.get("/api/analysis/signals")
    @opens(Door("signals", Action.SIGNAL_READ, stands_s=SIGNALS_STAND_S))
    async def waiting(request: Request) -> SignalsAnswer:
        """What waits for a person, oldest first; of cameras that the asker may watch."""
        subject, there = _subject(request), _signals(signals)
        records = {line.record.camera: line.record for line in gate.listed(subject, room.cameras())}
        shown = [
            (each, records[each.told.camera], there.due_at_ns(each), _corners(desk, each))
            for each in there.waiting()
            if each.told.camera in records and gate.permits(subject, Action.SIGNAL_JUDGE, each.told.camera)
        ]
        return signals_answer(shown, clock.now_ns())

    @app.post("/api/analysis/signals/{signal}/judge")
    @opens(Door("signals/judge", Action.SIGNAL_JUDGE, _one_signal(signals)))
    async def judge(request: Request, signal: SignalName, told: JudgementTold) -> JudgedAnswer:
        """Qualify or dismiss it, by name. 404: it does not wait, or not for the asker."""
        try:
            judged = await _signals(signals).judge(SignalId(signal), told.verdict, _subject(request).person)
        except SignalUnknown as error:
            raise Refused(Refusal.SIGNAL_UNKNOWN, where="signal", cause=error) from error
        except JudgementRefused as error:
            raise Refused(Refusal.ANALYSIS_REFUSED, where="signal", cause=error) from error
        return JudgedAnswer(signal=signal, verdict=judged.outcome, at_ns=judged.at_ns)

    @app.get("/api/analysis/report")
    @opens(Door("signals/report", Action.SIGNAL_REPORT_READ))
    async def report() -> SignalReportAnswer:
        """How each type did, by camera, by day and by night, as people judged it (VSA-8)."""
        names = {line.record.camera: line.record.name for line in room.cameras()}
        return report_answer(*await _signals(signals).report(), names)


def _rule(told: ZoneTold) -> ZoneRule:
    """Raises ParameterRefused."""
    zone = AnalysisZone(told.zone, tuple(told.corners), told.lane)
    rule = ZoneRule(zone, told.type, tuple(sorted(told.parameters.items())))
    parameters_of(rule)
    return rule


def _corners(desk: AnalysisDesk | None, signal: Signal) -> tuple[tuple[float, float], ...]:
    drawing = None if desk is None else desk.drawing(signal.told.camera)
    rules = () if drawing is None else drawing.rules
    return next((rule.zone.corners for rule in rules if rule.zone.zone == signal.told.zone), ())


def _one_signal(signals: SignalsDesk | None) -> About:
    async def about(question: Question) -> Asked:
        """The camera that it is of; nothing of the URL for one that does not wait."""
        name = str(question.path.get("signal", ""))
        waiting = () if signals is None else signals.waiting()
        found = next((each for each in waiting if each.signal == name), None)
        unknown = None if signals is None else Unknown(Refusal.SIGNAL_UNKNOWN, "signal", is_there=found is not None)
        if found is None:
            return Asked(ground=Ground.LIVE_WATCH, unknown=unknown)
        asked = live_camera(question, found.told.camera)
        return Asked(asked.resources, asked.data, Ground.LIVE_WATCH, unknown=unknown)

    return about


def _of_camera(room: RoomView) -> About:
    async def about(question: Question) -> Asked:
        """The commune of the camera: its picture is not asked for here."""
        name = str(question.path.get("camera", ""))
        found = next((line.record for line in room.cameras() if line.record.camera == name), None)
        unknown = Unknown(Refusal.CAMERA_UNKNOWN, "analysis", is_there=found is not None)
        resources = (Resource(commune=found.commune),) if found is not None else (Resource(),)
        return Asked(resources, ground=Ground.CONFIGURATION, unknown=unknown)

    return about


async def _for_a_reason(question: Question) -> Asked:
    """The reason lies with what is entered; the journal knows that there is one (LOG-3)."""
    try:
        told = json.loads(question.body)
    except (ValueError, RecursionError):
        told = None
    reason = told.get("reason", "") if isinstance(told, Mapping) else ""
    return Asked((Resource(reason=reason if isinstance(reason, str) else ""),), ground=Ground.CONFIGURATION)


def _known(room: RoomView, camera: str) -> CameraId:
    if not any(line.record.camera == camera for line in room.cameras()):
        raise Refused(Refusal.CAMERA_UNKNOWN, where="analysis")
    return CameraId(camera)


def _subject(request: Request) -> Subject:
    subject: Subject = request.scope[SUBJECT]
    return subject


def _author(subject: Subject) -> Author:
    return Author(subject.person, subject.role.value)


def _there(desk: AnalysisDesk | None) -> AnalysisDesk:
    if desk is None:
        raise Refused(Refusal.ANALYSIS_ABSENT, where="analysis")
    return desk


def _signals(desk: SignalsDesk | None) -> SignalsDesk:
    if desk is None:
        raise Refused(Refusal.ANALYSIS_ABSENT, where="analysis")
    return desk
