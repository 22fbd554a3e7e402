"""Each alarm has a spot of the wall within 2 s of there being one for it (8): none, while others as urgent hold all.

What counts is the time since it rang, without the times when the wall was full of alarms of at least its priority, and
without those when the centre's machine was down. That it is counted meanwhile is `sim.oracles.walls`' affair.
"""

from __future__ import annotations

from dataclasses import dataclass

from csu.centre import PRIORITY_OF, AlarmAdvanced, AlarmRaised, AlarmState, CameraRightsChanged, CentreEvent
from csu.hal.alarms import AlarmKind
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.vocabulary import Signal

ON_SPOT_WITHIN_NS = 2 * NS_PER_S
"""A tick of the wall, and a journal."""


@dataclass(slots=True)
class _Waiting:
    """An alarm that no tile has shown yet. `full_ns`: how long the wall had been full for it when it rang."""

    rung_ns: Nanoseconds
    priority: str
    full_ns: Nanoseconds
    cameras: frozenset[CameraId] | None = None
    """Proposed for it; None: not told yet."""


class SpotsWatched:
    """Give `hear_signal` all signals, and `hear` what the centre tells."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[str, _Waiting] = {}
        self._full_since_ns: dict[str, Nanoseconds] = {}
        self._full_ns: dict[str, Nanoseconds] = {}
        self._closed: set[CameraId] = set()
        self._done: list[tuple[str, Nanoseconds, Nanoseconds, Nanoseconds]] = []
        """Alarm, from, to, of that not counted."""

    def hear_signal(self, signal: Signal) -> None:
        """`alarm.rung`, `wall.alarm`, `wall.full`, `wall.free`."""
        if signal.kind == "alarm.rung":
            priority = PRIORITY_OF[AlarmKind(signal.fields["kind"])].name
            self._waiting[signal.fields["alarm"]] = _Waiting(signal.at_ns, priority, self._full(priority, signal.at_ns))
        elif signal.kind == "wall.alarm":
            self._over(signal.fields["alarm"], signal.at_ns)
        elif signal.kind == "wall.full":
            self._full_since_ns.setdefault(signal.fields["priority"], signal.at_ns)
        elif signal.kind == "wall.free":
            priority = signal.fields["priority"]
            self._full_ns[priority] = self._full(priority, signal.at_ns)
            self._full_since_ns.pop(priority, None)

    def hear(self, event: CentreEvent) -> None:
        """An alarm that at some time has no camera that may be watched is owed none; nor one that is closed."""
        if isinstance(event, CameraRightsChanged):
            (self._closed.discard if event.may_watch else self._closed.add)(event.camera)
            self._leave_out()
        elif isinstance(event, AlarmRaised):
            found = self._waiting.get(event.alarm.alarm)
            if found is not None:
                found.cameras = frozenset(event.cameras)
                self._leave_out()
        elif isinstance(event, AlarmAdvanced) and event.alarm.state is AlarmState.CLOSED:
            self._over(event.alarm.alarm, self._clock.now_ns())

    def judge(self, stage: Stage) -> Judgement:
        """The run is over."""
        for alarm in [*self._waiting]:
            self._over(alarm, stage.ends_ns)
        waited = {
            alarm: to_ns - from_ns - full_ns - stage.down_ns(from_ns, to_ns)
            for alarm, from_ns, to_ns, full_ns in self._done
        }
        late = [_late(each).at(alarm) for alarm, each in waited.items() if each > ON_SPOT_WITHIN_NS]
        worst_s, limit_s = max(waited.values(), default=0) / NS_PER_S, ON_SPOT_WITHIN_NS / NS_PER_S
        return judged("wall_spots", late, len(waited), worst_s, "s", limit_s, cases_least=0)

    def _leave_out(self) -> None:
        self._waiting = {
            name: each for name, each in self._waiting.items() if each.cameras is None or each.cameras - self._closed
        }

    def _over(self, alarm: str, now_ns: Nanoseconds) -> None:
        found = self._waiting.pop(alarm, None)
        if found is not None:
            full_ns = self._full(found.priority, now_ns) - found.full_ns
            self._done.append((alarm, found.rung_ns, now_ns, full_ns))

    def _full(self, priority: str, now_ns: Nanoseconds) -> Nanoseconds:
        """How long it has been full, in all."""
        since_ns = self._full_since_ns.get(priority)
        return self._full_ns.get(priority, 0) + (now_ns - since_ns if since_ns is not None else 0)


def _late(waited_ns: Nanoseconds) -> Words:
    length = f"{waited_ns / NS_PER_S:.1f} s"
    return Words(f"{length} sans l'emplacement qui l'attendait", f"{length} without the spot that was free for it")
