"""Every operation of every service answers what ONVIF's schemas ask for. (The client judges all it sends and gets.)"""

from __future__ import annotations

MAIN = "<tptz:ProfileToken>profile-main</tptz:ProfileToken>"


def test_the_device_service(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        for camera in (dome, fixed):
            for operation in (
                "GetSystemDateAndTime",
                "GetDeviceInformation",
                "GetServiceCapabilities",
                "GetCapabilities",
                "GetEndpointReference",
                "GetHostname",
                "GetScopes",
                "GetNetworkInterfaces",
                "GetUsers",
            ):
                await camera.ask(f"tds:{operation}")
            inside = "<tds:IncludeCapability>false</tds:IncludeCapability>"
            told = await camera.texts("tds:GetServices", ".//tds:Namespace", inside)
            assert any("ptz" in namespace for namespace in told) == camera.device.spec.ptz
        assert "ter:ActionNotSupported" in await fixed.refused("tptz:GetNodes")

    on_cameras(check)


def test_the_media_services(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        for camera in (dome, fixed):
            for operation in (
                "GetServiceCapabilities",
                "GetProfiles",
                "GetVideoSources",
                "GetAudioSources",
                "GetVideoSourceConfigurations",
                "GetVideoEncoderConfigurations",
                "GetAudioSourceConfigurations",
                "GetAudioEncoderConfigurations",
            ):
                await camera.ask(f"trt:{operation}")
            await camera.ask("trt:GetProfile", "<trt:ProfileToken>profile-main</trt:ProfileToken>")
            for operation in (
                "GetServiceCapabilities",
                "GetProfiles",
                "GetVideoSourceConfigurations",
                "GetVideoEncoderConfigurations",
                "GetVideoEncoderConfigurationOptions",
                "GetAudioSourceConfigurations",
                "GetAudioEncoderConfigurations",
            ):
                await camera.ask(f"tr2:{operation}")
            await camera.ask("tr2:GetProfiles", "<tr2:Type>All</tr2:Type>")
        assert "ter:NoProfile" in await dome.refused("trt:GetProfile", "<trt:ProfileToken>x</trt:ProfileToken>")

    on_cameras(check)


def test_the_other_services(on_cameras) -> None:
    async def check(dome, fixed) -> None:
        for operation in ("GetServiceCapabilities", "GetNodes", "GetConfigurations"):
            await dome.ask(f"tptz:{operation}")
        await dome.ask("tptz:GetNode", "<tptz:NodeToken>node-1</tptz:NodeToken>")
        await dome.ask("tptz:GetConfiguration", "<tptz:PTZConfigurationToken>ptz-1</tptz:PTZConfigurationToken>")
        await dome.ask("tptz:GetConfigurationOptions", "<tptz:ConfigurationToken>ptz-1</tptz:ConfigurationToken>")
        for operation in ("GetStatus", "GetPresets", "GetPresetTours"):
            await dome.ask(f"tptz:{operation}", MAIN)
        await dome.ask("timg:GetServiceCapabilities")
        for operation in ("GetImagingSettings", "GetOptions"):
            await dome.ask(f"timg:{operation}", "<timg:VideoSourceToken>video-source-1</timg:VideoSourceToken>")
        await dome.ask("tev:GetServiceCapabilities")
        await dome.ask("tev:GetEventProperties")

    on_cameras(check)


def test_the_judge_finds_a_wrong_order(schemas) -> None:
    """Who tests the tester: the elements of a mask in another order, a missing one, one that is not there."""
    mask = (
        '<tr2:Masks token="mask-1"><tr2:ConfigurationToken>vsc-1</tr2:ConfigurationToken><tr2:Polygon>{points}'
        "</tr2:Polygon><tr2:Type>Color</tr2:Type><tr2:Enabled>true</tr2:Enabled></tr2:Masks>"
    )
    point = '<tt:Point x="0" y="0"/>'
    right = mask.format(points=point * 3)
    assert schemas.trouble(_answer(right)) == ""
    for wrong in (
        right.replace("<tr2:Type>Color</tr2:Type><tr2:Enabled>true</tr2:Enabled>", "<tr2:Enabled>true</tr2:Enabled>"),
        right.replace("Color</tr2:Type>", "Color</tr2:Type><tr2:Colour/>"),
        mask.format(points=point * 2),
        right.replace('x="0"', 'x="left"'),
        right.replace("<tr2:Enabled>true</tr2:Enabled>", "").replace(
            "<tr2:Type>", "<tr2:Enabled>true</tr2:Enabled><tr2:Type>"
        ),
    ):
        assert schemas.trouble(_answer(wrong)) != "", wrong


def _answer(masks: str) -> bytes:
    names = 'xmlns:tr2="http://www.onvif.org/ver20/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"'
    body = f"<tr2:GetMasksResponse {names}>{masks}</tr2:GetMasksResponse>"
    return (
        f'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>{body}</e:Body></e:Envelope>'.encode()
    )
