"""The two mask routes on one 1080p camera that burns its masks in: CPU a picture. Peer: ffmpeg, which only decodes.

The edge route decodes each picture and looks at every pixel that must be hidden; the engine route masks and encodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from benchmarks.conftest import Measure
from benchmarks.cpu import run_peers
from benchmarks.scoreboard import Scoreboard
from benchmarks.street_clip import (
    FRAMES_PER_S,
    HEIGHT_PX,
    WIDTH_PX,
    clear_frame,
    count_pictures,
    make_camera_clip,
    record_of,
)
from csu.hal.camera import OnboardMask, StreamAddress
from csu.hal.frames import ClearFrame, YuvPlanes
from csu.hal.media import Assignment, EdgePlan
from csu.ingest.admission import Admission
from csu.ingest.decoder import Decoder
from csu.masking import CELL_PX, Cover, MaskedEncoder, mask
from csu.masking.edge import MASK_COLOURS_YUV, SelfMasked, VerifiedPicture, edge_masks

ROUNDS, SECONDS = 3, 10
WHAT, UNIT = "one camera that masks by itself, 1080p25 at 4 Mbit/s, facades of 25 %", "ms of one core a picture"


@pytest.fixture(scope="module")
def cover() -> Cover:
    """The houses on both sides of a street that leads away."""
    cells = np.zeros((-(-HEIGHT_PX // CELL_PX), -(-WIDTH_PX // CELL_PX)), np.bool_)
    rows, columns = np.indices(cells.shape)
    away = np.abs(columns - cells.shape[1] / 2) / (cells.shape[1] / 2)
    cells |= (rows < cells.shape[0] * (0.05 + 0.45 * away)) & (away > 0.25)
    return Cover(WIDTH_PX, HEIGHT_PX, cells)


@pytest.fixture(scope="module")
def masks(cover: Cover) -> tuple[OnboardMask, ...]:
    found = edge_masks(cover, 8, 4, MASK_COLOURS_YUV[0])
    assert found
    return found


@pytest.fixture(scope="module")
def self_masked_clip(
    pictures: tuple[YuvPlanes, ...], masks: tuple[OnboardMask, ...], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A transport stream: packets in Annex B, as RTSP brings them."""
    burnt = tuple(_burnt(planes, masks) for planes in pictures)
    return make_camera_clip(burnt, SECONDS, tmp_path_factory.mktemp("edge") / "camera.ts")


def test_edge_route(
    measure: Measure, self_masked_clip: Path, cover: Cover, masks: tuple[OnboardMask, ...], scoreboard: Scoreboard
) -> None:
    def work(_: Path) -> int:
        assignment = Assignment(record_of(1), StreamAddress("rtsp://h/"), None, False, (), 2.5, 1, edge=EdgePlan(masks))
        edge = SelfMasked(assignment, cover, FRAMES_PER_S)
        found = [edge.verified(clear, data) for clear, data in _decoded(self_masked_clip)]
        assert all(isinstance(each, VerifiedPicture) for each in found)
        return len(found)

    _measured(measure, work, self_masked_clip, "csu, edge: decode, look at the masks", scoreboard)


def test_engine_route(measure: Measure, self_masked_clip: Path, cover: Cover, scoreboard: Scoreboard) -> None:
    def work(_: Path) -> int:
        encoder = MaskedEncoder(record_of(1).camera, WIDTH_PX, HEIGHT_PX, FRAMES_PER_S)
        return sum(len(encoder.encode(mask(clear, cover, 1, 1))) for clear, _ in _decoded(self_masked_clip))

    _measured(measure, work, self_masked_clip, "csu, engine: decode, mask, encode", scoreboard)


def test_ffmpeg_decodes(measure: Measure, self_masked_clip: Path, ffmpeg: str, scoreboard: Scoreboard) -> None:
    command = [ffmpeg, "-v", "error", "-nostdin", "-threads", "1", "-i", str(self_masked_clip), "-f", "null", "-"]

    def work(_: Path) -> int:
        run_peers([command])
        return count_pictures(self_masked_clip)

    _measured(measure, work, self_masked_clip, "ffmpeg, decodes and forgets", scoreboard)


def _measured(measure: Measure, work: Callable[[Path], int], clip: Path, subject: str, scoreboard: Scoreboard) -> None:
    def check(pictures: int, _: Path) -> None:
        assert pictures == count_pictures(clip) == SECONDS * FRAMES_PER_S

    best_s = measure(work, check, ROUNDS)
    scoreboard.add(WHAT, subject, best_s / (SECONDS * FRAMES_PER_S) * 1000, UNIT, "less")


def _decoded(clip: Path) -> Iterator[tuple[ClearFrame, bytes]]:
    camera, number = record_of(1).camera, 0
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        decoder = Decoder(camera, stream.codec_context, Admission(camera), is_annex_b=True)
        waiting: list[bytes] = []
        for packet in container.demux(stream):
            if packet.size:
                waiting.append(bytes(packet))
            for picture in decoder.decode(packet) if packet.size else decoder.drain():
                yield clear_frame(picture.planes, number), waiting[number]
                number += 1


def _burnt(planes: YuvPlanes, masks: tuple[OnboardMask, ...]) -> YuvPlanes:
    burnt = replace(planes, y=planes.y.copy(), u=planes.u.copy(), v=planes.v.copy())
    for each in masks:
        for plane, value, step in zip((burnt.y, burnt.u, burnt.v), each.colour_yuv, (1, 2, 2), strict=True):
            corners = np.array(each.corners) * (WIDTH_PX / step, HEIGHT_PX / step) - 0.5
            cv2.fillPoly(plane, [np.rint(corners * 16).astype(np.int32)], value, cv2.LINE_8, 4)
    return burnt
