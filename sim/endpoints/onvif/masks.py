"""Media2 masks and what the camera burns: the same polygons, told two ways. Pure.

Media2: -1..1 both ways, y up, in the window of the video source configuration. `OnboardMask`: 0..1, y down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from csu.hal.camera import OnboardMask
from sim.endpoints.onvif.soap import found, found_all, is_true, number_in, sender_fault, text_of

YCBCR = "http://www.onvif.org/ver10/colorspace/YCbCr"
RGB = "http://www.onvif.org/ver10/colorspace/RGB"
DEFAULT_COLOUR_YUV = (16, 128, 128)
COLOUR_TYPE = "Color"

Corner = tuple[float, float]


@dataclass(frozen=True, slots=True)
class HeldMask:
    """One mask as the device was told it. `corners` and colour are those of `OnboardMask`."""

    token: str
    corners: tuple[Corner, ...]
    colour_yuv: tuple[int, int, int]
    enabled: bool

    @property
    def points(self) -> list[Corner]:
        """The corners as Media2 tells them."""
        return [(2 * x - 1, 1 - 2 * y) for x, y in self.corners]


class MaskBook:
    """The masks of one camera by token. What the camera no longer tells of, it no longer has (`look`)."""

    def __init__(self) -> None:
        self._masks: dict[str, HeldMask] = {}
        self._made = 0

    def look(self, told: Sequence[OnboardMask]) -> tuple[HeldMask, ...]:
        """The masks there are, after a look at what the camera says it burns: its shapes win over what was asked."""
        shapes = {mask.name: mask.corners for mask in told}
        # The shapes that were asked stay: to push an adapted one again would have it adapted twice.
        self._masks = {token: mask for token, mask in self._masks.items() if token in shapes or not mask.enabled}
        return tuple(replace(mask, corners=shapes.get(token, mask.corners)) for token, mask in self._masks.items())

    def new_token(self) -> str:
        """A token never given before."""
        self._made += 1
        return f"mask-{self._made}"

    def with_mask(self, mask: HeldMask) -> dict[str, HeldMask]:
        """All masks, with this one added or changed."""
        return self._masks | {mask.token: mask}

    def without(self, token: str) -> dict[str, HeldMask]:
        """All masks but this one. Raises Fault when it is not there."""
        self.require(token)
        return {other: mask for other, mask in self._masks.items() if other != token}

    def require(self, token: str) -> None:
        """Raises Fault when there is no such mask."""
        if token not in self._masks:
            raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such mask")

    def keep(self, masks: dict[str, HeldMask]) -> None:
        """These are the masks from now on: the camera took them."""
        self._masks = masks

    def clear(self) -> None:
        """Forget all."""
        self._masks = {}


def burnt(masks: dict[str, HeldMask]) -> tuple[OnboardMask, ...]:
    """What the camera is to burn for these."""
    return tuple(OnboardMask(mask.token, mask.corners, mask.colour_yuv) for mask in masks.values() if mask.enabled)


def read_mask(node: Element, token: str, configuration: str, corners_max: int) -> HeldMask:
    """A mask out of a request. Raises Fault."""
    if text_of(node, "ConfigurationToken") != configuration:
        raise sender_fault("ter:InvalidArgVal", "ter:NoConfig", reason="no such video source configuration")
    kind = text_of(node, "Type")
    if kind != COLOUR_TYPE:
        raise sender_fault("ter:InvalidArgVal", "ter:ConfigModify", reason=f"masks here are of type {COLOUR_TYPE}")
    points = found_all(node, "Polygon/Point")
    if not 3 <= len(points) <= corners_max:
        raise sender_fault("ter:InvalidArgVal", "ter:InvalidPolygon", reason=f"3 to {corners_max} corners")
    corners = tuple(_corner(number_in(point, "x"), number_in(point, "y")) for point in points)
    return HeldMask(token, corners, _colour(found(node, "Color")), is_true(text_of(node, "Enabled")))


def _corner(x: float, y: float) -> Corner:
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise sender_fault("ter:InvalidArgVal", "ter:InvalidPolygon", reason="a corner lies outside the picture")
    return (x + 1) / 2, (1 - y) / 2


def _colour(node: Element | None) -> tuple[int, int, int]:
    if node is None:
        return DEFAULT_COLOUR_YUV
    parts = tuple(number_in(node, name) for name in "XYZ")
    if not all(0 <= part <= 255 for part in parts):
        raise sender_fault("ter:InvalidArgVal", "ter:ConfigModify", reason="a colour has three parts from 0 to 255")
    space = node.get("Colorspace", YCBCR)
    if space == YCBCR:
        return round(parts[0]), round(parts[1]), round(parts[2])
    if space == RGB:
        return _yuv(*parts)
    raise sender_fault("ter:InvalidArgVal", "ter:ConfigModify", reason="colours here are YCbCr or RGB")


def _yuv(red: float, green: float, blue: float) -> tuple[int, int, int]:
    """BT.601, limited range."""
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    return (
        round(16 + y * 219 / 255),
        round(128 + (blue - y) / 1.772 * 224 / 255),
        round(128 + (red - y) / 1.402 * 224 / 255),
    )
