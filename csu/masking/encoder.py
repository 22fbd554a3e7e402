"""Masked pictures to H.264: the one shell of this room, around x264 inside PyAV.

Constrained Baseline, no B frames, one thread: a packet for every picture at once, the same bytes for the same pictures,
and therefore nothing in a packet's content or size that was not in the masked picture (PRV-3, PRV-4).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final, cast

import av
import numpy as np
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.frames import (
    CaptureTime,
    EncodedFormat,
    MaskedFrame,
    MaskedPacket,
    Plane,
    YuvPlanes,
    require_masked_frame,
)
from csu.hal.words import Words
from csu.masking._seal import SEAL
from csu.masking.errors import MaskError

TIME_BASE_HZ: Final = 90_000
"""RTP's clock for video: every camera's own times are whole numbers of it."""

STEP_NS = 100 * NS_PER_MS
"""A capture time that goes back by more is a corrected clock; by less, the jitter of a sender report."""

GAP_NS = 2 * NS_PER_S
"""A capture time that leaps ahead by more is a hole in the stream."""

_PENDING_MAX = 64


@dataclass(frozen=True, slots=True)
class EncoderQuality:
    """Constant quality up to a ceiling. CRF 26 ultrafast is near 42 dB on street pictures (notes on media, 4)."""

    crf: int = 26
    bits_per_s_max: int | None = None
    """None: no ceiling."""


@dataclass(frozen=True, slots=True)
class _Pending:
    camera: CameraId
    sequence: int
    captured: CaptureTime
    mask_epoch: int
    wholly_masked: bool


class MaskedEncoder:
    """Encodes one camera's masked pictures of one size and range. A key frame begins each second of capture time.

    H.264 4:2:0 knows even sizes only: a picture of odd size gets one more column or row, a copy of its last one, so
    `format` may be one pixel larger than the pictures. Not for two threads at once.
    """

    def __init__(
        self,
        camera: CameraId,
        width_px: int,
        height_px: int,
        frames_per_s: float,
        quality: EncoderQuality | None = None,
        *,
        full_range: bool = False,
    ) -> None:
        """`frames_per_s` is what the stream declares; any rate may come. Raises MaskError if x264 refuses."""
        self._camera = camera
        self._size = (width_px, height_px)
        self._full_range = full_range
        self._timeline = Timeline(round(TIME_BASE_HZ / frames_per_s))
        self._pending: dict[int, _Pending] = {}
        self._mask_epoch: int | None = None
        width_even, height_even = width_px + width_px % 2, height_px + height_px % 2
        self._context = self._open(width_even, height_even, frames_per_s, quality or EncoderQuality())
        extradata = bytes(self._context.extradata or b"")
        self._format = EncodedFormat(
            width_even, height_even, frames_per_s, TIME_BASE_HZ, codec_name(extradata), extradata
        )

    @property
    def format(self) -> EncodedFormat:
        """What readers of the packets must know; `extradata` is SPS and PPS in Annex B."""
        return self._format

    def encode(self, frame: MaskedFrame) -> list[MaskedPacket]:
        """The packets that are ready: one for each picture. Raises ClearPictureRefused for anything but a MaskedFrame,
        MaskError for a picture of another size or range (make a new encoder)."""
        require_masked_frame(frame, where=f"{self._camera}/encoder")
        self._require_same_picture_kind(frame)
        pts, is_new_second = self._timeline.place(frame.captured.at_ns)
        picture = self._picture_of(frame.planes)
        picture.pts = pts
        is_key = is_new_second or frame.mask_epoch != self._mask_epoch  # so that a recorder can cut between two epochs
        picture.pict_type = PictureType.I if is_key else PictureType.NONE
        self._mask_epoch = frame.mask_epoch
        if len(self._pending) >= _PENDING_MAX:
            raise MaskError(
                Words("x264 retient des images", "x264 keeps pictures back"),
                camera=self._camera,
                what_to_do=Words("Ouvrez un nouvel encodeur", "Begin a new encoder"),
            )
        whole = frame.covered_share >= 1.0
        self._pending[pts] = _Pending(frame.camera, frame.sequence, frame.captured, frame.mask_epoch, whole)
        return self._packets(picture)

    def flush(self) -> list[MaskedPacket]:
        """What x264 still holds (nothing, as it is set up). The encoder is at its end afterwards."""
        return self._packets(None)

    def _open(self, width_px: int, height_px: int, frames_per_s: float, quality: EncoderQuality) -> VideoCodecContext:
        try:
            return open_x264(width_px, height_px, frames_per_s, quality, full_range=self._full_range)
        except av.FFmpegError as error:
            size = f"{width_px}x{height_px}"
            raise MaskError(
                Words(
                    f"x264 refuse {size} à {frames_per_s:g} images/s : {error}",
                    f"x264 refuses {size} at {frames_per_s:g} frames/s: {error}",
                ),
                camera=self._camera,
                what_to_do=Words("Donnez un autre profil à la caméra", "Give the camera another profile"),
            ) from error

    def _packets(self, picture: VideoFrame | None) -> list[MaskedPacket]:
        packets = []
        for packet in self._context.encode(picture):
            if packet.pts is None or packet.dts is None or packet.size == 0:
                continue  # the empty packet that ends a flush
            source = self._pending.pop(packet.pts)
            packets.append(
                MaskedPacket(
                    source.camera,
                    source.sequence,
                    source.captured,
                    bytes(packet),
                    pts=packet.pts,
                    dts=packet.dts,
                    is_key=packet.is_keyframe,
                    mask_epoch=source.mask_epoch,
                    wholly_masked=source.wholly_masked,
                    seal=SEAL,
                )
            )
        return packets

    def _picture_of(self, planes: YuvPlanes) -> VideoFrame:
        whole = _in_one_piece(planes)
        if whole is not None:
            # Lent, not copied: x264 makes the one copy it needs before it returns.
            picture = VideoFrame.from_numpy_buffer(whole, "yuv420p")
        else:
            picture = VideoFrame(self._format.width_px, self._format.height_px, "yuv420p")
            for target, source in zip(picture.planes, (planes.y, planes.u, planes.v), strict=True):
                _write(target, source)
        picture.color_range = 2 if self._full_range else 1
        return picture

    def _require_same_picture_kind(self, frame: MaskedFrame) -> None:
        size = (frame.planes.width_px, frame.planes.height_px)
        if size != self._size or frame.planes.full_range != self._full_range or frame.camera != self._camera:
            came = f"{frame.camera}, {_kind(size, frame.planes.full_range)}"
            takes = f"{self._camera}, {_kind(self._size, self._full_range)}"
            raise MaskError(
                Words(
                    f"une image d'un autre flux est venue ({came}) ; cet encodeur prend {takes}",
                    f"a picture of another stream came ({came}); this encoder takes {takes}",
                ),
                camera=self._camera,
                what_to_do=Words(
                    "Ouvrez un nouvel encodeur pour le nouveau flux", "Begin a new encoder for the new stream"
                ),
            )


def _kind(size: tuple[int, int], full_range: bool) -> str:
    return f"{size[0]}x{size[1]}, {'yuvj420p' if full_range else 'yuv420p'}"


class Timeline:
    """Capture times to strictly growing pts that keep their distances, and the seconds that begin with a key frame."""

    def __init__(self, frame_ticks: int) -> None:
        self._frame_ticks = max(1, frame_ticks)
        self._origin_ns: Nanoseconds | None = None
        self._pts = -1
        self._second = -1

    def place(self, at_ns: Nanoseconds) -> tuple[int, bool]:
        """(pts, whether a new second begins). A step of the clock or a hole in the stream begins a new second too."""
        if self._origin_ns is None:
            self._origin_ns = at_ns
        raw = self._ticks(at_ns - self._origin_ns)
        is_break = self._pts >= 0 and raw - self._pts > self._ticks(GAP_NS)
        if self._pts - raw > self._ticks(STEP_NS):
            raw, is_break = self._pts + self._frame_ticks, True
            self._origin_ns = at_ns - raw * NS_PER_S // TIME_BASE_HZ
        self._pts = max(raw, self._pts + 1)
        second = self._pts // TIME_BASE_HZ
        begins = is_break or second != self._second
        self._second = second
        return self._pts, begins

    @staticmethod
    def _ticks(duration_ns: Nanoseconds) -> int:
        return duration_ns * TIME_BASE_HZ // NS_PER_S


def open_x264(
    width_px: int,
    height_px: int,
    frames_per_s: float,
    quality: EncoderQuality,
    *,
    full_range: bool = False,
    tells_bt601: bool = False,
) -> VideoCodecContext:
    """One packet for each picture at once; key frames where they are asked for. Raises av.FFmpegError.

    `tells_bt601`: the stream says that its matrix is that of BT.601; else it says nothing, and players guess by size.
    """
    context = VideoCodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - libx264 is a video codec; for mypy
    context.width, context.height, context.pix_fmt = width_px, height_px, "yuv420p"
    context.time_base = Fraction(1, TIME_BASE_HZ)
    context.framerate = Fraction(frames_per_s).limit_denominator(1001)
    context.color_range = 2 if full_range else 1
    if tells_bt601:
        context.colorspace = Colorspace.SMPTE170M
    context.thread_count = 1
    context.gop_size = max(2, round(10 * frames_per_s))  # a ceiling; key frames are asked for by capture time
    context.max_b_frames = 0
    context.flags |= Flags.global_header
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1", "crf": str(quality.crf)}
    if quality.bits_per_s_max is not None:
        context.options |= {"maxrate": str(quality.bits_per_s_max), "bufsize": str(quality.bits_per_s_max)}
    context.open()
    return context


def codec_name(extradata: bytes) -> str:
    """RFC 6381 name of an Annex B SPS: `avc1.` + profile, constraints, level in hex. Raises ValueError without one."""
    for start in range(len(extradata) - 7):
        if extradata[start : start + 3] == b"\x00\x00\x01" and extradata[start + 3] & 0x1F == 7:
            return "avc1." + extradata[start + 4 : start + 7].hex().upper()
    raise ValueError("the encoder gave no SPS")


def _in_one_piece(planes: YuvPlanes) -> Plane | None:
    """The memory of planes that lie one after the other without a gap, as `mask` makes them: (height * 3 / 2, width).

    None when they do not, or when the size is not PyAV's: it counts rows in sixths, so heights in steps of four.
    """
    whole = planes.y.base
    if not isinstance(whole, np.ndarray) or not (whole.flags.c_contiguous and whole.flags.owndata):
        return None
    luma, chroma = planes.y.size, planes.u.size
    if planes.width_px % 2 or planes.height_px % 4 or whole.nbytes != luma + 2 * chroma:
        return None
    begin = _address(whole)
    for plane, offset in ((planes.y, 0), (planes.u, luma), (planes.v, luma + chroma)):
        if plane.base is not whole or not plane.flags.c_contiguous or _address(plane) != begin + offset:
            return None
    return np.asarray(whole, np.uint8).reshape(planes.height_px * 3 // 2, planes.width_px)


def _address(plane: NDArray[np.uint8]) -> int:
    return int(plane.__array_interface__["data"][0])


def _write(target: VideoPlane, source: Plane) -> None:
    """Copy a plane into an encoder's plane of the same or one more column and row, repeating the edge."""
    # PyAV planes speak the buffer protocol; their stubs do not say so.
    rows = np.frombuffer(cast("memoryview[int]", target), np.uint8).reshape(-1, target.line_size)[
        : target.height, : target.width
    ]
    height, width = source.shape
    rows[:height, :width] = source
    if width < target.width:
        rows[:height, width:] = source[:, -1:]
    if height < target.height:
        rows[height:] = rows[height - 1]
