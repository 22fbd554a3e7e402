"""A film through the analysis: scored where its truth is given, else only shown and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from csu.detection.camera_analysis import Looked
from csu.detection.colour import bgr_of
from csu.detection.evaluation.chain import Chain
from csu.detection.evaluation.clip_file import BEGIN_NS, pictures_of
from csu.detection.evaluation.evaluate import shares
from csu.detection.evaluation.evidence import Drawing, drawn
from csu.detection.evaluation.measured import CpuNs, Followed, Measured, Step, followed_as
from csu.detection.evaluation.mot_truth import TruePicture
from csu.detection.evaluation.tracking import Boxes, TrackingJudge
from csu.detection.evaluation.true_crossings import TrueCrossings
from csu.detection.observed import Detector
from csu.hal.analysis import AnalysisAssignment, AnalysisZone, CountLine, EventType, ObjectClass, ZoneRule
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_DAY, NS_PER_S
from csu.hal.place import Pose
from csu.hal.wall import TilePicture

LINE = "line"
MOMENTS_MAX = 60
_WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_ALL = frozenset(ObjectClass) - {ObjectClass.BAG}
_FOLLOW_ALL = ZoneRule(AnalysisZone("picture", _WHOLE), EventType.PERSON_DOWN)
"""A reason to look at the whole picture; what the rule finds is not scored, since a MOT truth tells of no event."""


@dataclass(frozen=True, slots=True)
class Film:
    """What is to be measured. `line`: from (x, y) to (x, y), shares of the picture. `pose`: None, not calibrated."""

    path: Path
    truth: Mapping[int, TruePicture] | None = None
    line: tuple[tuple[float, float], tuple[float, float]] | None = None
    pose: Pose | None = None
    shown_every_s: float = 2.0
    """How often a picture is kept for the page."""


@dataclass(frozen=True, slots=True)
class FilmMeasured:
    """What a film came to. Without truth `measured` has counts and CPU only."""

    measured: Measured
    moments: tuple[tuple[float, bytes], ...]
    """(seconds, JPEG with what was followed and, if told, what is true)."""


def measure_film(
    film: Film, detector: Detector, cpu_ns: CpuNs, told: Callable[[int], None] = lambda _: None
) -> FilmMeasured:
    """Run it. `told` is called with the number of each picture. Raises BadInput for what is no film."""
    run = _FilmRun(film, detector, cpu_ns)
    pictures = pictures_of(film.path)
    before = cpu_ns()
    for picture in pictures:
        run.measured.cpu_ns[Step.RENDERING] += cpu_ns() - before
        run.look(picture)
        told(picture.sequence)
        before = cpu_ns()
    return run.done()


class _FilmRun:
    def __init__(self, film: Film, detector: Detector, cpu_ns: CpuNs) -> None:
        self.measured = Measured()
        self._film = film
        self._line = None if film.line is None else CountLine(LINE, *film.line, _ALL)
        self._truth_line: TrueCrossings | None = None
        self._judges = {kind: TrackingJudge(film.path.name) for kind in Followed}
        self._moments: list[tuple[float, bytes]] = []
        self._shown_every_s = film.shown_every_s
        self._seconds = 0.0
        self._detector, self._cpu_ns = detector, cpu_ns
        self._chain: Chain | None = None

    def look(self, picture: TilePicture) -> None:
        """One picture of the film, in order."""
        if self._chain is None:
            self._chain = self._begin(picture)
        looked = self._chain.look(picture)
        self.measured.pictures += 1
        self.measured.detected += looked.detected
        self._seconds = (picture.captured_at_ns - BEGIN_NS) / NS_PER_S
        true = TruePicture() if self._film.truth is None else self._film.truth.get(picture.sequence, TruePicture())
        if self._film.truth is not None:
            self._judge(true, looked)
        self._show(picture, true, looked)

    def done(self) -> FilmMeasured:
        """What it came to."""
        measured, chain = self.measured, self._chain
        measured.clips = 1
        measured.camera_hours = self._seconds / 3600
        if chain is not None:
            measured.cpu_ns.update(chain.cpu_ns)
            true = self._truth_line.counted if self._truth_line is not None else chain.crossings.copy()
            measured.counts.add(true, chain.crossings)
        if self._film.truth is not None:
            for kind, judge in self._judges.items():
                measured.tracking[kind].add(judge.score)
        return FilmMeasured(measured, tuple(self._moments))

    def _begin(self, picture: TilePicture) -> Chain:
        width, height = picture.planes.width_px, picture.planes.height_px
        if self._line is not None and self._film.truth is not None:
            self._truth_line = TrueCrossings(self._line, width, height)
        lines = () if self._line is None else (self._line,)
        until_ns = BEGIN_NS + NS_PER_DAY
        assignment = AnalysisAssignment(
            CameraId(self._film.path.name),
            (_FOLLOW_ALL,),
            until_ns,
            "evaluation",
            self._detector.sha256,
            lines,
            (),
            until_ns,
            self._film.pose,
            width,
        )
        return Chain(assignment, self._detector, BEGIN_NS, self._cpu_ns)

    def _judge(self, true: TruePicture, looked: Looked) -> None:
        if self._truth_line is not None:
            for number, (kind, box) in true.objects.items():
                self._truth_line.see(number, kind, box)
        if not looked.detected or looked.observed is None:
            return
        for group, judge in self._judges.items():
            mine = {n: box for n, (kind, box) in true.objects.items() if followed_as(kind) is group}
            others = [box for n, (_, box) in true.objects.items() if n not in mine] + true.not_judged
            followed = {
                track.track: np.array(track.box, np.float64)
                for track in looked.observed.tracks
                if track.is_seen and followed_as(track.kind) is group
            }
            judge.judge(mine, followed, np.array(others, np.float64).reshape(-1, 4))

    def _show(self, picture: TilePicture, true: TruePicture, looked: Looked) -> None:
        """Keep a picture now and then; of a long film ever more seldom, so that a page stays a page."""
        if self._moments and self._seconds < self._moments[-1][0] + self._shown_every_s:
            return
        size = picture.planes.width_px, picture.planes.height_px
        tracks = looked.observed.tracks if looked.observed is not None else ()
        drawing = Drawing(
            lines=[] if self._film.line is None else [self._film.line],
            true=shares([_four(box) for _, box in true.objects.values()], size),
            followed=shares([track.box for track in tracks if track.is_seen], size),
        )
        self._moments.append((self._seconds, drawn(bgr_of(picture.planes), drawing)))
        if len(self._moments) > MOMENTS_MAX:
            self._moments = self._moments[::2]
            self._shown_every_s *= 2


def _four(box: Boxes) -> tuple[float, float, float, float]:
    left, top, right, bottom = box.tolist()
    return left, top, right, bottom


def moments_told(moments: Sequence[tuple[float, bytes]]) -> list[tuple[str, bytes]]:
    """With captions."""
    return [(f"{int(at_s // 60)}:{at_s % 60:04.1f}", jpeg) for at_s, jpeg in moments]
