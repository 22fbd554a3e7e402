"""The cameras of a demonstration go home at its end, unless people have them or may not be turned: no failure."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from csu.centre.commands import demonstration
from csu.centre.commands.demonstration import tours
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.operations import LeaseLost, LeaseRefused

HOME = Pose(0.0, 0.0, 6.0, 100.0, -14.0, 0.0, 520.0)


class Turning:
    """A camera, and the centre that lets nobody of a demonstration have it."""

    def __init__(self, name: str, refusal: type[LeaseRefused | LeaseLost] | None) -> None:
        self.record, self._refusal = SimpleNamespace(camera=name), refusal
        self.is_home = False

    async def pose(self) -> SimpleNamespace:
        return SimpleNamespace(pose=HOME)

    def go_home(self) -> None:
        if self._refusal is not None:
            raise self._refusal(Words("tenue", "held"), where=self.record.camera, what_to_do=Words("-", "-"))
        self.is_home = True


class Centre:
    def may_record(self, camera: str) -> bool:
        return True

    async def go_to(self, camera: Turning, pose: Pose, by: object, preset: str) -> None:
        assert pose == HOME
        camera.go_home()


@pytest.mark.parametrize("refusal", [LeaseRefused, LeaseLost])
def test_who_holds_a_camera_at_the_end_of_a_demonstration_keeps_it_and_the_others_go_home(monkeypatch, refusal) -> None:
    monkeypatch.setattr(demonstration, "TOUR_SETTLE_S", 0)
    held, free = Turning("cam-0004", refusal), Turning("cam-0008", None)

    async def demo() -> None:
        async with tours(SimpleNamespace(posed=[held, free], centre=Centre())):
            await asyncio.sleep(0)

    asyncio.run(demo())
    assert (held.is_home, free.is_home) == (False, True)
