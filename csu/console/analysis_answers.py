"""What the doors of real-time analysis answer. Instants are ns UTC; places are shares of the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from csu.detection.parameters import describe
from csu.detection.signals import Dismissal, Performance, Qualification, Signal
from csu.governance.analysis_switch import SwitchNow
from csu.governance.roles import role_words
from csu.hal.analysis import (
    EVENT_WORDS,
    HEAT_COLUMNS,
    HEAT_ROWS,
    AnalysisAssignment,
    EventType,
    PictureBox,
)
from csu.hal.camera import CameraId, CameraRecord
from csu.hal.clock import Nanoseconds
from csu.hal.words import NO_WORDS, Words
from csu.operations.analysis_zones import CameraDrawing

Point = tuple[float, float]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class AnalysedCamera(_Answer):
    """A camera: whether it is analysed now, until when by which order, or why not."""

    camera: CameraId
    number: int
    name: str
    commune: str
    is_analysed: bool
    why: Words
    order: str
    until_ns: Nanoseconds | None
    types: list[EventType]


class Verdict(_Answer):
    """A word by which a signal may be judged."""

    verdict: str
    is_confirmed: bool
    words: Words


class TypeNamed(_Answer):
    """One of the eight."""

    type: EventType
    words: Words


class AnalysisAnswer(_Answer):
    """`is_stopped`: the kill switch is thrown, by `stopped_as`. `pictures_today`: looked at since midnight in Paris."""

    now_ns: Nanoseconds
    is_stopped: bool
    stopped_as: Words
    pictures_today: int
    types: list[TypeNamed]
    cameras: list[AnalysedCamera]


class SwitchAnswer(_Answer):
    """The kill switch as it is now."""

    is_stopped: bool
    stopped_as: Words


class JudgedAnswer(_Answer):
    """What the asker said of a signal, and when."""

    signal: str
    verdict: str
    at_ns: Nanoseconds


class WaitingSignal(_Answer):
    """A signal that waits for a person. `heat`: rows of 0 to 255. `until_ns`: then it goes, unjudged."""

    signal: str
    camera: CameraId
    number: int
    name: str
    commune: str
    type: EventType
    words: Words
    zone: str
    corners: list[Point]
    since_ns: Nanoseconds
    at_ns: Nanoseconds
    until_ns: Nanoseconds
    boxes: list[PictureBox]
    heat: list[int]
    score: float
    order: str


class SignalsAnswer(_Answer):
    """What waits, and the words to judge it by."""

    now_ns: Nanoseconds
    heat_columns: int
    heat_rows: int
    verdicts: list[Verdict]
    signals: list[WaitingSignal]


class ReportRow(_Answer):
    """One type, camera and light. `precision`: of those that people decided, the share confirmed; None: none was."""

    type: EventType
    words: Words
    camera: CameraId
    name: str
    is_night: bool
    raised: int
    confirmed: int
    doubtful: int
    dismissed: int
    unjudged: int
    precision: float | None


class SignalReportAnswer(_Answer):
    """The account of the last days (VSA-8)."""

    from_ns: Nanoseconds
    to_ns: Nanoseconds
    rows: list[ReportRow]


class ParameterAsked(_Answer):
    """One line of the form of a type."""

    name: str
    words: Words
    default: float
    least: float
    most: float
    is_yes_or_no: bool


class TypeAsked(_Answer):
    """A type that can be drawn for. `unavailable`: why it cannot, here."""

    type: EventType
    words: Words
    unavailable: Words
    needs_lane: bool
    parameters: list[ParameterAsked]


class ZoneDrawn(_Answer):
    """A zone as it is drawn; `parameters`: those that are not at their default."""

    zone: str
    type: EventType
    corners: list[Point]
    lane: tuple[Point, Point] | None
    parameters: dict[str, float]


class DrawingAnswer(_Answer):
    """All that is drawn on a camera's picture, by whom, when; None: never. `is_of_one_view`: the camera turns, and they
    hold only while it looks as it did then."""

    camera: CameraId
    drawn_by: str
    drawn_ns: Nanoseconds | None
    is_of_one_view: bool
    zones: list[ZoneDrawn]
    types: list[TypeAsked]


def analysis_answer(
    cameras: Sequence[tuple[CameraRecord, AnalysisAssignment | None, Words]],
    switch: SwitchNow,
    pictures_today: int,
    now_ns: Nanoseconds,
) -> AnalysisAnswer:
    """Each camera with what is looked for on it now, if anything is, and what its tile says."""
    return AnalysisAnswer(
        now_ns=now_ns,
        is_stopped=switch.is_thrown,
        stopped_as=switch_answer(switch).stopped_as,
        pictures_today=pictures_today,
        types=[TypeNamed(type=type, words=EVENT_WORDS[type]) for type in EventType],
        cameras=[_camera(*each) for each in cameras],
    )


def switch_answer(switch: SwitchNow) -> SwitchAnswer:
    """Who stopped it, as whom."""
    known = switch.is_thrown and switch.role is not None
    return SwitchAnswer(
        is_stopped=switch.is_thrown, stopped_as=role_words(switch.role) if known and switch.role else NO_WORDS
    )


def _camera(record: CameraRecord, given: AnalysisAssignment | None, why: Words) -> AnalysedCamera:
    rules = () if given is None else given.rules
    return AnalysedCamera(
        camera=record.camera,
        number=record.number,
        name=record.name,
        commune=record.commune,
        is_analysed=bool(rules),
        why=why,
        order="" if given is None else given.order,
        until_ns=given.until_ns if given is not None and rules else None,
        types=list(dict.fromkeys(rule.type for rule in rules)),
    )


def signals_answer(
    shown: Sequence[tuple[Signal, CameraRecord, Nanoseconds, Sequence[Point]]], now_ns: Nanoseconds
) -> SignalsAnswer:
    """Each with its camera, when it goes, and the corners of its zone."""
    return SignalsAnswer(
        now_ns=now_ns,
        heat_columns=HEAT_COLUMNS,
        heat_rows=HEAT_ROWS,
        verdicts=[
            *(Verdict(verdict=each, is_confirmed=True, words=each.words) for each in Qualification),
            *(Verdict(verdict=each, is_confirmed=False, words=each.words) for each in Dismissal),
        ],
        signals=[_signal(*each) for each in shown],
    )


def _signal(signal: Signal, record: CameraRecord, until_ns: Nanoseconds, corners: Sequence[Point]) -> WaitingSignal:
    told = signal.told
    return WaitingSignal(
        signal=signal.signal,
        camera=record.camera,
        number=record.number,
        name=record.name,
        commune=record.commune,
        type=told.type,
        words=EVENT_WORDS[told.type],
        zone=told.zone,
        corners=list(corners),
        since_ns=told.since_ns,
        at_ns=told.at_ns,
        until_ns=until_ns,
        boxes=list(told.boxes),
        heat=list(told.heat),
        score=told.score,
        order=told.order,
    )


def report_answer(
    from_ns: Nanoseconds, to_ns: Nanoseconds, rows: Sequence[Performance], names: Mapping[CameraId, str]
) -> SignalReportAnswer:
    """A camera that is gone keeps its identifier."""
    return SignalReportAnswer(
        from_ns=from_ns,
        to_ns=to_ns,
        rows=[
            ReportRow(
                type=row.type,
                words=EVENT_WORDS[row.type],
                camera=row.camera,
                name=names.get(row.camera, row.camera),
                is_night=not row.is_day,
                raised=row.signals,
                confirmed=row.confirmed,
                doubtful=row.doubtful,
                dismissed=row.dismissals,
                unjudged=row.unjudged,
                precision=row.precision,
            )
            for row in rows
        ],
    )


def drawing_answer(
    camera: CameraId, drawing: CameraDrawing | None, unavailable: Mapping[EventType, Words]
) -> DrawingAnswer:
    """What is drawn, and the form of each of the eight."""
    rules = () if drawing is None else drawing.rules
    return DrawingAnswer(
        camera=camera,
        drawn_by="" if drawing is None else drawing.drawn_by,
        drawn_ns=None if drawing is None else drawing.drawn_ns,
        is_of_one_view=drawing is not None and drawing.seen_from is not None,
        zones=[
            ZoneDrawn(
                zone=rule.zone.zone,
                type=rule.type,
                corners=list(rule.zone.corners),
                lane=rule.zone.lane,
                parameters=dict(rule.parameters),
            )
            for rule in rules
        ],
        types=[
            TypeAsked(
                type=type,
                words=EVENT_WORDS[type],
                unavailable=unavailable[type],
                needs_lane=type is EventType.WRONG_WAY,
                parameters=[
                    ParameterAsked(
                        name=each.name,
                        words=each.words,
                        default=each.default,
                        least=each.low,
                        most=each.high,
                        is_yes_or_no=each.is_yes_or_no,
                    )
                    for each in describe(type)
                ],
            )
            for type in EventType
        ],
    )
