"""People on foot: bodies of limbs that walk their routes. A pure function of seed and time."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from sim.street.dice import Dice
from sim.street.route import Floats, Route
from sim.street.world import Colour, Street

WALKERS_PER_100_M = 5.5
_COATS: tuple[Colour, ...] = (
    (60, 60, 150),
    (150, 110, 60),
    (70, 110, 70),
    (60, 140, 190),
    (190, 190, 200),
    (50, 50, 60),
    (120, 120, 60),
    (40, 90, 160),
)
_TROUSERS: tuple[Colour, ...] = ((90, 60, 40), (50, 48, 46), (110, 104, 96), (70, 90, 110))
_SKINS: tuple[Colour, ...] = ((160, 190, 226), (120, 156, 200), (70, 98, 140), (52, 70, 104))
_HAIRS: tuple[Colour, ...] = ((30, 34, 40), (46, 70, 100), (80, 130, 180), (150, 150, 152))

STRIDE = 0.84
"""Two steps, in heights of the body."""

_PHASES = 64

JOINTS = 14
"""Rows of a body: neck, head, 2 shoulders, 2 elbows, 2 hands, 2 hips, 2 knees, 2 feet."""
NECK, HEAD, SHOULDER, ELBOW, HAND, HIP, KNEE, FOOT = 0, 1, 2, 4, 6, 8, 10, 12


@dataclass(frozen=True, slots=True)
class Walker:
    """What one person is like."""

    start_m: float
    speed_m_s: float
    """Negative: goes round the other way."""
    aside_m: float
    height_m: float
    coat: Colour
    trousers: Colour
    skin: Colour
    hair: Colour


@dataclass(frozen=True, slots=True)
class CrowdState:
    """Where everybody is at an instant: arrays of one length, one row a person."""

    x_m: Floats
    y_m: Floats
    heading: Floats
    """Radians clockwise from north."""
    swing: Floats
    """Phase of the gait, radians."""


class Crowd:
    """Everybody on the street."""

    def __init__(self, street: Street) -> None:
        dice = Dice(street.seed)
        self.people: list[Walker] = []
        self._routes: list[tuple[Route, slice]] = []
        for number, points in enumerate(street.walks):
            route = Route(points)
            first = len(self.people)
            for index in range(max(2, round(route.length_m * WALKERS_PER_100_M / 100))):
                self.people.append(_walker(dice, f"walker/{number}/{index}", route.length_m))
            self._routes.append((route, slice(first, len(self.people))))
        self._start_m = np.array([person.start_m for person in self.people])
        self._speed_m_s = np.array([person.speed_m_s for person in self.people])
        self._aside_m = np.array([person.aside_m for person in self.people])
        self.heights_m = np.array([person.height_m for person in self.people])
        self.colours = np.array([(who.coat, who.trousers, who.skin, who.hair) for who in self.people], float)
        """(n, 4, 3) BGR: coat, trousers, skin, hair."""

    def at(self, t_s: float) -> CrowdState:
        """Where everybody is `t_s` seconds after the street began."""
        walked_m = self._start_m + self._speed_m_s * t_s
        x, y, heading = np.empty_like(walked_m), np.empty_like(walked_m), np.empty_like(walked_m)
        for route, rows in self._routes:
            x[rows], y[rows], heading[rows] = route.at(walked_m[rows])
        heading = np.where(self._speed_m_s < 0, heading + pi, heading)
        x = x + self._aside_m * np.cos(heading)
        y = y - self._aside_m * np.sin(heading)
        swing = 2 * pi * np.abs(walked_m) / (STRIDE * self.heights_m)
        return CrowdState(x, y, heading, swing)

    def joints(self, state: CrowdState, rows: NDArray[np.intp]) -> Floats:
        """Bodies of these people, (len(rows), JOINTS, 3) world metres."""
        phase = np.mod(np.round(state.swing[rows] / (2 * pi) * _PHASES), _PHASES).astype(np.intp)
        body = _GAIT[phase] * self.heights_m[rows][:, None, None]
        east, north = np.sin(state.heading[rows])[:, None], np.cos(state.heading[rows])[:, None]
        joints = np.empty_like(body)
        joints[..., 0] = state.x_m[rows][:, None] + body[..., 0] * north + body[..., 1] * east
        joints[..., 1] = state.y_m[rows][:, None] - body[..., 0] * east + body[..., 1] * north
        joints[..., 2] = body[..., 2]
        return np.asarray(joints, np.float64)


def _walker(dice: Dice, name: str, around_m: float) -> Walker:
    return Walker(
        start_m=dice.uniform(f"{name}/start", 0.0, around_m),
        speed_m_s=dice.uniform(f"{name}/speed", 0.9, 1.6) * dice.choice(f"{name}/way", (1, -1)),
        aside_m=dice.uniform(f"{name}/aside", -0.45, 0.45),
        height_m=dice.uniform(f"{name}/height", 1.5, 1.9),
        coat=dice.choice(f"{name}/coat", _COATS),
        trousers=dice.choice(f"{name}/trousers", _TROUSERS),
        skin=dice.choice(f"{name}/skin", _SKINS),
        hair=dice.choice(f"{name}/hair", _HAIRS),
    )


def _body(swing: float) -> NDArray[np.float64]:
    """Joints of a walker of height 1 in its own axes: right, forward, up. `swing` is the phase of the gait."""
    body = np.zeros((JOINTS, 3))
    bob = 0.012 * cos(2 * swing)
    body[NECK] = 0.0, 0.02, 0.84 + bob
    body[HEAD] = 0.0, 0.035, 0.925 + bob
    for side, sign in ((0, -1.0), (1, 1.0)):
        phase = swing + pi * side
        thigh = 0.42 * sin(phase)
        shin = thigh - 0.75 * max(0.0, cos(phase)) ** 2
        arm = -0.38 * sin(phase)
        hip = np.array([0.05 * sign, 0.0, 0.52 + bob])
        knee = hip + 0.245 * np.array([0.0, sin(thigh), -cos(thigh)])
        foot = knee + 0.25 * np.array([0.0, sin(shin), -cos(shin)])
        shoulder = np.array([0.105 * sign, 0.02, 0.815 + bob])
        elbow = shoulder + 0.16 * np.array([0.1 * sign, sin(arm), -cos(arm)])
        hand = elbow + 0.15 * np.array([0.0, sin(arm + 0.35), -cos(arm + 0.35)])
        body[HIP + side], body[KNEE + side], body[FOOT + side] = hip, knee, foot
        body[SHOULDER + side], body[ELBOW + side], body[HAND + side] = shoulder, elbow, hand
    lowest = min(body[FOOT, 2], body[FOOT + 1, 2])
    body[:, 2] -= lowest - 0.015  # whoever walks has a foot on the ground
    return body


_GAIT = np.stack([_body(2 * pi * phase / _PHASES) for phase in range(_PHASES)])
