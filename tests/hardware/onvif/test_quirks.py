"""The adapter against simulated cameras that do what cameras in the field were seen to do."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import av
import numpy as np
import pytest

from csu.hal.camera import AudioState, CameraError, OnboardMask, PtzVelocity
from csu.hal.clock import NS_PER_S
from csu.hal.device_events import EventKind
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.machine import SystemClock, SystemIds
from csu.masking import Cover
from csu.masking.edge import edge_masks, missing_in
from hardware.onvif import (
    AnswerRefused,
    ClockSkewed,
    DayNight,
    DeviceSilent,
    DeviceTooSlow,
    LinearAxis,
    LoginRefused,
    Mount,
    OtherHost,
    PanTiltSpace,
    Tls,
    ZoomSpace,
    head,
)
from hardware.onvif.accounts import OnvifAccounts
from hardware.onvif.discovery import probe
from hardware.onvif.spaces import GENERIC_PAN_TILT, GENERIC_ZOOM
from hardware.vault import Entry, Login, Rotator, Vault, default_login_taken, new_password
from sim.disk import MemoryDisk
from sim.endpoints.onvif import OnvifEvent, OnvifQuirk
from sim.street.mount import MountLimits

CAMERA = "cam-0001"
SECRET = b"0123456789abcdef0123456789abcdef"
SIM_LOGIN, NEW_LOGIN = Login("csu", "street-0000"), Login("csu-b", "Another-Word-8")
TRIANGLE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))


async def rests(camera, within_s: float = 8.0) -> bool:
    """Does it come to rest, by its own poses?"""
    for _ in range(round(within_s / 0.1)):
        reading = await camera.pose()
        if reading is not None and not reading.moving:
            return True
        await asyncio.sleep(0.1)
    return False


def truly_moving(device) -> bool:
    return device.head.reading().moving


@pytest.mark.parametrize(
    ("quirk", "error"),
    [
        (OnvifQuirk.XADDR_ELSEWHERE, OtherHost),
        (OnvifQuirk.XML_BOMB, AnswerRefused),
        (OnvifQuirk.GARBAGE, AnswerRefused),
        (OnvifQuirk.ENDLESS, DeviceTooSlow),
        (OnvifQuirk.SLOW, DeviceTooSlow),
        (OnvifQuirk.PASSWORD_TEXT_REQUIRED, LoginRefused),
    ],
)
def test_a_device_that_cannot_be_trusted_or_waited_for_is_refused(on_dome, quirk, error):
    async def check(device, camera) -> None:
        for ask in (camera.capabilities, camera.refuse_audio):
            with pytest.raises(error):
                await ask()

    on_dome(check, quirk, answer_s_max=0.5)


def test_a_stream_on_another_host_is_refused(on_dome):
    async def check(device, camera) -> None:
        main = (await camera.capabilities()).profiles[0].profile
        with pytest.raises(OtherHost):
            await camera.stream(main)
        with pytest.raises(OtherHost):
            await camera.snapshot()

    on_dome(check, OnvifQuirk.STREAM_ELSEWHERE)


def test_a_clock_that_is_wrong_without_tls_is_told(on_dome):
    async def check(device, camera) -> None:
        with pytest.raises(ClockSkewed):
            await camera.capabilities()

    on_dome(check, OnvifQuirk.CLOCK_SKEWED)


@pytest.mark.parametrize("quirk", [OnvifQuirk.CLOCK_SKEWED, OnvifQuirk.LOCAL_TIME_AS_UTC, OnvifQuirk.ONLY_HTTP_DIGEST])
def test_over_tls_a_wrong_clock_local_time_and_http_digest_are_lived_with(on_dome, certificate, quirk):
    context, pem = certificate("camera")

    async def check(device, camera) -> None:
        assert (await camera.capabilities()).ptz
        assert await camera.pose() is not None
        offset = {OnvifQuirk.CLOCK_SKEWED: 120_000, OnvifQuirk.LOCAL_TIME_AS_UTC: 3_600_000}.get(quirk, 0)
        reading = await camera.clock_reading()
        assert reading.offset_ms == pytest.approx(offset, abs=1_500)
        assert reading.looks_like_local_time == (quirk is OnvifQuirk.LOCAL_TIME_AS_UTC)

    on_dome(check, quirk, tls=context, trust=Tls(pinned_file=pem))


def test_a_device_without_tls_is_not_asked_in_clear_when_it_was_enrolled_with_it(on_dome, certificate):
    context, pem = certificate("camera")

    async def check(device, camera) -> None:
        with pytest.raises(DeviceSilent):
            await camera.capabilities()

    on_dome(check, OnvifQuirk.PLAIN_HTTP_ONLY, tls=context, trust=Tls(pinned_file=pem), address="https://127.0.0.1:9/x")


def test_a_runaway_is_stopped_by_our_own_dead_man(on_dome):
    """Nobody says stop, and the device ignores the Timeout of its move."""

    async def check(device, camera) -> None:
        await camera.move(PtzVelocity(0.4, 0.0, 0.0))
        await asyncio.sleep(0.2)
        assert truly_moving(device)
        assert (await camera.pose()).moving
        await asyncio.sleep(1.5)
        assert not truly_moving(device)
        assert await rests(camera)
        assert not camera.is_runaway

    on_dome(check, OnvifQuirk.IGNORES_TIMEOUT, move_s_max=0.6)


@pytest.mark.parametrize("quirk", [OnvifQuirk.REFUSES_TIMEOUT, OnvifQuirk.IGNORES_SINGLE_AXIS])
def test_a_move_of_one_axis_reaches_a_device_that_is_choosy_about_moves(on_dome, quirk):
    async def check(device, camera) -> None:
        before = device.head.reading().pose.pan_deg
        await camera.move(PtzVelocity(0.5, 0.0, 0.0))
        await asyncio.sleep(0.3)
        await camera.stop()
        assert await rests(camera)
        assert abs(device.head.reading().pose.pan_deg - before) > 1.0

    on_dome(check, quirk)


def test_a_camera_that_cannot_say_where_it_looks_has_no_pose_and_its_stop_is_never_believed(on_dome, monkeypatch):
    monkeypatch.setattr("hardware.onvif.dead_man.RUNAWAY_AFTER_NS", NS_PER_S // 2)

    async def check(device, camera) -> None:
        async with camera.listening() as events:
            with pytest.raises(CameraError):
                await camera.pose()
            await camera.move(PtzVelocity(0.4, 0.0, 0.0))
            await camera.stop()
            async for event in events:
                if event.kind is EventKind.RUNAWAY:
                    break
        assert camera.is_runaway
        assert not truly_moving(device)

    on_dome(check, OnvifQuirk.STATUS_MISSING)


def test_a_camera_whose_status_is_slow_while_it_turns_has_no_pose(on_dome):
    async def check(device, camera) -> None:
        await camera.pose()
        await device.switch(OnvifQuirk.STATUS_SLOW)
        await camera.move(PtzVelocity(0.4, 0.0, 0.0))
        assert await camera.pose() is None
        await camera.stop()

    on_dome(check)


@pytest.mark.parametrize("quirk", [OnvifQuirk.SPACES_ODD, OnvifQuirk.GENERIC_SPACES_ONLY])
def test_numbers_that_nobody_calibrated_are_no_pose_and_no_goal(on_dome, quirk):
    async def check(device, camera) -> None:
        assert await camera.pose() is None
        with pytest.raises(CameraError):
            await camera.go_to(device.head.reading().pose)

    on_dome(check, quirk)


@pytest.mark.parametrize(
    ("quirk", "pan", "tilt", "zoom"),
    [
        (OnvifQuirk.SPACES_ODD, ((-18_000, -140.0), (18_000, 220.0)), ((-8_000, -80.0), (1_000, 10.0)), (1, 100)),
        (OnvifQuirk.GENERIC_SPACES_ONLY, ((-1, -140.0), (1, 220.0)), ((-1, -80.0), (1, 10.0)), (0, 1)),
    ],
)
def test_two_calibrated_points_an_axis_make_poses_and_goals_of_any_space(on_dome, quirk, pan, tilt, zoom):
    limits = MountLimits()
    table = (zoom[0], limits.focal_px_min), (zoom[1], limits.focal_px_max)
    space = PanTiltSpace(GENERIC_PAN_TILT, LinearAxis.through(*pan), LinearAxis.through(*tilt))
    mount = Mount(0.0, 0.0, 5.0, pan_tilt=(space,), zoom=(ZoomSpace(GENERIC_ZOOM, table),))

    async def check(device, camera) -> None:
        told, true = (await camera.pose()).pose, device.head.reading().pose
        assert told.pan_deg == pytest.approx(true.pan_deg, abs=0.05)
        assert told.tilt_deg == pytest.approx(true.tilt_deg, abs=0.05)
        assert told.focal_px == pytest.approx(true.focal_px, rel=0.01)
        goal = Pose(true.x_m, true.y_m, true.z_m, 50.0, -20.0, true.roll_deg, true.focal_px, true.k1)
        await camera.go_to(goal)
        assert await rests(camera)
        reached = device.head.reading().pose
        assert (reached.pan_deg, reached.tilt_deg) == pytest.approx((50.0, -20.0), abs=0.1)

    on_dome(check, quirk, mount=mount)


@pytest.mark.parametrize("quirk", [OnvifQuirk.MASK_ADAPTED, OnvifQuirk.MASKS_GONE_AFTER_REBOOT])
def test_masks_are_read_back_as_the_device_tells_them(on_dome, quirk):
    """What was adapted or lost is told, so that the engine's comparison refuses it."""

    async def check(device, camera) -> None:
        await camera.push_masks([OnboardMask("door", TRIANGLE)])
        (told,) = await camera.read_masks()
        assert told.name == "door"
        if quirk is OnvifQuirk.MASK_ADAPTED:
            assert len(told.corners) == 4
            assert told.corners != TRIANGLE
            return
        await device.reboot()
        assert await camera.read_masks() == ()

    on_dome(check, quirk)


