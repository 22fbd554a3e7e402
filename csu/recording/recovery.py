"""What a recorder that was killed left behind becomes a proper segment: all its whole fragments, in the same bytes.

Pure but for the disk it is handed: finding left-overs and locking them is for the caller (`csu.cluster.left_over`).
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import BinaryIO

import av

from csu.hal.camera import CameraId
from csu.hal.disk import Disk
from csu.hal.words import Words
from csu.recording.boxes import BoxError, BoxWalk
from csu.recording.chain import NO_LINK
from csu.recording.check import verdict
from csu.recording.errors import RecordingError
from csu.recording.frame_times import frame_times, read_times_box
from csu.recording.names import segment_name
from csu.recording.sealed_disk import SealedDisk
from csu.recording.segment import ClosedSegment

_BOX = struct.Struct(">I4s")
_COPY_BYTES = 1 << 20


class NothingToRecover(RecordingError):
    """There is not one whole fragment in it: it held less than half a second."""


def whole_fragments(pieces: Iterable[bytes]) -> bytes:
    """A segment up to its last whole fragment with the times of its pictures; b"" where there is none."""
    data = b"".join(pieces)
    end = at = 0
    while at + _BOX.size <= len(data):
        size, kind = _BOX.unpack_from(data, at)
        if size < _BOX.size or at + size > len(data):
            break
        try:
            if kind == b"uuid" and read_times_box(data[at : at + size]) is not None:
                end = at + size
        except BoxError:
            break
        at += size
    return data[:end]


def recover(disk: Disk, name: str, pieces: Iterable[bytes]) -> ClosedSegment:
    """Write the segment `name` anew from what is left of it. `disk` must be free to create that name.

    Raises NothingToRecover, RecordingError when what is left is no segment, DiskError.
    """
    content = whole_fragments(pieces)
    if not content:
        raise NothingToRecover(
            Words("aucun fragment entier", "not one whole fragment"),
            where=name,
            what_to_do=Words("Il n'y a rien à récupérer", "There is nothing to recover"),
        )
    about = read_segment(io.BytesIO(content), name)
    file = disk.create(name)
    try:
        for at in range(0, len(content), _COPY_BYTES):
            file.write(content[at : at + _COPY_BYTES])
        file.commit()
    except BaseException:
        file.abandon()
        raise
    return with_hashes(about, disk)


def read_segment(file: BinaryIO, name: str) -> ClosedSegment:
    """What a segment says of itself, without hashes: they are of the file, which this function does not see.

    Raises RecordingError for what is no whole segment of this name.
    """
    walk = BoxWalk()
    file.seek(0)
    try:
        while data := file.read(_COPY_BYTES):
            walk.feed(data)
        found = verdict(walk)
        times = frame_times(file)
        file.seek(0)
        with av.open(file, "r", format="mp4") as container:
            about = json.loads(container.metadata.get("comment", "{}"))
        camera, start_ns, mask_epoch = CameraId(about["camera"]), int(about["start_ns"]), int(about["mask_epoch"])
    except (BoxError, av.FFmpegError, ValueError, KeyError, TypeError) as error:
        raise _no_segment(name, error) from error
    if found.problem or len(times) != found.frames or segment_name(camera, start_ns) != name:
        raise _no_segment(name, found.problem or "its name or the times of its pictures are not its own")
    offset_ms = max((time.clock_offset_ms for time in times), key=abs, default=0)
    return ClosedSegment(camera, name, start_ns, found.duration_ms, 0, NO_LINK, mask_epoch, offset_ms, found.frames)


def with_hashes(about: ClosedSegment, disk: Disk) -> ClosedSegment:
    """`about` with the lengths and hashes of the committed file, read from the disk and from the one below its seal.

    Raises DiskError, KeyStoreError.
    """
    content, _ = _digest(disk.open(about.name))
    stored = disk.stored if isinstance(disk, SealedDisk) else disk
    sha256, size_bytes = _digest(stored.open(about.name))
    return replace(about, size_bytes=size_bytes, sha256=sha256, content_sha256=content)


def _digest(file: BinaryIO) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    with file:
        while data := file.read(_COPY_BYTES):
            digest.update(data)
            size += len(data)
    return digest.digest(), size


def _no_segment(name: str, why: object) -> RecordingError:
    return RecordingError(
        Words(f"ce n'est pas un segment entier ({why})", f"this is no whole segment ({why})"),
        where=name,
        what_to_do=Words("Il reste où il est, pour examen", "It stays where it is, to be looked at"),
    )
