"""What recorders add to a process: `python -m benchmarks.recorder_memory DIRECTORY STREAMS...` prints JSON.

A process of its own: in one that has worked before, new memory hides in what was freed and never given back.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from benchmarks.cpu import Memory, in_child, memory_of, return_free_memory
from benchmarks.recording_work import Work, record
from benchmarks.street_clip import FRAMES_PER_S, MaskedStream, make_masked_stream, make_pictures

SECONDS, FULL_AT_S = 6, 4
"""A second's fragment is full, and not yet on disk, one picture before `FULL_AT_S`."""


def growth(stream: MaskedStream, streams: int, directory: Path, work: Work, *, reads: bool = False) -> Memory:
    """Memory with all recorders open and their fragments full, less the memory before."""
    return_free_memory()
    before = memory_of()
    found: list[Memory] = []
    all_full = threading.Barrier(streams, action=lambda: found.append(memory_of() - before), timeout=60)

    def pause(number: int) -> None:
        if number == FULL_AT_S * FRAMES_PER_S - 1:
            all_full.wait()

    record(stream, streams, directory, work=work, reads=reads, pause=pause)
    return found[0]


def main(directory: Path, sizes: list[int]) -> None:
    """One object: for each number of streams, growth sealed, sealed with a demuxer, and not sealed; and this process
    before any work."""
    idle = memory_of()
    stream = make_masked_stream(make_pictures(8), SECONDS, directory / "clip")
    found: dict[str, dict[str, object]] = {}
    for streams in sizes:
        place = directory / str(streams)
        # In a child each: the next one must not find what this one freed.
        reading = in_child(lambda: growth(stream, streams, place / "reads", Work.SEAL, reads=True))  # noqa: B023 - waits
        alone = in_child(lambda: growth(stream, streams, place / "alone", Work.SEAL))  # noqa: B023
        copy = in_child(lambda: growth(stream, streams, place / "copy", Work.COPY))  # noqa: B023
        grown = {"reading": reading, "alone": alone, "copy": copy, "idle": idle}
        found[str(streams)] = {name: asdict(memory) for name, memory in grown.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(word) for word in sys.argv[2:]])
