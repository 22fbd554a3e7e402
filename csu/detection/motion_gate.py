"""The motion gate: a fraction of a millisecond that says where in a picture something moved, or stands that did not.

It sees luma only, in a picture of about 160 columns: every third row where there are many, averaged by a whole factor.
Light that changes everywhere (dusk, exposure) is taken out as a factor; noise is known cell by cell as a running mean
absolute deviation. Measured in benchmarks/RESULTS.md, section 11. Pure: the same pictures make the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.detection.observed import Boxes, Motion
from csu.hal.frames import Plane

Grid = NDArray[np.uint8]
"""(rows, columns) of the small picture."""

NO_BOXES: Boxes = np.zeros((0, 4), np.float32)
GATE_COLUMNS = 160
_SEEN = 255
_DENSITY = 96
"""Of 255: how much of its 3x3 neighbourhood must have changed beside a cell: 4 of 9."""
_FIRST_NOISE = 3.0
"""Grey levels: what a cell's noise is taken for before it was measured."""
_FAST = 20
"""Pictures in which a new background is learned as their plain mean."""
_JUMP, _DRIFT = 2.0, 0.6
"""Grey levels of the mean: from here on light is followed fast; below that it is not even taken out."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Of one gate. Defaults measured on PETS S2.L1 and on noise, night, flicker, ramps and shake (notes on vision)."""

    columns: int = GATE_COLUMNS
    """About how wide the small picture is."""
    noise_times: float = 5.0
    """A cell changed when it differs by more than that many mean absolute deviations,"""
    levels_min: int = 10
    """and by more than that many grey levels;"""
    moved_levels_min: int = 6
    """moved, when it differs that much from `lag_pictures` before too."""
    lag_pictures: int = 3
    edge_levels_min: int = 8
    """An edge is new when it is higher than the background's by more than that, and by `noise_times` deviations."""
    cells_min: int = 12
    """Of a grown component: smaller ones are noise. A person of 14x38 px in 1080p still has them."""
    moved_share: float = 0.04
    """Of a component's cells must have moved for it to be moving; else it is still."""
    learn: float = 1 / 32
    """A picture's share in the background,"""
    learn_noise: float = 1 / 64
    """and in the noise."""
    absorb_pictures: int = 1200
    """Time constant by which what stands still becomes background: 4 minutes at 5 pictures/s."""
    scene_share: float = 0.6
    """More than that share of what is to be seen changed, or light by a factor beyond `gain_max`: another scene."""
    gain_max: float = 2.0


DEFAULT_SETTINGS = GateSettings()


