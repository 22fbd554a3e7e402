"""What is under the cover is gone; what is outside is untouched; what was lent is as it was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.frame_mark import FrameMark, read_mark
from csu.hal.frames import YuvPlanes
from csu.masking import FILL_YUV, Cover, MaskError, mask


@pytest.mark.requirement("PRV-3", "PRV-4")
@given(seed=st.integers(0, 10**6), width=st.integers(16, 130), height=st.integers(16, 130), share=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_what_is_under_the_cover_leaves_no_trace_in_planes_or_packets(
    traces_of_the_hidden, some_cover, seed, width, height, share
):
    assert traces_of_the_hidden(seed, some_cover(seed, width, height, share)) == []


@pytest.mark.requirement("PRV-4")
@given(seed=st.integers(0, 10**6), width=st.integers(1, 70), height=st.integers(1, 70), padded=st.booleans())
@settings(max_examples=60, deadline=None)
def test_each_sample_is_the_constant_or_the_original(
    clear_frame, noise_planes, some_cover, seed, width, height, padded
):
    planes, cover = noise_planes(seed, width, height, padded=padded), some_cover(seed, width, height)
    if cover.is_whole:
        return
    masked = mask(clear_frame(planes), cover, 1, 1).planes
    for plane, original, cell, value in zip(
        (masked.y, masked.u, masked.v), (planes.y, planes.u, planes.v), (16, 8, 8), FILL_YUV, strict=True
    ):
        hidden = np.kron(cover.cells, np.ones((cell, cell), bool))[: plane.shape[0], : plane.shape[1]]
        assert (plane[hidden] == value).all()
        assert (plane[~hidden] == original[~hidden]).all()


@pytest.mark.requirement("PRV-5")
def test_a_whole_cover_leaves_a_constant_and_the_frame_mark(clear_frame, noise_planes):
    cover = Cover.whole(640, 361)
    first, second = (mask(clear_frame(noise_planes(seed, 640, 361), 1030), cover, 1, 42) for seed in (1, 2))
    assert all(np.array_equal(getattr(first.planes, name), getattr(second.planes, name)) for name in "yuv")
    assert read_mark(first.planes.y) == FrameMark(42, 1030 % 1024)
    assert (first.planes.y[:300] == FILL_YUV[0]).all()
    assert first.covered_share == 1.0


def test_a_decoders_planes_are_never_written_to(decoder_planes_changed):
    assert not decoder_planes_changed()


def test_read_only_planes_can_be_masked(clear_frame, noise_planes, some_cover):
    planes = noise_planes(1, 64, 48)
    for plane in (planes.y, planes.u, planes.v):
        plane.flags.writeable = False
    mask(clear_frame(planes), some_cover(1, 64, 48), 1, 1)


def test_the_result_shares_no_memory_with_what_was_lent(clear_frame, noise_planes):
    planes = noise_planes(1, 64, 48)
    masked = mask(clear_frame(planes), Cover.nothing(64, 48), 1, 1).planes
    assert not any(np.shares_memory(getattr(masked, name), getattr(planes, name)) for name in "yuv")


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("cover", [Cover.whole(64, 48), Cover.nothing(64, 48)])
def test_what_the_frame_says_of_itself_is_kept(clear_frame, noise_planes, cover, full_range):
    clear = clear_frame(noise_planes(1, 64, 48, full_range=full_range), sequence=9)
    masked = mask(clear, cover, mask_epoch=7, number=3)
    assert (masked.camera, masked.sequence, masked.captured, masked.mask_epoch) == (clear.camera, 9, clear.captured, 7)
    assert masked.planes.full_range is full_range


@pytest.mark.requirement("PRV-5")
@pytest.mark.parametrize("cover", [Cover.nothing(64, 64), Cover.nothing(80, 48), Cover.whole(128, 96)])
def test_a_cover_for_another_size_lets_no_picture_through(clear_frame, noise_planes, cover):
    with pytest.raises(MaskError, match="cam-0042.*64x48"):
        mask(clear_frame(noise_planes(1, 64, 48)), cover, 1, 1)


@pytest.mark.requirement("PRV-5")
def test_a_picture_of_an_unknown_layout_is_not_let_through(clear_frame, noise_planes):
    good = noise_planes(1, 64, 48)
    for bad in (
        YuvPlanes(good.y, good.y, good.y),  # 4:4:4
        YuvPlanes(good.y.astype(np.uint16), good.u.astype(np.uint16), good.v.astype(np.uint16)),  # 8 bits declared
    ):
        with pytest.raises(MaskError, match="4:2:0"):
            mask(clear_frame(bad), Cover.nothing(64, 48), 1, 1)
