"""Defects planted on purpose: for each, the check that must see it does see it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import csu.detection.camera_analysis as analysis_module
import csu.detection.motion_gate as gate_module
import tests.detection.test_camera_analysis as camera_checks
import tests.detection.test_crossings as crossing_checks
import tests.detection.test_motion_gate as gate_checks
import tests.detection.test_scheduler as share_checks
import tests.detection.test_tracker as tracker_checks
from csu.detection.camera_analysis import CameraAnalysis
from csu.detection.crossings import Crossings
from csu.detection.motion_gate import GateSettings, MotionGate
from csu.detection.scene import Scene
from csu.detection.scheduler import DetectorShares
from csu.detection.tracker import Tracker, TrackerSettings
from tests.detection.street_builders import Street

SEEN = (AssertionError, pytest.fail.Exception)


def planted(monkeypatch, place, name, defect):
    monkeypatch.setattr(place, name, defect)


def test_an_end_that_believes_the_pictures_date_is_seen(monkeypatch):
    step = CameraAnalysis.step
    planted(monkeypatch, CameraAnalysis, "step", lambda self, picture, _now_ns: step(self, picture, 0))
    with pytest.raises(SEEN):
        camera_checks.test_a_picture_dated_before_the_end_is_refused_after_it()


def test_an_end_that_believes_the_clock_only_is_seen(monkeypatch):
    lawful, now = CameraAnalysis._lawful, {}
    step = CameraAnalysis.step

    def noting(self, picture, now_ns):
        now["ns"] = now_ns
        return step(self, picture, now_ns)

    planted(monkeypatch, CameraAnalysis, "step", noting)
    planted(monkeypatch, CameraAnalysis, "_lawful", lambda self, _at_ns: lawful(self, now["ns"]))
    with pytest.raises(SEEN):
        camera_checks.test_a_picture_dated_before_the_end_is_refused_after_it()


def test_an_end_one_instant_late_is_seen(monkeypatch):
    lawful = CameraAnalysis._lawful
    planted(monkeypatch, CameraAnalysis, "_lawful", lambda self, at_ns: lawful(self, at_ns - 1))
    with pytest.raises(SEEN):
        camera_checks.test_from_the_end_minute_on_no_pixel_is_touched_and_nothing_is_left()


def test_an_end_that_leaves_something_is_seen(monkeypatch):
    planted(monkeypatch, CameraAnalysis, "end", lambda self: None)
    with pytest.raises(SEEN):
        camera_checks.test_from_the_end_minute_on_no_pixel_is_touched_and_nothing_is_left()
    with pytest.raises(SEEN):
        camera_checks.test_a_wholly_masked_picture_is_not_looked_at()


def test_rules_that_outlive_their_order_because_counting_goes_on_are_seen(monkeypatch):
    lawful = CameraAnalysis._lawful
    planted(monkeypatch, CameraAnalysis, "_lawful", lambda self, at_ns: (any(lawful(self, at_ns)),) * 2)
    with pytest.raises(SEEN):
        camera_checks.test_counting_goes_on_when_the_order_ends_and_the_rules_do_not()


def test_a_door_that_takes_clear_pictures_is_seen(monkeypatch):
    planted(monkeypatch, CameraAnalysis, "_require", lambda self, picture: (1, False, 0))
    with pytest.raises((*SEEN, AttributeError)):
        camera_checks.test_only_masked_pictures_come_in()


def test_a_camera_that_turned_away_and_is_looked_at_is_seen(monkeypatch):
    planted(monkeypatch, analysis_module, "has_turned_away", lambda *_: False)
    with pytest.raises(SEEN):
        camera_checks.test_a_camera_that_turned_away_is_not_looked_at(None)


def test_a_change_of_scene_that_forgets_nothing_is_seen(monkeypatch):
    planted(monkeypatch, Scene, "forget", lambda self: None)
    with pytest.raises(SEEN):
        camera_checks.test_another_scene_forgets_tracks_and_rules()


def test_a_change_of_scene_that_is_not_noticed_is_seen(monkeypatch):
    planted(monkeypatch, gate_module, "DEFAULT_SETTINGS", None)
    deaf = replace(GateSettings(), scene_share=2.0, gain_max=1e9)
    made = MotionGate.__init__
    planted(monkeypatch, MotionGate, "__init__", lambda self, width, height: made(self, width, height, deaf))
    with pytest.raises(SEEN):
        gate_checks.test_another_view_is_a_new_scene_and_what_was_learned_is_gone(Street())
    with pytest.raises(SEEN):
        gate_checks.test_a_lamp_that_goes_out_is_a_new_scene(Street())


def test_a_reset_that_keeps_the_background_is_seen(monkeypatch):
    planted(monkeypatch, MotionGate, "reset", lambda self: None)
    with pytest.raises(SEEN):
        gate_checks.test_after_a_reset_the_next_picture_is_a_new_scene(Street())


def test_hidden_cells_that_raise_are_seen(monkeypatch):
    planted(monkeypatch, MotionGate, "hide", lambda self, masked: None)
    with pytest.raises(SEEN):
        gate_checks.test_what_moves_where_the_mask_is_raises_nothing(Street())


def test_hidden_cells_that_tell_the_light_are_seen(monkeypatch):
    """Their fill must not count as light: a fill that flickers would be a lamp over the whole street."""
    mean = gate_module._mean
    planted(monkeypatch, gate_module, "_mean", lambda grid, where: mean(grid, np.full_like(where, 255)))
    with pytest.raises(SEEN):
        gate_checks.test_what_moves_where_the_mask_is_raises_nothing(Street())


def test_what_comes_out_from_behind_the_mask_and_is_compared_with_the_fill_is_seen(monkeypatch):
    planted(monkeypatch, MotionGate, "_begin_in", lambda self, small, where: None)
    with pytest.raises(SEEN):
        gate_checks.test_what_comes_out_from_behind_the_mask_is_learned_anew(Street())


def test_a_gate_to_which_every_cell_is_an_edge_is_seen(monkeypatch):
    planted(monkeypatch, MotionGate, "_new_edges", lambda self, small: np.full_like(small, 255))
    with pytest.raises(SEEN):
        gate_checks.test_the_shade_of_a_cloud_is_no_thing_and_what_ends_sharply_is(Street())


def test_a_gate_that_sees_no_edge_is_seen(monkeypatch):
    planted(monkeypatch, MotionGate, "_new_edges", lambda self, small: np.zeros_like(small))
    with pytest.raises(SEEN):
        gate_checks.test_the_shade_of_a_cloud_is_no_thing_and_what_ends_sharply_is(Street())


def test_a_mask_that_is_rounded_inwards_is_seen(monkeypatch):
    def inwards(cells, cell_px, picture_px, raster):
        edges = np.arange(cells + 1) * cell_px * raster // picture_px
        return edges[:-1], edges[1:]

    planted(monkeypatch, gate_module, "_spans", inwards)
    assert gate_checks.masked_cells_seen(333, 250, (17, 23), 1) > 0


def test_phantoms_in_the_fill_are_seen(monkeypatch):
    planted(monkeypatch, Scene, "shown", lambda self, found: found)
    with pytest.raises(SEEN):
        camera_checks.test_what_is_found_in_the_fill_of_the_mask_is_nothing()


def test_a_memory_of_who_was_there_is_seen(monkeypatch):
    made = Tracker.__init__
    planted(
        monkeypatch, Tracker, "__init__", lambda self: made(self, None, TrackerSettings(lost_s=3600.0, gone_s=3600.0))
    )
    with pytest.raises(SEEN):
        tracker_checks.test_who_came_back_after_a_while_is_somebody_else()


def test_a_count_at_every_crossing_is_seen(monkeypatch):
    step = Crossings.step

    def forgetful(self, *given):
        step(self, *given)
        for side in self._sides.values():
            side.done = False

    planted(monkeypatch, Crossings, "step", forgetful)
    with pytest.raises(SEEN):
        crossing_checks.test_who_comes_and_goes_is_counted_once()


def test_shares_by_rank_instead_of_by_weight_are_seen(monkeypatch):
    """Whoever counts where nothing moves would wait for ever."""
    enough = DetectorShares._is_enough

    def by_rank(self, camera, cost_ms, entitlement, now_ns):
        weight = self._waiting[camera].weight
        if any(other.weight > weight for other in self._waiting.values()):
            return False
        return enough(self, camera, cost_ms, entitlement, now_ns)

    planted(monkeypatch, DetectorShares, "_is_enough", by_rank)
    with pytest.raises(SEEN):
        share_checks.test_in_a_shortage_an_order_comes_before_counting_and_movement_before_stillness()


def test_a_budget_that_nobody_keeps_is_seen(monkeypatch):
    planted(monkeypatch, DetectorShares, "_is_enough", lambda *_: True)
    with pytest.raises(SEEN):
        share_checks.test_the_budget_is_kept()
