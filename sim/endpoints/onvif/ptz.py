"""The PTZ service: nodes, moves in the spaces it advertises, status, presets, home, tours."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TypeVar
from xml.etree.ElementTree import Element

from markupsafe import Markup

from sim.endpoints.onvif.device import OnvifDevice
from sim.endpoints.onvif.head import HOLD_S, HOLD_S_MAX, STAY_S, TOURS_MAX, Spot, renamed
from sim.endpoints.onvif.media_configurations import shared
from sim.endpoints.onvif.moves import FULL_SPEED, Axes, absolute, continuous, halt, relative
from sim.endpoints.onvif.positions import status_of
from sim.endpoints.onvif.service import Call, Service
from sim.endpoints.onvif.soap import PTZ, found, found_all, is_true, number_in, receiver_fault, sender_fault, text_of
from sim.endpoints.onvif.spaces import LineSpace, PlaneSpace, Scale, position_of
from sim.endpoints.onvif.spec import OnvifQuirk, UserLevel
from sim.endpoints.onvif.times import duration, seconds_of

SERVICE = Service(PTZ, "ptz_service", "ptz", (25, 6))
_OPEN, _USER, _OPERATOR = UserLevel.ANONYMOUS, UserLevel.USER, UserLevel.OPERATOR
_S = TypeVar("_S", PlaneSpace, LineSpace)


def _node(device: OnvifDevice) -> dict[str, object]:
    return {"spaces": device.spaces(), "presets": device.spec.presets_max, "tours": TOURS_MAX}


SERVICE.tells("GetServiceCapabilities", _OPEN, lambda _: {})
SERVICE.tells("GetNodes", _USER, _node)
SERVICE.tells("GetConfigurations", _USER, lambda device: {"device": shared(device)})


@SERVICE.operation(_USER)
async def get_node(device: OnvifDevice, call: Call) -> Markup:
    if text_of(call.node, "NodeToken") != "node-1":
        raise sender_fault("ter:InvalidArgVal", "ter:NoEntity", reason="no such node")
    return SERVICE.answer("GetNode", **_node(device))


@SERVICE.operation(_USER)
async def get_configuration(device: OnvifDevice, call: Call) -> Markup:
    _require_configuration(text_of(call.node, "PTZConfigurationToken"))
    return SERVICE.answer("GetConfiguration", device=shared(device))


@SERVICE.operation(_USER)
async def get_configuration_options(device: OnvifDevice, call: Call) -> Markup:
    _require_configuration(text_of(call.node, "ConfigurationToken"))
    return SERVICE.answer("GetConfigurationOptions", spaces=device.spaces(), longest=duration(HOLD_S_MAX))


@SERVICE.operation(_USER)
async def get_status(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    if device.has(OnvifQuirk.STATUS_SLOW):
        await asyncio.sleep(device.spec.slow_s)
    if device.has(OnvifQuirk.STATUS_MISSING):
        raise receiver_fault("ter:Action", "ter:NoStatus", reason="no status is available")
    told = status_of(device.head.reading(), device.spec, device.spaces(), device.now_ns())
    return SERVICE.answer("GetStatus", **told)


@SERVICE.operation(_OPERATOR)
async def continuous_move(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    timeout = text_of(call.node, "Timeout", "")
    if timeout and device.has(OnvifQuirk.REFUSES_TIMEOUT):
        raise sender_fault(
            "ter:InvalidArgVal", "ter:TimeoutNotSupported", reason="the timeout argument is not supported"
        )
    for_s = seconds_of(timeout) if timeout else HOLD_S
    if not 0 < for_s <= HOLD_S_MAX:
        raise sender_fault("ter:InvalidArgVal", "ter:TimeoutNotSupported", reason=f"{HOLD_S_MAX:.0f} s at most")
    speed = _velocity(device, call.node)
    single = speed.pan is None or speed.zoom is None
    if not (single and device.has(OnvifQuirk.IGNORES_SINGLE_AXIS)):
        hold_s = None if device.has(OnvifQuirk.IGNORES_TIMEOUT) else for_s
        limits = device.head.limits
        await device.head.order(lambda now, start_ns: continuous(now, start_ns, speed, limits, hold_s))
    return SERVICE.done("ContinuousMove")


@SERVICE.operation(_OPERATOR)
async def absolute_move(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    goal, speed = _goal(device, call.node), _speed(device, call.node)
    plan = partial(absolute, goal=goal, limits=device.head.limits, speed=speed)
    await device.head.order(plan, seeking=True)
    return SERVICE.done("AbsoluteMove")


@SERVICE.operation(_OPERATOR)
async def relative_move(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    way, speed = _way(device, call.node), _speed(device, call.node)
    await device.head.order(partial(relative, way=way, limits=device.head.limits, speed=speed))
    return SERVICE.done("RelativeMove")


@SERVICE.operation(_OPERATOR)
async def stop(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    pan_tilt = is_true(text_of(call.node, "PanTilt", "true"))
    zoom = is_true(text_of(call.node, "Zoom", "true"))
    await device.head.order(partial(halt, pan_tilt=pan_tilt, zoom=zoom))
    return SERVICE.done("Stop")


@SERVICE.operation(_USER)
async def get_presets(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    spaces = device.spaces()
    told = [(preset, position_of(preset.pose, device.spec, spaces)) for preset in device.head.presets.values()]
    return SERVICE.answer("GetPresets", presets=told)


@SERVICE.operation(_OPERATOR)
async def set_preset(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    name, token = text_of(call.node, "PresetName", ""), text_of(call.node, "PresetToken", "")
    if len(name) > 64:
        raise sender_fault("ter:InvalidArgVal", "ter:InvalidPresetName", reason="64 characters at most")
    return SERVICE.answer("SetPreset", token=device.head.set_preset(name, token or None).token)


@SERVICE.operation(_OPERATOR)
async def goto_preset(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    preset = device.head.preset(text_of(call.node, "PresetToken"))
    await device.head.go_to(preset.pose, _speed(device, call.node))
    return SERVICE.done("GotoPreset")


@SERVICE.operation(_OPERATOR)
async def remove_preset(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    del device.head.presets[device.head.preset(text_of(call.node, "PresetToken")).token]
    return SERVICE.done("RemovePreset")


@SERVICE.operation(_OPERATOR)
async def goto_home_position(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    await device.head.go_home(_speed(device, call.node))
    return SERVICE.done("GotoHomePosition")


@SERVICE.operation(_OPERATOR)
async def set_home_position(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    device.head.set_home()
    return SERVICE.done("SetHomePosition")


@SERVICE.operation(_USER)
async def get_preset_tours(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    return SERVICE.answer("GetPresetTours", tours=device.head.tours.values(), touring=device.head.touring)


@SERVICE.operation(_USER)
async def get_preset_tour(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    tour = device.head.tour(text_of(call.node, "PresetTourToken"))
    return SERVICE.answer("GetPresetTour", tour=tour, touring=device.head.touring)


@SERVICE.operation(_OPERATOR)
async def create_preset_tour(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    return SERVICE.answer("CreatePresetTour", token=device.head.new_tour().token)


@SERVICE.operation(_OPERATOR)
async def modify_preset_tour(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    node = found(call.node, "PresetTour")
    if node is None:
        raise sender_fault("ter:InvalidArgVal", reason="no tour is told")
    tour = device.head.tour(node.get("token", ""))
    spots = tuple(_spot(device, spot) for spot in found_all(node, "TourSpot"))
    auto_start = is_true(text_of(node, "AutoStart", "false"))
    device.head.tours[tour.token] = renamed(tour, text_of(node, "Name", ""), spots, auto_start=auto_start)
    return SERVICE.done("ModifyPresetTour")


@SERVICE.operation(_OPERATOR)
async def operate_preset_tour(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    tour = device.head.tour(text_of(call.node, "PresetTourToken"))
    operation = text_of(call.node, "Operation")
    if operation == "Start":
        device.head.start_tour(tour.token)
    elif operation in ("Stop", "Pause"):
        device.head.end_tour()
    else:
        raise sender_fault("ter:InvalidArgVal", reason="Start, Stop and Pause are all")
    return SERVICE.done("OperatePresetTour")


@SERVICE.operation(_OPERATOR)
async def remove_preset_tour(device: OnvifDevice, call: Call) -> Markup:
    _require_ptz(device, call)
    tour = device.head.tour(text_of(call.node, "PresetTourToken"))
    if device.head.touring == tour.token:
        device.head.end_tour()
    del device.head.tours[tour.token]
    return SERVICE.done("RemovePresetTour")


def _require_ptz(device: OnvifDevice, call: Call) -> None:
    if "PTZ" not in device.profile(text_of(call.node, "ProfileToken")).parts:
        raise sender_fault("ter:InvalidArgVal", "ter:NoPTZProfile", reason="that profile has no PTZ configuration")


def _require_configuration(token: str) -> None:
    if token != "ptz-1":  # noqa: S105 - ONVIF calls a name a token
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such configuration")


def _spot(device: OnvifDevice, node: Element) -> Spot:
    stay = text_of(node, "StayTime", "")
    preset = text_of(node, "PresetDetail/PresetToken", "")
    if not preset and not is_true(text_of(node, "PresetDetail/Home", "false")):
        raise sender_fault("ter:InvalidArgVal", "ter:InvalidPresetTour", reason="a spot is a preset, or home")
    return Spot(device.head.preset(preset).token if preset else None, seconds_of(stay) if stay else STAY_S)


def _velocity(device: OnvifDevice, node: Element) -> Axes:
    spaces = device.spaces()
    return _axes(node, "Velocity", (spaces.pan_tilt_velocity,), (spaces.zoom_velocity,))


def _goal(device: OnvifDevice, node: Element) -> Axes:
    spaces = device.spaces()
    goal = _axes(node, "Position", spaces.pan_tilt, spaces.zoom)
    return goal if goal.pan is None else replace(goal, pan=goal.pan + device.spec.pan_zero_deg)


def _way(device: OnvifDevice, node: Element) -> Axes:
    spaces = device.spaces()
    return _axes(node, "Translation", (spaces.pan_tilt_translation,), (spaces.zoom_translation,))


def _axes(node: Element, name: str, planes: tuple[PlaneSpace, ...], lines: tuple[LineSpace, ...]) -> Axes:
    """What a move names, in own units. Raises Fault when it names nothing, or what it names is not in these spaces."""
    wrong = f"ter:Invalid{name}"
    pan, tilt = _plane(found(node, f"{name}/PanTilt"), planes, wrong)
    zoom = _line(found(node, f"{name}/Zoom"), lines, wrong)
    if pan is None and zoom is None:
        raise sender_fault("ter:InvalidArgVal", wrong, reason="it names no axis")
    return Axes(pan, tilt, zoom)


def _speed(device: OnvifDevice, node: Element) -> Axes:
    """The speed a move asks for; full where it says nothing. Pan and tilt each have their own number."""
    spaces = device.spaces()
    turn, zoom = found(node, "Speed/PanTilt"), found(node, "Speed/Zoom")
    scale = spaces.pan_tilt_speed.x
    pan = tilt = FULL_SPEED.pan
    if turn is not None:
        pan, tilt = (min(scale.own(abs(number_in(turn, axis))), 1.0) for axis in "xy")
    share = _line(zoom, (spaces.zoom_speed,), "ter:InvalidSpeed")
    return Axes(pan, tilt, FULL_SPEED.zoom if share is None else share)


def _plane(node: Element | None, spaces: tuple[PlaneSpace, ...], wrong: str) -> tuple[float | None, float | None]:
    """Pan and tilt in own units. Raises Fault for a space it has not, or numbers outside of it."""
    if node is None:
        return None, None
    space = _space(node, spaces)
    return _own(space.x, number_in(node, "x"), wrong), _own(space.y, number_in(node, "y"), wrong)


def _line(node: Element | None, spaces: tuple[LineSpace, ...], wrong: str) -> float | None:
    """A number in own units. Raises Fault as above."""
    if node is None:
        return None
    space, told = _space(node, spaces), number_in(node, "x")
    _own(space.x, told, wrong)
    return space.own(told)


def _space(node: Element, spaces: tuple[_S, ...]) -> _S:
    uri = node.get("space", spaces[0].uri)
    for space in spaces:
        if space.uri == uri:
            return space
    raise sender_fault("ter:InvalidArgVal", "ter:SpaceNotSupported", reason="no such space")


def _own(scale: Scale, told: float, wrong: str) -> float:
    if not scale.holds(told):
        raise sender_fault("ter:InvalidArgVal", wrong, reason="outside its space")
    return scale.own(told)
