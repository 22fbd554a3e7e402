"""What answers say, as frozen values. Pure.

Strict where a wrong reading would be a wrong picture (positions, masks, microphones): what is missing or no number is
refused, not taken for 0 as `onveef` does. Lax about everything nobody here needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from xml.etree.ElementTree import Element

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from hardware.onvif.spaces import AdvertisedSpace, Position, Spaces, Span
from hardware.onvif.xml_door import local

PROFILES_MAX = 64
MASKS_READ_MAX = 256
STATUSES_MAX = 16
TOURS_READ_MAX = 64
TOKEN_CHARACTERS_MAX = 64
"""ONVIF's own bound of a ReferenceToken."""


class Unreadable(Exception):
    """The answer is SOAP, and does not say what it must. The text names the element, never its content."""


@dataclass(frozen=True, slots=True)
class VideoEncoder:
    """What a profile encodes."""

    codec: str
    """Lower case: `h264`, `h265`, `jpeg`, or what else it says."""
    width_px: int
    height_px: int
    frames_per_s: float


@dataclass(frozen=True, slots=True)
class MediaProfile:
    """One media profile of Media (Profile S) or Media2 (Profile T), as far as it matters here."""

    token: str
    video_source_configuration: str = ""
    video_source: str = ""
    encoder: VideoEncoder | None = None
    ptz_configuration: str = ""
    ptz_node: str = ""
    audio_source: str = ""
    """Token of the audio source configuration; empty: none."""
    audio_encoder: str = ""

    @property
    def hears(self) -> bool:
        return bool(self.audio_source or self.audio_encoder)


@dataclass(frozen=True, slots=True)
class MaskLimits:
    """What a video source configuration takes as masks."""

    masks: int
    corners: int
    colour: bool
    """False: it only pixelates or blurs, which no look at a picture can prove."""
    rectangle_only: bool


@dataclass(frozen=True, slots=True)
class MaskTold:
    """A mask as the device tells it, corners in [-1, 1] with y up. `colour`: None for what is no plain colour."""

    token: str
    enabled: bool
    corners: tuple[tuple[float, float], ...]
    colour: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class PtzStatus:
    """What GetStatus says. `says_moving`: None when it does not."""

    position: Position | None
    says_moving: bool | None
    utc_ns: Nanoseconds | None


@dataclass(frozen=True, slots=True)
class TourTold:
    """A tour that a device keeps. `element`: all of it, to be given back changed."""

    token: str
    is_running: bool
    begins_by_itself: bool
    element: Element


def profiles(root: Element) -> tuple[MediaProfile, ...]:
    """Of GetProfiles, Media or Media2. Raises Unreadable for a profile without a token and for too many."""
    found = tuple(_profile(each) for each in _all(root, "Profiles"))
    if len(found) > PROFILES_MAX:
        raise Unreadable("Profiles")
    return found


def ptz_spaces(root: Element) -> Spaces:
    """Of GetNode."""
    return Spaces(
        absolute_pan_tilt=_spaces(root, "AbsolutePanTiltPositionSpace", plane=True),
        absolute_zoom=_spaces(root, "AbsoluteZoomPositionSpace", plane=False),
        velocity_pan_tilt=_spaces(root, "ContinuousPanTiltVelocitySpace", plane=True),
        velocity_zoom=_spaces(root, "ContinuousZoomVelocitySpace", plane=False),
    )


def ptz_status(root: Element) -> PtzStatus:
    """Of GetStatus. A position that lacks an axis is none; a space that is not named is empty."""
    position = None
    where = _first(root, "Position")
    turn, zoom = _child(where, "PanTilt"), _child(where, "Zoom")
    if turn is not None and zoom is not None:
        numbers = [_float(each) for each in (turn.get("x"), turn.get("y"), zoom.get("x"))]
        pan, tilt, zoomed = numbers
        if pan is not None and tilt is not None and zoomed is not None:
            position = Position(pan, tilt, zoomed, turn.get("space", ""), zoom.get("space", ""))
    moves = _first(root, "MoveStatus")
    words = {_text(_child(moves, axis)).upper() for axis in ("PanTilt", "Zoom")} - {""}
    says_moving = True if "MOVING" in words else False if words == {"IDLE"} else None
    return PtzStatus(position, says_moving, _instant(_text(_first(root, "UtcTime"))))


