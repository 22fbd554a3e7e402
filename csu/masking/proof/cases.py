"""The five cases: what the engine was told of a camera, and the instants at which it is put to the proof."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from csu.hal.camera import CameraId, CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.chance import Chance
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseBounds, PoseReading, PtzDynamics
from csu.hal.words import Words
from csu.masking.proof.courses import START_NS, Course, from_preset_to_preset, going_about
from csu.masking.proof.rays import World, turned
from csu.masking.proof.scenes import Scene, log_uniform, pick, unit_vector

FRAME_GAPS_MS = (40, 100, 200, 500)
"""Between two pictures of a camera that sends 25, 10, 5 or 2 a second, or whose others were dropped under load."""
READING_EVERY_NS = 100 * NS_PER_MS
READINGS_KEPT = 16
"""What a node remembers of a camera's readings here: a second and a half."""
PAN_DEG_PER_S = (12.0, 90.0)
"""How fast the mounts of the proof can turn: each is told its own limit, and goes up to it."""


class Case(StrEnum):
    """How what is told differs from what is."""

    EXACT = "exact"
    WRONG_POSE = "wrong_pose"
    SLEWING = "slewing"
    STALE = "stale"
    ALL = "all"

    @property
    def words(self) -> Words:
        return _WORDS[self]

    @property
    def is_ptz(self) -> bool:
        return self in (Case.SLEWING, Case.STALE, Case.ALL)


