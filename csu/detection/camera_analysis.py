"""One camera's analysis: masked pictures in; signals for a person and crossings for a counter out, while it is lawful.

What its assignment does not name is not computed; from `until_ns` on not one pixel is touched, whoever goes on handing
pictures (VSA-1, VSA-2). Nothing of a picture, a track or a scene is left when it ends. Pure: the shell gives the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from csu.detection.colour import bgr_of
from csu.detection.crossings import Counter, Crossings
from csu.detection.errors import ForeignPicture, NotAttested, OutsideAssignment
from csu.detection.minute import Minute, NotLooked
from csu.detection.observed import (
    NO_DETECTIONS,
    Detections,
    Detector,
    Finding,
    Motion,
    MotionClasses,
    Observed,
    Rule,
)
from csu.detection.places import Box, has_turned_away
from csu.detection.scene import RulesFor, Scene, ground_of
from csu.hal.analysis import AnalysisAssignment, AnalysisMinute, EventSignal
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import ClearPictureRefused, MaskedFrame, YuvPlanes
from csu.hal.place import PoseReading
from csu.hal.wall import TilePicture
from csu.hal.words import NO_WORDS, Words

MaskedRaster = np.ndarray[tuple[int, int], np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class DetectorNeed:
    """Why a camera asks for the detector now."""

    has_order: bool
    """For an order's rules; False: to count only."""
    moving: bool
    """False: something stands there, nothing moves."""


@dataclass(frozen=True, slots=True)
class AnalysisSettings:
    """How often the detector is asked for."""

    detector_hz: float = 2.5
    """While something moves where something is asked for;"""
    uncalibrated_hz: float = 10.0
    """the same where no ground is known: nothing can be followed by its size between two looks;"""
    still_every_s: float = 2.0
    """and while something only stands there."""


DEFAULT_SETTINGS = AnalysisSettings()
SLACK_NS = 20_000_000
"""A picture may come that much early and still be the one that is due: cameras do not keep time to the millisecond."""
CHECKED_PX = 100
"""Any size does to see whether a pose and a place are usable."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one picture."""

    signals: tuple[EventSignal, ...] = ()
    not_looked: NotLooked | None = None
    """Why nothing of it was computed; None: it was looked at."""
    detected: bool = False
    unserved: bool = False
    """The detector was asked for and not granted."""
    observed: Observed | None = None
    """For evaluation, valid until the next picture. Its tracks go nowhere else."""


