"""What an agent has before he signs: a live session, masked pictures he took in it, and his own stopwatch (VVB-1).

A draft is in memory alone. One that is not signed leaves nothing behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.frames import MaskedFrame
from csu.operations.enforcement.errors import TicketRefused, TicketRule
from csu.operations.enforcement.offences import Offence

PICTURE_AGE_NS_MAX = 60 * NS_PER_S
"""VVB-1 [D]: what is older was not seen live."""
AHEAD_NS_MAX = 2 * NS_PER_S
"""How far a camera's clock may be ahead of ours."""
SIGN_WITHIN_NS = 15 * NS_PER_MINUTE
"""[D]: what is not signed by then is dropped."""
STILLS_MIN, STILLS_MAX = 2, 3
CORNERS_MIN, CORNERS_MAX = 3, 12
BLOTS_MAX = 16


class View(StrEnum):
    """What a still is for."""

    CONTEXT = "context"
    """The surroundings: where it is, and what the rule there is."""
    CLOSE = "close"
    """The vehicle."""


@dataclass(frozen=True, slots=True)
class LiveSession:
    """An agent is being shown a camera now. It ends when he is shown it no more."""

    session: str
    account: str
    camera: CameraId
    since_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Blot:
    """A part of a still that the agent paints over: whoever passes by and has nothing to do with it. In shares."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise TicketRefused(
                TicketRule.FIELD, "blot", "ce n'est pas une partie de l'image", "that is no part of the picture"
            )


@dataclass(frozen=True, slots=True)
class Taken:
    """A still as it was taken: masked, live, by the agent himself."""

    number: int
    view: View
    frame: MaskedFrame
    taken_at_ns: Nanoseconds
    blots: tuple[Blot, ...] = ()

    @property
    def captured_at_ns(self) -> Nanoseconds:
        return self.frame.captured.at_ns


@dataclass(frozen=True, slots=True)
class Standing:
    """The agent's stopwatch: he drew where the vehicle stands, and watches. It measures; it finds nothing."""

    corners: tuple[tuple[float, float], ...]
    """(x, y) in shares of the picture, as the agent drew them; not closed."""
    from_ns: Nanoseconds
    """When still 1 was captured."""
    to_ns: Nanoseconds | None = None
    """When the still that ends it was captured; None: it runs."""
    last: int = 0
    """Number of that still."""

    def __post_init__(self) -> None:
        sound = all(0 <= x <= 1 and 0 <= y <= 1 for x, y in self.corners)
        if not CORNERS_MIN <= len(self.corners) <= CORNERS_MAX or not sound:
            raise TicketRefused(
                TicketRule.FIELD,
                "standing",
                f"le tracé a de {CORNERS_MIN} à {CORNERS_MAX} sommets, dans l'image",
                f"the outline has {CORNERS_MIN} to {CORNERS_MAX} corners, within the picture",
            )

    @property
    def lasted_ns(self) -> Nanoseconds:
        return 0 if self.to_ns is None else self.to_ns - self.from_ns


@dataclass(frozen=True, slots=True)
class Draft:
    """One observation, not signed yet."""

    draft: str
    account: str
    session: LiveSession
    offence: Offence
    opened_at_ns: Nanoseconds
    stills: tuple[Taken, ...]
    standing: Standing | None = None

    @property
    def camera(self) -> CameraId:
        return self.session.camera

    def is_over(self, now_ns: Nanoseconds) -> bool:
        """Whether it waited for its signature too long."""
        return not 0 <= now_ns - self.opened_at_ns < SIGN_WITHIN_NS

    def still(self, number: int) -> Taken:
        """Raises TicketRefused: there is none of that number."""
        found = next((each for each in self.stills if each.number == number), None)
        if found is None:
            raise TicketRefused(TicketRule.STILLS, "tickets", "aucune vue de ce numéro", "no still of that number")
        return found
