"""The Media service (Profile S): profiles, addresses, configurations, and audio that can be taken out."""

from __future__ import annotations

from markupsafe import Markup

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.media_configurations import shared, told, told_all
from sim.endpoints.onvif.service import Call, Handler, Service
from sim.endpoints.onvif.soap import MEDIA, sender_fault, text_of
from sim.endpoints.onvif.spec import UserLevel

SERVICE = Service(MEDIA, "media_service", "media", (24, 6))
_OPEN, _USER, _ADMINISTRATOR = UserLevel.ANONYMOUS, UserLevel.USER, UserLevel.ADMINISTRATOR

CONFIGURATIONS = {"AudioSource": "asc-1", "AudioEncoder": "aec-1", "PTZ": "ptz-1", "Metadata": "metadata-1"}
"""What may be taken out of a profile and put back, and its token. Lens and encoder stay: these profiles are fixed."""

SHARED = (
    "VideoSourceConfigurations",
    "AudioSourceConfigurations",
    "AudioEncoderConfigurations",
    "MetadataConfigurations",
)
"""What both services tell of the device, the same for every profile."""


@SERVICE.operation(_USER)
async def get_profile(device: OnvifDevice, call: Call) -> Markup:
    profile = device.profile(text_of(call.node, "ProfileToken"))
    return SERVICE.answer("GetProfile", profile=told(device, profile), device=shared(device))


@SERVICE.operation(_USER)
async def get_stream_uri(device: OnvifDevice, call: Call) -> Markup:
    profile = device.profile(text_of(call.node, "ProfileToken"))
    protocol = text_of(call.node, "StreamSetup/Transport/Protocol")
    if text_of(call.node, "StreamSetup/Stream") != "RTP-Unicast" or protocol not in ("RTSP", "UDP", "TCP", "HTTP"):
        raise sender_fault("ter:InvalidArgVal", "ter:InvalidStreamSetup", reason="no such stream here")
    return SERVICE.answer("GetStreamUri", uri=device.stream_address(profile))


@SERVICE.operation(_USER)
async def get_snapshot_uri(device: OnvifDevice, call: Call) -> Markup:
    device.profile(text_of(call.node, "ProfileToken"))
    return SERVICE.answer("GetSnapshotUri", uri=device.snapshot_address())


SERVICE.tells("GetServiceCapabilities", _OPEN, lambda _: {})
SERVICE.tells("GetProfiles", _USER, lambda device: {"profiles": told_all(device), "device": shared(device)})
SERVICE.tells("GetVideoEncoderConfigurations", _USER, lambda device: {"profiles": told_all(device)})
for _told in ("VideoSources", "AudioSources", *SHARED):
    SERVICE.tells(f"Get{_told}", _USER, lambda device: {"device": shared(device)})


def _removes(kind: str, name: str) -> Handler:
    async def remove(device: OnvifDevice, call: Call) -> Markup:
        profile = device.profile(text_of(call.node, "ProfileToken"))
        await device.set_parts(profile, profile.parts - {kind})
        return SERVICE.done(name)

    return remove


def _adds(kind: str, name: str) -> Handler:
    async def add(device: OnvifDevice, call: Call) -> Markup:
        profile = device.profile(text_of(call.node, "ProfileToken"))
        require_configuration(device, kind, text_of(call.node, "ConfigurationToken"))
        await device.set_parts(profile, profile.parts | {kind})
        return SERVICE.done(name)

    return add


def require_configuration(device: OnvifDevice, kind: str, token: str) -> None:
    """Raises Fault when the device has no such configuration to put into a profile."""
    has = dict.fromkeys(("AudioSource", "AudioEncoder"), device.spec.endpoint.audio)
    has |= dict.fromkeys(("PTZ", "Metadata"), device.spec.ptz)
    if not has.get(kind, False) or token != CONFIGURATIONS[kind]:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such configuration")


for _kind in CONFIGURATIONS:
    SERVICE.register(f"Remove{_kind}Configuration", _ADMINISTRATOR, _removes(_kind, f"Remove{_kind}Configuration"))
    SERVICE.register(f"Add{_kind}Configuration", _ADMINISTRATOR, _adds(_kind, f"Add{_kind}Configuration"))
