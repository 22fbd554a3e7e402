"""What is kept of a camera's packet: the slices of its picture, and nothing its maker put beside them.

Supplemental information, auxiliary pictures and extensions (H.264, 7.4.1: types 6, 9 to 31) can hold what no decoder of
ours shows and no audit sees: they are left out. Parameter sets go into the format, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SLICE, PARTITIONS, IDR, SPS, PPS = 1, (2, 3, 4), 5, 7, 8
_START = b"\0\0\0\1"


class PacketNotKept(ValueError):
    """The packet is no plain H.264 picture in Annex B; as text: why, for a log."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: `slices` in Annex B; parameter sets that came with it, in order, without start codes."""

    slices: bytes
    is_idr: bool
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]


def read_access_unit(data: bytes) -> AccessUnit:
    """Take a packet apart. Raises PacketNotKept."""
    if not data.startswith((_START, _START[1:])):
        raise PacketNotKept("it does not begin with a start code")
    units = [unit for unit in nal_units(data) if unit]
    kinds = [unit[0] & 0x1F for unit in units]
    if any(kind in PARTITIONS for kind in kinds):
        raise PacketNotKept("its slices are partitioned")
    slices = [unit for unit, kind in zip(units, kinds, strict=True) if kind in (SLICE, IDR)]
    if not slices or len({unit[0] & 0x1F for unit in slices}) != 1:
        raise PacketNotKept("it holds no whole picture")
    sps = tuple(unit for unit, kind in zip(units, kinds, strict=True) if kind == SPS)
    pps = tuple(unit for unit, kind in zip(units, kinds, strict=True) if kind == PPS)
    return AccessUnit(b"".join(_START + unit for unit in slices), slices[0][0] & 0x1F == IDR, sps, pps)


def parameter_sets(annex_b: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """(SPS, PPS) in an Annex B byte string, in order, each once."""
    units = list(dict.fromkeys(unit for unit in nal_units(annex_b) if unit))
    return tuple(u for u in units if u[0] & 0x1F == SPS), tuple(u for u in units if u[0] & 0x1F == PPS)


def extradata(sps: tuple[bytes, ...], pps: tuple[bytes, ...]) -> bytes:
    """Parameter sets as `EncodedFormat.extradata`."""
    return b"".join(_START + unit for unit in (*sps, *pps))


def may_hold_second_picture(pps: bytes) -> bool:
    """Whether slices may come twice (redundant pictures) or in groups: a decoder shows only one of them (7.3.2.2)."""
    try:
        return _reads_second_picture(pps)
    except IndexError:
        return True  # it ends too early: nobody knows


def _reads_second_picture(pps: bytes) -> bool:
    bits = _Bits(pps[1:].replace(b"\0\0\3", b"\0\0"))
    bits.skip_numbers(2)  # ids of the picture and of the sequence parameter set
    bits.take(2)  # entropy coding, picture order
    if bits.number():  # more than one slice group
        return True
    bits.skip_numbers(2)  # reference pictures
    bits.take(3)  # weighted prediction
    bits.skip_numbers(3)  # quantisers, chroma
    bits.take(2)  # deblocking, constrained intra prediction
    return bool(bits.take(1))


def nal_units(data: bytes) -> Iterator[bytes]:
    """NAL units of an Annex B byte string, without start codes and trailing zeros."""
    start = data.find(b"\0\0\1")
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        yield (data[start + 3 : end] if end >= 0 else data[start + 3 :]).rstrip(b"\0")
        start = end


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def number(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def skip_numbers(self, count: int) -> None:
        for _ in range(count):
            self.number()
