"""The Device service: what the camera is, its clock, its users, its reboot."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from markupsafe import Markup

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.service import Call, Service
from sim.endpoints.onvif.soap import DEVICE, found, found_all, sender_fault, text_of, texts_of
from sim.endpoints.onvif.spec import LOCAL_TIME_AHEAD_S, OnvifQuirk, UserLevel
from sim.endpoints.onvif.times import instant_of, moment
from sim.endpoints.onvif.users import Account

SERVICE = Service(DEVICE, "device_service", "device", (25, 12))
_OPEN, _USER, _ADMINISTRATOR = UserLevel.ANONYMOUS, UserLevel.USER, UserLevel.ADMINISTRATOR

_NAMES = uuid.UUID("6f1d6f3e-9a53-4d5c-8a3e-2b0f5c7e9d11")
"""Names of devices become the same identifiers in every run."""
_REBOOT_AFTER_S = 0.05
"""The answer goes out first."""


@SERVICE.operation(_OPEN)
async def get_system_date_and_time(device: OnvifDevice, call: Call) -> Markup:
    now = moment(device.now_ns())
    local = moment(device.now_ns() + LOCAL_TIME_AHEAD_S * 1_000_000_000)
    told = local if device.has(OnvifQuirk.LOCAL_TIME_AS_UTC) else now
    return SERVICE.answer("GetSystemDateAndTime", utc=told, local=local)


@SERVICE.operation(_ADMINISTRATOR)
async def set_system_date_and_time(device: OnvifDevice, call: Call) -> Markup:
    if text_of(call.node, "DateTimeType") == "Manual":
        fields = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
        texts = [text_of(call.node, f"UTCDateTime/{name}") for name in fields]
        try:
            year, month, day, hour, minute, second = (int(text) for text in texts)
            asked = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError as error:
            raise sender_fault("ter:InvalidArgVal", "ter:InvalidDateTime", reason="no date and time") from error
        await device.set_clock(instant_of(asked))
    return SERVICE.done("SetSystemDateAndTime")


SERVICE.tells("GetDeviceInformation", _USER, lambda device: {"spec": device.spec})
SERVICE.tells("GetServiceCapabilities", _OPEN, lambda device: {"spec": device.spec})
SERVICE.tells("GetCapabilities", _OPEN, lambda device: {"address": device.service_address, "ptz": device.spec.ptz})
SERVICE.tells("GetEndpointReference", _OPEN, lambda device: {"reference": reference_of(device)})
SERVICE.tells("GetHostname", _OPEN, lambda device: {"name": device.name})
SERVICE.tells("GetScopes", _USER, lambda device: {"scopes": scopes_of(device)})
SERVICE.tells("GetNetworkInterfaces", _USER, lambda device: {"number": device.spec.endpoint.number})
SERVICE.tells("GetUsers", _ADMINISTRATOR, lambda device: {"users": device.users.all()})


@SERVICE.operation(_ADMINISTRATOR)
async def create_users(device: OnvifDevice, call: Call) -> Markup:
    device.users.create(_accounts(call))
    await device.put_users()
    return SERVICE.done("CreateUsers")


@SERVICE.operation(_ADMINISTRATOR)
async def set_user(device: OnvifDevice, call: Call) -> Markup:
    device.users.change(_accounts(call, device))
    await device.put_users()
    return SERVICE.done("SetUser")


@SERVICE.operation(_ADMINISTRATOR)
async def delete_users(device: OnvifDevice, call: Call) -> Markup:
    device.users.delete(texts_of(found_all(call.node, "Username")))
    await device.put_users()
    return SERVICE.done("DeleteUsers")


@SERVICE.operation(_ADMINISTRATOR)
async def system_reboot(device: OnvifDevice, call: Call) -> Markup:
    device.do_later(_REBOOT_AFTER_S, device.reboot)
    return SERVICE.answer("SystemReboot")


def reference_of(device: OnvifDevice) -> uuid.UUID:
    """What a camera calls itself, whatever its address."""
    return uuid.uuid5(_NAMES, device.name)


def scopes_of(device: OnvifDevice) -> list[str]:
    """What discovery may ask for: profiles, hardware, name."""
    profiles = ["Streaming"] + ([] if device.has(OnvifQuirk.NO_MEDIA2) else ["T"])
    scopes = [f"Profile/{profile}" for profile in profiles]
    scopes += [f"hardware/{_plain(device.spec.model)}", f"name/{_plain(device.name)}", "type/video_encoder"]
    return [f"onvif://www.onvif.org/{scope}" for scope in scopes + (["type/ptz"] if device.spec.ptz else [])]


def _plain(text: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-._" else "_" for sign in text)


def _accounts(call: Call, device: OnvifDevice | None = None) -> list[Account]:
    """The users of a request; of one to change them, without a password, the old one stays. Raises Fault."""
    accounts = []
    for node in found_all(call.node, "User"):
        name = text_of(node, "Username")
        known = device.users.find(name) if device is not None else None
        password = found(node, "Password")
        given = (password.text or "") if password is not None else known.password if known else ""
        level = text_of(node, "UserLevel")
        if level not in list(UserLevel):
            raise sender_fault("ter:InvalidArgVal", reason="no such level")
        accounts.append(Account(name, given, UserLevel(level)))
    if not accounts:
        raise sender_fault("ter:InvalidArgVal", reason="no user is named")
    return accounts
