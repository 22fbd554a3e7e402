"""What a device offers: the media lines of an SDP answer (RFC 8866). A pure core."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

_STATIC_CODECS = {"0": "PCMU", "8": "PCMA", "9": "G722", "14": "MPA", "26": "JPEG", "32": "MPV", "34": "H263"}
"""Payload types that need no rtpmap (RFC 3551, tables 4 and 5)."""
_TRACKS_MAX = 32
FRAMES_PER_S_MIN, FRAMES_PER_S_MAX = 0.5, 240.0


@dataclass(frozen=True, slots=True)
class Track:
    """One `m=` line. `codec` is upper case, empty when the device does not say."""

    media: str
    codec: str
    parameter_sets: tuple[bytes, ...] = ()
    """H.264 SPS and PPS told in advance (`sprop-parameter-sets`)."""
    frames_per_s: float | None = None
    """The rate the device declares; None when it declares none that can be."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Every track of a device, in its order. Nothing here has been set up."""

    tracks: tuple[Track, ...]

    @property
    def video(self) -> Track | None:
        """The first video track: the one that is taken."""
        return next((track for track in self.tracks if track.media == "video"), None)

    @property
    def audio(self) -> tuple[Track, ...]:
        """Audio tracks: counted and told, never set up (AUD-1)."""
        return tuple(track for track in self.tracks if track.media == "audio")


def parse_sdp(text: str) -> Offer:
    """Read an SDP answer. Unknown lines are skipped. Raises ValueError when it has no media line at all."""
    tracks: list[Track] = []
    for block in ("\n" + text.replace("\r", "")).split("\nm=")[1 : _TRACKS_MAX + 1]:
        lines = block.split("\n")
        words = lines[0].split()
        payload = words[3] if len(words) > 3 else ""
        attributes = [line[2:] for line in lines[1:] if line.startswith("a=")]
        codec = _codec(payload, attributes)
        media = words[0].lower() if words else ""
        tracks.append(Track(media, codec, _parameter_sets(payload, attributes), _frame_rate(attributes)))
    if not tracks:
        raise ValueError("the answer names no track")
    return Offer(tuple(tracks))


def _codec(payload: str, attributes: list[str]) -> str:
    for attribute in attributes:
        if attribute.startswith(f"rtpmap:{payload} "):
            return attribute.split(" ", 1)[1].split("/")[0].strip().upper()
    return _STATIC_CODECS.get(payload, "")


def _parameter_sets(payload: str, attributes: list[str]) -> tuple[bytes, ...]:
    for attribute in attributes:
        if not attribute.startswith(f"fmtp:{payload} "):
            continue
        for parameter in attribute.split(" ", 1)[1].split(";"):
            name, _, value = parameter.strip().partition("=")
            if name.lower() == "sprop-parameter-sets":
                return _decoded(value)
    return ()


def _frame_rate(attributes: list[str]) -> float | None:
    for attribute in attributes:
        if attribute.startswith("framerate:"):
            try:
                rate = float(attribute.split(":", 1)[1])
            except ValueError:
                return None
            return rate if FRAMES_PER_S_MIN <= rate <= FRAMES_PER_S_MAX else None
    return None


def _decoded(value: str) -> tuple[bytes, ...]:
    try:
        return tuple(base64.b64decode(part) for part in value.split(",") if part)
    except (binascii.Error, ValueError):
        return ()  # a broken hint is no hint: the sets may still come in the stream
