"""The display panels of the wall, asked every few seconds: what is wrong with one is told once, and its return.

The decisions are `csu.wall.panels`'. Bounds, from the instant it happens: a panel that says nothing is told after
`SILENT_NS` (20 s) at the latest; one that says it is off, elsewhere or failing after `EVERY_S + ANSWER_S` (15 s).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from csu.centre.events import Trouble
from csu.centre.footing import LOOK_AGAIN_S, Footing
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.wall_panel import PanelError, WallPanel
from csu.hal.words import Words
from csu.wall.panels import PanelPlan, PanelSupervision, PanelTold

EVERY_S = 10.0
ANSWER_S = 5.0
"""[D]: what one question may take, whatever the panel's adapter says of its own patience."""


class PanelWatch:
    """One wall. Run `run`."""

    def __init__(self, footing: Footing, panels: Sequence[tuple[WallPanel, PanelPlan]]) -> None:
        """Raises PlanUnusable."""
        self._footing = footing
        self._panels = panels
        self._watch = self._begin()

    async def run(self) -> None:
        """For ever. A panel that does not answer is asked again with growing pauses, and holds up no other."""
        if not self._panels:
            return
        self._watch = self._begin()
        async with asyncio.TaskGroup() as group:
            for panel, _ in self._panels:
                group.create_task(self._follow(panel), name=f"wall panel {panel.panel}")
            while True:
                now_ns = self._age_ns()
                self._tell(self._watch.tick(now_ns))
                due_ns = self._watch.due_at_ns()
                wait_s = EVERY_S if due_ns is None else (due_ns - now_ns) / NS_PER_S
                await asyncio.sleep(min(max(wait_s, LOOK_AGAIN_S), EVERY_S))

    async def _follow(self, panel: WallPanel) -> None:
        misses = 0
        while True:
            try:
                async with asyncio.timeout(ANSWER_S):
                    state = await panel.state()
            except (TimeoutError, PanelError) as error:
                misses += 1
                why = error.trouble.what if isinstance(error, PanelError) else _NO_ANSWER
                self._tell(self._watch.miss(panel.panel, why, self._age_ns()))
                await asyncio.sleep(self._footing.retry_after_s(f"wall-panel/{panel.panel}", misses))
            else:
                misses = 0
                self._tell(self._watch.read(panel.panel, state, self._age_ns()))
                await asyncio.sleep(EVERY_S)

    def _begin(self) -> PanelSupervision:
        return PanelSupervision([plan for _, plan in self._panels], self._age_ns())

    def _age_ns(self) -> Nanoseconds:
        return self._footing.ports.clock.monotonic_ns()

    def _tell(self, told: Iterable[PanelTold]) -> None:
        for each in told:
            self._footing.tell(Trouble(f"wall/{each.panel}", each.what, self._footing.now()))


_NO_ANSWER = Words(f"pas de réponse en {ANSWER_S:.0f} s", f"no answer within {ANSWER_S:.0f} s")
