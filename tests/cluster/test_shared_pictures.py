"""Shared pictures: never half a picture, never a clear one, never a block, nothing left behind."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csu.cluster.shared_pictures import (
    BUFFERS,
    SharedPictures,
    SharedPicturesError,
    SharedPicturesReader,
    SharedPicturesSpec,
    SharedPicturesWriter,
    UnknownCamera,
    fit_planes,
)
from csu.hal.camera import CameraId
from csu.hal.frames import CaptureTime, ClearFrame, ClearPictureRefused, MaskedFrame, YuvPlanes
from csu.hal.wall import MaskedSink, TileSource

FrameBuilder = Callable[..., MaskedFrame]
CAMERAS = (CameraId("cam-0001"), CameraId("cam-0002"))


@pytest.fixture
def pictures() -> Iterator[SharedPictures]:
    with SharedPictures.create(CAMERAS, 640, 360) as shared:
        yield shared


@pytest.fixture
def writer(pictures: SharedPictures) -> Iterator[SharedPicturesWriter]:
    writer = SharedPicturesWriter.attach(pictures.spec)
    yield writer
    writer.close()


@pytest.fixture
def reader(pictures: SharedPictures) -> Iterator[SharedPicturesReader]:
    reader = SharedPicturesReader.attach(pictures.spec)
    yield reader
    reader.close()


def test_they_are_what_the_ports_say(writer: SharedPicturesWriter, reader: SharedPicturesReader) -> None:
    assert isinstance(writer, MaskedSink)
    assert isinstance(reader, TileSource)


def test_the_newest_picture_comes_out_as_it_went_in(
    writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    chance = np.random.default_rng(1)
    y, u, v = (chance.integers(0, 256, shape, np.uint8) for shape in ((187, 333), (94, 167), (94, 167)))
    writer.accept(masked_frame(level=1))
    writer.accept(masked_frame(planes=YuvPlanes(y, u, v, full_range=True, bt709=True), at_ns=77))
    got = reader.newest(CAMERAS[0], 0)
    assert got is not None
    assert (got.sequence, got.captured_at_ns) == (2, 77)
    assert (got.planes.full_range, got.planes.bt709) == (True, True)
    for ours, theirs in zip((got.planes.y, got.planes.u, got.planes.v), (y, u, v), strict=True):
        assert np.array_equal(ours, theirs)


def test_a_picture_is_given_once_and_a_camera_without_one_gives_none(
    writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    writer.accept(masked_frame(level=5))
    assert reader.newest(CAMERAS[1], 0) is None
    got = reader.newest(CAMERAS[0], 0)
    assert got is not None
    assert reader.newest(CAMERAS[0], got.sequence) is None


def test_the_wall_goes_on_when_a_media_process_starts_again_from_frame_0(
    pictures: SharedPictures, writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    for sequence in range(50):
        writer.accept(masked_frame(sequence=sequence))
    before = reader.newest(CAMERAS[0], 0)
    second = SharedPicturesWriter.attach(pictures.spec)
    second.accept(masked_frame(sequence=0, level=9))
    after = reader.newest(CAMERAS[0], before.sequence if before else 0)
    second.close()
    assert after is not None
    assert int(after.planes.y[0, 0]) == 9


@pytest.mark.requirement("PRV-3")
def test_a_clear_picture_is_refused_and_nothing_is_kept(
    writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    clear = ClearFrame(CAMERAS[0], 0, CaptureTime(1, from_camera=True), masked_frame().planes)
    with pytest.raises(ClearPictureRefused):
        writer.accept(clear)  # type: ignore[arg-type]
    assert reader.newest(CAMERAS[0], 0) is None
    assert writer.counts.written == 0


def test_a_camera_without_a_slot_is_named(
    writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    with pytest.raises(UnknownCamera, match="cam-9999"):
        writer.accept(masked_frame("cam-9999"))
    with pytest.raises(KeyError):
        reader.newest(CameraId("cam-9999"), 0)
    assert isinstance(pickle.loads(pickle.dumps(UnknownCamera(CAMERAS[0]))), UnknownCamera)


@given(st.integers(1, 900), st.integers(1, 900), st.integers(2, 300), st.integers(2, 300))
def test_a_large_picture_is_scaled_to_fit_and_keeps_its_proportions(
    width: int, height: int, width_max: int, height_max: int
) -> None:
    chroma = ((height + 1) // 2, (width + 1) // 2)
    planes = YuvPlanes(np.zeros((height, width), np.uint8), np.zeros(chroma, np.uint8), np.zeros(chroma, np.uint8))
    fitted = fit_planes(planes, width_max, height_max)
    assert fitted.width_px <= width_max
    assert fitted.height_px <= height_max
    assert fitted.u.shape == fitted.v.shape == ((fitted.height_px + 1) // 2, (fitted.width_px + 1) // 2)
    assert fitted.is_bt709 == planes.is_bt709
    if width <= width_max and height <= height_max:
        assert fitted is planes
    else:
        scale = min(width_max / width, height_max / height)
        assert abs(fitted.width_px - width * scale) <= 1
        assert abs(fitted.height_px - height * scale) <= 1


def test_pictures_scaled_down_are_counted(
    writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    writer.accept(masked_frame(width_px=1920, height_px=1080, level=33))
    got = reader.newest(CAMERAS[0], 0)
    assert got is not None
    assert got.planes.y.shape == (360, 640)
    assert np.all(got.planes.y == 33)
    assert got.planes.is_bt709  # what the matrix was before the picture became small
    assert writer.counts.shrunk == 1


def _hammer(spec: SharedPicturesSpec, builder: FrameBuilder, seconds: float) -> None:
    writer = SharedPicturesWriter.attach(spec)
    until = time.monotonic() + seconds
    number = 0
    while time.monotonic() < until:
        # Size, range and time change with the level: a mixture of two pictures shows in one of them.
        level = number % 251
        shape = {"width_px": 640 - 2 * (level % 5), "height_px": 360 - 2 * (level % 3)}
        writer.accept(builder("cam-0001", number, level=level, at_ns=level, **shape))
        number += 1
    writer.close()


def test_a_reader_never_sees_half_a_picture_while_a_writer_hammers(
    pictures: SharedPictures, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    process = multiprocessing.get_context("fork").Process(target=_hammer, args=(pictures.spec, masked_frame, 1.5))
    process.start()
    taken, last = 0, 0
    while process.is_alive():
        got = reader.newest(CAMERAS[0], last)
        if got is None:
            continue
        assert got.sequence > last
        last, taken = got.sequence, taken + 1
        level = int(got.captured_at_ns)
        assert got.planes.y.shape == (360 - 2 * (level % 3), 640 - 2 * (level % 5))
        for plane in (got.planes.y, got.planes.u, got.planes.v):
            assert plane.min() == plane.max() == level
    process.join()
    assert process.exitcode == 0
    assert taken > 50
    assert last > taken, "the writer never ran ahead: the test proved nothing"


def test_a_picture_overwritten_while_it_is_copied_is_thrown_away(
    writer: SharedPicturesWriter, reader: SharedPicturesReader, masked_frame: FrameBuilder
) -> None:
    writer.accept(masked_frame(level=1))
    slot = reader._slots[CAMERAS[0]]
    buffer_type = type(slot.buffers[0])
    plain_read = buffer_type.read

    class Overtaken:
        """A buffer whose copy is interrupted by a writer that comes round three times."""

        def read(self, into: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> object:
            result = plain_read(slot_buffer, into)
            for level in range(BUFFERS):
                writer.accept(masked_frame(level=10 + level))
            return result

    slot_buffer = slot.buffers[1]
    slot.buffers[1] = Overtaken()  # type: ignore[call-overload]
    assert reader.newest(CAMERAS[0], 0) is None
    assert reader.counts.overtaken == reader.counts.given_up * 3 == 3
    slot.buffers[1] = slot_buffer
    got = reader.newest(CAMERAS[0], 0)
    assert got is not None
    assert int(got.planes.y[0, 0]) == 12


def test_a_process_that_attaches_and_ends_leaves_the_memory_to_its_owner(
    pictures: SharedPictures, writer: SharedPicturesWriter, masked_frame: FrameBuilder
) -> None:
    code = (
        "import sys, pickle\n"
        "from csu.cluster.shared_pictures import SharedPicturesReader\n"
        "spec = pickle.loads(bytes.fromhex(sys.argv[1]))\n"
        "print(SharedPicturesReader.attach(spec).newest(spec.cameras[0], 0).planes.y[0, 0])\n"
    )
    writer.accept(masked_frame(level=42))
    arguments = [sys.executable, "-c", code, pickle.dumps(pictures.spec).hex()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "42"
    assert done.stderr == ""
    SharedPicturesReader.attach(pictures.spec).close()  # still there


def test_nothing_is_left_once_the_owner_closes() -> None:
    shared = SharedPictures.create(CAMERAS, 64, 36)
    memory = Path("/dev/shm") / shared.spec.name
    assert memory.exists()
    assert memory.stat().st_mode & 0o077 == 0, "pictures must not be readable by other users"
    shared.close()
    shared.close()
    assert not memory.exists()
    with pytest.raises(SharedPicturesError, match="owner"):
        SharedPicturesWriter.attach(shared.spec)


def test_a_host_without_room_says_so_at_once() -> None:
    with pytest.raises(SharedPicturesError, match="shared memory"):
        SharedPictures.create([CameraId(f"cam-{number:04}") for number in range(4000)], 16_000, 16_000)
    with pytest.raises(SharedPicturesError, match="each once"):
        SharedPictures.create([CAMERAS[0], CAMERAS[0]], 640, 360)
