"""Defects planted on purpose: for each, the check that must see it does see it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

import csu.masking.cover as cover_module
import csu.masking.fill as fill_module
import csu.masking.freeze as freeze_module
import csu.masking.margins as margins_module
import csu.masking.outlines as outlines_module
import csu.masking.surfaces as surfaces_module
import csu.masking.track as track_module
from csu.hal.place import PoseBounds
from csu.masking.margins import HalfStep


def _missed(coverage) -> int:
    return coverage(seed=11, count=12, all_around=True).missed


def test_the_checks_hold_without_a_defect(coverage, traces_of_the_hidden, some_cover, decoder_planes_changed):
    assert _missed(coverage) == 0
    assert traces_of_the_hidden(3, some_cover(3, 49, 33)) == []
    assert not decoder_planes_changed()


def test_a_cover_shifted_by_one_cell_is_seen(coverage, monkeypatch):
    true_cells = cover_module._cells_touched
    monkeypatch.setattr(cover_module, "_cells_touched", lambda fine: np.roll(true_cells(fine), 1, axis=1))
    assert _missed(coverage) > 0


def test_a_cover_that_is_not_grown_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(cover_module, "_grown", lambda cells: cells)
    assert _missed(coverage) > 0


def test_a_cover_shrunk_by_a_pixel_instead_of_grown_by_a_cell_is_seen(coverage, monkeypatch):
    def shrunk(cells):
        pixels = cells.repeat(16, axis=0).repeat(16, axis=1).astype(np.uint8)
        smaller = cv2.erode(pixels, np.ones((3, 3), np.uint8), borderValue=1)
        return smaller.reshape(len(cells), 16, -1, 16).all(axis=(1, 3))

    monkeypatch.setattr(cover_module, "_grown", shrunk)
    assert _missed(coverage) > 0


def test_outlines_drawn_a_pixel_too_small_are_seen(cells_not_drawn, monkeypatch):
    assert cells_not_drawn(seed=1, count=300) == 0
    monkeypatch.setattr(cover_module, "RASTER_PX", -1.0)
    assert cells_not_drawn(seed=1, count=300) > 0


@pytest.mark.parametrize(
    ("forgotten", "view"),
    [
        ("angle_deg", {"focal_px": (4_000, 15_000), "tilt_deg": (-6, 3), "bounds": PoseBounds(0.3)}),
        ("position_m", {"bounds": PoseBounds(0.0, position_m=0.7), "tilt_deg": (-15, 10), "reach_m": 50}),
        ("focal_share", {"bounds": PoseBounds(0.0, focal_share=0.06)}),
        ("k1", {"bounds": PoseBounds(0.0, k1=0.1), "focal_px": (300, 500)}),
    ],
)
def test_a_margin_that_is_forgotten_is_seen(coverage, monkeypatch, forgotten, view):
    assert coverage(seed=12, count=15, all_around=True, **view).missed == 0
    true_reach = cover_module.reach_of
    monkeypatch.setattr(
        cover_module,
        "reach_of",
        lambda pose, half, bounds, *size: true_reach(pose, half, replace(bounds, **{forgotten: 0.0}), *size),
    )
    assert coverage(seed=12, count=15, all_around=True, **view).missed > 0


@pytest.mark.parametrize(("forgotten", "sweep"), [("pan", (30, 0, 0)), ("tilt", (0, 20, 0)), ("zoom", (0, 0, 3))])
def test_the_half_step_of_a_sweep_that_is_forgotten_is_seen(coverage, monkeypatch, forgotten, sweep):
    lens = {"focal_px": (3_000, 5_000), "tilt_deg": (-6, 3), "bounds": PoseBounds(0.0)}
    views = {"seed": 14, "count": 20, "all_around": True, "sweep": sweep, **lens}
    assert coverage(**views).missed == 0
    true_reach = cover_module.reach_of
    monkeypatch.setattr(
        cover_module, "reach_of", lambda pose, half, *rest: true_reach(pose, replace(half, **{forgotten: 0.0}), *rest)
    )
    assert coverage(**views).missed > 0


def test_a_sweep_drawn_at_its_corners_only_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(cover_module, "steps_along", lambda path, *_: [(pose, HalfStep()) for pose in path])
    assert (
        coverage(
            seed=14, count=20, all_around=True, sweep=(120, 0, 0), focal_px=(1_000, 2_000), tilt_deg=(-6, 3)
        ).missed
        > 0
    )


def test_a_lens_taken_for_straight_is_seen(coverage, monkeypatch):
    views = {"seed": 15, "count": 15, "k1": (-0.25, -0.1), "focal_px": (300, 500)}
    assert coverage(**views).missed == 0
    true_reach = cover_module.reach_of
    monkeypatch.setattr(cover_module, "reach_of", lambda pose, *rest: true_reach(replace(pose, k1=0.0), *rest))
    assert coverage(**views).missed > 0


def test_showing_what_lies_beyond_the_end_of_the_lens_is_seen(coverage, monkeypatch):
    views = {"seed": 16, "count": 10, "k1": (-0.3, -0.25), "focal_px": (300, 400)}
    assert coverage(**views).missed == 0
    monkeypatch.setattr(cover_module, "_cells_beyond", lambda *_: np.zeros((23, 40), bool))
    assert coverage(**views).missed > 0


def test_dropping_surfaces_that_reach_behind_the_camera_is_seen(coverage, monkeypatch):
    """The usual recipe (project the corners, skip what has one behind the camera) loses 1 % of the pixels."""
    true_cut = outlines_module.cut

    def drop(shapes, planes):
        ahead = (shapes[..., 2] > 0.1).all(axis=1)
        return true_cut(shapes[ahead], [(normal[ahead], offset[ahead]) for normal, offset in planes])

    monkeypatch.setattr(outlines_module, "cut", drop)
    assert coverage(seed=19, count=20, all_around=True, reach_m=30, tilt_deg=(-30, 15)).missed > 0


def test_no_cut_before_the_lens_is_seen(coverage, monkeypatch):
    """Corners behind the lens then show on the other side of the picture."""
    monkeypatch.setattr(outlines_module, "cut", lambda shapes, planes: (shapes, np.arange(len(shapes))))
    monkeypatch.setattr(outlines_module, "NEAR_M", -np.inf)
    assert coverage(seed=19, count=20, all_around=True, reach_m=30, tilt_deg=(-30, 15)).missed > 0


def test_forgetting_the_roofs_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(surfaces_module, "_flat", lambda area, height: np.empty((0, 4, 3)))
    assert coverage(seed=13, count=10, height_m=(30, 60), tilt_deg=(-90, -60), reach_m=50).missed > 0


def test_forgetting_the_balconies_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(surfaces_module, "BALCONY_M", 0.0)
    assert coverage(seed=17, count=15, all_around=True).missed > 0


@pytest.mark.parametrize(("function", "nothing"), [("_map_zone", []), ("_picture_zone", np.empty((0, 4, 3)))])
def test_forgetting_a_zone_is_seen(coverage, monkeypatch, function, nothing):
    monkeypatch.setattr(surfaces_module, function, lambda zone: nothing)
    assert coverage(seed=18, count=6, zones=True).missed > 0


def test_a_roll_turned_the_wrong_way_is_seen(coverage, monkeypatch):
    true_axes = margins_module.camera_axes
    monkeypatch.setattr(margins_module, "camera_axes", lambda pose: true_axes(replace(pose, roll_deg=-pose.roll_deg)))
    assert _missed(coverage) > 0


def test_chroma_left_as_it_was_is_seen(traces_of_the_hidden, some_cover, monkeypatch):
    true_fill = fill_module._fill_plane

    def luma_only(plane, top, left, where, texture):
        if texture[0, 0] == fill_module.FILL_YUV[0]:
            true_fill(plane, top, left, where, texture)

    monkeypatch.setattr(fill_module, "_fill_plane", luma_only)
    assert "plane u of picture 0" in traces_of_the_hidden(3, some_cover(3, 64, 48), encode=False)


def test_an_odd_edge_left_as_it_was_is_seen(traces_of_the_hidden, some_cover, monkeypatch):
    true_fill = fill_module._fill_plane

    def even_only(plane, top, left, where, texture):
        height, width = (side & ~1 for side in where.shape)
        true_fill(plane, top, left, np.ascontiguousarray(where[:height, :width]), texture)

    monkeypatch.setattr(fill_module, "_fill_plane", even_only)
    assert traces_of_the_hidden(3, some_cover(3, 64, 48), encode=False) == []
    assert "plane y of picture 0" in traces_of_the_hidden(3, some_cover(3, 49, 33), encode=False)


def test_a_blur_instead_of_a_constant_is_seen(traces_of_the_hidden, some_cover, monkeypatch):
    def blur(plane, top, left, where, texture):
        window = plane[top : top + where.shape[0], left : left + where.shape[1]]
        window[where > 0] = int(window[where > 0].mean())

    monkeypatch.setattr(fill_module, "_fill_plane", blur)
    assert traces_of_the_hidden(3, some_cover(3, 64, 48))


def test_writing_into_the_decoders_planes_is_seen(decoder_planes_changed, monkeypatch):
    monkeypatch.setattr(fill_module, "_copied", lambda planes: planes)
    assert decoder_planes_changed()


def test_a_frozen_picture_that_is_dated_as_it_says_is_seen(old_views_missed, monkeypatch):
    monkeypatch.setattr(freeze_module, "are_two", lambda a, b: True)
    assert old_views_missed(range(1))[0] > 0


def test_a_ticking_clock_taken_for_a_new_picture_is_seen(old_views_missed, monkeypatch):
    monkeypatch.setattr(freeze_module, "SHARE_CHANGED", 0.01)
    assert old_views_missed(range(1))[0] > 0


def test_a_camera_taken_for_alive_as_soon_as_it_rests_is_seen(old_views_missed, monkeypatch):
    monkeypatch.setattr(freeze_module, "_is_proved_live", lambda rest, at_ns: True)
    assert old_views_missed(range(1))[0] > 0


def test_older_stays_dropped_instead_of_taken_together_are_seen(old_views_missed, monkeypatch):
    monkeypatch.setattr(freeze_module, "_taken_together", lambda older, newer: newer)
    assert old_views_missed(range(2))[0] > 0


def test_every_stop_believed_is_seen(old_views_missed, monkeypatch):
    monkeypatch.setattr(freeze_module, "STOP_TOGETHER_NS", 10**12)
    assert old_views_missed(range(2))[0] > 0


def test_a_rest_told_of_before_it_was_is_seen(old_views_missed, monkeypatch):
    monkeypatch.setattr(track_module, "_rests_since_ns", lambda readings: readings[0].at_ns)
    assert old_views_missed(range(6))[0] > 0
