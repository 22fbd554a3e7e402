"""By-products: nothing of an engine-masked camera's own stream is left in what a node wrote or sent.

Given the packets as the camera sent them and all bytes that went out, finds any run they share, and the packet sizes
told in any usual way: the sizes alone say what goes on inside a mask (notes on media, section 6). Motion vectors of the
camera are inside its packets; those of our own encoder come from masked pictures (`interference`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

RUN_BYTES = 32
"""A shared run of this length is no accident: 2^-256."""
_STEP = 16
"""Any run of 2 * 16 - 1 bytes holds a whole piece of 16 that begins at a multiple of 16 in the original."""
_LEVELS_MIN = 8
"""A run of fewer different bytes is filler, which everybody writes."""
SIZES_IN_A_ROW = 6

Bytes8 = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Trace:
    """Something of the camera's own stream in what went out."""

    where: str
    offset: int
    what: str


def traces(original: Sequence[bytes], written: Mapping[str, bytes], ours: Iterable[bytes] = ()) -> list[Trace]:
    """What of `original` (packets in order) is in `written` (bytes by name of a file or path). Nothing is right.

    `ours`: what our own encoder says in every stream (parameter sets, the line in which x264 presents itself): a camera
    that encodes with the same library says it too, and it tells nothing.
    """
    known = b"\xff\x00\xff".join(ours)
    index = _index(original)
    found = []
    for name, data in written.items():
        found += _shared_runs(name, data, original, index, known)
        found += _sizes(name, data, [len(packet) for packet in original])
    return found


def _index(original: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    """Pieces of `_STEP` bytes -> the first packet and offset where they are."""
    index: dict[bytes, tuple[int, int]] = {}
    for number, packet in enumerate(original):
        for offset in range(0, len(packet) - _STEP + 1, _STEP):
            index.setdefault(packet[offset : offset + _STEP], (number, offset))
    return index


def _shared_runs(
    name: str, data: bytes, original: Sequence[bytes], index: Mapping[bytes, tuple[int, int]], known: bytes
) -> list[Trace]:
    found = []
    reached = 0
    for offset in _candidates(data, index):
        place = index.get(data[offset : offset + _STEP])
        if place is None or offset < reached:
            continue
        begin, end = _run(data, offset, original[place[0]], place[1])
        run = data[begin:end]
        if len(run) >= RUN_BYTES and len(set(run)) >= _LEVELS_MIN and run not in known:
            found.append(Trace(name, begin, f"{len(run)} bytes of packet {place[0]}"))
            reached = end
    return found


def _candidates(data: bytes, index: Mapping[bytes, tuple[int, int]]) -> list[int]:
    """Offsets in `data` whose first 8 bytes are those of an indexed piece: all of them at once."""
    if len(data) < _STEP or not index:
        return []
    heads = np.unique(np.frombuffer(b"".join(piece[:8] for piece in index), np.uint64))
    usable = len(data) - 7
    found = []
    for phase in range(8):
        words = np.frombuffer(data, np.uint64, count=(len(data) - phase) // 8, offset=phase)
        found.append(np.flatnonzero(np.isin(words, heads)) * 8 + phase)
    return [int(offset) for offset in np.sort(np.concatenate(found)) if offset < usable]


def _run(data: bytes, offset: int, packet: bytes, at: int) -> tuple[int, int]:
    """[begin, end) in `data` of the longest run it shares with `packet` around that place."""
    begin, back = offset, at
    while begin > 0 and back > 0 and data[begin - 1] == packet[back - 1]:
        begin, back = begin - 1, back - 1
    end, on = offset, at
    while end < len(data) and on < len(packet) and data[end] == packet[on]:
        end, on = end + 1, on + 1
    return begin, end


def _sizes(name: str, data: bytes, sizes: Sequence[int]) -> list[Trace]:
    """The camera's packet sizes in a row: as text, or as numbers of 2, 4 or 8 bytes, of either order."""
    found = []
    for first in range(len(sizes) - SIZES_IN_A_ROW + 1):
        row = sizes[first : first + SIZES_IN_A_ROW]
        if len(set(row)) < SIZES_IN_A_ROW // 2:
            continue  # a row of equal sizes is anybody's
        what = f"the sizes of packets {first} to {first + SIZES_IN_A_ROW - 1}"
        for kind in ("<u2", ">u2", "<u4", ">u4", "<u8", ">u8"):
            if max(row) < 1 << (8 * int(kind[-1])):
                at = data.find(np.array(row, kind).tobytes())
                found += [Trace(name, at, f"{what}, as {kind}")] if at >= 0 else []
        text = re.search(rb"(?<!\d)" + rb"\D{1,40}?".join(str(size).encode() for size in row) + rb"(?!\d)", data)
        found += [Trace(name, text.start(), f"{what}, as text")] if text else []
    return found


def size_correlation(original: Sequence[int], sent: Sequence[int]) -> float:
    """How much our packet sizes follow the camera's, -1 to 1; 0 where either never changes. For people to judge: a
    street that is seen makes both follow it."""
    if len(original) != len(sent) or len(original) < 2 or _is_flat(original) or _is_flat(sent):
        return 0.0
    return float(np.corrcoef(np.array(original, np.float64), np.array(sent, np.float64))[0, 1])


def _is_flat(values: Sequence[int]) -> bool:
    return all(a == b for a, b in pairwise(values))
