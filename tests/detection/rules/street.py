"""A street of numbers: a camera that looks straight down (`PX_PER_M` everywhere), people and things as boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from csu.detection.observed import Finding, Motion, Observed, Rule, Tracked
from csu.detection.rules import RulesMade, make_rules
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ObjectClass, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.frames import YuvPlanes

WIDTH, HEIGHT = SIZE = (640, 360)
PX_PER_M = 20.0
RATE = 5
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
GREY = 110
NOBODY = np.zeros((0, 4), np.float32)
START_S = 1000.0

Box = tuple[float, float, float, float]


class Plan:
    """A `Ground` in which a pixel is 5 cm everywhere, x to the right and y down."""

    def to_ground(self, points_px):
        return np.asarray(points_px, np.float64) / PX_PER_M

    def to_picture(self, points_m):
        return np.asarray(points_m, np.float64) * PX_PER_M

    def px_per_m(self, foot_px):
        return PX_PER_M


PLAN = Plan()


def grey(luma: np.ndarray | None = None) -> YuvPlanes:
    y = np.full((HEIGHT, WIDTH), GREY, np.uint8) if luma is None else luma
    colour = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    return YuvPlanes(y, colour, colour)


EMPTY = grey()


def boxes(*given: Box) -> np.ndarray:
    return np.array(given, np.float32).reshape(-1, 4)


def person(track: int, x_m: float, y_m: float, speed=(0.0, 0.0), *, since_s=0.0, seen=True, box: Box | None = None):
    """Somebody 1.75 m high and 0.6 m wide whose foot is at (x, y) metres."""
    return thing_of(track, ObjectClass.PERSON, x_m, y_m, (0.6, 1.75), speed, since_s, seen, box)


def car(track: int, x_m: float, y_m: float, speed=(0.0, 0.0), *, since_s=0.0, seen=True):
    return thing_of(track, ObjectClass.CAR, x_m, y_m, (4.2, 1.5), speed, since_s, seen)


def thing_of(track, kind, x_m, y_m, size_m, speed=(0.0, 0.0), since_s=0.0, seen=True, box=None) -> Tracked:
    x, y, wide, high = (each * PX_PER_M for each in (x_m, y_m, *size_m))
    return Tracked(
        track,
        kind,
        box or (x - wide / 2, y - high, x + wide / 2, y),
        (x_m, y_m),
        speed,
        (speed[0] * PX_PER_M, speed[1] * PX_PER_M),
        round((START_S + since_s) * NS_PER_S),
        seen,
    )


def blob(x_m: float, y_m: float, wide_m: float, high_m: float) -> Box:
    """The box of what stands at (x, y)."""
    x, y, wide, high = (each * PX_PER_M for each in (x_m, y_m, wide_m, high_m))
    return (x - wide / 2, y - high, x + wide / 2, y)


def seen(
    at_s: float,
    tracks: Sequence[Tracked] = (),
    *,
    still: Iterable[Box] = (),
    moving: Iterable[Box] = (),
    changed=False,
    detected=True,
    energy: np.ndarray | None = None,
    planes: YuvPlanes = EMPTY,
    hidden: np.ndarray | None = None,
) -> Observed:
    """One picture, `at_s` after the start."""
    if energy is None:
        energy = np.zeros((90, 160), np.uint8)
    motion = Motion(boxes(*moving), boxes(*still), changed, energy)
    return Observed(round((START_S + at_s) * NS_PER_S), SIZE, motion, tracks, detected, planes, hidden)


def times(seconds: float, from_s: float = 0.0) -> list[float]:
    """The instants of pictures, RATE a second."""
    return [from_s + step / RATE for step in range(round(seconds * RATE))]


def made(type_: EventType, ground=PLAN, corners=WHOLE, lane=None, measuring=(), **parameters: float) -> RulesMade:
    zone = AnalysisZone("z1", corners, lane)
    assignment = AnalysisAssignment(CameraId("cam-0001"), (ZoneRule(zone, type_, tuple(parameters.items())),))
    return make_rules(assignment, ground, SIZE, measuring=measuring)


def rule(type_: EventType, **more) -> Rule:
    """The one rule of a camera."""
    found = made(type_, **more)
    assert not found.unavailable, found.unavailable
    return found.rules[0]


def told(of: Rule, pictures: Iterable[Observed]) -> list[Finding]:
    return [finding for picture in pictures for finding in of.step(picture)]


def seconds_of(findings: Iterable[Finding]) -> list[float]:
    return [round(finding.at_ns / NS_PER_S - START_S, 3) for finding in findings]
