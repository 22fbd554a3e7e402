"""The wall, judged by what it shows and what it was told: nothing forbidden (6), no alarm lost (8), no flicker (22).

What may be watched is what the centre told of a camera's papers; which alarms are open is what it told of them. What
the director believes is not asked.
"""

from __future__ import annotations

from collections import deque

from csu.centre import (
    AlarmAdvanced,
    AlarmRaised,
    AlarmState,
    AlarmsWaiting,
    CameraRightsChanged,
    CentreEvent,
    SceneChanged,
    TileChanged,
)
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Clock, Nanoseconds
from csu.hal.wall import NodeScene
from csu.hal.words import Words
from sim.judgement import Judgement
from sim.oracles.stage import Stage, judged
from sim.vocabulary import Signal

OFF_WITHIN_NS = 2 * NS_PER_S
"""A camera that may no longer be watched is off by then: a tick and a scene."""
COUNTED_WITHIN_NS = 2 * NS_PER_S
"""From its ringing on an alarm is on a tile or counted: the wall looks at the desk each second."""
CHANGES_A_MINUTE_MAX = 12
"""Of one tile: one each 10 s, and what alarms bring anew."""


class WallWatched:
    """Give `hear` to the centre's listeners, and `look` each scene that the wall shows."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._closed_ns: dict[CameraId, Nanoseconds] = {}
        self._up_ns: dict[CameraId, Nanoseconds] = {}
        self._forbidden: list[tuple[CameraId, Nanoseconds, Nanoseconds]] = []
        self._shown = 0
        self._open: set[str] = set()
        self._alarms = 0
        self._on: dict[str, str] = {}
        self._counted = 0
        self._wrong_since_ns: Nanoseconds | None = None
        self._wrong: list[tuple[Nanoseconds, Nanoseconds]] = []
        self._changed: dict[str, deque[Nanoseconds]] = {}
        self._changes, self._most = 0, 0
        self._flickers: dict[str, int] = {}

    # -- heard --------------------------------------------------------------------------------------------------------

    def look(self, scene: NodeScene | None) -> None:
        """What people see now; None: a dark wall."""
        now_ns = self._clock.now_ns()
        up = {piece.camera for piece in scene.pieces if piece.camera is not None} if scene is not None else set()
        for camera in [camera for camera in self._up_ns if camera not in up]:
            self._check(camera, now_ns)
            del self._up_ns[camera]
        for camera in up:
            self._up_ns.setdefault(camera, now_ns)
        self._shown += len(up)

    def ring(self, signal: Signal) -> None:
        """A panel rings: the alarm is open, whatever the disk says of it."""
        self._alarms += signal.fields["alarm"] not in self._open
        self._open.add(signal.fields["alarm"])
        self._weigh(self._clock.now_ns())

    def hear(self, event: CentreEvent) -> None:
        """What the centre tells."""
        now_ns = self._clock.now_ns()
        if isinstance(event, CameraRightsChanged):
            self._check(event.camera, now_ns)
            if event.may_watch:
                self._closed_ns.pop(event.camera, None)
            else:
                self._closed_ns.setdefault(event.camera, now_ns)
        elif isinstance(event, AlarmRaised):
            self._alarms += event.alarm.alarm not in self._open
            self._open.add(event.alarm.alarm)
        elif isinstance(event, AlarmAdvanced) and event.alarm.state is AlarmState.CLOSED:
            self._open.discard(event.alarm.alarm)
        elif isinstance(event, SceneChanged):
            if event.was != event.scene:
                self._on = {}
            if not event.was:
                self._counted = 0  # a director that begins
        elif isinstance(event, AlarmsWaiting):
            self._counted = event.queued + event.without_camera
        elif isinstance(event, TileChanged):
            self._tile(event, now_ns)
        else:
            return
        self._weigh(now_ns)

    def _tile(self, event: TileChanged, now_ns: Nanoseconds) -> None:
        self._on.pop(event.slot, None)
        if event.cause.kind.value == "alarm":
            self._on[event.slot] = event.cause.ref
        if event.camera == event.was:
            return
        times = self._changed.setdefault(event.slot, deque())
        times.append(now_ns)
        while times[0] <= now_ns - NS_PER_MINUTE:
            times.popleft()
        self._changes += 1
        self._most = max(self._most, len(times))
        if len(times) > CHANGES_A_MINUTE_MAX:
            self._flickers[event.slot] = max(self._flickers.get(event.slot, 0), len(times))

    def _weigh(self, now_ns: Nanoseconds) -> None:
        """Whether each open alarm is on a tile or counted."""
        is_right = len(set(self._on.values()) & self._open) + self._counted >= len(self._open)
        if is_right and self._wrong_since_ns is not None:
            self._wrong.append((self._wrong_since_ns, now_ns))
            self._wrong_since_ns = None
        elif not is_right and self._wrong_since_ns is None:
            self._wrong_since_ns = now_ns

    def _check(self, camera: CameraId, now_ns: Nanoseconds) -> None:
        closed_ns, up_ns = self._closed_ns.get(camera), self._up_ns.get(camera)
        if closed_ns is not None and up_ns is not None and now_ns - max(closed_ns, up_ns) > OFF_WITHIN_NS:
            self._forbidden.append((camera, max(closed_ns, up_ns), now_ns))

    # -- judged -------------------------------------------------------------------------------------------------------

    def judge(self, stage: Stage) -> tuple[Judgement, ...]:
        """The run is over."""
        for camera in self._up_ns:
            self._check(camera, stage.ends_ns)
        if self._wrong_since_ns is not None:
            self._wrong.append((self._wrong_since_ns, stage.ends_ns))
        forbidden = [
            _FORBIDDEN.at(camera)
            for camera, from_ns, to_ns in self._forbidden
            if to_ns - from_ns - stage.down_ns(from_ns, to_ns) > OFF_WITHIN_NS
        ]
        waits = [to_ns - from_ns - stage.down_ns(from_ns, to_ns) for from_ns, to_ns in self._wrong]
        lost = [_lost(wait_ns) for wait_ns in waits if wait_ns > COUNTED_WITHIN_NS]
        worst_s, limit_s = max(waits, default=0) / NS_PER_S, COUNTED_WITHIN_NS / NS_PER_S
        flickers = [_flicker(times).at(slot) for slot, times in self._flickers.items()]
        return (
            judged("wall_permitted", forbidden, self._shown, cases_least=0),
            judged("wall_alarms", lost, self._alarms, worst_s, "s", limit_s, cases_least=0),
            judged("wall_steady", flickers, self._changes, self._most, "/min", CHANGES_A_MINUTE_MAX, cases_least=0),
        )


_FORBIDDEN = Words("au mur, et nul ne devait la voir", "on the wall, and nobody may watch it")


def _lost(wait_ns: Nanoseconds) -> Words:
    length = f"{wait_ns / NS_PER_S:.1f} s"
    return Words(
        f"une alarme ni montrée ni comptée pendant {length}", f"an alarm neither shown nor counted for {length}"
    )


def _flicker(times: int) -> Words:
    return Words(f"{times} images en une minute", f"{times} pictures in a minute")
