"""Who tests the tester: a defect planted in how a scene is placed must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from csu.wall.model import Rotation, fitting, placing
from csu.wall.model.wall import Panel, Rect

Patch = pytest.MonkeyPatch


def panels_are_turned_the_other_way(patch: Patch) -> None:
    plain = Panel.framebuffer_at

    def turned(self, at):
        mirrored = {Rotation.RIGHT: Rotation.LEFT, Rotation.LEFT: Rotation.RIGHT}
        return plain(replace(self, rotation=mirrored.get(self.rotation, self.rotation)), at)

    patch.setattr(Panel, "framebuffer_at", turned)


def outputs_are_forgotten(patch: Patch) -> None:
    plain = Panel.framebuffer_at
    patch.setattr(Panel, "framebuffer_at", lambda self, at: plain(replace(self, output_px=(0, 0)), at))


def pictures_begin_at_the_outside_of_a_panel(patch: Patch) -> None:
    plain = Panel.seen_at
    patch.setattr(Panel, "seen_at", lambda self, x, y: plain(self, x + self.bezel_mm.left, y + self.bezel_mm.top))


def skip_is_hide(patch: Patch) -> None:
    spread = placing.spread
    patch.setattr(placing, "spread", lambda wall, rect, anchor=None, bezel=None: spread(wall, rect, anchor))


def hide_is_skip(patch: Patch) -> None:
    spread, skip = placing.spread, placing.BezelRule.SKIP
    patch.setattr(placing, "spread", lambda wall, rect, anchor=None, bezel=None: spread(wall, rect, anchor, skip))


def pixels_are_cut_off(patch: Patch) -> None:
    """An edge goes up to the next pixel on one side and down on the other."""
    corners = placing.Part.corners_px

    def wider(self):
        (left, top), *_, (right, bottom) = corners.fget(self)
        step = 1 if right > left else -1
        return placing.corners_of(Rect(left, top, right - left + step, bottom - top))

    patch.setattr(placing.Part, "corners_px", property(wider))


def dark_panels_are_drawn(patch: Patch) -> None:
    place = placing.place
    every = lambda wall: replace(wall, panels=tuple(replace(panel, enabled=True) for panel in wall.panels))  # noqa: E731
    patch.setattr(placing, "place", lambda wall, *given: place(every(wall), *given))


def the_first_lies_on_top(patch: Patch) -> None:
    place = placing.place
    back = lambda node: replace(node, pieces=node.pieces[::-1])  # noqa: E731
    patch.setattr(placing, "place", lambda *given: {name: back(node) for name, node in place(*given).items()})


def the_crop_is_not_heeded(patch: Patch) -> None:
    fit = fitting.fit_piece
    patch.setattr(fitting, "fit_piece", lambda piece, *size: fit(replace(piece, crop=(0.0, 0.0, 1.0, 1.0)), *size))


def everything_is_stretched(patch: Patch) -> None:
    fit = fitting.fit_piece
    patch.setattr(fitting, "fit_piece", lambda piece, *size: fit(replace(piece, fit=fitting.PictureFit.STRETCH), *size))


FOUND_BY: dict[Callable[[Patch], None], str] = {
    panels_are_turned_the_other_way: "test_each_point_of_a_tile_is_where_the_wall_has_it",
    outputs_are_forgotten: "test_pieces_lie_within_their_panel_and_each_picture_point_is_shown_once",
    pictures_begin_at_the_outside_of_a_panel: "test_each_point_of_a_tile_is_where_the_wall_has_it",
    skip_is_hide: "test_over_a_bezel_hide_leaves_out_what_is_behind_and_skip_leaves_out_nothing",
    hide_is_skip: "test_each_point_of_a_tile_is_where_the_wall_has_it",
    pixels_are_cut_off: "test_tiles_that_touch_leave_no_seam_and_do_not_overlap",
    dark_panels_are_drawn: "test_what_lies_higher_is_drawn_last_and_a_dark_panel_gets_nothing",
    the_first_lies_on_top: "test_what_lies_higher_is_drawn_last_and_a_dark_panel_gets_nothing",
    the_crop_is_not_heeded: "test_proportions_are_kept_and_what_is_cropped_is_not_seen",
    everything_is_stretched: "test_proportions_are_kept_and_what_is_cropped_is_not_seen",
}
GIVEN_AT_THE_DOOR = {"place": placing, "fit_piece": fitting}


@pytest.mark.parametrize("defect", FOUND_BY, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(defect, monkeypatch, must_fail) -> None:
    found_by = FOUND_BY[defect]
    defect(monkeypatch)
    for name, module in GIVEN_AT_THE_DOOR.items():  # what tests import is the room's door
        monkeypatch.setattr(f"csu.wall.model.{name}", getattr(module, name))
    must_fail("test_placing", found_by)
