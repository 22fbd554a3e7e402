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
        self.kept = 0
        """What the desk said it keeps."""

    async def requisition(self, commune: str, camera: int, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """An act for whole seconds of one camera; whether it is locked. Raises LookupError when there is no desk."""
        begin_ns, end_ns = _whole(from_ns), _whole(to_ns)
        desk, where = self._there(), self._camera(commune, camera)
        is_kept = await desk.requisition(self._next("2026"), where, begin_ns, end_ns)
        self.kept += is_kept
        return is_kept

    async def hold(self, commune: str, camera: int, from_ns: Nanoseconds, to_ns: Nanoseconds) -> bool:
        """The room wants a stretch kept; whether it is. Raises as `requisition`."""
        begin_ns, end_ns = _whole(from_ns), _whole(to_ns)
        is_kept = await self._there().hold(self._next("gel"), self._camera(commune, camera), begin_ns, end_ns)
        self.kept += is_kept
        return is_kept

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