class CameraAnalysis:
    """The analysis of one assignment, from its first picture to its end. Another assignment is another analysis.

    `detector` may be shared with other cameras. `grant` says whether it may be used now (`DetectorShares`). Raises
    NotAttested when there are rules and the detector's weights are not those that the order's attestation names,
    GroundUnusable for a pose from which no ground can be seen, ZoneRefused for a bin that is no place on the picture.
    """

    def __init__(
        self,
        assignment: AnalysisAssignment,
        detector: Detector,
        rules_for: RulesFor,
        *,
        began_ns: Nanoseconds,
        counter: Counter | None = None,
        motion_classes: MotionClasses | None = None,
        grant: Callable[[DetectorNeed], bool] = lambda _need: True,
        settings: AnalysisSettings = DEFAULT_SETTINGS,
    ) -> None:
        if assignment.rules and detector.sha256 != assignment.model:
            raise NotAttested(assignment.camera, detector.sha256, assignment.model)
        ground_of(assignment, (CHECKED_PX, CHECKED_PX))
        Crossings(assignment.lines, assignment.bins, (CHECKED_PX, CHECKED_PX))
        self._assignment, self._detector, self._rules_for = assignment, detector, rules_for
        self._counter, self._motion_classes, self._grant, self._settings = counter, motion_classes, grant, settings
        self._reading: PoseReading | None = None
        self._masked: MaskedRaster | None = None
        self._scene: Scene | None = None
        self._at_ns: Nanoseconds | None = None
        self._minute = Minute(assignment.camera, began_ns, max(self._rules_until_ns, self._counts_until_ns))

    @property
    def assignment(self) -> AnalysisAssignment:
        return self._assignment

    @property
    def remembers(self) -> bool:
        """Whether anything of any picture is held. False before the first, and once it has ended."""
        return self._scene is not None

    def hide(self, masked: MaskedRaster | None) -> None:
        """What the mask hides from now on: True in any raster over the whole picture. None: nothing, or not known."""
        self._masked = masked
        if self._scene is not None:
            self._scene.gate.hide(masked)

    def turned(self, reading: PoseReading | None) -> None:
        """Where a camera that turns looks; None: it cannot say."""
        self._reading = reading

    def end(self) -> None:
        """Count what has passed over a line, then forget everything. Idempotent."""
        if self._scene is not None and self._counter is not None:
            self._scene.line_counters.finish(self._counter)
        self._scene = None

    def end_if_over(self, now_ns: Nanoseconds) -> bool:
        """Forget everything if nothing may be computed any more, also when no picture comes that would show it."""
        is_over = not any(self._lawful(now_ns))
        if is_over:
            self.end()
        return is_over

    def take_minute(self, minute_ns: Nanoseconds, detector_unserved_s: float, why: Words = NO_WORDS) -> AnalysisMinute:
        """The account of a minute that is over; what it holds is counted anew from here."""
        return self._minute.take(minute_ns, detector_unserved_s, why)

    def step(self, picture: MaskedFrame | TilePicture, now_ns: Nanoseconds) -> Looked:
        """Look at one picture, if it may be looked at. `now_ns`: what the clock says, whatever the picture is dated.

        Raises ClearPictureRefused for anything that is not masked, ForeignPicture for another camera's.
        """
        at_ns, wholly_masked, epoch = self._require(picture)
        has_rules, has_counts = self._lawful(max(at_ns, now_ns))
        if not has_rules and not has_counts:
            self.end()
            return Looked(not_looked=NotLooked.ENDED)
        reason = self._blind(at_ns, now_ns, wholly_masked)
        if reason is not None:
            if reason is not NotLooked.OLD:
                self.end()
                self._minute.blind(at_ns, reason)
            return Looked(not_looked=reason)
        self._at_ns = at_ns
        scene = self._scene_of(picture.planes, epoch, has_rules, has_counts)
        looked = self._look(scene, picture.planes, at_ns)
        self._minute.looked(at_ns, detected=looked.detected, signals=len(looked.signals))
        return looked

    @property
    def _rules_until_ns(self) -> Nanoseconds:
        return self._assignment.until_ns if self._assignment.rules else 0

    @property
    def _counts_until_ns(self) -> Nanoseconds:
        asked = self._counter is not None and (self._assignment.lines or self._assignment.bins)
        return self._assignment.counts_until_ns if asked else 0

    def _require(self, picture: object) -> tuple[Nanoseconds, bool, int]:
        """When it was captured, whether it is wholly masked, and the version of its mask (0: not told)."""
        if isinstance(picture, MaskedFrame):
            if picture.camera != self._assignment.camera:
                raise ForeignPicture(self._assignment.camera, picture.camera)
            return picture.captured.at_ns, picture.covered_share >= 1.0, picture.mask_epoch
        if isinstance(picture, TilePicture):
            return picture.captured_at_ns, picture.wholly_masked, 0
        raise ClearPictureRefused(picture, where=self._assignment.camera)

    def _lawful(self, at_ns: Nanoseconds) -> tuple[bool, bool]:
        """Whether rules may be applied, and whether may be counted."""
        return at_ns < self._rules_until_ns, at_ns < self._counts_until_ns

    def _blind(self, at_ns: Nanoseconds, now_ns: Nanoseconds, wholly_masked: bool) -> NotLooked | None:
        if wholly_masked:
            return NotLooked.WHOLLY_MASKED
        if self._assignment.follows_pose and has_turned_away(self._assignment.pose, self._reading, now_ns):
            return NotLooked.TURNED_AWAY
        return NotLooked.OLD if self._at_ns is not None and at_ns <= self._at_ns else None

    def _scene_of(self, planes: YuvPlanes, epoch: int, has_rules: bool, has_counts: bool) -> Scene:
        """What is known of the scene: the same as before, or anew for another size, mask or purpose."""
        kind = (planes.width_px, planes.height_px, epoch, has_rules, has_counts)
        if self._scene is None or self._scene.kind != kind:
            self.end()
            self._scene = Scene(self._assignment, self._rules_for, kind)
            self._scene.gate.hide(self._masked)
        return self._scene

    def _look(self, scene: Scene, planes: YuvPlanes, at_ns: Nanoseconds) -> Looked:
        motion = scene.gate.look(planes.y)
        if motion.scene_changed:
            scene.forget()
        scene.heat.add(motion.energy, at_ns)
        regions, need = self._regions(scene, motion, at_ns)
        granted = need is not None and self._grant(need)
        found = self._detect(scene, planes, motion, regions) if granted else self._by_motion(scene, motion)
        if granted:
            scene.detected_ns = at_ns
        tracks = scene.tracker.step(at_ns, found, by_motion=not granted)
        seen = Observed(at_ns, scene.size_px, motion, tracks, granted, planes, scene.gate.hidden)
        if self._counter is not None and scene.crossings is not None:
            scene.crossings.step(tracks, at_ns, self._counter)
            scene.line_counters.step(motion, at_ns, self._counter)
        signals = () if motion.scene_changed else self._signals(scene, seen)
        return Looked(signals, None, granted, need is not None and not granted, seen)

    def _regions(self, scene: Scene, motion: Motion, at_ns: Nanoseconds) -> tuple[list[Box], DetectorNeed | None]:
        """Where the detector should look now, and why; no region: nowhere."""
        moving = scene.asked.of(motion.moving)
        settings = self._settings
        often_hz = settings.detector_hz if scene.ground is not None else settings.uncalibrated_hz
        every_s = 1 / often_hz if moving else settings.still_every_s
        if scene.detected_ns is not None and at_ns - scene.detected_ns < every_s * NS_PER_S - SLACK_NS:
            return [], None
        regions = moving + scene.asked.of(motion.still) + scene.asked.of(scene.expected(at_ns))
        return regions, DetectorNeed(scene.has_rules, bool(moving)) if regions else None

    def _detect(self, scene: Scene, planes: YuvPlanes, motion: Motion, regions: Sequence[Box]) -> Detections:
        found = self._detector.detect(bgr_of(planes), regions)
        if self._motion_classes is not None and scene.ground is not None:
            found = self._motion_classes.added(found, motion, scene.ground, scene.size_px)
        return scene.shown(found)

    def _by_motion(self, scene: Scene, motion: Motion) -> Detections | None:
        """Between two looks of the detector: what moves at the size of a person or vehicle is followed where it is."""
        if self._motion_classes is None or scene.ground is None or motion.scene_changed or not len(motion.moving):
            return None
        near = np.array(scene.asked.of(motion.moving), np.float32).reshape(-1, 4)
        moved = replace(motion, moving=near, still=near[:0])
        return scene.shown(self._motion_classes.added(NO_DETECTIONS, moved, scene.ground, scene.size_px))

    def _signals(self, scene: Scene, seen: Observed) -> tuple[EventSignal, ...]:
        return tuple(self._signal(scene, rule, each) for rule in scene.rules for each in rule.step(seen))

    def _signal(self, scene: Scene, rule: Rule, found: Finding) -> EventSignal:
        assignment = self._assignment
        if (found.type, found.zone) not in scene.permitted:
            raise OutsideAssignment(assignment.camera, found.type, found.zone)
        return EventSignal(
            assignment.camera,
            found.type,
            found.zone,
            found.since_ns,
            found.at_ns,
            found.boxes,
            found.score,
            rule.version,
            assignment.model,
            assignment.order,
            scene.heat.grid(found.at_ns),
        )
