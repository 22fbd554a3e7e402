"""What the centre says of the cameras, against what they do: dark ones, wrong clocks, masks (1, 16, 18)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from csu.centre import CameraState, CentreEvent, ManifestTaken
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.media import GapCause, NodeId
from csu.hal.words import Words
from sim.city import City, Commune
from sim.cohort import CohortCamera
from sim.intervals import Interval, union
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged

CAMERA_DOWN_SHOWN_WITHIN_NS = 2 * NS_PER_MINUTE
"""Invariant 16: a camera that is down shows within two minutes."""
CLOCK_WRONG_MS = 2_000
CLOCK_TOLD_WITHIN_NS = 4 * NS_PER_MINUTE
"""The error is in the segment that ends next, and in the account of its minute."""


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
    return union([*lost, *commune.node_plan.silent, *commune.node_plan.crashes])


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


def judge_clock_error_told(stage: Stage) -> Judgement:
    """A camera whose clock is off by more than CLOCK_WRONG_MS, and that is heard meanwhile, is told of."""
    told, cases, worst_ns = list[Words](), 0, 0
    for commune, camera, history in stage.each_camera():
        dark = union([*dark_times(commune, camera), *((o.start_ns, o.end_ns) for o in camera.outages)])
        up = [(epoch.begun_ns, epoch.ended_ns or stage.ends_ns) for epoch in history]
        for error in camera.clock_errors:
            until_ns = error.start_ns + CLOCK_TOLD_WITHIN_NS
            is_wrong = min(abs(error.ahead_ms + camera.clock_offset_ms), error.ahead_ms) > CLOCK_WRONG_MS
            others = [each for each in camera.clock_errors if each is not error and each.end_ns > error.start_ns]
            is_heard = any(start_ns < error.start_ns and until_ns < end_ns for start_ns, end_ns in up)
            is_dark = any(start_ns < until_ns and error.start_ns - NS_PER_MINUTE < end_ns for start_ns, end_ns in dark)
            if not is_wrong or others or not is_heard or is_dark or error.end_ns < until_ns:
                continue
            cases += 1
            since = [at for at in stage.witness.troubles.get(camera.camera, ()) if at >= error.start_ns]
            after_ns = min(since, default=stage.ends_ns) - error.start_ns
            worst_ns = max(worst_ns, after_ns)
            if after_ns > CLOCK_TOLD_WITHIN_NS:
                told.append(_CLOCK_UNSAID.at(camera.camera))
    limit_s = CLOCK_TOLD_WITHIN_NS / NS_PER_S
    return judged("clock_error_told", told, cases, worst_ns / NS_PER_S, "s", limit_s, cases_least=0)


class MaskEpochs:
    """Each segment's mask is the one in force or a newer one, or the whole picture's (0: nothing of it shows).

    Give `hear` to the centre's listeners.
    """

    def __init__(self, city: City) -> None:
        self._least = {camera.camera: camera.assignment.mask_epoch for camera in city.cameras}
        self._least_of: dict[NodeId, tuple[tuple[CameraId, ...], NDArray[np.int32]]] = {}
        """By node: its cameras, and the least epoch of each."""
        self._good: dict[NodeId, NDArray[np.int32]] = {}
        """By node, the last column in which all was well."""
        self._cases = 0
        self._told: list[Words] = []

    def hear(self, event: CentreEvent) -> None:
        if not isinstance(event, ManifestTaken):
            return
        self._cases += 1
        manifest = event.manifest
        epochs = manifest.segments.mask_epoch
        if self._good.get(manifest.node) is epochs:  # the very column of a minute before
            return
        cameras, least = self._least_of.get(manifest.node, ((), None))
        if least is None or (cameras is not manifest.cameras and cameras != manifest.cameras):
            cameras = manifest.cameras
            least = np.array([self._least.get(camera, 0) for camera in cameras], np.int32)
            self._least_of[manifest.node] = cameras, least
        stale = (epochs > 0) & (epochs < least[manifest.segments.camera])
        if stale.any():
            self._told.append(_STALE_MASK.at(cameras[int(manifest.segments.camera[stale.argmax()])]))
        elif not epochs.flags.writeable:
            self._good[manifest.node] = epochs

    def judge(self) -> Judgement:
        """The run is over."""
        return judged("mask_epoch", self._told, self._cases)


_CLOCK_UNSAID = Words("horloge fausse, et rien n'en est dit", "its clock is wrong, and nothing is said of it")
_STALE_MASK = Words("un masque périmé", "a stale mask")
