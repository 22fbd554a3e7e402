"""The Imaging service: brightness and its like, and whether the camera is set to day or night."""

from __future__ import annotations

from markupsafe import Markup

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.events import VIDEO_SOURCE
from sim.endpoints.onvif.service import Call, Service
from sim.endpoints.onvif.soap import IMAGING, finite, found, sender_fault, text_of
from sim.endpoints.onvif.spec import UserLevel

SERVICE = Service(IMAGING, "imaging_service", "imaging", (25, 6))
_OPEN, _USER, _OPERATOR = UserLevel.ANONYMOUS, UserLevel.USER, UserLevel.OPERATOR

LEVELS = ("Brightness", "ColorSaturation", "Contrast", "Sharpness")
LEVEL_MAX = 100
FILTERS = ("ON", "OFF", "AUTO")
"""ON: the infrared cut filter is in, day. OFF: it is out, night."""


SERVICE.tells("GetServiceCapabilities", _OPEN, lambda _: {})


@SERVICE.operation(_USER)
async def get_imaging_settings(device: OnvifDevice, call: Call) -> Markup:
    _require_source(call)
    return SERVICE.answer("GetImagingSettings", settings=device.imaging)


@SERVICE.operation(_USER)
async def get_options(device: OnvifDevice, call: Call) -> Markup:
    _require_source(call)
    return SERVICE.answer("GetOptions", level_max=LEVEL_MAX, filters=FILTERS)


@SERVICE.operation(_OPERATOR)
async def set_imaging_settings(device: OnvifDevice, call: Call) -> Markup:
    _require_source(call)
    asked = found(call.node, "ImagingSettings")
    if asked is None:
        raise sender_fault("ter:InvalidArgVal", "ter:SettingsInvalid", reason="no settings")
    changed = {name: text_of(asked, name) for name in (*LEVELS, "IrCutFilter") if found(asked, name) is not None}
    wrong = [name for name in LEVELS if name in changed and not 0 <= finite(changed[name], name) <= LEVEL_MAX]
    if wrong or changed.get("IrCutFilter", "AUTO") not in FILTERS:
        raise sender_fault("ter:InvalidArgVal", "ter:SettingsInvalid", reason="outside what GetOptions tells")
    device.imaging |= changed
    return SERVICE.done("SetImagingSettings")


def _require_source(call: Call) -> None:
    if text_of(call.node, "VideoSourceToken") != VIDEO_SOURCE:
        raise sender_fault("ter:InvalidArgVal", "ter:NoSource", reason="no such video source")
