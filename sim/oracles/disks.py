"""The disks of the nodes: one that is full, swapped or fails is told, and not only found missing afterwards (19)."""

from __future__ import annotations

from csu.centre import CentreEvent
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.media import CameraEvent, CameraEventKind, GapCause
from csu.hal.words import Words
from sim.intervals import difference, length_ns
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged

TOLD_WITHIN_NS = 60 * NS_PER_S
"""From the first refusal of the disk to the centre's screen, where the node can be heard."""


class DisksTold:
    """Give `hear` to the centre's listeners."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_ns: dict[CameraId, list[Nanoseconds]] = {}

    def hear(self, event: CentreEvent) -> None:
        if isinstance(event, CameraEvent) and event.kind is CameraEventKind.DISK_TROUBLE:
            self._told_ns.setdefault(event.camera, []).append(self._clock.now_ns())

    def judge(self, stage: Stage) -> Judgement:
        """A case: a camera that its disk no longer takes, on a node that runs and is heard all the while."""
        told, cases, worst_ns = list[Words](), 0, 0
        for commune, camera, history in stage.each_camera():
            lives = [(epoch.begun_ns, epoch.ended_ns or stage.ends_ns) for epoch in history]
            deaf = [*commune.node_plan.silent, *stage.downtimes, *stage.closed(camera, history)]
            deaf += [(slow.start_ns, slow.end_ns) for slow in commune.node_plan.slow]
            for outage in camera.outages:
                span = (outage.start_ns, outage.start_ns + TOLD_WITHIN_NS)
                is_heard = any(begun_ns <= span[0] and span[1] <= ended_ns for begun_ns, ended_ns in lives)
                is_deaf = length_ns(difference([span], deaf)) < TOLD_WITHIN_NS
                if outage.cause is not GapCause.DISK or is_deaf or not is_heard:
                    continue
                cases += 1
                since = [at_ns for at_ns in self._told_ns.get(camera.camera, ()) if at_ns >= outage.start_ns]
                after_ns = min(since, default=stage.ends_ns) - outage.start_ns
                worst_ns = max(worst_ns, after_ns)
                if after_ns > TOLD_WITHIN_NS:
                    told.append(_UNSAID.at(camera.camera))
        limit_s = TOLD_WITHIN_NS / NS_PER_S
        return judged("disk_never_full_unsaid", told, cases, worst_ns / NS_PER_S, "s", limit_s, cases_least=0)


_UNSAID = Words("son disque refuse, et rien n'en est dit", "its disk refuses, and nothing is said of it")
