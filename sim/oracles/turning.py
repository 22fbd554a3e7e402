"""Cameras that turn: what their node is told of them is what they did, so that it masks them before it shows them (2).

A node covers all that a mount may have done since its last reading, waits for the next one, and covers the whole
picture of a camera of which nobody knows anything new (decision 0019). So it is safe as long as no reading says of a
moving camera that it rests, or rests elsewhere; that is what is looked at here.
"""

from __future__ import annotations

from collections.abc import Sequence

from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.place import PoseReading
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import judged
from sim.turning import LIMITS, Said, TurningCamera

DATED_WITHIN_NS = 50 * NS_PER_MS
"""How wrong a reading may be dated: the node's margins hold so much."""
TREMBLE_DEG = 0.1


def judge_ptz_blanks_first(cameras: Sequence[TurningCamera]) -> Judgement:
    """A case is whatever was told of a camera that moved, or that said nothing itself."""
    told, cases = list[Words](), 0
    for camera in cameras:
        name = camera.record.camera
        for said in camera.said:
            if said.reading is None:
                cases += 1
                continue
            cases += _moved_throughout(camera, said.reading)
            what = _wrong(camera, said, said.reading)
            if what is not None:
                told.append(what.at(name))
    return judged("ptz_blanks_first", told, cases, cases_least=0)


def _wrong(camera: TurningCamera, said: Said, reading: PoseReading) -> Words | None:
    if reading.at_ns > said.at_ns:
        return _FROM_THE_FUTURE
    if not reading.moving and _moved_throughout(camera, reading):
        return _SAID_TO_REST
    true = camera.motion(reading.at_ns).pose_at(reading.at_ns)
    off_deg = abs((true.pan_deg - reading.pose.pan_deg + 180.0) % 360.0 - 180.0)
    if off_deg > LIMITS.pan_deg_s * DATED_WITHIN_NS / NS_PER_S + TREMBLE_DEG:
        return Words(f"dite à {off_deg:.0f}° d'où elle regarde", f"said to look {off_deg:.0f} degrees elsewhere")
    return None


def _moved_throughout(camera: TurningCamera, reading: PoseReading) -> bool:
    """Around the instant of a reading, however it was dated."""
    at_ns = reading.at_ns
    around = (at_ns - DATED_WITHIN_NS, at_ns, at_ns + DATED_WITHIN_NS)
    return all(camera.motion(each_ns).moving_at(each_ns) for each_ns in around)


_SAID_TO_REST = Words("tourne, et son nœud la croit au repos", "it turns, and its node is told that it rests")
_FROM_THE_FUTURE = Words("une position datée d'avance", "a pose dated before its time")
