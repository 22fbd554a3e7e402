"""Non-interference: what happens under the cover changes nothing, not one bit, in anything that leaves the mask.

Pairs of inputs that are equal outside the cover and arbitrary inside. Encoder input, encoded bytes, stills, sizes and
flags must be identical (notes on media, section 5, criterion 1). It is proved for pictures; what a camera's own encoder
spills from inside a dwelling to outside the cover came with the clear stream and is for the cover's rim of a cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from csu.hal.chance import Chance
from csu.hal.frames import Chroma, MaskedFrame, Plane, YuvPlanes
from csu.masking import encoder as encoder_module
from csu.masking import fill as fill_module
from csu.masking import still as still_module
from csu.masking.cover import Cover, cell_shape
from csu.masking.fill import Fill
from csu.masking.proof.footage import (
    CAMERA,
    FRAMES_PER_S,
    NUMBER,
    PictureKind,
    clear_frame,
    laid_over,
    pixels_of,
    street,
)
from csu.masking.proof.noise import noise

PICTURES = 3
SIZES_PX = ((96, 64), (98, 66), (145, 81))

Bytes = Callable[[Sequence[MaskedFrame]], bytes]
"""A path of another room: masked pictures of one camera -> all the bytes that it wrote or sent."""

LIVES = ("noise", "face", "black", "other footage")
"""What is put under the cover, each against the street that goes on there."""


def interference(
    rounds: Iterable[int],
    chance: Chance,
    kinds: Sequence[PictureKind],
    paths: Mapping[str, Bytes] | None = None,
) -> list[str]:
    """What differs between the outputs of the pairs, in words; nothing when the mask holds."""
    found = []
    for number in rounds:
        dice = chance.stream(f"interference/{number}")
        width, height = SIZES_PX[number % len(SIZES_PX)]
        cover = _some_cover(dice, width, height)
        for kind in kinds:
            fill = tuple(Fill)[dice.integer(0, 1)]
            street_life = _outputs(dice, cover, kind, fill, None, paths or {})
            for life in LIVES:
                other = _outputs(dice, cover, kind, fill, life, paths or {})
                found += [
                    f"{name}: {life}, {kind}, {fill}, round {number}"
                    for name in street_life
                    if street_life[name] != other[name]
                ]
    return found


def _outputs(
    dice: Chance, cover: Cover, kind: PictureKind, fill: Fill, life: str | None, paths: Mapping[str, Bytes]
) -> dict[str, bytes]:
    """All that leaves the mask for one camera, by name."""
    width, height = cover.width_px, cover.height_px
    frames, lent = [], []
    for sequence in range(PICTURES):
        seen = street(dice, width, height, sequence, kind)
        if life is not None:
            inside = _inside(life, seen, dice.stream(f"{life}/{sequence}"), kind)
            seen = laid_over(seen, inside, pixels_of(cover.cells, width, height))
        before = [plane.copy() for plane in (seen.y, seen.u, seen.v)]
        frames.append(fill_module.mask(clear_frame(seen, sequence), cover, 1, NUMBER, fill))
        if any((a != b).any() for a, b in zip(before, (seen.y, seen.u, seen.v), strict=True)):
            lent.append(f"{life} {sequence}")  # a decoder goes on predicting from what it lent
    encoder = encoder_module.MaskedEncoder(CAMERA, width, height, FRAMES_PER_S, full_range=kind.full_range)
    packets = [packet for frame in frames for packet in encoder.encode(frame)] + encoder.flush()
    found = {f"plane {n}": b"".join(getattr(f.planes, n).tobytes() for f in frames) for n in ("y", "u", "v")}
    found["packets"] = b"".join(packet.data for packet in packets)
    found["packet sizes, times and keys"] = repr([(len(p.data), p.pts, p.dts, p.is_key) for p in packets]).encode()
    found["snapshots"] = b"".join(still_module.still_of(frame, width) for frame in frames)
    found["thumbnails"] = b"".join(still_module.still_of(frame, width // 2) for frame in frames)
    found["the decoder's own planes"] = repr(lent).encode()
    found["covered share"] = repr([frame.covered_share for frame in frames]).encode()
    return found | {name: path(frames) for name, path in paths.items()}


def _inside(life: str, like: YuvPlanes, dice: Chance, kind: PictureKind) -> YuvPlanes:
    if life == "other footage":
        return street(dice, like.width_px, like.height_px, 0, kind)
    y, u, v = (_plane(life, plane, dice, kind) for plane in (like.y, like.u, like.v))
    return YuvPlanes(y, u, v, like.full_range, like.bt709, like.depth_bits)


def _plane(life: str, like: Plane, dice: Chance, kind: PictureKind) -> Plane:
    if life == "black":
        return np.zeros_like(like)
    step = 1 << (kind.depth_bits - 8)
    levels = noise(dice, like.shape) if life == "noise" else _faces(like.shape)
    return np.asarray(levels.astype(like.dtype) * step, like.dtype)


def _faces(shape: tuple[int, ...]) -> Plane:
    """Ovals with eyes and a mouth, side by side: what a detector or a person would find."""
    rows, columns = np.indices(shape)
    y, x = (rows % 40 - 20) / 18, (columns % 32 - 16) / 13
    face = np.where(x**2 + y**2 < 1, 190, 70)
    eyes = ((np.abs(x) - 0.4) ** 2 + (y + 0.25) ** 2 < 0.03) | ((np.abs(x) < 0.4) & (np.abs(y - 0.5) < 0.1))
    return np.where(eyes, 30, face).astype(np.uint8)


def _some_cover(dice: Chance, width_px: int, height_px: int) -> Cover:
    """Cells by chance, the last row and column among them."""
    cells = noise(dice.stream("cover"), cell_shape(width_px, height_px)) < 110
    cells[-1, -1], cells[0, 0] = True, False
    return Cover(width_px, height_px, cells)


EVERY_KIND = (PictureKind(), PictureKind(8, Chroma.C422, True), PictureKind(10), PictureKind(10, Chroma.C422))
"""Enough of them to meet each conversion once."""
