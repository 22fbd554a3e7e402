"""A copy of the tree in which a violation can be planted."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_NOT_COPIED = shutil.ignore_patterns("node_modules", "__pycache__", "*.pyc", "web", "*.ttf")


@dataclass
class PlantedTree:
    """A copy of csu, sim, hardware and pyproject.toml; what is planted in it goes away with the test."""

    root: Path
    planted: list[Path] = field(default_factory=list)

    def plant(self, path: str, source: str) -> Path:
        """A new file `path` with `source`. It must not stand there already."""
        target = self.root / path
        assert not target.exists(), f"{path} is a real file: plant beside it"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source, encoding="utf-8")
        self.planted.append(target)
        return target

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a tool of this environment in the copy: what it imports is the copy, not the checkout."""
        tool = [sys.executable, *command[1:]] if command[0] == "python" else [tool_path(command[0]), *command[1:]]
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        return subprocess.run(tool, cwd=self.root, env=environment, capture_output=True, text=True, timeout=100)


def tool_path(name: str) -> str:
    """A console script that stands beside this Python."""
    return str(Path(sys.executable).with_name(name))


@pytest.fixture(scope="session")
def _copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tree")
    for package in ("csu", "sim", "hardware"):
        shutil.copytree(ROOT / package, root / package, ignore=_NOT_COPIED)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", root / "tests")
    return root


@pytest.fixture
def tree(_copy: Path) -> Iterator[PlantedTree]:
    planted = PlantedTree(_copy)
    yield planted
    for path in planted.planted:
        path.unlink()


@pytest.fixture(scope="session")
def mypy() -> Callable[[Path], list[tuple[int, str]]]:
    """Checks one file as strictly as the tree, with the tree's own cache; gives (line, code) of each error."""

    def check(snippet: Path) -> list[tuple[int, str]]:
        done = subprocess.run(
            [tool_path("mypy"), "--no-error-summary", "--show-error-codes", "--no-pretty", str(snippet)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        errors = re.findall(rf"{re.escape(snippet.name)}:(\d+): error: .*\[([a-z-]+)\]$", done.stdout, re.MULTILINE)
        assert len(errors) == done.stdout.count(": error: "), done.stdout
        return [(int(line), code) for line, code in errors]

    return check