def test_a_push_replaces_masks_that_somebody_else_made(on_dome):
    async def check(device, camera) -> None:
        await camera.push_masks([OnboardMask(f"m{index}", TRIANGLE) for index in range(5)])
        camera._masks._names = {}  # as after a restart of the centre
        assert len(await camera.read_masks()) == 5
        await camera.push_masks([OnboardMask("new", TRIANGLE), OnboardMask("second", TRIANGLE, (70, 90, 110))])
        told = await camera.read_masks()
        assert [(mask.name, mask.colour_yuv) for mask in told] == [("new", (64, 132, 125)), ("second", (70, 90, 110))]

    on_dome(check)


@pytest.mark.parametrize("service", ["media2", "media"])
def test_microphones_are_taken_out_of_every_profile_and_looked_for_again(on_dome, service):
    async def check(device, camera) -> None:
        assert (await camera.capabilities()).audio_sources == 1
        assert await camera.refuse_audio() is AudioState.ABSENT
        assert not any(profile.parts & {"AudioSource", "AudioEncoder"} for profile in device.profiles.values())
        assert (await camera.capabilities()).audio_sources == 0

    on_dome(check, *([OnvifQuirk.NO_MEDIA2] if service == "media" else []))


@pytest.mark.parametrize("quirk", [OnvifQuirk.AUDIO_BACK_AFTER_REMOVAL, OnvifQuirk.AUDIO_BACK_AFTER_REBOOT])
def test_a_microphone_that_comes_back_is_told(on_dome, quirk):
    async def check(device, camera) -> None:
        if quirk is OnvifQuirk.AUDIO_BACK_AFTER_REMOVAL:
            states = [await camera.refuse_audio() for _ in range(3)]  # at once, or a moment later
            assert AudioState.STILL_OFFERED in states or (await camera.capabilities()).audio_sources
            return
        assert await camera.refuse_audio() is AudioState.ABSENT
        await device.reboot()
        assert (await camera.capabilities()).audio_sources == 1

    on_dome(check, quirk)


