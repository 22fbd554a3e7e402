"""What the documents tell people to type or to open exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
INDEX = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def _page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _typed(page: Path) -> Iterator[str]:
    """What a reader may type: the lines of shell blocks, and `code` that begins with make or csu."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"```(?:sh|bash|console|shell)?\n(.*?)```", text, re.DOTALL):
        yield from (line.removeprefix("$ ").strip() for line in block.splitlines())
    yield from re.findall(r"`((?:make|csu|\.venv/bin/csu) [^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def _words(line: str, command: str) -> list[str] | None:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return None
    return words[1:] if words and Path(words[0]).name == command else None


@pytest.fixture(scope="module")
def csu() -> Any:
    """The command tree. Typer brings its own copy of click, so its classes are known by what they hold."""
    from csu.cli import build_app

    return typer.main.get_command(build_app())


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_make_targets_that_are_named_exist(page):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = {
        word
        for line in _typed(page)
        for word in _words(line, "make") or []
        if "=" not in word and not word.startswith("-")
    }
    assert named - targets == set()


@pytest.mark.parametrize("page", PAGES, ids=_page_id)
def test_csu_commands_and_options_that_are_named_exist(page, csu):
    for line in _typed(page):
        words = _words(line, "csu")
        if words is None or "..." in line:
            continue
        command: Any = csu
        while (below := getattr(command, "commands", None)) and words and not words[0].startswith("-"):
            name = words.pop(0)
            assert name in below, f"{line}: there is no command {name!r}"
            command = below[name]
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        named = {word.split("=")[0] for word in words if word.startswith("--")}
        assert named - known == set(), line


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda page: page.name[:4])
def test_a_decision_tells_its_context_and_its_consequences_and_stands_in_the_index(decision):
    text = decision.read_text(encoding="utf-8")
    assert re.match(r"# \d{4} \S", text), "a number and a title"
    assert {"## Context", "## Decision", "## Consequences"} <= set(text.splitlines())
    assert f"decisions/{decision.name}" in INDEX, "docs/README.md lists it"


def test_decisions_have_numbers_of_their_own():
    numbers = [decision.name[:4] for decision in DECISIONS]
    assert len(numbers) == len(set(numbers))


def test_the_makefile_offers_what_people_do_often():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {"setup", "demo", "test", "lint", "types", "bench", "nightly", "clean"} <= targets
