"""Which scene is up: the agreed one while fewer than two watch, what the chief calls, the programme, the base. Pure."""

from __future__ import annotations

from csu.governance.spans import Span
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.wall.directing.decisions import Cause, CauseKind, SceneChanged
from csu.wall.directing.programme import Programme, WallPlan
from csu.wall.directing.wishes import Wishes

SCENE_DWELL_NS = 30 * NS_PER_S
"""The agreed scene stays at least this long, so that a person at the door does not make the wall flicker [D]."""


class SceneChoice:
    """One wall's."""

    def __init__(self, plan: WallPlan, wishes: Wishes) -> None:
        self._plan, self._wishes = plan, wishes
        self.is_short = True  # until somebody says that two watch
        self.up, self.cause = "", Cause(CauseKind.NOT_BEGUN)
        """The scene that is up and why; empty before the first decision."""
        self._since_ns: Nanoseconds = 0
        self._week: tuple[Nanoseconds, tuple[Programme, ...]] = (-1, ())

    def programmes_on(self, now_ns: Nanoseconds) -> tuple[Programme, ...]:
        """Those of now, the one that is up first."""
        minute = now_ns // (60 * NS_PER_S)
        if self._week[0] != minute:  # an hour of a week begins with a minute
            span = Span(now_ns, now_ns + 1)
            self._week = minute, tuple(up for weekly in self._plan.weekly for up in weekly.within(span))
        planned = self._wishes.programmes
        named = {each.programme for each in planned}
        weekly = [up for up in self._week[1] if up.programme not in named and not self._wishes.is_dropped(up.programme)]
        return tuple(sorted((up for up in (*planned, *weekly) if up.span.holds(now_ns)), key=lambda up: up.rank))

    def change(self, now_ns: Nanoseconds) -> SceneChanged | None:
        """Another scene comes up, or the same for another reason; None: neither."""
        scene, cause = self._wanted(now_ns)
        if (scene, cause) == (self.up, self.cause):
            return None
        was_short = self.cause.kind is CauseKind.SHORT_WATCH
        if was_short and now_ns - self._since_ns < SCENE_DWELL_NS:
            return None
        changed = SceneChanged(scene, self.up, cause, now_ns)
        self.up, self.cause, self._since_ns = scene, cause, now_ns
        return changed

    def _wanted(self, now_ns: Nanoseconds) -> tuple[str, Cause]:
        if self.is_short:
            return self._plan.degraded, Cause(CauseKind.SHORT_WATCH)
        called = self._wishes.called
        if called is not None:
            return called.scene, Cause(CauseKind.SCENE_CALL, called.person)
        now_on = self.programmes_on(now_ns)
        if now_on:
            return now_on[0].scene, Cause(CauseKind.PROGRAMME, now_on[0].programme)
        return self._plan.base, Cause(CauseKind.RULE, "base")
