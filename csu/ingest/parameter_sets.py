"""What an H.264 sequence parameter set says of a stream, before anything is decoded. A pure core.

Written from ITU-T H.264 (2021), 7.3.2.1.1 and E.1.1. Only what admission needs is read: size, chroma, depth, interlace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

NAL_SPS = 7
_PROFILES_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_CHROMA_UNITS = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
"""Luma samples per chroma sample, (horizontal, vertical), by chroma_format_idc (table 6-1)."""


@dataclass(frozen=True, slots=True)
class SequenceParameters:
    """The facts of one SPS. `chroma`: 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. Sizes are after cropping."""

    profile: int
    chroma: int
    luma_depth_bits: int
    chroma_depth_bits: int
    width_px: int
    height_px: int
    may_interlace: bool
    """False: every picture is a whole frame. True: fields are allowed; the decoder tells per picture."""
    cropped_px: tuple[int, int] = (0, 0)
    """(columns, rows) that are coded and not shown."""


def nal_units(data: bytes) -> Iterator[bytes]:
    """NAL units of an Annex B byte string, without their start codes. Anything else yields nothing."""
    start = data.find(b"\0\0\1")
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        unit = data[start + 3 : end] if end >= 0 else data[start + 3 :]
        if unit:
            yield unit.rstrip(b"\0") if end >= 0 else unit
        start = end


def find_sps(annex_b: bytes) -> bytes | None:
    """The first SPS in an Annex B byte string (header byte included), or None."""
    return next((unit for unit in nal_units(annex_b) if unit and unit[0] & 0x1F == NAL_SPS), None)


def parse_sps(unit: bytes) -> SequenceParameters:
    """Read an SPS NAL unit, header byte included. Raises ValueError when it is not one, or is broken."""
    if len(unit) < 5 or unit[0] & 0x1F != NAL_SPS:
        raise ValueError("not a sequence parameter set")
    bits = _Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)  # constraint flags, level
    bits.unsigned()  # seq_parameter_set_id
    chroma, luma_bits, chroma_bits = 1, 8, 8
    if profile in _PROFILES_WITH_CHROMA:
        chroma, luma_bits, chroma_bits = _chroma_and_depths(bits)
    bits.unsigned()  # log2_max_frame_num_minus4
    _skip_picture_order(bits)
    bits.unsigned()  # max_num_ref_frames
    bits.take(1)  # gaps_in_frame_num_value_allowed_flag
    width = (bits.unsigned() + 1) * 16
    map_units = bits.unsigned() + 1
    frame_mbs_only = bits.take(1)
    height = map_units * 16 * (2 - frame_mbs_only)
    if not frame_mbs_only:
        bits.take(1)  # mb_adaptive_frame_field_flag
    bits.take(1)  # direct_8x8_inference_flag
    crop_x, crop_y = _cropping(bits, chroma, frame_mbs_only)
    if crop_x >= width or crop_y >= height:
        raise ValueError("cropping leaves no picture")
    size = (width - crop_x, height - crop_y)
    cropped = (crop_x, crop_y)
    return SequenceParameters(profile, chroma, luma_bits, chroma_bits, *size, not frame_mbs_only, cropped)


def _chroma_and_depths(bits: _Bits) -> tuple[int, int, int]:
    chroma = bits.unsigned()
    if chroma > 3:
        raise ValueError(f"chroma_format_idc {chroma} does not exist")
    if chroma == 3:
        bits.take(1)  # separate_colour_plane_flag
    luma_bits, chroma_bits = 8 + bits.unsigned(), 8 + bits.unsigned()
    bits.take(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.take(1):  # seq_scaling_matrix_present_flag
        for index in range(8 if chroma != 3 else 12):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma_bits, chroma_bits


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_picture_order(bits: _Bits) -> None:
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    elif kind > 2:
        raise ValueError(f"pic_order_cnt_type {kind} does not exist")


def _cropping(bits: _Bits, chroma: int, frame_mbs_only: int) -> tuple[int, int]:
    if not bits.take(1):
        return 0, 0
    unit_x, unit_y = _CHROMA_UNITS[chroma]
    left, right, top, bottom = (bits.unsigned() for _ in range(4))
    return (left + right) * unit_x, (top + bottom) * unit_y * (2 - frame_mbs_only)


class _Bits:
    """A reader of bits and Exp-Golomb numbers (H.264, 9.1)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        if count > self._left:
            raise ValueError("the sequence parameter set ends too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise ValueError("a number in the sequence parameter set is too large")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code % 2 else -(code // 2)
