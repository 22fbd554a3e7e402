"""Defects to plant: the mistakes that are easily made in masks. The oracle must find every one of them.

Each takes the place of one function of `csu.masking` while it is planted. For tests of the oracle, and for whoever
wants to see on site that it would tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from csu.hal.frames import CaptureTime, ClearFrame, MaskedFrame, Plane, YuvPlanes
from csu.hal.place import Building, Pose, PoseBounds, PoseReading, Zone
from csu.hal.view_geometry import Floats
from csu.masking import cover, edge, fill, outlines, policy, still, surfaces
from csu.masking.cover import Cover
from csu.masking.fill import Fill
from csu.masking.geometry import NEAR_M
from csu.masking.proof.cases import Case
from csu.masking.proof.oracle import Part
from csu.masking.surfaces import Surfaces
from csu.masking.track import PoseSpan

Plant = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Defect:
    """A mistake, the parts of the proof that must see it, and how to make it."""

    name: str
    found_by: tuple[Part, ...]
    plant: Plant
    case: Case = Case.EXACT
    """Where GEOMETRY must find it."""


@contextmanager
def _in_place_of(owner: ModuleType | type, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _no_near_plane_clip() -> AbstractContextManager[None]:
    """The usual recipe: project the corners, leave out what has one behind the camera."""

    def cut(shapes: Floats, planes: Sequence[object]) -> tuple[Floats, Any]:
        before = np.flatnonzero((shapes[:, :, 2] >= NEAR_M).all(axis=1))
        return shapes[before], before

    return _in_place_of(outlines, "cut", cut)


def _one_pixel_shrink() -> AbstractContextManager[None]:
    true = fill._fill_plane

    def shrunk(plane: Plane, top: int, left: int, where: Plane, texture: Plane) -> None:
        true(plane, top, left, np.asarray(cv2.erode(where, np.ones((3, 3), np.uint8)), np.uint8), texture)

    return _in_place_of(fill, "_fill_plane", shrunk)


def _chroma_forgotten() -> AbstractContextManager[None]:
    def luma_only(planes: YuvPlanes, over: Cover, how: Fill = Fill.CONSTANT) -> None:
        stencil = over.stencil
        if stencil is not None:
            texture = fill._texture(planes, how, 0)
            fill._fill_plane(planes.y, stencil.top_px, stencil.left_px, stencil.luma, texture)

    return _in_place_of(fill, "destroy", luma_only)


def _one_frame_late() -> AbstractContextManager[None]:
    true = policy.CoverPolicy.cover
    kept: WeakKeyDictionary[policy.CoverPolicy, Cover] = WeakKeyDictionary()

    def late(self: policy.CoverPolicy, captured: CaptureTime, now_ns: int, readings: tuple[PoseReading, ...]) -> Cover:
        now = true(self, captured, now_ns, readings)
        before, kept[self] = kept.get(self, now), now
        return before

    return _in_place_of(policy.CoverPolicy, "cover", late)


@contextmanager
def _full_range_assumption() -> Iterator[None]:
    """Every camera is taken to send limited range."""
    with _in_place_of(fill, "fill_yuv", lambda full_range: fill.FILL_YUV), _in_place_of(fill, "_textures", {}):
        yield


def _gaussian() -> AbstractContextManager[None]:
    def blur(planes: YuvPlanes, over: Cover, how: Fill = Fill.CONSTANT) -> None:
        luma = np.kron(over.cells, np.ones((16, 16), np.uint8))
        for plane in (planes.y, planes.u, planes.v):
            across, down = -(-over.width_px // plane.shape[1]), -(-over.height_px // plane.shape[0])
            where = np.ascontiguousarray(luma[::down, ::across][: plane.shape[0], : plane.shape[1]].astype(np.uint8))
            cv2.copyTo(cv2.GaussianBlur(plane, (0, 0), 8), where, plane)

    return _in_place_of(fill, "destroy", blur)


@contextmanager
def _thumbnail_of_the_clear_picture() -> Iterator[None]:
    """Stills are made of the last clear picture of the same number."""
    true, kept = fill.mask, dict[int, YuvPlanes]()

    def mask(clear: ClearFrame, over: Cover, mask_epoch: int, number: int, how: Fill = Fill.CONSTANT) -> MaskedFrame:
        kept[clear.sequence] = fill._as_8_bit_420(fill._copied(clear.planes))
        return true(clear, over, mask_epoch, number, how)

    @dataclass(frozen=True, slots=True)
    class Clear:
        planes: YuvPlanes

    def unmasked(frame: MaskedFrame, *, where: str) -> Clear:
        return Clear(kept[frame.sequence])

    with _in_place_of(fill, "mask", mask), _in_place_of(still, "require_masked_frame", unmasked):
        yield


def _audit_says_yes() -> AbstractContextManager[None]:
    return _in_place_of(edge.EdgeVerifier, "missing", lambda self, planes: None)


def _poses_drawn_as(change: Callable[[Pose], Pose], bounds: PoseBounds | None = None) -> Plant:
    def plant() -> AbstractContextManager[None]:
        true = cover.cover_of_path

        def drawn(path: Sequence[Pose], over: Surfaces, width_px: int, height_px: int, within: PoseBounds) -> Cover:
            return true([change(pose) for pose in path], over, width_px, height_px, bounds or within)

        return _in_place_of(policy, "cover_of_path", drawn)

    return plant


def _surfaces_made_of(change: Callable[[Sequence[Building], Sequence[Zone]], tuple[Any, Any]]) -> Plant:
    def plant() -> AbstractContextManager[None]:
        true = surfaces.forbidden_surfaces

        def made(buildings: Sequence[Building], zones: Sequence[Zone], mask_above_m: float) -> Surfaces:
            return true(*change(buildings, zones), mask_above_m)

        return _in_place_of(policy, "forbidden_surfaces", made)

    return plant


def _no_sweep() -> AbstractContextManager[None]:
    """The newest reading is where it looks."""

    def newest(readings: Sequence[PoseReading], *_: object) -> PoseSpan | None:
        return PoseSpan((readings[-1].pose,), 0.0, 0.0) if readings else None

    return _in_place_of(policy, "poses_during", newest)


def _known_uses(buildings: Sequence[Building], zones: Sequence[Zone]) -> tuple[Any, Any]:
    return [building for building in buildings if building.dwelling is True], zones


def _same(pose: Pose) -> Pose:
    return pose


_SEEN = (Part.GEOMETRY,)
_PIXELS = (Part.PICTURES, Part.INTERFERENCE)

DEFECTS = (
    Defect("no near-plane clip", _SEEN, _no_near_plane_clip),
    Defect("one-pixel shrink", (Part.INTERFERENCE,), _one_pixel_shrink),
    Defect("chroma forgotten", _PIXELS, _chroma_forgotten),
    Defect("one frame late after a preset", _SEEN, _one_frame_late, Case.SLEWING),
    Defect("full-range assumption", (Part.PICTURES,), _full_range_assumption),
    Defect("Gaussian instead of fill", (*_PIXELS, Part.ATTACK), _gaussian),
    Defect("mask skipped on the thumbnail path", _PIXELS, _thumbnail_of_the_clear_picture),
    Defect("edge audit disabled", (Part.EDGE_AUDIT,), _audit_says_yes),
    Defect("cover not grown by a cell", _SEEN, lambda: _in_place_of(cover, "_grown", lambda cells: cells)),
    Defect("bounds of the pose ignored", _SEEN, _poses_drawn_as(_same, PoseBounds(0.0)), Case.WRONG_POSE),
    Defect("lens taken for a pinhole", _SEEN, _poses_drawn_as(lambda pose: replace(pose, k1=0.0))),
    Defect("roll turned the wrong way", _SEEN, _poses_drawn_as(lambda pose: replace(pose, roll_deg=-pose.roll_deg))),
    Defect("zones forgotten", _SEEN, _surfaces_made_of(lambda buildings, zones: (buildings, ()))),
    Defect("balconies forgotten", _SEEN, lambda: _in_place_of(surfaces, "BALCONY_M", 0.0)),
    Defect("roofs forgotten", _SEEN, lambda: _in_place_of(surfaces, "_flat", lambda *_: np.empty((0, 4, 3)))),
    Defect("unknown height taken for low", _SEEN, lambda: _in_place_of(surfaces, "UNLIMITED_HEIGHT_M", 4.0)),
    Defect("unknown use taken for no dwelling", _SEEN, _surfaces_made_of(_known_uses)),
    Defect("no sweep between readings", _SEEN, _no_sweep, Case.SLEWING),
    Defect("another stream's focal length", _SEEN, lambda: _in_place_of(policy, "_focal_scale", lambda *_: 1.0)),
    Defect("writing into the decoder's planes", (Part.INTERFERENCE,), lambda: _in_place_of(fill, "_copied", _lent)),
)
"""Each must be found by each of its parts."""


def _lent(planes: YuvPlanes) -> YuvPlanes:
    return planes
