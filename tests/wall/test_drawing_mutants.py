"""Who tests the tester: a defect planted in what draws a wall must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from csu.wall.drawing import cover, patterns, stage, windows
from csu.wall.drawing.read_back import TileState
from tests.wall.drawn_builders import overlays
from tests.wall.test_windows import MONITORS, server

__all__ = ["server"]

Patch = pytest.MonkeyPatch


def _shaders(patch: Patch, old: str, new: str) -> None:
    found = False
    for name in ("TILE_VERTEX", "TILE_FRAGMENT", "OVERLAY_VERTEX", "OVERLAY_FRAGMENT"):
        text = getattr(stage, name)
        found |= old in text
        patch.setattr(stage, name, text.replace(old, new))
    assert found, f"{old!r} is in no shader: the defect is not planted"


def a_right_never_ends(patch: Patch) -> None:
    _shaders(patch, "if (u_now_s >= told.y) return 4.0;", "")


def age_comes_before_rights(patch: Patch) -> None:
    while_young = "if (u_now_s >= told.y && u_now_s < told.x + 2.0) return 4.0;"
    _shaders(patch, "if (u_now_s >= told.y) return 4.0;", while_young)


def a_forbidden_picture_shines_through(patch: Patch) -> None:
    _shaders(patch, "if (state > 3.5) {        // forbidden", "if (state > 9.0) {        // forbidden")


def a_stale_picture_is_live(patch: Patch) -> None:
    _shaders(patch, "return age_s >= u_stale_s ? 1.0 :", "return age_s >= u_no_signal_s ? 1.0 :")


def nothing_is_ever_lost(patch: Patch) -> None:
    _shaders(patch, "if (age_s >= u_no_signal_s) return 2.0;", "")


def a_whole_mask_is_not_said(patch: Patch) -> None:
    _shaders(patch, "(told.z > 0.5 ? 3.0 : 0.0)", "0.0")


def states_fade_in(patch: Patch) -> None:
    _shaders(patch, "float cover = state < 0.5 ? u_cover.x : u_cover.y;", "float cover = u_cover.x;")


def a_scene_that_leaves_stands_still(patch: Patch) -> None:
    """A frozen picture for as long as the fade lasts."""
    states = stage.Stage.draw

    def draw(self, epoch_ns, cover, *, with_overlay=True):
        for feed in self._feeds.values() if not with_overlay else ():
            feed.stamp_ns = epoch_ns + 10**15
        return states(self, epoch_ns, cover, with_overlay=with_overlay)

    patch.setattr(stage.Stage, "draw", draw)


def overlays_stay(patch: Patch) -> None:
    patch.setattr(stage, "is_over", lambda overlay, now_ns: False)


def what_lies_above_is_behind(patch: Patch) -> None:
    depth_of = stage.depth_of
    patch.setattr(stage, "depth_of", lambda scene: [-depth for depth in depth_of(scene)])


def chroma_is_half_a_pixel_off(patch: Patch) -> None:
    _shaders(patch, "v_chroma_at = a_chroma_at;", "v_chroma_at = a_chroma_at + vec2(0.05, 0.0);")


def a_dot_stays_green(patch: Patch) -> None:
    _shaders(patch, "if (a_piece.z < -1.5 && state > 0.5)", "if (false)")


def new_words_keep_the_room_of_the_old_ones(patch: Patch) -> None:
    """Letters that a longer label has more are not drawn."""
    quads = stage.OverlayPass._put

    def put(self, corners, first):
        quads(self, corners, first)
        self._is_shown = True

    patch.setattr(stage.OverlayPass, "_put", put)


def a_place_is_counted_from_the_top(patch: Patch) -> None:
    place = stage._place

    def from_top(corners, scene):
        left, bottom, width, height = place(corners, scene)
        return left, scene.height_px - bottom - height, width, height

    patch.setattr(stage, "_place", from_top)


def a_clock_waits_for_a_picture(patch: Patch) -> None:
    """Its letters change in what is drawn next, but that is elsewhere."""
    made = stage.Stage.__init__

    def make(self, *args):
        made(self, *args)
        self._clock_places = []

    patch.setattr(stage.Stage, "__init__", make)


def nothing_blinks_by_itself(patch: Patch) -> None:
    patch.setattr(stage, "_blinking", lambda scene: [])


def two_states_look_the_same(patch: Patch) -> None:
    patch.setitem(patterns.HATCHES, TileState.MASKED, patterns.HATCHES[TileState.STALE])


def a_window_lies_over_a_desk(patch: Patch) -> None:
    patch.setattr(windows, "_meets", lambda rect, others: False)


def a_panel_shows_its_neighbours_pixels(patch: Patch) -> None:
    patch.setattr(windows.Panel, "output", lambda panel: windows.Rect(0, 0, *panel.px))


def only_the_first_panel_is_covered(patch: Patch) -> None:
    over = cover.cover_over
    patch.setattr(cover, "cover_over", lambda width_px, height_px, plans: over(width_px, height_px, plans[:1]))


RIGHTS = "test_a_right_that_nobody_renews_ends_on_the_wall_by_itself_and_the_picture_is_not_read"
IN_PART = "test_drawing_only_what_changed_gives_the_same_wall_as_drawing_all_of_it"
CHANGES, DRAWN, WINDOWS = "test_scene_changes", "test_pieces_drawn", "test_windows"
ONCE = "test_every_panel_is_shown_once_where_its_monitor_is_and_no_stranger_is_covered"
FOUND_BY: dict[Callable[[Patch], None], tuple[str, str, dict[str, object]]] = {
    a_right_never_ends: (CHANGES, RIGHTS, {}),
    age_comes_before_rights: (CHANGES, RIGHTS, {}),
    a_forbidden_picture_shines_through: (CHANGES, RIGHTS, {}),
    a_stale_picture_is_live: (DRAWN, "test_what_the_card_drew_is_what_the_reference_says", {"age_s": 3}),
    nothing_is_ever_lost: (DRAWN, "test_what_the_card_drew_is_what_the_reference_says", {"age_s": 11}),
    a_whole_mask_is_not_said: (CHANGES, "test_a_wholly_masked_picture_is_said_to_be_and_still_tells_whose_it_is", {}),
    states_fade_in: (CHANGES, "test_live_pictures_fade_and_what_says_a_state_is_there_at_once", {}),
    a_scene_that_leaves_stands_still: (CHANGES, "test_a_scene_that_fades_out_goes_on_living", {}),
    overlays_stay: (CHANGES, "test_boxes_and_borders_go_when_their_time_is_over_and_boxes_with_a_live_picture", {}),
    what_lies_above_is_behind: (DRAWN, "test_what_the_card_drew_is_what_the_reference_says", {"age_s": 0}),
    chroma_is_half_a_pixel_off: (DRAWN, "test_what_the_card_drew_is_what_the_reference_says", {"age_s": 0}),
    a_window_lies_over_a_desk: (WINDOWS, ONCE, {}),
    a_panel_shows_its_neighbours_pixels: (WINDOWS, ONCE, {}),
    only_the_first_panel_is_covered: (
        WINDOWS, "test_a_picture_without_gl_lies_on_every_panel_and_nowhere_else", {"monitors": MONITORS}),
    a_dot_stays_green: (DRAWN, "test_what_the_card_drew_is_what_the_reference_says", {"age_s": 3}),
    new_words_keep_the_room_of_the_old_ones: (CHANGES, "test_a_label_changes_in_place_and_nothing_else_does", {}),
    a_place_is_counted_from_the_top: (DRAWN, IN_PART, {"written": overlays(), "draws": 7}),
    a_clock_waits_for_a_picture: (DRAWN, IN_PART, {"written": overlays()[-1:], "draws": 6}),
    nothing_blinks_by_itself: (DRAWN, IN_PART, {"written": overlays(), "draws": 7}),
    two_states_look_the_same: (CHANGES, "test_a_wholly_masked_picture_is_said_to_be_and_still_tells_whose_it_is", {}),
}  # fmt: skip


@pytest.mark.nightly
@pytest.mark.parametrize("defect", FOUND_BY, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(defect, monkeypatch, must_fail) -> None:
    module, found_by, given = FOUND_BY[defect]
    defect(monkeypatch)
    must_fail(module, found_by, **given)