class MotionGate:
    """One camera's gate. `look` is handed each picture's luma, all of one size, in order.

    Hidden cells neither raise nor learn: what a mask's edge does under a turning camera is no motion. Raises ValueError
    for another size than it was made for, or one that is too small.
    """

    def __init__(self, width_px: int, height_px: int, settings: GateSettings = DEFAULT_SETTINGS) -> None:
        factor = max(1, round(width_px / settings.columns))
        self._factor, self._columns, self._rows = factor, width_px // factor, height_px // factor
        if self._columns < 8 or self._rows < 8:
            raise ValueError(f"a picture of {width_px}x{height_px} px is too small for a motion gate")
        self._shape, self._settings = (height_px, width_px), settings
        self._row_step = max(step for step in range(1, max(1, factor // 4) + 1) if factor % step == 0)
        self._hidden: Grid | None = None
        self._visible: Grid = np.full((self._rows, self._columns), _SEEN, np.uint8)
        self._visible_cells = self._visible.size
        self._levels_min = np.full(self.shape, settings.levels_min, np.uint8)
        self._edge_levels_min = np.full(self.shape, settings.edge_levels_min, np.uint8)
        self._moved_levels_min = np.full(self.shape, settings.moved_levels_min, np.uint8)
        self._came_out: Grid | None = None
        """Cells whose background begins with the next picture."""
        self._begin(np.zeros((self._rows, self._columns), np.uint8))
        self._is_new = True

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of the small picture."""
        return self._rows, self._columns

    @property
    def hidden(self) -> Grid | None:
        """255 where nothing is to be told; None: everything is seen."""
        return self._hidden

    def hide(self, masked: NDArray[np.bool_] | None) -> None:
        """From now on what is True in `masked` (any raster over the whole picture) is hidden; None: nothing is.

        A cell that only partly is, is hidden wholly. What comes out from behind the mask is learned anew.
        """
        before = self._visible
        self._hidden = None if masked is None else self._touched(masked)
        self._visible = np.full_like(before, _SEEN) if self._hidden is None else _not(self._hidden)
        self._visible_cells = cv2.countNonZero(self._visible)
        came_out = _both(self._visible, _not(before))
        self._came_out = came_out if self._came_out is None else np.asarray(cv2.bitwise_or(self._came_out, came_out))

    def reset(self) -> None:
        """Forget the scene: the camera turned, or nobody looked for a while."""
        self._is_new = True

    def look(self, luma: Plane) -> Motion:
        """What moves in the next picture and what stands there. The first one, and each after `reset`, is a new scene.

        luma: (height_px, width_px) uint8, a view on a padded buffer is allowed. Raises ValueError for another shape.
        """
        if luma.shape != self._shape:
            raise ValueError(f"this gate looks at pictures of {self._shape}, not {luma.shape}")
        small = self._small(luma)
        if self._is_new or not self._visible_cells:
            return self._begin(small)
        if self._came_out is not None:
            self._begin_in(small, self._came_out)
        return self._compare(small)

    def _small(self, luma: Plane) -> Grid:
        factor, step = self._factor, self._row_step
        small = luma[: self._rows * factor, : self._columns * factor]
        if step > 1:
            small = small[step // 2 :: step]  # a view: the rows between are not even read
        across, down = factor, factor // step
        while across % 2 == down % 2 == 0:  # halves first: OpenCV has a fast way for 2x2
            across, down = across // 2, down // 2
            size = (self._columns * across, self._rows * down)
            small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        if across * down > 1:
            size = (self._columns, self._rows)
            small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        return small if factor > 1 else small.copy()

    def _begin(self, small: Grid) -> Motion:
        self._is_new = False
        self._background = small.astype(np.float32)
        self._background_8: Grid = small.copy()
        self._noise = np.full(small.shape, _FIRST_NOISE, np.float32)
        self._threshold: Grid = np.full(small.shape, self._settings.levels_min, np.uint8)
        self._moved_threshold: Grid = np.asarray(cv2.max(self._threshold, self._moved_levels_min), np.uint8)
        self._edge_threshold: Grid = self._edge_levels_min.copy()
        self._edges_before: Grid = np.asarray(_edges(small), np.uint8)
        self._calm: Grid = self._visible
        self._earlier: list[Grid] = [small]
        self._looked, self._came_out = 1, None
        return Motion(NO_BOXES, NO_BOXES, True, np.zeros(small.shape, np.uint8))

    def _begin_in(self, small: Grid, where: Grid) -> None:
        fresh = where > 0
        self._background[fresh], self._background_8[fresh] = small[fresh], small[fresh]
        self._noise[fresh], self._threshold[fresh] = _FIRST_NOISE, self._settings.levels_min
        self._moved_threshold[fresh] = max(self._settings.levels_min, self._settings.moved_levels_min)
        self._edge_threshold[fresh] = self._settings.edge_levels_min
        self._edges_before = np.asarray(_edges(self._background_8), np.uint8)
        for earlier in self._earlier:
            earlier[fresh] = small[fresh]
        self._came_out = None

    def _compare(self, small: Grid) -> Motion:
        """Against the background, light taken out; then learn what is calm and tell what is not."""
        settings = self._settings
        self._looked += 1
        calm = self._seen(self._calm)
        mean_before, mean = _mean(self._background_8, calm), _mean(small, calm)
        gain = mean / max(mean_before, 1.0)
        jump = abs(mean - mean_before)
        expected = self._background_8 if jump < _DRIFT else cv2.convertScaleAbs(self._background_8, alpha=gain)
        apart = cv2.absdiff(small, expected)
        differs = self._seen(cv2.compare(apart, self._threshold, cv2.CMP_GT))
        dense = cv2.threshold(cv2.blur(differs, (3, 3)), _DENSITY, _SEEN, cv2.THRESH_BINARY)[1]
        changed = self._seen(dense)
        count = cv2.countNonZero(changed)
        if count > settings.scene_share * self._visible_cells or not 1 / settings.gain_max < gain < settings.gain_max:
            return self._begin(small)
        self._learn(small, np.asarray(apart, np.uint8), changed, count, jump)
        earliest = self._earlier[0]
        self._earlier.append(small)
        if len(self._earlier) > settings.lag_pictures:
            del self._earlier[0]
        if not count:
            still = np.zeros(small.shape, np.uint8)
            return Motion(NO_BOXES, NO_BOXES, False, still, changed, small, self._background_8)
        edges = self._new_edges(small)
        return self._components(small, changed, self._moved(small, earliest, changed, mean, jump), edges)

    def _new_edges(self, small: Grid) -> Grid:
        """Where there is an edge that the background has not: a thing ends from one cell to the next; a cloud's shade
        fades over metres (half a degree of sun, from a kilometre up)."""
        higher = cv2.subtract(_edges(small), self._edges_before)
        return self._seen(cv2.compare(higher, self._edge_threshold, cv2.CMP_GT))

    def _learn(self, small: Grid, apart: Grid, changed: Grid, count: int, jump: float) -> None:
        settings, background, looked = self._settings, self._background, self._looked
        calm = self._seen(_not(changed))
        self._calm = calm
        if looked < _FAST:
            cv2.accumulateWeighted(small, background, max(settings.learn, 1 / (looked + 1)), calm)
            cv2.accumulateWeighted(apart, self._noise, 0.1, calm)
        elif jump > _JUMP:
            cv2.accumulateWeighted(small, background, 0.25, calm)
        elif looked & 1:  # every second picture, with twice the weight: half the time
            cv2.accumulateWeighted(small, background, 2 * settings.learn, calm)
            cv2.accumulateWeighted(apart, self._noise, 2 * settings.learn_noise, calm)
        if looked % 16 == 0 and count:
            cv2.accumulateWeighted(small, background, 16 / settings.absorb_pictures, changed)
        cv2.convertScaleAbs(background, dst=self._background_8)
        if looked < _FAST + 4 or looked % 4 == 0:
            noise = cv2.convertScaleAbs(self._noise, alpha=settings.noise_times)
            self._threshold = np.asarray(cv2.max(noise, self._levels_min), np.uint8)
            self._moved_threshold = np.asarray(cv2.max(self._threshold, self._moved_levels_min), np.uint8)
            self._edge_threshold = np.asarray(cv2.max(noise, self._edge_levels_min), np.uint8)
            self._edges_before = np.asarray(_edges(self._background_8), np.uint8)

    def _moved(self, small: Grid, earliest: Grid, changed: Grid, mean: float, jump: float) -> Grid:
        """Where what changed is not what stood there a few pictures before."""
        if jump >= _JUMP:
            earlier = max(1.0, _mean(earliest, self._calm))
            earliest = np.asarray(cv2.convertScaleAbs(earliest, alpha=mean / earlier), np.uint8)
        apart = cv2.absdiff(small, earliest)
        moved = cv2.compare(apart, self._moved_threshold, cv2.CMP_GT)
        return _both(moved, changed)

    def _without_shade(self, changed: Grid, edges: Grid, labels: NDArray[np.uint16], count: int) -> Grid:
        """What changed, without the cells of shades that lie far from any new edge: who walks in one stays."""
        near = _both(cv2.dilate(edges, _NEAR), changed)
        cells, of_things = (np.bincount(labels[each > 0], minlength=count) for each in (changed, near))
        is_shade = of_things < SHADE_SHARE * cells
        if not is_shade[1:].any():
            return changed
        return np.where(is_shade[labels] & (near == 0), 0, changed).astype(np.uint8)

    def _components(self, small: Grid, changed: Grid, moved: Grid, edges: Grid) -> Motion:
        """Boxes in pixels of the whole picture: of things that moved, and of those that stand."""
        count, labels, about = _parts(changed)
        if about[1:, cv2.CC_STAT_AREA].max() >= SHADE_CELLS_MIN:
            things = self._without_shade(changed, edges, labels, count)
            if things is not changed:
                moved, (count, labels, about) = _both(moved, things), _parts(things)
        cells = about[1:, cv2.CC_STAT_AREA]
        moving_cells = np.bincount(labels[moved > 0], minlength=count)[1:]
        large = cells >= self._settings.cells_min
        moving = large & (moving_cells >= np.maximum(2, self._settings.moved_share * cells))
        boxes = about[1:, :4].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        boxes *= self._factor
        still, usual = boxes[large & ~moving], self._background_8
        return Motion(boxes[moving], still, False, moved, changed, small, usual, edges)

    def _seen(self, grid: cv2.typing.MatLike) -> Grid:
        """Without what is hidden."""
        return np.asarray(grid, np.uint8) if self._hidden is None else _both(grid, self._visible)

    def _touched(self, masked: NDArray[np.bool_]) -> Grid:
        """255 in each cell of which any part is True in `masked`."""
        sums = np.pad(masked.astype(np.int64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
        top, bottom = _spans(self._rows, self._factor, self._shape[0], masked.shape[0])
        left, right = _spans(self._columns, self._factor, self._shape[1], masked.shape[1])
        upper, lower = sums[top], sums[bottom]
        inside = lower[:, right] - lower[:, left] - upper[:, right] + upper[:, left]
        return np.where(inside > 0, np.uint8(_SEEN), np.uint8(0))


_GROW = np.ones((3, 3), np.uint8)
_NEAR = np.ones((9, 9), np.uint8)
"""What changed within 4 cells of a new edge belongs to what ends there."""
SHADE_CELLS_MIN, SHADE_SHARE = 250, 0.15
"""So large a component, with less of it near a new edge, is a shade; a car that fills a third of the view has 0.17."""


def _parts(cells: Grid) -> tuple[int, NDArray[np.uint16], NDArray[np.int32]]:
    """Components of what is 255, grown by a cell: how many with the ground, which each cell is of, cv2's statistics."""
    grown = cv2.dilate(cells, _GROW)
    count, labels, about, _ = cv2.connectedComponentsWithStats(grown, connectivity=8, ltype=cv2.CV_16U)
    return count, np.asarray(labels, np.uint16), np.asarray(about, np.int32)


def _edges(grid: Grid) -> cv2.typing.MatLike:
    """How much brighter each cell's brightest neighbour is."""
    return cv2.subtract(cv2.dilate(grid, _GROW), grid)


def _both(one: cv2.typing.MatLike, other: cv2.typing.MatLike) -> Grid:
    return np.asarray(cv2.bitwise_and(one, other), np.uint8)


def _not(grid: Grid) -> Grid:
    return np.asarray(cv2.bitwise_not(grid), np.uint8)


def _mean(grid: Grid, where: Grid) -> float:
    """Of the cells that are 255 in `where`; a third of what `cv2.mean` takes with a mask."""
    return float(cv2.sumElems(cv2.bitwise_and(grid, where))[0]) / max(1, cv2.countNonZero(where))


def _spans(cells: int, cell_px: int, picture_px: int, raster: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and one past the last element of a raster over `picture_px` that each cell touches."""
    edges = np.arange(cells + 1) * cell_px * raster
    return edges[:-1] // picture_px, np.minimum(-(-edges[1:] // picture_px), raster)
