"""A camera's own pictures, through a real encoder and decoder: which of them pass for masked."""

from __future__ import annotations

import io
from dataclasses import replace

import av
import cv2
import numpy as np
import pytest
import shapely

from csu.hal.frames import MaskedPacket, YuvPlanes
from csu.masking import Cover
from csu.masking.edge import MASK_COLOURS_YUV, EdgeVerifier, SelfMasked, Unverified, VerifiedPicture
from csu.masking.edge.packets import PacketNotKept, may_hold_second_picture, parameter_sets, read_access_unit

SIZE = (640, 368)
STARVED = {"b": "300k", "maxrate": "300k", "bufsize": "300k"}
FILLER = b"\0\0\0\1\x0c\xff\xff\x80"
AUXILIARY = b"\0\0\0\1\x13\x88\x84\x21\xa0\x42"
SEI = b"\0\0\0\1\x06\x05\x04vend\x80"


def judge(bench, sent, **changes) -> list[VerifiedPicture | Unverified]:
    masks = SelfMasked(bench.assignment(bench.masks, **changes), bench.cover, 25.0)
    return [masks.verified(each.clear, each.data) for each in sent]


def shrunk(masks, by_px: float):
    for mask in masks:
        shape = shapely.Polygon(np.array(mask.corners) * SIZE).buffer(-by_px, join_style="mitre")
        yield replace(mask, corners=tuple((x / SIZE[0], y / SIZE[1]) for x, y in shapely.get_coordinates(shape)[:-1]))


@pytest.mark.parametrize(
    "options",
    [
        STARVED,
        {**STARVED, "preset": "ultrafast"},
        {"crf": "18"},
        {"crf": "38", "preset": "superfast"},
        {"crf": "30", "preset": "faster", "x264-params": "weightp=2"},
    ],
    ids=["300 kbit/s", "300 kbit/s ultrafast", "crf 18", "crf 38", "weighted prediction"],
)
def test_a_camera_that_masks_is_never_taken_for_one_that_does_not(bench, options) -> None:
    found = judge(bench, bench.masked(150, **options))
    assert len(found) == 150
    assert [each.why.en for each in found if isinstance(each, Unverified)] == []


@pytest.mark.parametrize("options", [STARVED, {"crf": "23"}], ids=["300 kbit/s", "crf 23"])
@pytest.mark.parametrize(
    "betrayal", ["none at all", "one missing", "8 px smaller", "another colour", "the other of the two", "see-through"]
)
def test_every_picture_that_lacks_a_mask_is_found(bench, betrayal: str, options) -> None:
    masks = bench.masks
    burnt = {
        "none at all": (),
        "one missing": masks[:-1],
        "8 px smaller": tuple(shrunk(masks, 8)),
        "another colour": tuple(replace(mask, colour_yuv=(80, 132, 125)) for mask in masks),
        "the other of the two": tuple(replace(mask, colour_yuv=MASK_COLOURS_YUV[1]) for mask in masks),
        "see-through": (),
    }[betrayal]

    def pictures():
        for planes in bench.scene(25):
            clear = [plane.copy() for plane in planes]
            bench.burn(planes, masks if betrayal == "see-through" else burnt)
            if betrayal == "see-through":  # a veil that lets a twentieth through
                planes = [cv2.addWeighted(a, 0.95, b, 0.05, 0) for a, b in zip(planes, clear, strict=True)]
            yield planes

    found = judge(bench, bench.encode(pictures(), **options))
    assert len(found) == 25
    assert all(isinstance(each, Unverified) and each.is_failure for each in found)


def test_one_clear_picture_among_masked_ones_is_found_at_once(bench) -> None:
    def pictures():
        for number, planes in enumerate(bench.scene(20)):
            if number != 7:
                bench.burn(planes, bench.masks)
            yield planes

    found = judge(bench, bench.encode(pictures()))
    assert [number for number, each in enumerate(found) if isinstance(each, Unverified) and each.is_failure] == [7]
    # What follows predicts from a picture that is not kept: nothing until the next key frame.
    assert all(isinstance(each, Unverified) for each in found[7:])


def test_a_full_range_camera_shows_the_same_colour_in_its_own_numbers(bench) -> None:
    wide = tuple(replace(mask, colour_yuv=(56, 133, 125)) for mask in bench.masks)

    def pictures():
        for planes in bench.scene(10):
            bench.burn(planes, wide)
            yield planes

    assert all(isinstance(each, VerifiedPicture) for each in judge(bench, bench.encode(pictures(), full_range=True)))
    assert all(isinstance(each, Unverified) for each in judge(bench, bench.encode(pictures())))


def test_what_is_kept_plays_alone_and_holds_the_slices_only(bench) -> None:
    sent = bench.masked(30, g="10")
    masks = SelfMasked(bench.assignment(bench.masks), bench.cover, 25.0)
    stuffed = [SEI + each.data + FILLER + AUXILIARY for each in sent]
    found = [masks.verified(each.clear, data) for each, data in zip(sent, stuffed, strict=True)]
    kept = [each for each in found if isinstance(each, VerifiedPicture)]
    assert len(kept) == 30
    assert [each.begins is not None for each in kept] == [True] + [False] * 29
    assert [each.packet.is_key for each in kept] == [number % 10 == 0 for number in range(30)]
    assert all(isinstance(each.packet, MaskedPacket) and each.packet.mask_epoch == 7 for each in kept)
    assert [each.packet.pts for each in kept] == [number * 3600 for number in range(30)]
    stream = b"".join(each.packet.data for each in kept)
    kinds = {unit[4] & 0x1F for unit in stream.split(b"\0\0\0\1")[1:] for unit in [b"1234" + unit]}
    assert kinds == {1, 5}
    with av.open(io.BytesIO(kept[0].begins.extradata + stream), format="h264") as container:
        pictures = [frame.to_ndarray()[: SIZE[1]] for frame in container.decode(video=0)]
    assert len(pictures) == 30
    assert all(np.array_equal(a, each.clear.planes.y) for a, each in zip(pictures, sent, strict=True))


