"""The Media2 service (Profile T): profiles by kind, addresses, configurations, and masks."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from markupsafe import Markup

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.events import VIDEO_SOURCE_CONFIGURATION
from sim.endpoints.onvif.masks import COLOUR_TYPE, HeldMask, read_mask
from sim.endpoints.onvif.media import CONFIGURATIONS, SHARED, require_configuration
from sim.endpoints.onvif.media_configurations import ToldProfile, shared, told_all
from sim.endpoints.onvif.service import Call, Service
from sim.endpoints.onvif.soap import MEDIA2, found, found_all, receiver_fault, sender_fault, text_of, texts_of
from sim.endpoints.onvif.spec import UserLevel

SERVICE = Service(MEDIA2, "media2_service", "media2", (25, 12))
_OPEN, _USER, _ADMINISTRATOR = UserLevel.ANONYMOUS, UserLevel.USER, UserLevel.ADMINISTRATOR

_KINDS = ("VideoSource", "VideoEncoder", "AudioSource", "AudioEncoder", "PTZ", "Metadata")


SERVICE.tells(
    "GetServiceCapabilities",
    _OPEN,
    lambda device: {
        "masks": device.spec.endpoint.onboard_masks > 0,
        "kinds": " ".join(_KINDS),
        "rtsps": device.has_rtsps,
    },
)
for _told in SHARED:
    SERVICE.tells(f"Get{_told}", _USER, lambda device: {"device": shared(device)})


@SERVICE.operation(_USER)
async def get_profiles(device: OnvifDevice, call: Call) -> Markup:
    token = text_of(call.node, "Token", "")
    if token:
        device.profile(token)
    # A client that names no kind gets names only (Media2 5.2.2).
    kinds = set(texts_of(found_all(call.node, "Type")))
    wanted = set(_KINDS) if "All" in kinds else kinds
    profiles = [profile for profile in told_all(device) if token in ("", profile.token)]
    return SERVICE.answer("GetProfiles", profiles=profiles, wanted=wanted, device=shared(device))


@SERVICE.operation(_USER)
async def get_stream_uri(device: OnvifDevice, call: Call) -> Markup:
    profile = device.profile(text_of(call.node, "ProfileToken"))
    protocol = text_of(call.node, "Protocol")
    if protocol not in ("RTSP", "RtspUnicast", "RtspsUnicast"):
        raise sender_fault(
            "ter:InvalidArgVal", "ter:InvalidStreamSetup", reason="RTSP, RtspUnicast and RtspsUnicast are all"
        )
    return SERVICE.answer("GetStreamUri", uri=device.stream_address(profile, secure=protocol == "RtspsUnicast"))


@SERVICE.operation(_USER)
async def get_snapshot_uri(device: OnvifDevice, call: Call) -> Markup:
    device.profile(text_of(call.node, "ProfileToken"))
    return SERVICE.answer("GetSnapshotUri", uri=device.snapshot_address())


@SERVICE.operation(_USER)
async def get_video_encoder_configurations(device: OnvifDevice, call: Call) -> Markup:
    return SERVICE.answer("GetVideoEncoderConfigurations", profiles=_asked(device, call))


@SERVICE.operation(_USER)
async def get_video_encoder_configuration_options(device: OnvifDevice, call: Call) -> Markup:
    return SERVICE.answer("GetVideoEncoderConfigurationOptions", profiles=_asked(device, call))


@SERVICE.operation(_ADMINISTRATOR)
async def add_configuration(device: OnvifDevice, call: Call) -> Markup:
    profile = device.profile(text_of(call.node, "ProfileToken"))
    kinds = _removable(found_all(call.node, "Configuration"))
    for node, kind in kinds:
        require_configuration(device, kind, text_of(node, "Token", CONFIGURATIONS[kind]))
    await device.set_parts(profile, profile.parts | {kind for _, kind in kinds})
    return SERVICE.done("AddConfiguration")


@SERVICE.operation(_ADMINISTRATOR)
async def remove_configuration(device: OnvifDevice, call: Call) -> Markup:
    profile = device.profile(text_of(call.node, "ProfileToken"))
    kinds = _removable(found_all(call.node, "Configuration"))
    await device.set_parts(profile, profile.parts - {kind for _, kind in kinds})
    return SERVICE.done("RemoveConfiguration")


@SERVICE.operation(_USER)
async def get_masks(device: OnvifDevice, call: Call) -> Markup:
    async with device.masking:
        masks = await device.told_masks()
    token, configuration = text_of(call.node, "Token", ""), text_of(call.node, "ConfigurationToken", "")
    if configuration not in ("", VIDEO_SOURCE_CONFIGURATION):
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such video source configuration")
    asked = [mask for mask in masks if token in ("", mask.token)]
    if token and not asked:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such mask")
    return SERVICE.answer("GetMasks", masks=asked)


@SERVICE.operation(_USER)
async def get_mask_options(device: OnvifDevice, call: Call) -> Markup:
    if text_of(call.node, "ConfigurationToken") != VIDEO_SOURCE_CONFIGURATION:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such video source configuration")
    spec = device.spec.endpoint
    return SERVICE.answer(
        "GetMaskOptions", masks_max=spec.onboard_masks, points_max=spec.mask_corners_max, type=COLOUR_TYPE
    )


@SERVICE.operation(_ADMINISTRATOR)
async def create_mask(device: OnvifDevice, call: Call) -> Markup:
    async with device.masking:
        held = await device.told_masks()
        if len(held) >= device.spec.endpoint.onboard_masks:
            raise receiver_fault("ter:Action", "ter:MaxMasks", reason="the camera has no place for one more mask")
        mask = _read(device, call, device.masks.new_token())
        await device.put_masks(device.masks.with_mask(mask))
    return SERVICE.answer("CreateMask", token=mask.token)


@SERVICE.operation(_ADMINISTRATOR)
async def set_mask(device: OnvifDevice, call: Call) -> Markup:
    async with device.masking:
        await device.told_masks()
        node = found(call.node, "Mask")
        token = node.get("token", "") if node is not None else ""
        device.masks.require(token)
        await device.put_masks(device.masks.with_mask(_read(device, call, token)))
    return SERVICE.done("SetMask")


@SERVICE.operation(_ADMINISTRATOR)
async def delete_mask(device: OnvifDevice, call: Call) -> Markup:
    async with device.masking:
        await device.told_masks()
        await device.put_masks(device.masks.without(text_of(call.node, "Token")))
    return SERVICE.done("DeleteMask")


def _read(device: OnvifDevice, call: Call, token: str) -> HeldMask:
    node = found(call.node, "Mask")
    if node is None:
        raise sender_fault("ter:InvalidArgVal", reason="no mask is told")
    return read_mask(node, token, VIDEO_SOURCE_CONFIGURATION, device.spec.endpoint.mask_corners_max)


def _asked(device: OnvifDevice, call: Call) -> list[ToldProfile]:
    """The profiles whose encoder a request is about."""
    encoder, profile = text_of(call.node, "ConfigurationToken", ""), text_of(call.node, "ProfileToken", "")
    asked = [one for one in told_all(device) if encoder in ("", one.encoder) and profile in ("", one.token)]
    if not asked:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such configuration")
    return asked


def _removable(nodes: Iterable[Element]) -> list[tuple[Element, str]]:
    """The configurations of a request with their kinds. Raises Fault for one that stays where it is."""
    kinds = [(node, text_of(node, "Type")) for node in nodes]
    if "All" in [kind for _, kind in kinds]:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="these profiles are fixed")
    unknown = [kind for _, kind in kinds if kind not in CONFIGURATIONS]
    if unknown:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such configuration can be put or taken out")
    return kinds
