"""Analysis at a whole running centre: its own processes, the real network, the masked pictures of simulated walkers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csu.centre.centre_settings import CentreSettings
from csu.centre.events import AnalysisChanged, CentreEvent, SignalShown
from csu.centre.running import open_centre

PROCESS = "csu.cluster.analysis_process"


def processes() -> list[int]:
    """Of ours that analyse."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            words = (each / "cmdline").read_bytes() if each.name.isdecimal() else b""
            parent = int((each / "stat").read_text().rsplit(")", 1)[1].split()[1]) if words else 0
        except (FileNotFoundError, ProcessLookupError):
            continue
        if PROCESS.encode() in words and parent == os.getpid():
            found.append(int(each.name))
    return found


async def running(
    directory: Path, analysed: int, seconds: float, awaited: type[CentreEvent] | None = None
) -> tuple[list[CentreEvent], list[int]]:
    """So long, or until something of that kind was told."""
    told: list[CentreEvent] = []
    settings = CentreSettings(directory, cameras=3, options={"analysed": analysed})
    async with open_centre(settings, observe=told.append, progress=lambda words: None):
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s and not (awaited and any(isinstance(each, awaited) for each in told)):
            await asyncio.sleep(0.5)
        return told, processes()


@pytest.mark.nightly
def test_two_cameras_of_an_order_are_analysed_and_signals_come_of_real_pictures_and_the_third_is_not(tmp_path):
    told, ran = asyncio.run(running(tmp_path, 2, 180, SignalShown))
    assert {each.camera for each in told if isinstance(each, AnalysisChanged)} == {"cam-0001", "cam-0002"}
    assert {each.camera for each in told if isinstance(each, SignalShown)} <= {"cam-0001", "cam-0002"}
    assert any(isinstance(each, SignalShown) for each in told), "somebody walks in these streets"
    assert len(ran) == 1
    assert processes() == []


@pytest.mark.nightly
@pytest.mark.requirement("VSA-1")
def test_a_fresh_centre_without_an_order_starts_no_analysis_and_looks_at_no_picture_while_it_records(tmp_path):
    told, ran = asyncio.run(running(tmp_path, 0, 20))
    assert ran == []
    assert not [each for each in told if isinstance(each, AnalysisChanged | SignalShown)]
    csu = str(Path(sys.executable).with_name("csu"))
    command = [csu, "demo", "--cameras", "2", "--seconds", "15", "--headless", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=180, check=False)
    found = json.loads(done.stdout)
    assert found["analysis"] == {"pictures": 0, "signals": 0, "permitted": False}
    assert found["segments"]["closed"] > 0
    assert found["verdict"] == "holds", found["failures"]
