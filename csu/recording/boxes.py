"""Reading fragmented MP4 as it is written: which tracks, how many pictures, how long, and is it whole.

Independent of the library that writes the file, so that it can be believed about it. ISO/IEC 14496-12 gives the boxes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

BOX_BYTES_MAX = 4 << 20
"""A moov of one track is under 1 KiB, a moof of one second under 1 KiB; nothing sane comes near this."""

_TOP_LEVEL = {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"mfra"}
_TOP_LEVEL |= {b"sidx", b"free", b"skip", b"prft", b"emsg", b"uuid"}
_HEADER_BYTES = 8
_VISUAL_ENTRY_BYTES = 86
"""Header and fixed fields of an avc1 sample entry; boxes follow."""
_DURATION_PRESENT_TFHD, _DURATION_PRESENT_TRUN = 0x08, 0x100
_SIZE_PRESENT, _FLAGS_PRESENT, _COMPOSITION_PRESENT = 0x200, 0x400, 0x800
_BASE_OFFSET, _DESCRIPTION_INDEX, _DATA_OFFSET, _FIRST_FLAGS = 0x01, 0x02, 0x01, 0x04


class BoxError(ValueError):
    """These bytes are not the fragmented MP4 they claim to be."""


@dataclass(slots=True)
class Track:
    """One track of the file."""

    track_id: int
    handler: str
    """`vide`, `soun`, or another four letters."""
    coding: str
    """`avc1`, `mp4a`, ... : the sample entry."""
    timescale_hz: int
    is_decodable: bool
    """H.264 with its parameter sets in the header (avcC with an SPS)."""
    default_duration: int = 0
    samples: int = 0
    ends_at: int = 0
    """Decode time of the end of the last sample, in `timescale_hz`."""


@dataclass(slots=True)
class BoxWalk:
    """Feed it a file front to back in pieces of any size; it keeps no media, only what the boxes say."""

    tracks: dict[int, Track] = field(default_factory=dict)
    fragments: int = 0
    _kind: bytes = b""
    _left: int = 0
    """Bytes of the open box still to come."""
    _held: bytearray = field(default_factory=bytearray)
    _fragment_waits: bool = False
    """A moof came and its mdat did not yet."""

    def feed(self, data: bytes) -> None:
        """Raises BoxError as soon as the bytes make no sense."""
        view = memoryview(data)
        while view:
            view = view[self._take(view) :]

    def finish(self) -> None:
        """Raises BoxError if the bytes end inside a box, or a fragment without its media: a torn file."""
        if self._left or self._held or self._fragment_waits:
            raise BoxError(f"the file ends inside {self._kind.decode('latin-1') or 'a box header'}")
        if not self.tracks:
            raise BoxError("the file has no moov box")

    @property
    def is_between_boxes(self) -> bool:
        """Whether what was fed ends with a whole box, and no fragment waits for its media."""
        return not (self._left or self._held or self._fragment_waits)

    @property
    def samples(self) -> int:
        """Of all tracks."""
        return sum(track.samples for track in self.tracks.values())

    def skippable(self) -> int:
        """How many of the bytes that follow are media and need not be fed: `skip` them."""
        return self._left if self._kind == b"mdat" else 0

    def skip(self, count: int) -> None:
        """Count `count` bytes of media as read."""
        self._left -= count

    def _take(self, view: memoryview) -> int:
        if not self._left:
            wanted = _HEADER_BYTES - len(self._held)
            self._held += view[:wanted]
            if len(self._held) == _HEADER_BYTES:
                self._open_box()
            return min(wanted, len(view))
        taken = min(self._left, len(view))
        self._left -= taken
        if self._kind in (b"moov", b"moof"):
            self._held += view[:taken]
            if not self._left:
                self._close_box()
        return taken

    def _open_box(self) -> None:
        size, kind = struct.unpack(">I4s", self._held)
        self._held.clear()
        if kind not in _TOP_LEVEL or size < _HEADER_BYTES or (kind in (b"moov", b"moof") and size > BOX_BYTES_MAX):
            raise BoxError(f"a box {kind!r} of {size} bytes has no place in a segment")
        if self._fragment_waits != (kind == b"mdat") or (kind == b"moof" and not self.tracks):
            raise BoxError(f"a box {kind!r} stands where it must not")
        self._fragment_waits = kind == b"moof"
        self._kind, self._left = kind, size - _HEADER_BYTES

    def _close_box(self) -> None:
        payload = bytes(self._held)
        self._held.clear()
        try:
            if self._kind == b"moov":
                self._read_moov(payload)
            else:
                self.fragments += 1
                for kind, body in _children(payload):
                    if kind == b"traf":
                        self._read_traf(body)
        except (struct.error, IndexError) as error:
            raise BoxError(f"a {self._kind.decode()} box is broken: {error}") from error

    def _read_moov(self, payload: bytes) -> None:
        for kind, body in _children(payload):
            if kind == b"trak":
                track = _read_trak(body)
                self.tracks[track.track_id] = track
        for trex in _find(payload, b"mvex", b"trex"):
            track_id, _, duration = struct.unpack_from(">III", trex, 4)
            if track_id in self.tracks:
                self.tracks[track_id].default_duration = duration

    def _read_traf(self, body: bytes) -> None:
        boxes = list(_children(body))
        header = next((box for kind, box in boxes if kind == b"tfhd"), b"")
        flags, track_id = struct.unpack_from(">II", header)
        track = self.tracks.get(track_id)
        if track is None:
            raise BoxError(f"a fragment belongs to track {track_id}, which does not exist")
        duration = track.default_duration
        if flags & _DURATION_PRESENT_TFHD:
            offset = 8 + (8 if flags & _BASE_OFFSET else 0) + (4 if flags & _DESCRIPTION_INDEX else 0)
            (duration,) = struct.unpack_from(">I", header, offset)
        for kind, box in boxes:
            if kind == b"tfdt":
                (track.ends_at,) = struct.unpack_from(">Q" if box[0] == 1 else ">I", box, 4)
            if kind == b"trun":
                count, ticks = _read_trun(box, duration)
                track.samples += count
                track.ends_at += ticks


def _read_trak(body: bytes) -> Track:
    tkhd, mdhd = _one(body, b"tkhd"), _one(body, b"mdia", b"mdhd")
    handler, entries = _one(body, b"mdia", b"hdlr"), _one(body, b"mdia", b"minf", b"stbl", b"stsd")
    (track_id,) = struct.unpack_from(">I", tkhd, 20 if tkhd[0] == 1 else 12)
    (timescale,) = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)
    if timescale == 0:
        raise BoxError("a track has no time scale")
    coding = entries[12:16].decode("latin-1")
    return Track(track_id, handler[8:12].decode("latin-1"), coding, timescale, coding == "avc1" and _has_sps(entries))


def _has_sps(entries: bytes) -> bool:
    """Whether the first sample entry, an avc1, holds an avcC that counts at least one SPS (ISO/IEC 14496-15)."""
    entry = entries[8 : 8 + int(struct.unpack_from(">I", entries, 8)[0])]
    avcc = next(_find(entry[_VISUAL_ENTRY_BYTES:], b"avcC"), b"")
    return len(avcc) > 8 and avcc[5] & 0x1F >= 1


def _read_trun(box: bytes, default_duration: int) -> tuple[int, int]:
    """(samples, their duration in ticks)."""
    flags, count = struct.unpack_from(">II", box)
    flags &= 0xFFFFFF
    if not flags & _DURATION_PRESENT_TRUN:
        return count, count * default_duration
    offset = 8 + (4 if flags & _DATA_OFFSET else 0) + (4 if flags & _FIRST_FLAGS else 0)
    fields = sum(bool(flags & bit) for bit in (_SIZE_PRESENT, _FLAGS_PRESENT, _COMPOSITION_PRESENT)) + 1
    numbers = struct.unpack_from(f">{count * fields}I", box, offset)
    return count, sum(numbers[::fields])  # the duration comes first of each sample's fields


def _children(payload: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(payload):
        size, kind = struct.unpack_from(">I4s", payload, at)
        if size < _HEADER_BYTES or at + size > len(payload):
            raise BoxError(f"a box {kind!r} of {size} bytes does not fit into its parent")
        yield kind, payload[at + _HEADER_BYTES : at + size]
        at += size


def _find(payload: bytes, *path: bytes) -> Iterator[bytes]:
    for kind, body in _children(payload):
        if kind == path[0]:
            if len(path) == 1:
                yield body
            else:
                yield from _find(body, *path[1:])


def _one(payload: bytes, *path: bytes) -> bytes:
    found = next(_find(payload, *path), None)
    if found is None:
        raise BoxError(f"the box {b'/'.join(path).decode()} is missing")
    return found
