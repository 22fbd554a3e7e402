"""What an analysis node is: cameras and what may be looked for in their masked pictures in, signals and counts out.

The node computes nothing that its assignments do not name, and nothing from `until_ns` on, whether or not the centre
can still be reached (VSA-1, VSA-2). A signal draws a person's attention; it names nobody and does nothing (VSA-5 to 7).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.place import Pose, PoseReading
from csu.hal.words import NO_WORDS, Words


class EventType(StrEnum):
    """The eight types of event of décret 2023-828, art. 3. There is no ninth (VSA-4)."""

    ABANDONED_OBJECT = "abandoned_object"
    WEAPON = "weapon"
    WRONG_WAY = "wrong_way"
    RESTRICTED_ZONE = "restricted_zone"
    PERSON_DOWN = "person_down"
    CROWD_MOVEMENT = "crowd_movement"
    CROWD_DENSITY = "crowd_density"
    FIRE_START = "fire_start"


EVENT_WORDS: dict[EventType, Words] = {
    EventType.ABANDONED_OBJECT: Words("objet abandonné", "abandoned object"),
    EventType.WEAPON: Words("arme", "weapon"),
    EventType.WRONG_WAY: Words("contresens", "wrong way"),
    EventType.RESTRICTED_ZONE: Words("zone interdite ou sensible", "restricted zone"),
    EventType.PERSON_DOWN: Words("personne au sol", "person on the ground"),
    EventType.CROWD_MOVEMENT: Words("mouvement de foule", "crowd movement"),
    EventType.CROWD_DENSITY: Words("densité de personnes", "crowd density"),
    EventType.FIRE_START: Words("départ de feu", "start of fire"),
}
"""As people say each of the eight."""


class ObjectClass(StrEnum):
    """What a detector may tell apart. Of a person: that it is one, and no more (VSA-5)."""

    PERSON = "person"
    BICYCLE = "bicycle"
    MOTORCYCLE = "motorcycle"
    CAR = "car"
    BUS = "bus"
    TRUCK = "truck"
    BAG = "bag"


@dataclass(frozen=True, slots=True)
class PictureBox:
    """A box in shares of the picture: 0 to 1 from its left and its top."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class AnalysisZone:
    """A zone that a person drew on a camera's picture. `corners`: (x, y) in [0, 1] of it, at least 3, not closed.

    `lane`: the way that traffic goes there, from one point of the picture to another; only WRONG_WAY asks for it.
    """

    zone: str
    corners: tuple[tuple[float, float], ...]
    lane: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """One type of event looked for in one zone. `parameters`: (name, value) of those that are not at their default;
    their names carry units, and are the detection room's."""

    zone: AnalysisZone
    type: EventType
    parameters: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class CountLine:
    """A line across a picture, from `start` to `end` (shares). Whoever crosses it from its left to its right, seen from
    `start` towards `end`, goes forward; the other way is backward. `classes`: what is counted."""

    line: str
    start: tuple[float, float]
    end: tuple[float, float]
    classes: frozenset[ObjectClass]
    slot_s: int = 900
    """How long its slots are: 300 at least (STA-2), a divisor of the hour."""


@dataclass(frozen=True, slots=True)
class BinPlace:
    """An underground bin seen by a camera: deposits are counted within `corners` (shares of the picture)."""

    bin: str
    corners: tuple[tuple[float, float], ...]
    slot_s: int = 900


@dataclass(frozen=True, slots=True)
class AnalysisAssignment:
    """What may be computed from one camera's masked pictures. Nothing in it: the camera is not looked at.

    `rules` are lawful until `until_ns` (excluded), by `order`; `lines` and `bins` have a purpose of their own (STA-1).
    `pose` None: not calibrated, so nothing that needs metres can be told of it.
    """

    camera: CameraId
    rules: tuple[ZoneRule, ...] = ()
    until_ns: Nanoseconds = 0
    order: str = ""
    """Number of the prefect's order that permits `rules`."""
    model: str = ""
    """sha256 of the weights that the order's attestation names."""
    lines: tuple[CountLine, ...] = ()
    bins: tuple[BinPlace, ...] = ()
    counts_until_ns: Nanoseconds = 0
    """`lines` and `bins` are counted until then (excluded)."""
    pose: Pose | None = None
    pose_width_px: int = 0
    """Width of the picture for which `pose.focal_px` is meant."""
    ground_m: float = 0.0
    """Altitude of the ground it sees, in the site's metres as `pose.z_m` is."""
    follows_pose: bool = False
    """A camera that turns: zones hold only while it looks as `pose` says."""


HEAT_COLUMNS, HEAT_ROWS = 16, 9


@dataclass(frozen=True, slots=True)
class EventSignal:
    """Something that a rule found in a zone: for a person to look at, qualify or dismiss. Nothing else comes of it."""

    camera: CameraId
    type: EventType
    zone: str
    since_ns: Nanoseconds
    """When it began, by the pictures."""
    at_ns: Nanoseconds
    """When it was decided."""
    boxes: tuple[PictureBox, ...]
    score: float
    """0 to 1, of this rule only: scores of two types are not compared."""
    rule_version: str
    model: str
    order: str
    heat: bytes = b""
    """HEAT_ROWS x HEAT_COLUMNS of 0 to 255, row by row: where it moved in the last seconds. Empty: not told."""


@dataclass(frozen=True, slots=True)
class AnalysisMinute:
    """One camera's account of one minute. A camera without an assignment has none."""

    camera: CameraId
    minute_ns: Nanoseconds
    pictures_looked_at: int
    """By the motion gate: each picture of which anything was computed at all."""
    pictures_detected: int
    """By the detector."""
    signals: int
    unserved_s: float
    """How long it should have been looked at and was not: the node was at its end, its view moved, no picture came."""
    why_unserved: Words = NO_WORDS


@dataclass(frozen=True, slots=True)
class SlotCount:
    """What crossed a line, or was put into a bin, in one slot; all that remains of who did (STA-2)."""

    camera: CameraId
    counter: str
    """Name of the line or the bin."""
    counted: str
    """An `ObjectClass`, or `deposit`."""
    slot_ns: Nanoseconds
    """First instant of the slot."""
    slot_s: int
    forward: int
    backward: int = 0
    seen_share: float = 1.0
    """Share of the slot in which pictures were looked at."""


@dataclass(frozen=True, slots=True)
class AnalysisLost:
    """The node stopped by itself. Nothing is analysed until it starts again; recording and live go on."""

    at_ns: Nanoseconds
    detail: Words = NO_WORDS


AnalysisMessage: TypeAlias = EventSignal | AnalysisMinute | SlotCount | AnalysisLost


@runtime_checkable
class AnalysisNode(Protocol):
    """A worker that analyses masked pictures, and only those of its assignments."""

    async def start(self) -> None:
        """Begin with no assignment. Raises CsuError when it cannot be started."""
        ...

    async def assign(self, assignments: Sequence[AnalysisAssignment]) -> None:
        """The whole set from now on. A camera that is missing is not looked at any more when this returns."""
        ...

    async def pose(self, camera: CameraId, reading: PoseReading | None) -> None:
        """Where a camera that turns looks now; None: it cannot say. While it is not where its assignment's `pose` has
        it, nothing is computed of it. Unknown cameras are ignored."""
        ...

    def messages(self) -> AsyncIterator[AnalysisMessage]:
        """In the order they happened. Ends after `stop`."""
        ...

    async def stop(self) -> None:
        """Look at nothing any more. Idempotent; the kill switch is this."""
        ...
