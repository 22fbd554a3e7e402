"""Masked pictures to H.264 packets."""

from __future__ import annotations

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csu.hal.frames import ClearPictureRefused, YuvPlanes
from csu.masking import FILL_YUV, Cover, EncoderQuality, MaskedEncoder, MaskError, mask

CAMERA = "cam-0042"
START_NS = 1_800_000_000_000_000_000
S = 1_000_000_000
SIZE = (64, 48)


@pytest.fixture
def picture(clear_frame, noise_planes):
    def make(sequence: int, at_ns: int, *, epoch: int = 1, size: tuple[int, int] = SIZE, **planes):
        return mask(clear_frame(noise_planes(1, *size, **planes), sequence, at_ns), Cover.nothing(*size), epoch, 42)

    return make


@pytest.fixture
def encode(picture):
    """Encode pictures captured at these instants (seconds after the start)."""

    def run(seconds: list[float], epochs: list[int] | None = None):
        encoder = MaskedEncoder(CAMERA, *SIZE, 25.0)
        epochs = epochs or [1] * len(seconds)
        return [
            packet
            for sequence, (second, epoch) in enumerate(zip(seconds, epochs, strict=True))
            for packet in encoder.encode(picture(sequence, START_NS + round(second * S), epoch=epoch))
        ]

    return run


def test_each_picture_comes_out_at_once_with_its_own_times(encode):
    packets = encode([i / 25 for i in range(60)])
    assert [packet.sequence for packet in packets] == list(range(60))
    assert [packet.pts for packet in packets] == [i * 3600 for i in range(60)]
    assert all(packet.dts == packet.pts for packet in packets)
    assert packets[7].captured.at_ns == START_NS + 7 * S // 25


@pytest.mark.parametrize("rate", [4, 12.5, 25, 31])
def test_a_key_frame_begins_each_second_at_any_rate(encode, rate):
    packets = encode([i / rate for i in range(round(rate * 5))])
    seconds = [packet.pts // 90_000 for packet in packets if packet.is_key]
    assert seconds == [0, 1, 2, 3, 4]


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=40))
@settings(max_examples=30, deadline=None)
def test_times_grow_strictly_whatever_the_clock_does(clear_frame, noise_planes, waits):
    encoder = MaskedEncoder(CAMERA, *SIZE, 25.0)
    at_ns, stamps = START_NS, []
    for sequence, wait in enumerate(waits):
        at_ns += round(wait * S)
        frame = mask(clear_frame(noise_planes(1, *SIZE), sequence, at_ns), Cover.nothing(*SIZE), 1, 42)
        stamps += [packet.pts for packet in encoder.encode(frame)]
    assert len(stamps) == len(waits)
    assert all(later > earlier for earlier, later in zip(stamps, stamps[1:], strict=False))


def test_after_a_corrected_clock_the_distances_are_kept_and_a_key_frame_comes(encode):
    packets = encode([10.0, 10.04, 10.08, 2.0, 2.04])
    assert [packet.pts for packet in packets] == pytest.approx([0, 3600, 7200, 10800, 14400], abs=1)
    assert [packet.is_key for packet in packets] == [True, False, False, True, False]


def test_a_small_step_back_is_jitter_and_not_a_new_time(encode):
    packets = encode([0.0, 0.04, 0.02, 0.12])
    assert [packet.pts for packet in packets] == [0, 3600, 3601, 10800]
    assert [packet.is_key for packet in packets] == [True, False, False, False]


def test_a_hole_in_the_stream_is_followed_by_a_key_frame(encode):
    assert [packet.is_key for packet in encode([0.0, 0.04, 9.96, 9.98])] == [True, False, True, False]


def test_a_new_mask_epoch_begins_with_a_key_frame(encode):
    packets = encode([i / 25 for i in range(4)], epochs=[1, 1, 2, 2])
    assert [(packet.is_key, packet.mask_epoch) for packet in packets] == [(True, 1), (False, 1), (True, 2), (False, 2)]


@pytest.mark.requirement("PRV-3")
def test_a_clear_frame_is_refused(clear_frame, noise_planes):
    with pytest.raises(ClearPictureRefused, match=CAMERA):
        MaskedEncoder(CAMERA, *SIZE, 25.0).encode(clear_frame(noise_planes(1, *SIZE)))


@pytest.mark.parametrize("change", [{"size": (64, 64)}, {"full_range": True}])
def test_a_picture_of_another_kind_is_refused(picture, change):
    with pytest.raises(MaskError, match="another|new encoder"):
        MaskedEncoder(CAMERA, *SIZE, 25.0).encode(picture(0, START_NS, **change))


