"""What people watch by beside the pictures, opened and closed together: map, cameras sent somewhere, guard tours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from csu.centre.control import Centre
from csu.centre.events import Trouble
from csu.centre.rooms.map_room import MapRoom, MapSettings, open_map
from csu.centre.rooms.ptz_aims import PtzAims
from csu.centre.rooms.tour_room import TourRoom
from csu.centre.rooms.wall_room import WallRoom
from csu.hal.clock import Clock
from csu.hal.site import Site
from csu.operations.presets import PresetBook
from csu.operations.tour_book import TourBook


@dataclass(frozen=True, slots=True)
class WatchDesks:
    """The desks of one running centre."""

    map: MapRoom
    aims: PtzAims
    tours: TourRoom


@asynccontextmanager
async def open_watch_desks(
    settings: MapSettings,
    site: Site,
    centre: Centre,
    wall: WallRoom,
    data_directory: Path,
    *,
    clock: Clock,
    tell: Callable[[Trouble], None],
) -> AsyncIterator[WatchDesks]:
    """Give `tours.observe` what the centre tells. Raises BadInput for a map that is none."""
    async with AsyncExitStack() as stack:
        drawn = open_map(settings, site, centre, data_directory, tell=tell, clock=clock)
        stack.push_async_callback(drawn.close)
        presets = PresetBook(data_directory / "presets.sqlite")
        stack.callback(presets.close)
        book = TourBook(data_directory / "tours.sqlite")
        stack.callback(book.close)
        aims = PtzAims(centre, presets, clock)
        tours = TourRoom(wall, aims, book, watching=lambda: centre.watching, clock=clock, tell=tell)
        stack.push_async_callback(tours.close)
        following = asyncio.create_task(tours.run(), name="tours")
        stack.push_async_callback(_end, following)
        yield WatchDesks(drawn, aims, tours)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
