"""Where the wall's windows lie: every panel's pixels once, on its monitor, and nothing over a stranger."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from csu.hal.wall import WallError, WallNodeId
from csu.hal.wall_panel import WallPanelId
from csu.wall.drawing.cover import cover_over, cover_picture
from csu.wall.drawing.windows import Monitor, WindowPlan, plan_windows, scaled
from csu.wall.drawing.x_monitors import x_monitors
from csu.wall.drawing.x_picture import XPicture
from csu.wall.model import Panel, Rect
from tests.wall.x_server import XServer, at_place, x_server

LEFT, DESK, RIGHT = Rect(0, 60, 160, 90), Rect(160, 0, 200, 150), Rect(360, 10, 160, 90)
MONITORS = (Monitor("DP-1", LEFT), Monitor("DP-2", DESK), Monitor("HDMI-1", RIGHT))


def panel(name: str, monitor: str, left_px: int = 0, px: tuple[int, int] = (160, 90)) -> Panel:
    return Panel(WallPanelId(name), Rect(0, 0, 1, 1), px, WallNodeId("n"), (left_px, 0), monitor=monitor)


PAIR = (panel("a", "HDMI-1"), panel("b", "DP-1", 160))


def test_one_window_lies_over_all_panels_of_a_screen() -> None:
    (window,) = plan_windows(320, 90, PAIR, [MONITORS[0], MONITORS[2]])
    assert window.place == Rect(0, 10, 520, 140)
    assert [(part.panel, part.framebuffer, part.window) for part in window.parts] == [
        ("a", Rect(0, 0, 160, 90), Rect(360, 0, 160, 90)),
        ("b", Rect(160, 0, 160, 90), Rect(0, 50, 160, 90)),
    ]
    assert not window.is_filled


def test_a_desk_between_the_panels_is_left_alone() -> None:
    plans = plan_windows(320, 90, PAIR, MONITORS)
    assert [(plan.place, plan.panels) for plan in plans] == [(RIGHT, "a"), (LEFT, "b")]
    assert all(plan.is_filled for plan in plans)


def test_without_monitors_there_is_one_window_of_the_framebuffers_size() -> None:
    (window,) = plan_windows(320, 90, [replace(each, monitor="") for each in PAIR], MONITORS)
    whole = Rect(0, 0, 320, 90)
    assert (window.place, window.parts[0].framebuffer, window.parts[0].window) == (whole, whole, whole)


def test_a_panel_that_is_known_to_be_dark_needs_no_monitor_and_gets_no_window() -> None:
    dark = replace(PAIR[0], monitor="gone", enabled=False)
    (window,) = plan_windows(320, 90, (dark, PAIR[1]), MONITORS)
    assert window.panels == "b"
    with pytest.raises(WallError, match="none of the panels is enabled"):
        plan_windows(320, 90, (dark,), MONITORS)


def test_a_monitor_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(WallError, match=r"panel a.*no monitor 'DP-9'; there are: DP-1, DP-2, HDMI-1"):
        plan_windows(320, 90, (replace(PAIR[0], monitor="DP-9"), PAIR[1]), MONITORS)


def test_two_panels_do_not_share_pixels_of_a_screen() -> None:
    mirrored = (*MONITORS, Monitor("DP-3", RIGHT))
    with pytest.raises(WallError, match="a and b would show the same pixels"):
        plan_windows(320, 90, (PAIR[0], replace(PAIR[1], monitor="DP-3")), mirrored)


def test_a_monitor_that_runs_at_another_size_is_told() -> None:
    plans = plan_windows(320, 90, (panel("a", "HDMI-1"), panel("b", "DP-2", 160)), MONITORS)
    assert [part.panel for part in scaled(plans)] == ["b"]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
@given(st.lists(st.tuples(st.booleans(), st.integers(16, 60), st.integers(0, 40)), min_size=1, max_size=6))
def test_every_panel_is_shown_once_where_its_monitor_is_and_no_stranger_is_covered(row) -> None:
    """Monitors in a row, each of the wall or a stranger's, with gaps."""
    left, panels, monitors, strangers = 0, [], [], []
    for index, (ours, width, gap) in enumerate(row):
        monitors.append(Monitor(f"m{index}", Rect(left, gap, width, 20)))
        if ours:
            taken = sum(each.px[0] for each in panels)
            panels.append(panel(f"p{index}", f"m{index}", taken, (width, 20)))
        else:
            strangers.append(monitors[-1].place)
        left += width + gap
    if not panels:
        return
    size = sum(each.px[0] for each in panels), 20
    plans = plan_windows(*size, panels, monitors)
    screen = np.zeros((60, left + 1), np.int64)
    framebuffer = np.arange(1, size[0] * size[1] + 1).reshape(size[1], size[0])
    for plan in plans:
        assert not any(plan.place.overlap(stranger) for stranger in strangers)
        for part in plan.parts:
            _seen(screen, plan, part.window)[:] = framebuffer[at_place(part.framebuffer)]
    for each in panels:
        place = next(monitor.place for monitor in monitors if monitor.name == each.monitor)
        assert (screen[at_place(place)] == framebuffer[at_place(Rect(*each.output_px, *each.px))]).all()
    assert np.count_nonzero(screen) == framebuffer.size


def _seen(screen: np.ndarray, plan: WindowPlan, part: Rect) -> np.ndarray:
    return screen[at_place(Rect(plan.place.left + part.left, plan.place.top + part.top, part.width, part.height))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XServer]:
    with x_server(tmp_path_factory.mktemp("x"), "520x160", "64x48") as server:
        server.plug_in({monitor.name: monitor.place for monitor in MONITORS})
        yield server


def test_the_x_server_says_where_its_monitors_are(server: XServer) -> None:
    assert set(MONITORS) < set(x_monitors(server.display))
    assert [each.place for each in x_monitors(f"{server.display}.1")] == [Rect(0, 0, 64, 48)]
    with pytest.raises(WallError, match=r"no X display.*:9999"):
        x_monitors(":9999")


@pytest.mark.parametrize("monitors", [MONITORS, (MONITORS[0], MONITORS[2])])
def test_a_picture_without_gl_lies_on_every_panel_and_nowhere_else(server: XServer, monitors) -> None:
    """What covers a frozen wall, and the emergency wall."""
    plans = plan_windows(320, 90, PAIR, monitors)
    cover = cover_over(320, 90, plans)
    before = server.pixels()
    window = XPicture(plans, server.display)
    try:
        window.show(cover)
        shown = server.pixels()
        for place in (LEFT, RIGHT):
            assert (shown[at_place(place)] == cover_picture(160, 90)).all()
        assert (shown[at_place(DESK)] == before[at_place(DESK)]).all() or len(plans) == 1
        window.hide()
        assert (server.pixels() == before).all()
    finally:
        window.close()
