"""Runs clips with truth through the analysis, one after the other, and adds up what came of them.

Nothing of a clip stays but its figures and a few small pictures: a suite may be as long as one likes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from csu.detection.camera_analysis import Looked
from csu.detection.evaluation.chain import Chain
from csu.detection.evaluation.counting import Counted
from csu.detection.evaluation.evidence import Drawing, Picture, Verdict, drawn
from csu.detection.evaluation.matching import Happened, Matched, Told, match
from csu.detection.evaluation.measured import CpuNs, Followed, Measured, Step, followed_as, height_band
from csu.detection.evaluation.scenes.clip import BEGIN_NS, Clip, Shot, TrueEvent, TrueObject
from csu.detection.evaluation.tracking import Boxes, TrackingJudge
from csu.detection.observed import Detector
from csu.detection.places import Asked
from csu.hal.analysis import AnalysisAssignment, EventSignal, EventType, PictureBox
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.wall import TilePicture

SEEN_SHARE_MIN, TALL_PX_MIN = 0.4, 24.0
"""Of a true object that is judged: who is hidden more, or smaller, is neither missed nor false."""


def assignment_of(clip: Clip, model: str, types: Iterable[EventType] | None = None) -> AnalysisAssignment:
    """What is asked of a clip's camera. `types`: of its rules, those of these types only."""
    wanted = set(EventType if types is None else types)
    end_ns = clip.at_ns(clip.seconds) + NS_PER_MINUTE
    return AnalysisAssignment(
        CameraId(clip.name),
        tuple(rule for rule in clip.rules if rule.type in wanted),
        end_ns,
        "evaluation",
        model,
        clip.lines,
        clip.bins,
        end_ns,
        clip.pose,
        clip.size_px[0],
    )


def evaluate(
    clips: Iterable[Clip],
    detector: Detector,
    cpu_ns: CpuNs,
    told: Callable[[Clip], None] = lambda _: None,
    types: Iterable[EventType] | None = None,
) -> Measured:
    """Run the clips. `told` is called with each when it is done. `types`: look for these only."""
    measured, wanted = Measured(), None if types is None else frozenset(types)
    for clip in clips:
        _Run(clip, detector, cpu_ns, wanted).into(measured)
        told(clip)
    return measured


