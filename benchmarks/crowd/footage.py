"""What lies on the disk after a run: is every picture of every camera in a sealed segment, once?

Each picture bears the time of its capture, which comes from its RTP timestamp and stands on its camera's grid of
instants. So two neighbours are one step apart; where they are two, a picture is missing, and where they are none, one
stands there twice. What was not sent because the sources were late is told apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from csu.hal.clock import Nanoseconds
from csu.machine import LocalDisk
from csu.recording import check_segment
from csu.recording.frame_times import frame_times
from csu.recording.key_store import LocalKeyStore
from csu.recording.names import parse_segment_name
from csu.recording.sealed_disk import SealedDisk, nobody

DECODED_EVERY = 40
"""One file in so many is decoded, picture by picture."""


@dataclass(frozen=True, slots=True)
class Count:
    """Of one camera, or of many, between two instants."""

    kept: int = 0
    missing: int = 0
    """Pictures that are on no file between the first instant and the last."""
    twice: int = 0
    broken_files: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.kept + other.kept,
            self.missing + other.missing,
            self.twice + other.twice,
            self.broken_files + other.broken_files,
        )


def count_times(
    times_ns: Sequence[Nanoseconds], from_ns: Nanoseconds, until_ns: Nanoseconds, step_ns: Nanoseconds
) -> Count:
    """Of one camera whose pictures come each `step_ns`, from one instant to the other. Pure.

    A while of so many steps holds so many pictures, wherever the grid lies: one whose pictures come at the very
    instants that bound it would else be short of the last by a rounding (4 of 64 cameras were).
    """
    inside = sorted(at_ns for at_ns in times_ns if from_ns <= at_ns < until_ns)
    due = (until_ns - from_ns + step_ns // 100) // step_ns
    if not inside:
        return Count(missing=due)
    missing = max(0, due - 1 - round((inside[-1] - inside[0]) / step_ns))
    twice = 0
    for earlier, later in zip(inside, inside[1:], strict=False):
        steps = round((later - earlier) / step_ns)
        missing += max(0, steps - 1)
        twice += steps == 0
    return Count(len(inside), missing, twice)


@dataclass(frozen=True, slots=True)
class Footage:
    """What was found of a run."""

    total: Count
    lossy: dict[str, Count]
    """Cameras that miss a picture or have one twice."""
    newest_ns: dict[str, Nanoseconds]
    """Each camera's last picture."""
    files: int
    size_bytes: int


def read_footage(
    media: Path,
    keys: Path,
    cameras: Iterable[str],
    from_ns: Nanoseconds,
    until_ns: Nanoseconds,
    step_ns: Nanoseconds,
) -> Footage:
    """Open every segment with its key and count."""
    stored = LocalDisk(media)
    disk = SealedDisk(stored, LocalKeyStore(keys), nobody)
    times: dict[str, list[Nanoseconds]] = {camera: [] for camera in cameras}
    broken = dict.fromkeys(times, 0)
    names, size_bytes = stored.names(), 0
    for number, name in enumerate(names):
        camera = parse_segment_name(name).camera
        size_bytes += stored.size_bytes(name)
        with disk.open(name) as file:
            found = frame_times(file)
            checked = check_segment(file, decode=number % DECODED_EVERY == 0)
        broken[camera] += not checked.playable or checked.frames != len(found)
        times[camera] += [time.at_ns for time in found]
    counts = {
        camera: replace(count_times(found, from_ns, until_ns, step_ns), broken_files=broken[camera])
        for camera, found in times.items()
    }
    return Footage(
        sum(counts.values(), Count()),
        {camera: count for camera, count in counts.items() if count.missing or count.twice or count.broken_files},
        {camera: max(found, default=0) for camera, found in times.items()},
        len(names),
        size_bytes,
    )
