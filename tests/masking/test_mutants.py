"""Defects planted on purpose: for each, the check that must see it does see it."""

from __future__ import annotations

import numpy as np

import csu.masking.cover as cover_module
import csu.masking.fill as fill_module
import csu.masking.geometry as geometry_module


def _missed(coverage) -> int:
    return coverage(seed=11, count=12).missed


def test_the_checks_hold_without_a_defect(coverage, traces_of_the_hidden, some_cover, decoder_planes_changed):
    assert _missed(coverage) == 0
    assert traces_of_the_hidden(3, some_cover(3, 49, 33)) == []
    assert not decoder_planes_changed()


def test_a_cover_shifted_by_one_cell_is_seen(coverage, monkeypatch):
    true_cells = cover_module._cells_touched
    monkeypatch.setattr(cover_module, "_cells_touched", lambda fine: np.roll(true_cells(fine), 1, axis=1))
    assert _missed(coverage) > 0


def test_a_cover_that_is_not_grown_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(
        cover_module, "_cells_touched", lambda fine: fine.reshape(fine.shape[0] // 4, 4, -1, 4).any(axis=(1, 3))
    )
    assert _missed(coverage) > 0


def test_a_margin_of_nothing_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(cover_module, "_margin_px", lambda *_: 0.0)
    assert coverage(seed=12, count=25, error_deg=0.2, focal_px=(4_000, 15_000)).missed > 0


def test_dropping_surfaces_that_reach_behind_the_camera_is_seen(coverage, monkeypatch):
    """The usual recipe (project the corners, skip what has one behind the camera) loses 1 % of the pixels."""
    true_cut = geometry_module._cut_near
    monkeypatch.setattr(
        geometry_module, "_cut_near", lambda points: true_cut(points[(points[..., 2] > 0.1).all(axis=1)])
    )
    assert _missed(coverage) > 0


def test_forgetting_the_roofs_is_seen(coverage, monkeypatch):
    monkeypatch.setattr(geometry_module, "_roof", lambda ring, top: np.empty((0, 4, 3)))
    assert coverage(seed=13, count=10, height_m=(30, 60), tilt_deg=(-90, -60), reach_m=50).missed > 0


def test_a_roll_turned_the_wrong_way_is_seen(coverage, monkeypatch):
    true_axes = geometry_module.camera_axes
    monkeypatch.setattr(geometry_module, "camera_axes", lambda pose: true_axes(_with_roll(pose, -pose.roll_deg)))
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


def _with_roll(pose, roll_deg):
    return type(pose)(pose.x_m, pose.y_m, pose.z_m, pose.pan_deg, pose.tilt_deg, roll_deg, pose.focal_px)