def told_statuses(root: Element) -> tuple[PtzStatus, ...]:
    """Of a MetadataStream: where it looked, and when. What it makes of its pictures is in there too, and not read."""
    return tuple(ptz_status(each) for each in _all(root, "PTZStatus"))[:STATUSES_MAX]


def preset_tours(root: Element) -> tuple[TourTold, ...]:
    """Of GetPresetTours. One that is paused counts as running: somebody may let it go on. Raises Unreadable."""
    return tuple(
        TourTold(
            _token(each.get("token"), "PresetTour"),
            _text(_child(_child(each, "Status"), "State")).upper() in ("TOURING", "PAUSED"),
            _text(_child(each, "AutoStart")) in ("true", "1"),
            each,
        )
        for each in list(_all(root, "PresetTour"))[:TOURS_READ_MAX]
    )


def default_spaces(root: Element, configuration: str) -> tuple[str, str]:
    """(pan-tilt, zoom) position spaces that status numbers are of when they name none, of GetConfigurations."""
    for each in _all(root, "PTZConfiguration"):
        if each.get("token") == configuration:
            return (
                _text(_child(each, "DefaultAbsolutePantTiltPositionSpace")),  # the schema's own spelling
                _text(_child(each, "DefaultAbsoluteZoomPositionSpace")),
            )
    return "", ""


def mask_limits(root: Element) -> MaskLimits:
    """Of GetMaskOptions. Raises Unreadable."""
    options = _first(root, "Options")
    masks, corners = _int(_text(_child(options, "MaxMasks"))), _int(_text(_child(options, "MaxPoints")))
    if options is None or masks is None or corners is None:
        raise Unreadable("MaskOptions")
    types = {word for each in _all(options, "Types") for word in _text(each).split()}
    return MaskLimits(
        masks=min(max(masks, 0), MASKS_READ_MAX),
        corners=max(corners, 0),
        colour="Color" in types,
        rectangle_only=options.get("RectangleOnly") in ("true", "1"),
    )


def masks(root: Element) -> tuple[MaskTold, ...]:
    """Of GetMasks. Raises Unreadable: a mask that cannot be read may be anywhere."""
    found = tuple(_mask(each) for each in _all(root, "Masks"))
    if len(found) > MASKS_READ_MAX:
        raise Unreadable("Masks")
    return found


def created_token(root: Element) -> str:
    """Of CreateMask. Raises Unreadable."""
    return _token(_text(_first(root, "Token")), "Token")


def uri(root: Element) -> str:
    """Of GetStreamUri and GetSnapshotUri; empty when there is none."""
    return _text(_first(root, "Uri"))


def device_time_ns(root: Element) -> Nanoseconds:
    """Of GetSystemDateAndTime: the instant its UTC field means, to the second. Raises Unreadable."""
    told = _first(root, "UTCDateTime")
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    numbers = [_int(_text(_first(told, name))) for name in names] if told is not None else []
    try:
        year, month, day, hour, minute, second = (int(each) for each in numbers if each is not None)
        instant = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)  # 60: a leap second
    except ValueError:
        raise Unreadable("UTCDateTime") from None
    return round(instant.timestamp()) * NS_PER_S


def ir_cut_filter(root: Element) -> str:
    """Of GetImagingSettings: `ON`, `OFF`, `AUTO`; empty when it does not say."""
    return _text(_first(root, "IrCutFilter")).upper()[:8]


def users(root: Element) -> tuple[str, ...]:
    """Of GetUsers."""
    return tuple(_text(_child(each, "Username")) for each in _all(root, "User"))[:MASKS_READ_MAX]


