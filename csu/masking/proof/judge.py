"""Judging covers against the truth: how many pixels that must be hidden are not, how many others are hidden too."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from csu.hal.chance import Chance
from csu.hal.clock import Nanoseconds
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.place import Pose, PoseReading
from csu.masking import policy
from csu.masking.cover import CELL_PX, Cells, Cover
from csu.masking.proof.cases import Case, Moment, Trial, trial
from csu.masking.proof.rays import FORBIDDEN, World, look
from csu.masking.proof.scenes import Scene, scene

RAYS_A_PICTURE = 4_500
"""Pixels looked at in a picture: each sixth to eighteenth in both directions, from a corner drawn by chance."""


class CoverMaker(Protocol):
    """What is put to the proof; `csu.masking.CoverPolicy` is one."""

    def cover(self, captured: CaptureTime, now_ns: Nanoseconds, readings: tuple[PoseReading, ...]) -> Cover:
        """The cover of a picture captured then and masked at `now_ns`. `readings`: oldest first."""
        ...


MakeCovers = Callable[[Assignment, int, int], CoverMaker]
"""(assignment, width_px, height_px): a cover maker for one camera."""


def the_policy(assignment: Assignment, width_px: int, height_px: int) -> CoverMaker:
    """The policy that ships, looked up when called: a defect planted in it is in what is judged."""
    return policy.CoverPolicy(assignment, width_px, height_px)


@dataclass(frozen=True, slots=True)
class Sighting:
    """Where one picture can be found again: scene, case, and the moment's place in its trial."""

    scene: int
    case: Case
    moment: int


@dataclass(slots=True)
class Tally:
    """What covers made of the truth. All pixel counts are of the sampled ones."""

    pictures: int = 0
    whole_pictures: int = 0
    """Wholly covered: safe, and of no use to anybody."""
    sensitive_px: int = 0
    missed_px: int = 0
    """Sensitive, and not covered with one more cell on every side: a decoder smears over that much."""
    shown_px: int = 0
    """Sensitive and not covered at all."""
    other_px: int = 0
    overmasked_px: int = 0
    other_in_whole_px: int = 0
    """Of `other_px`, those of wholly covered pictures."""

    @property
    def over_mask_ratio(self) -> float:
        """Share of what may be seen and is hidden all the same, 0 to 1."""
        return self.overmasked_px / self.other_px if self.other_px else 0.0

    @property
    def over_mask_ratio_of_the_rest(self) -> float:
        """The same over the pictures that are not wholly covered."""
        rest = self.other_px - self.other_in_whole_px
        return (self.overmasked_px - self.other_in_whole_px) / rest if rest else 0.0

    def add(self, other: Tally) -> None:
        self.pictures += other.pictures
        self.whole_pictures += other.whole_pictures
        self.sensitive_px += other.sensitive_px
        self.missed_px += other.missed_px
        self.shown_px += other.shown_px
        self.other_px += other.other_px
        self.overmasked_px += other.overmasked_px
        self.other_in_whole_px += other.other_in_whole_px


@dataclass(slots=True)
class CaseResult:
    """One case over many scenes."""

    total: Tally = field(default_factory=Tally)
    over_mask_ratios: list[float] = field(default_factory=list)
    """Of each picture that is not wholly covered."""
    worst: Sighting | None = None
    """The picture that misses most; when none does, the one that is not whole and hides most for nothing."""
    worst_tally: Tally = field(default_factory=Tally)
    missed_at: list[Sighting] = field(default_factory=list)
    """The first few."""

    def note(self, sighting: Sighting, tally: Tally) -> None:
        self.total.add(tally)
        if tally.missed_px and len(self.missed_at) < _SIGHTINGS_KEPT:
            self.missed_at.append(sighting)
        if not tally.whole_pictures:
            self.over_mask_ratios.append(tally.over_mask_ratio)
        if self.worst is None or _badness(tally) > _badness(self.worst_tally):
            self.worst, self.worst_tally = sighting, tally


_SIGHTINGS_KEPT = 20


def _badness(tally: Tally) -> tuple[int, bool, float]:
    return tally.missed_px, not tally.whole_pictures and tally.sensitive_px > 0, tally.over_mask_ratio


