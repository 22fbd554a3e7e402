"""Recording with a mask: decode, destroy, encode; csu beside ffmpeg with the same x264 options, one thread each.

ffmpeg's `drawbox` fills one rectangle; csu fills the same rectangle, and a street's facades of about the same area. The
lower bound is the same decoder and encoder, in the same process, with nothing between them: not even a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import PictureType

from benchmarks.cpu import run_peers
from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import CAMERA, FRAMES_PER_S, HEIGHT_PX, START_NS, WIDTH_PX, count_pictures
from csu.hal.frames import CaptureTime, ClearFrame
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder
from csu.masking import CELL_PX, FILL_YUV, Cover, Fill, MaskedEncoder, mask
from csu.masking.frost import CONTRAST_LEVELS

ROUNDS = 3
WHAT, UNIT = "decode, mask, encode 1080p25 at x264 ultrafast", "pictures a second of one core"
SAME = "  the same work? bits that came out of it"
BOX_WIDTH_PX, BOX_HEIGHT_PX = 960, 544
"""Top left; whole cells; 25 % of the picture."""
COVERS = {
    "csu, a rectangle of 25 %": ("rectangle", Fill.CONSTANT),
    "csu, a frosted rectangle of 25 %": ("rectangle", Fill.FROSTED),
    "csu, facades of 25 %": ("facades", Fill.CONSTANT),
    "csu, nothing covered": ("nothing", Fill.CONSTANT),
}
FILTERS = {
    "ffmpeg, drawbox of 25 %": f"drawbox=x=0:y=0:w={BOX_WIDTH_PX}:h={BOX_HEIGHT_PX}:color=0x2f4046:t=fill",
    "ffmpeg, no mask at all": None,
}
# What csu.masking.encoder sets. Its key frames are asked for each second of capture time; so are these.
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", "26", "-bf", "0", "-g", "250"]
KEY_FRAMES = ["-forced-idr", "1", "-force_key_frames", "expr:gte(t,n_forced*1)"]

CODEC_ERROR_LEVELS = 16
"""How far from the fill a decoded pixel under the cover may be: what x264 does at the rim."""

Measure = Callable[..., float]


@pytest.mark.parametrize("subject", COVERS)
def test_csu_masks_and_encodes(subject: str, measure: Measure, camera_clip: Path, scoreboard: Scoreboard) -> None:
    kind, fill = COVERS[subject]
    cover, sizes = _cover(kind), list[int]()
    best_s = measure(
        lambda directory: _transcode(camera_clip, cover, fill, directory / "out.h264"),
        lambda frames, directory: sizes.append(_check(directory / "out.h264", camera_clip, cover, frames)),
        ROUNDS,
    )
    scoreboard.add(SAME, subject, _mbit_per_s(sizes[0], camera_clip), "Mbit/s")
    scoreboard.add(WHAT, subject, count_pictures(camera_clip) / best_s, UNIT, "more")


@pytest.mark.parametrize("subject", FILTERS)
def test_ffmpeg_encodes(subject: str, measure: Measure, camera_clip: Path, ffmpeg: str, scoreboard: Scoreboard) -> None:
    graph, sizes, frames = FILTERS[subject], list[int](), count_pictures(camera_clip)
    command = [ffmpeg, "-v", "error", "-nostdin", "-filter_threads", "1", "-threads", "1", "-i", str(camera_clip)]
    command += [*(["-vf", graph] if graph else []), *X264, *KEY_FRAMES, "-threads", "1", "-f", "h264"]
    best_s = measure(
        lambda directory: run_peers([[*command, str(directory / "out.h264")]]),
        lambda _, directory: sizes.append(_check(directory / "out.h264", camera_clip, None, frames)),
        ROUNDS,
    )
    scoreboard.add(SAME, subject, _mbit_per_s(sizes[0], camera_clip), "Mbit/s")
    scoreboard.add(WHAT, subject, frames / best_s, UNIT, "more")


def test_the_same_encode_without_a_mask(measure: Measure, camera_clip: Path, scoreboard: Scoreboard) -> None:
    sizes, subject = list[int](), "PyAV, the same encode without a mask"
    best_s = measure(
        lambda directory: _reencode(camera_clip, directory / "out.h264"),
        lambda frames, directory: sizes.append(_check(directory / "out.h264", camera_clip, None, frames)),
        ROUNDS,
    )
    scoreboard.add(SAME, subject, _mbit_per_s(sizes[0], camera_clip), "Mbit/s")
    scoreboard.add(WHAT, subject, count_pictures(camera_clip) / best_s, UNIT, "more")


def _reencode(clip: Path, target: Path) -> int:
    """The lower bound: the decoder's own pictures to an encoder set up as csu's."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 90_000), Fraction(FRAMES_PER_S)
    encoder.thread_count, encoder.max_b_frames, encoder.gop_size = 1, 0, 250
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "forced-idr": "1", "crf": "26"}
    frames = 0
    with av.open(str(clip)) as container, target.open("wb") as out:
        stream = container.streams.video[0]
        stream.codec_context.thread_count, stream.codec_context.thread_type = 1, "NONE"
        for packet in container.demux(stream):
            for picture in stream.codec_context.decode(packet if packet.size else None):
                picture.pts, picture.time_base = frames * 90_000 // FRAMES_PER_S, Fraction(1, 90_000)
                picture.pict_type = PictureType.NONE if frames % FRAMES_PER_S else PictureType.I
                frames += 1
                for encoded in encoder.encode(picture):
                    out.write(bytes(encoded))
        for encoded in encoder.encode(None):
            out.write(bytes(encoded))
    return frames