@dataclass
class _Run:
    """One clip through the analysis."""

    clip: Clip
    detector: Detector
    cpu_ns: CpuNs
    types: frozenset[EventType] | None
    signals: list[EventSignal] = field(default_factory=list)
    shown: dict[tuple[EventType, Verdict], list[tuple[Nanoseconds, bytes]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """What may become a picture of the report, until it is known what was a hit."""
    looked_at: list[TrueEvent] = field(default_factory=list)
    """Events whose middle has passed."""

    def into(self, measured: Measured) -> None:
        """Run it and add what came of it."""
        clip, assignment = self.clip, assignment_of(self.clip, self.detector.sha256, self.types)
        chain = Chain(assignment, self.detector, BEGIN_NS, self.cpu_ns)
        judges = {kind: TrackingJudge(clip.name) for kind in Followed}
        asked = Asked.by([rule.zone for rule in assignment.rules], clip.lines, clip.bins, clip.size_px)
        before = self.cpu_ns()
        for number, shot in enumerate(clip.render()):
            picture = TilePicture(shot.planes, number, shot.at_ns)
            measured.cpu_ns[Step.RENDERING] += self.cpu_ns() - before
            looked = chain.look(picture)
            measured.pictures += 1
            measured.detected += looked.detected
            self._judge(judges, shot, looked, asked)
            self._keep(measured, shot, looked, assignment)
            before = self.cpu_ns()
        self._add(measured, chain, judges, frozenset(rule.type for rule in assignment.rules))

    def _judge(self, judges: dict[Followed, TrackingJudge], shot: Shot, looked: Looked, asked: Asked) -> None:
        """Boxes are judged where the detector looked: between its looks a track is only where it is expected."""
        if not looked.detected or looked.observed is None:
            return
        for kind, judge in judges.items():
            mine = [each for each in shot.objects if followed_as(each.kind) is kind]
            judged = {each.number: each for each in mine if _is_judged(each, asked)}
            others = [_box(each.box) for each in shot.objects if each.number not in judged]
            followed = {
                track.track: _box(track.box)
                for track in looked.observed.tracks
                if track.is_seen and followed_as(track.kind) is kind
            }
            judge.judge({n: _box(each.box) for n, each in judged.items()}, followed, np.array(others).reshape(-1, 4))

    def _keep(self, measured: Measured, shot: Shot, looked: Looked, assignment: AnalysisAssignment) -> None:
        """Signals, and the pictures that may have to be shown."""
        self.signals += looked.signals
        for signal in looked.signals:
            for verdict in (Verdict.HIT, Verdict.FALSE):
                if measured.album.wants(signal.type, verdict, self.clip.name):
                    self.shown[signal.type, verdict].append((shot.at_ns, self._drawn(shot, looked, signal)))
        for event in self._events():
            middle_ns = (event.begin_ns + min(event.end_ns, self.clip.at_ns(self.clip.seconds))) // 2
            if shot.at_ns < middle_ns or event in self.looked_at:
                continue
            self.looked_at.append(event)
            if measured.album.wants(event.type, Verdict.MISSED, self.clip.name):
                self.shown[event.type, Verdict.MISSED].append((event.begin_ns, self._drawn(shot, looked, event)))

    def _events(self) -> Sequence[TrueEvent]:
        return [event for event in self.clip.events if self.types is None or event.type in self.types]

    def _drawn(self, shot: Shot, looked: Looked, about: EventSignal | TrueEvent) -> bytes:
        zones = [rule.zone.corners for rule in self.clip.rules if rule.type is about.type]
        followed = looked.observed.tracks if looked.observed is not None else ()
        drawing = Drawing(
            zones=zones,
            true=[_share(event.box) for event in self.clip.events if event.type is about.type],
            told=[_share(box) for box in about.boxes] if isinstance(about, EventSignal) else (),
            followed=shares([track.box for track in followed if track.is_seen], self.clip.size_px),
        )
        return drawn(shot.bgr, drawing)

    def _add(
        self, measured: Measured, chain: Chain, judges: dict[Followed, TrackingJudge], types: frozenset[EventType]
    ) -> None:
        clip = self.clip
        events = [Happened(event.type, event.zone, event.begin_ns, event.end_ns) for event in self._events()]
        matched = match(events, [Told(signal.type, signal.zone, signal.at_ns) for signal in self.signals])
        measured.clips += 1
        measured.camera_hours += clip.seconds / 3600
        measured.cannot_run |= chain.cannot_run
        height, light = height_band(clip.camera_height_m), clip.conditions.words
        measured.add_matched(matched, types, clip.seconds, height, light, clip.name)
        if clip.lines:
            measured.counts.add(_true_counts(clip), chain.crossings)
        for kind, judge in judges.items():
            measured.tracking[kind].add(judge.score)
        measured.cpu_ns.update(chain.cpu_ns)
        self._show(measured, matched)

    def _show(self, measured: Measured, matched: Matched) -> None:
        at = {
            Verdict.HIT: {(hit.event.type, hit.signal.at_ns) for hit in matched.hits},
            Verdict.FALSE: {(signal.type, signal.at_ns) for signal in matched.false},
            Verdict.MISSED: {(event.type, event.begin_ns) for event in matched.missed},
        }
        for (kind, verdict), pictures in self.shown.items():
            for at_ns, jpeg in pictures:
                if (kind, at_ns) in at[verdict]:
                    at_s = (at_ns - BEGIN_NS) / NS_PER_S
                    measured.album.keep(Picture(kind, verdict, self.clip.name, at_s, jpeg))
        self.shown.clear()


def _is_judged(each: TrueObject, asked: Asked) -> bool:
    box = np.array([each.box], np.float32)
    return each.seen_share >= SEEN_SHARE_MIN and each.tall_px >= TALL_PX_MIN and bool(asked.of(box))


def _true_counts(clip: Clip) -> Counter[Counted]:
    counts: Counter[Counted] = Counter()
    for each in clip.counts:
        counts[Counted(each.line, each.kind, True)] += each.forward
        counts[Counted(each.line, each.kind, False)] += each.backward
    return counts


def _box(box: tuple[float, float, float, float]) -> Boxes:
    return np.array(box, np.float64)


def _share(box: PictureBox) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom


def shares(
    boxes: Sequence[tuple[float, float, float, float]], size_px: tuple[int, int]
) -> list[tuple[float, float, float, float]]:
    """Boxes in px as shares of a picture of that size (width, height)."""
    width, height = size_px
    return [(left / width, top / height, right / width, bottom / height) for left, top, right, bottom in boxes]