def judge(
    scenes: Iterable[int],
    chance: Chance,
    cases: Iterable[Case] = tuple(Case),
    make_covers: MakeCovers = the_policy,
    told: Callable[[int], None] = lambda _: None,
) -> dict[Case, CaseResult]:
    """Put covers to the proof in these scenes. `told` is called with each scene's number when it is done."""
    results = {case: CaseResult() for case in cases}
    for number in scenes:
        place = scene(number, chance)
        for case, result in results.items():
            for sighting, tally in judge_trial(place, trial(place, case, chance), chance, make_covers):
                result.note(sighting, tally)
        told(number)
    return results


def judge_trial(
    place: Scene, tried: Trial, chance: Chance, make_covers: MakeCovers = the_policy
) -> list[tuple[Sighting, Tally]]:
    """Each judged moment of one camera in one case. The maker sees all moments, in order."""
    maker = make_covers(tried.assignment, place.width_px, place.height_px)
    dice = chance.stream(f"grid/{place.number}/{tried.case}")
    found = []
    for index, moment in enumerate(tried.moments):
        cover = maker.cover(moment.captured, moment.masked_at_ns, moment.readings)
        if moment.is_judged:
            columns, rows = _grid(place, dice)
            found.append(
                (Sighting(place.number, tried.case, index), tally_of(tried.world, moment, cover, columns, rows))
            )
    return found


@dataclass(frozen=True)
class Sight:
    """One judged picture again, to be looked at."""

    labels: NDArray[np.uint8]
    """`rays.Label` of each `step_px`-th pixel in both directions."""
    step_px: int
    cover: Cover


def sight_of(seen: Sighting, chance: Chance, width_px_max: int, make_covers: MakeCovers = the_policy) -> Sight:
    """What `judge` saw there, with the same chance, as a picture of some `width_px_max`."""
    place = scene(seen.scene, chance)
    tried = trial(place, seen.case, chance)
    maker = make_covers(tried.assignment, place.width_px, place.height_px)
    moments = tried.moments[: seen.moment + 1]
    covers = [maker.cover(moment.captured, moment.masked_at_ns, moment.readings) for moment in moments]
    step = max(1, place.width_px // width_px_max)
    columns, rows = np.arange(0, place.width_px, step), np.arange(0, place.height_px, step)
    labels = truth(tried.world, moments[-1].real, place.width_px, place.height_px, columns, rows)
    return Sight(labels, step, covers[-1])


def tally_of(world: World, moment: Moment, cover: Cover, columns: NDArray[np.intp], rows: NDArray[np.intp]) -> Tally:
    """One cover against the truth, at the crossings of these pixel columns and rows."""
    sensitive = np.isin(truth(world, moment.real, cover.width_px, cover.height_px, columns, rows), FORBIDDEN)
    cells = np.ix_(rows // CELL_PX, columns // CELL_PX)
    covered, ringed = cover.cells[cells], _with_all_neighbours(cover.cells)[cells]
    return Tally(
        pictures=1,
        whole_pictures=int(cover.is_whole),
        sensitive_px=int(sensitive.sum()),
        missed_px=int((sensitive & ~ringed).sum()),
        shown_px=int((sensitive & ~covered).sum()),
        other_px=int((~sensitive).sum()),
        overmasked_px=int((~sensitive & covered).sum()),
        other_in_whole_px=int((~sensitive).sum()) if cover.is_whole else 0,
    )


def truth(
    world: World, real: Pose, width_px: int, height_px: int, columns: NDArray[np.intp], rows: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """Label numbers (rows, columns) of what is truly seen from `real`."""
    x, y = np.meshgrid(columns.astype(np.float64), rows.astype(np.float64))
    return look(world, real, x.ravel(), y.ravel(), width_px, height_px).reshape(len(rows), len(columns))


def step_px(width_px: int, height_px: int) -> int:
    """Each so many-th pixel is looked at, in both directions."""
    return max(1, round(sqrt(width_px * height_px / RAYS_A_PICTURE)))


def _grid(place: Scene, dice: Chance) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    step = step_px(place.width_px, place.height_px)
    left, top = dice.integer(0, step - 1), dice.integer(0, step - 1)
    return np.arange(left, place.width_px, step), np.arange(top, place.height_px, step)


def _with_all_neighbours(cells: Cells) -> Cells:
    """True where a cell and its eight neighbours (inside the picture) are covered."""
    padded = np.pad(cells, 1, constant_values=True)
    rows, columns = cells.shape
    result = np.ones_like(cells)
    for down in range(3):
        for right in range(3):
            result &= padded[down : down + rows, right : right + columns]
    return result
