"""What was analysed, against what the scenario allows: orders, law, switch, the cameras' own papers (VSA-1 to 3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from sim.analysis_node import LookedAt
from sim.analysis_run import CityAnalysis, Journaled
from sim.intervals import Interval, difference, length_ns, union
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.orders import Prefecture

STARTS_WITHIN_NS = 120 * NS_PER_S
"""What is allowed is looked at by then: a journal may be out of order for a while, a centre may be down."""


def judge_analysed_by_order(
    stage: Stage, analysed: CityAnalysis, prefecture: Prefecture, looked_at: Sequence[LookedAt]
) -> Judgement:
    """No picture outside an order, not by an instant; what an order asks for is looked at; all of it is accounted for,
    and the journal has each beginning before it, and each end."""
    office = analysed.office
    worst_ns, told = 0, list[Words]()
    spans: dict[CameraId, list[Interval]] = {}
    for each in looked_at:
        spans.setdefault(each.camera, []).append((each.start_ns, each.end_ns))
        for rule in each.rules:
            if not office.is_ordered(each.camera, each.order, rule.type):
                told.append(
                    _words(each.camera, f"{rule.type} hors de {each.order}", f"{rule.type} not of {each.order}")
                )
    for commune in stage.city.communes:
        for camera in commune.cameras:
            seen = union(spans.get(camera.camera, ()))
            lawful = difference(office.lawful(camera.camera), prefecture.closed(camera.camera))
            wrong, missing = difference(seen, lawful), _missing(stage, lawful, seen)
            for length, fr, en in ((length_ns(wrong), *_WRONG), (missing, *_MISSING)):
                if length:
                    worst_ns = max(worst_ns, length)
                    seconds = f"{length / NS_PER_S:g} s"
                    told.append(_words(camera.camera, f"{seconds} {fr}", f"{seconds} {en}"))
        told += _unjournaled(stage, analysed.journaled, looked_at, [camera.camera for camera in commune.cameras])
    pictures, accounted = sum(each.pictures for each in looked_at), analysed.pictures_accounted(stage.ends_ns)
    if accounted != pictures and not stage.downtimes:
        told.append(
            _words("centre", f"{accounted} images au compte, {pictures} analysées", f"{accounted} of {pictures}")
        )
    return judged("analysed_by_order", told, len(stage.witness.cameras), worst_ns / NS_PER_S, "s")


_WRONG = ("analysées hors de tout arrêté", "analysed outside any order")
_MISSING = ("permises et pas analysées", "allowed and not analysed")


def _unjournaled(
    stage: Stage, journaled: Sequence[Journaled], looked_at: Sequence[LookedAt], cameras: Sequence[CameraId]
) -> Iterator[Words]:
    """Cameras that were looked at before their entry, or whose end has none in time."""
    for camera in cameras:
        entries = [each for each in journaled if camera in each.cameras]
        for start_ns, end_ns in union((each.start_ns, each.end_ns) for each in looked_at if each.camera == camera):
            before = [each.step for each in entries if each.at_ns <= start_ns]
            if before[-1:] != ["start"]:
                yield _words(camera, "analysée sans entrée au journal", "analysed without an entry in the journal")
            due_ns = end_ns + STARTS_WITHIN_NS
            ended = any(end_ns <= each.at_ns <= due_ns and each.step != "start" for each in entries)
            if due_ns < stage.ends_ns and not ended and not stage.downtimes:
                yield _words(camera, "fin absente du journal", "its end is not in the journal")


def _missing(stage: Stage, lawful: Sequence[Interval], seen: Sequence[Interval]) -> Nanoseconds:
    """How much was allowed, and begun too late, or never; each stretch has its time to begin."""
    due = [(start_ns + STARTS_WITHIN_NS, min(end_ns, stage.ends_ns)) for start_ns, end_ns in lawful]
    down = [(start_ns, end_ns + STARTS_WITHIN_NS) for start_ns, end_ns in stage.downtimes]
    return length_ns(difference(union(due), [*seen, *down]))


def _words(where: str, fr: str, en: str) -> Words:
    return Words(fr, en).at(where)
