"""Showing one stretch of stored footage: one fragmented MP4 of it, made segment by segment, nothing encoded anew.

Time 0 is the start of the stretch. Pictures that decoding needs before it (at most one group) are there at negative
times, behind an edit list: players decode them and do not show them (docs/decisions/0033, 0037).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from csu.evidence.cut import access_units, choose, failed, hz_of, only_video, read_segment, times_of
from csu.evidence.footage import StoredSegment
from csu.evidence.spans import CameraSpan
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.recording.boxes import BoxError

_OPTIONS = {
    "movflags": "frag_keyframe+delay_moov+default_base_moof",
    "use_editlist": "1",
    "avoid_negative_ts": "disabled",
    "fflags": "+bitexact",
}


def stretch(segments: Iterable[StoredSegment], span: CameraSpan) -> Iterator[bytes]:
    """The pieces of an MP4 that shows exactly the pictures of `span`, in order; none where it holds none.

    `segments`: of this camera, by time. One is held in memory at a time. Raises ExportFailed, DiskError: what was given
    until then is true, and not all.
    """
    made = _Made(span)
    for segment in segments:
        try:
            made.add(segment)
        except (av.FFmpegError, BoxError, ValueError) as error:
            raise failed(segment.name, Words(f"illisible ({error})", f"cannot be read ({error})")) from error
        if piece := made.take():
            yield piece
    if piece := made.end():
        yield piece


class _Sink(io.RawIOBase):
    """What the muxer wrote and nobody took yet."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.held += data
        return len(data)


class _Made:
    """The file as it grows."""

    def __init__(self, span: CameraSpan) -> None:
        self._span = span
        self._sink = _Sink()
        self._container: OutputContainer | None = None
        self._track: VideoStream | None = None
        self._parameters = b""
        self._last_dts: int | None = None

    def add(self, segment: StoredSegment) -> None:
        """What a segment holds of the stretch."""
        data = read_segment(segment)
        stored = access_units(data)
        captured, _ = times_of(data, stored, segment)
        chosen = choose(stored, captured, self._span, segment.name)
        if chosen is None:
            return
        if self._track is not None and stored.parameters != self._parameters:
            what = Words("l'image change de format ici", "the picture changes its format here")
            raise failed(segment.name, what)
        self._parameters = stored.parameters
        with av.open(io.BytesIO(data), "r", format="mp4") as source:
            stream = only_video(source)
            first = next(i for i in chosen if self._span.holds(captured[i]))
            at = _ticks(captured[first] - self._span.from_ns, hz_of(stream)) - stored.pts[first]
            self._mux(source, stream, chosen, at)

    def take(self) -> bytes:
        """What is ready."""
        held = bytes(self._sink.held)
        self._sink.held.clear()
        return held

    def end(self) -> bytes:
        """The rest. The file is whole."""
        if self._container is not None:
            self._container.close()
        return self.take()

    def _mux(self, source: av.container.InputContainer, stream: VideoStream, chosen: range, at: int) -> None:
        container, track = self._opened(stream)
        number = -1
        for packet in source.demux(stream):
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            number += 1
            if number not in chosen:
                continue
            packet.stream = track
            if self._last_dts is not None and packet.dts + at <= self._last_dts:
                at = self._last_dts + 1 - packet.dts  # a file's own time may be wrong by a picture's length
            packet.pts, packet.dts = packet.pts + at, packet.dts + at
            self._last_dts = packet.dts
            container.mux(packet)

    def _opened(self, stream: VideoStream) -> tuple[OutputContainer, VideoStream]:
        if self._container is None or self._track is None:
            options = _OPTIONS | {"video_track_timescale": str(hz_of(stream))}
            self._container = av.open(self._sink, "w", format="mp4", options=options)
            self._track = self._container.add_stream_from_template(stream, opaque=True)
            self._track.time_base = stream.time_base
        return self._container, self._track


def _ticks(ns: Nanoseconds, hz: int) -> int:
    return ns * hz // NS_PER_S
