"""What a media process has to say, on its way to the parent, which may be slow.

Manifests and events are never dropped. Live fragments are, by whole groups of pictures, once too many bytes wait: a
browser's picture may freeze for a second, an account may not be lost.
"""

from __future__ import annotations

import socket
import threading
from collections import deque

from csu.cluster.wire import FragmentOf, Report, pack
from csu.hal.camera import CameraId
from csu.hal.media import LiveFragment

LIVE_BYTES_MAX = 8 << 20
"""Live bytes that may wait for the parent: some seconds of all watched cameras."""
REPORTS_MAX = 20_000
"""Manifests and events that may wait: a parent that hears none of so many is gone, and the process ends with it."""


class OutboxFull(RuntimeError):
    """The parent takes nothing any more."""


class Outbox:
    """The queue to the parent, with a thread that empties it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._turn = threading.Condition()
        self._waiting: deque[tuple[bytes, bool]] = deque()
        self._live_bytes = 0
        self._needs_key: set[CameraId] = set()
        self._closing = False
        self._live_dropped = 0
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, report: Report) -> None:
        """Send `report`, in order. Raises OutboxFull."""
        data = pack(report)
        with self._turn:
            if len(self._waiting) >= REPORTS_MAX:
                raise OutboxFull(f"{REPORTS_MAX} messages wait and the parent takes none")
            self._waiting.append((data, False))
            self._turn.notify()

    def put_live(self, camera: CameraId, fragment: LiveFragment) -> None:
        """Send `fragment` if there is room; else drop, and go on with this camera at a key frame once there is."""
        with self._turn:
            if fragment.is_key and self._live_bytes < LIVE_BYTES_MAX // 2:
                self._needs_key.discard(camera)
            too_much = self._live_bytes >= LIVE_BYTES_MAX
            if not fragment.is_init and (too_much or camera in self._needs_key):
                self._needs_key.add(camera)
                self._live_dropped += 1
                return
            data = pack(FragmentOf(camera, fragment))
            self._live_bytes += len(data)
            self._waiting.append((data, True))
            self._turn.notify()

    def take_live_dropped(self) -> int:
        """Live fragments dropped since the last call."""
        with self._turn:
            dropped, self._live_dropped = self._live_dropped, 0
            return dropped

    def close(self, timeout_s: float) -> bool:
        """Send what waits, then end. False when the parent did not take it in time."""
        with self._turn:
            self._closing = True
            self._turn.notify()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._turn:
                while not self._waiting and not self._closing:
                    self._turn.wait()
                if not self._waiting:
                    return
                data, is_live = self._waiting.popleft()
                if is_live:
                    self._live_bytes -= len(data)
            try:
                self._connection.sendall(data)
            except OSError:
                return  # the parent is gone: the reader of orders notices it and stops the process
