"""The account of what was not recorded of one camera, and why. A pure core."""

from __future__ import annotations

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.media import Gap, GapCause

GAPS_MAX = 600
"""Kept between two manifests: ten a second. Beyond it neighbours of one cause are joined, never forgotten."""


class GapLedger:
    """One camera's gaps since the last manifest. It begins inside a gap: nothing is recorded yet."""

    def __init__(self, camera: CameraId, begun_at_ns: Nanoseconds) -> None:
        self._camera = camera
        self._open_since_ns: Nanoseconds | None = begun_at_ns
        self._cause = GapCause.STARTING
        self._closed: list[Gap] = []

    @property
    def open_cause(self) -> GapCause | None:
        """Why nothing is being recorded now; None while the camera is recorded."""
        return self._cause if self._open_since_ns is not None else None

    def recording(self, at_ns: Nanoseconds) -> None:
        """From `at_ns` on, pictures are recorded."""
        self._close(at_ns)

    def interrupted(self, at_ns: Nanoseconds, cause: GapCause) -> None:
        """From `at_ns` on, nothing is recorded, because of `cause`. A later cause takes over from an earlier one."""
        if self._open_since_ns is not None:
            if cause is self._cause:
                return
            self._close(at_ns)
        self._open_since_ns, self._cause = at_ns, cause

    def hole(self, start_ns: Nanoseconds, end_ns: Nanoseconds, cause: GapCause) -> None:
        """A gap that is already over."""
        self._keep(start_ns, end_ns, cause)

    def take(self, until_ns: Nanoseconds) -> tuple[Gap, ...]:
        """All gaps up to `until_ns`; an open one is cut there and goes on in the next account."""
        if self._open_since_ns is not None and self._open_since_ns < until_ns:
            self._keep(self._open_since_ns, until_ns, self._cause)
            self._open_since_ns = until_ns
        taken, self._closed = tuple(self._closed), []
        return taken

    def _close(self, at_ns: Nanoseconds) -> None:
        if self._open_since_ns is not None:
            self._keep(self._open_since_ns, at_ns, self._cause)
            self._open_since_ns = None

    def _keep(self, start_ns: Nanoseconds, end_ns: Nanoseconds, cause: GapCause) -> None:
        if end_ns <= start_ns:
            return
        if len(self._closed) >= GAPS_MAX:
            last = self._closed.pop()
            start_ns, end_ns = min(start_ns, last.start_ns), max(end_ns, last.end_ns)
        self._closed.append(Gap(self._camera, start_ns, end_ns, cause))