def _profile(element: Element) -> MediaProfile:
    source = _either(element, "VideoSourceConfiguration", "VideoSource")
    encoder = _either(element, "VideoEncoderConfiguration", "VideoEncoder")
    ptz = _either(element, "PTZConfiguration", "PTZ")
    ears = _either(element, "AudioSourceConfiguration", "AudioSource")
    voice = _either(element, "AudioEncoderConfiguration", "AudioEncoder")
    return MediaProfile(
        token=_token(element.get("token"), "Profiles"),
        video_source_configuration=_given(source),
        video_source=_text(_child(source, "SourceToken"))[:TOKEN_CHARACTERS_MAX],
        encoder=_encoder(encoder),
        ptz_configuration=_given(ptz),
        ptz_node=_text(_child(ptz, "NodeToken"))[:TOKEN_CHARACTERS_MAX],
        audio_source=_given(ears),
        audio_encoder=_given(voice),
    )


def _encoder(element: Element | None) -> VideoEncoder | None:
    if element is None:
        return None
    size, rate = _child(element, "Resolution"), _child(element, "RateControl")
    width, height = _int(_text(_child(size, "Width"))), _int(_text(_child(size, "Height")))
    limit = _text(_child(rate, "FrameRateLimit")) or (rate.get("FrameRateLimit", "") if rate is not None else "")
    frames_per_s = _float(limit)
    if not width or not height or not frames_per_s or min(width, height) < 0 or frames_per_s < 0:
        return None
    codec = (_text(_child(element, "Encoding")) or element.get("Encoding", "")).lower()
    return VideoEncoder(codec[:16], width, height, frames_per_s)


def _mask(element: Element) -> MaskTold:
    corners = []
    for point in _all(_child(element, "Polygon"), "Point"):
        x, y = _float(point.get("x")), _float(point.get("y"))
        if x is None or y is None:
            raise Unreadable("Polygon")
        corners.append((x, y))
    colour = _child(element, "Color")
    parts = [_float(colour.get(name)) for name in ("X", "Y", "Z")] if colour is not None else []
    plain = _text(_child(element, "Type")) == "Color" and all(part is not None and 0 <= part <= 255 for part in parts)
    rounded = [round(part) for part in parts if part is not None]
    return MaskTold(
        token=_token(element.get("token"), "Masks"),
        enabled=_text(_child(element, "Enabled")) in ("true", "1"),
        corners=tuple(corners),
        colour=(rounded[0], rounded[1], rounded[2]) if plain and len(rounded) == 3 else None,
    )


def _spaces(root: Element, name: str, *, plane: bool) -> tuple[AdvertisedSpace, ...]:
    found = []
    for each in _all(root, name):
        x, y = _span(_child(each, "XRange")), _span(_child(each, "YRange"))
        if x is not None and (y is not None or not plane):
            found.append(AdvertisedSpace(_text(_child(each, "URI")), x, y if plane else None))
    return tuple(found)


def _span(element: Element | None) -> Span | None:
    low, high = _float(_text(_child(element, "Min"))), _float(_text(_child(element, "Max")))
    return Span(low, high) if low is not None and high is not None and low < high else None


def _instant(text: str) -> Nanoseconds | None:
    try:
        told = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if told.tzinfo is None:
        told = told.replace(tzinfo=UTC)
    try:
        return round(told.timestamp() * 1000) * NS_PER_MS
    except (OverflowError, ValueError):
        return None


def _all(root: Element | None, name: str) -> Iterator[Element]:
    return (each for each in root.iter() if local(each) == name) if root is not None else iter(())


def _first(root: Element | None, name: str) -> Element | None:
    return next(_all(root, name), None)


def _child(parent: Element | None, name: str) -> Element | None:
    return next((each for each in parent if local(each) == name), None) if parent is not None else None


def _either(profile: Element, media: str, media2: str) -> Element | None:
    """A configuration where Media keeps it, or where Media2 does."""
    found = _child(profile, media)
    return found if found is not None else _child(_child(profile, "Configurations"), media2)


def _text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def _given(element: Element | None) -> str:
    """The token of a configuration that is there; one without a token is there all the same."""
    return (element.get("token") or "?")[:TOKEN_CHARACTERS_MAX] if element is not None else ""


def _token(told: str | None, what: str) -> str:
    if not told or len(told) > TOKEN_CHARACTERS_MAX or not told.isprintable():
        raise Unreadable(what)
    return told


def _int(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?\d{1,9}", text) else None


def _float(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
