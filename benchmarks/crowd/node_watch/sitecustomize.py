"""Runs when a media node's process begins (its PYTHONPATH leads here): a thread sleeps and looks how late it wakes.

What it waits for beyond its sleep is what any other thread of the process waits for: the interpreter, then a core. One
line a second goes to CSU_LAG_DIRECTORY: the second, and counts of delays in bins of BIN_MS. Costs 2 ms of CPU a second.
"""

import json
import os
import threading
import time

SLEEP_S = 0.005
BIN_MS = 0.25
BINS = 4_000
"""Up to a second; what is later counts as that."""


def _watch(path: str) -> None:
    with open(path, "w", buffering=1) as file:
        while True:
            bins: dict[int, int] = {}
            end_s = time.monotonic() + 1.0
            while (asleep_s := time.monotonic()) < end_s:
                time.sleep(SLEEP_S)
                late_ms = (time.monotonic() - asleep_s - SLEEP_S) * 1000
                place = min(BINS - 1, max(0, int(late_ms / BIN_MS)))
                bins[place] = bins.get(place, 0) + 1
            print(json.dumps([time.time_ns(), sorted(bins.items())]), file=file)


if _directory := os.environ.get("CSU_LAG_DIRECTORY"):
    threading.Thread(target=_watch, args=(f"{_directory}/{os.getpid()}.lag",), daemon=True).start()
