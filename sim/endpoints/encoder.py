"""From planes to packets' payloads: real encoders (libx264, libx265 through PyAV; JPEG through OpenCV)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from csu.hal.clock import Nanoseconds
from sim.endpoints.rtp import packetise_h264, packetise_h265, packetise_jpeg, split_annex_b
from sim.endpoints.spec import Codec
from sim.street.i420 import I420, new_i420

_CRF = 24
"""Looks clean on the street at 640x360 and stays near 0.5 Mbit/s."""
_MAX_KBIT_PER_MPX_S = 900
"""Ceiling of the rate for one million pixels a second; a scene change must not fill the clients' buffers."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How x264 is set up for a codec."""

    pixel_format: str
    profile: str
    params: str = "range=tv"


_X264 = {
    Codec.H264: _Kind("yuv420p", "baseline"),
    Codec.H264_10_BIT: _Kind("yuv420p10le", "high10"),
    Codec.H264_422: _Kind("yuv422p", "high422"),
    Codec.H264_422_10_BIT: _Kind("yuv422p10le", "high422"),
    Codec.H264_FULL_RANGE: _Kind("yuvj420p", "baseline", "range=pc"),
    Codec.H264_INTERLACED: _Kind("yuv420p", "high", "range=tv:tff=1"),
}


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One picture ready to travel, as RTP payloads; the first `parameter_payloads` of them are SPS and PPS."""

    payloads: tuple[bytes, ...]
    parameter_payloads: int
    is_key: bool
    captured_at_ns: Nanoseconds
    size_bytes: int


class Encoder:
    """One encoder of one stream: no B frames, one thread. Not thread-safe."""

    def __init__(
        self, codec: Codec, width_px: int, height_px: int, frames_per_s: int, gop_pictures: int | None = None
    ) -> None:
        """`gop_pictures`: from one key frame to the next; None: a second."""
        self.codec = codec
        self.size_px = (width_px, height_px)
        self._count = 0
        gop = gop_pictures or frames_per_s
        self._context = None if codec is Codec.MJPEG else _open(codec, width_px, height_px, frames_per_s, gop)

    def encode(self, picture: I420, captured_at_ns: Nanoseconds, *, force_key: bool = False) -> EncodedPicture:
        """Encode one picture at once (no delay). `picture` must not change until this returns."""
        if self._context is None:
            return _jpeg(picture, captured_at_ns)
        data, is_key = self.annex_b(picture, force_key=force_key)
        return _encoded(self.codec, data, captured_at_ns, is_key=is_key)

    def annex_b(self, picture: I420, *, force_key: bool = False) -> tuple[bytes, bool]:
        """As `encode`, as the encoder gives it, and whether it is a key frame. Raises TypeError for JPEG."""
        if self._context is None:
            raise TypeError("a JPEG is no stream of NAL units")
        frame = VideoFrame.from_numpy_buffer(picture, format="yuv420p")
        if self.codec in _X264:
            frame = frame.reformat(format=_X264[self.codec].pixel_format)
        frame.pts = self._count
        frame.pict_type = PictureType.I if force_key or self._count == 0 else PictureType.NONE
        self._count += 1
        packets = self._context.encode(frame)
        if len(packets) != 1:
            raise RuntimeError(f"{self.codec}: the encoder gave {len(packets)} packets for one picture")
        return bytes(packets[0]), packets[0].is_keyframe


@cache
def parameter_sets(codec: Codec, width_px: int, height_px: int, frames_per_s: int) -> tuple[bytes, ...]:
    """The VPS/SPS/PPS that `Encoder` will send, found by encoding one grey picture. Empty for JPEG."""
    if codec is Codec.MJPEG:
        return ()
    context = _open(codec, width_px, height_px, frames_per_s, frames_per_s)
    frame = VideoFrame.from_numpy_buffer(new_i420(width_px, height_px), format="yuv420p")
    if codec in _X264:
        frame = frame.reformat(format=_X264[codec].pixel_format)
    frame.pts = 0
    packets = context.encode(frame)
    is_parameter = _is_h265_parameter if codec is Codec.HEVC else _is_h264_parameter
    return tuple(nal for packet in packets for nal in split_annex_b(bytes(packet)) if is_parameter(nal))


def _open(codec: Codec, width_px: int, height_px: int, frames_per_s: int, gop_pictures: int) -> VideoCodecContext:
    name = "libx265" if codec is Codec.HEVC else "libx264"
    context = av.CodecContext.create(name, "w")
    if not isinstance(context, VideoCodecContext):
        raise TypeError(f"{name} is no video encoder")
    context.width, context.height = width_px, height_px
    kind = _X264.get(codec, _X264[Codec.H264])
    context.pix_fmt = kind.pixel_format
    context.time_base = Fraction(1, frames_per_s)
    context.framerate = Fraction(frames_per_s, 1)
    context.thread_count = 1
    context.max_b_frames = 0
    kbit = max(100, width_px * height_px * frames_per_s * _MAX_KBIT_PER_MPX_S // 1_000_000)
    common = f"keyint={gop_pictures}:scenecut=0:bframes=0:repeat-headers=1"
    if codec is Codec.HEVC:
        params = f"{common}:log-level=none:pools=none:frame-threads=1"
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(_CRF), "x265-params": params}
        return context
    # colormatrix: OpenCV's conversion to I420 is BT.601; saying so spares viewers a guess.
    params = f"{common}:sliced-threads=0:vbv-maxrate={kbit}:vbv-bufsize={kbit}:colormatrix=smpte170m:{kind.params}"
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": kind.profile,
        "crf": str(_CRF),
        "forced-idr": "1",
        "x264-params": params,
    }
    return context


def _is_h264_parameter(nal: bytes) -> bool:
    return nal[0] & 0x1F in (7, 8)


def _is_h265_parameter(nal: bytes) -> bool:
    return (nal[0] >> 1) & 0x3F in (32, 33, 34)


def _is_h264_noise(nal: bytes) -> bool:
    return nal[0] & 0x1F in (6, 9)  # SEI (the encoder's advertisement) and delimiters


def _encoded(codec: Codec, data: bytes, captured_at_ns: Nanoseconds, *, is_key: bool) -> EncodedPicture:
    packetise: Callable[[bytes], list[bytes]] = packetise_h264
    nals = split_annex_b(data)
    if codec is Codec.HEVC:
        packetise = packetise_h265
        front = [nal for nal in nals if _is_h265_parameter(nal)]
        rest = [nal for nal in nals if not _is_h265_parameter(nal)]
    else:
        front = [nal for nal in nals if _is_h264_parameter(nal)]
        rest = [nal for nal in nals if not _is_h264_parameter(nal) and not _is_h264_noise(nal)]
    payloads = front + [payload for nal in rest for payload in packetise(nal)]
    return EncodedPicture(tuple(payloads), len(front), is_key, captured_at_ns, len(data))


def jpeg_of(picture: I420) -> bytes:
    """A JPEG file of one picture."""
    image = cv2.cvtColor(picture, cv2.COLOR_YUV2BGR_I420)
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])
    if not good:
        raise RuntimeError("OpenCV could not make a JPEG")
    return np.asarray(data, np.uint8).tobytes()


def _jpeg(picture: I420, captured_at_ns: Nanoseconds) -> EncodedPicture:
    jpeg = jpeg_of(picture)
    return EncodedPicture(tuple(packetise_jpeg(jpeg)), 0, True, captured_at_ns, len(jpeg))
