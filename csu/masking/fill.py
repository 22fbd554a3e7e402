"""Destroying pixels: a fixed pattern takes the place of everything under the cover.

No blur: blurred and pixelated people could be matched or restored (notes on media, section 5). What comes out under the
cover is a function of the cover alone. Pixels are destroyed in the format they came in, in planes of our own, and only
then made 8-bit 4:2:0: a conversion that mixes rows has nothing left to mix in.
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.frame_mark import draw_mark
from csu.hal.frames import Chroma, ClearFrame, MaskedFrame, Plane, YuvPlanes
from csu.hal.words import Words
from csu.masking._seal import SEAL
from csu.masking.cover import Cover, Stencil
from csu.masking.errors import MaskError
from csu.masking.frost import TILE_PX, frost_tile

FILL_YUV = (64, 132, 125)
"""Slate, in limited range: dark enough not to dazzle on a wall at night, far enough from black to be told from a dead
picture. `fill_yuv` gives the same colour in either range."""


class Fill(StrEnum):
    """What takes the place of destroyed pixels."""

    CONSTANT = "constant"
    FROSTED = "frosted"
    """A fixed texture (`csu.masking.frost`). Nothing of the picture is in it, only the look is softer."""


def fill_yuv(full_range: bool) -> tuple[int, int, int]:
    """The fill's colour as 8-bit samples. The same light in both ranges (ITU-T H.273: 219 luma, 224 chroma steps)."""
    y, u, v = FILL_YUV
    if not full_range:
        return FILL_YUV
    return round((y - 16) * 255 / 219), 128 + round((u - 128) * 255 / 224), 128 + round((v - 128) * 255 / 224)


def mask(clear: ClearFrame, cover: Cover, mask_epoch: int, number: int, fill: Fill = Fill.CONSTANT) -> MaskedFrame:
    """`clear` with everything under `cover` destroyed, as 8-bit 4:2:0 in planes of its own that nobody can write to.

    The given planes are only read: a decoder goes on predicting from what it lent, so a write there would spoil later
    pictures. Under a whole cover no pixel is even read: the result is the fill and the frame mark (camera `number`,
    sequence) (PRV-5). Taken: 8 or 10 bits, 4:2:0 or 4:2:2, either range, any size. Raises MaskError when the cover is
    for another size or the planes are anything else: no picture then.
    """
    planes = clear.planes
    if cover.is_whole:
        _require_size(clear, cover)
        masked = _blank(planes, cover.width_px, cover.height_px, fill)
        draw_mark(masked, number, clear.sequence)
    else:
        _require_planes(clear)
        _require_size(clear, cover)
        own = _copied(planes)
        destroy(own, cover, fill)
        masked = _as_8_bit_420(own)
    for plane in (masked.y, masked.u, masked.v):
        plane.flags.writeable = False
    return MaskedFrame(
        clear.camera,
        clear.sequence,
        clear.captured,
        masked,
        mask_epoch=mask_epoch,
        covered_share=cover.share,
        seal=SEAL,
    )


