"""A disk of a node that is full or fails is told, and not only found missing; so is a volume above its mark (19)."""

from __future__ import annotations

from csu.centre import CentreEvent, Trouble
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.media import CameraEvent, CameraEventKind, GapCause
from csu.hal.words import Words
from sim.intervals import difference, length_ns
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.volumes import FULL_SHARE, HIGH_SHARE, USED_SHARE, SimVolume

TOLD_WITHIN_NS = 60 * NS_PER_S
"""From the first refusal of the disk to the centre's screen, where the node can be heard."""


class DisksTold:
    """Give `hear` to the centre's listeners."""

    def __init__(self, clock: Clock, volume: str) -> None:
        """`volume`: under which name the centre tells of its volume of media."""
        self._clock, self._volume = clock, volume
        self._volume_told_ns: list[Nanoseconds] = []
        self._told_ns: dict[CameraId, list[Nanoseconds]] = {}

    def hear(self, event: CentreEvent) -> None:
        if isinstance(event, CameraEvent) and event.kind is CameraEventKind.DISK_TROUBLE:
            self._told_ns.setdefault(event.camera, []).append(self._clock.now_ns())
        elif isinstance(event, Trouble) and event.where == self._volume:
            self._volume_told_ns.append(self._clock.now_ns())

    def judge(self, stage: Stage, volume: SimVolume) -> Judgement:
        """A case: a camera that its disk no longer takes, on a node that runs and is heard all the while; and a volume
        that comes above a mark, for as long as it takes to be told."""
        told, cases, worst_ns = self._judge_volume(stage, volume)
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

    def _judge_volume(self, stage: Stage, volume: SimVolume) -> tuple[list[Words], int, Nanoseconds]:
        told, cases, worst_ns = list[Words](), 0, 0
        changes = [(stage.begins_ns, USED_SHARE), *volume.changes, (stage.ends_ns, USED_SHARE)]
        for (_, before), (at_ns, share), (until_ns, _) in zip(changes, changes[1:], changes[2:], strict=False):
            until_ns -= stage.down_ns(at_ns, until_ns)
            if _level(share) <= _level(before) or until_ns - at_ns < TOLD_WITHIN_NS:
                continue
            cases += 1
            since = [told_ns for told_ns in self._volume_told_ns if told_ns >= at_ns]
            after_ns = min(since, default=stage.ends_ns) - at_ns
            after_ns -= stage.down_ns(at_ns, at_ns + after_ns)
            worst_ns = max(worst_ns, after_ns)
            if after_ns > TOLD_WITHIN_NS:
                told.append(_VOLUME_UNSAID.at(f"{share:.0%}"))
        return told, cases, worst_ns


def _level(share: float) -> int:
    """0 well, 1 above the mark, 2 full."""
    return (share >= HIGH_SHARE) + (share > FULL_SHARE)


_VOLUME_UNSAID = Words("le volume se remplit, et rien n'en est dit", "the volume fills, and nothing is said of it")
_UNSAID = Words("son disque refuse, et rien n'en est dit", "its disk refuses, and nothing is said of it")
