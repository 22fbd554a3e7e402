"""The torture of the recorder: three kills in the suite, two hundred by hand; and that it can tell a bad recorder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from csu.cluster.recording_check import RecordingCheck
from csu.cluster.volumes import VolumesDisk
from csu.recording import Catalogue
from csu.recording.key_store import LocalKeyStore
from csu.recording.torture import Taken, cost_of

CSU = Path(sys.executable).with_name("csu")
NOW_NS = 1_796_000_000_000_000_000


@pytest.fixture(scope="module")
def tortured(tmp_path_factory):
    """(what the command said, the directory it left)."""
    directory = tmp_path_factory.mktemp("torture") / "data"
    command = [str(CSU), "recording", "torture", "--kills", "3", "--seed", "suite", "--json"]
    done = subprocess.run([*command, "--directory", str(directory)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout), directory


def test_three_kills_lose_less_than_a_second_each_and_leave_nothing_inconsistent(tortured):
    said, _ = tortured
    assert (said["verdict"], said["kills"], said["cameras"]) == ("holds", 3, 16)
    assert said["lost_tail_s_max"] <= 1.0
    assert (said["inconsistent"], said["problems"]) == (0, [])
    assert said["recovered"] > 0
    assert said["frames_taken"] > 16 * 10


def checker(directory):
    keys = LocalKeyStore(directory / "keys")
    return RecordingCheck(VolumesDisk.of(directory / "media"), Catalogue(directory / "catalogue"), keys), keys


def test_the_check_names_what_was_done_to_the_footage(tortured, tmp_path):
    directory = shutil.copytree(tortured[1], tmp_path / "data")
    media = directory / "media"
    files = sorted(media.glob("*/*/*.mp4"))
    changed, gone, clear = files[0], files[1], files[2]
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    gone.unlink()
    clear.write_bytes(b"in clear")
    check, keys = checker(directory)
    backup = next((directory / "keys").glob("*/*.key"))
    kept = backup.read_bytes()
    keys.shred(backup.parent.name, date.fromisoformat(backup.stem))
    backup.write_bytes(kept)
    keys.key("57999", date(2026, 11, 20))
    found = check.check(NOW_NS, hashes=True).found
    names = {(finding.kind.value, Path(finding.name).name) for finding in found}
    assert ("other_content", changed.name) in names
    assert ("row_without_file", gone.name) in names
    assert {("not_sealed", clear.name), ("other_content", clear.name)} <= names
    assert "file_without_key" in {kind for kind, _ in names}
    assert ("key_came_back", backup.stem) in names
    assert ("key_without_day", "2026-11-20") in names


def test_the_repair_tells_lost_files_and_deletes_none(tortured, tmp_path):
    directory = shutil.copytree(tortured[1], tmp_path / "data")
    shutil.rmtree(directory / "catalogue")
    before = sorted((directory / "media").rglob("*.mp4"))
    check, _ = checker(directory)
    first = check.check(NOW_NS, hashes=False)
    assert {finding.kind.value for finding in first.found} == {"file_without_row"}
    assert check.repair(first, NOW_NS).remaining == ()
    assert check.check(NOW_NS, hashes=True).found == ()
    assert sorted((directory / "media").rglob("*.mp4")) == before


def test_a_file_closed_a_moment_ago_is_not_told_twice(tortured, tmp_path):
    directory = shutil.copytree(tortured[1], tmp_path / "data")
    shutil.rmtree(directory / "catalogue")
    check, _ = checker(directory)
    begun_ns = 1_795_392_000_000_000_000 - 90_000_000_000
    assert check.check(begun_ns + 1_000_000_000, hashes=False).found == ()


@pytest.mark.parametrize(
    ("readable", "lost_s", "missing"),
    [
        (range(0, 100, 10), 0.0, 0),
        (range(0, 60, 10), 0.4, 0),
        ((), 1.0, 0),
        ((0, 10, 30, 40), 0.5, 1),
        ((0, 10, 20, 90), 0.0, 6),
    ],
)
def test_the_cost_of_a_life_is_the_tail_and_what_is_missing_before_it(readable, lost_s, missing):
    hundredths = 10_000_000
    cost = cost_of(Taken(0, 90 * hundredths), [at * hundredths for at in readable], 10 * hundredths)
    assert (round(cost.lost_tail_s, 6), cost.missing_earlier, cost.taken) == (lost_s, missing, 10)