def destroy(planes: YuvPlanes, cover: Cover, fill: Fill = Fill.CONSTANT) -> None:
    """Write the fill under `cover` into `planes`, in place: they must be writable and nobody else's."""
    stencil = cover.stencil
    if stencil is None:
        return
    top, left = stencil.top_px, stencil.left_px
    chroma, chroma_top = _chroma_stencil(stencil, planes.chroma)
    _fill_plane(planes.y, top, left, stencil.luma, _texture(planes, fill, 0))
    _fill_plane(planes.u, chroma_top, left // 2, chroma, _texture(planes, fill, 1))
    _fill_plane(planes.v, chroma_top, left // 2, chroma, _texture(planes, fill, 2))


def _fill_plane(plane: Plane, top: int, left: int, where: NDArray[np.uint8], texture: Plane) -> None:
    rows, columns = slice(top, top + where.shape[0]), slice(left, left + where.shape[1])
    # 2.4 times faster than a numpy boolean index (0.16 against 0.39 ms at 1080p, notes on media, section 4).
    cv2.copyTo(texture[rows, columns], where, plane[rows, columns])


def _chroma_stencil(stencil: Stencil, chroma: Chroma | None) -> tuple[NDArray[np.uint8], int]:
    """The stencil for u and v, and the row where it begins. Cells begin in even columns: half of them is exact."""
    if chroma is Chroma.C422:
        return np.ascontiguousarray(stencil.luma[:, ::2]), stencil.top_px
    return stencil.chroma, stencil.top_px // 2


_textures: dict[tuple[Fill, bool, int, int], Plane] = {}
"""By fill, range, depth and plane; each as large as the largest picture so far, shared by all cameras of a process."""


def _texture(planes: YuvPlanes, fill: Fill, index: int) -> Plane:
    """The fill for plane `index` (y, u, v) of these planes: their depth and range, at least their size; read-only."""
    height, width = (planes.y, planes.u, planes.v)[index].shape
    key = (fill, planes.full_range, planes.depth_bits, index)
    known = _textures.get(key)
    if known is None or known.shape[0] < height or known.shape[1] < width:
        old_height, old_width = (0, 0) if known is None else known.shape
        known = _make_texture(planes, fill, index, max(height, old_height), max(width, old_width))
        known.flags.writeable = False
        _textures[key] = known
    return known


def _make_texture(planes: YuvPlanes, fill: Fill, index: int, height: int, width: int) -> Plane:
    step = 1 << (planes.depth_bits - 8)
    dtype = planes.y.dtype
    if fill is Fill.CONSTANT or index:  # frost is grey: colour would differ between 4:2:0 and 4:2:2
        return np.full((height, width), fill_yuv(planes.full_range)[index] * step, dtype)
    levels = frost_tile().astype(np.int64) + FILL_YUV[0]
    if planes.full_range:
        levels = ((levels - 16) * 510 + 219) // 438
    tiles = (-(-height // TILE_PX), -(-width // TILE_PX))
    return np.asarray(np.tile((levels * step).astype(dtype), tiles)[:height, :width])


def _copied(planes: YuvPlanes) -> YuvPlanes:
    """Planes of our own in the format that came."""
    lent = (planes.y, planes.u, planes.v)
    if planes.depth_bits == 8 and planes.chroma is Chroma.C420:  # goes to the encoder as it is
        own = _new_i420(planes.width_px, planes.height_px)
        for target, source in zip(own, lent, strict=True):
            np.copyto(target, source)
    else:
        own = (planes.y.copy(order="C"), planes.u.copy(order="C"), planes.v.copy(order="C"))
    return replace(planes, y=own[0], u=own[1], v=own[2])


def _as_8_bit_420(own: YuvPlanes) -> YuvPlanes:
    """Planes of ours in the one format that leaves this room. Rows are averaged in pairs, where broadcasting sites the
    chroma of 4:2:0; a pair never lies in two cells."""
    if own.depth_bits == 8 and own.chroma is Chroma.C420:
        return own
    y, u, v = _new_i420(own.width_px, own.height_px)
    share = 1 / (1 << (own.depth_bits - 8))
    cv2.convertScaleAbs(own.y, y, alpha=share)
    for source, target in ((own.u, u), (own.v, v)):
        if own.chroma is Chroma.C422:
            lower = source[1::2] if len(source) % 2 == 0 else np.vstack((source[1::2], source[-1:]))
            cv2.convertScaleAbs(cv2.add(source[::2], lower, dtype=cv2.CV_16U), target, alpha=share / 2)
        else:
            cv2.convertScaleAbs(source, target, alpha=share)
    return replace(own, y=y, u=u, v=v, depth_bits=8)


def _blank(lent: YuvPlanes, width_px: int, height_px: int, fill: Fill) -> YuvPlanes:
    """Nothing but fill, of the colour and range that `lent` declares; its pixels are not read."""
    y, u, v = _new_i420(width_px, height_px)
    blank = YuvPlanes(y, u, v, lent.full_range, lent.bt709)
    for index, plane in enumerate((y, u, v)):
        np.copyto(plane, _texture(blank, fill, index)[: plane.shape[0], : plane.shape[1]])
    return blank


def _new_i420(width_px: int, height_px: int) -> tuple[Plane, Plane, Plane]:
    """New planes one after the other in one piece of memory, which an encoder takes without another copy."""
    chroma_height, chroma_width = (height_px + 1) // 2, (width_px + 1) // 2
    luma, chroma = height_px * width_px, chroma_height * chroma_width
    whole = np.empty(luma + 2 * chroma, np.uint8)
    return (
        whole[:luma].reshape(height_px, width_px),
        whole[luma : luma + chroma].reshape(chroma_height, chroma_width),
        whole[luma + chroma :].reshape(chroma_height, chroma_width),
    )


def _require_planes(clear: ClearFrame) -> None:
    if not clear.planes.is_sound:
        raise MaskError(
            Words(
                "l'image n'est ni en 4:2:0 ni en 4:2:2 sur 8 ou 10 bits",
                "the planes are no 4:2:0 or 4:2:2 picture of 8 or 10 bits",
            ),
            camera=clear.camera,
            what_to_do=Words(
                "Refusez ce flux, ou convertissez-le en yuv420p avant le masque",
                "Refuse this stream or convert it to yuv420p before masking",
            ),
        )


def _require_size(clear: ClearFrame, cover: Cover) -> None:
    size = (clear.planes.width_px, clear.planes.height_px)
    if size != (cover.width_px, cover.height_px):
        seen, covered = f"{size[0]}x{size[1]}", f"{cover.width_px}x{cover.height_px}"
        raise MaskError(
            Words(f"l'image fait {seen}, son masque {covered}", f"the picture is {seen}, its cover {covered}"),
            camera=clear.camera,
            what_to_do=Words(
                "Faites un nouveau masque pour la nouvelle taille ; l'image n'est pas passée",
                "Make a new CoverPolicy for the new size; the picture was not let through",
            ),
        )
