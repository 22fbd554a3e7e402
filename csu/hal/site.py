"""A site: all that a binding brings, real or simulated. Found by entry point `csu.bindings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias

from csu.hal.alarms import AlarmPanel
from csu.hal.analysis import ZoneRule
from csu.hal.camera import Camera, CameraId, CommuneId, ViewType
from csu.hal.clock import Nanoseconds
from csu.hal.device_events import DeviceEvents
from csu.hal.dispatch import Dispatch
from csu.hal.frames import YuvPlanes
from csu.hal.loudspeaker import Speech
from csu.hal.place import Building, MapZone, PoseBounds
from csu.hal.wall_panel import WallPanel

Option: TypeAlias = str | int | float | bool


class SignRole(StrEnum):
    """As whom a person signs a mask set (PRV-6): loosening takes one of each."""

    TECHNICAL = "technical"
    DPO = "dpo"


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person who may sign mask sets."""

    person: str
    role: SignRole


class PictureWitness(Protocol):
    """Says what no picture that left ingest may show. A simulated street paints dwellings in a colour of their own."""

    def __call__(self, planes: YuvPlanes) -> float:
        """Share of the picture, 0 to 1, that only a dwelling, interior or entrance that is not masked can show."""
        ...


@dataclass(frozen=True, slots=True)
class SiteRequest:
    """What the centre asks of a binding. `options` are the binding's own (a street takes `seed`, `night`...)."""

    cameras: int
    options: Mapping[str, Option] = field(default_factory=dict)
    at_ns: Nanoseconds = 0
    """When it asks: a simulated site writes papers that hold then."""
    floors: Mapping[ViewType, tuple[int, int, float]] = field(default_factory=dict)
    """The least a recorded stream must be, by view: width, height, pictures a second (TEC-1, TEC-2)."""
    analysis_model: str = ""
    """sha256 of the weights that the centre has at hand: a simulated site's order names them. Empty: it has none."""
    call_words: frozenset[str] = frozenset()
    """All that a call to the police may say, in French: a real contact is told nothing else."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the centre is bound to. `witness` is None where nobody knows the truth: on a real site."""

    name: str
    cameras: Sequence[Camera]
    buildings: tuple[Building, ...]
    maps: tuple[Path, ...] = ()
    """Files of imported buildings (`csu masks import`), read by the centre beside `buildings`; all of one origin."""
    origin_deg: tuple[float, float] | None = None
    """Longitude and latitude of the origin of its metres (decision 0021); None: nobody said where on earth it lies."""
    bounds: Mapping[CameraId, PoseBounds] = field(default_factory=dict)
    """How far calibrated poses may be from the truth; a camera that is not named has the default."""
    alarm_panels: Sequence[AlarmPanel] = ()
    event_sources: Sequence[DeviceEvents] = ()
    """What tells its troubles by itself: cameras, receivers of alarms."""
    dispatch: Dispatch | None = None
    wall_panels: Sequence[tuple[WallPanel, str]] = ()
    """The display panels of the wall, and the input at which each should be."""
    speech: Speech | None = None
    """What may be said through the cameras' loudspeakers; None: nothing, as long as nobody decided it (AUD-4)."""
    witness: PictureWitness | None = None
    zones: tuple[MapZone, ...] = ()
    """Interiors and entrances of dwellings drawn on the map (PRV-1)."""
    signatories: tuple[Signatory, ...] = ()
    """Simulated people who sign the mask sets of a simulated site when it opens. Empty on a real one: each camera is
    wholly masked until people have signed."""
    agents: tuple[str, ...] = ()
    """Simulated people at the wall of a simulated site, who never leave it. Empty on a real one: people take their post
    themselves, and until two have the wall shows its agreed scene (OPS-1)."""
    alarm_sites_m: Mapping[tuple[CommuneId, str], tuple[float, float]] = field(default_factory=dict)
    """Where alarmed buildings stand (x, y in the site's metres), by commune and name, as far as anybody said."""
    papers: str = ""
    """Orders, notifications and agreements of a simulated site, as JSON. Empty on a real one: until people have entered
    theirs (`csu orders enter`) nothing is recorded."""
    analysis: str = ""
    """By which law, orders and models a simulated site lets pictures be analysed, as JSON. Empty on a real one, and on
    a simulated one that was not asked for it: then nothing is analysed."""
    analysis_zones: Mapping[CameraId, tuple[ZoneRule, ...]] = field(default_factory=dict)
    """What simulated people drew on the pictures of a simulated site's cameras."""
    people: str = ""
    """Invented people of a simulated site, with their roles and papers, as JSON (`csu people enter`). Who demonstrates
    enters them; a site that only runs has nobody. Empty on a real one."""


class OpenSite(Protocol):
    """What an entry point of the group `csu.bindings` is: open a site, and close all of it on the way out."""

    def __call__(self, request: SiteRequest) -> AbstractAsyncContextManager[Site]:
        """Raises BadInput for an option it does not know; CsuError when the site cannot be opened."""
        ...
