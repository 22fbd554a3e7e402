"""The run as a line of time, for its report: what was told to happen, what broke, alarms, nodes, police, the wall.

It keeps the signals that expectations are written over: a new kind of signal comes to the report by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from csu.hal.clock import NS_PER_S, Nanoseconds
from sim.dictionary import FAULTS, STORY
from sim.language import read, say
from sim.signals import SIGNALS
from sim.vocabulary import Signal

KEPT_MAX = 20_000
"""Signals on one page: more can neither be drawn nor looked at. The page says how many it leaves out."""
_SPANS = {"story.began": "story.ended", "fault.began": "fault.ended"}
_CAUTION = ("alarm.escalated", "node.lost", "centre.trouble", "manifest.refused", "camera.disk_trouble")


@dataclass(slots=True)
class Timeline:
    """Give `hear` every signal."""

    kept: list[Signal] = field(default_factory=list)
    left_out: int = 0

    def hear(self, signal: Signal) -> None:
        """Keep one more, or count it."""
        if len(self.kept) < KEPT_MAX:
            self.kept.append(signal)
        else:
            self.left_out += 1


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture. `items`: seconds after the start, length in s, and its words."""

    name: str
    tone: str
    """`story`, `fault`, `caution` or `plain`: the page has a colour for each."""
    items: tuple[tuple[float, float, str], ...]


def rows(signals: Sequence[Signal], epoch_ns: Nanoseconds, ends_ns: Nanoseconds) -> tuple[Row, ...]:
    """The story, a row for each kind of fault, and one for each kind of other signal that was told."""
    spans: dict[str, list[tuple[float, float, str]]] = {}
    for signal, end_ns in _spans(signals, ends_ns):
        kind = signal.fields["kind"]
        row = "story" if signal.kind == "story.began" else kind
        words = _named(kind) if row != "story" else f"{_named(kind)} · {signal.fields['event']}"
        about = " · ".join((words, *(signal.fields[key] for key in ("commune", "camera") if signal.fields.get(key))))
        spans.setdefault(row, []).append((*_placed(signal.at_ns, end_ns, epoch_ns), about))
    found = [Row(say("récit", "story"), "story", tuple(spans.pop("story")))] if "story" in spans else []
    found += [Row(_named(kind), "fault", tuple(items)) for kind, items in sorted(spans.items())]
    dots: dict[str, list[tuple[float, float, str]]] = {}
    for signal in signals:
        if not signal.kind.startswith(("story.", "fault.")):
            about = " · ".join(value for value in signal.fields.values() if value)
            dots.setdefault(signal.kind, []).append((*_placed(signal.at_ns, signal.at_ns, epoch_ns), about))
    for kind in sorted(dots, key=list(SIGNALS).index):
        found.append(Row(read(SIGNALS[kind].said), "caution" if kind in _CAUTION else "plain", tuple(dots[kind])))
    return tuple(found)


def as_data(signals: Sequence[Signal], epoch_ns: Nanoseconds, ends_ns: Nanoseconds) -> dict[str, Any]:
    """The same for the page's script."""
    return {
        "start_ms": epoch_ns // 1_000_000,
        "length_s": (ends_ns - epoch_ns) / NS_PER_S,
        "rows": [
            {"name": f"{row.name} ({len(row.items)})", "tone": row.tone, "items": row.items}
            for row in rows(signals, epoch_ns, ends_ns)
        ],
    }


def _spans(signals: Sequence[Signal], ends_ns: Nanoseconds) -> Iterator[tuple[Signal, Nanoseconds]]:
    """What began, and when it ended."""
    ended = {
        (signal.kind, signal.fields[SIGNALS[signal.kind].subject]): signal.at_ns
        for signal in signals
        if signal.kind in _SPANS.values()
    }
    for signal in signals:
        if signal.kind in _SPANS:
            of = (_SPANS[signal.kind], signal.fields[SIGNALS[signal.kind].subject])
            yield signal, ended.get(of, ends_ns)


def _placed(start_ns: Nanoseconds, end_ns: Nanoseconds, epoch_ns: Nanoseconds) -> tuple[float, float]:
    return round((start_ns - epoch_ns) / NS_PER_S, 3), round((end_ns - start_ns) / NS_PER_S, 3)


def _named(kind: str) -> str:
    """What people call this kind of event or fault."""
    if kind in STORY.models:
        return read(STORY[kind].said)
    return read(FAULTS[kind].said) if kind in FAULTS.models else kind
