"""Cutting a stored segment at key frames without touching a picture: the same access units, in another box.

Nothing is decoded and nothing encoded (EXP-7: no degradation). That it is so is not believed: the written file is read
back and every access unit compared with the stored one.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
from av.video.stream import VideoStream

from csu.evidence.errors import ExportFailed
from csu.evidence.footage import StoredSegment
from csu.evidence.frames import Frame, FrameTable, time_in_file_ns
from csu.evidence.spans import CameraSpan
from csu.hal.camera import CameraRecord
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from csu.recording import check_segment
from csu.recording.boxes import BoxError
from csu.recording.frame_times import frame_times

SEGMENT_BYTES_MAX = 512 << 20
"""70 s of 60 Mbit/s. A segment is held in memory whole while it is cut: it is opened, and its seal undone, once."""
LEAD_IN_NS_MAX = 10 * NS_PER_S
"""Frames before the interval that decoding may need: the longest group of pictures that ingest accepts."""


@dataclass(frozen=True, slots=True)
class AccessUnits:
    """What a file holds, as a demuxer gives it."""

    digests: tuple[str, ...]
    pts: tuple[int, ...]
    key: tuple[bool, ...]
    sizes: tuple[int, ...]
    time_base_hz: int
    width_px: int
    height_px: int
    parameters: bytes
    comment: str


def access_units(data: bytes) -> AccessUnits:
    """Every access unit of an MP4 with one H.264 track. Raises av.FFmpegError, ValueError."""
    with av.open(io.BytesIO(data), "r", format="mp4") as container:
        stream = only_video(container)
        packets = [packet for packet in container.demux(stream) if packet.size]
        if any(packet.pts is None for packet in packets):
            raise ValueError("a picture without a time")
        return AccessUnits(
            tuple(hashlib.sha256(bytes(packet)).hexdigest() for packet in packets),
            tuple(packet.pts or 0 for packet in packets),
            tuple(packet.is_keyframe for packet in packets),
            tuple(packet.size for packet in packets),
            hz_of(stream),
            stream.codec_context.width,
            stream.codec_context.height,
            bytes(stream.codec_context.extradata or b""),
            container.metadata.get("comment", ""),
        )


def read_segment(segment: StoredSegment) -> bytes:
    """The plain bytes of a segment, proved to be the ones that were recorded: masked video, no sound, right digest.

    Raises ExportFailed; whatever `open` raises (a lost disk, a broken seal) comes through.
    """
    with segment.open() as file:
        data = file.read(SEGMENT_BYTES_MAX + 1)
    if len(data) > SEGMENT_BYTES_MAX:
        raise failed(segment.name, Words("le segment est démesuré", "the segment is beyond all measure"))
    if hashlib.sha256(data).digest() != segment.sha256:
        what = Words("le segment n'est plus celui enregistré", "the segment is not the one that was recorded")
        raise failed(segment.name, what)
    found = check_segment(io.BytesIO(data))
    if not found.playable:
        raise failed(segment.name, Words(f"segment illisible ({found.problem})", f"not playable ({found.problem})"))
    return data


def cut(
    data: bytes,
    segment: StoredSegment,
    span: CameraSpan,
    about: CameraRecord,
    *,
    case: str,
    file: str,
    target: Path | io.BytesIO,
) -> FrameTable | None:
    """Write to `target` what `data` holds of `span`, from the key frame at or before it; None: it holds no frame of it.

    A path gets an MP4 that players open at once (moov first), memory a fragmented one like the recorder's. `file` is
    the name the table gives it. Raises ExportFailed: then nothing of it may be used.
    """
    try:
        stored = access_units(data)
        captured, offsets = times_of(data, stored, segment)
        chosen = choose(stored, captured, span, segment.name)
        if chosen is None:
            return None
        base = min(stored.pts[i] for i in chosen)
        _remux(data, chosen, base, target, {"case": case, "camera": segment.camera, "segment": segment.name})
        written = access_units(target.read_bytes() if isinstance(target, Path) else target.getvalue())
    except (av.FFmpegError, BoxError, ValueError) as error:
        raise failed(segment.name, Words(f"découpe impossible ({error})", f"cannot be cut ({error})")) from error
    if not _is_same(stored, written, chosen, base):
        what = Words("la copie n'est pas identique bit à bit", "the copy is not the same, bit by bit")
        raise failed(segment.name, what)
    frames = tuple(
        Frame(pts, captured[i], stored.key[i], span.holds(captured[i]), offsets[i], stored.sizes[i], stored.digests[i])
        for i, pts in zip(chosen, written.pts, strict=True)
    )
    return FrameTable(
        case,
        file,
        segment.camera,
        about.name,
        about.commune,
        segment.name,
        segment.chained_sha256.hex(),
        segment.mask_version,
        segment.clock_offset_ms,
        _clock_of(stored.comment),
        stored.time_base_hz,
        stored.width_px,
        stored.height_px,
        hashlib.sha256(stored.parameters).hexdigest(),
        frames,
    )


def failed(where: str, what: Words) -> ExportFailed:
    """The one way an export fails: loudly, and with nothing to hand over."""
    return ExportFailed(
        what,
        where=where,
        what_to_do=Words(
            "Aucun paquet n'a été fait ; voyez `csu recording check` et le journal",
            "No package was made; see `csu recording check` and the journal",
        ),
    )


def times_of(
    data: bytes, stored: AccessUnits, segment: StoredSegment
) -> tuple[tuple[Nanoseconds, ...], tuple[int, ...]]:
    """(capture time, clock offset) of every picture: kept apart, else as the file tells, else from start and pts."""
    count = len(stored.pts)
    told = frame_times(io.BytesIO(data))
    captured = segment.captured_ns or tuple(time.at_ns for time in told)
    offsets = (
        segment.clock_offsets_ms or tuple(time.clock_offset_ms for time in told) or (segment.clock_offset_ms,) * count
    )
    if not captured:
        captured = tuple(segment.start_ns + time_in_file_ns(pts, stored.time_base_hz) for pts in stored.pts)
    if len(captured) != count or len(offsets) != count:
        raise ValueError(f"{len(captured)} times for {count} pictures")
    return captured, offsets


def choose(stored: AccessUnits, captured: Sequence[Nanoseconds], span: CameraSpan, where: str) -> range | None:
    """Which access units to copy: from the key frame before the first asked frame to the last asked one."""
    asked = [i for i, at_ns in enumerate(captured) if span.holds(at_ns)]
    if not asked:
        return None
    keys = [i for i in range(asked[0] + 1) if stored.key[i]]
    if not keys or captured[asked[0]] - captured[keys[-1]] > LEAD_IN_NS_MAX:
        raise failed(
            where,
            Words("aucune image clé assez proche avant l'intervalle", "no key frame near enough before the interval"),
        )
    return range(keys[-1], asked[-1] + 1)


def _remux(data: bytes, chosen: range, base: int, target: Path | io.BytesIO, about: dict[str, str]) -> None:
    with av.open(io.BytesIO(data), "r", format="mp4") as source:
        stream = only_video(source)
        form = "+faststart" if isinstance(target, Path) else "frag_keyframe+empty_moov+default_base_moof"
        options = {"movflags": form, "video_track_timescale": str(hz_of(stream)), "fflags": "+bitexact"}
        with av.open(str(target) if isinstance(target, Path) else target, "w", format="mp4", options=options) as made:
            made.metadata["comment"] = json.dumps(about, separators=(",", ":"))
            track = made.add_stream_from_template(stream, opaque=True)
            track.time_base = stream.time_base
            number = -1
            for packet in source.demux(stream):
                if not packet.size or packet.pts is None or packet.dts is None:
                    continue
                number += 1
                if number in chosen:
                    packet.stream = track
                    packet.pts, packet.dts = packet.pts - base, packet.dts - base
                    made.mux(packet)


def _is_same(stored: AccessUnits, written: AccessUnits, chosen: range, base: int) -> bool:
    return (
        written.digests == tuple(stored.digests[i] for i in chosen)
        and written.pts == tuple(stored.pts[i] - base for i in chosen)
        and written.key == tuple(stored.key[i] for i in chosen)
        and written.parameters == stored.parameters
        and written.time_base_hz == stored.time_base_hz
    )


def only_video(container: av.container.InputContainer) -> VideoStream:
    streams = list(container.streams)
    if len(streams) != 1 or not container.streams.video:
        raise ValueError(f"{len(streams)} tracks, where exactly one of video may be")
    return container.streams.video[0]


def hz_of(stream: VideoStream) -> int:
    if stream.time_base is None or stream.time_base.numerator != 1:
        raise ValueError(f"the time base is {stream.time_base}")
    return stream.time_base.denominator


def _clock_of(comment: str) -> str:
    """What the recorder wrote into the segment: `camera` or `arrival`; `unknown` when it says nothing."""
    try:
        said = json.loads(comment).get("clock", "unknown")
    except (ValueError, AttributeError):
        said = "unknown"
    return str(said)
