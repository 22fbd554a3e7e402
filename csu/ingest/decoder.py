"""From packets to pictures, one thread, nothing copied. The shell around the decoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.frames import Plane, YuvPlanes
from csu.hal.words import Words
from csu.ingest.admission import PICTURE_PX_MAX, Admission
from csu.ingest.errors import CameraLost

_FULL_RANGE = int(ColorRange.JPEG)
BROKEN_PACKETS_MAX = 100
"""Packets in a row that the decoder refuses before the connection is given up."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture that was admitted. `planes` view the decoder's own memory: reading only."""

    planes: YuvPlanes
    pts_ns: Nanoseconds
    is_key: bool
    """Nothing of it was predicted from a picture before."""


class Decoder:
    """One connection's H.264 decoder. It predicts from the planes it lends: a write there spoils later pictures."""

    def __init__(self, camera: CameraId, context: VideoCodecContext, admission: Admission, *, is_annex_b: bool) -> None:
        """`is_annex_b`: parameter sets come inside the packets (RTSP), not beside them (a clip)."""
        self._camera = camera
        self._is_annex_b = is_annex_b
        self._context = context
        self._admission = admission
        self._broken = 0
        context.thread_count = 1
        context.thread_type = "NONE"
        context.options = {**context.options, "max_pixels": str(PICTURE_PX_MAX)}

    def decode(self, packet: Packet[VideoStream]) -> list[Picture]:
        """Pictures that are ready after `packet`. Raises StreamUnsupported, CameraLost."""
        if packet.is_keyframe or not self._admission.saw_picture:
            self._admission.packet(bytes(packet) if self._is_annex_b else b"")
        try:
            frames = self._context.decode(packet)
        except av.FFmpegError:
            self._broken += 1
            if self._broken > BROKEN_PACKETS_MAX and self._admission.saw_picture:
                raise CameraLost(
                    Words(
                        f"{self._broken} paquets de suite indécodables",
                        f"{self._broken} packets in a row could not be decoded",
                    ),
                    where=self._camera,
                    what_to_do=Words(
                        "La connexion se refait d'elle-même ; vérifiez le réseau vers cette caméra",
                        "The connection is made again by itself; check the network to this camera",
                    ),
                ) from None
            return []
        self._broken = 0
        return [picture for frame in frames if (picture := self._picture(frame)) is not None]

    def drain(self) -> list[Picture]:
        """Pictures still inside; the decoder is then as new."""
        frames = self._context.decode(None)
        self._context.flush_buffers()
        return [picture for frame in frames if (picture := self._picture(frame)) is not None]

    def forget(self) -> None:
        """Drop what is inside: packets were left out on purpose, the next one is a key frame."""
        self._context.flush_buffers()

    def _picture(self, frame: VideoFrame) -> Picture | None:
        samples = self._admission.picture(
            frame.format.name,
            frame.width,
            frame.height,
            is_interlaced=frame.interlaced_frame,
            is_full_range=int(frame.color_range) == _FULL_RANGE,
        )
        seconds = frame.time_base
        if frame.pts is None or seconds is None:
            return None
        y, u, v = (_view(plane, samples.depth_bits) for plane in frame.planes)
        pts_ns = frame.pts * seconds.numerator * NS_PER_S // seconds.denominator
        planes = YuvPlanes(y, u, v, samples.full_range, _is_bt709(frame), samples.depth_bits)
        return Picture(planes, pts_ns, bool(frame.key_frame))


def _view(plane: VideoPlane, depth_bits: int) -> Plane:
    # The rows of a decoder's plane are padded: `line_size` bytes apart, `width` samples of them picture.
    # PyAV planes speak the buffer protocol; their stubs do not say so.
    octets = np.frombuffer(cast("memoryview[int]", plane), np.uint8)
    # Deeper samples are uint16 in a `Plane`: `depth_bits` goes with them, and only csu.masking opens them.
    samples = octets if depth_bits == 8 else cast("Plane", octets.view("<u2"))
    return samples.reshape(plane.height, -1)[:, : plane.width]


def _is_bt709(frame: VideoFrame) -> bool | None:
    return _BT709.get(int(frame.colorspace))


_BT709 = {int(Colorspace.ITU709): True, int(Colorspace.ITU601): False}
