"""Who tests the tester: a defect planted in the preview of a wall must fail the test that is there for it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from csu.cluster import live_relay, wall_preview
from csu.wall.drawing.preview_plan import PanelPlace, PreviewPlan

Patch = pytest.MonkeyPatch


def who_comes_late_sees_old_pictures_as_new(patch: Patch) -> None:
    """The preview knows nothing of when the wall saw a picture first."""
    from csu.wall.drawing.preview import PreviewedWall

    drawn_small = PreviewedWall.drawn_small

    def forgetful(self, plan):
        stamps, self._stamps = self._stamps, {}
        try:
            return drawn_small(self, plan)
        finally:
            self._stamps = stamps

    patch.setattr(PreviewedWall, "drawn_small", forgetful)


def the_preview_takes_pictures_from_the_wall(patch: Patch) -> None:
    """One memory of what was seen: what the preview took is not new to the wall."""
    from csu.wall.drawing.preview import PreviewedWall

    drawn_small = PreviewedWall.drawn_small

    def sharing(self, plan):
        rgb = drawn_small(self, plan)
        self._stamps.update(self._small[1]._stamps)
        return rgb

    patch.setattr(PreviewedWall, "drawn_small", sharing)


def turned_panels_stay_turned(patch: Patch) -> None:
    def at(self, corner):
        (x0, y0), (x1, y1) = self.corners_px[0], self.corners_px[3]
        across, down = (corner[0] - min(x0, x1)) / abs(x1 - x0), (corner[1] - min(y0, y1)) / abs(y1 - y0)
        return self.left_px + round(across * self.width_px), self.top_px + round(down * self.height_px)

    patch.setattr(PanelPlace, "_at", at)


def rights_do_not_end_in_the_preview(patch: Patch) -> None:
    of_scene = PreviewPlan.of_scene
    patch.setattr(PreviewPlan, "of_scene", lambda self, scene: of_scene(self, scene.leased(None)))


def a_frozen_part_stays_up(patch: Patch) -> None:
    patch.setattr(wall_preview, "FROZEN_AFTER_S", 3600.0)


def who_comes_later_gets_what_waits(patch: Patch) -> None:
    """A stream that keeps its last pictures for whoever joins, as caches do."""
    kept = []
    hear, fragments = live_relay.LiveDesk.hear, live_relay.Watcher.fragments

    def hear_and_keep(self, camera, fragment):
        kept.append(fragment)
        hear(self, camera, fragment)

    async def all_of_them(self):
        for fragment in list(kept):
            yield fragment
        async for fragment in fragments(self):
            yield fragment

    patch.setattr(live_relay.LiveDesk, "hear", hear_and_keep)
    patch.setattr(live_relay.Watcher, "fragments", all_of_them)


def nobody_is_ever_nobody(patch: Patch) -> None:
    """The wall is not told that nobody watches any more."""

    async def hold_on(self):
        return

    patch.setattr(wall_preview.WallPreview, "_let_go", hold_on)


DRAWN, LIVE = "test_preview", "test_preview_live"
AGES = "test_pictures_age_in_the_preview_as_they_do_on_the_wall"
FOUND_BY: dict[Callable[[Patch], None], tuple[str, str]] = {
    who_comes_late_sees_old_pictures_as_new: (DRAWN, AGES),
    the_preview_takes_pictures_from_the_wall: (DRAWN, "test_a_preview_leaves_the_wall_as_it_is"),
    turned_panels_stay_turned: (DRAWN, "test_tiles_lie_in_the_preview_where_the_page_lays_them_by_shares_of_the_wall"),
    rights_do_not_end_in_the_preview: (DRAWN, AGES),
    a_frozen_part_stays_up: (DRAWN, "test_the_panels_of_a_node_that_stands_still_are_covered_and_the_others_go_on"),
    who_comes_later_gets_what_waits: (LIVE, "test_who_comes_later_gets_no_picture_that_was_drawn_before"),
    nobody_is_ever_nobody: (LIVE, "test_a_node_that_stands_still_sends_nothing_and_a_fault_ends_the_stream_for_all"),
}


@pytest.mark.nightly
@pytest.mark.parametrize("defect", FOUND_BY, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(defect, surface, monkeypatch, must_fail) -> None:
    """`surface` comes first: what draws small may be imported once a kind of wall was chosen."""
    module, found_by = FOUND_BY[defect]
    defect(monkeypatch)
    must_fail(module, found_by)
