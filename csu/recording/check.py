"""Proof that a segment is what it must be: one H.264 video track, no sound, whole, playable (AUD-2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import av

from csu.recording.boxes import BoxError, BoxWalk

_READ_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class SegmentCheck:
    """What was found in a file."""

    playable: bool
    video_tracks: int
    audio_tracks: int
    frames: int
    duration_ms: int
    problem: str | None
    """None exactly when `playable`."""


def check_segment(file: BinaryIO, *, decode: bool = False) -> SegmentCheck:
    """Read a segment from its beginning. Cheap: boxes only, media skipped. `decode`: decode every picture as well.

    Never raises for a bad file: the problem is the answer.
    """
    walk = BoxWalk()
    try:
        file.seek(0)
        while data := file.read(_READ_BYTES):
            walk.feed(data)
            if not decode and (ahead := walk.skippable()):
                # Only what is there: a seek past the end would not be noticed.
                here = file.tell()
                there = min(here + ahead, file.seek(0, 2))
                walk.skip(file.seek(there) - here)
    except BoxError as error:
        return verdict(walk, str(error))
    found = verdict(walk)
    if not decode or not found.playable:
        return found
    problem = _decode_problem(file, found.frames)
    return found if problem is None else verdict(walk, problem)


def verdict(walk: BoxWalk, problem: str | None = None) -> SegmentCheck:
    """What the boxes fed so far amount to, taken as a whole file."""
    video = [track for track in walk.tracks.values() if track.handler == "vide"]
    audio = [track for track in walk.tracks.values() if track.handler == "soun"]
    problem = problem or _track_problem(walk, len(video), len(audio))
    frames = sum(track.samples for track in video)
    duration_ms = max((track.ends_at * 1000 // track.timescale_hz for track in video), default=0)
    return SegmentCheck(problem is None, len(video), len(audio), frames, duration_ms, problem)


def _track_problem(walk: BoxWalk, video: int, audio: int) -> str | None:
    try:
        walk.finish()
    except BoxError as error:
        return str(error)
    if audio:
        return f"{audio} audio track(s): sound must never be recorded (AUD-2)"
    if video != 1 or len(walk.tracks) != 1:
        return f"{video} video and {len(walk.tracks) - video} other tracks, where exactly one video track may be"
    track = next(iter(walk.tracks.values()))
    if track.coding != "avc1":
        return f"the video track is {track.coding}, not H.264"
    if not track.is_decodable:
        return "no parameter sets: no player could decode it"
    if track.samples == 0:
        return "not one picture"
    return None


def _decode_problem(file: BinaryIO, frames: int) -> str | None:
    file.seek(0)
    try:
        with av.open(file, "r", format="mp4") as container:
            streams = list(container.streams)
            if len(streams) != 1 or not container.streams.video:
                return f"a player sees {len(streams)} streams, where exactly one video stream may be"
            if (codec := container.streams.video[0].codec_context.name) != "h264":
                return f"a player sees {codec}, not H.264"
            pictures = list(map(_is_sound, container.decode(video=0)))
    except av.FFmpegError as error:
        return f"a player cannot decode it: {error}"
    if len(pictures) != frames:
        return f"a player decodes {len(pictures)} of {frames} pictures"
    return None if all(pictures) else f"{pictures.count(False)} of {frames} pictures are damaged"


def _is_sound(picture: av.VideoFrame) -> bool:
    return not picture.is_corrupt
