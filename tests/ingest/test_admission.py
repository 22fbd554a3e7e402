"""Parameter sets, offers, and which streams are taken."""

import base64
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.hal.camera import CameraId
from csu.ingest.admission import PACKETS_BEFORE_PICTURE_MAX, Admission, SampleFormat
from csu.ingest.errors import StreamUnsupported
from csu.ingest.offer import Offer, Track, parse_sdp
from csu.ingest.parameter_sets import SequenceParameters, find_sps, parse_sps

START = b"\0\0\0\1"


def x264_sps(width: int = 640, height: int = 360, pixel_format: str = "yuv420p", **options: str) -> bytes:
    """The SPS of a real encoder."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, pixel_format
    context.time_base = Fraction(1, 25)
    context.flags |= av.codec.context.Flags.global_header
    context.options = options
    context.open()
    sps = find_sps(bytes(context.extradata))
    assert sps is not None
    return sps


def sps_of_depths(luma_bits: int, chroma_bits: int) -> bytes:
    """An SPS no encoder here makes: High 4:2:2, 640x368, of any depth."""

    def golomb(number: int) -> str:
        binary = format(number + 1, "b")
        return "0" * (len(binary) - 1) + binary

    numbers = (2, luma_bits - 8, chroma_bits - 8)
    bits = format(122, "08b") + "0" * 8 + format(30, "08b") + golomb(0) + "".join(map(golomb, numbers)) + "00"
    bits += golomb(0) + golomb(2) + golomb(1) + "0" + golomb(39) + golomb(22) + "1" + "1" + "0" + "0" + "1"
    bits += "0" * (-len(bits) % 8)
    return b"\x67" + int(bits, 2).to_bytes(len(bits) // 8, "big")


@pytest.mark.parametrize(
    ("width", "height"), [(640, 360), (1920, 1080), (704, 576), (34, 46), (3840, 2160), (1280, 718)]
)
@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_size_is_read_from_the_parameter_set_of_a_real_encoder(width: int, height: int, profile: str) -> None:
    found = parse_sps(x264_sps(width, height, profile=profile))
    assert (found.width_px, found.height_px, found.chroma) == (width, height, 1)
    assert (found.luma_depth_bits, found.chroma_depth_bits) == (8, 8)
    assert not found.may_interlace


@pytest.mark.parametrize(
    ("pixel_format", "chroma", "depth"),
    [("yuv420p10le", 1, 10), ("yuv422p", 2, 8), ("yuv444p", 3, 8), ("gray", 0, 8), ("yuv422p10le", 2, 10)],
)
def test_chroma_and_depth_are_read(pixel_format: str, chroma: int, depth: int) -> None:
    found = parse_sps(x264_sps(pixel_format=pixel_format))
    assert (found.chroma, found.luma_depth_bits, found.chroma_depth_bits) == (chroma, depth, depth)


def test_an_odd_height_is_read_as_it_is() -> None:
    """4:2:2 crops in single rows; 4:2:0 cannot."""
    found = parse_sps(x264_sps(640, 361, "yuv422p"))
    assert (found.width_px, found.height_px) == (640, 361)


def test_interlace_and_scaling_lists_are_read() -> None:
    assert parse_sps(x264_sps(1920, 1080, **{"x264-params": "tff=1"})) == SequenceParameters(
        100, 1, 8, 8, 1920, 1080, True, cropped_px=(0, 8)
    )
    assert parse_sps(x264_sps(640, 360, **{"x264-params": "cqm=jvt"})).width_px == 640


@given(st.binary(max_size=80), st.booleans())
def test_no_bytes_make_the_parser_do_anything_but_answer_or_refuse(data: bytes, has_header: bool) -> None:
    try:
        found = parse_sps(b"\x67" + data if has_header else data)
    except ValueError:
        return
    assert found.width_px > 0
    assert found.height_px > 0


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_parameter_set_is_read_or_refused(position: int, value: int) -> None:
    sps = bytearray(x264_sps())
    sps[1 + position % (len(sps) - 1)] = value
    try:
        parse_sps(bytes(sps))
    except ValueError:
        return


def admission() -> Admission:
    return Admission(CameraId("cam-0007"))


def offer(codec: str, *sets: bytes) -> Offer:
    return Offer((Track("video", codec, sets),))


@pytest.mark.parametrize(
    ("given_offer", "reason"),
    [
        (offer("H265"), "HEVC"),
        (offer("JPEG"), "MJPEG"),
        (offer("VP8"), "VP8"),
        (offer(""), "unnamed codec"),
        (Offer((Track("audio", "PCMA"),)), "no video track"),
        (offer("H264", x264_sps(pixel_format="yuv444p")), "4:4:4"),
        (offer("H264", x264_sps(pixel_format="yuv444p10le")), "4:4:4"),
        (offer("H264", x264_sps(pixel_format="gray")), "monochrome"),
        (offer("H264", sps_of_depths(12, 12)), "12 bits"),
        (offer("H264", sps_of_depths(9, 9)), "9 bits"),
        (offer("H264", sps_of_depths(8, 10)), "8 bits a sample in luma and 10 in chroma"),
        (offer("H264", x264_sps(**{"x264-params": "tff=1"})), "interlaced"),
        (offer("H264", x264_sps(pixel_format="yuv422p10le", **{"x264-params": "tff=1"})), "interlaced"),
        (offer("H264", x264_sps(8192, 4096)), "8192x4096"),
    ],
)
def test_an_offer_that_cannot_be_masked_is_refused_by_name(given_offer: Offer, reason: str) -> None:
    with pytest.raises(StreamUnsupported, match=f"cam-0007: .*{reason}"):
        admission().offer(given_offer)


@pytest.mark.parametrize(
    ("pixel_format", "depth_bits"), [("yuv420p", 8), ("yuv422p", 8), ("yuv420p10le", 10), ("yuv422p10le", 10)]
)
@pytest.mark.parametrize("is_full_range", [False, True])
def test_what_the_mask_knows_how_to_fill_is_taken(pixel_format: str, depth_bits: int, is_full_range: bool) -> None:
    sps = x264_sps(pixel_format=pixel_format)
    gate = admission()
    gate.offer(offer("H264", sps))
    gate.packet(START + sps)
    found = gate.picture(pixel_format, 640, 360, is_interlaced=False, is_full_range=is_full_range)
    assert found == SampleFormat(depth_bits, is_full_range)


@pytest.mark.parametrize("pixel_format", ["yuvj420p", "yuvj422p"])
def test_full_range_is_also_told_by_the_formats_name(pixel_format: str) -> None:
    assert admission().picture(pixel_format, 641, 361, is_interlaced=False) == SampleFormat(8, True)


@pytest.mark.parametrize(
    ("pixel_format", "width", "height", "interlaced"),
    [
        ("yuv444p", 640, 360, False),
        ("yuv444p10le", 640, 360, False),
        ("yuv440p", 640, 360, False),
        ("yuv420p10be", 640, 360, False),
        ("yuv420p12le", 640, 360, False),
        ("yuv420p9le", 640, 360, False),
        ("nv12", 640, 360, False),
        ("gray", 640, 360, False),
        ("yuv420p", 640, 360, True),
        ("yuv422p10le", 640, 360, True),
        ("yuv420p", 16, 16, False),
        ("yuv420p", 16_384, 16_384, False),
    ],
)
def test_a_picture_that_cannot_be_masked_is_refused(
    pixel_format: str, width: int, height: int, interlaced: bool
) -> None:
    with pytest.raises(StreamUnsupported):
        admission().picture(pixel_format, width, height, is_interlaced=interlaced)


def test_a_new_parameter_set_in_the_middle_of_a_stream_is_judged_too() -> None:
    gate = admission()
    gate.packet(START + x264_sps())
    gate.picture("yuv420p", 640, 360, is_interlaced=False)
    gate.packet(START + x264_sps(pixel_format="yuv422p10le"))
    with pytest.raises(StreamUnsupported, match="4:4:4"):
        gate.packet(START + x264_sps(pixel_format="yuv444p"))


def test_a_huge_size_is_refused_before_anything_is_decoded() -> None:
    with pytest.raises(StreamUnsupported, match="8192x8192"):
        admission().packet(START + x264_sps(8192, 8192))


@pytest.mark.parametrize(("packet", "why"), [(START + b"\x41\x9a", "no sequence parameter set"), (b"", "SPS")])
def test_a_stream_that_never_shows_a_picture_is_refused_after_a_while(packet: bytes, why: str) -> None:
    gate = admission()
    for _ in range(PACKETS_BEFORE_PICTURE_MAX):
        gate.packet(packet)
    with pytest.raises(StreamUnsupported, match=why):
        gate.packet(packet)


def test_patience_is_over_once_a_picture_came() -> None:
    gate = admission()
    gate.picture("yuv420p", 640, 360, is_interlaced=False)
    for _ in range(2 * PACKETS_BEFORE_PICTURE_MAX):
        gate.packet(b"")


SDP = """v=0
o=- 1 1 IN IP4 0.0.0.0
s=Media
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=fmtp:96 packetization-mode=1;profile-level-id=42C01E;sprop-parameter-sets={sets}
a=framerate:12.5
a=control:trackID=1
m=audio 0 RTP/AVP 0
a=control:trackID=2
m=audio 0 RTP/AVP 104
a=rtpmap:104 mpeg4-generic/16000/1
m=application 0 RTP/AVP 107
a=rtpmap:107 vnd.onvif.metadata/90000
"""


@pytest.mark.requirement("AUD-1")
def test_every_audio_line_of_an_offer_is_seen() -> None:
    sets = base64.b64encode(b"\x67\x42").decode() + "," + base64.b64encode(b"\x68\xce").decode()
    found = parse_sdp(SDP.format(sets=sets).replace("\n", "\r\n"))
    assert found.video == Track("video", "H264", (b"\x67\x42", b"\x68\xce"), 12.5)
    assert [track.codec for track in found.audio] == ["PCMU", "MPEG4-GENERIC"]


def test_an_offer_without_rtpmap_has_the_static_codec() -> None:
    found = parse_sdp("m=video 0 RTP/AVP 26\r\n").video
    assert found is not None
    assert found.codec == "JPEG"


@given(st.text())
def test_no_text_breaks_the_sdp_reader(text: str) -> None:
    for wrapped in (text, f"m=video 0 RTP/AVP 96\na=fmtp:96 sprop-parameter-sets={text}\na=framerate:{text}"):
        try:
            parse_sdp(wrapped)
        except ValueError:
            continue
