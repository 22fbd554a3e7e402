"""What Media and Media2 tell about profiles: one account of them, for both. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from sim.endpoints.onvif.device import MediaProfile, OnvifDevice
from sim.endpoints.onvif.head import HOLD_S
from sim.endpoints.onvif.spaces import Spaces
from sim.endpoints.onvif.times import duration
from sim.endpoints.spec import Codec

_BITS_PER_PIXEL = 0.12
"""What the farm's encoder comes to, roughly."""

_MEDIA1_CODECS = {Codec.HEVC: "H264", Codec.MJPEG: "JPEG"}
"""Media (version 1) has no word for HEVC: cameras leave such profiles out or lie. This one says H264."""
_MEDIA2_CODECS = {Codec.HEVC: "H265", Codec.MJPEG: "JPEG"}


@dataclass(frozen=True, slots=True)
class ToldProfile:
    """One profile as it is told."""

    token: str
    name: str
    parts: frozenset[str]
    encoder: str
    codec: str
    codec2: str
    width_px: int
    height_px: int
    frames_per_s: int
    kbits_per_s: int
    group_frames: int


@dataclass(frozen=True, slots=True)
class ToldDevice:
    """What every profile of a device shares."""

    width_px: int
    height_px: int
    frames_per_s: int
    uses: dict[str, int]
    """In how many profiles each kind of configuration is."""
    spaces: Spaces
    timeout: str
    audio: bool
    """Has it a microphone at all?"""
    ptz: bool


def told(device: OnvifDevice, profile: MediaProfile) -> ToldProfile:
    """One profile of now."""
    spec, stream = device.spec.endpoint, profile.stream
    width, height = device.size_px(stream)
    return ToldProfile(
        token=profile.token,
        name=stream.profile,
        parts=frozenset(profile.parts),
        encoder=encoder_of(profile),
        codec=_MEDIA1_CODECS.get(stream.codec, "H264"),
        codec2=_MEDIA2_CODECS.get(stream.codec, "H264"),
        width_px=width,
        height_px=height,
        frames_per_s=spec.frames_per_s,
        kbits_per_s=max(1, round(width * height * spec.frames_per_s * _BITS_PER_PIXEL / 1000)),
        group_frames=spec.frames_per_s,
    )


def told_all(device: OnvifDevice) -> list[ToldProfile]:
    """All profiles of now, the main stream first."""
    return [told(device, profile) for profile in device.profiles.values()]


def shared(device: OnvifDevice) -> ToldDevice:
    """What its profiles share."""
    spec = device.spec.endpoint
    kinds = ("VideoSource", "AudioSource", "AudioEncoder", "PTZ", "Metadata")
    uses = {kind: sum(kind in profile.parts for profile in device.profiles.values()) for kind in kinds}
    return ToldDevice(
        spec.width_px,
        spec.height_px,
        spec.frames_per_s,
        uses,
        device.spaces(),
        duration(HOLD_S),
        spec.audio,
        device.spec.ptz,
    )


def encoder_of(profile: MediaProfile) -> str:
    """The token of its video encoder configuration."""
    return f"vec-{profile.stream.profile}"
