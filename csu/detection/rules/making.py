"""From an assignment to its rules; a rule that cannot run says why, in both languages, and the others run."""

from __future__ import annotations

from collections.abc import Collection
from math import hypot
from typing import NamedTuple

import numpy as np

from csu.detection.observed import Ground, Rule
from csu.detection.parameters import (
    AbandonedObjectParameters,
    CrowdDensityParameters,
    CrowdMovementParameters,
    FireStartParameters,
    PersonDownParameters,
    RestrictedZoneParameters,
    WeaponParameters,
    WrongWayParameters,
    parameters_of,
)
from csu.detection.rules.abandoned_object import AbandonedObject
from csu.detection.rules.crowd_density import CrowdDensity
from csu.detection.rules.crowd_movement import CrowdMovement
from csu.detection.rules.fire_start import NOT_MEASURED, FireStart
from csu.detection.rules.person_down import PersonDown
from csu.detection.rules.restricted_zone import RestrictedZone
from csu.detection.rules.weapon import UNAVAILABLE
from csu.detection.rules.wrong_way import WrongWay
from csu.detection.rules.zone import ZoneOnPicture
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, EventType, ZoneRule
from csu.hal.errors import CsuError
from csu.hal.words import Words

NEEDS_METRES = Words(
    "demande une caméra calibrée : ses mesures sont en mètres",
    "needs a calibrated camera: it measures in metres",
)
ABOVE_HORIZON = Words(
    "la zone dépasse l'horizon : dessinez-la au sol", "the zone is above the horizon: draw it on the ground"
)
NO_LANE = Words("le sens de circulation n'est pas dessiné", "the direction of the lane is not drawn")
TWICE = Words("ce type est demandé deux fois dans cette zone", "this type is asked for twice in this zone")
AREA_M2_MIN = 4.0
TOO_SMALL = Words(
    f"la zone a moins de {AREA_M2_MIN:g} m² : une densité n'y veut rien dire",
    f"the zone has less than {AREA_M2_MIN:g} m²: a density means nothing there",
)


class Unavailable(NamedTuple):
    """A rule of the assignment that does not run."""

    zone: str
    type: EventType
    why: Words


class RulesMade(NamedTuple):
    """What an assignment comes to."""

    rules: tuple[Rule, ...]
    unavailable: tuple[Unavailable, ...]


class _CannotRun(Exception):
    def __init__(self, why: Words) -> None:
        super().__init__(why.en)
        self.why = why


def make_rules(
    assignment: AnalysisAssignment,
    ground: Ground | None,
    size_px: tuple[int, int],
    *,
    measuring: Collection[EventType] = (),
) -> RulesMade:
    """The rules of one camera for pictures of `size_px` (width, height).

    `ground` None: not calibrated. `measuring`: types that are off until they are measured (FIRE_START), and run because
    this is the measurement. Whether the rules may run today is not asked here.
    """
    rules: list[Rule] = []
    unavailable: list[Unavailable] = []
    asked: set[tuple[str, EventType]] = set()
    for each in assignment.rules:
        key = each.zone.zone, each.type
        try:
            if key in asked:
                raise _CannotRun(TWICE)
            rules.append(_rule(each, ground, size_px, measuring))
        except _CannotRun as cause:
            unavailable.append(Unavailable(*key, cause.why))
        except CsuError as error:
            unavailable.append(Unavailable(*key, error.trouble.beside(each.zone.zone)))
        asked.add(key)
    return RulesMade(tuple(rules), tuple(unavailable))


def _rule(rule: ZoneRule, ground: Ground | None, size_px: tuple[int, int], measuring: Collection[EventType]) -> Rule:
    zone = ZoneOnPicture(rule.zone, size_px)
    match parameters_of(rule):
        case WeaponParameters():
            raise _CannotRun(UNAVAILABLE)
        case FireStartParameters() as parameters:
            if EventType.FIRE_START not in measuring:
                raise _CannotRun(NOT_MEASURED)
            return FireStart(zone, parameters)
        case RestrictedZoneParameters() as parameters:
            return RestrictedZone(zone, parameters)
        case PersonDownParameters() as parameters:
            return PersonDown(zone, parameters)
        case WrongWayParameters() as parameters:
            return WrongWay(zone, parameters, _lane(rule.zone, _metres(ground), size_px))
        case AbandonedObjectParameters() as parameters:
            return AbandonedObject(zone, parameters, _metres(ground))
        case CrowdMovementParameters() as parameters:
            return CrowdMovement(zone, parameters, _metres(ground))
        case CrowdDensityParameters() as parameters:
            area_m2 = zone.area_m2(_metres(ground))
            if area_m2 is None:
                raise _CannotRun(ABOVE_HORIZON)
            if area_m2 < AREA_M2_MIN:
                raise _CannotRun(TOO_SMALL)
            return CrowdDensity(zone, parameters, _metres(ground), area_m2)


def _metres(ground: Ground | None) -> Ground:
    if ground is None:
        raise _CannotRun(NEEDS_METRES)
    return ground


def _lane(zone: AnalysisZone, ground: Ground, size_px: tuple[int, int]) -> tuple[float, float]:
    """Its direction on the ground, of length 1."""
    if zone.lane is None:
        raise _CannotRun(NO_LANE)
    ends = ground.to_ground(np.array(zone.lane, np.float64) * np.array(size_px, np.float64))
    if not np.isfinite(ends).all():
        raise _CannotRun(ABOVE_HORIZON)
    x, y = (ends[1] - ends[0]).tolist()
    length = hypot(x, y)
    if length < 1e-6:
        raise _CannotRun(NO_LANE)
    return x / length, y / length
