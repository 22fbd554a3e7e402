"""Each codec a simulated camera may be given truly is what its name says."""

from __future__ import annotations

import pytest

from sim.endpoints import Codec, EndpointSpec, RtspFarm

FORMATS = {
    Codec.H264: "yuv420p",
    Codec.H264_10_BIT: "yuv420p10le",
    Codec.H264_422: "yuv422p",
    Codec.H264_422_10_BIT: "yuv422p10le",
    Codec.H264_FULL_RANGE: "yuvj420p",
    Codec.H264_INTERLACED: "yuv420p",
}


@pytest.fixture(scope="module")
def addresses():
    specs = [EndpointSpec(codec.value, 5, codec=codec, width_px=320, height_px=176) for codec in FORMATS]
    with RtspFarm(specs) as farm:
        yield {spec.codec: farm.address(spec.camera) for spec in specs}


@pytest.mark.parametrize("codec", FORMATS)
def test_the_stream_is_what_the_codec_says(addresses, watch, codec):
    seen = watch(addresses[codec], 4)
    assert seen.codec == "h264"
    assert set(seen.sizes) == {(320, 176, FORMATS[codec])}
    assert all(mark is not None and mark.camera_number == 5 for mark in seen.marks)
    assert set(seen.interlaced) == {codec is Codec.H264_INTERLACED}
