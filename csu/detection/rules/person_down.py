"""Somebody who stood lies on the ground (décret 2023-828, art. 3, 5o).

Detectors do not see people who lie (0 to 9 hits of 24 on real backgrounds, study of 2026-11-23). So a fall is told by
what came before and by what is left: somebody stood, flattened or vanished, and something low, wide and new lies
within a body's length of where he last stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from csu.detection.observed import Boxes, Observed, Tracked
from csu.detection.parameters import PersonDownParameters
from csu.detection.rules.of_zone import Holding, OfZone, Window
from csu.detection.rules.usual_view import UsualView, covered
from csu.detection.rules.zone import Box, ZoneOnPicture, box_of, boxes_of, foot_px, hidden_at, middles_px, overlaps
from csu.hal.analysis import EventType, ObjectClass
from csu.hal.clock import NS_PER_S, Nanoseconds

UPRIGHT = 1.3
"""A box is somebody upright when it is so many times as high as wide."""
KEPT_SHARE = 0.8
WIDTH_MIN, WIDTH_MAX = 0.35, 1.7
"""Of the upright height: a bag is narrower, a car wider. Who lies towards the camera is foreshortened."""
SAME = 0.3
"""Overlap of two boxes from which they are the same thing."""
SUCCESSOR_NS = NS_PER_S
"""Who is found upright at the place within that time is the one who was lost there."""
SUNK = 0.7
"""Of the upright height, within `FOLLOWED_NS`: nobody walks away so fast."""
FLAT = 0.45
"""Of the upright height: nobody who sits or crouches is so low, however narrow he looks with his shadow."""
FOLLOWED_NS = 3 * NS_PER_S
"""A detector looks at what stands still every 2 s: between two looks somebody is still as he was."""
STEADY = 0.3
"""How fast the known upright height follows the boxes."""


@dataclass(slots=True)
class _Stander:
    """Somebody who stood: when, where, how high (px), and what lay around then."""

    since_ns: Nanoseconds
    until_ns: Nanoseconds
    foot: tuple[float, float]
    height: float
    around: Boxes
    window: Window
    down_since_ns: Nanoseconds | None = None
    down_ns: Nanoseconds = 0
    lies: Box | None = None
    """Where he was seen to lie first."""
    is_down: bool = False


class PersonDown(OfZone):
    """Needs no metres: the upright height of the same person is the measure."""

    TYPE = EventType.PERSON_DOWN
    VERSION = 2

    def __init__(self, zone: ZoneOnPicture, parameters: PersonDownParameters) -> None:
        super().__init__(zone, parameters.clear_s)
        self._parameters = parameters
        self._standers: dict[int, _Stander] = {}
        self._view = UsualView(zone.corners_px)

    def _holds(self, seen: Observed) -> Holding | None:
        people = [each for each in seen.tracks if each.kind is ObjectClass.PERSON and each.is_seen]
        upright = [each for each in people if _is_upright(each) and not self._has_sunk(each, seen.at_ns)]
        for each in upright:
            self._stands(each, seen)
        self._view.look(seen.planes.y, covered(seen), seen.at_ns)
        low = _low_boxes([each for each in people if each not in upright], seen)
        holding: list[tuple[_Stander, Box]] = []
        for track, stander in list(self._standers.items()):
            if stander.until_ns == seen.at_ns:
                continue
            if not stander.is_down and _is_elsewhere(stander, track, upright):
                del self._standers[track]
                continue
            if (box := self._lies(stander, low, seen)) is not None:
                holding.append((stander, box))
            elif self._is_over(stander, seen.at_ns):
                del self._standers[track]
        if not holding:
            return None
        return Holding(
            min(stander.down_since_ns or seen.at_ns for stander, _ in holding),
            [box for _, box in holding],
            max(stander.window.share or 0.0 for stander, _ in holding),
        )

    def _has_sunk(self, track: Tracked, at_ns: Nanoseconds) -> bool:
        """Whether he is far less high than a moment ago: who falls towards the camera stays higher than wide."""
        known = self._standers.get(track.track)
        if known is None or at_ns - known.until_ns > FOLLOWED_NS:
            return False
        return track.box[3] - track.box[1] < SUNK * known.height

    def _stands(self, track: Tracked, seen: Observed) -> None:
        foot, height = foot_px(track), track.box[3] - track.box[1]
        last = self._standers.get(track.track)
        if last is not None and seen.at_ns - last.until_ns <= FOLLOWED_NS:
            last.height += STEADY * (height - last.height)
        else:
            last = _Stander(seen.at_ns, seen.at_ns, foot, height, seen.motion.still, Window(self._parameters.down_s))
            self._standers[track.track] = last
        last.until_ns, last.foot, last.around = seen.at_ns, foot, seen.motion.still
        last.down_since_ns, last.is_down, last.lies = None, False, None
        last.window.clear()

    def _lies(self, stander: _Stander, low: Boxes, seen: Observed) -> Box | None:
        """Where he lies, when he has for long enough."""
        parameters = self._parameters
        if stander.until_ns - stander.since_ns < parameters.upright_s * NS_PER_S:
            return None
        foot = np.array([stander.foot], np.float64)
        if not self._zone.holds(foot)[0] or hidden_at(seen, foot)[0]:
            return None
        box = self._low_and_wide(stander, low)
        if box is not None and stander.lies is not None and float(overlaps(boxes_of(stander.lies), box)[0]) < SAME:
            box = None  # it moves on
        if box is None and stander.down_since_ns is None:
            return None
        if stander.down_since_ns is None:
            if seen.at_ns - stander.until_ns > parameters.within_s * NS_PER_S:
                return None
            stander.down_since_ns, stander.lies = seen.at_ns, box
        if box is not None:
            stander.down_ns = seen.at_ns
        stander.window.add(seen.at_ns, box is not None)
        share = stander.window.share
        stander.is_down = stander.is_down or (share is not None and share >= KEPT_SHARE)
        return box if stander.is_down else None

    def _low_and_wide(self, stander: _Stander, low: Boxes) -> Box | None:
        """What is new within a body's length of where he stood, as one box, if it may be somebody who lies."""
        near = np.linalg.norm(middles_px(low) - stander.foot, axis=1) <= stander.height
        new = [
            box
            for box in map(box_of, low[near])
            if not len(stander.around) or float(overlaps(stander.around, box).max()) < SAME
        ]
        parts = [part for box in new if (part := self._view.unlike_within(box)) is not None]
        if not parts:
            return None
        box = _around(parts)
        width, height = box[2] - box[0], box[3] - box[1]
        parameters, upright = self._parameters, stander.height
        is_wide = width > parameters.width_per_height * height or height < FLAT * upright
        is_low = height < parameters.height_share * upright
        return box if is_low and is_wide and WIDTH_MIN * upright <= width <= WIDTH_MAX * upright else None

    def _is_over(self, stander: _Stander, at_ns: Nanoseconds) -> bool:
        parameters = self._parameters
        if stander.down_since_ns is None:
            return at_ns - stander.until_ns > parameters.within_s * NS_PER_S
        return at_ns - stander.down_ns > max(parameters.clear_s, parameters.down_s) * NS_PER_S

    def _forget(self) -> None:
        self._standers.clear()
        self._view.forget()


def _is_upright(track: Tracked) -> bool:
    left, top, right, bottom = track.box
    return bottom - top >= UPRIGHT * (right - left)


def _low_boxes(people: Sequence[Tracked], seen: Observed) -> Boxes:
    """Blobs, and people whose box is not upright: what may be somebody who lies. One that moves is let in as well: a
    mast in the wind moves everything, and who is hurt may stir. What moves on is left out later."""
    found = [seen.motion.still, seen.motion.moving]
    if people:
        found.append(np.array([each.box for each in people], np.float32))
    boxes = np.concatenate(found).astype(np.float32)
    return boxes[~hidden_at(seen, middles_px(boxes))] if len(boxes) else boxes


def _is_elsewhere(stander: _Stander, track: int, upright: Sequence[Tracked]) -> bool:
    """Whether he is found again, upright and under another number, where he was lost."""
    return any(
        each.track != track
        and 0 <= each.first_ns - stander.until_ns <= SUCCESSOR_NS
        and np.hypot(foot_px(each)[0] - stander.foot[0], foot_px(each)[1] - stander.foot[1]) <= stander.height
        for each in upright
    )


def _around(boxes: Sequence[Box]) -> Box:
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
