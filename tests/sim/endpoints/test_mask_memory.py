"""The device's masks without any socket: shapes on pixels, and moments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, points

from csu.hal.camera import OnboardMask
from sim.endpoints.burn import stencil_of
from sim.endpoints.inner_box import inner_box
from sim.endpoints.masks import NOTHING, MaskMemory, Output
from sim.endpoints.spec import MaskFault
from sim.street import planes_of

S = 1_000_000_000
BOX = OnboardMask("box", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5), (0.1, 0.5)))
OTHER = OnboardMask("other", ((0.5, 0.1), (0.9, 0.1), (0.9, 0.5)))


@st.composite
def polygons(draw) -> tuple[tuple[float, float], ...]:
    """Convex, 3 to 6 corners, of some size, wholly in the picture."""
    x, y = draw(st.floats(0.3, 0.7)), draw(st.floats(0.3, 0.7))
    count = draw(st.integers(3, 6))
    first, flat = draw(st.floats(0, 6.28)), draw(st.floats(0.4, 1.0))
    radius = draw(st.floats(0.08, 0.29))
    angles = first + np.arange(count) * 2 * np.pi / count
    return tuple((float(x + radius * np.cos(a)), float(y + radius * flat * np.sin(a))) for a in angles)


@settings(max_examples=40, deadline=None)
@given(polygons())
def test_every_pixel_whose_centre_a_mask_holds_is_filled_and_none_far_from_it(corners):
    width, height = 128, 96
    stencil = stencil_of((OnboardMask("one", corners),), width, height)
    where = planes_of(stencil.where)
    polygon = Polygon([(x * width, y * height) for x, y in corners])
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    distance = np.asarray(polygon.exterior.distance(points(columns, rows)))
    inside = np.asarray(polygon.contains(points(columns, rows)))
    filled = where.y > 0
    assert filled[inside & (distance > 0.01)].all()
    assert not filled[~inside & (distance > 3.0)].any()
    assert np.array_equal(where.u, where.y[::2, ::2]), "luma and chroma agree"
    assert np.array_equal(where.v, where.u)
    assert set(np.unique(planes_of(stencil.fill).y[filled])) == {64}


@settings(max_examples=40, deadline=None)
@given(polygons())
def test_an_inner_box_lies_within_the_polygon_and_is_smaller(corners):
    box, polygon = Polygon(inner_box(corners)), Polygon(corners)
    assert polygon.buffer(1e-9).contains(box)
    assert 0 < box.area < 0.75 * polygon.area


def memory(fault: MaskFault | None = None, after_s: float = 0.0) -> MaskMemory:
    found = MaskMemory(8, 4)
    found.misbehave(fault, after_s, 0)
    return found


def burnt(device: MaskMemory, at_ns: int, output: Output = Output.MAIN, *, seeking: bool = False):
    return device.burn(output, at_ns, seeking=seeking).masks


@pytest.mark.parametrize("output", list(Output))
def test_an_honest_device_burns_and_tells_what_it_was_given_even_after_a_reboot(output):
    device = memory()
    assert device.burn(output, 0, seeking=False) == NOTHING
    device.push([BOX], S)
    device.rebooted()
    assert burnt(device, S, output, seeking=True) == device.report(S) == (BOX,)
    device.push([], 2 * S)
    assert device.burn(output, 2 * S, seeking=False) == NOTHING


def test_a_fault_waits_from_its_order_or_from_the_first_masks():
    device = memory(MaskFault.SUB_ONLY, after_s=3.0)
    device.push([BOX], 10 * S)
    device.push([OTHER], 12 * S)
    assert burnt(device, 13 * S - 1) == (OTHER,)
    assert burnt(device, 13 * S) == ()
    device.misbehave(MaskFault.SUB_ONLY, 3.0, 20 * S)
    assert burnt(device, 23 * S - 1) == (OTHER,)
    assert burnt(device, 23 * S) == ()


def test_a_late_device_burns_what_it_had_before_for_one_second():
    device = memory()
    device.push([BOX], S)
    device.misbehave(MaskFault.LATE, 0.0, 2 * S)
    device.push([OTHER], 3 * S)
    assert device.report(3 * S) == (OTHER,)
    assert burnt(device, 4 * S - 1) == (BOX,)
    assert burnt(device, 4 * S) == (OTHER,)


def test_masks_switched_off_stay_off_until_they_are_pushed_again():
    device = memory()
    device.push([BOX], S)
    device.misbehave(MaskFault.SWITCHED_OFF, 1.0, 2 * S)
    assert burnt(device, 3 * S - 1) == (BOX,)
    assert burnt(device, 3 * S) == ()
    assert (device.report(4 * S), device.report(4 * S)) == ((BOX,), ())
    device.push([BOX], 5 * S)
    assert burnt(device, 100 * S) == device.report(100 * S) == (BOX,)


def test_a_device_that_loses_its_masks_says_when_it_restarts_and_only_that_one():
    device = memory(MaskFault.GONE_AFTER_REBOOT, after_s=2.0)
    assert device.reboots_at_ns() is None, "there is nothing to lose yet"
    device.push([BOX], S)
    assert device.reboots_at_ns() == 3 * S
    assert burnt(device, 4 * S) == (BOX,), "it is the restart that loses them"
    device.rebooted()
    assert burnt(device, 4 * S) == device.report(4 * S) == ()
    assert memory(MaskFault.LATE).reboots_at_ns() is None
