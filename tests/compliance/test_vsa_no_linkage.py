"""VSA-6, VSA-7: what an analysis tells has no key to anybody and no way to anything that acts.

Three looks: at the values (every dataclass that is reachable from what detection emits and stores), at the programs
(who imports whom), and at the tables (their columns, one by one).
"""

from __future__ import annotations

import ast
import dataclasses
import re
import types
import typing
from collections.abc import Iterator
from enum import Enum
from functools import cache
from pathlib import Path

import pytest

import csu
from csu.detection.observed import Finding
from csu.detection.signals import (
    Signal,
    SignalDesk,
    SignalDismissed,
    SignalExpired,
    SignalOutcome,
    SignalQualified,
    SignalRaised,
)
from csu.detection.signals.store import OUTCOMES
from csu.hal.analysis import AnalysisLost, AnalysisMinute, EventSignal, SlotCount

ENGINE = Path(csu.__file__).parent
TOLD = [EventSignal, AnalysisMinute, SlotCount, AnalysisLost, Finding]
"""All that leaves an analysis."""
KEPT = [Signal, SignalRaised, SignalQualified, SignalDismissed, SignalExpired, SignalOutcome]
OF_SOMEBODY = re.compile(
    r"(^|_)(persons?|people|faces?|gaits?|identit\w*|names?|tracks?|trajector\w*|paths?|embedding\w*|features?|vectors?"
    r"|plates?|pictures?|images?|crops?|stills?|thumbnails?|frames?|jpeg|pixels?|descriptions?|suspects?|tickets?|cases?"
    r"|alarms?|calls?|offences?|foot|velocity|age|sex|gender|clothes)(_|$)"
)
NOBODYS = {
    ("AnalysisMinute", "pictures_looked_at"): "how many",
    ("AnalysisMinute", "pictures_detected"): "how many",
    ("SignalQualified", "by"): "the agent",
    ("SignalDismissed", "by"): "the agent",
    ("SignalOutcome", "judged_by"): "the agent",
}
"""Fields that the words above know, or that name an agent, and what they are."""
BYTES = {("EventSignal", "heat"): "16 x 9 shares of motion of the last seconds: a test below bounds it"}
ACTS = (
    "csu.alarms", "csu.operations", "csu.evidence", "csu.recording", "csu.statistics", "csu.ingest", "csu.console",
    "csu.centre", "csu.cluster", "csu.wall", "csu.hal.dispatch", "csu.hal.alarms", "csu.hal.loudspeaker",
)  # fmt: skip
"""What acts, keeps or shows. The analysis knows none of it."""
SIGNALS = ("csu.hal.analysis.EventSignal", "csu.detection")
THAT_ACT = ("alarms", "evidence", "recording", "operations/dispatch.py", "operations/outbox_store.py",
            "operations/loudspeaker.py", "operations/enforcement", "hal/dispatch.py", "hal/alarms.py")  # fmt: skip
"""Rooms and files that call, ring, keep or charge: none of them knows that signals exist."""
NETWORK = {"socket", "http", "urllib", "httpx", "smtplib", "ftplib", "asyncio", "requests", "cloudevents", "websockets"}


def fields_of(kinds: list[type]) -> Iterator[tuple[str, str, object]]:
    """(class, field, type) of every dataclass that is reachable from these."""
    seen: set[type] = set()
    waiting = list(kinds)
    while waiting:
        kind = waiting.pop()
        if kind in seen:
            continue
        seen.add(kind)
        hints = typing.get_type_hints(kind)
        for field in dataclasses.fields(kind):
            yield kind.__name__, field.name, hints[field.name]
            waiting += [leaf for leaf in leaves(hints[field.name]) if dataclasses.is_dataclass(leaf)]


def leaves(hint: object) -> Iterator[type]:
    """The plain types in a type."""
    if isinstance(hint, typing.NewType):
        yield from leaves(hint.__supertype__)
    elif typing.get_origin(hint) in (typing.Union, types.UnionType, tuple, frozenset, list, dict):
        for each in typing.get_args(hint):
            if each is not Ellipsis:
                yield from leaves(each)
    else:
        assert isinstance(hint, type), f"nobody knows what {hint} may hold"
        yield hint


