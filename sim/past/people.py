"""Who brings requisitions and asks for holds, when a scenario tells it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S, Nanoseconds


class TakesRequests(Protocol):
    """The clerk, the chief and the manager at the doors of the console."""

    async def requisition(self, case: str, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool: ...

    async def hold(self, hold: str, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool: ...


class DeskPeople:
    """One for each run; `desk` once it is open."""

    def __init__(self, cameras_of: dict[str, Sequence[CameraId]]) -> None:
        """`cameras_of`: by the name of the commune."""
        self._cameras_of = cameras_of
        self._number = 0
        self.desk: TakesRequests | None = None

    async def requisition(self, commune: str, camera: int, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """An act for whole seconds of one camera; whether it is locked. Raises LookupError when there is no desk."""
        return await self.requisition_of(self._camera(commune, camera), _whole(from_ns), _whole(to_ns))

    async def hold(self, commune: str, camera: int, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """The room wants a stretch kept; whether it is. Raises as `requisition`."""
        return await self.hold_of(self._camera(commune, camera), _whole(from_ns), _whole(to_ns))

    async def requisition_of(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """`requisition` of a camera by its name."""
        return await self._there().requisition(self._next("2026"), camera, from_ns, to_ns)

    async def hold_of(self, camera: CameraId, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """`hold` of a camera by its name."""
        return await self._there().hold(self._next("gel"), camera, from_ns, to_ns)

    def _there(self) -> TakesRequests:
        if self.desk is None:
            raise LookupError("a requisition or hold needs a desk: write `past:` in the scenario")
        return self.desk

    def _next(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}-{self._number}"

    def _camera(self, commune: str, number: int) -> CameraId:
        return self._cameras_of[commune][number - 1]


def _whole(at_ns: Nanoseconds) -> Nanoseconds:
    return at_ns // NS_PER_S * NS_PER_S
