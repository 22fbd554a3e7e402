"""A person as a body of limbs: where its joints are, standing, walking, running, sitting, falling, lying.

Lengths are shares of the body's height; x forward, y to its left, z up, (0, 0, 0) between its feet.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

Joints = NDArray[np.float32]


class Pace(IntEnum):
    STAND = 0
    WALK = 1
    RUN = 2
    SIT = 3


class J(IntEnum):
    """Rows of a body's joints. Of a pair: left, then right."""

    PELVIS = 0
    CHEST = 1
    NECK = 2
    HEAD = 3
    SHOULDER = 4
    ELBOW = 6
    HAND = 8
    HIP = 10
    KNEE = 12
    ANKLE = 14
    TOE = 16


COUNT = 18
PHASES = 10
"""Pictures of one walking cycle (two steps)."""
STRIDE = {Pace.STAND: 1.0, Pace.WALK: 0.82, Pace.RUN: 1.35, Pace.SIT: 1.0}
"""What one cycle covers, in heights of the body."""


@dataclass(frozen=True, slots=True)
class Stance:
    """How a body is held. `phase`: 0 to PHASES - 1. `pitch_deg`: 0 upright, 90 on its face; `curl`: limbs drawn in."""

    pace: Pace
    phase: int = 0
    pitch_deg: int = 0
    curl: int = 0


def joints(stance: Stance) -> Joints:
    """(COUNT, 3) of a body in that stance."""
    places = _seated() if stance.pace is Pace.SIT else _on_its_legs(stance)
    if stance.pitch_deg:
        places = _pitched(places, stance.pitch_deg)
    return places


def _on_its_legs(stance: Stance) -> Joints:
    swing, bend, arm, elbow, lean = {
        Pace.WALK: (0.46, 0.75, 0.42, 0.25, 0.04),
        Pace.RUN: (0.80, 1.35, 0.75, 1.45, 0.16),
    }.get(stance.pace, (0.05, 0.0, 0.05, 0.15, 0.0))
    turn = 2 * pi * stance.phase / PHASES
    curled = 0.55 * stance.curl
    found = np.zeros((COUNT, 3), np.float32)
    legs = []
    for side, left in ((0, 1.0), (1, -1.0)):
        thigh = swing * left * sin(turn) + curled
        knee = bend * max(0.0, cos(turn + (0.35 if side == 0 else pi + 0.35))) + 1.6 * curled
        hip = np.array([0.0, 0.058 * left, 0.0])
        at_knee = hip + 0.245 * np.array([sin(thigh), 0.0, -cos(thigh)])
        shin = thigh - knee
        ankle = at_knee + 0.24 * np.array([sin(shin), 0.0, -cos(shin)])
        ankle[1] = 0.05 * left if stance.pace is not Pace.STAND else 0.075 * left
        toe = ankle + np.array([0.085 * cos(min(0.0, shin)), 0.012 * left, -0.03 + 0.085 * sin(min(0.0, shin))])
        legs.append((hip, at_knee, ankle, toe))
    pelvis_z = 0.035 - min(leg[2][2] for leg in legs)
    for side, (hip, at_knee, ankle, toe) in enumerate(legs):
        for row, place in ((J.HIP, hip), (J.KNEE, at_knee), (J.ANKLE, ankle), (J.TOE, toe)):
            found[row + side] = place
            found[row + side, 2] += pelvis_z
    found[J.PELVIS] = (0.0, 0.0, pelvis_z)
    _put_trunk(found, lean, 0.06 * sin(turn) * (stance.pace is not Pace.STAND))
    _put_arms(found, arm * sin(turn), elbow + curled, 0.07)
    return found


def _seated() -> Joints:
    found = np.zeros((COUNT, 3), np.float32)
    for side, left in ((0, 1.0), (1, -1.0)):
        found[J.HIP + side] = (-0.02, 0.06 * left, 0.28)
        found[J.KNEE + side] = (0.22, 0.08 * left, 0.29)
        found[J.ANKLE + side] = (0.24, 0.08 * left, 0.045)
        found[J.TOE + side] = (0.32, 0.09 * left, 0.02)
    found[J.PELVIS] = (-0.02, 0.0, 0.28)
    _put_trunk(found, 0.08, 0.0)
    _put_arms(found, 0.45, 0.7, 0.05)
    return found


def _put_trunk(found: Joints, lean: float, twist: float) -> None:
    foot = found[J.PELVIS]
    up = np.array([sin(lean), 0.0, cos(lean)], np.float32)
    found[J.CHEST], found[J.NECK] = foot + 0.24 * up, foot + 0.335 * up
    found[J.HEAD] = foot + 0.405 * up + np.array([0.012, 0.0, 0.0], np.float32)
    for side, left in ((0, 1.0), (1, -1.0)):
        found[J.SHOULDER + side] = foot + 0.295 * up + np.array([-twist * left * 0.6, 0.105 * left, 0.0], np.float32)


def _put_arms(found: Joints, swing: float, elbow: float, out: float) -> None:
    for side, left in ((0, 1.0), (1, -1.0)):
        upper = -swing * left
        fore = upper + elbow
        at = found[J.SHOULDER + side]
        found[J.ELBOW + side] = at + np.array([0.165 * sin(upper), out * 0.6 * left, -0.165 * cos(upper)], np.float32)
        found[J.HAND + side] = found[J.ELBOW + side] + np.array(
            [0.15 * sin(fore), 0.01 * left, -0.15 * cos(fore)], np.float32
        )


def _pitched(places: Joints, pitch_deg: int) -> Joints:
    """Tipped forward about the feet; a body that lies rests on the ground by its thickness."""
    angle = radians(pitch_deg)
    x, z = places[:, 0].copy(), places[:, 2].copy()
    tipped = places.copy()
    tipped[:, 0] = x * cos(angle) + z * sin(angle)
    tipped[:, 2] = z * cos(angle) - x * sin(angle)
    tipped[:, 2] += max(0.0, 0.05 - float(tipped[:, 2].min())) + 0.03 * sin(angle)
    tipped[:, 0] -= 0.45 * sin(angle)  # a fall goes down where it stood: the middle of the body stays near
    return tipped
