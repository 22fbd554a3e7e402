"""The analysis's own process: masked pictures from shared memory, looked at as far as the parent's assignments go.

Started by `csu.cluster.analysis_node` as `python -m csu.cluster.analysis_process <fd> <fd>`; it ends when it is told
to, or when the parent is gone, and each assignment ends by itself whatever becomes of the parent.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2

from csu.cluster.analysis_work import AnalysisWork
from csu.cluster.outbox import Outbox
from csu.cluster.shared_pictures import SharedPicturesReader
from csu.cluster.wire import (
    Alive,
    AssignAnalysis,
    Assigned,
    BeginAnalysis,
    Order,
    Ready,
    Stop,
    Stopped,
    TellPose,
    receive_order,
)
from csu.detection.errors import NotAttested
from csu.detection.models import MODEL_FILE, default_detector, open_detector
from csu.detection.observed import Detector
from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_S
from csu.hal.errors import CsuError
from csu.machine import SystemClock

ALIVE_EVERY_S = 2.0
DETECTOR_MS_PER_S = 250.0
"""Detectors may use a quarter of a core: a centre's machine has recording and the wall to do first [D]."""
STOP_S_MAX = 4.0
NICENESS = 5
"""It gives way to recording, relay and wall."""


class Detectors:
    """The networks of this machine by the sha256 of their weights, each opened when it is first asked for."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = directories
        self._opened: dict[str, Detector] = {}

    def __call__(self, sha256: str) -> Detector:
        """Raises CsuError: none has those weights, or it cannot be opened. "": the one that csu brings."""
        if sha256 not in self._opened:
            default = default_detector()
            self._opened = {"": default, default.sha256: default} | self._opened
        if sha256 not in self._opened:
            for directory in self._directories:
                for path in sorted(directory.glob(f"*/{MODEL_FILE}")):
                    found = open_detector(path)
                    self._opened.setdefault(found.sha256, found)
        if sha256 not in self._opened:
            raise NotAttested(CameraId("analysis"), "", sha256)
        return self._opened[sha256]


def serve(orders_from: socket.socket, reports_to: socket.socket) -> None:
    """Serve the parent at the other ends until it says stop or is gone."""
    begin = receive_order(orders_from)
    if not isinstance(begin, BeginAnalysis):
        return
    outbox, clock = Outbox(reports_to), SystemClock()
    reader = SharedPicturesReader.attach(begin.pictures)
    detectors = Detectors(begin.models_directories)
    work = AnalysisWork(reader, detectors, outbox.put, clock, time.thread_time_ns, DETECTOR_MS_PER_S)
    orders: queue.Queue[Order | None] = queue.Queue(maxsize=1024)
    threading.Thread(target=_read_orders, args=(orders_from, orders), name="orders", daemon=True).start()
    outbox.put(Ready())
    with suppress(CsuError):  # opened before it is needed; whoever asks for it in vain is told why
        detectors("")
    os.nice(NICENESS)
    said_alive_ns, wait_s = clock.monotonic_ns(), 0.0
    while True:
        try:
            order = orders.get(timeout=min(ALIVE_EVERY_S, wait_s)) if wait_s > 0 else orders.get_nowait()
        except queue.Empty:
            wait_s = work.step()
        else:
            if order is None or isinstance(order, Stop):
                break
            if isinstance(order, AssignAnalysis):
                work.assign(order.assignments)
                outbox.put(Assigned(order.number))
            elif isinstance(order, TellPose):
                work.pose(order.camera, order.reading)
            wait_s = 0.0
        if clock.monotonic_ns() - said_alive_ns >= ALIVE_EVERY_S * NS_PER_S:
            said_alive_ns = clock.monotonic_ns()
            outbox.put(Alive())
    work.stop()
    reader.close()
    outbox.put(Stopped())
    outbox.close(STOP_S_MAX)


def _read_orders(connection: socket.socket, orders: queue.Queue[Order | None]) -> None:
    while True:
        order = receive_order(connection)
        orders.put(order)
        if order is None or isinstance(order, Stop):
            return


def main() -> None:
    """The process: two arguments, the numbers of the inherited sockets for orders and for reports."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when to stop
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    cv2.setNumThreads(1)
    with socket.socket(fileno=int(sys.argv[1])) as orders, socket.socket(fileno=int(sys.argv[2])) as reports:
        serve(orders, reports)


if __name__ == "__main__":
    main()
