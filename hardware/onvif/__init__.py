"""Real cameras by ONVIF (Profile S and T): the port `csu.hal.camera.Camera` bound to a device on the network.

In: `OnvifSettings` (where it is, what is trusted, what its numbers mean) and a `Login` from the vault. Out: streams,
stills, poses, masks of its own, an end to its hearing, events; `CameraError`s that tell nothing of what it sent.
Everything a device says is hostile until read: one host, one deadline, one cap, no DTD (decision 0055).
"""

from hardware.onvif.accounts import OnvifAccounts
from hardware.onvif.answers import FoundDevice
from hardware.onvif.camera import DayNight, OnvifCamera, open_onvif_camera
from hardware.onvif.device_time import ClockReading
from hardware.onvif.discovery import Discovery, DiscoveryFailed, discover, probe
from hardware.onvif.errors import (
    AnswerRefused,
    ClockSkewed,
    DeviceFault,
    DeviceSilent,
    DeviceTooSlow,
    LoginRefused,
    NotOffered,
    OtherHost,
)
from hardware.onvif.settings import OnvifSettings, StreamFloors, Tls
from hardware.onvif.spaces import LinearAxis, Mount, PanTiltSpace, ZoomSpace, millimetres, spherical

__all__ = [
    "AnswerRefused",
    "ClockReading",
    "ClockSkewed",
    "DayNight",
    "DeviceFault",
    "DeviceSilent",
    "DeviceTooSlow",
    "Discovery",
    "DiscoveryFailed",
    "FoundDevice",
    "LinearAxis",
    "LoginRefused",
    "Mount",
    "NotOffered",
    "OnvifAccounts",
    "OnvifCamera",
    "OnvifSettings",
    "OtherHost",
    "PanTiltSpace",
    "StreamFloors",
    "Tls",
    "ZoomSpace",
    "discover",
    "millimetres",
    "open_onvif_camera",
    "probe",
    "spherical",
]
