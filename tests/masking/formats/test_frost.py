"""The frosted fill: always the same, from no picture, soft, and nearly free to encode."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from csu.hal.frame_mark import FrameMark, read_mark
from csu.hal.frames import Chroma, YuvPlanes
from csu.masking import Cover, Fill, MaskedEncoder, mask
from csu.masking.frost import CONTRAST_LEVELS, TILE_PX, frost_tile


def test_the_pattern_is_the_same_on_every_machine_and_for_ever():
    digest = hashlib.sha256(frost_tile().astype("<i2").tobytes()).hexdigest()
    assert digest[:16] == "2815438debe69c67"


def test_the_pattern_is_faint_smooth_and_without_a_seam():
    tile = frost_tile().astype(int)
    assert (tile.min(), tile.max()) == (-CONTRAST_LEVELS, CONTRAST_LEVELS)
    assert abs(tile.mean()) < 2
    for axis in (0, 1):
        assert abs(np.diff(tile, axis=axis, append=tile.take([0], axis))).max() <= 2


def test_every_camera_and_every_picture_has_the_same_frost(noise_in, frame_of, format_of):
    sent = format_of(8, Chroma.C420, False)
    small, large = (
        mask(frame_of(noise_in(sent, side, side, side), side), Cover.whole(side, side), 1, side, Fill.FROSTED).planes
        for side in (256, 2 * TILE_PX + 80)
    )
    assert np.array_equal(small.y[:200, :256], large.y[:200, :256])
    assert np.array_equal(large.y[:200, :TILE_PX], large.y[:200, TILE_PX : 2 * TILE_PX])


def test_a_wholly_frosted_picture_still_tells_whose_it_is(noise_in, frame_of, sent):
    masked = mask(frame_of(noise_in(sent, 1, 640, 360), 9), Cover.whole(640, 360), 1, 42, Fill.FROSTED)
    assert read_mark(masked.planes.y) == FrameMark(42, 9)


@pytest.mark.parametrize(("fill", "bits_per_px_max"), [(Fill.CONSTANT, 0.1), (Fill.FROSTED, 0.3)])
def test_a_second_of_frost_costs_less_than_a_third_of_a_bit_for_each_pixel(
    noise_in, frame_of, format_of, fill, bits_per_px_max
):
    """A street costs ten times as much: it stands still."""
    encoder = MaskedEncoder("cam-0042", 640, 352, 25.0)
    noise = noise_in(format_of(8, Chroma.C420, False), 1, 640, 352)
    planes = YuvPlanes(*(np.full_like(plane, 90) for plane in (noise.y, noise.u, noise.v)))
    cells = np.ones((22, 40), bool)
    cells[0, 0] = False  # not whole: no frame mark that changes
    sizes = [
        len(packet.data)
        for sequence in range(25)
        for packet in encoder.encode(mask(frame_of(planes, sequence), Cover(640, 352, cells), 1, 42, fill))
    ]
    assert sum(sizes) * 8 < bits_per_px_max * 640 * 352
    assert max(sizes[15:]) < 200
