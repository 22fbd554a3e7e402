"""Who may turn a camera now: one lease a camera, alarm before chief before operator before tour. Pure.

A movement lives only as long as its holder repeats it (dead man): a browser that dies, a hand that lets go or a link
that is cut ends in a Stop. Who loses a lease while the camera moves is followed by a Stop before anybody else moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import TypeAlias

from csu.hal.camera import CameraId
from csu.hal.clock import NS_PER_MS, NS_PER_S, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

IDLE_NS = 60 * NS_PER_S
"""A lease that is not used this long is given back [D]."""
DEAD_MAN_NS = 600 * NS_PER_MS
"""A movement that its holder does not repeat this long is stopped [D]: consoles repeat every 200 ms."""
STOP_AGAIN_NS = NS_PER_S
"""A Stop that nobody confirmed is sent again after this long."""


class PtzRank(IntEnum):
    """Who goes before whom."""

    TOUR = 1
    OPERATOR = 2
    CHIEF = 3
    ALARM = 4
    """An operator who removes the doubt of an alarm with this camera."""


class LeaseRefused(CsuError):
    """Somebody of the same rank or above has the camera, or PTZ is restricted. Nothing moved."""


class LeaseLost(CsuError):
    """This order is of a lease that is over. Nothing moved."""


class LeaseEnd(StrEnum):
    """Why a lease ended."""

    GIVEN_BACK = "given_back"
    IDLE = "idle"
    PREEMPTED = "preempted"
    RESTRICTED = "restricted"
    """Fewer than two people watch (OPS-1)."""
    REVOKED = "revoked"
    """The holder's right was withdrawn, or he logged off."""
    ALARM_OVER = "alarm_over"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to turn one camera. `number` grows with each lease: orders that quote an older one are void."""

    camera: CameraId
    holder: str
    rank: PtzRank
    number: int
    granted_at_ns: Nanoseconds
    used_at_ns: Nanoseconds
    moving: bool = False
    alarm: str = ""
    """Of rank ALARM: which one."""


@dataclass(frozen=True, slots=True)
class StopCamera:
    """Command: stop this camera now, and say `stopped` when it has."""

    camera: CameraId
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class LeaseGranted:
    """Show it to the holder; the order for which he took it is journaled."""

    lease: Lease
    at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class LeaseEnded:
    """Journal it, announce it to the one who had it; `by`: who has the camera now, if it was taken from him."""

    lease: Lease
    why: LeaseEnd
    at_ns: Nanoseconds
    by: str = ""


PtzOutcome: TypeAlias = StopCamera | LeaseGranted | LeaseEnded


class PtzLeases:
    """All leases of the centre's PTZ cameras. They live in memory: after a restart nobody holds any."""

    def __init__(self, cameras: Iterable[CameraId], first_number: int = 1) -> None:
        """`first_number`: above every number given before a restart, so that late orders are void (say, `now_ns`)."""
        self._cameras = frozenset(cameras)
        self._leases: dict[CameraId, Lease] = {}
        self._next_number = first_number
        self._restricted = False
        self._stops: dict[CameraId, Nanoseconds] = dict.fromkeys(sorted(self._cameras), 0)
        """Stops that nobody confirmed yet, and when each is to be sent again. At first all: who knows what moves."""

    def add(self, camera: CameraId) -> None:
        """One more camera that can be turned; known ones stay as they are. It is not told to stop."""
        self._cameras |= {camera}

    def come_late(self, camera: CameraId) -> None:
        """The same of one that was silent so far: who knows what moves."""
        self.add(camera)
        self._stops.setdefault(camera, 0)

    def lease(self, camera: CameraId) -> Lease | None:
        """Who has it now; None: nobody."""
        return self._leases.get(camera)

    def is_to_stop(self, camera: CameraId) -> bool:
        """A Stop of it is not confirmed yet, and no order came since."""
        return camera in self._stops

    @property
    def is_restricted(self) -> bool:
        """Only alarms and the chief turn cameras now."""
        return self._restricted

    # -- what people ask -----------------------------------------------------------------------------------------------

    def claim(
        self, camera: CameraId, holder: str, rank: PtzRank, now_ns: Nanoseconds, *, alarm: str = ""
    ) -> list[PtzOutcome]:
        """Give the camera to `holder`, taking it from a lower rank. Whether he may at all was decided before (ACC-1).

        Empty when he has it already, at this rank or above. Raises LeaseRefused.
        """
        if camera not in self._cameras:
            raise _refused(camera, Words("elle ne se tourne pas", "it cannot be turned"), _OTHER)
        if rank is PtzRank.ALARM and not alarm:
            raise _refused(camera, Words("aucune alarme n'est nommée", "no alarm is named"), _OTHER)
        if self._restricted and rank not in _RESTRICTED_RANKS:
            raise _refused(
                camera,
                Words("moins de deux agents en poste", "fewer than two agents on watch"),
                Words("Seuls une alarme ou le chef de salle la tournent", "Only an alarm or the room chief turns it"),
            )
        held = self._leases.get(camera)
        if held is not None and held.holder == holder and held.rank >= rank:
            return []
        if held is not None and held.holder == holder:
            raised = replace(held, rank=rank, alarm=alarm, used_at_ns=now_ns)
            self._leases[camera] = raised  # the same lease, higher: nothing is taken from anybody, nothing stops
            return [LeaseGranted(raised, now_ns)]
        if held is not None and held.rank >= rank:
            raise _refused(
                camera,
                Words(f"{held.holder} la tient", f"{held.holder} has it"),
                Words("Demandez-la-lui", "Ask for it"),
            )
        ended = self._end(held, LeaseEnd.PREEMPTED, now_ns, by=holder) if held is not None else []
        lease = Lease(camera, holder, rank, self._next_number, now_ns, now_ns, alarm=alarm)
        self._next_number += 1
        self._leases[camera] = lease
        return [*ended, LeaseGranted(lease, now_ns)]

    def use(self, camera: CameraId, number: int, now_ns: Nanoseconds, *, moving: bool) -> None:
        """An order under a lease: `moving`, a velocity, to be repeated; not, a preset or a pose, which ends by itself.

        The caller sends it to the camera after this returned. Raises LeaseLost.
        """
        lease = self._held(camera, number)
        self._leases[camera] = replace(lease, used_at_ns=now_ns, moving=moving)
        self._stops.pop(camera, None)

    def stop(self, camera: CameraId, number: int, now_ns: Nanoseconds) -> StopCamera:
        """The holder lets go. Raises LeaseLost: whoever has the camera now is not stopped by a late order."""
        lease = self._held(camera, number)
        self._leases[camera] = replace(lease, used_at_ns=now_ns, moving=False)
        self._stops[camera] = now_ns + STOP_AGAIN_NS
        return StopCamera(camera, now_ns)

    def give_back(self, camera: CameraId, number: int, now_ns: Nanoseconds) -> list[PtzOutcome]:
        """The holder is done. Empty when that lease is over already."""
        lease = self._leases.get(camera)
        return self._end(lease, LeaseEnd.GIVEN_BACK, now_ns) if lease is not None and lease.number == number else []

    # -- what happens --------------------------------------------------------------------------------------------------

    def revoke(self, holder: str, now_ns: Nanoseconds) -> list[PtzOutcome]:
        """His right was withdrawn, or he logged off: every lease of his ends."""
        return self._end_all((x for x in self._leases.values() if x.holder == holder), LeaseEnd.REVOKED, now_ns)

    def end_alarm(self, alarm: str, now_ns: Nanoseconds) -> list[PtzOutcome]:
        """The alarm is over: what was taken for it is free again."""
        return self._end_all((x for x in self._leases.values() if x.alarm == alarm), LeaseEnd.ALARM_OVER, now_ns)

    def restrict(self, restricted: bool, now_ns: Nanoseconds) -> list[PtzOutcome]:
        """Fewer than two people watch, or enough again (OPS-1)."""
        self._restricted = restricted
        barred = (x for x in self._leases.values() if restricted and x.rank not in _RESTRICTED_RANKS)
        return self._end_all(barred, LeaseEnd.RESTRICTED, now_ns)

    def stopped(self, camera: CameraId) -> None:
        """The camera took a Stop. Until then it is told again; a camera that refuses goes on being told."""
        self._stops.pop(camera, None)

    def tick(self, now_ns: Nanoseconds) -> list[PtzOutcome]:
        """Dead men, idle leases, Stops to send again. Call it when `due_at_ns` has come."""
        told: list[PtzOutcome] = []
        for lease in list(self._leases.values()):
            if lease.moving and now_ns - lease.used_at_ns >= DEAD_MAN_NS:
                self._leases[lease.camera] = replace(lease, moving=False)
                self._stops[lease.camera] = now_ns
            if now_ns - lease.used_at_ns >= IDLE_NS:
                told += self._end(self._leases[lease.camera], LeaseEnd.IDLE, now_ns)
        for camera, due_ns in self._stops.items():
            if due_ns <= now_ns:
                self._stops[camera] = now_ns + STOP_AGAIN_NS
                told.append(StopCamera(camera, now_ns))
        return told

    def due_at_ns(self) -> Nanoseconds | None:
        """When `tick` has something to do next, if nobody asks anything before; None: nothing waits."""
        spans = ((lease.used_at_ns, DEAD_MAN_NS if lease.moving else IDLE_NS) for lease in self._leases.values())
        return min([*(used_ns + span_ns for used_ns, span_ns in spans), *self._stops.values()], default=None)

    # -- inside --------------------------------------------------------------------------------------------------------

    def _held(self, camera: CameraId, number: int) -> Lease:
        lease = self._leases.get(camera)
        if lease is None or lease.number != number:
            has = lease.holder if lease is not None else "-"
            raise LeaseLost(
                Words(f"ce bail est terminé (tenue par : {has})", f"this lease is over (held by: {has})"),
                where=camera,
                what_to_do=Words("Reprenez la caméra", "Take the camera again"),
            )
        return lease

    def _end_all(self, leases: Iterable[Lease], why: LeaseEnd, now_ns: Nanoseconds) -> list[PtzOutcome]:
        return [outcome for lease in list(leases) for outcome in self._end(lease, why, now_ns)]

    def _end(self, lease: Lease, why: LeaseEnd, now_ns: Nanoseconds, by: str = "") -> list[PtzOutcome]:
        del self._leases[lease.camera]
        ended = LeaseEnded(lease, why, now_ns, by)
        if not lease.moving:
            return [ended]
        self._stops[lease.camera] = now_ns + STOP_AGAIN_NS
        return [StopCamera(lease.camera, now_ns), ended]


_RESTRICTED_RANKS = (PtzRank.ALARM, PtzRank.CHIEF)
_OTHER = Words("Choisissez une autre caméra", "Choose another camera")


def _refused(camera: CameraId, what: Words, what_to_do: Words) -> LeaseRefused:
    return LeaseRefused(what, where=camera, what_to_do=what_to_do)