def test_a_resolution_that_changes_with_a_restart_is_seen(on_dome):
    async def check(device, camera) -> None:
        before = (await camera.capabilities()).profiles[0]
        await device.reboot()
        after = (await camera.capabilities()).profiles[0]
        assert (before.width_px, after.width_px) == (640, 320)

    on_dome(check, OnvifQuirk.RESOLUTION_CHANGES_AFTER_REBOOT)


def test_profile_s_alone_is_enough_but_for_masks_of_its_own(on_dome):
    async def check(device, camera) -> None:
        able = await camera.capabilities()
        assert (able.ptz, able.onboard_masks) == (True, 0)
        assert (await camera.stream(able.profiles[1].profile)).url.startswith("rtsp://127.0.0.1:")
        assert (await camera.snapshot()).url.startswith("http://127.0.0.1:")
        assert await camera.day_night() is DayNight.AUTO
        with pytest.raises(CameraError):
            await camera.push_masks([OnboardMask("door", TRIANGLE)])
        assert await camera.read_masks() == ()

    on_dome(check, OnvifQuirk.NO_MEDIA2)


@pytest.mark.parametrize("quirks", [(), (OnvifQuirk.PULL_POINT_DIES,)], ids=["honest", "dies"])
def test_tampering_restarts_and_changes_are_heard_and_motion_and_sound_are_not(on_dome, quirks, monkeypatch):
    monkeypatch.setattr("hardware.onvif.events.DELAY_S_MAX", 0.3)

    async def check(device, camera) -> None:
        async with camera.listening() as events:
            while not device.events._points:
                await asyncio.sleep(0.02)
            for event in (OnvifEvent.MOTION, OnvifEvent.SOUND, OnvifEvent.TAMPER, OnvifEvent.AUDIO_CHANGED):
                device.tell(event)
            wanted = {EventKind.TAMPER} if quirks else {EventKind.TAMPER, EventKind.AUDIO_CHANGED}
            heard = set()
            while not wanted <= heard:  # what a dying pull point took with it is lost, and that is told
                heard.add((await asyncio.wait_for(anext(events), 10)).kind)
            assert heard <= {*wanted, EventKind.AUDIO_CHANGED, EventKind.MISSED}
            assert (EventKind.MISSED in heard) <= bool(quirks)
            await asyncio.sleep(1.1)  # the instant of a restart is told in seconds
            await device.reboot()
            seen = set()
            while EventKind.REBOOTED not in seen:
                seen.add((await asyncio.wait_for(anext(events), 15)).kind)
            unwanted = {EventKind.SIGNAL_LOST, EventKind.RUNAWAY, EventKind.MASKS_CHANGED}
            assert not seen & unwanted

    on_dome(check, *quirks)


