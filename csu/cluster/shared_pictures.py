"""Masked pictures from the media processes to the wall's process, through shared memory on one host.

Each camera has one slot of three buffers. The writer fills the buffer that nobody was told of, then says so in one
8-byte store; the reader copies and then looks whether the writer could have come round to that buffer meanwhile. So the
writer never waits, the reader never waits, and half a picture is never returned. Only the newest picture counts: older
ones are overwritten unread, on purpose. At a time, one writer may feed one camera: the media node it is assigned to.

The slot counts its pictures itself (`TilePicture.sequence`), because a media process that starts again counts its
frames from 0 again and the wall must go on. Ordering relies on the stores of x86-64 being seen in program order.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from csu.hal.camera import CameraId
from csu.hal.errors import CsuError
from csu.hal.frames import MaskedFrame, Plane, YuvPlanes, require_masked_frame
from csu.hal.wall import TilePicture
from csu.hal.words import Words

BUFFERS = 3
"""While the reader copies one, the writer may publish one and be filling the next: the third."""
READ_ATTEMPTS = 3
"""A reader that is overtaken this often gives up until the next draw, and counts it."""

_MEMORY_FILES = Path("/dev/shm")  # noqa: S108 - where Linux keeps POSIX shared memory, not a temporary file
_WORDS = 8
_HEADER_BYTES = _WORDS * 8
# Words of a slot's header.
_BEGUN, _PUBLISHED = 0, 1
# Words of a buffer's header.
_CAPTURED_AT_NS, _WIDTH, _HEIGHT, _FULL_RANGE, _BT709, _WHOLLY_MASKED = 0, 1, 2, 3, 4, 5


_PLACE = "wall/pictures"


class SharedPicturesError(CsuError):
    """The shared memory cannot be made or found, or the camera has no slot in it."""


class UnknownCamera(SharedPicturesError, KeyError):
    """A picture of a camera that has no slot was offered or asked for."""

    def __init__(self, camera: CameraId) -> None:
        super().__init__(
            Words(
                "cette caméra n'a pas de place dans les images partagées avec le mur",
                "this camera has no slot in the pictures shared with the wall",
            ),
            where=camera,
            what_to_do=Words(
                "Créez les images partagées avec toutes les caméras du mur ; rien n'a été gardé",
                "Create the shared pictures with every camera of the wall; nothing was kept",
            ),
        )

    __str__ = Exception.__str__  # KeyError would print a repr


@dataclass(frozen=True, slots=True)
class SharedPicturesSpec:
    """What another process needs to attach. Carries no picture; may be pickled."""

    name: str
    cameras: tuple[CameraId, ...]
    width_px_max: int
    height_px_max: int

    @property
    def buffer_bytes(self) -> int:
        """One picture of the largest size with its header, rounded up to whole words."""
        chroma = ((self.width_px_max + 1) // 2) * ((self.height_px_max + 1) // 2)
        pixels = self.width_px_max * self.height_px_max + 2 * chroma
        return _HEADER_BYTES + (pixels + 63) // 64 * 64

    @property
    def slot_bytes(self) -> int:
        return _HEADER_BYTES + BUFFERS * self.buffer_bytes

    @property
    def size_bytes(self) -> int:
        return self.slot_bytes * len(self.cameras)


class SharedPictures:
    """The owner: makes the memory, keeps it, removes it. Lives in the process that starts the others."""

    def __init__(self, spec: SharedPicturesSpec, memory: SharedMemory) -> None:
        self.spec = spec
        self._memory: SharedMemory | None = memory

    @staticmethod
    def create(cameras: Sequence[CameraId], width_px_max: int, height_px_max: int) -> SharedPictures:
        """Room for the newest picture of each camera. Raises SharedPicturesError when the host has not enough.

        The pages are taken now: a full `/dev/shm` would otherwise kill a media process in the middle of a picture.
        """
        if not cameras or len(set(cameras)) != len(cameras) or width_px_max < 2 or height_px_max < 2:
            asked = f"{len(cameras)} x {width_px_max}x{height_px_max} px"
            raise SharedPicturesError(
                Words(f"images impossibles à partager : {asked}", f"cannot share pictures: {asked}"),
                where=_PLACE,
                what_to_do=Words(
                    "Donnez au moins une caméra, chacune une fois, et une taille d'au moins 2x2 px",
                    "Give at least one camera, each once, and a size of at least 2x2 px",
                ),
            )
        size = SharedPicturesSpec("", tuple(cameras), width_px_max, height_px_max).size_bytes
        room = os.statvfs(_MEMORY_FILES)
        if size > room.f_bavail * room.f_frsize:  # asked first: a reservation that fails has eaten the memory meanwhile
            raise _no_room(size, _TOO_LITTLE)
        try:
            memory = SharedMemory(create=True, size=size)
        except OSError as error:
            raise _no_room(size, Words.same(str(error.strerror))) from error
        spec = SharedPicturesSpec(memory.name, tuple(cameras), width_px_max, height_px_max)
        shared = SharedPictures(spec, memory)
        try:
            _reserve(spec)
        except OSError as error:
            shared.close()
            raise _no_room(size, Words.same(str(error.strerror))) from error
        return shared

    def close(self) -> None:
        """Remove the memory. Processes still attached keep what they see until they detach. Idempotent."""
        if self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None

    def __enter__(self) -> SharedPictures:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@dataclass(slots=True)
class WriterCounts:
    """What a writer did."""

    written: int = 0
    shrunk: int = 0
    """Pictures larger than the slot, scaled down to fit."""


class SharedPicturesWriter:
    """The door for masked pictures: a `csu.hal.wall.MaskedSink`. May serve many cameras, each from one thread."""

    def __init__(self, spec: SharedPicturesSpec, memory: mmap.mmap) -> None:
        self._spec = spec
        self._slots = _slots(spec, memory)
        self._counts = {camera: WriterCounts() for camera in spec.cameras}

    @staticmethod
    def attach(spec: SharedPicturesSpec) -> SharedPicturesWriter:
        """Raises SharedPicturesError when the owner is gone."""
        return SharedPicturesWriter(spec, _attach(spec, mmap.ACCESS_WRITE))

    @property
    def counts(self) -> WriterCounts:
        """Sum over cameras."""
        counts = self._counts.values()
        return WriterCounts(sum(c.written for c in counts), sum(c.shrunk for c in counts))

    def accept(self, frame: MaskedFrame) -> None:
        """Publish a masked picture; the planes are copied.

        A picture larger than the slot is scaled down to fit, plane by plane (it is masked already). Raises
        ClearPictureRefused for anything but a MaskedFrame (PRV-3), UnknownCamera when the camera has no slot.
        """
        frame = require_masked_frame(frame, where=_PLACE)
        slot = self._slots.get(frame.camera)
        if slot is None:
            raise UnknownCamera(frame.camera)
        counts = self._counts[frame.camera]
        planes = fit_planes(frame.planes, self._spec.width_px_max, self._spec.height_px_max)
        counts.shrunk += planes is not frame.planes
        number = int(slot.header[_PUBLISHED]) + 1
        slot.header[_BEGUN] = number  # from here on a reader of this buffer knows it is being overwritten
        buffer = slot.buffers[number % BUFFERS]
        buffer.write(planes, frame.captured.at_ns, frame.planes.is_bt709, wholly_masked=frame.covered_share >= 1.0)
        slot.header[_PUBLISHED] = number
        counts.written += 1

    def close(self) -> None:
        """Detach. Idempotent."""
        self._slots.clear()  # the mapping goes with the last view on it, which a thread may still hold


@dataclass(slots=True)
class ReaderCounts:
    """What a reader met."""

    taken: int = 0
    overtaken: int = 0
    """Copies thrown away because the writer came round meanwhile."""
    given_up: int = 0
    """Calls that returned None because every attempt was overtaken."""


class SharedPicturesReader:
    """Where the wall finds the newest pictures: a `csu.hal.wall.TileSource`. Mapped read-only. Not for many threads."""

    def __init__(self, spec: SharedPicturesSpec, memory: mmap.mmap) -> None:
        self._slots = _slots(spec, memory)
        self._copy = np.empty(spec.buffer_bytes, np.uint8)
        self.counts = ReaderCounts()

    @staticmethod
    def attach(spec: SharedPicturesSpec) -> SharedPicturesReader:
        """Raises SharedPicturesError when the owner is gone."""
        return SharedPicturesReader(spec, _attach(spec, mmap.ACCESS_READ))

    def newest(self, camera: CameraId, after_sequence: int) -> TilePicture | None:
        """The newest picture if it is newer than `after_sequence` (the first is 1), else None. Never blocks.

        The planes are a private copy, valid until the next call. Raises UnknownCamera.
        """
        slot = self._slots.get(camera)
        if slot is None:
            raise UnknownCamera(camera)
        for _attempt in range(READ_ATTEMPTS):
            number = int(slot.header[_PUBLISHED])
            if number == 0 or number <= after_sequence:
                return None
            planes, captured_at_ns, wholly_masked = slot.buffers[number % BUFFERS].read(self._copy)
            if int(slot.header[_BEGUN]) < number + BUFFERS and planes is not None:
                self.counts.taken += 1
                return TilePicture(planes, number, captured_at_ns, wholly_masked)
            self.counts.overtaken += 1
        self.counts.given_up += 1
        return None

    def close(self) -> None:
        """Detach. Idempotent."""
        self._slots.clear()  # the mapping goes with the last view on it, which a thread may still hold


@dataclass(slots=True)
class _Buffer:
    header: NDArray[np.int64]
    pixels: NDArray[np.uint8]
    width_px_max: int
    height_px_max: int

    def write(self, planes: YuvPlanes, captured_at_ns: int, bt709: bool, *, wholly_masked: bool) -> None:
        self.header[_CAPTURED_AT_NS] = captured_at_ns
        self.header[_WIDTH], self.header[_HEIGHT] = planes.width_px, planes.height_px
        self.header[_FULL_RANGE], self.header[_BT709] = planes.full_range, bt709
        self.header[_WHOLLY_MASKED] = wholly_masked
        for target, plane in zip(
            split_planes(self.pixels, planes.width_px, planes.height_px), (planes.y, planes.u, planes.v), strict=True
        ):
            np.copyto(target, plane)

    def read(self, into: NDArray[np.uint8]) -> tuple[YuvPlanes | None, int, bool]:
        """Planes in `into`, their capture time, whether wholly masked. None when the header makes no sense: it was
        being rewritten."""
        captured_at_ns, width, height, full_range, bt709, masked = (int(word) for word in self.header[:6])
        if not (0 < width <= self.width_px_max and 0 < height <= self.height_px_max):
            return None, 0, False
        count = width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
        into[:count] = self.pixels[:count]
        y, u, v = split_planes(into, width, height)
        return YuvPlanes(y, u, v, full_range=bool(full_range), bt709=bool(bt709)), captured_at_ns, bool(masked)


@dataclass(slots=True)
class _Slot:
    header: NDArray[np.int64]
    buffers: list[_Buffer] = field(default_factory=list)


def split_planes(pixels: NDArray[np.uint8], width_px: int, height_px: int) -> tuple[Plane, Plane, Plane]:
    """Views on y, u and v in a flat buffer that holds them one after the other (the layout named I420)."""
    chroma_height, chroma_width = (height_px + 1) // 2, (width_px + 1) // 2
    luma, chroma = width_px * height_px, chroma_height * chroma_width
    y = pixels[:luma].reshape(height_px, width_px)
    u = pixels[luma : luma + chroma].reshape(chroma_height, chroma_width)
    v = pixels[luma + chroma : luma + 2 * chroma].reshape(chroma_height, chroma_width)
    return y, u, v


def fit_planes(planes: YuvPlanes, width_px_max: int, height_px_max: int) -> YuvPlanes:
    """`planes` itself if it fits, else the picture scaled down (area mean) with its proportions kept."""
    width, height = planes.width_px, planes.height_px
    scale = min(1.0, width_px_max / width, height_px_max / height)
    if scale == 1.0:
        return planes
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    chroma = ((width + 1) // 2, (height + 1) // 2)
    return YuvPlanes(
        _shrink(planes.y, (width, height)),
        _shrink(planes.u, chroma),
        _shrink(planes.v, chroma),
        full_range=planes.full_range,
        bt709=planes.is_bt709,
    )


def _shrink(plane: Plane, size: tuple[int, int]) -> Plane:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _slots(spec: SharedPicturesSpec, memory: mmap.mmap) -> dict[CameraId, _Slot]:
    whole = np.frombuffer(memory, np.uint8)
    slots: dict[CameraId, _Slot] = {}
    for index, camera in enumerate(spec.cameras):
        start = index * spec.slot_bytes
        slot = _Slot(whole[start : start + _HEADER_BYTES].view(np.int64))
        for buffer in range(BUFFERS):
            first = start + _HEADER_BYTES + buffer * spec.buffer_bytes
            header = whole[first : first + _HEADER_BYTES].view(np.int64)
            pixels = whole[first + _HEADER_BYTES : first + spec.buffer_bytes]
            slot.buffers.append(_Buffer(header, pixels, spec.width_px_max, spec.height_px_max))
        slots[camera] = slot
    return slots


def _attach(spec: SharedPicturesSpec, access: int) -> mmap.mmap:
    # Not through SharedMemory(name): before Python 3.13 its resource tracker removes the memory when an attached
    # process ends, under the feet of all others. The file of the memory is mapped instead; only the owner removes it.
    try:
        descriptor = os.open(_MEMORY_FILES / spec.name, os.O_RDWR if access == mmap.ACCESS_WRITE else os.O_RDONLY)
    except OSError as error:
        raise SharedPicturesError(
            Words(
                f"images partagées introuvables : {error.strerror}",
                f"cannot attach the shared pictures: {error.strerror}",
            ),
            where=str(_MEMORY_FILES / spec.name),
            what_to_do=Words("Leur propriétaire tourne-t-il encore ?", "Is their owner alive?"),
        ) from error
    try:
        return mmap.mmap(descriptor, spec.size_bytes, access=access)
    finally:
        os.close(descriptor)


def _reserve(spec: SharedPicturesSpec) -> None:
    descriptor = os.open(_MEMORY_FILES / spec.name, os.O_RDWR)
    try:
        os.posix_fallocate(descriptor, 0, spec.size_bytes)
    finally:
        os.close(descriptor)


def _no_room(size_bytes: int, reason: Words) -> SharedPicturesError:
    return SharedPicturesError(
        Words(
            f"pas {size_bytes >> 20} Mio de mémoire partagée : {reason.fr}",
            f"no {size_bytes >> 20} MiB of shared memory: {reason.en}",
        ),
        where=str(_MEMORY_FILES),
        what_to_do=Words(
            "Agrandissez-la (un conteneur a un réglage pour cela), ou partagez des images plus petites",
            "Make it larger (a container takes a shared-memory size), or share smaller pictures",
        ),
    )


_TOO_LITTLE = Words("il n'en reste pas assez", "not enough is free")
