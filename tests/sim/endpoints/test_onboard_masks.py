"""Masks that a simulated camera burns in by itself, and its betrayals of them, seen over real sockets."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from csu.hal.camera import OnboardMask
from csu.hal.frame_mark import read_mark
from csu.hal.place import Pose
from csu.masking.cover import Cover, cell_shape
from csu.masking.edge.verify import EdgeVerifier
from sim.endpoints import EndpointSpec, FarmError, MaskFault, RtspFarm
from sim.endpoints.spec import WRONG_COLOUR_YUV
from sim.street import MountLimits, at_rest, go_to

BOX = OnboardMask("box", ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5), (0.1, 0.5)))
KITE = OnboardMask("kite", ((0.7, 0.1), (0.9, 0.4), (0.7, 0.7), (0.5, 0.4)), (90, 90, 170))
OUTPUTS = ("main", "sub", "snapshot")

_SMALL = {"number": 1, "width_px": 320, "height_px": 176, "frames_per_s": 25, "sub": True}
_LATER = "to-order"
CAMERAS = [
    EndpointSpec("honest", **_SMALL),
    EndpointSpec(_LATER, **_SMALL),
    EndpointSpec("crowded", onboard_masks=16, **_SMALL),
    *[EndpointSpec(fault.value, mask_fault=fault, **_SMALL) for fault in MaskFault],
]


@pytest.fixture(scope="module")
def farm():
    with RtspFarm(CAMERAS) as farm:
        yield farm


def test_an_honest_camera_burns_what_it_was_given_on_every_output_and_nothing_beside_it(farm, look, hidden_share):
    farm.set_masks("honest", [BOX, KITE])
    assert farm.read_masks("honest") == (BOX, KITE)
    seen = look(farm, "honest")
    assert seen["main"].y.shape == (176, 320)
    assert seen["sub"].y.shape == (88, 160)
    for output in OUTPUTS:
        assert hidden_share(seen[output], BOX) == hidden_share(seen[output], KITE) == 1.0, output
        beside = replace(BOX, corners=((0.1, 0.55), (0.4, 0.55), (0.4, 0.8), (0.1, 0.8)))
        assert hidden_share(seen[output], beside) == 0.0, output
        assert read_mark(seen[output].y) is not None, "the frame mark stays readable"
        assert _strangers(seen[output]) == 0.0, "nothing of the masks' colours further than 4 px from them"


@pytest.mark.parametrize(("camera", "hides_it"), [("honest", True), (MaskFault.NAME_ON_TOP.value, False)])
def test_a_mask_lies_over_the_cameras_name_unless_it_writes_on_top(farm, look, camera, hides_it):
    below = OnboardMask("below", ((0.0, 0.7), (1.0, 0.7), (1.0, 1.0), (0.0, 1.0)))
    farm.set_masks(camera, [below])
    for output, planes in look(farm, camera).items():
        verifier = EdgeVerifier(_lower_part(320, 176), below.colour_yuv, planes.y.shape[::-1], is_recorded=False)
        assert (verifier.missing(planes) is None) is hides_it, output
        assert (read_mark(planes.y) is None) is hides_it, output


def _lower_part(width_px: int, height_px: int) -> Cover:
    cells = np.zeros(cell_shape(width_px, height_px), np.bool_)
    cells[-3:] = True
    return Cover(width_px, height_px, cells)


def _strangers(planes) -> float:
    """Share of the chroma samples away from all masks that look like a mask."""
    height, width = planes.u.shape
    near = np.zeros((height, width), np.uint8)
    for mask in (BOX, KITE):
        cv2.fillPoly(near, [np.rint(np.array(mask.corners) * (width, height) - 0.5).astype(np.int32)], 1)
    away = cv2.dilate(near, np.ones((9, 9), np.uint8)) == 0
    away[int(height * 0.85) :] = False
    alike = [
        (np.abs(planes.u.astype(int) - mask.colour_yuv[1]) < 6)
        & (np.abs(planes.v.astype(int) - mask.colour_yuv[2]) < 6)
        for mask in (BOX, KITE)
    ]
    return float((alike[0] | alike[1])[away].mean())


@pytest.mark.parametrize(
    ("fault", "clear_on"),
    [
        (MaskFault.MAIN_ONLY, {"sub"}),
        (MaskFault.SUB_ONLY, {"main"}),
        (MaskFault.SNAPSHOT_CLEAR, {"snapshot"}),
        (MaskFault.SWITCHED_OFF, {"main", "sub", "snapshot"}),
    ],
)
def test_masks_are_missing_where_the_fault_says_and_nowhere_else(farm, look, hidden_share, fault, clear_on):
    farm.set_masks(fault.value, [BOX])
    assert farm.read_masks(fault.value) == (BOX,), "it says that all is well"
    seen = look(farm, fault.value)
    shares = {output: hidden_share(seen[output], BOX) for output in OUTPUTS}
    assert shares == {output: 0.0 if output in clear_on else 1.0 for output in OUTPUTS}


@pytest.mark.parametrize(("fault", "says_so"), [(MaskFault.POLYGON_ADAPTED, True), (MaskFault.ADAPTED_UNSAID, False)])
def test_an_adapted_polygon_is_a_smaller_box_that_is_reported_or_not(farm, look, hidden_share, fault, says_so):
    farm.set_masks(fault.value, [KITE])
    (told,) = farm.read_masks(fault.value)
    assert (told != KITE) == says_so
    seen = look(farm, fault.value)
    for output in OUTPUTS:
        assert 0.1 < hidden_share(seen[output], KITE) < 0.8, output
        if says_so:
            assert hidden_share(seen[output], told) == 1.0, output


@pytest.mark.parametrize(("fault", "told"), [(MaskFault.BEYOND_8_DROPPED, 8), (MaskFault.BEYOND_8_UNSAID, 10)])
def test_masks_beyond_eight_are_dropped_and_told_or_not(farm, look, hidden_share, fault, told):
    masks = [
        OnboardMask(f"m{n}", ((0.1 * n, 0.1), (0.1 * n + 0.1, 0.1), (0.1 * n + 0.1, 0.6), (0.1 * n, 0.6)))
        for n in range(10)
    ]
    farm.set_masks(fault.value, masks)
    assert [mask.name for mask in farm.read_masks(fault.value)] == [mask.name for mask in masks[:told]]
    seen = look(farm, fault.value)
    for output in OUTPUTS:
        assert [hidden_share(seen[output], mask) for mask in masks] == [1.0] * 8 + [0.0] * 2, output


def test_an_honest_camera_refuses_what_it_cannot_burn_and_keeps_what_it_has(farm):
    farm.set_masks("crowded", [BOX])
    for wrong in (
        [BOX] * 17,
        [replace(BOX, corners=BOX.corners[:2])],
        [replace(BOX, corners=(*BOX.corners, (0.05, 0.3)))],
        [replace(BOX, corners=((-0.1, 0.0), (0.2, 0.0), (0.2, 0.2)))],
    ):
        with pytest.raises(FarmError, match="refused"):
            farm.set_masks("crowded", wrong)
    assert farm.read_masks("crowded") == (BOX,)
    farm.set_masks("crowded", [BOX] * 16)
    farm.set_masks("crowded", [])
    assert farm.read_masks("crowded") == ()


def test_a_wrong_colour_hides_but_is_not_what_was_asked(farm, look, hidden_share):
    farm.set_masks(MaskFault.WRONG_COLOUR.value, [BOX])
    seen = look(farm, MaskFault.WRONG_COLOUR.value)
    for output in OUTPUTS:
        assert hidden_share(seen[output], BOX) == 0.0
        assert hidden_share(seen[output], replace(BOX, colour_yuv=WRONG_COLOUR_YUV)) == 1.0


def test_a_mosaic_is_neither_the_colour_nor_the_picture(farm, look, hidden_share):
    farm.set_masks(MaskFault.PIXELATED.value, [BOX])
    seen = look(farm, MaskFault.PIXELATED.value)
    assert [hidden_share(seen[output], BOX) for output in OUTPUTS] == [0.0, 0.0, 0.0]
    inside, outside = seen["snapshot"].y[32:80, 48:112], seen["snapshot"].y[112:144, 48:112]
    assert _grain(inside) < 0.6 < 1.5 < _grain(outside)


def _grain(luma) -> float:
    """How much pixels differ within tiles of 16 px."""
    tiles = luma.reshape(luma.shape[0] // 16, 16, luma.shape[1] // 16, 16).astype(float)
    return float(tiles.std(axis=(1, 3)).mean())


def test_masks_switched_off_in_mid_stream_are_told_once_more_and_a_push_brings_them_back(farm, watch, hidden_share):
    farm.set_masks(_LATER, [BOX])
    shares = _shares_while(watch, hidden_share, farm, lambda: farm.set_mask_fault(_LATER, MaskFault.SWITCHED_OFF, 0.2))
    turned = shares.index(0.0)
    assert 0 < turned < len(shares) - 1
    assert set(shares[:turned]) == {1.0}
    assert max(shares[turned:]) < 0.2
    assert [farm.read_masks(_LATER) for _ in range(3)] == [(BOX,), (), ()]
    farm.set_masks(_LATER, [BOX])
    assert farm.read_masks(_LATER) == (BOX,)
    shares = _shares_while(watch, hidden_share, farm, lambda: None, frames=3)
    assert shares == [1.0] * 3
    farm.set_mask_fault(_LATER, None)


def test_a_late_camera_shows_a_second_of_what_was_to_be_hidden(farm, watch, hidden_share):
    farm.set_masks(_LATER, [])
    farm.set_mask_fault(_LATER, MaskFault.LATE)
    shares = _shares_while(watch, hidden_share, farm, lambda: farm.set_masks(_LATER, [BOX]), frames=60)
    farm.set_mask_fault(_LATER, None)
    assert 10 <= shares.count(0.0) <= 40, "25 pictures a second, some perhaps late"
    assert shares[-1] == 1.0


def test_masks_are_off_while_it_seeks_home_and_only_then(farm, watch, hidden_share):
    camera = MaskFault.OFF_WHILE_SEEKING.value
    farm.set_masks(camera, [BOX])
    here = Pose(0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 500.0)
    away = replace(here, pan_deg=24.0)  # 0.4 s at 60 degrees a second

    def turn(*, seeking: bool) -> None:
        farm.turn(camera, go_to(here, farm.clock.now_ns(), away, MountLimits()), seeking=seeking)

    by_hand = _shares_while(watch, hidden_share, farm, lambda: turn(seeking=False), camera=camera, frames=20)
    farm.turn(camera, at_rest(here, farm.clock.now_ns()))
    seeking = _shares_while(watch, hidden_share, farm, lambda: turn(seeking=True), camera=camera, frames=30)
    assert min(by_hand) > 0.99, "some pixels of a loaded encoder's first picture are off by more than they may"
    assert min(seeking[0], seeking[-1]) > 0.99
    assert 1 <= sum(share < 0.2 for share in seeking) <= 12, "0.4 s at 25 pictures a second, some perhaps late"


def _shares_while(watch, hidden_share, farm, act, *, camera=_LATER, frames=20) -> list[float]:
    """How much of BOX each picture of the main stream hides, while `act` is done after the first few."""
    results = []
    watcher = threading.Thread(
        target=lambda: results.append(watch(farm.address(camera), frames, keep=True)), daemon=True
    )
    pictures = farm.counts()[camera].pictures
    watcher.start()
    deadline = time.monotonic() + 5
    while farm.counts()[camera].pictures < pictures + 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    act()
    watcher.join(10)
    (seen,) = results
    return [hidden_share(planes, BOX) for planes in seen.pictures]


def test_a_reboot_cuts_everybody_off_and_an_honest_camera_keeps_its_masks(farm, watch, look, hidden_share):
    farm.set_masks("honest", [BOX])
    ended = threading.Thread(target=watch, args=(farm.address("honest"), 500), kwargs={"timeout_s": 5.0}, daemon=True)
    ended.start()
    deadline = time.monotonic() + 5
    while not farm.counts()["honest"].clients and time.monotonic() < deadline:
        time.sleep(0.01)
    farm.reboot("honest", 0.5)
    ended.join(3)
    assert not ended.is_alive(), "its client saw the end of the stream"
    with pytest.raises((av.FFmpegError, OSError)):
        watch(farm.address("honest"), 1)
    with pytest.raises(FarmError, match="starting again"):
        farm.read_masks("honest")
    _wait_until_back(farm, "honest")
    assert farm.read_masks("honest") == (BOX,)
    assert hidden_share(look(farm, "honest")["main"], BOX) == 1.0


def test_masks_that_do_not_survive_a_reboot_are_gone_on_every_output(farm, look, hidden_share):
    camera = MaskFault.GONE_AFTER_REBOOT.value
    farm.set_mask_fault(camera, MaskFault.GONE_AFTER_REBOOT, after_s=1.5)
    farm.set_masks(camera, [BOX])
    assert hidden_share(look(farm, camera)["main"], BOX) == 1.0, "until then it is well"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if farm.read_masks(camera) == ():
                break
        except FarmError:
            time.sleep(0.05)
    assert farm.read_masks(camera) == ()
    seen = look(farm, camera)
    assert [hidden_share(seen[output], BOX) for output in OUTPUTS] == [0.0, 0.0, 0.0]
    farm.set_masks(camera, [BOX])
    assert hidden_share(look(farm, camera)["sub"], BOX) == 1.0, "a push brings them back, and it restarts no more"


def _wait_until_back(farm, camera) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            farm.read_masks(camera)
        except FarmError:
            time.sleep(0.05)
        else:
            return


def test_the_sub_stream_costs_nothing_until_it_is_watched(farm, watch):
    before = farm.counts()["crowded"]
    watch(farm.address("crowded"), 3)
    after = farm.counts()["crowded"]
    assert after.pictures > before.pictures
    assert after.sub_pictures == before.sub_pictures == 0
    watch(farm.address("crowded", "sub"), 3)
    assert farm.counts()["crowded"].sub_pictures > 0


def test_a_canned_camera_has_the_masks_of_its_spec_in_its_loop(farm_of, watch, hidden_share):
    spec = EndpointSpec("canned", 1, width_px=320, height_px=176, frames_per_s=25, canned=True, burnt=(BOX,))
    seen = watch(farm_of([spec, replace(spec, camera="bare", number=2, burnt=())]).address("canned"), 3, keep=True)
    assert hidden_share(seen.pictures[-1], BOX) == 1.0
    assert hidden_share(seen.pictures[-1], KITE) == 0.0
