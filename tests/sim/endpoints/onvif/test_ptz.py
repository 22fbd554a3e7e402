"""The PTZ service turns the farm's mount, in the spaces it advertises."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from csu.hal.clock import NS_PER_S
from csu.hal.place import Pose
from sim.endpoints.onvif import OnvifQuirk
from sim.endpoints.onvif.moves import Axes, absolute, continuous, halt, relative
from sim.street import MountLimits, at_rest

MAIN = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"
POSITIONS = "http://www.onvif.org/ver10/tptz/PanTiltSpaces"
GENERIC = f'space="{POSITIONS}/PositionGenericSpace"'

HOME = Pose(0.0, 0.0, 5.0, 350.0, -10.0, 0.0, 500.0)
LIMITS = MountLimits()


def move(x: float, y: float, zoom: float | None = None, timeout: str = "") -> str:
    zoomed = "" if zoom is None else f'<tt:Zoom x="{zoom}"/>'
    wait = f"<tptz:Timeout>{timeout}</tptz:Timeout>" if timeout else ""
    return f'{MAIN}<tptz:Velocity><tt:PanTilt x="{x}" y="{y}"/>{zoomed}</tptz:Velocity>{wait}'


async def status(camera) -> tuple[float, float, float, str]:
    """Pan, tilt, zoom as told, and MOVING or IDLE."""
    answer = await camera.ask("tptz:GetStatus", MAIN)
    names = {"tt": "http://www.onvif.org/ver10/schema"}
    turn, zoom = answer.find(".//tt:Position/tt:PanTilt", names), answer.find(".//tt:Position/tt:Zoom", names)
    state = answer.findtext(".//tt:MoveStatus/tt:PanTilt", namespaces=names)
    return float(turn.get("x")), float(turn.get("y")), float(zoom.get("x")), state


async def rest(camera, wanted: Callable[[], Awaitable[bool]] | None = None) -> tuple[float, float, float]:
    for _ in range(200):
        *where, state = await status(camera)
        if state == "IDLE":
            return tuple(where)
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to rest")


def at(motion, seconds: float) -> Pose:
    return motion.pose_at(round(seconds * NS_PER_S))


def test_a_move_stops_by_itself_and_an_axis_that_is_not_named_goes_on() -> None:
    still = at_rest(HOME, 0)
    turning = continuous(still, 0, Axes(0.5, -0.25), LIMITS, 2.0)
    assert at(turning, 1).pan_deg == pytest.approx(20.0)
    assert at(turning, 9).pan_deg == pytest.approx(50.0)
    assert at(turning, 9).tilt_deg == pytest.approx(-30.0)
    zooming = continuous(turning, NS_PER_S, Axes(zoom=1.0), LIMITS, None)
    assert at(zooming, 9).pan_deg == pytest.approx(50.0)
    assert at(zooming, 2).focal_px == pytest.approx(1000.0)
    assert at(zooming, 99).focal_px == pytest.approx(6000.0)
    halted = halt(zooming, 2 * NS_PER_S, pan_tilt=True, zoom=False)
    assert at(halted, 9).pan_deg == pytest.approx(50.0)
    assert at(halted, 2.5).focal_px == pytest.approx(1000.0 * 2**0.5)
    assert not halt(zooming, 2 * NS_PER_S, pan_tilt=True, zoom=True).moving_at(2 * NS_PER_S)


def test_a_runaway_pan_has_no_end_and_a_speed_of_nothing_is_a_halt() -> None:
    away = continuous(at_rest(HOME, 0), 0, Axes(1.0, 1.0), LIMITS, None)
    assert away.moving_at(3600 * NS_PER_S)
    assert at(away, 60).tilt_deg == LIMITS.tilt_deg_max
    assert not continuous(away, NS_PER_S, Axes(0.0, 0.0), LIMITS, None).moving_at(NS_PER_S)


def test_pan_goes_the_shorter_way_round_and_a_way_ends_at_the_limits() -> None:
    still = at_rest(HOME, 0)
    there = absolute(still, 0, Axes(pan=10.0), LIMITS, Axes(0.5, 1.0, 1.0))
    assert at(there, 0.5).pan_deg == pytest.approx(5.0)
    assert at(there, 9).pan_deg == pytest.approx(10.0)
    assert at(there, 9).tilt_deg == -10.0
    down = relative(still, 0, Axes(-30.0, -500.0, 99.0), LIMITS, Axes(1.0, 1.0, 1.0))
    assert at(down, 99) == Pose(0.0, 0.0, 5.0, 320.0, -80.0, 0.0, pytest.approx(6000.0))


def test_it_turns_the_very_camera_that_streams(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        before = await status(dome)
        assert before[3] == "IDLE"
        await dome.ask("tptz:ContinuousMove", move(0.2, 0.0, 0.0, "PT1S"))
        assert (await status(dome))[3] == "MOVING"  # from the order on
        after = await rest(dome)
        assert after[0] - before[0] == pytest.approx(60.0 * 0.2, abs=0.01)
        assert dome.device.head.reading().pose.pan_deg == pytest.approx(after[0], abs=0.001)
        # The farm draws by the motion that the face was told of.
        assert not dome.device.head.motion.moving_at(dome.device.clock.now_ns())

    on_cameras(check)


def test_stop_stops_what_it_names(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        await dome.ask("tptz:ContinuousMove", move(1.0, 0.0, 0.2))
        await asyncio.sleep(0.05)
        await dome.ask("tptz:Stop", f"{MAIN}<tptz:PanTilt>true</tptz:PanTilt><tptz:Zoom>false</tptz:Zoom>")
        first = await status(dome)
        await asyncio.sleep(0.1)
        second = await status(dome)
        assert first[0] == pytest.approx(second[0], abs=2.0)  # it needs its 20 ms
        assert second[2] > first[2]
        await dome.ask("tptz:Stop", MAIN)
        assert await rest(dome) == await rest(dome)

    on_cameras(check)


def test_positions_in_degrees_and_in_the_generic_space_are_the_same_place(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        inside = f'{MAIN}<tptz:Position><tt:PanTilt x="9" y="-35"/></tptz:Position>'
        await dome.ask("tptz:AbsoluteMove", inside)
        assert (await rest(dome))[:2] == (9.0, -35.0)
        await dome.ask("tptz:AbsoluteMove", inside.replace('x="9" y="-35"', f'x="0" y="0.5" {GENERIC}'))
        pan, tilt, _ = await rest(dome)
        assert (pan, tilt) == pytest.approx((0.0, -12.5), abs=0.01)  # a quarter below the top of -80..10
        way = f'{MAIN}<tptz:Translation><tt:PanTilt x="0.05" y="0"/></tptz:Translation>'
        await dome.ask("tptz:RelativeMove", way)
        assert (await rest(dome))[0] == pytest.approx(9.0, abs=0.01)
        far = f'{MAIN}<tptz:Position><tt:PanTilt x="0" y="60"/></tptz:Position>'
        assert "ter:InvalidPosition" in await dome.refused("tptz:AbsoluteMove", far)
        alien = inside.replace('y="-35"', 'y="-35" space="http://example.org/Space"')
        assert "ter:SpaceNotSupported" in await dome.refused("tptz:AbsoluteMove", alien)
        nothing = f"{MAIN}<tptz:Position/>"
        assert "ter:InvalidPosition" in await dome.refused("tptz:AbsoluteMove", nothing)

    on_cameras(check)


def test_presets_and_home_are_places(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        (token,) = await dome.texts(
            "tptz:SetPreset", "tptz:PresetToken", f"{MAIN}<tptz:PresetName>Door</tptz:PresetName>"
        )
        await dome.ask("tptz:RelativeMove", f'{MAIN}<tptz:Translation><tt:PanTilt x="0.1" y="0"/></tptz:Translation>')
        assert (await rest(dome))[0] == pytest.approx(18.0, abs=0.01)
        await dome.ask("tptz:SetHomePosition", MAIN)
        await dome.ask("tptz:GotoPreset", f"{MAIN}<tptz:PresetToken>{token}</tptz:PresetToken>")
        assert (await rest(dome))[0] == pytest.approx(0.0, abs=0.01)
        await dome.ask("tptz:GotoHomePosition", MAIN)
        assert (await rest(dome))[0] == pytest.approx(18.0, abs=0.01)
        assert await dome.texts("tptz:GetPresets", ".//tt:Name", MAIN) == ["Door"]
        await dome.ask("tptz:RemovePreset", f"{MAIN}<tptz:PresetToken>{token}</tptz:PresetToken>")
        assert "ter:NoToken" in await dome.refused(
            "tptz:GotoPreset", f"{MAIN}<tptz:PresetToken>{token}</tptz:PresetToken>"
        )

    on_cameras(check)


def test_a_tour_goes_round_until_somebody_else_gives_an_order(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        (preset,) = await dome.texts("tptz:SetPreset", "tptz:PresetToken", MAIN)
        await dome.ask("tptz:RelativeMove", f'{MAIN}<tptz:Translation><tt:PanTilt x="0.02" y="0"/></tptz:Translation>')
        await rest(dome)
        await dome.ask("tptz:SetHomePosition", MAIN)
        (tour,) = await dome.texts("tptz:CreatePresetTour", "tptz:PresetTourToken", MAIN)
        operate = f"{MAIN}<tptz:PresetTourToken>{tour}</tptz:PresetTourToken><tptz:Operation>Start</tptz:Operation>"
        assert "ter:ActivationFailed" in await dome.refused("tptz:OperatePresetTour", operate)
        spots = "".join(
            f"<tt:TourSpot><tt:PresetDetail>{place}</tt:PresetDetail><tt:StayTime>PT0.05S</tt:StayTime></tt:TourSpot>"
            for place in (f"<tt:PresetToken>{preset}</tt:PresetToken>", "<tt:Home>true</tt:Home>")
        )
        told = (
            f'{MAIN}<tptz:PresetTour token="{tour}"><tt:Name>Round</tt:Name><tt:Status><tt:State>Idle</tt:State>'
            f"</tt:Status><tt:AutoStart>false</tt:AutoStart><tt:StartingCondition/>{spots}</tptz:PresetTour>"
        )
        await dome.ask("tptz:ModifyPresetTour", told)
        await dome.ask("tptz:OperatePresetTour", operate)
        seen = set()
        for _ in range(100):
            seen.add(round((await status(dome))[0]))
            if {0, 4} <= seen:
                break
            await asyncio.sleep(0.02)
        assert {0, 4} <= seen
        assert await dome.texts("tptz:GetPresetTours", ".//tt:State", MAIN) == ["Touring"]
        await dome.ask("tptz:Stop", MAIN)
        assert await dome.texts("tptz:GetPresetTours", ".//tt:State", MAIN) == ["Idle"]
        await dome.ask("tptz:RemovePresetTour", f"{MAIN}<tptz:PresetTourToken>{tour}</tptz:PresetTourToken>")

    on_cameras(check)


def test_a_fixed_camera_has_no_ptz_and_odd_numbers_are_refused(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        assert "ter:ActionNotSupported" in await fixed.refused("tptz:ContinuousMove", move(1.0, 0.0))
        dome.asker.lax = True
        for velocity in ("2", "NaN", "INF", "1e300", ""):
            assert "ter:InvalidArgVal" in await dome.refused("tptz:ContinuousMove", move(velocity, 0.0))
        for timeout in ("PT0S", "PT1000S", "P1Y", "soon"):
            assert "ter:InvalidArgVal" in await dome.refused("tptz:ContinuousMove", move(0.1, 0.0, timeout=timeout))
        assert (await status(dome))[3] == "IDLE"

    on_cameras(check)


def test_a_runaway_goes_on_until_a_stop(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        await dome.ask("tptz:ContinuousMove", move(0.2, 0.0, timeout="PT0.1S"))
        await asyncio.sleep(0.25)
        assert (await status(dome))[3] == "MOVING"
        await dome.ask("tptz:Stop", MAIN)
        await rest(dome)

    on_cameras(check, OnvifQuirk.IGNORES_TIMEOUT)


def test_what_vendors_make_of_moves_and_status(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        codes = await dome.refused("tptz:ContinuousMove", move(0.2, 0.0, timeout="PT1S"))
        assert "ter:TimeoutNotSupported" in codes
        await dome.ask("tptz:ContinuousMove", move(0.2, 0.0, 0.0))
        await dome.device.switch(OnvifQuirk.IGNORES_SINGLE_AXIS)
        await dome.ask("tptz:Stop", MAIN)
        await rest(dome)
        await dome.ask("tptz:ContinuousMove", move(0.2, 0.0))
        assert (await status(dome))[3] == "IDLE"
        await dome.ask("tptz:ContinuousMove", move(0.2, 0.0, 0.0, "PT9S"))
        assert (await status(dome))[3] == "MOVING"
        await dome.device.switch(OnvifQuirk.STATUS_MISSING)
        assert "ter:NoStatus" in await dome.refused("tptz:GetStatus", MAIN)

    on_cameras(check, OnvifQuirk.REFUSES_TIMEOUT)


def test_odd_spaces_are_advertised_and_kept(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        uris = await dome.texts("tptz:GetNodes", ".//tt:AbsolutePanTiltPositionSpace/tt:URI")
        assert uris == [f"{POSITIONS}/PositionGenericSpace"]
        ends = await dome.texts("tptz:GetNodes", ".//tt:ContinuousPanTiltVelocitySpace/tt:XRange/tt:Max")
        assert [float(end) for end in ends] == [100.0]
        await dome.ask("tptz:AbsoluteMove", f'{MAIN}<tptz:Position><tt:PanTilt x="900" y="-1000"/></tptz:Position>')
        assert (await rest(dome))[:2] == (900.0, -1000.0)
        assert dome.device.head.reading().pose.pan_deg == pytest.approx(9.0)
        assert "ter:InvalidVelocity" in await dome.refused("tptz:ContinuousMove", move(101.0, 0.0))

    on_cameras(check, OnvifQuirk.SPACES_ODD)