def test_a_vendor_s_default_password_is_found_and_named_without_it(on_dome):
    async def check(device, camera) -> None:
        accounts = OnvifAccounts(camera._settings, SystemClock(), new_password)
        assert await default_login_taken(CAMERA, {CAMERA}, "Dahua Technology", accounts) == "admin"
        await device.switch()
        assert await default_login_taken(CAMERA, {CAMERA}, "Dahua Technology", accounts) is None

    on_dome(check, OnvifQuirk.DEFAULT_PASSWORD)


def test_an_account_is_changed_for_another_and_the_old_one_opens_nothing(on_dome):
    async def check(device, camera) -> None:
        vault = Vault(MemoryDisk(), SECRET)
        vault.keep(CAMERA, Entry(Login("csu", "street-0000")))
        accounts = OnvifAccounts(camera._settings, SystemClock(), new_password)
        await Rotator(vault, new_password).rotate(CAMERA, accounts)
        entry = vault.entry(CAMERA)
        assert (entry.account.user, entry.coming, entry.going) == ("csu-a", None, None)
        assert [account.name for account in device.users.all()] == ["csu-a"]
        assert await accounts.takes(entry.account)
        assert not await accounts.takes(Login("csu", "street-0000"))
        await Rotator(vault, new_password).rotate(CAMERA, accounts)
        assert vault.entry(CAMERA).account.user == "csu-b"

    on_dome(check)


def test_a_camera_whose_address_changed_is_found_again_under_its_name(on_dome):
    async def check(device, camera) -> None:
        await camera.capabilities()
        (before,) = (await probe("127.0.0.1", SystemIds(), port=on_dome.probed(), listen_s=0.9)).devices
        await device.reboot()
        with pytest.raises(DeviceSilent):
            await camera.capabilities()
        (after,) = (await probe("127.0.0.1", SystemIds(), port=on_dome.probed(), listen_s=0.9)).devices
        assert after.endpoint == before.endpoint
        assert after.address == device.url != before.address

    on_dome(check, OnvifQuirk.ADDRESS_CHANGES_AFTER_REBOOT)


def test_a_camera_that_others_turn_says_that_it_moves_though_its_word_is_idle(on_dome, monkeypatch):
    """By a console at its foot, or a tour of its own."""
    told = head.ptz_status
    monkeypatch.setattr(head, "ptz_status", lambda answer: replace(told(answer), says_moving=False))

    async def check(device, camera) -> None:
        assert not (await camera.pose()).moving
        await device.head.go_to(replace(device.head.reading().pose, pan_deg=90.0))
        await asyncio.sleep(0.1)
        await camera.pose()
        await asyncio.sleep(0.1)
        assert (await camera.pose()).moving

    on_dome(check)


