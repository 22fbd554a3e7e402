"""The outputs of one wall: each is shown its part, told again that it may be shown, started anew when it died.

What is shown may be shown for `LEASE_NS` and is renewed: of a centre that hangs or is gone the wall shows no picture
for longer, whoever draws it (`NodeScene.leased`). One machine that does not answer keeps no other waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from csu.hal.clock import NS_PER_S, Clock, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.wall import NodeScene, WallError, WallNodeId, WallOutput
from csu.hal.words import Words

LEASE_NS = 10 * NS_PER_S
"""A wall that no centre answers for says so within that [D]: as soon as a camera that is gone."""
RENEWED_NS = 8 * NS_PER_S
"""Renewed when no more is left: every other second. A centre that stalls for less blanks nothing."""
ANSWER_S = 2.0
"""So long the room waits for its machines; who answers later is not asked again before."""


class WallScreens:
    """Those of one wall."""

    def __init__(self, outputs: Mapping[WallNodeId, WallOutput], clock: Clock) -> None:
        self._screens = {node: _Screen(output, clock) for node, output in outputs.items()}
        self._clock = clock
        self._busy: dict[asyncio.Task[CsuError | None], WallNodeId] = {}

    @property
    def are_lit(self) -> bool:
        """Every one of them shows what it was last told, as far as anybody knows."""
        now_ns = self._clock.now_ns()
        return all(now_ns < screen.until_ns and not screen.is_dark for screen in self._screens.values())

    async def show(self, scenes: Mapping[WallNodeId, NodeScene], within_s: float = ANSWER_S) -> list[CsuError]:
        """From now on these; to be called each second. What failed, also what was mended; it is tried again then.

        `within_s`: who answers later is told not to have answered, and still waited for."""
        busy = set(self._busy.values())
        for node, screen in self._screens.items():
            if node not in busy and screen.is_due(scenes[node]):
                self._busy[asyncio.create_task(screen.follow(scenes[node]), name=f"wall {node}")] = node
        if not self._busy:
            return []
        done, _ = await asyncio.wait(self._busy, timeout=within_s)
        failed = [error for task in done if (error := task.result()) is not None]
        for task in done:
            del self._busy[task]
        return [*failed, *(_silent(node, within_s) for node in self._busy.values())]

    def leave(self) -> None:
        """Nobody waits for an answer any more."""
        for task in self._busy:
            task.cancel()


class _Screen:
    """One output and what it was told."""

    def __init__(self, output: WallOutput, clock: Clock) -> None:
        self._output, self._clock = output, clock
        self._scene: NodeScene | None = None
        self.until_ns: Nanoseconds = 0
        self.is_dark = False
        """It shows nothing, or nobody knows what."""

    def is_due(self, scene: NodeScene) -> bool:
        left_ns = self.until_ns - self._clock.now_ns()
        return self.is_dark or scene != self._scene or not RENEWED_NS < left_ns <= LEASE_NS  # a clock may be set back

    async def follow(self, scene: NodeScene) -> CsuError | None:
        """Show it, or renew it. Starts a wall that died since it last answered; that is told all the same."""
        if not self.is_dark:
            try:
                await self._tell(scene)
                return None
            except CsuError as error:
                died: CsuError | None = error
        else:
            died = None
        self.is_dark = True
        try:
            await self._output.start()  # idempotent
            self._scene = None
            await self._tell(scene)
        except CsuError as error:
            return error
        self.is_dark = False
        return died

    async def _tell(self, scene: NodeScene) -> None:
        until_ns = self._clock.now_ns() + LEASE_NS
        if scene == self._scene:
            await self._output.renew(until_ns)
        else:
            await self._output.show(scene.leased(until_ns))
        self._scene, self.until_ns = scene, until_ns


def _silent(node: WallNodeId, within_s: float) -> WallError:
    return WallError(
        Words(f"{node} ne répond pas depuis {within_s:g} s", f"{node} has not answered for {within_s:g} s"),
        where=f"wall/{node}",
        what_to_do=Words("Voyez cette machine et son réseau", "Look at that machine and its network"),
    )
