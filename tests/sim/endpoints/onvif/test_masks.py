"""Media2 masks: told in one order and one geometry, burnt by the very camera that streams."""

from __future__ import annotations

import asyncio

import pytest

from csu.hal.camera import OnboardMask
from sim.endpoints.onvif import OnvifQuirk

SQUARE = ((-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))
COLOUR = '<tr2:Color X="64" Y="132" Z="125" Colorspace="http://www.onvif.org/ver10/colorspace/YCbCr"/>'
OPTIONS = "<tr2:ConfigurationToken>vsc-1</tr2:ConfigurationToken>"


def mask(corners=SQUARE, *, colour: str = COLOUR, kind: str = "Color", enabled: str = "true", token: str = "") -> str:
    points = "".join(f'<tt:Point x="{x}" y="{y}"/>' for x, y in corners)
    named = f' token="{token}"' if token else ""
    return (
        f"<tr2:Mask{named}><tr2:ConfigurationToken>vsc-1</tr2:ConfigurationToken><tr2:Polygon>{points}</tr2:Polygon>"
        f"<tr2:Type>{kind}</tr2:Type>{colour}<tr2:Enabled>{enabled}</tr2:Enabled></tr2:Mask>"
    )


async def create(camera, **how) -> str:
    (token,) = await camera.texts("tr2:CreateMask", "tr2:Token", mask(**how))
    return token


async def told(camera) -> dict[str, list[tuple[float, float]]]:
    found = {}
    for node in await camera.ask("tr2:GetMasks"):
        points = node.iterfind("tr2:Polygon/tt:Point", {"tr2": node.nsmap["tr2"], "tt": node.nsmap["tt"]})
        found[node.get("token")] = [(float(point.get("x")), float(point.get("y"))) for point in points]
    return found


def test_y_points_up_and_the_camera_burns_it(on_cameras, look, hidden_share) -> None:
    async def check(dome, fixed) -> None:
        upper_left = ((-1.0, 1.0), (0.0, 1.0), (0.0, 0.5), (-1.0, 0.5))
        token = await create(dome, corners=upper_left)
        assert await told(dome) == {token: list(upper_left)}
        corners = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.25), (0.0, 0.25))
        burnt = OnboardMask(token, corners)
        assert dome.device.farm.read_masks("dome") == (burnt,)
        for output, picture in (await asyncio.to_thread(look, dome.device.farm, "dome")).items():
            assert hidden_share(picture, burnt) > 0.95, output

    on_cameras(check)


def test_options_tell_the_limits_and_the_limits_hold(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        (most,) = await fixed.texts("tr2:GetMaskOptions", ".//tr2:MaxMasks", OPTIONS)
        (corners,) = await fixed.texts("tr2:GetMaskOptions", ".//tr2:MaxPoints", OPTIONS)
        assert (most, corners) == ("2", "4")
        first, second = [await create(fixed) for _ in range(2)]
        codes = await fixed.refused("tr2:CreateMask", mask())
        assert codes == "env:Receiver ter:Action ter:MaxMasks"
        assert list(await told(fixed)) == [first, second]
        five = ((0, 0), (0.1, 0), (0.1, 0.1), (0, 0.1), (-0.1, 0.05))
        assert "ter:InvalidPolygon" in await dome.refused("tr2:CreateMask", mask(five))
        assert "ter:InvalidPolygon" in await dome.refused("tr2:CreateMask", mask(((0, 0), (1.5, 0), (0, 1))))
        assert "ter:ConfigModify" in await dome.refused("tr2:CreateMask", mask(kind="Blurred"))
        other = mask().replace("vsc-1", "vsc-9")
        assert "ter:NoConfig" in await dome.refused("tr2:CreateMask", other)
        assert await told(dome) == {}

    on_cameras(check)


def test_a_mask_is_changed_switched_off_and_deleted_by_its_token(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        token = await create(dome)
        moved = ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))
        await dome.ask("tr2:SetMask", mask(moved, token=token, enabled="false"))
        assert await told(dome) == {token: list(moved)}
        assert dome.device.farm.read_masks("dome") == ()  # told, but not burnt
        await dome.ask("tr2:SetMask", mask(moved, token=token))
        assert len(dome.device.farm.read_masks("dome")) == 1
        assert "ter:NoConfig" in await dome.refused("tr2:SetMask", mask(token="mask-77"))
        await dome.ask("tr2:DeleteMask", f"<tr2:Token>{token}</tr2:Token>")
        assert await told(dome) == {}
        assert "ter:NoConfig" in await dome.refused("tr2:DeleteMask", f"<tr2:Token>{token}</tr2:Token>")

    on_cameras(check)


@pytest.mark.parametrize(
    ("colour", "yuv"),
    [
        (COLOUR, (64, 132, 125)),
        (
            '<tr2:Color X="255" Y="255" Z="255" Colorspace="http://www.onvif.org/ver10/colorspace/RGB"/>',
            (235, 128, 128),
        ),
        ("", (16, 128, 128)),
    ],
)
def test_colours_are_ycbcr_or_rgb(on_cameras, colour, yuv) -> None:
    async def check(dome, fixed) -> None:
        await create(dome, colour=colour)
        assert dome.device.farm.read_masks("dome")[0].colour_yuv == yuv

    on_cameras(check)


def test_an_adapted_polygon_is_told_as_it_is_and_not_adapted_twice(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        first = await create(dome)
        adapted = (await told(dome))[first]
        assert adapted != list(SQUARE)
        await create(dome)
        assert (await told(dome))[first] == adapted
        await dome.device.switch(OnvifQuirk.MASK_ADAPTED_UNSAID)
        assert (await told(dome))[first] == list(SQUARE)

    on_cameras(check, OnvifQuirk.MASK_ADAPTED)


def test_masks_outlive_a_reboot_and_with_the_quirk_they_do_not(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        await create(dome)
        await dome.device.reboot()
        assert len(await told(dome)) == 1
        await dome.device.switch(OnvifQuirk.MASKS_GONE_AFTER_REBOOT)
        await dome.device.reboot()
        assert await told(dome) == {}
        assert len(dome.device.farm.read_masks("dome")) == 0
        await create(dome)
        assert len(await told(dome)) == 1

    on_cameras(check)


def test_masks_only_on_main_leave_the_sub_stream_clear(on_cameras, look, hidden_share) -> None:
    async def check(dome, fixed) -> None:
        token = await create(dome)
        (burnt,) = dome.device.farm.read_masks("dome")
        assert burnt.name == token
        seen = await asyncio.to_thread(look, dome.device.farm, "dome")
        assert hidden_share(seen["main"], burnt) > 0.95
        assert hidden_share(seen["sub"], burnt) < 0.5
        assert len(await told(dome)) == 1  # it says that all is well

    on_cameras(check, OnvifQuirk.MASKS_ONLY_ON_MAIN)


def test_a_camera_of_profile_s_has_no_masks_to_speak_of(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        assert "ter:ActionNotSupported" in await dome.refused("tr2:GetMasks")
        told_services = await dome.texts(
            "tds:GetServices", ".//tds:Namespace", "<tds:IncludeCapability>0</tds:IncludeCapability>"
        )
        assert not any("ver20/media" in namespace for namespace in told_services)

    on_cameras(check, OnvifQuirk.NO_MEDIA2)