def test_a_stop_is_sent_also_right_after_a_refused_login(on_dome):
    async def check(device, camera) -> None:
        await camera.move(PtzVelocity(0.4, 0.0, 0.0))
        await device.switch(OnvifQuirk.PASSWORD_TEXT_REQUIRED)
        with pytest.raises(LoginRefused):
            await camera.pose()
        await device.switch()
        with pytest.raises(LoginRefused):  # nothing else is asked for a while
            await camera.pose()
        assert truly_moving(device)
        await camera.stop()
        await asyncio.sleep(0.2)
        assert not truly_moving(device)

    on_dome(check)


def test_a_move_that_failed_on_the_way_is_stopped(on_dome, monkeypatch):
    """Nobody knows whether it was taken."""

    async def check(device, camera) -> None:
        await camera.pose()
        drive = camera._head._drive

        async def taken_and_lost(spaces) -> None:
            await drive(spaces)
            raise DeviceSilent(Words("perdue", "lost"), where=CAMERA, what_to_do=Words("", ""))

        monkeypatch.setattr(camera._head, "_drive", taken_and_lost)
        with pytest.raises(DeviceSilent):
            await camera.move(PtzVelocity(0.4, 0.0, 0.0))
        await asyncio.sleep(0.2)
        assert not truly_moving(device)
        assert (await camera.pose()).moving, "it may be taken late, too"

    on_dome(check)


@pytest.mark.parametrize("quirk", [None, OnvifQuirk.MASK_ADAPTED])
def test_the_engine_takes_masks_that_came_back_whole_and_refuses_adapted_ones(on_dome, quirk):
    cells = np.zeros((30, 40), np.bool_)
    cells[5:20, 5:20] = np.tri(15, dtype=np.bool_)  # a slanted facade
    cover = Cover(640, 480, cells)

    async def check(device, camera) -> None:
        able = await camera.capabilities()
        masks = edge_masks(cover, able.onboard_masks, able.onboard_mask_corners_max, (64, 132, 125))
        assert masks
        await camera.push_masks(masks)
        missing = missing_in(cover, masks, await camera.read_masks())
        assert (missing is None) == (quirk is None)

    on_dome(check, *([quirk] if quirk else []))


def test_the_stream_it_names_opens_with_its_login_and_is_deaf_after_the_refusal(on_dome):
    def kinds(address) -> set[str]:
        url = address.url.replace("://", f"://{address.user}:{address.password}@")
        with av.open(url, options={"rtsp_transport": "tcp", "timeout": "10000000"}) as stream:
            next(stream.decode(video=0))
            return {each.type for each in stream.streams}

    async def check(device, camera) -> None:
        main = await camera.stream((await camera.capabilities()).profiles[0].profile)
        assert await asyncio.to_thread(kinds, main) >= {"audio", "video"}
        assert await camera.refuse_audio() is AudioState.ABSENT
        heard = await asyncio.to_thread(kinds, main)
        assert "video" in heard
        assert "audio" not in heard

    on_dome(check)


def test_no_stop_waits_for_a_slow_status(on_dome):
    async def check(device, camera) -> None:
        await camera.pose()
        await camera.move(PtzVelocity(0.2, 0.0, 0.0))
        await device.switch(OnvifQuirk.STATUS_SLOW)
        sent: list[float] = []
        order = device.head.order

        async def deaf(plan, **how) -> None:
            sent.append(asyncio.get_running_loop().time())

        device.head.order = deaf
        await camera.stop()
        await asyncio.sleep(1.4)  # one status takes 1.5 s
        device.head.order = order
        assert len(sent) >= 3
        await device.switch()
        assert await rests(camera)
        assert not truly_moving(device)

    on_dome(check)


def test_a_camera_in_use_goes_on_with_its_new_account(on_dome):
    async def check(device, camera) -> None:
        await camera.capabilities()
        await OnvifAccounts(camera._settings, SystemClock(), new_password).put(SIM_LOGIN, NEW_LOGIN)
        device.users.delete([SIM_LOGIN.user])
        with pytest.raises(LoginRefused):
            await camera.pose()
        await camera.log_in_as(NEW_LOGIN)
        assert await camera.pose() is not None
        assert (await camera.snapshot()).user == NEW_LOGIN.user

    on_dome(check)
