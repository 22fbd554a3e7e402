"""Frozen pictures as real encoders send them again: still one picture; a turning camera's: each another.

The whole matrix that the thresholds were chosen by is in decision 0061.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from csu.hal.clock import NS_PER_MS, NS_PER_S
from csu.hal.frames import YuvPlanes
from csu.hal.place import Pose
from csu.masking.freeze import FreezeWatch, Sketch, are_two, sketch_of
from csu.masking.track import PoseSpan

WIDTH, HEIGHT, FRAMES_PER_S = 480, 270, 25
TURNING, FROZEN = 16, 50
PX_PER_PICTURE = 19
"""60 degrees a second, 60 degrees across."""
BITS_A_PIXEL = 0.031
"""1.6 Mbit/s at 1080p and 25 pictures a second: below it an encoder shows old views while a camera turns."""
KBIT = round(BITS_A_PIXEL * WIDTH * HEIGHT * FRAMES_PER_S / 1000)


@pytest.fixture(scope="module", autouse=True)
def one_opencv_thread():
    cv2.setNumThreads(1)


@pytest.fixture(scope="module")
def wall() -> np.ndarray:
    """Detail of every size, the coarse the stronger, as streets have it."""
    rng, found = np.random.default_rng(1), np.full((HEIGHT, 1000), 120.0, np.float32)
    for size in (4, 12, 40, 120):
        coarse = rng.normal(0, 12 + size / 4, (HEIGHT // size + 2, 1000 // size + 2)).astype(np.float32)
        found += cv2.resize(coarse, (1000, HEIGHT), interpolation=cv2.INTER_NEAREST)
    return np.clip(found, 16, 235).astype(np.uint8)


def filmed(wall: np.ndarray) -> Iterator[np.ndarray]:
    """It turns, then the same picture again and again, the clock in its corner ticking."""
    for number in range(TURNING + FROZEN):
        left = min(number, TURNING - 1) * PX_PER_PICTURE
        picture = wall[:, left : left + WIDTH].copy()
        text = f"2026-11-30 09:{59 + number // 40}:{number:02d}"
        cv2.putText(picture, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2)
        yield picture


def sent(wall: np.ndarray, preset: str, x264: str, **options: str) -> list[Sketch]:
    """What comes out of encoder and decoder."""
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FRAMES_PER_S), Fraction(FRAMES_PER_S)
    encoder.thread_count = decoder.thread_count = 1
    encoder.options = {"preset": preset, "x264-params": f"scenecut=0:{x264}", **options}
    found = []
    for number, picture in enumerate([*filmed(wall), None]):
        frame = (
            None if picture is None else av.VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
        )
        if frame is not None:
            frame.pts = number
        for packet in encoder.encode(frame):
            found += [sketch_of(planes_of(each)) for each in decoder.decode(packet)]
    return found + [sketch_of(planes_of(each)) for each in decoder.decode(None)]


def planes_of(frame: av.VideoFrame) -> YuvPlanes:
    return YuvPlanes(
        *(np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in frame.planes[:3])
    )


HOME = Pose(0.0, 0.0, 6.0, 0.0, -5.0, 0.0, 900.0)
PICTURE_NS = NS_PER_S // FRAMES_PER_S
STOPPED_NS = (TURNING - 1) * PICTURE_NS
STARVED = f"vbv-maxrate={KBIT}:vbv-bufsize={KBIT}:bframes=0"
ENCODERS = [
    ("ultrafast", f"keyint=12:{STARVED}", {"tune": "zerolatency", "b": f"{KBIT}k"}),
    *(
        pytest.param(given, marks=pytest.mark.nightly)
        for given in (
            ("ultrafast", f"keyint=50:{STARVED}", {"tune": "zerolatency", "b": f"{KBIT}k"}),
            ("veryfast", f"keyint=12:{STARVED}", {"tune": "zerolatency", "b": f"{KBIT}k"}),
            ("veryfast", f"keyint=50:{STARVED}", {"tune": "zerolatency", "b": f"{KBIT}k"}),
            ("medium", f"keyint=25:{STARVED}", {"tune": "zerolatency", "b": f"{KBIT}k"}),
            ("ultrafast", f"keyint=25:intra-refresh=1:{STARVED}", {"tune": "zerolatency", "b": f"{KBIT}k"}),
            ("veryfast", "keyint=50:bframes=2", {"crf": "30"}),
            ("ultrafast", "keyint=25:bframes=0", {"tune": "zerolatency", "crf": "24"}),
            ("ultrafast", "keyint=25:bframes=0", {"tune": "zerolatency", "crf": "38"}),
        )
    ),
]


@pytest.fixture(scope="module", params=ENCODERS)
def pictures(wall: np.ndarray, request: pytest.FixtureRequest) -> list[Sketch]:
    preset, x264, options = request.param
    return sent(wall, preset, x264, **options)


def test_a_frozen_picture_encoded_again_is_one_and_each_of_a_turn_another(pictures: list[Sketch]):
    assert len(pictures) == TURNING + FROZEN
    frozen = pictures[TURNING - 1 :]
    pairs = [(a, b) for place, a in enumerate(frozen) for b in frozen[place + 1 :]]
    assert not any(are_two(a, b) for a, b in pairs)
    turning = pictures[3:TURNING]
    assert all(are_two(a, b) for a, b in zip(turning, turning[1:], strict=False))


def test_a_camera_that_stops_alive_is_masked_for_where_it_rests_alone(pictures: list[Sketch]):
    """Its readings, ten a second, have it at rest a tenth of a second late; a picture's date is 80 ms wide."""
    watch = FreezeWatch()
    for number, sketch in enumerate(pictures):
        luma = sketch.astype(np.uint8)
        watch.look(YuvPlanes(luma, luma[::2, ::2], luma[::2, ::2]))
        rests = number > TURNING + 4
        span = PoseSpan((HOME,), 0.2, 0.001, rests_since_ns=STOPPED_NS + 100 * NS_PER_MS if rests else None)
        held = watch.since(span, number * PICTURE_NS - 80 * NS_PER_MS)
        assert (held is span) == rests