def test_a_size_that_x264_refuses_is_told(clear_frame):
    with pytest.raises(MaskError, match="x264 refuses 40000x40000"):
        MaskedEncoder(CAMERA, 40_000, 40_000, 25.0)


@pytest.mark.parametrize("full_range", [False, True])
def test_the_range_is_told_to_the_decoder(picture, full_range):
    encoder = MaskedEncoder(CAMERA, *SIZE, 25.0, full_range=full_range)
    packets = encoder.encode(picture(0, START_NS, full_range=full_range))
    (decoded,) = decode(encoder, packets)
    assert (decoded.color_range == 2) is full_range  # 0: not said, which means limited


@pytest.mark.parametrize("size", [(65, 48), (64, 49), (161, 91)])
def test_an_odd_picture_is_completed_to_an_even_one(clear_frame, noise_planes, size):
    width, height = size
    encoder = MaskedEncoder(CAMERA, width, height, 25.0, EncoderQuality(crf=1))
    flat = noise_planes(1, width, height)
    flat = YuvPlanes(np.full_like(flat.y, 90), np.full_like(flat.u, 100), np.full_like(flat.v, 150))
    packets = encoder.encode(mask(clear_frame(flat), Cover.nothing(width, height), 1, 42))
    assert (encoder.format.width_px, encoder.format.height_px) == (width + width % 2, height + height % 2)
    (decoded,) = decode(encoder, packets)
    luma = decoded.to_ndarray()[: decoded.height]
    assert abs(luma.astype(int) - 90).max() <= 2


@pytest.mark.parametrize("size", [(64, 48), (64, 46), (65, 48), (64, 49)])
def test_planes_in_one_piece_and_planes_apart_give_the_same_packets(clear_frame, noise_planes, some_cover, size):
    """What the mask makes is lent to x264 without a copy; what somebody copied since is not in one piece."""
    together, apart = (MaskedEncoder(CAMERA, *size, 25.0) for _ in range(2))
    for sequence in range(3):
        frame = mask(clear_frame(noise_planes(sequence, *size), sequence), some_cover(1, *size), 1, 42)
        expected = [packet.data for packet in together.encode(frame)]
        frame.planes = YuvPlanes(frame.planes.y.copy(), frame.planes.u.copy(), frame.planes.v.copy())
        assert [packet.data for packet in apart.encode(frame)] == expected


def test_masked_planes_reach_the_encoder_without_a_copy(clear_frame, noise_planes, some_cover):
    frame = mask(clear_frame(noise_planes(1, *SIZE)), some_cover(1, *SIZE), 1, 42)
    picture = MaskedEncoder(CAMERA, *SIZE, 25.0)._picture_of(frame.planes)
    lent = np.frombuffer(picture.planes[0], np.uint8)
    assert np.shares_memory(lent, frame.planes.y)


def test_the_format_names_the_codec_and_carries_the_parameter_sets():
    encoded = MaskedEncoder(CAMERA, 640, 360, 25.0).format
    assert encoded.codec.startswith("avc1.42C0")
    assert encoded.extradata.startswith(b"\x00\x00\x00\x01\x67")
    assert (encoded.time_base_hz, encoded.frames_per_s) == (90_000, 25.0)


def test_an_encoder_holds_nothing_back(picture):
    encoder = MaskedEncoder(CAMERA, *SIZE, 25.0)
    assert len(encoder.encode(picture(0, START_NS))) == 1
    assert encoder.flush() == []


@pytest.mark.requirement("PRV-4")
def test_a_decoder_finds_the_constant_under_the_cover(clear_frame, noise_planes):
    """Also beside noise, at the quality of production: what is decoded inside is the fill and codec error only."""
    cells = np.zeros((6, 10), np.bool_)
    cells[2:5, 3:8] = True
    cover = Cover(160, 96, cells)
    encoder = MaskedEncoder(CAMERA, 160, 96, 25.0)
    decoded = decode(
        encoder,
        [p for i in range(10) for p in encoder.encode(mask(clear_frame(noise_planes(i, 160, 96), i), cover, 1, 42))],
    )
    for picture in decoded:
        inner = picture.to_ndarray()[2 * 16 + 4 : 5 * 16 - 4, 3 * 16 + 4 : 8 * 16 - 4].astype(int)
        assert abs(inner - FILL_YUV[0]).max() <= 6


def decode(encoder, packets):
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = encoder.format.extradata
    decoder.thread_count = 1
    pictures = [picture for packet in packets for picture in decoder.decode(av.Packet(packet.data))]
    return pictures + decoder.decode(None)
