"""Judges of a run: one for each expectation of the scenario. Signals in as they are told, a `Judgement` out at the end.

A judgement over nothing does not hold: an expectation that never had a case proves nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.words import Words
from sim.expectations import AtMost, Expectation, Finally, Never, OverSignals, Pause, Sometimes, Whenever
from sim.signals import MEASURES, SIGNALS
from sim.vocabulary import Signal

TOLD_MAX = 5
"""Violations told by name; the others are counted."""

Shown: TypeAlias = Callable[[Nanoseconds], str]
"""An instant, ns UTC, as people read it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one expectation or invariant came to. `worst` is the worst case found, in `unit`."""

    name: str
    said: Words
    cases: int
    """How often it was really put to the test."""
    violations: int
    worst: float
    unit: str
    limit: float | None = None
    details: tuple[Words, ...] = ()
    cases_least: int = 1
    """With fewer cases it proves nothing."""
    number: int = 0
    """Of the invariant; 0: what a scenario expects."""

    @property
    def holds(self) -> bool:
        return self.violations == 0 and self.cases >= self.cases_least


class Judge(Protocol):
    """One expectation over the signals of a run."""

    def hear(self, signal: Signal) -> None: ...

    def end(self, now_ns: Nanoseconds) -> Judgement:
        """The run is over."""
        ...


@dataclass(slots=True)
class _Watch:
    """What all judges share: whether a signal is meant, whether its time is now, and what was found wrong."""

    name: str
    said: Words
    of: OverSignals
    shown: Shown
    open: int = 0
    violations: int = 0
    told: list[Words] = field(default_factory=list)

    def is_time(self, signal: Signal) -> bool:
        """True while the event of `during` goes on, and always when there is none."""
        during = self.of.during
        if during is None:
            return True
        if signal.kind in ("story.began", "story.ended") and signal.fields["event"] == during:
            self.open += 1 if signal.kind == "story.began" else -1
            return False  # that it began is no case yet
        return self.open > 0

    def means(self, signal: Signal) -> bool:
        of = self.of
        return signal.kind == of.signal.name and all(signal.fields.get(key) == of.where[key] for key in of.where)

    def could_be(self, signal: Signal) -> bool:
        """True for what tells of the same sort of thing (a call, a camera), under the same names: there it would have
        shown. Where nothing else tells of that sort, every signal is one: the run was listened to."""
        kind, told = self.of.signal, SIGNALS[signal.kind]
        if told.subject != kind.subject and self.has_siblings:
            return False
        names = (key for key in self.of.where if key not in kind.values and key in signal.fields)
        return all(signal.fields[key] == self.of.where[key] for key in names)

    @property
    def has_siblings(self) -> bool:
        kind = self.of.signal
        return sum(other.subject == kind.subject for other in SIGNALS.values()) > 1

    def violate(self, signal: Signal, what: Words) -> None:
        self.violations += 1
        if len(self.told) < TOLD_MAX:
            subject = signal.fields[SIGNALS[signal.kind].subject]
            self.told.append(what.at(f"{self.shown(signal.at_ns)} {subject}"))

    def judge(self, cases: int, worst: float, unit: str, limit: float | None, cases_least: int = 1) -> Judgement:
        more = self.violations - len(self.told)
        rest = (Words(f"et {more} de plus", f"and {more} more"),) if more > 0 else ()
        details = (*self.told, *rest)
        return Judgement(self.name, self.said, cases, self.violations, worst, unit, limit, details, cases_least)


@dataclass(slots=True)
class _Paused:
    """How long what does not count has held, in all."""

    of: Pause | None
    since_ns: Nanoseconds | None = None
    before_ns: Nanoseconds = 0

    def hear(self, signal: Signal) -> None:
        if self.of is None or any(signal.fields.get(key) != self.of.where[key] for key in self.of.where):
            return
        if signal.kind == self.of.begins and self.since_ns is None:
            self.since_ns = signal.at_ns
        elif signal.kind == self.of.ends:
            self.before_ns, self.since_ns = self.until(signal.at_ns), None

    def until(self, now_ns: Nanoseconds) -> Nanoseconds:
        return self.before_ns + (now_ns - self.since_ns if self.since_ns is not None else 0)


@dataclass(slots=True)
class _WheneverJudge:
    of: Whenever
    watch: _Watch
    paused: _Paused
    waiting: dict[str, deque[tuple[Signal, Nanoseconds]]] = field(default_factory=dict)
    """And how long it had been paused before."""
    cases: int = 0
    worst_ns: Nanoseconds = 0

    def hear(self, signal: Signal) -> None:
        self.paused.hear(signal)
        shared = signal.fields.get(self.of.shared, "")
        if signal.kind in self.of.then and shared in self.waiting:
            for asked, paused_ns in self.waiting.pop(shared):
                self._answered(asked, self._counted(asked, paused_ns, signal.at_ns))
        if self.watch.is_time(signal) and self.watch.means(signal):
            self.waiting.setdefault(shared, deque()).append((signal, self.paused.until(signal.at_ns)))

    def end(self, now_ns: Nanoseconds) -> Judgement:
        for asked, paused_ns in (asked for waiting in self.waiting.values() for asked in waiting):
            after_ns = self._counted(asked, paused_ns, now_ns)
            if after_ns > self.of.within:  # else its time is not up: nobody can say
                self._answered(asked, after_ns)
        self.waiting.clear()
        return self.watch.judge(self.cases, self.worst_ns / NS_PER_S, "s", self.of.within / NS_PER_S)

    def _counted(self, asked: Signal, paused_ns: Nanoseconds, now_ns: Nanoseconds) -> Nanoseconds:
        return now_ns - asked.at_ns - (self.paused.until(now_ns) - paused_ns)

    def _answered(self, asked: Signal, after_ns: Nanoseconds) -> None:
        self.cases += 1
        self.worst_ns = max(self.worst_ns, after_ns)
        if after_ns > self.of.within:
            length = f"{after_ns / NS_PER_S:.1f} s"
            self.watch.violate(asked, Words(f"sans suite pendant {length}", f"not followed for {length}"))


@dataclass(slots=True)
class _NeverJudge:
    """A case is what could have been it (`_Watch.could_be`), in its time."""

    watch: _Watch
    cases: int = 0

    def hear(self, signal: Signal) -> None:
        if self.watch.is_time(signal) and self.watch.could_be(signal):
            self.cases += 1
            if self.watch.means(signal):
                self.watch.violate(signal, SIGNALS[signal.kind].said)

    def end(self, now_ns: Nanoseconds) -> Judgement:
        return self.watch.judge(self.cases, self.watch.violations, "", 0)


@dataclass(slots=True)
class _SometimesJudge:
    of: Sometimes
    watch: _Watch
    cases: int = 0

    def hear(self, signal: Signal) -> None:
        if self.watch.is_time(signal) and self.watch.means(signal):
            self.cases += 1

    def end(self, now_ns: Nanoseconds) -> Judgement:
        return self.watch.judge(self.cases, self.cases, "", None, self.of.at_least)


@dataclass(slots=True)
class _AtMostJudge:
    """A case is what could have been it, in its time; the worst is the fullest stretch."""

    of: AtMost
    watch: _Watch
    cases: int = 0
    recent: deque[Nanoseconds] = field(default_factory=deque)
    worst: int = 0

    def hear(self, signal: Signal) -> None:
        if not (self.watch.is_time(signal) and self.watch.could_be(signal)):
            return
        self.cases += 1
        if not self.watch.means(signal):
            return
        self.recent.append(signal.at_ns)
        while self.of.per is not None and self.recent[0] <= signal.at_ns - self.of.per:
            self.recent.popleft()
        self.worst = max(self.worst, len(self.recent))
        if len(self.recent) > self.of.at_most:
            count = len(self.recent)
            self.watch.violate(signal, Words(f"la {count}e fois", f"{count} times now"))

    def end(self, now_ns: Nanoseconds) -> Judgement:
        return self.watch.judge(self.cases, self.worst, "", self.of.at_most)


class Court:
    """All judges of one run. Give it each signal with `hear`."""

    def __init__(self, expectations: Sequence[Expectation], shown: Shown) -> None:
        self._judges: list[Judge | Finally] = []
        self._names = names_of(expectations)
        for name, expected in zip(self._names, expectations, strict=True):
            self._judges.append(expected if isinstance(expected, Finally) else _judge_of(name, expected, shown))
        self.heard = 0

    def hear(self, signal: Signal) -> None:
        """Take one signal in."""
        self.heard += 1
        for judge in self._judges:
            if not isinstance(judge, Finally):
                judge.hear(signal)

    def end(self, now_ns: Nanoseconds, measured: Mapping[str, float]) -> tuple[Judgement, ...]:
        """The verdict on each expectation, in the order of the file. `measured`: every measure that the run knows."""
        return tuple(
            _judge_measure(name, judge, measured) if isinstance(judge, Finally) else judge.end(now_ns)
            for name, judge in zip(self._names, self._judges, strict=True)
        )


def _judge_of(name: str, expected: OverSignals, shown: Shown) -> Judge:
    watch = _Watch(name, _said(expected), expected, shown)
    if isinstance(expected, Whenever):
        return _WheneverJudge(expected, watch, _Paused(expected.not_counting))
    if isinstance(expected, Never):
        return _NeverJudge(watch)
    if isinstance(expected, Sometimes):
        return _SometimesJudge(expected, watch)
    return _AtMostJudge(expected, watch)


def _judge_measure(name: str, expected: Finally, measured: Mapping[str, float]) -> Judgement:
    """A number that the run does not know is no case."""
    measure, value = MEASURES[expected.measure], measured.get(expected.measure)
    least, most = expected.bounds
    limit = least if least is not None else most
    if value is None:
        return Judgement(name, measure.said, 0, 0, 0.0, measure.unit, limit)
    holds = (least is None or value >= least) and (most is None or value <= most)
    return Judgement(name, measure.said, 1, int(not holds), value, measure.unit, limit)


def names_of(expectations: Sequence[Expectation]) -> tuple[str, ...]:
    """What each is called: as it was named, or what it expects in short; made single by a number."""
    found: list[str] = []
    for expected in expectations:
        name = expected.name or _short(expected)
        found.append(name if name not in found else f"{name} ({len(found) + 1})")
    return tuple(found)


def _short(expected: Expectation) -> str:
    if isinstance(expected, Whenever):
        return f"whenever {expected.whenever} then {'|'.join(expected.then)}"
    if isinstance(expected, Never):
        return f"never {expected.never}"
    if isinstance(expected, Sometimes):
        return f"sometimes {expected.sometimes}"
    if isinstance(expected, AtMost):
        return f"at_most {expected.at_most} {expected.of}"
    return f"finally {expected.measure}"


def _said(expected: OverSignals) -> Words:
    """The expectation as people read it."""
    signal = expected.signal.said
    if isinstance(expected, Whenever):
        then = [SIGNALS[name].said for name in expected.then]
        said = Words(
            f"chaque fois : {signal.fr}, puis {' ou '.join(words.fr for words in then)}",
            f"each time {signal.en}, then {' or '.join(words.en for words in then)}",
        )
        pause = expected.not_counting
        if pause is None:
            return said
        while_ = SIGNALS[pause.begins].said
        return Words(f"{said.fr} (sans compter : {while_.fr})", f"{said.en} (not counting: {while_.en})")
    if isinstance(expected, Never):
        return Words(f"jamais : {signal.fr}", f"never: {signal.en}")
    if isinstance(expected, Sometimes):
        return Words(f"parfois : {signal.fr}", f"sometimes: {signal.en}")
    return Words(f"{expected.at_most} fois au plus : {signal.fr}", f"{expected.at_most} times at most: {signal.en}")
