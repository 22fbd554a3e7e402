"""The street as a site: what the centre is bound to, its cameras through their port."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from importlib.metadata import entry_points

import numpy as np
import pytest

from csu.hal.camera import AudioState, Camera, CameraError, OnboardMask, PtzVelocity
from csu.hal.errors import BadInput
from csu.hal.site import SiteRequest
from sim.street import StreetPainter, build_street, canary_share, new_i420, planes_of
from sim.street_binding import open_street
from sim.street_options import read_options


def test_the_entry_point_of_the_binding_is_open_street():
    (found,) = [point for point in entry_points(group="csu.bindings") if point.name == "street"]
    assert found.load() is open_street


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"night": "perhaps"}, "night"),
        ({"seed": "x"}, "seed"),
        ({"fps": 0}, "fps"),
        ({"width": 641}, "width"),
        ({"fps": 12.5}, "fps"),
        ({"seed": True}, "seed"),
        ({"onboard_masks": 33}, "onboard_masks"),
        ({"onboard_masks": 8, "mask_fault": "lazy"}, "polygon_adapted, adapted_unsaid"),
        ({"mask_fault": "late"}, "onboard_masks as well"),
        ({"mask_fault_camera": 5}, "mask_fault_camera"),
        ({"mask_fault_after_s": -1}, "mask_fault_after_s"),
        ({"view_fault": "stolen"}, "covered, painted"),
        ({"view_fault_after_s": "nan"}, "view_fault_after_s"),
    ],
)
def test_a_wrong_option_is_bad_input_that_names_it(options, named):
    with pytest.raises(BadInput, match=named):
        read_options(SiteRequest(4, options))


def test_an_unknown_option_is_answered_with_the_valid_ones():
    with pytest.raises(BadInput, match="seed, night, canary, width, height, fps"):
        read_options(SiteRequest(4, {"colour": "red"}))


@pytest.mark.parametrize("cameras", [0, 65, -1])
def test_no_site_of_no_camera_or_of_more_than_can_be_drawn(cameras):
    with pytest.raises(BadInput, match="cameras"):
        read_options(SiteRequest(cameras))


def test_options_may_come_as_words_from_a_command_line():
    options = read_options(SiteRequest(4, {"night": "true", "seed": "7", "fps": 6.0}))
    assert (options.night, options.seed, options.fps) == (True, 7, 6)


def test_a_fault_that_is_an_event_waits_until_the_masks_were_seen_unless_told_otherwise():
    masks = {"onboard_masks": 8}
    assert read_options(SiteRequest(4, {**masks, "mask_fault": "late"})).mask_fault_after_s == 0.0
    assert read_options(SiteRequest(4, {**masks, "mask_fault": "switched_off"})).mask_fault_after_s == 10.0
    sooner = {**masks, "mask_fault": "switched_off", "mask_fault_after_s": "0.5"}
    assert read_options(SiteRequest(4, sooner)).mask_fault_after_s == 0.5


MASK = OnboardMask("box", ((0.6, 0.2), (0.9, 0.2), (0.9, 0.6), (0.6, 0.6)))


def test_one_camera_of_the_street_betrays_its_masks_and_one_is_knocked(watch, fetch, hidden_share):
    asyncio.run(_with_faults(watch, fetch, hidden_share))


async def _with_faults(watch, fetch, hidden_share) -> None:
    faults = {"mask_fault": "main_only", "mask_fault_camera": 2, "view_fault": "knocked", "view_fault_camera": 4}
    async with open_street(SiteRequest(4, {"onboard_masks": 8, **faults})) as site:
        honest, traitor, knocked = site.cameras[0], site.cameras[1], site.cameras[3]
        for camera, hidden_on_sub in ((honest, 1.0), (traitor, 0.0)):
            await camera.push_masks([MASK])
            assert await camera.read_masks() == (MASK,)
            for profile, hidden in (("main", 1.0), ("sub", hidden_on_sub)):
                seen = await asyncio.to_thread(watch, await camera.stream(profile), 2, keep=True)
                assert abs(hidden_share(seen.pictures[-1], MASK) - hidden) < 0.01, profile
            shot = await asyncio.to_thread(fetch, await camera.snapshot())
            assert hidden_share(shot, MASK) > 0.99, "JPEG rings a little at the edge"
        shot = await asyncio.to_thread(fetch, await knocked.snapshot())
        told = StreetPainter(1, 640, 360).draw((await knocked.pose()).pose, time.time_ns())
        assert _difference(shot.y, told) > 15.0, "it looks elsewhere and does not know"


def test_the_street_through_its_ports(watch):
    asyncio.run(_walk_through(watch))


async def _walk_through(watch) -> None:
    """One site for all of it: it is a process of its own."""
    async with open_street(SiteRequest(8, {"seed": 1})) as site:
        cameras = site.cameras
        assert all(isinstance(camera, Camera) for camera in cameras)
        assert [camera.record.number for camera in cameras] == list(range(1, 9))
        assert len({camera.record.camera for camera in cameras}) == 8
        assert {camera.record.commune for camera in cameras} == {"valmont-sur-seille", "saint-eloi-les-valmont"}
        assert site.buildings == build_street(1).buildings
        assert site.witness is not None
        assert site.witness(planes_of(new_i420(64, 48))) == 0.0
        await _is_deaf_but_for_one(cameras)
        await _refuses_what_it_cannot_do(cameras)
        await _turns_and_shows_what_its_pose_says(cameras[3], watch)
    with pytest.raises(CameraError, match="does not answer"):
        await cameras[0].stream("main")
    assert await cameras[0].pose() is None, "no pose: the picture is wholly masked"


async def _is_deaf_but_for_one(cameras) -> None:
    for camera in cameras:
        offered = camera.record.number == 3
        assert (await camera.capabilities()).audio_sources == (1 if offered else 0)
        assert await camera.refuse_audio() is (AudioState.STILL_OFFERED if offered else AudioState.ABSENT)


async def _refuses_what_it_cannot_do(cameras) -> None:
    fixed, turning = cameras[0], cameras[3]
    with pytest.raises(CameraError, match="profile"):
        await fixed.stream("third")
    with pytest.raises(CameraError, match="fixed"):
        await fixed.move(PtzVelocity(0.1, 0.0, 0.0))
    with pytest.raises(CameraError, match="places: 0"):
        await fixed.push_masks([OnboardMask("one", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)))])
    assert await fixed.read_masks() == ()
    await fixed.stop()
    with pytest.raises(CameraError, match="speeds"):
        await turning.move(PtzVelocity(1.5, 0.0, 0.0))
    home = (await turning.pose()).pose
    for beyond in (replace(home, tilt_deg=60.0), replace(home, x_m=home.x_m + 1), replace(home, pan_deg=float("nan"))):
        with pytest.raises(CameraError, match="reach"):
            await turning.go_to(beyond)


async def _turns_and_shows_what_its_pose_says(camera, watch) -> None:
    home = (await camera.pose()).pose
    await camera.move(PtzVelocity(pan=0.5, tilt=0.0, zoom=0.0))
    await asyncio.sleep(0.5)
    turning = await camera.pose()
    assert turning.moving
    assert 5.0 < (turning.pose.pan_deg - home.pan_deg) % 360 < 40.0
    await camera.stop()
    await asyncio.sleep(0.1)
    assert not (await camera.pose()).moving
    goal = replace(home, pan_deg=home.pan_deg - 35.0, focal_px=home.focal_px * 1.2)
    await camera.go_to(goal)
    while (await camera.pose()).moving:
        await asyncio.sleep(0.05)
    reached = (await camera.pose()).pose
    assert reached.focal_px == pytest.approx(goal.focal_px), "zoom runs in doublings: it rounds"
    assert replace(reached, focal_px=goal.focal_px) == goal
    seen = await asyncio.to_thread(watch, await camera.stream("main"), 3, keep=True)
    painter = StreetPainter(1, 640, 360)
    assert _difference(seen.pictures[-1].y, painter.draw(goal, time.time_ns())) < 6.0
    assert _difference(seen.pictures[-1].y, painter.draw(home, time.time_ns())) > 15.0
    assert canary_share(seen.pictures[-1]) > 0.0


def _difference(luma, picture) -> float:
    """Mean absolute difference above the frame mark; people and cars are a small part of it."""
    return float(np.abs(luma[:300].astype(int) - planes_of(picture).y[:300].astype(int)).mean())
