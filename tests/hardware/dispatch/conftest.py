"""A police station on a real socket, and the line to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from csu.hal.camera import CommuneId
from csu.hal.clock import NS_PER_S
from csu.hal.dispatch import DispatchCall
from csu.machine import SystemClock
from hardware.dispatch import DispatchFile, DispatchSecrets, WebhookDispatch, open_dispatch
from sim.endpoints.police import PoliceStation, PrivateAuthority, StationSpec, serve_police

MAY_SAY = frozenset({"intrusion confirmée", "incendie confirmé"})


class OffClock(SystemClock):
    """The host's, and `off_s` seconds wrong."""

    def __init__(self, off_s: int = 0) -> None:
        self._off_ns = off_s * NS_PER_S

    def now_ns(self) -> int:
        return super().now_ns() + self._off_ns


@dataclass
class Line:
    station: PoliceStation
    dispatch: WebhookDispatch
    settings: DispatchFile
    secrets: DispatchSecrets


class Police:
    """`line(...)`: a station, and contacts that speak to it."""

    MAY_SAY = MAY_SAY

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.authority = PrivateAuthority("rehearsal", self.clock)
        self._called_at_ns = self.clock.now_ns()

    def secrets(self, signing: dict[str, bytes], authority: PrivateAuthority | None = None) -> DispatchSecrets:
        papers = (authority or self.authority).client("csu")
        return DispatchSecrets(self.authority.certificate_pem, papers.certificate_pem, papers.key_pem, signing)

    @asynccontextmanager
    async def line(
        self, *, off_s: int = 0, foreign: bool = False, secret: bytes | None = None, **of: Any
    ) -> AsyncIterator[Line]:
        """`foreign`: the centre's certificate is of an authority that the station does not know."""
        spec = StationSpec(taken_after_s=of.pop("taken_after_s", 0.0))
        async with serve_police(spec, self.authority, self.clock) as station:
            contact = {"name": "hotel", "service": "police", "communes": ["orval"], "url": station.url, "secret": "p"}
            given = {"source": "urn:csu:metz", "hosts": ["localhost"], "contacts": [contact]}
            settings = DispatchFile.model_validate({**given, "answer_within_s": 3.0, "ask_every_s": 0.05, **of})
            other = PrivateAuthority("elsewhere", self.clock) if foreign else None
            secrets = self.secrets({"p": secret or station.secret}, other)
            async with open_dispatch(settings, secrets, may_say=MAY_SAY, clock=OffClock(off_s)) as dispatch:
                yield Line(station, dispatch, settings, secrets)

    def call(self, key: str = "panel-1/1", **of: Any) -> DispatchCall:
        given = {"commune": CommuneId("orval"), "service": "police", "site": "École Jean-Moulin"}
        given |= {"words": "intrusion confirmée", "called_by": "agent-7", "at_ns": self._called_at_ns}
        return DispatchCall(key, **{**given, **of})


@pytest.fixture
def police() -> Police:
    return Police()
