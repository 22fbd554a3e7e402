"""Cameras entered by the command, beside onvif-python that makes the same calls one after another and keeps nothing.

Simulated ONVIF cameras over TLS in a process of their own, whose share is in no figure. Budget: fifty within 60 s.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.cpu import cpu_s
from benchmarks.scoreboard import Scoreboard

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".venv-peer" / "bin" / "python"
CAMERAS, OF_PEER = 50, 10
COST, SPEED, WHOLE = "Enrolment: a camera entered", "Enrolment: cameras entered", "Enrolment: 50 cameras, whole command"
USER, PASSWORD = "csu", "street-0000"
CSU = [sys.executable, "-c", "from csu.cli import main; main()"]
ENVIRONMENT = {
    **os.environ,
    "CSU_VAULT_KEY": "0123456789abcdef0123456789abcdef",
    "CSU_CAMERA_PASSWORD": PASSWORD,
    "PYTHONPATH": str(ROOT),
}


@contextmanager
def served(count: int) -> Iterator[str]:
    """Where they answer a search."""
    command = [*CSU, "sim", "serve", "--devices", "camera", "--fixed", "--cameras", str(count), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=ENVIRONMENT) as bench:
        assert bench.stdout is not None
        try:
            yield json.loads(bench.stdout.readline())["search"]
        finally:
            bench.terminate()
            bench.wait(30)


def run(command: Sequence[str], folder: Path, *, may_end_with: int = 0) -> tuple[str, float, float]:
    """Its stdout, CPU seconds, seconds."""
    cpu, began = cpu_s(), time.monotonic()
    ran = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, timeout=1_100, check=False)
    assert ran.returncode in (0, may_end_with), ran.stderr.decode()[-2_000:]
    return ran.stdout.decode(), cpu_s() - cpu, time.monotonic() - began


def enrol(search: str, folder: Path, *options: str) -> tuple[list[dict[str, object]], float, float]:
    (folder / "site.yaml").write_text("site: metz\n")
    command = [*CSU, "camera", "enrol", "--found", "--at", search, "--commune", "metz", "--user", USER, "--json"]
    told, cpu, took = run([*command, "--site", "site.yaml", *options], folder, may_end_with=1)
    return json.loads(told)["cameras"], cpu, took


@pytest.mark.timeout(300)
def test_fifty_are_entered(scoreboard: Scoreboard, tmp_path: Path) -> None:
    with served(CAMERAS) as search:
        rows, cpu, took = enrol(search, tmp_path, "--no-examination")
    assert [row["outcome"] for row in rows] == ["not examined"] * CAMERAS
    scoreboard.add(COST, "csu, eight at a time, start-up and search of 3 s included", cpu / CAMERAS * 1e3, "ms of CPU")
    scoreboard.add(
        SPEED, "csu, eight at a time, start-up and search of 3 s included", CAMERAS / took, "a second", "more"
    )
    scoreboard.add(WHOLE, "csu, without examination", took, "s")

    assert PEER.exists(), "onvif-python is missing: run .ci/setup test"
    with served(OF_PEER) as search:
        command = [*CSU, "camera", "discover", "--at", search, "--json"]
        told, _, _ = run(command, tmp_path)
        addresses = [each["address"].split("/")[2] for each in json.loads(told)["cameras"]]
        assert len(addresses) == OF_PEER
        peer = [str(PEER), str(ROOT / "benchmarks" / "enrol_peer.py"), USER, PASSWORD, *addresses]
        told, cpu, took = run(peer, tmp_path)
    assert told.split() == [str(OF_PEER)]
    scoreboard.add(COST, "onvif-python, one after another, nothing kept", cpu / OF_PEER * 1e3, "ms of CPU")
    scoreboard.add(SPEED, "onvif-python, one after another, nothing kept", OF_PEER / took, "a second", "more")


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
def test_fifty_are_entered_and_examined(scoreboard: Scoreboard, tmp_path: Path) -> None:
    """The verdicts are asserted nowhere: on a busy machine a simulated camera leaves out pictures, and is told so."""
    with served(CAMERAS) as search:
        rows, cpu, took = enrol(search, tmp_path)
    assert all(row["examined"] for row in rows)
    assert len(rows) == CAMERAS
    held = sum(row["outcome"] == "holds" for row in rows)
    scoreboard.add(WHOLE, f"csu, examined, {held} hold", took, "s")
    scoreboard.add(COST, "csu, examined", cpu / CAMERAS * 1e3, "ms of CPU")
