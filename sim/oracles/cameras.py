"""What the board shows of the cameras, against what they do (16)."""

from __future__ import annotations

from collections.abc import Sequence

from csu.centre import CameraState
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.media import GapCause
from csu.hal.words import Words
from sim.city import Commune
from sim.cohort import CohortCamera
from sim.intervals import Interval, union
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged

CAMERA_DOWN_SHOWN_WITHIN_NS = 2 * NS_PER_MINUTE
"""Invariant 16: a camera that is down shows within two minutes."""


def judge_camera_down_shown(stage: Stage, within_ns: Nanoseconds) -> Judgement:
    """A camera that sends nothing, or of which nobody can hear, is not shown as live for longer than `within_ns`."""
    cases, worst_ns, told = 0, 0, list[Words]()
    for commune, camera, _ in stage.each_camera():
        changes = stage.witness.states.get(camera.camera, [])
        for start_ns, end_ns in dark_times(commune, camera):
            if end_ns - start_ns <= within_ns:
                continue
            cases += 1
            delay_ns = _shown_after(changes, start_ns, end_ns)
            worst_ns = max(worst_ns, delay_ns)
            if delay_ns > within_ns:
                told.append(_shown_live(delay_ns).at(camera.camera))
    limit_s = within_ns / NS_PER_S
    return judged("camera_down_shown", told, cases, worst_ns / NS_PER_S, "s", limit_s)


def dark_times(commune: Commune, camera: CohortCamera) -> tuple[Interval, ...]:
    """When the centre can have no fresh picture of this camera, as the scenario declared it."""
    lost = [
        (outage.start_ns, camera.next_gop_ns(outage.end_ns))
        for outage in camera.outages
        if outage.cause is GapCause.CAMERA_LOST
    ]
    return union([*lost, *commune.node_plan.cuts, *commune.node_plan.crashes])


def _shown_after(
    changes: Sequence[tuple[Nanoseconds, CameraState]], start_ns: Nanoseconds, end_ns: Nanoseconds
) -> Nanoseconds:
    """How long after `start_ns` the board ceased to say LIVE; the whole time when it never did."""
    state = CameraState.STARTING
    for at_ns, after in changes:
        if at_ns > start_ns:
            if state is not CameraState.LIVE:
                return 0
            if after is not CameraState.LIVE:
                return min(at_ns, end_ns) - start_ns
        state = after
    return 0 if state is not CameraState.LIVE else end_ns - start_ns


def _shown_live(delay_ns: Nanoseconds) -> Words:
    length = f"{delay_ns / NS_PER_S:g} s"
    return Words(f"montrée en direct pendant {length}", f"shown as live for {length}")