def test_the_wall_gets_the_decoders_picture_and_cannot_write_to_it(bench) -> None:
    first = judge(bench, bench.masked(1))[0]
    assert isinstance(first, VerifiedPicture)
    with pytest.raises(ValueError, match="read-only"):
        first.frame.planes.y[0, 0] = 1


def test_a_run_begins_at_a_key_frame_and_is_over_after_an_interruption(bench) -> None:
    sent = bench.masked(30, g="10")
    masks = SelfMasked(bench.assignment(bench.masks), bench.cover, 25.0)
    first = masks.verified(sent[3].clear, sent[3].data)
    assert isinstance(first, Unverified)
    assert not first.is_failure
    assert isinstance(masks.verified(sent[10].clear, sent[10].data), VerifiedPicture)
    masks.interrupt()
    assert isinstance(masks.verified(sent[11].clear, sent[11].data), Unverified)
    assert masks.verified(sent[20].clear, sent[20].data).begins is not None


def test_packets_that_are_no_plain_pictures_are_not_kept(bench) -> None:
    sent = bench.masked(1)[0]
    for data in (b"", b"\0\0\0\x05hello", SEI, b"\0\0\0\1\x02\x10" + sent.data):
        with pytest.raises(PacketNotKept):
            read_access_unit(data)


def test_parameter_sets_that_allow_pictures_nobody_sees_are_refused(bench) -> None:
    _, (pps,) = parameter_sets(bench.masked(1)[0].data)
    assert not may_hold_second_picture(pps)
    assert may_hold_second_picture(pps[:2])
    # 1: ids, entropy and order, 1 slice group, references, weights, quantisers, deblocking, redundant pictures: yes.
    bits = "1" + "1" + "00" + "1" + "1" + "1" + "000" + "1" + "1" + "1" + "00" + "1" + "1000"
    assert may_hold_second_picture(bytes([0x68]) + int(bits, 2).to_bytes(-(-len(bits) // 8), "big"))


@pytest.mark.parametrize("changes", [{"edge": None}, {"follows_pose": True}], ids=["no plan", "a camera that turns"])
def test_nothing_is_left_to_a_camera_that_cannot_be_trusted_with_it(bench, changes) -> None:
    with pytest.raises(ValueError, match="cannot be left"):
        SelfMasked(bench.assignment(bench.masks, **changes), bench.cover, 25.0)
    with pytest.raises(ValueError, match="cannot be left"):
        SelfMasked(bench.assignment(bench.masks), Cover.whole(*SIZE), 25.0)
    with pytest.raises(ValueError, match="no mask"):
        SelfMasked(bench.assignment(()), bench.cover, 25.0)
    odd = tuple(replace(mask, colour_yuv=(90, 128, 128)) for mask in bench.masks)
    with pytest.raises(ValueError, match="cannot be left"):
        SelfMasked(bench.assignment(odd), bench.cover, 25.0)


def scaled(bench, size, masks, **options) -> YuvPlanes:
    """A sub stream's last picture: scaled, then masked, then encoded."""

    def pictures():
        for planes in bench.scene(3):
            small = [
                cv2.resize(plane, (size[0] // step, size[1] // step), interpolation=cv2.INTER_AREA)
                for plane, step in zip(planes, (1, 2, 2), strict=True)
            ]
            bench.burn(small, masks)
            yield small

    return bench.encode(pictures(), **options)[-1].clear.planes


@pytest.mark.parametrize("size", [(320, 184), (1280, 736), (480, 276)])
def test_other_streams_are_looked_at_in_their_own_size(bench, size) -> None:
    verifier = EdgeVerifier(bench.cover, MASK_COLOURS_YUV[0], size, is_recorded=False)
    assert verifier.missing(scaled(bench, size, bench.masks, crf="30")) is None
    assert verifier.missing(scaled(bench, size, (), crf="30")) is not None
    assert verifier.missing(scaled(bench, size, bench.masks[1:], crf="30")) is not None
    assert "another shape" in verifier.missing(scaled(bench, SIZE, bench.masks)).en


def test_a_stream_too_small_or_of_another_shape_proves_nothing(bench) -> None:
    for size in ((64, 36), (320, 240)):
        verifier = EdgeVerifier(bench.cover, MASK_COLOURS_YUV[0], size, is_recorded=False)
        assert verifier.missing(scaled(bench, size, bench.masks)) is not None


def test_planes_of_another_format_are_not_judged(bench) -> None:
    verifier = EdgeVerifier(bench.cover, MASK_COLOURS_YUV[0], SIZE, is_recorded=True)
    planes = bench.masked(1)[0].clear.planes
    assert verifier.missing(planes) is None
    tall = YuvPlanes(planes.y, planes.u.repeat(2, axis=0), planes.v.repeat(2, axis=0))
    deep = YuvPlanes(planes.y.astype(np.uint16), planes.u.astype(np.uint16), planes.v.astype(np.uint16), depth_bits=10)
    assert verifier.missing(tall) is not None
    assert verifier.missing(deep) is not None
