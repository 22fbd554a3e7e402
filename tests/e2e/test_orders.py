"""Orders at a running centre: a commune of storage only is recorded and not shown; a suspended one is not recorded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CSU = Path(sys.executable).with_name("csu")
SUSPENDED_AFTER_S = 25

pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[dict, Path, str]:
    """Six cameras; the sixth is of the commune that its options speak of."""
    directory = tmp_path_factory.mktemp("orders")
    options = ("storage_only=true", f"suspended_after_s={SUSPENDED_AFTER_S}")
    command = [str(CSU), "demo", "--cameras", "6", "--seconds", "30", "--headless", "--json"]
    command += ["--keep", str(directory / "centre"), "--report", str(directory / "report.html")]
    command += [word for option in options for word in ("--option", option)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    return json.loads(done.stdout), directory / "centre", done.stderr


@pytest.mark.requirement("AUT-6")
def test_the_suspended_commune_is_not_recorded_and_the_others_go_on(demo) -> None:
    told, _, log = demo
    assert told["cameras"]["states"]["cam-0006"] == "unauthorised"
    assert told["cameras"]["live"] == told["cameras"]["expected"] == 5
    assert "suspendu" in log


def test_what_was_recorded_before_the_suspension_is_kept(demo) -> None:
    told, centre, _ = demo
    assert told["segments"]["playable"] == told["segments"]["on_disk"] >= 6
    assert [path for path in (centre / "media").rglob("*.mp4") if "cam-0006" in str(path)]


def test_a_commune_of_storage_only_is_never_on_the_wall(demo) -> None:
    told, _, _ = demo
    assert sorted(told["wall"]["tile_states"]) == [f"cam-000{number}" for number in range(1, 6)]


def test_the_papers_of_the_centre_can_be_read_afterwards(demo) -> None:
    _, centre, _ = demo
    done = subprocess.run(
        [str(CSU), "orders", "show", "--centre", str(centre), "--json"], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert {each["camera"]: each["may_record"] for each in told["cameras"]}["cam-0006"] is False
    assert [each["by"] for each in told["history"]] == ["site"]
