"""What each quirk of a camera breaks in its examination, and what the engine must make of such a camera."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from sim.endpoints import EndpointCounts, bench
from sim.endpoints.onvif import OnvifQuirk, OnvifSite, open_onvif

Q = OnvifQuirk


class Kept(StrEnum):
    """How a centre keeps its promise with a camera that has a quirk: no forbidden pixel, no sound, whatever it does."""

    AS_USUAL = "as usual"
    """As without it: one that stands still masks by itself and is looked at, one that turns is masked by the engine."""
    BY_THE_ENGINE = "masked by the engine"
    """It is not left to mask by itself, or no longer."""
    WHOLLY = "wholly masked"
    """Nobody knows where it looks: nothing of its picture is shown or recorded, and that it is there is."""
    REFUSED = "refused"
    """It is not taken at all, and is told: it gives no answer that may be believed. There is no picture."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Of one quirk."""

    fails: tuple[str, ...]
    """Exactly these checks of `csu conform camera`."""
    kept: Kept
    turns: bool = False
    """It is a quirk of a head."""
    restarts: bool = False
    """It shows after a restart."""
    in_clear: bool = False
    """It never had streams over TLS: it is no fault of such a camera, and it was entered so."""


_ON_PICTURES = ("masks.main", "masks.sub", "masks.still")
_LATER = ("masks.while_moving", "masks.after_restart")
_OF_A_HEAD = ("ptz.says_where", "ptz.turns_and_says_so", "ptz.one_axis", "ptz.stops", "ptz.keeps_timeout")
_NO_ANSWER = Expected(("device.answers",), Kept.REFUSED)
CAMERA_QUIRKS: Mapping[OnvifQuirk, Expected] = {
    Q.CLOCK_SKEWED: Expected(("clock.offset", "clock.stream"), Kept.AS_USUAL),
    Q.CLOCK_DRIFTS: Expected((), Kept.AS_USUAL),
    Q.LOCAL_TIME_AS_UTC: Expected(("clock.offset",), Kept.AS_USUAL),
    Q.XADDR_ELSEWHERE: _NO_ANSWER,
    Q.STREAM_ELSEWHERE: Expected(("stream.address",), Kept.REFUSED),
    Q.XML_BOMB: _NO_ANSWER,
    Q.GARBAGE: _NO_ANSWER,
    Q.ENDLESS: _NO_ANSWER,
    Q.SLOW: Expected(("ptz.says_where",), Kept.BY_THE_ENGINE),
    Q.IGNORES_TIMEOUT: Expected(("ptz.keeps_timeout",), Kept.AS_USUAL, turns=True),
    Q.REFUSES_TIMEOUT: Expected(("ptz.keeps_timeout",), Kept.AS_USUAL, turns=True),
    Q.IGNORES_SINGLE_AXIS: Expected(("ptz.one_axis",), Kept.AS_USUAL, turns=True),
    Q.STATUS_SLOW: Expected(("ptz.says_where",), Kept.WHOLLY, turns=True),
    Q.STATUS_MISSING: Expected((*_OF_A_HEAD, "masks.while_moving"), Kept.WHOLLY, turns=True),
    Q.SPACES_ODD: Expected((), Kept.WHOLLY, turns=True),
    Q.GENERIC_SPACES_ONLY: Expected((), Kept.WHOLLY, turns=True),
    Q.MASK_ADAPTED: Expected(("masks.read_back", *_ON_PICTURES, *_LATER), Kept.BY_THE_ENGINE),
    Q.MASK_ADAPTED_UNSAID: Expected((*_ON_PICTURES, *_LATER), Kept.BY_THE_ENGINE),
    Q.MASKS_ONLY_ON_MAIN: Expected(("masks.sub",), Kept.BY_THE_ENGINE),
    Q.NAME_ON_MASKS: Expected((*_ON_PICTURES, *_LATER), Kept.BY_THE_ENGINE),
    Q.MASKS_GONE_AFTER_REBOOT: Expected(("masks.after_restart",), Kept.BY_THE_ENGINE, restarts=True),
    Q.AUDIO_BACK_AFTER_REMOVAL: Expected(("audio.removed", "audio.not_offered", "restart.still_deaf"), Kept.AS_USUAL),
    Q.AUDIO_BACK_AFTER_REBOOT: Expected(("restart.still_deaf",), Kept.AS_USUAL, restarts=True),
    Q.RESOLUTION_CHANGES_AFTER_REBOOT: Expected(("restart.same_streams",), Kept.BY_THE_ENGINE, restarts=True),
    Q.ADDRESS_CHANGES_AFTER_REBOOT: Expected(
        ("restart.comes_back", "clock.drift", "device.as_found"), Kept.AS_USUAL, restarts=True
    ),
    Q.DEFAULT_PASSWORD: Expected(("login.no_default",), Kept.AS_USUAL),
    Q.ONLY_HTTP_DIGEST: Expected((), Kept.AS_USUAL),
    Q.PASSWORD_TEXT_REQUIRED: _NO_ANSWER,
    Q.PLAIN_HTTP_ONLY: Expected(("tls.offered", "tls.streams"), Kept.REFUSED),
    Q.PLAIN_RTSP_ONLY: Expected(("tls.streams",), Kept.REFUSED),
    Q.PULL_POINT_DIES: Expected(("events.pulled",), Kept.AS_USUAL),
    Q.SPEAKER_LISTENS: Expected((), Kept.AS_USUAL),
    Q.SPEAKER_DUPLEX: Expected((), Kept.AS_USUAL),
    Q.TOURS_BY_ITSELF: Expected((), Kept.AS_USUAL, turns=True),
    Q.NO_MEDIA2: Expected(("tls.streams",), Kept.BY_THE_ENGINE, in_clear=True),
}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[EndpointCounts]:
    """What each camera did that the bench has served, once it is closed."""
    found: list[EndpointCounts] = []

    @asynccontextmanager
    async def counting(*given: Any, **named: Any) -> AsyncIterator[OnvifSite]:
        async with open_onvif(*given, **named) as site:
            yield site
            found.extend(site.farm.counts().values())

    monkeypatch.setattr(bench, "open_onvif", counting)
    return found
