"""A whole centre over the simulated street, with an alarm panel and a police station on real sockets, and its people.

It runs in a thread of its own, beside a browser that is driven from the test's. What the field would bring (a DC-09
receiver, calls over mTLS) is the real thing; the cameras are the cheapest that the law lets record.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from csu.centre.centre_settings import CentreSettings
from csu.centre.commands.demo_people import DemoPeople
from csu.centre.running import RunningCentre, open_centre
from csu.hal.camera import CommuneId
from csu.hal.site import Site, SiteRequest
from csu.ingest.board import CameraState
from csu.machine import SystemClock
from csu.operations import Incident
from hardware.dc09 import ReceiverSettings, open_receiver
from hardware.dispatch import DispatchFile, DispatchSecrets, open_dispatch
from sim.endpoints.dc09 import DialledPath, DiallerSpec, open_diallers
from sim.endpoints.police import PoliceStation, PrivateAuthority, StationSpec, serve_police
from sim.street_binding import open_street
from tests.e2e.signing_in import told_at

CHEAPEST = {"width": 368, "height": 288, "fps": 7}
"""Just above the floors of a wide view (arrêté du 3 août 2007): 352x288, 6 pictures a second."""
COMMUNE, TOWN_HALL, TOWN_HALL_M = CommuneId("valmont-sur-seille"), "Mairie", (8.0, -4.0)
"""Beside the crossing where camera 4 turns."""
ACCOUNT, KEY, TAKEN_BY = "1234", bytes(range(16)), "gardien Petit"


@dataclass(frozen=True, slots=True)
class Devices:
    """What the town hall and the police station have."""

    station: PoliceStation
    authority: PrivateAuthority
    directory: Path
    """Where the receiver remembers its frames."""

    @asynccontextmanager
    async def at_the_street(self, request: SiteRequest) -> AsyncIterator[Site]:
        """`csu.hal.site.OpenSite`: the street, bound to them."""
        self.directory.mkdir(parents=True, exist_ok=True)
        account = {"account": ACCOUNT, "commune": COMMUNE, "site": TOWN_HALL, "key": "dc09/1234"}
        paths = [{"name": "fibre", "door": "main", "silent_after_s": 600.0}]
        settings = {
            "commune": COMMUNE,
            "site": "csu",
            "doors": [{"name": "main"}],
            "accounts": [{**account, "paths": paths}],
        }
        receiver = open_receiver(
            ReceiverSettings.model_validate(settings),
            {"dc09/1234": KEY},
            self.directory / "dc09.sqlite",
            SystemClock(),
        )
        async with open_street(request) as street, receiver as panels, self._calls() as dispatch:
            yield replace(
                street,
                alarm_panels=(panels,),
                event_sources=(panels,),
                dispatch=dispatch,
                alarm_sites_m={(COMMUNE, TOWN_HALL): TOWN_HALL_M},
            )

    def _calls(self) -> Any:
        contact = {"name": "station", "service": "police", "communes": [COMMUNE], "url": self.station.url}
        written = {"source": "urn:csu:e2e", "hosts": ["localhost"], "answer_within_s": 2.0, "ask_every_s": 0.1}
        papers = self.authority.client("csu")
        secrets = DispatchSecrets(
            self.authority.certificate_pem, papers.certificate_pem, papers.key_pem, {"station": self.station.secret}
        )
        file = DispatchFile.model_validate({**written, "contacts": [{**contact, "secret": "station"}]})
        may_say = frozenset(incident.words.fr for incident in Incident)
        return open_dispatch(file, secrets, may_say=may_say, clock=SystemClock())


class StreetAtWork:
    """The centre that runs, and what the world around it does."""

    def __init__(self, directory: Path, cameras: int, analysed: int) -> None:
        self._directory, self._cameras, self._analysed = directory, cameras, analysed
        self._loop = asyncio.new_event_loop()
        self._open, self._ended = threading.Event(), asyncio.Event()
        self._failed: BaseException | None = None
        self.told: dict[str, Any] = {}
        self.running: RunningCentre
        self.station: PoliceStation
        self._panel: Any = None

    def ring(self, code: str = "BA") -> str:
        """The town hall dials in: its alarm is acknowledged by the receiver with this word."""
        return str(self.do(self._panel.raise_event(code, 3)).word)

    def do(self, act: Coroutine[Any, Any, Any]) -> Any:
        """In the centre's own thread."""
        return asyncio.run_coroutine_threadsafe(act, self._loop).result(30)

    def live(self) -> int:
        """How many cameras are live."""
        return self.running.centre.board.count(CameraState.LIVE)

    def run(self) -> None:
        """The thread."""
        try:
            self._loop.run_until_complete(self._work())
        except BaseException as error:
            self._failed = error
        finally:
            self._open.set()
            self._loop.close()

    def wait(self, within_s: float) -> None:
        """Until it is open. Raises what kept it from that."""
        assert self._open.wait(within_s), "the centre does not open"
        if self._failed is not None:
            raise self._failed

    def end(self) -> None:
        """Stop all of it; the thread ends."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)

    async def _work(self) -> None:
        clock = SystemClock()
        authority = PrivateAuthority("rehearsal", clock)
        people = DemoPeople(self._directory / "centre", self._directory / "comptes.html")
        async with AsyncExitStack() as stack:
            spec = StationSpec(taken_by=TAKEN_BY, taken_after_s=0.1)
            self.station = await stack.enter_async_context(serve_police(spec, authority, clock))
            devices = Devices(self.station, authority, self._directory / "devices")
            settings = CentreSettings(
                self._directory / "centre",
                site=people.around(devices.at_the_street),
                cameras=self._cameras,
                options=CHEAPEST | {"analysed": self._analysed},
            )
            self.running = await stack.enter_async_context(
                open_centre(settings, observe=lambda event: None, progress=lambda words: None)
            )
            (receiver,) = self.running.site.alarm_panels
            path = DialledPath("fibre", "127.0.0.1", receiver.addresses["main"].port)
            dialler = DiallerSpec(ACCOUNT, (path,), key=KEY, answer_within_s=5.0)
            self._panel = (await stack.enter_async_context(open_diallers([dialler])))[ACCOUNT]
            people.write(self.running.console_url)
            self.told = told_at(people.page)
            self._open.set()
            await self._ended.wait()


@contextmanager
def street_at_work(directory: Path, cameras: int, *, analysed: int = 0) -> Iterator[StreetAtWork]:
    """Open until the block ends. `analysed`: on so many cameras, by an invented order."""
    street = StreetAtWork(directory, cameras, analysed)
    thread = threading.Thread(target=street.run)
    thread.start()
    try:
        street.wait(90)
        yield street
    finally:
        street.end()
        thread.join(60)
        assert not thread.is_alive(), "the centre does not end"
