"""Whatever format a camera sends: what is under the cover is gone, and what leaves is 8-bit 4:2:0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.frames import CaptureTime, Chroma, ClearFrame, MaskedFrame, YuvPlanes
from csu.masking import Cover, Fill, MaskedEncoder, MaskError, fill_yuv, mask
from csu.masking._seal import SEAL


@pytest.mark.parametrize("fill", Fill)
@given(seed=st.integers(0, 10**6), width=st.integers(1, 70), height=st.integers(1, 70))
@settings(max_examples=12, deadline=None)
def test_each_sample_is_the_fill_or_the_original_whatever_is_hidden(
    wrong_in, some_cover, sent, fill, seed, width, height
):
    cover = some_cover(seed, width, height)
    assert cover.is_whole or wrong_in(sent, width, height, seed=seed, fill=fill, cover=cover) == []


@pytest.mark.parametrize("fill", Fill)
def test_equal_pictures_outside_the_cover_give_equal_bytes(noise_in, frame_of, some_cover, sent, fill):
    """Down to the packets: what was hidden changes no bit of what is kept."""
    cover = some_cover(4, 161, 91)
    sent_bytes = []
    for side in range(2):
        encoder = MaskedEncoder("cam-0042", 161, 91, 25.0, full_range=sent.full_range)
        packets = b""
        for sequence in range(3):
            planes, other = (noise_in(sent, sequence * 10 + k * side, 161, 91) for k in range(2))
            for name, cell in (("y", (16, 16)), ("u", (sent.cell_rows, 8)), ("v", (sent.cell_rows, 8))):
                plane = getattr(planes, name)
                rows, columns = np.arange(plane.shape[0]) // cell[0], np.arange(plane.shape[1]) // cell[1]
                hidden = cover.cells[np.ix_(rows, columns)]
                plane[hidden] = getattr(other, name)[hidden]
            frame = mask(frame_of(planes, sequence), cover, 1, 42, fill)
            packets += b"".join(packet.data for packet in encoder.encode(frame))
        sent_bytes.append(packets)
    assert sent_bytes[0] == sent_bytes[1]


@pytest.mark.parametrize("fill", Fill)
def test_a_whole_cover_gives_the_same_picture_whatever_was_sent(noise_in, frame_of, sent, fill):
    first, second = (
        mask(frame_of(noise_in(sent, seed, 129, 97), 7), Cover.whole(129, 97), 1, 42, fill).planes for seed in (1, 2)
    )
    assert all(np.array_equal(getattr(first, name), getattr(second, name)) for name in "yuv")
    assert (first.depth_bits, first.chroma, first.full_range, first.bt709) == (8, Chroma.C420, sent.full_range, True)


@pytest.mark.parametrize("bt709", [True, False])
def test_the_fill_looks_the_same_in_both_ranges(colour_distance, bt709):
    assert colour_distance(bt709) <= 2


def test_samples_above_ten_bits_are_white_and_not_wrapped(noise_in, frame_of, format_of):
    planes = noise_in(format_of(10, Chroma.C422, False), 1, 32, 32)
    planes.y[:] = 1023
    planes.u[:] = 0xFFFF
    masked = mask(frame_of(planes), Cover.nothing(32, 32), 1, 1).planes
    assert (masked.y == 255).all()
    assert (masked.u == 255).all()


def test_formats_may_change_from_picture_to_picture_of_one_encoder(noise_in, frame_of, every_format, some_cover):
    """Each picture is read by what it says of itself, never by what came before."""
    cover = some_cover(2, 96, 64)
    encoder = MaskedEncoder("cam-0042", 96, 64, 25.0)
    limited = [sent for sent in every_format if not sent.full_range]
    for sequence, sent in enumerate(limited + limited[::-1]):
        frame = mask(frame_of(noise_in(sent, sequence, 96, 64), sequence), cover, 1, 42)
        assert len(encoder.encode(frame)) == 1
        hidden = np.kron(cover.cells, np.ones((16, 16), bool))[:64, :96]
        assert (frame.planes.y[hidden] == fill_yuv(False)[0]).all()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: YuvPlanes(p.y, p.y, p.y),  # 4:4:4
        lambda p: YuvPlanes(p.y, p.u[:, ::2], p.v[:, ::2]),  # 4:1:1
        lambda p: YuvPlanes(p.y, p.u, p.v[:-1]),  # two kinds
        lambda p: YuvPlanes(p.y, p.u, p.v, depth_bits=10),  # said to be deep, and is not
        lambda p: YuvPlanes(*(plane.astype(np.uint16) for plane in (p.y, p.u, p.v))),  # deep, and not said to be
        lambda p: YuvPlanes(*(plane.astype(np.uint16) for plane in (p.y, p.u, p.v)), depth_bits=12),
        lambda p: YuvPlanes(*(plane.astype(np.float64) for plane in (p.y, p.u, p.v)), depth_bits=12),
        lambda p: YuvPlanes(*(plane.astype(">u2") for plane in (p.y, p.u, p.v)), depth_bits=10),
        lambda p: YuvPlanes(*(plane.ravel()[None] for plane in (p.y, p.u, p.v))),
    ],
)
def test_planes_that_are_not_what_they_say_let_no_picture_through(noise_in, frame_of, format_of, spoil):
    bad = spoil(noise_in(format_of(8, Chroma.C420, False), 1, 64, 48))
    with pytest.raises(MaskError):
        mask(frame_of(bad), Cover.nothing(64, 48), 1, 1)


def test_a_masked_frame_cannot_be_anything_but_8_bit_420(noise_in, sent):
    planes = noise_in(sent, 1, 64, 48)

    def make() -> MaskedFrame:
        captured = CaptureTime(0, from_camera=True)
        return MaskedFrame("cam-0042", 0, captured, planes, mask_epoch=1, covered_share=0.0, seal=SEAL)

    if (sent.depth_bits, sent.chroma) == (8, Chroma.C420):
        assert make().planes is planes
    else:
        with pytest.raises(ValueError, match="8-bit 4:2:0"):
            make()


def test_nobody_writes_to_a_masked_picture(noise_in, frame_of, sent):
    masked = mask(frame_of(noise_in(sent, 1, 64, 48)), Cover.nothing(64, 48), 1, 1).planes
    for plane in (masked.y, masked.u, masked.v):
        with pytest.raises(ValueError, match="read-only"):
            plane[0, 0] = 0


def test_the_shapes_of_the_planes_tell_the_chroma(noise_in, sent):
    assert noise_in(sent, 1, 65, 49).chroma is sent.chroma
    assert ClearFrame("c", 0, CaptureTime(0, True), noise_in(sent, 1, 65, 49)).planes.is_sound
