"""The contract of a camera: what every binding's cameras must do, whatever they are made of.

A binding joins with one line in `SITES`: how its site is opened, with at least one fixed and one PTZ camera.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import cache
from math import log2
from typing import TypeVar

import numpy as np
import pytest

from csu.hal.camera import (
    AudioState,
    Camera,
    CameraError,
    CameraId,
    CameraRecord,
    CommuneId,
    OnboardMask,
    PtzVelocity,
    ViewType,
)
from csu.hal.place import PtzDynamics
from csu.hal.site import Site, SiteRequest
from csu.machine import SystemChance, SystemClock
from hardware.onvif import Mount, OnvifSettings, StreamFloors, millimetres, open_onvif_camera, spherical
from hardware.vault import Login
from sim.endpoints import EndpointSpec, RtspFarm, StreetView
from sim.endpoints.onvif import OnvifQuirk, OnvifSite, OnvifSpec, open_onvif
from sim.street import MountLimits, build_street, posts
from sim.street_binding import open_street

PAN_ZERO_DEG = 40.0
"""How the ONVIF cameras were screwed to their poles."""


def onvif_spec(place) -> OnvifSpec:
    """Camera 2 has no masks of its own; camera 3 goes on offering sound, whatever it is told."""
    spec = EndpointSpec(
        f"cam-{place.number:04d}",
        place.number,
        StreetView(place.pose),
        sub=True,
        audio=place.number == 3,
        onboard_masks=0 if place.number == 2 else 8,
    )
    quirks = frozenset({OnvifQuirk.AUDIO_BACK_AFTER_REMOVAL} if place.number == 3 else ())
    return OnvifSpec(spec, ptz=place.ptz, quirks=quirks, pan_zero_deg=PAN_ZERO_DEG)


def onvif_settings(place, spec: OnvifSpec, served: OnvifSite) -> OnvifSettings:
    endpoint, limits, home = spec.endpoint, MountLimits(), place.pose
    px_per_mm = endpoint.width_px / spec.sensor_width_mm
    mount = Mount(
        *(home.x_m, home.y_m, home.z_m),
        pan_tilt=(spherical(PAN_ZERO_DEG),),
        zoom=(millimetres(px_per_mm, 0.5, 100.0),),
        roll_deg=home.roll_deg,
        k1=home.k1,
    )
    return OnvifSettings(
        CameraRecord(CameraId(endpoint.camera), place.number, place.name, CommuneId("metz"), ViewType.WIDE),
        served.device(endpoint.camera).url,
        StreamFloors(352, 288, 6.0),
        mount=mount if place.ptz else None,
        fixed_pose=None if place.ptz else home,
        # A reading is dated to a few ms: as a data sheet would, this says a little more than the mount can.
        dynamics=PtzDynamics(limits.pan_deg_s * 1.1, limits.tilt_deg_s * 1.1, limits.zoom_doublings_s * 1.1),
    )


PLACES = posts(build_street(1), 4, 640, 360)
ONVIF_SPECS = [onvif_spec(place) for place in PLACES]


@cache
def onvif_farm() -> RtspFarm:
    """The streams behind the ONVIF cameras: one process for all checks, which ends with this one (see RtspFarm)."""
    farm = RtspFarm([spec.endpoint for spec in ONVIF_SPECS])
    farm.start()
    return farm


@asynccontextmanager
async def onvif_site() -> AsyncIterator[Site]:
    """Four cameras of the street behind ONVIF over HTTP, asked by the adapter of real cameras."""
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(open_onvif(ONVIF_SPECS, farm=await asyncio.to_thread(onvif_farm)))
        cameras = []
        for place, spec in zip(PLACES, ONVIF_SPECS, strict=True):
            login = Login(spec.endpoint.user, spec.endpoint.password)
            known = onvif_settings(place, spec, served)
            opened = open_onvif_camera(known, login, SystemClock(), SystemChance("contract"))
            cameras.append(await stack.enter_async_context(opened))
        yield Site(name="onvif", cameras=tuple(cameras), buildings=())


SITES: dict[str, Callable[[], AbstractAsyncContextManager[Site]]] = {
    "street": lambda: open_street(SiteRequest(cameras=4)),
    "onvif over real sockets": onvif_site,
}
MASKING_SITES = {
    "street, masks on board": lambda: open_street(SiteRequest(cameras=4, options={"onboard_masks": 8})),
}
"""The same bindings with cameras that can mask by themselves: for the rules about those masks only."""

_T = TypeVar("_T")


@pytest.fixture(params=SITES)
def on_site(request: pytest.FixtureRequest) -> Callable[[Callable[[Site], Awaitable[_T]]], _T]:
    """Runs one check on a freshly opened site, and closes it."""

    def run(check: Callable[[Site], Awaitable[_T]]) -> _T:
        async def whole() -> _T:
            async with {**SITES, **MASKING_SITES}[request.param]() as site:
                return await check(site)

        return asyncio.run(whole())

    return run


async def cameras_by_kind(site: Site) -> tuple[list[Camera], list[Camera]]:
    """(fixed, PTZ)."""
    ptz = [camera for camera in site.cameras if (await camera.capabilities()).ptz]
    return [camera for camera in site.cameras if camera not in ptz], ptz


def test_it_satisfies_the_port_and_its_numbers_are_its_own(on_site) -> None:
    async def check(site: Site) -> None:
        assert all(isinstance(camera, Camera) for camera in site.cameras)
        assert len({camera.record.camera for camera in site.cameras}) == len(site.cameras)
        assert len({camera.record.number for camera in site.cameras}) == len(site.cameras)
        fixed, ptz = await cameras_by_kind(site)
        assert fixed, "a contract needs a fixed camera"
        assert ptz, "a contract needs a PTZ camera"

    on_site(check)


def test_each_profile_has_an_address_whose_secret_does_not_show_and_no_other_has_one(on_site) -> None:
    async def check(site: Site) -> None:
        for camera in site.cameras:
            for profile in (await camera.capabilities()).profiles:
                address = await camera.stream(profile.profile)
                assert address.url.startswith(("rtsp://", "rtsps://"))
                assert "@" not in address.url
                assert not address.password or address.password not in repr(address)
            with pytest.raises(CameraError):
                await camera.stream("no-such-profile")

    on_site(check)


def test_profiles_have_names_of_their_own_and_the_first_is_the_largest(on_site) -> None:
    async def check(site: Site) -> None:
        for camera in site.cameras:
            profiles = (await camera.capabilities()).profiles
            areas = [profile.width_px * profile.height_px for profile in profiles]
            assert areas[0] == max(areas) > 0, "the first is the one to record"
            assert len({profile.profile for profile in profiles}) == len(profiles)
            assert all(profile.frames_per_s > 0 for profile in profiles)

    on_site(check)


def test_a_snapshot_if_there_is_one_is_over_http_and_its_secret_does_not_show(on_site) -> None:
    async def check(site: Site) -> None:
        for camera in site.cameras:
            address = await camera.snapshot()
            if address is None:
                continue
            assert address.url.startswith(("http://", "https://"))
            assert "@" not in address.url
            assert not address.password or address.password not in repr(address)

    on_site(check)


def test_a_ptz_camera_never_turns_faster_than_it_says(on_site) -> None:
    async def check(site: Site) -> None:
        fixed, ptz = await cameras_by_kind(site)
        assert [(await camera.capabilities()).dynamics for camera in fixed] == [None] * len(fixed)
        dynamics = (await ptz[0].capabilities()).dynamics
        if dynamics is None:  # nobody knows: the centre then masks it wholly between two readings
            return
        await ptz[0].move(PtzVelocity(1.0, -1.0, 1.0))
        await asyncio.sleep(0.1)
        first = await ptz[0].pose()
        await asyncio.sleep(0.3)
        second = await ptz[0].pose()
        await ptz[0].stop()
        assert first is not None
        assert second is not None
        passed_s = (second.at_ns - first.at_ns) / 1e9
        turned = abs((second.pose.pan_deg - first.pose.pan_deg + 180) % 360 - 180)
        assert 0 < turned <= dynamics.pan_deg_per_s * passed_s + 0.01
        assert abs(second.pose.tilt_deg - first.pose.tilt_deg) <= dynamics.tilt_deg_per_s * passed_s + 0.01
        assert abs(log2(second.pose.focal_px / first.pose.focal_px)) <= dynamics.zoom_doublings_per_s * passed_s + 0.01

    on_site(check)


def test_a_pose_is_finite_dated_and_still_on_a_camera_at_rest(on_site) -> None:
    async def check(site: Site) -> None:
        for camera in site.cameras:
            first, second = await camera.pose(), await camera.pose()
            assert first is not None
            assert second is not None
            assert first.pose.is_finite()
            assert first.pose == second.pose
            assert not first.moving
            assert second.at_ns >= first.at_ns > 0

    on_site(check)


def test_a_fixed_camera_refuses_to_turn_and_does_not_mind_being_stopped(on_site) -> None:
    async def check(site: Site) -> None:
        fixed, _ = await cameras_by_kind(site)
        before = await fixed[0].pose()
        with pytest.raises(CameraError):
            await fixed[0].move(PtzVelocity(0.5, 0.0, 0.0))
        await fixed[0].stop()
        after = await fixed[0].pose()
        assert before is not None
        assert after is not None
        assert after.pose == before.pose

    on_site(check)


@pytest.mark.requirement("PRV-5")
def test_a_ptz_camera_says_that_it_moves_from_the_order_on_and_where_it_stopped(on_site) -> None:
    async def check(site: Site) -> None:
        _, ptz = await cameras_by_kind(site)
        camera = ptz[0]
        before = await camera.pose()
        await camera.move(PtzVelocity(0.5, 0.0, 0.0))
        at_once = await camera.pose()
        await asyncio.sleep(0.4)
        await camera.stop()
        await asyncio.sleep(0.6)
        rest, later = await camera.pose(), await camera.pose()
        assert before is not None
        assert rest is not None
        assert later is not None
        assert at_once is None or at_once.moving  # never "still" with a motor already told to turn
        assert abs(rest.pose.pan_deg - before.pose.pan_deg) > 1.0
        assert not rest.moving
        assert rest.pose == later.pose

    on_site(check)


@pytest.mark.parametrize("velocity", [PtzVelocity(1.5, 0, 0), PtzVelocity(0, -2, 0), PtzVelocity(0, 0, float("nan"))])
def test_a_speed_it_cannot_have_is_refused(on_site, velocity: PtzVelocity) -> None:
    async def check(site: Site) -> None:
        _, ptz = await cameras_by_kind(site)
        with pytest.raises(CameraError):
            await ptz[0].move(velocity)

    on_site(check)


def test_a_pose_within_reach_is_reached_and_one_elsewhere_is_refused(on_site) -> None:
    async def check(site: Site) -> None:
        _, ptz = await cameras_by_kind(site)
        camera = ptz[0]
        start = await camera.pose()
        assert start is not None
        wanted = replace(start.pose, pan_deg=start.pose.pan_deg + 5.0)
        await camera.go_to(wanted)
        await asyncio.sleep(1.0)
        reached = await camera.pose()
        assert reached is not None
        assert abs((reached.pose.pan_deg - wanted.pan_deg + 180) % 360 - 180) < 0.2
        with pytest.raises(CameraError):
            await camera.go_to(replace(start.pose, x_m=start.pose.x_m + 100.0))

    on_site(check)


@pytest.mark.parametrize("on_site", [*SITES, *MASKING_SITES], indirect=True)
def test_masks_read_back_are_those_pushed_and_too_many_are_refused(on_site) -> None:
    async def check(site: Site) -> None:
        for camera in site.cameras:
            slots = (await camera.capabilities()).onboard_masks
            triangle = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))
            masks = [OnboardMask(f"m{index}", triangle) for index in range(slots + 1)]
            with pytest.raises(CameraError):
                await camera.push_masks(masks)
            await camera.push_masks(masks[:slots])
            told = await camera.read_masks()
            assert [mask.name for mask in told] == [mask.name for mask in masks[:slots]]
            assert all(mask.corners == pytest.approx(np.array(triangle), abs=0.02) for mask in told)
            with pytest.raises(CameraError):
                await camera.push_masks(masks)
            assert await camera.read_masks() == told, "a push that is refused changes nothing"
            await camera.push_masks(masks[:1] if slots else [])
            assert len(await camera.read_masks()) == min(slots, 1), "a push replaces all others"

    on_site(check)


@pytest.mark.requirement("AUD-1")
def test_a_camera_without_a_microphone_says_absent_and_one_that_goes_on_offering_sound_says_so(on_site) -> None:
    async def check(site: Site) -> None:
        states = set()
        for camera in site.cameras:
            before = (await camera.capabilities()).audio_sources
            state = await camera.refuse_audio()
            states.add(state)
            if before == 0:
                assert state is AudioState.ABSENT
            if state is AudioState.ABSENT:
                assert (await camera.capabilities()).audio_sources == 0
        assert AudioState.STILL_OFFERED in states, "the site's deaf-ear camera is the one worth a contract"

    on_site(check)
