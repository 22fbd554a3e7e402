"""What a scenario may say. One YAML file is one `Scenario`; an unknown key is refused (see scenario_file).

The words of `story` and `faults` are those of `sim.dictionary`; what must hold is said in `sim.expectations`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from csu.notation.fields import (
    BitRate,
    Count,
    Duration,
    Durations,
    Frequency,
    Metres,
    PositiveDuration,
    Share,
    Strict,
    UtcMinute,
)
from csu.notation.quantities import BadQuantity, DurationRange
from sim.analysis_words import AnalysisSpec
from sim.communes import COMMUNES
from sim.dictionary import FAULTS, STORY
from sim.expectations import Expectation
from sim.levels.words import GroupSpec, Level
from sim.notation import When
from sim.order_words import AuthorisationSpec
from sim.past.words import PastSpec
from sim.vocabulary import Telling, Trouble

CAMERAS_MAX = 10_000
DURATION_MAX_NS = 40 * NS_PER_DAY
SEED_MAX = (1 << 63) - 1
NODE_CAMERAS_MAX = 256


class DoctrineSpec(Strict):
    """Local rules that are stricter than the law."""

    mask_above: Annotated[Metres, Field(gt=0, le=100)] = 2.5
    """Homes are masked above this height (PRV-2)."""


class CitySpec(Strict):
    """How big the city is, and how often its panels ring."""

    communes: Annotated[Count, Field(ge=1, le=len(COMMUNES))]
    cameras: Annotated[Count, Field(ge=1, le=CAMERAS_MAX)]
    node_cameras_max: Annotated[Count, Field(ge=1, le=NODE_CAMERAS_MAX)] = 64
    shared_nodes: bool = False
    """True: small communes share a node, up to `node_cameras_max` cameras, as one machine records in production."""
    alarms: Frequency
    ptz: Count = 0
    """In so many communes the first camera turns. The centre asks it ten times a second where it looks: some minutes
    of it cost as much as a day of the rest."""
    wall_cameras: Annotated[Count, Field(le=64)] = 0
    """How many of the first cameras the wall shows; 0: there is no wall. Its director is asked each second."""
    volume: bool = False
    """True: the centre has a volume of media of its own, and looks after it each ten seconds."""

    @model_validator(mode="after")
    def _fits(self) -> CitySpec:
        if not self.communes <= self.cameras <= self.communes * self.node_cameras_max:
            least, most = self.communes, self.communes * self.node_cameras_max
            raise BadQuantity(
                f"{self.cameras} caméras ne tiennent pas dans {self.communes} communes (de {least} à {most})",
                f"{self.cameras} cameras do not fit in {self.communes} communes (from {least} to {most})",
                ("cameras",),
            )
        if self.ptz > self.communes:
            raise BadQuantity(
                f"une caméra par commune tourne, {self.communes} au plus",
                f"one camera a commune turns, {self.communes} at most",
                ("ptz",),
            )
        return self


class Absence(Strict):
    """Nobody watches the room: alarms wait, and must be escalated."""

    at: When
    lasts: PositiveDuration

    @model_validator(mode="after")
    def _by_the_clock(self) -> Absence:
        if self.at.event is not None:
            raise BadQuantity(
                "une absence n'a pas d'événement pour heure : écrivez 03:10 ou +3 h",
                "an absence has no event for its time: write 03:10 or +3 h",
                ("at",),
            )
        return self


class ShiftSpec(Strict):
    """A team at the wall, each day."""

    at: When
    lasts: Annotated[PositiveDuration, Field(le=NS_PER_DAY)]
    people: Annotated[Count, Field(ge=1, le=20)] = 2

    @model_validator(mode="after")
    def _by_the_clock(self) -> ShiftSpec:
        if self.at.time_of_day_ns is None:
            raise BadQuantity("une équipe vient à une heure (06:00)", "a team comes at a time of day (06:00)", ("at",))
        return self


class PeopleSpec(Strict):
    """Who watches the city."""

    operators: Annotated[Count, Field(ge=1, le=100)] = 4
    reaction: Durations = DurationRange(4 * NS_PER_S, 25 * NS_PER_S)
    room_empty: tuple[Absence, ...] = ()
    shifts: tuple[ShiftSpec, ...] = ()
    """Teams that come each day, and whose workstations keep the watch of two; none: `operators` are always there."""
    mistakes: Share = 0.0
    """Of alarms that are qualified wrongly."""
    forgets: Share = 0.0
    """Of alarms that nobody closes until the chief goes through the list."""


class MediaSpec(Strict):
    """How much of the media plane is simulated, and what the cameras send."""

    level: Level = "L0"
    """Of all cameras that no group names. L0: descriptors in closed form, no pixel is computed; L1: small real pictures
    through the real masks and the real recorder."""
    groups: tuple[GroupSpec, ...] = ()
    """Cameras that are played otherwise, or that turn."""
    bit_rate: Annotated[BitRate, Field(gt=0)] = 2_500_000
    microphones: Annotated[Count, Field(le=CAMERAS_MAX)] = 0
    """Cameras that offer sound: refused, counted, told."""

    @property
    def levels(self) -> str:
        """All of them, as people read it: `L0`, or `L0+L1`."""
        return "+".join(sorted({self.level, *(group.level for group in self.groups if group.level is not None)}))


class Options(Strict):
    """How the run is judged and played."""

    chance: Literal["all", "swarm", "none"] = "all"
    """Which faults by chance a run has: all, none, or as its seed deals them (half some, a quarter all or none)."""
    quiet: Duration = 600 * NS_PER_S
    """The last stretch has no fault: by its end all must be well again."""


class Scenario(Strict):
    """One scenario file."""

    title: Annotated[str, Field(min_length=1)]
    proves: str = ""
    """What a run of it shows, for people."""
    seed: Annotated[Count, Field(le=SEED_MAX)] = 1
    start: UtcMinute
    duration: Annotated[PositiveDuration, Field(le=DURATION_MAX_NS)]
    doctrine: DoctrineSpec = DoctrineSpec()
    city: CitySpec
    authorisations: tuple[AuthorisationSpec, ...] = ()
    """Orders and agreements that are not as everywhere; of two lines about one commune the later counts."""
    people: PeopleSpec = PeopleSpec()
    media: MediaSpec = MediaSpec()
    analysis: AnalysisSpec | None = None
    """None: nothing in this run could analyse a picture."""
    past: PastSpec | None = None
    """None: no registers, no purge, no desk and no doors in this run."""
    story: tuple[Annotated[Telling, STORY], ...] = ()
    faults: tuple[Annotated[Trouble, FAULTS], ...] = ()
    expect: Annotated[tuple[Expectation, ...], Field(min_length=1)]
    options: Options = Options()

    @property
    def epoch_ns(self) -> Nanoseconds:
        """The first instant, ns UTC."""
        return int(self.start.timestamp()) * NS_PER_S
