"""Rendered clips with their truth, to measure an analysis on: no film, no asset, the same pictures everywhere.

In: the name of a suite. Out: clips, each of which renders pictures and says what is true of every one of them: objects
in pixels and metres, events, crossings of lines, deposits. Nobody in them ever lived; nothing is trained on them.
"""

from csu.detection.evaluation.scenes.actors import Posture
from csu.detection.evaluation.scenes.clip import (
    Clip,
    Conditions,
    Daylight,
    Shot,
    TrueCount,
    TrueDeposit,
    TrueEvent,
    TrueObject,
)
from csu.detection.evaluation.scenes.suites import SUITES, suite

__all__ = [
    "SUITES",
    "Clip",
    "Conditions",
    "Daylight",
    "Posture",
    "Shot",
    "TrueCount",
    "TrueDeposit",
    "TrueEvent",
    "TrueObject",
    "suite",
]
