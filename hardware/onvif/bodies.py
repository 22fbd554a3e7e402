"""SOAP bodies that `onveef` has no builder for. Pure; every value that came from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from csu.hal.camera import OnboardMask
from hardware.onvif.spaces import Position

_COLOURS = "http://www.onvif.org/ver10/colorspace/YCbCr"


def get_node(node: str) -> str:
    return f"<tptz:GetNode><tptz:NodeToken>{escape(node)}</tptz:NodeToken></tptz:GetNode>"


def absolute_move(profile: str, where: Position) -> str:
    """With its spaces named: a device's default may be another than the calibrated one."""
    turn = f'<tt:PanTilt x="{where.pan:.6f}" y="{where.tilt:.6f}" space={quoteattr(where.pan_tilt_uri)}/>'
    zoom = f'<tt:Zoom x="{where.zoom:.6f}" space={quoteattr(where.zoom_uri)}/>'
    return (
        f"<tptz:AbsoluteMove><tptz:ProfileToken>{escape(profile)}</tptz:ProfileToken>"
        f"<tptz:Position>{turn}{zoom}</tptz:Position></tptz:AbsoluteMove>"
    )


def get_mask_options(configuration: str) -> str:
    return (
        f"<trt2:GetMaskOptions><trt2:ConfigurationToken>{escape(configuration)}</trt2:ConfigurationToken>"
        "</trt2:GetMaskOptions>"
    )


def create_mask(configuration: str, mask: OnboardMask) -> str:
    return f"<trt2:CreateMask>{_mask(configuration, mask, '')}</trt2:CreateMask>"


def set_mask(configuration: str, mask: OnboardMask, token: str) -> str:
    return f"<trt2:SetMask>{_mask(configuration, mask, token)}</trt2:SetMask>"


def wire_corners(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """From [0, 1] with the origin top left to ONVIF's [-1, 1] with y up."""
    return [(2.0 * x - 1.0, 1.0 - 2.0 * y) for x, y in corners]


def picture_corners(corners: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """The inverse of `wire_corners`."""
    return tuple(((x + 1.0) / 2.0, (1.0 - y) / 2.0) for x, y in corners)


def _mask(configuration: str, mask: OnboardMask, token: str) -> str:
    points = "".join(f'<tt:Point x="{x:.6f}" y="{y:.6f}"/>' for x, y in wire_corners(mask.corners))
    luma, blue, red = mask.colour_yuv
    named = f" token={quoteattr(token)}" if token else ""
    return (
        f"<trt2:Mask{named}><trt2:ConfigurationToken>{escape(configuration)}</trt2:ConfigurationToken>"
        f"<trt2:Polygon>{points}</trt2:Polygon><trt2:Type>Color</trt2:Type>"
        f'<trt2:Color X="{luma}" Y="{blue}" Z="{red}" Colorspace="{_COLOURS}"/>'
        "<trt2:Enabled>true</trt2:Enabled></trt2:Mask>"
    )
