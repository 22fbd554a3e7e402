"""Running the torture of the recorder in a process of its own, and hearing how it goes."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict

from csu.cluster.torture_process import TortureSettings
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.recording.torture import TortureResult

SECONDS_A_KILL_MAX = 30.0


class TortureFailed(CsuError):
    """The torture itself broke down: it says nothing about the recorder."""


def run_torture(settings: TortureSettings, progress: Callable[[int], None]) -> TortureResult:
    """Kill `settings.kills` recorders one after the other; `progress` is told how many so far. Blocks.

    Raises TortureFailed.
    """
    command = [sys.executable, "-m", "csu.cluster.torture_process", json.dumps(asdict(settings))]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603 - ours
    said: list[str] = []
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    assert process.stderr is not None  # noqa: S101 - so is this
    errors = process.stderr
    listening = threading.Thread(target=lambda: said.extend(errors), daemon=True)
    listening.start()
    watchdog = threading.Timer(120 + SECONDS_A_KILL_MAX * settings.kills, process.kill)
    watchdog.start()
    result: TortureResult | None = None
    try:
        for line in process.stdout:
            found = json.loads(line)
            if "killed" in found:
                progress(found["killed"])
            else:
                result = TortureResult(**{**found["result"], "problems": tuple(found["result"]["problems"])})
        code = process.wait()
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.kill()
        process.wait()
        listening.join(2)
    if result is None:
        last = said[-1].strip() if said else ""
        raise TortureFailed(
            Words(f"l'essai s'est arrêté (code {code}) : {last}", f"the torture ended by itself (code {code}): {last}"),
            where="csu/recording/torture",
            what_to_do=Words("Relancez avec la même graine", "Run it again with the same seed"),
        )
    return result
