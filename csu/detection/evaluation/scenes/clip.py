"""What a clip is: a place, a camera, who moves in it, the light and the weather, what is asked, and what is true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.evaluation.scenes.actors import Actor, Posture
from csu.detection.evaluation.scenes.place import Place
from csu.detection.evaluation.scenes.view import View
from csu.hal.analysis import BinPlace, CountLine, EventType, ObjectClass, PictureBox, ZoneRule
from csu.hal.clock import Nanoseconds
from csu.hal.frames import YuvPlanes
from csu.hal.place import Pose

BEGIN_NS: Nanoseconds = 1_767_261_600_000_000_000
"""Date of every clip's first picture: no clip is of a day that somebody lived."""


class Daylight(StrEnum):
    SUN = "sun"
    OVERCAST = "overcast"
    NIGHT = "night"
    INFRARED = "infrared"
    """Night seen by a camera's own infrared lamps: grey."""

    @property
    def is_night(self) -> bool:
        return self in (Daylight.NIGHT, Daylight.INFRARED)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Light and weather. The default is a calm sunny day."""

    light: Daylight = Daylight.SUN
    rain: bool = False
    shake_px: float = 0.0
    """Standard deviation of a mast in the wind, each picture for itself."""
    exposure: float = 0.0
    """Largest part by which the exposure goes up and down."""
    cloud: bool = False
    """A cloud's shadow passes over the place."""
    leaves: bool = False
    """Shade of leaves in the wind lies on the ground."""
    puddle: bool = False
    """The ground is wet and mirrors what stands on it."""

    @property
    def words(self) -> str:
        """For breakdowns: `night+rain`."""
        extra = [name for name in ("rain", "cloud", "leaves", "puddle") if getattr(self, name)]
        extra += [name for name, value in (("shake", self.shake_px), ("exposure", self.exposure)) if value]
        return "+".join([self.light.value, *extra])


@dataclass(frozen=True, slots=True)
class TrueObject:
    """One object in one picture. `number`: the same through the clip, and nothing outside it."""

    number: int
    kind: ObjectClass
    box: tuple[float, float, float, float]
    """Pixels: left, top, right, bottom, cut to the picture."""
    foot_m: tuple[float, float]
    """Where it stands; of who lies, under the middle of the body."""
    posture: Posture
    seen_share: float
    """How much of it shows: not hidden by others, not beyond the edge."""

    @property
    def tall_px(self) -> float:
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """Something that a rule ought to find. `box`: where it is when it begins."""

    type: EventType
    zone: str
    begin_ns: Nanoseconds
    end_ns: Nanoseconds
    box: PictureBox
    """Shares of the picture."""


@dataclass(frozen=True, slots=True)
class TrueCount:
    """What crossed a line in the clip."""

    line: str
    kind: ObjectClass
    forward: int
    backward: int


@dataclass(frozen=True, slots=True)
class TrueDeposit:
    """Something was put into a bin."""

    bin: str
    at_ns: Nanoseconds


@dataclass(frozen=True)
class Shot:
    """One picture. `bgr`: (h, w, 3); valid for as long as it is held."""

    at_ns: Nanoseconds
    bgr: NDArray[np.uint8]
    objects: tuple[TrueObject, ...]

    @cached_property
    def planes(self) -> YuvPlanes:
        """The same picture as a decoder gives it: 8-bit 4:2:0, BT.601, 16-235."""
        height, width = self.bgr.shape[:2]
        flat = cv2.cvtColor(self.bgr, cv2.COLOR_BGR2YUV_I420)
        quarter = height * width // 4
        u, v = flat[height:].reshape(-1)[:quarter], flat[height:].reshape(-1)[quarter:]
        half = (height // 2, width // 2)
        y = np.asarray(flat[:height], np.uint8)
        return YuvPlanes(y, np.asarray(u.reshape(half)), np.asarray(v.reshape(half)), False, False)


@dataclass(frozen=True)
class Clip:
    """All of one clip, told beforehand; `render` plays it. The same clip gives the same pictures everywhere.

    `wanted`: the type that the clip is about; None: traffic or bins. Without an event of it, a hard negative.
    """

    name: str
    place: Place
    pose: Pose
    seconds: float
    actors: tuple[Actor, ...]
    wanted: EventType | None = None
    conditions: Conditions = field(default_factory=Conditions)
    rules: tuple[ZoneRule, ...] = ()
    lines: tuple[CountLine, ...] = ()
    bins: tuple[BinPlace, ...] = ()
    events: tuple[TrueEvent, ...] = ()
    counts: tuple[TrueCount, ...] = ()
    deposits: tuple[TrueDeposit, ...] = ()
    about: str = ""
    """What is seen, in one line."""
    seed: int = 1
    fps: int = 10
    size_px: tuple[int, int] = (640, 360)

    @property
    def view(self) -> View:
        return View(self.pose, *self.size_px)

    @property
    def is_positive(self) -> bool:
        return any(event.type is self.wanted for event in self.events)

    @property
    def camera_height_m(self) -> float:
        """Above the ground of the place, which is at 0."""
        return self.pose.z_m

    @property
    def pictures(self) -> int:
        return round(self.seconds * self.fps)

    def at_ns(self, t_s: float) -> Nanoseconds:
        """Date of an instant of the clip."""
        return BEGIN_NS + round(t_s * 1e9)

    @property
    def times_s(self) -> tuple[float, ...]:
        return tuple(n / self.fps for n in range(self.pictures))

    def render(self) -> Iterator[Shot]:
        """Its pictures in their order."""
        from csu.detection.evaluation.scenes.stage import Stage

        stage = Stage(self)
        for t_s in self.times_s:
            yield stage.shot(t_s)
