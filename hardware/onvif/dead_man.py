"""Who stops a camera that turns. A pure core: orders, answers and looks in, what to do now out.

No device is trusted to stop by itself: there are some that ignore the Timeout of a move, and their own default. A move
ends at its own time here; the Stop is sent, and sent again, until looks find the camera where it was. Until then it
counts as moving, whatever it says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from hardware.onvif.spaces import Place

LOOK_EVERY_NS = 80 * NS_PER_MS
STOP_AGAIN_NS = 400 * NS_PER_MS
RENEW_EVERY_NS = NS_PER_S
"""A continuous move is sent again this often, so that an honest device stops soon after the centre is gone."""
STARTS_WITHIN_NS = 250 * NS_PER_MS
"""A look sooner after the order may find the camera at rest because it has not begun."""
LATE_ORDER_NS = 6 * NS_PER_S
"""An order that was given up may still be taken so long afterwards: Stop is repeated, and nothing counts as rest."""
RUNAWAY_AFTER_NS = 3 * NS_PER_S
"""After the first Stop that was taken or refused. A mount at full speed comes to rest within one second."""
RUNAWAY_PATIENCE = 5
"""How much more slowly a camera is told and looked at that was told to be a runaway."""
RESTS_FOR_NS = 150 * NS_PER_MS
TREMBLE = 0.06
"""Of a `Place`, whose turns have 360: a head that holds still reports numbers that tremble."""
SEEK_NS_MAX = 60 * NS_PER_S
"""The slowest dome turns by 180 degrees in less; then it is told to stop."""


class Act(Enum):
    """What is due."""

    LOOK = auto()
    """Ask for its status."""
    STOP = auto()
    RENEW = auto()
    """Send the same move once more."""
    TELL_RUNAWAY = auto()
    """It does not stop, or nobody can see that it does. Told once."""


class Phase(Enum):
    """Where the movement stands."""

    REST = auto()
    DRIVEN = auto()
    SEEKING = auto()
    STOPPING = auto()


@dataclass(frozen=True, slots=True)
class Look:
    """What one status said. `says_moving`: None when it does not say. `place`: None when it tells no position."""

    asked_at_ns: Nanoseconds
    says_moving: bool | None
    place: Place | None


class DeadMan:
    """The movement of one camera. Times are monotonic."""

    def __init__(self, move_ns_max: Nanoseconds) -> None:
        self._move_ns_max = move_ns_max
        self.phase = Phase.REST
        self._since_ns = self._ends_at_ns = self._look_at_ns = self._act_at_ns = 0
        self._anchor: Look | None = None
        """Since this look it has been where it was."""
        self._told = False
        self._late_until_ns: Nanoseconds = 0

    @property
    def is_moving(self) -> bool:
        """From the order on, until looks agree that it rests."""
        return self.phase is not Phase.REST

    def driven(self, now_ns: Nanoseconds) -> None:
        """A continuous move is about to be sent. To be called before it is, so that nobody is a picture late."""
        self._enter(Phase.DRIVEN, now_ns, now_ns + self._move_ns_max)
        self._act_at_ns = now_ns + RENEW_EVERY_NS

    def sent_to(self, now_ns: Nanoseconds) -> None:
        """A move to a place is about to be sent."""
        self._enter(Phase.SEEKING, now_ns, now_ns + SEEK_NS_MAX)
        self._act_at_ns = self._ends_at_ns

    def stop(self, now_ns: Nanoseconds) -> None:
        """Somebody wants it to stop. The caller sends Stop."""
        if self.phase is not Phase.STOPPING:
            self._enter(Phase.STOPPING, now_ns, now_ns + RUNAWAY_AFTER_NS)
        self._act_at_ns = now_ns + self._patience(STOP_AGAIN_NS)

    def failed(self, now_ns: Nanoseconds, *, refused: bool) -> None:
        """An order failed: a Stop is due at once. `refused`: the device said so; else it may yet be taken."""
        if not refused:
            self.given_up(now_ns)
        self.stop(now_ns)
        self._act_at_ns = now_ns

    def given_up(self, now_ns: Nanoseconds) -> None:
        """An order to move was not answered: a slow device may take it after the next Stop."""
        self._late_until_ns = now_ns + LATE_ORDER_NS

    def saw(self, look: Look) -> None:
        """A status came."""
        if self.phase in (Phase.REST, Phase.DRIVEN) or look.asked_at_ns < self._settled_from_ns():
            return
        if look.says_moving is True or (look.place is None and look.says_moving is None):
            self._anchor = None
        elif self._anchor is None or not _same_place(self._anchor, look):
            self._anchor = look
        elif look.asked_at_ns - self._anchor.asked_at_ns >= RESTS_FOR_NS:
            self.phase, self._told = Phase.REST, False

    def due(self, now_ns: Nanoseconds) -> list[Act]:
        """What to do now. To be asked at `due_at_ns`, or sooner."""
        acts = []
        if self.phase in (Phase.DRIVEN, Phase.SEEKING) and now_ns >= self._ends_at_ns:
            self.stop(now_ns)
            acts.append(Act.STOP)
        elif self.phase is Phase.STOPPING and now_ns >= self._act_at_ns:
            self._act_at_ns = now_ns + self._patience(STOP_AGAIN_NS)
            acts.append(Act.STOP)
        elif self.phase is Phase.DRIVEN and now_ns >= self._act_at_ns:
            self._act_at_ns = now_ns + RENEW_EVERY_NS
            acts.append(Act.RENEW)
        if self.phase is Phase.STOPPING and now_ns >= self._tells_at_ns() and not self._told:
            self._told = True
            acts.append(Act.TELL_RUNAWAY)
        if self.phase in (Phase.SEEKING, Phase.STOPPING) and now_ns >= self._look_at_ns:
            self._look_at_ns = now_ns + self._patience(LOOK_EVERY_NS)
            acts.append(Act.LOOK)
        return acts

    def due_at_ns(self) -> Nanoseconds | None:
        """When `due` has something; None: it rests."""
        if self.phase is Phase.REST:
            return None
        times = [self._act_at_ns]
        if not self._told:
            times.append(self._tells_at_ns() if self.phase is Phase.STOPPING else self._ends_at_ns)
        if self.phase is not Phase.DRIVEN:
            times.append(self._look_at_ns)
        return min(times)

    def _enter(self, phase: Phase, now_ns: Nanoseconds, ends_at_ns: Nanoseconds) -> None:
        self.phase, self._since_ns, self._ends_at_ns = phase, now_ns, ends_at_ns
        self._look_at_ns, self._anchor, self._told = now_ns, None, False

    def _tells_at_ns(self) -> Nanoseconds:
        return max(self._ends_at_ns, self._late_until_ns + RUNAWAY_AFTER_NS if self._late_until_ns else 0)

    def _patience(self, every_ns: Nanoseconds) -> Nanoseconds:
        return every_ns * RUNAWAY_PATIENCE if self._told else every_ns

    def _settled_from_ns(self) -> Nanoseconds:
        started_ns = self._since_ns + (0 if self.phase is Phase.STOPPING else STARTS_WITHIN_NS)
        return max(started_ns, self._late_until_ns)


def _same_place(first: Look, later: Look) -> bool:
    """By its position; by its word alone only where it tells none."""
    if first.place is None or later.place is None:
        return first.place is later.place
    return near(first.place, later.place)


def near(one: Place, other: Place) -> bool:
    """The same place, but for the trembling of a head that holds still."""
    return all(abs(a - b) <= TREMBLE for a, b in zip(one, other, strict=True))
