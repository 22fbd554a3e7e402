"""The console's pages in Chromium: how soon a cold page is usable, and whether a storm of alarms freezes it.

.venv/bin/python -m benchmarks.console_page
"""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from playwright.sync_api import expect, sync_playwright

from benchmarks.console_load import ClockFedRoom
from csu.alarms import Alarm, AlarmDesk, AlarmId, AlarmState, PoliceCall
from csu.console import Desks, create_app, serve_console
from csu.hal.alarms import AlarmKind, PanelId, PanelMessage
from csu.hal.camera import CameraId, CommuneId
from csu.machine import SystemClock

ALARMS, SITES, RUNG_MORE, A_SECOND = 10_000, 500, 30, 3
SIZE = "async of => (await (await fetch(of)).text()).length"
LONG_TASKS = """
  window.longest_ms = 0
  new PerformanceObserver((list) => {
    for (const task of list.getEntries()) window.longest_ms = Math.max(window.longest_ms, task.duration)
  }).observe({ type: 'longtask', buffered: true })
"""


@dataclass(frozen=True, slots=True)
class PageFigures:
    """`usable_s`: from the navigation of a fresh browser profile to the first tile or line that can be acted upon."""

    live_usable_s: float
    alarms_usable_s: float
    storm_longest_task_ms: float
    alarms_told: int
    bell_bytes: int
    desk_bytes: int


class _Alarms:
    """`csu.alarms.AlarmDesk`, nothing of it on disk."""

    def __init__(self) -> None:
        self.desk, self._number = AlarmDesk(), 0

    def ring(self) -> None:
        self._number += 1
        site = f"Site {self._number % SITES}"
        told = PanelMessage(PanelId("p-1"), self._number, CommuneId("metz"), site, AlarmKind.INTRUSION, time.time_ns())
        raised = self.desk.take(told, time.time_ns())
        assert raised is not None
        self.desk.keep(raised.alarm)

    def open_alarms(self) -> Sequence[Alarm]:
        return self.desk.open()

    def unfinished(self) -> Sequence[Alarm]:
        return self.desk.unfinished()

    def cameras_for(self, alarm: AlarmId, may_view: Callable[[CameraId], bool]) -> Sequence[CameraId]:
        return []

    async def acknowledge(self, alarm: AlarmId, person: str) -> Alarm:
        return self.desk.acknowledge(alarm, person, time.time_ns()).alarm

    async def advance(self, alarm: AlarmId, to: AlarmState, person: str, police: PoliceCall | None = None) -> Alarm:
        return self.desk.advance(alarm, to, person, time.time_ns(), police).alarm


@contextmanager
def _served(alarms: _Alarms) -> Iterator[str]:
    started, ended, at = threading.Event(), asyncio.Event(), []

    async def serve() -> None:
        room = ClockFedRoom()
        feeding = asyncio.create_task(room.feed())
        async with serve_console(create_app(room, clock=SystemClock(), desks=Desks(alarms=alarms))) as url:
            at.append((url, asyncio.get_running_loop()))
            started.set()
            await ended.wait()
        feeding.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(30)
    url, loop = at[0]
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


def measure_pages() -> PageFigures:
    """One run, with Debian's Chromium. Raises AssertionError when a page does not tell what there is."""
    executable, alarms = shutil.which("chromium"), _Alarms()
    assert executable is not None, "chromium is not installed: run `make setup`"
    for _ in range(ALARMS):
        alarms.ring()
    with _served(alarms) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])

        def cold(address: str, there: str) -> float:
            page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
            begun_s = time.monotonic()
            page.goto(url + address)
            page.wait_for_selector(there)
            usable_s = time.monotonic() - begun_s
            page.context.close()
            return usable_s

        live_s = cold("#live", ".tile")
        alarms_s = cold("#alarms", ".alarm-list [data-alarm]")
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.add_init_script(LONG_TASKS)
        page.goto(f"{url}#alarms")
        page.wait_for_selector(".alarm-list [data-alarm]")
        for _ in range(RUNG_MORE):
            alarms.ring()
            page.keyboard.press("ArrowDown")
            page.wait_for_timeout(1000 / A_SECOND)
        expect(page.locator(".counted")).to_contain_text(str(ALARMS + RUNG_MORE), timeout=20_000)
        longest_ms = page.evaluate("window.longest_ms")
        bell, desk = (page.evaluate(SIZE, f"/api/alarms/{name}") for name in ("bell", "desk"))
        browser.close()
    told = len(alarms.unfinished())
    return PageFigures(live_s, alarms_s, longest_ms, told, bell, desk)


if __name__ == "__main__":
    print(json.dumps(asdict(measure_pages()), indent=1))