_WORDS = {
    Case.EXACT: Words("pose exacte", "exact pose"),
    Case.WRONG_POSE: Words("pose fausse dans ses bornes", "pose wrong within its bounds"),
    Case.SLEWING: Words("PTZ en mouvement", "slewing PTZ"),
    Case.STALE: Words("pose ancienne", "stale pose"),
    Case.ALL: Words("tout à la fois", "all together"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One picture: from where it was truly seen, and what was known when it was masked."""

    real: Pose
    captured: CaptureTime
    masked_at_ns: Nanoseconds
    readings: tuple[PoseReading, ...]
    """Oldest first, all that had come by then."""
    is_judged: bool = True
    """False: shown to the engine so that it has a past, not looked at."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One camera in one case."""

    case: Case
    assignment: Assignment
    world: World
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class _Error:
    """What makes a pose wrong: at the limit of the bounds, in any direction, the same while a camera hangs there."""

    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    angle_deg: float = 0.0
    turns_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Of pan, tilt and roll, instead of one turn about one axis."""
    place_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    focal_share: float = 0.0
    k1: float = 0.0

    def away_from(self, wall: tuple[float, float] | None) -> _Error:
        """The same error, to the other side where it would put the camera into its wall."""
        x, y, z = self.place_m
        into = wall is not None and x * wall[0] + y * wall[1] < 0
        return replace(self, place_m=(-x, -y, z)) if into else self

    def real(self, told: Pose) -> Pose:
        """Where the camera truly looks when it is told to look so."""
        x, y, z = self.place_m
        moved = replace(told, x_m=told.x_m + x, y_m=told.y_m + y, z_m=told.z_m + z)
        pan, tilt, roll = self.turns_deg
        real = turned(moved, self.axis, self.angle_deg) if self.angle_deg else moved
        real = replace(real, pan_deg=real.pan_deg + pan, tilt_deg=real.tilt_deg + tilt, roll_deg=real.roll_deg + roll)
        return replace(real, focal_px=told.focal_px * (1 + self.focal_share), k1=told.k1 + self.k1)


def trial(scene: Scene, case: Case, chance: Chance) -> Trial:
    """The camera of `scene` put into `case`: always the same for the same chance."""
    dice = chance.stream(f"case/{scene.number}/{case}")
    bounds, error = PoseBounds(0.0), _Error()
    if case in (Case.WRONG_POSE, Case.ALL):
        bounds, error = _wrong(dice)
        error = error.away_from(scene.wall)
    fastest = log_uniform(dice, *PAN_DEG_PER_S)
    sheet = PtzDynamics(fastest, fastest * dice.uniform(0.3, 0.7), dice.uniform(0.2, 1.0)) if case.is_ptz else None
    scale = 1 if dice.uniform(0, 1) < 0.7 else 2
    assignment = _assignment(scene, case, bounds, None if dice.uniform(0, 1) < 0.05 else sheet, scale)
    # Who draws on a picture draws on what was truly seen; the pose that is kept with it is the one that was told.
    drawn = tuple(replace(zone, seen_from=error.real(zone.seen_from)) for zone in scene.world.picture_zones)
    world = replace(scene.world, picture_zones=drawn)
    if sheet is None:
        at_ns = START_NS + dice.integer(0, NS_PER_S)
        captured = CaptureTime(at_ns, from_camera=True)
        moment = Moment(error.real(scene.pose), captured, at_ns + 80 * NS_PER_MS, ())
        return Trial(case, assignment, world, (moment,))
    return Trial(case, assignment, world, _moments(scene, case, error, sheet, scale, dice))


def _wrong(dice: Chance) -> tuple[PoseBounds, _Error]:
    """Bounds of a calibration, and an error that touches each of them."""
    bounds = PoseBounds(
        dice.uniform(0.05, 0.6), dice.uniform(0.0, 0.5), dice.uniform(0.0, 0.02), k1=dice.uniform(0.0, 0.02)
    )

    def side() -> int:
        return 2 * dice.integer(0, 1) - 1

    focal_share, k1 = bounds.focal_share * side(), bounds.k1 * side()
    far, angle = bounds.position_m, bounds.angle_deg
    if dice.uniform(0, 1) < 0.5:  # each number to its limit
        turns = (angle * side(), angle * side(), angle * side())
        return bounds, _Error(
            turns_deg=turns, place_m=(far * side(), far * side(), far * side()), focal_share=focal_share, k1=k1
        )
    x, y, z = unit_vector(dice)
    place = (x * far, y * far, z * far)
    return bounds, _Error(unit_vector(dice), angle, place_m=place, focal_share=focal_share, k1=k1)


def _calibrated(pose: Pose, scale: int) -> Pose:
    """`pose` as told by a camera that was calibrated on another stream, `scale` times as wide."""
    return replace(pose, focal_px=pose.focal_px * scale) if scale != 1 else pose


def _assignment(scene: Scene, case: Case, bounds: PoseBounds, sheet: PtzDynamics | None, scale: int) -> Assignment:
    camera = CameraId(f"proof-{scene.number}")
    return Assignment(
        CameraRecord(camera, 1 + scene.number % 16_000, f"{case}", CommuneId("proof"), ViewType.WIDE),
        StreamAddress("rtsp://127.0.0.1/proof"),
        pose=None if case.is_ptz else _calibrated(scene.pose, scale),
        follows_pose=case.is_ptz,
        buildings=scene.buildings,
        mask_above_m=scene.mask_above_m,
        mask_epoch=1,
        pose_size_px=(scene.width_px * scale, scene.height_px * scale),
        bounds=bounds,
        zones=scene.zones,
        dynamics=sheet,
    )


def _moments(
    scene: Scene, case: Case, error: _Error, sheet: PtzDynamics, scale: int, dice: Chance
) -> tuple[Moment, ...]:
    """Pictures of a camera that goes about for a while, or of one that goes from one preset to another."""
    is_tour = dice.uniform(0, 1) < 0.3
    course = from_preset_to_preset(scene, sheet, dice) if is_tour else going_about(scene, sheet, dice)
    instants = _two_presets(course, dice) if is_tour else _on_the_way(course, dice)
    first_ns = START_NS - 2 * NS_PER_S + dice.integer(0, READING_EVERY_NS)
    found: list[Moment] = []
    known_until = first_ns
    for captured_ns, is_judged in sorted(instants):
        arrived_ns = captured_ns + dice.integer(20, 140) * NS_PER_MS
        now_ns = arrived_ns + dice.integer(0, 200) * NS_PER_MS
        known_until = max(known_until, _known_until(case, captured_ns, now_ns, dice))  # what has come is not forgotten
        times = list(range(first_ns, known_until + 1, READING_EVERY_NS))[-READINGS_KEPT:]
        told = (course.reading(time_ns) for time_ns in times)
        readings = tuple(replace(reading, pose=_calibrated(reading.pose, scale)) for reading in told)
        captured = _dated(captured_ns, arrived_ns, dice)
        found.append(Moment(error.real(course.pose(captured_ns)), captured, now_ns, readings, is_judged))
    return tuple(found)


def _on_the_way(course: Course, dice: Chance) -> list[tuple[Nanoseconds, bool]]:
    """Three of: at rest, beginning to turn, turning, just arrived, settled. Each with the picture before it.

    (captured at, whether it is judged)."""
    starts_ns, arrives_ns = course.starts_ns, course.arrives_ns
    instants = [
        starts_ns - dice.integer(40, 300) * NS_PER_MS,
        starts_ns + dice.integer(5, 90) * NS_PER_MS,
        dice.integer(starts_ns, arrives_ns),
        arrives_ns + dice.integer(0, 60) * NS_PER_MS,
        arrives_ns + dice.integer(600, 1100) * NS_PER_MS,
    ]
    looked_at = [instants.pop(dice.integer(0, len(instants) - 1)) for _ in range(3)]
    gap_ns = pick(dice, FRAME_GAPS_MS) * NS_PER_MS
    return [pair for at_ns in looked_at for pair in ((at_ns - gap_ns, False), (at_ns, True))]


def _two_presets(course: Course, dice: Chance) -> list[tuple[Nanoseconds, bool]]:
    """Settled at the one, then settled at the other: the pictures between them were dropped under load."""
    settled = [course.arrives_ns + (after + dice.integer(0, 300)) * NS_PER_MS for after in (300, 700)]
    return [(course.starts_ns - dice.integer(40, 300) * NS_PER_MS, True), *((at_ns, True) for at_ns in settled)]


def _known_until(case: Case, captured_ns: Nanoseconds, now_ns: Nanoseconds, dice: Chance) -> Nanoseconds:
    """Readings of up to then have come when the picture is masked."""
    if case is Case.SLEWING:
        return now_ns - dice.integer(0, 40) * NS_PER_MS
    is_short = case is Case.ALL or dice.uniform(0, 1) < 0.8
    # The newest reading is up to READING_EVERY_NS older than this.
    return captured_ns - (dice.integer(0, 100) if is_short else dice.integer(100, 2500)) * NS_PER_MS


def _dated(captured_ns: Nanoseconds, arrived_ns: Nanoseconds, dice: Chance) -> CaptureTime:
    """How the picture is dated: by the camera, right, a little off, or wrong by seconds; or by its arrival."""
    way = dice.integer(0, 9)
    if way < 5:
        return CaptureTime(captured_ns, from_camera=True, at_latest_ns=arrived_ns)
    if way < 7:
        return CaptureTime(captured_ns + dice.integer(-40, 40) * NS_PER_MS, from_camera=True)
    if way < 8:
        return CaptureTime(captured_ns + dice.integer(-2000, 2000) * NS_PER_MS, True, at_latest_ns=arrived_ns)
    return CaptureTime(arrived_ns, from_camera=False, at_latest_ns=arrived_ns if way == 8 else None)