def _transcode(clip: Path, cover: Cover, fill: Fill, target: Path) -> int:
    """The engine's route for one camera; returns how many pictures went through."""
    encoder = MaskedEncoder(CAMERA, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S)
    frames = 0
    with av.open(str(clip)) as container, target.open("wb") as out:
        stream = container.streams.video[0]
        decoder = Decoder(CAMERA, stream.codec_context, Admission(CAMERA), is_annex_b=False)
        out.write(encoder.format.extradata)
        for packet in container.demux(stream):
            for picture in decoder.decode(packet) if packet.size else decoder.drain():
                captured = CaptureTime(START_NS + picture.pts_ns, from_camera=True)
                masked = mask(ClearFrame(CAMERA, frames, captured, picture.planes), cover, 1, 1, fill)
                frames += 1
                for encoded in encoder.encode(masked):
                    out.write(encoded.data)
        for encoded in encoder.flush():
            out.write(encoded.data)
    return frames


def _cover(kind: str) -> Cover:
    if kind == "nothing":
        return Cover.nothing(WIDTH_PX, HEIGHT_PX)
    cells = np.zeros((-(-HEIGHT_PX // CELL_PX), -(-WIDTH_PX // CELL_PX)), np.bool_)
    rows, columns = np.indices(cells.shape)
    if kind == "rectangle":
        cells[: BOX_HEIGHT_PX // CELL_PX, : BOX_WIDTH_PX // CELL_PX] = True
    else:  # the houses on both sides of a street that leads away: two slopes towards the middle
        away = np.abs(columns - cells.shape[1] / 2) / (cells.shape[1] / 2)
        cells |= (rows < cells.shape[0] * (0.05 + 0.45 * away)) & (away > 0.25)
    cover = Cover(WIDTH_PX, HEIGHT_PX, cells)
    assert 0.23 < cover.share < 0.28, cover.share
    return cover


def _check(made: Path, source: Path, cover: Cover | None, frames: int) -> int:
    """As many pictures as the camera sent; under csu's cover there is the fill and nothing else. The size in bytes."""
    assert count_pictures(made) == frames == count_pictures(source)
    with av.open(made) as container:
        pictures = [next(container.decode(video=0)) for _ in range(FRAMES_PER_S)]
    assert not any(picture.is_corrupt for picture in pictures)
    if cover is None or cover.stencil is None:
        return made.stat().st_size
    stencil = cover.stencil
    bottom, right = stencil.top_px + stencil.luma.shape[0], stencil.left_px + stencil.luma.shape[1]
    luma = pictures[-1].to_ndarray()[stencil.top_px : bottom, stencil.left_px : right].astype(int)
    assert np.abs(luma[stencil.luma > 0] - FILL_YUV[0]).max() <= CODEC_ERROR_LEVELS + CONTRAST_LEVELS
    return made.stat().st_size


def _mbit_per_s(size_bytes: int, clip: Path) -> float:
    return size_bytes * 8 / 1e6 / (count_pictures(clip) / FRAMES_PER_S)