def faults_of(kinds: list[type]) -> list[tuple[str, str]]:
    """Fields that may hold somebody, or a picture."""
    found = []
    for kind, name, hint in fields_of(kinds):
        for leaf in leaves(hint):
            is_plain = leaf in (str, int, float, bool, type(None)) or issubclass(leaf, Enum)
            is_known = is_plain or dataclasses.is_dataclass(leaf) or (leaf is bytes and (kind, name) in BYTES)
            if not is_known:
                found.append((kind, name))
        if OF_SOMEBODY.search(name) and (kind, name) not in NOBODYS:
            found.append((kind, name))
    return found


@cache
def imports_of(source: str) -> set[str]:
    """Modules, and what is taken of them, that a program imports, also within functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def is_of(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def texts(*places: str) -> dict[str, str]:
    paths = [path for place in places for path in _python(ENGINE / place)]
    return {path.relative_to(ENGINE).as_posix(): path.read_text("utf-8") for path in paths}


def _python(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []


@pytest.mark.requirement("VSA-6")
def test_nothing_that_leaves_an_analysis_or_is_kept_of_it_can_hold_anybody():
    assert {name for _, name, _ in fields_of(TOLD)} >= {"camera", "zone", "boxes", "left", "seen_share"}
    assert faults_of(TOLD) == []
    assert faults_of(KEPT) == []


@pytest.mark.requirement("VSA-6")
def test_what_is_kept_of_a_signal_is_a_closed_list():
    assert [field.name for field in dataclasses.fields(SignalOutcome)] == [
        "signal", "camera", "type", "zone", "minute_ns", "outcome", "judged_by", "model", "rule_version", "order",
    ]  # fmt: skip
    assert OUTCOMES.columns.keys() == [
        "signal", "camera", "type", "zone", "minute_ns", "outcome", "judged_by", "model", "rule_version",
        "prefect_order",
    ]  # fmt: skip
    assert OUTCOMES.foreign_keys == set()


@pytest.mark.requirement("VSA-6")
def test_the_analysis_knows_nothing_that_acts_keeps_or_shows():
    programs = texts("detection", "hal/analysis.py")
    assert len(programs) > 25
    found = {
        place: acting
        for place, text in programs.items()
        if (acting := {name for name in imports_of(text) if is_of(name, ACTS) and name != "csu.hal.wall.TilePicture"})
    }
    assert found == {}


@pytest.mark.requirement("VSA-6")
def test_the_analysis_sends_nothing_anywhere():
    rules = texts("detection/rules", "detection/signals", "detection/parameters.py", "detection/observed.py")
    assert len(rules) > 15
    networked = {name.split(".")[0] for text in rules.values() for name in imports_of(text)} & NETWORK
    assert networked == set()


@pytest.mark.requirement("VSA-6")
def test_nothing_that_calls_rings_keeps_or_charges_knows_that_signals_exist():
    programs = texts(*THAT_ACT)
    assert len(programs) > 20
    assert {
        place: known
        for place, text in programs.items()
        if (known := {n for n in imports_of(text) if is_of(n, SIGNALS)})
    } == {}


def test_the_desk_can_do_four_things_and_has_no_other_way_out():
    """It is given identifiers and bounds, and nothing that could carry word of a signal away (VSA-7)."""
    assert set(typing.get_type_hints(SignalDesk.__init__)) == {"ids", "bounds", "return"}
    offered = {name for name in vars(SignalDesk) if not name.startswith("_")}
    assert offered == {
        "due_at_ns", "ends_at_ns", "dismiss", "qualify", "signal", "take", "tick", "undo", "waiting", "withdraw",
    }  # fmt: skip


@dataclasses.dataclass
class Plant:
    """Something that may not be told."""

    track: int
    crop: bytes
    whoever: dict[str, object]


def test_a_planted_person_is_seen():
    assert {name for _, name in faults_of([Plant])} == {"track", "crop", "whoever"}
    planted = "def f():\n    from csu.operations.dispatch import call"
    assert any(is_of(name, ACTS) for name in imports_of(planted))
