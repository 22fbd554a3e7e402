"""What a scenario may say. One YAML file is one `Scenario`; an unknown key is refused (see scenario_file)."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from csu.hal.clock import NS_PER_DAY, NS_PER_S, Nanoseconds
from sim.communes import COMMUNES
from sim.quantities import (
    BadQuantity,
    DurationRange,
    Instant,
    Rate,
    bits_per_s,
    duration_ns,
    duration_range,
    instant,
    positive_duration_ns,
    rate,
    share,
)

CAMERAS_MAX = 5_000
DURATION_MAX_NS = 40 * NS_PER_DAY

Duration = Annotated[int, BeforeValidator(duration_ns)]
PositiveDuration = Annotated[int, BeforeValidator(positive_duration_ns)]
Durations = Annotated[DurationRange, BeforeValidator(duration_range)]
Frequency = Annotated[Rate, BeforeValidator(rate)]
Share = Annotated[float, BeforeValidator(share)]
BitRate = Annotated[int, BeforeValidator(bits_per_s)]
When = Annotated[Instant, BeforeValidator(instant)]


def _utc(text: object) -> datetime:
    try:
        return datetime.strptime(str(text).strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise BadQuantity(
            f"{text!r} n'est pas une date : écrivez par exemple 2026-11-23 06:00 (UTC)",
            f"{text!r} is no date: write for example 2026-11-23 06:00 (UTC)",
        ) from None


UtcMinute = Annotated[datetime, BeforeValidator(_utc)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class FaultKind(StrEnum):
    """What may go wrong in the city."""

    CAMERA_LOST = "camera_lost"
    """One camera sends nothing."""
    PACKETS_LOST = "packets_lost"
    """One camera's packets are lost for a moment."""
    CAMERA_CLOCK = "camera_clock"
    """One camera's clock is wrong."""
    POWER_CUT = "power_cut"
    """All cameras of a commune send nothing; the node has its own supply."""
    DISK_TROUBLE = "disk_trouble"
    """A node's disk refuses: nothing is recorded there."""
    LINK_CUT = "link_cut"
    """A node cannot reach the centre; it goes on recording."""
    NODE_CRASH = "node_crash"
    """A node stops and cannot be started again for a while."""
    RECEIPTS_LOST = "receipts_lost"
    """No panel of the city hears the centre's acknowledgements, and all repeat: the way back is down."""


class Absence(_Strict):
    """Nobody watches the room: alarms wait, and must be escalated."""

    at: When
    lasts: PositiveDuration


class CitySpec(_Strict):
    """How big the city is, and who watches it."""

    communes: int = Field(ge=1, le=len(COMMUNES))
    cameras: int = Field(ge=1, le=CAMERAS_MAX)
    node_cameras_max: int = Field(default=64, ge=1)
    bit_rate: BitRate
    microphones: int = Field(default=0, ge=0)
    alarms: Frequency
    operators: int = Field(ge=1, le=100)
    reaction: Durations
    room_empty: tuple[Absence, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> CitySpec:
        if not self.communes <= self.cameras <= self.communes * self.node_cameras_max:
            least, most = self.communes, self.communes * self.node_cameras_max
            raise BadQuantity(
                f"{self.cameras} caméras ne tiennent pas dans {self.communes} communes (de {least} à {most})",
                f"{self.cameras} cameras do not fit in {self.communes} communes (from {least} to {most})",
                ("cameras",),
            )
        return self


class _OneFault(_Strict):
    kind: FaultKind
    clock_error: Durations | None = None
    """How far the camera's clock is ahead; for camera_clock only."""

    @model_validator(mode="after")
    def _says_by_how_much(self) -> Self:
        if (self.kind is FaultKind.CAMERA_CLOCK) is not (self.clock_error is not None):
            raise BadQuantity(
                "clock_error va avec camera_clock, et avec lui seul",
                "clock_error goes with camera_clock, and with it alone",
            )
        return self


class FaultSpec(_OneFault):
    """Faults of one kind that come by chance, anywhere in the city."""

    rate: Frequency
    lasts: Durations


class StoryEvent(_OneFault):
    """One fault at a given time and place."""

    at: When
    commune: str
    camera: int | None = Field(default=None, ge=1)
    """Which camera of the commune, counted from 1; the first when not said. Only for faults of one camera."""
    lasts: PositiveDuration


class TroubleSpec(_Strict):
    """Trouble inside the engine, at one of its own fault points."""

    point: str
    active: Share = 1.0
    fires: Share
    fails: Share
    delay: Durations | None = None


class Expectations(_Strict):
    """What must hold. What every run must satisfy (no unexplained second, nothing twice) needs no line here."""

    coverage: Share
    """Recorded time over the time of all cameras."""
    camera_down_shown_within: PositiveDuration
    alarms_taken_within: PositiveDuration
    """Each alarm is acknowledged by a person within this, or escalated."""


class Scenario(_Strict):
    """One scenario file."""

    title: str
    about: str = ""
    seed: int = Field(ge=0)
    starts: UtcMinute
    duration: PositiveDuration
    quiet: Duration = 600 * NS_PER_S
    """The last stretch has no fault: by its end all must be well again."""
    city: CitySpec
    faults: tuple[FaultSpec, ...] = ()
    trouble: tuple[TroubleSpec, ...] = ()
    story: tuple[StoryEvent, ...] = ()
    expect: Expectations

    @property
    def epoch_ns(self) -> Nanoseconds:
        """The first instant, ns UTC."""
        return int(self.starts.timestamp()) * NS_PER_S

    @model_validator(mode="after")
    def _ends(self) -> Scenario:
        if self.duration > DURATION_MAX_NS:
            raise BadQuantity("une simulation dure 40 jours au plus", "a simulation lasts 40 days at most")
        if self.quiet >= self.duration:
            raise BadQuantity(
                "le calme de la fin (quiet) doit être plus court que la durée",
                "the quiet at the end must be shorter than the duration",
                ("quiet",),
            )
        for index, event in enumerate(self.story):
            if event.at.after(self.epoch_ns % NS_PER_DAY) >= self.duration - self.quiet:
                raise BadQuantity(
                    f"l'événement de {event.commune} ({event.kind.value}) tombe après les pannes, dans le calme final",
                    f"the event of {event.commune} ({event.kind.value}) comes after the faults, in the final quiet",
                    ("story", index, "at"),
                )
            if event.commune not in COMMUNES[: self.city.communes]:
                raise BadQuantity(
                    f"{event.commune!r} n'est pas parmi les {self.city.communes} communes de cette ville",
                    f"{event.commune!r} is not among the {self.city.communes} communes of this city",
                    ("story", index, "commune"),
                )
        return self
