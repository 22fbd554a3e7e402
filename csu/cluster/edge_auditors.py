"""The auditors of a media node: a few threads that look at the other streams of cameras that mask by themselves."""

from __future__ import annotations

import logging
import threading

from csu.hal.camera import CameraId
from csu.hal.clock import Clock
from csu.hal.words import Words
from csu.ingest.edge_audit import audit
from csu.ingest.edge_trust import AuditOrder, EdgeTrust
from csu.ingest.line import StopSignal

AUDITORS = 4
"""An audit waits for a key frame, some seconds: 4 threads serve 50 cameras each minute at 4 s an audit."""
LOOK_EVERY_S = 0.25

_log = logging.getLogger(__name__)


class EdgeAuditors:
    """Give it each camera's `EdgeTrust`; threads begin with the first camera that has a plan. Any thread may call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._watched: dict[CameraId, EdgeTrust] = {}
        self._threads: list[threading.Thread] = []
        self._stops = [StopSignal() for _ in range(AUDITORS)]

    def watch(self, camera: CameraId, trust: EdgeTrust) -> None:
        """Audit this camera whenever its trust asks for it."""
        with self._lock:
            self._watched[camera] = trust
            if not self._threads:
                self._threads = [
                    threading.Thread(target=self._work, args=(stop,), name=f"auditor {number}", daemon=True)
                    for number, stop in enumerate(self._stops)
                ]
                for thread in self._threads:
                    thread.start()

    def forget(self, camera: CameraId, trust: EdgeTrust) -> None:
        """No longer, unless somebody else serves the camera by now."""
        with self._lock:
            if self._watched.get(camera) is trust:
                del self._watched[camera]

    def stop(self, timeout_s: float = 2.0) -> None:
        """Cut short what is under way."""
        for stop in self._stops:
            stop.set()
        for thread in self._threads:
            thread.join(timeout_s)

    def _work(self, stop: StopSignal) -> None:
        while not stop.is_set():
            found = self._next()
            if found is None:
                stop.wait(LOOK_EVERY_S)
                continue
            camera, trust, order = found
            trust.audited(order, self._clock.now_ns(), self._audit(order, camera, stop))

    def _next(self) -> tuple[CameraId, EdgeTrust, AuditOrder] | None:
        """The next audit that is due, each camera in its turn."""
        now_ns = self._clock.now_ns()
        with self._lock:
            for camera, trust in self._watched.items():
                order = trust.order(now_ns)
                if order is not None:
                    self._watched[camera] = self._watched.pop(camera)  # to the end of the line
                    return camera, trust, order
        return None

    def _audit(self, order: AuditOrder, camera: CameraId, stop: StopSignal) -> Words | None:
        try:
            return audit(order, camera, self._clock, stop)
        except Exception as error:  # noqa: BLE001 - a defect of ours: logged, and the engine masks this camera
            _log.exception("camera %s: a defect ended an audit of its masks", camera)
            return Words(f"un défaut du logiciel : {error!r}", f"a defect: {error!r}")
