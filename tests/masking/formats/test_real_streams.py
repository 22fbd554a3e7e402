"""From a real encoder through the engine's decoder to the masked picture."""

from __future__ import annotations

import av
import numpy as np
import pytest

from csu.hal.frames import Chroma
from csu.ingest.errors import StreamUnsupported
from csu.masking import Cover, mask


def test_the_decoders_planes_are_read_as_they_lie(encoded_as, decode_each, sent):
    """Padded rows, 16-bit samples, odd heights: beside FFmpeg's own copy of the same stream."""
    height = 91 if sent.chroma is Chroma.C422 else 90
    packets = encoded_as(sent, 162, height)
    peer = av.CodecContext.create("h264", "r")
    expected = [frame for data in packets for frame in peer.decode(av.Packet(data))] + peer.decode(None)
    seen = []
    decode_each(packets, lambda picture: seen.append([plane.copy() for plane in _planes(picture.planes)]))
    assert len(seen) == len(expected) == 6
    for planes, frame in zip(seen, expected, strict=True):
        assert (frame.width, frame.height) == (162, height)
        flat = np.concatenate([plane.ravel() for plane in planes])
        assert np.array_equal(flat, _flat(frame))


def _flat(frame: av.VideoFrame) -> np.ndarray:
    """Samples as FFmpeg packs them without padding."""
    dtype = "<u2" if "10" in frame.format.name else "u1"
    return np.concatenate(
        [
            np.frombuffer(bytes(plane), dtype).reshape(plane.height, -1)[:, : plane.width].ravel()
            for plane in frame.planes
        ]
    )


def test_a_stream_tells_its_format_range_and_depth(encoded_as, decode_each, sent):
    found = []
    decode_each(
        encoded_as(sent, 96, 64, 1),
        lambda p: found.append((p.planes.depth_bits, p.planes.chroma, p.planes.full_range, p.planes.is_sound)),
    )
    assert found == [(sent.depth_bits, sent.chroma, sent.full_range, True)]


def test_masking_harms_no_later_picture_of_the_stream(encoded_as, decode_each, frame_of, some_cover, sent):
    assert pictures_harmed(encoded_as, decode_each, frame_of, some_cover, sent) == 0


def pictures_harmed(encoded_as, decode_each, frame_of, some_cover, sent) -> int:
    """How many pictures decode differently because earlier ones were masked."""
    packets, cover = encoded_as(sent, 160, 96), some_cover(1, 160, 96)
    plain, beside = [], []
    decode_each(packets, lambda picture: plain.append([p.copy() for p in _planes(picture.planes)]))

    def mask_and_keep(picture) -> None:
        beside.append([plane.copy() for plane in _planes(picture.planes)])
        mask(frame_of(picture.planes), cover, 1, 42)

    decode_each(packets, mask_and_keep)
    return sum(
        any(not np.array_equal(x, y) for x, y in zip(a, b, strict=True)) for a, b in zip(plain, beside, strict=True)
    )


def test_depth_and_chroma_may_change_in_mid_stream(encoded_as, decode_each, frame_of, some_cover, every_format):
    """New parameter sets come with the next key frame: each picture is masked by its own format."""
    cover, order = some_cover(1, 160, 96), [*every_format, every_format[0]]
    packets = [packet for sent in order for packet in encoded_as(sent, 160, 96, 2)]
    found = []

    def look(picture) -> None:
        masked = mask(frame_of(picture.planes), cover, 1, 42).planes
        assert masked.y.shape == (96, 160)
        found.append((picture.planes.depth_bits, picture.planes.chroma, picture.planes.full_range))

    decode_each(packets, look)
    assert found == [(s.depth_bits, s.chroma, s.full_range) for s in order for _ in range(2)]


def test_an_interlaced_stream_is_refused_before_a_picture_comes_out(encoded_as, decode_each, sent):
    seen = []
    with pytest.raises(StreamUnsupported, match="interlaced"):
        decode_each(encoded_as(sent, 160, 96, tff=1), seen.append)
    assert seen == []


def test_a_stream_that_turns_interlaced_lets_no_field_through(encoded_as, decode_each, format_of):
    plain = format_of(8, Chroma.C420, False)
    seen = []
    with pytest.raises(StreamUnsupported, match="interlaced"):
        decode_each(encoded_as(plain, 160, 96, 3) + encoded_as(plain, 160, 96, 3, tff=1), seen.append)
    assert len(seen) <= 3


def test_what_is_kept_of_a_ten_bit_stream_shows_the_same_picture(encoded_as, decode_each, frame_of, sent):
    """Not dark, not wrapped: the luma a viewer sees is the stream's, to one level."""
    means = []

    def look(picture) -> None:
        masked = mask(frame_of(picture.planes), Cover.nothing(160, 96), 1, 1).planes
        means.append((picture.planes.y.mean() / (1 << (sent.depth_bits - 8)), masked.y.mean()))

    decode_each(encoded_as(sent, 160, 96, 2), look)
    assert all(abs(before - after) < 1 for before, after in means)


def _planes(planes):
    return planes.y, planes.u, planes.v
