"""Guard tours on the wall: each camera of a round in one slot, and a report of what was really seen (OPS-6)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words
from csu.operations import GuardTour, LookAt, TourReport, TourRun
from csu.operations.guard_tour import TourOutcome
from csu.wall import CameraRequested, MayView, RequestEnded, SlotId, WallInput
from csu.wall.directing.decisions import refused


@dataclass(frozen=True, slots=True)
class TourOn:
    """A tour that is on."""

    tour: GuardTour
    slot: SlotId
    person: str
    camera: CameraId | None
    """What is looked at now."""
    begun_at_ns: Nanoseconds


class WallTours:
    """Those that are on: one a slot, one a person."""

    def __init__(
        self,
        ask: Callable[[WallInput], None],
        is_seen: Callable[[SlotId, CameraId], bool],
        may_view: MayView,
        tell: Callable[[TourReport], None],
    ) -> None:
        """`ask`: of the wall; raises CsuError when the slot is not to be had. `is_seen`: whether that slot shows that
        camera now, live."""
        self._ask, self._is_seen, self._may_view, self._tell = ask, is_seen, may_view, tell
        self._on: dict[SlotId, tuple[TourRun, GuardTour, str]] = {}

    def on(self) -> tuple[TourOn, ...]:
        """Those that are on."""
        return tuple(
            TourOn(tour, slot, person, run.camera, run.begun_at_ns) for slot, (run, tour, person) in self._on.items()
        )

    def begin(self, tour: GuardTour, slot: SlotId, person: str, now_ns: Nanoseconds) -> None:
        """Raises WallRequestRefused: the slot, or the person, has a tour; or the slot cannot be had."""
        if slot in self._on or any(who == person for _, _, who in self._on.values()):
            raise refused(slot, Words("une ronde y est déjà en cours", "a tour is on there already"))
        run = TourRun(tour, person, lambda camera, at_ns: self._may_view(person, camera, at_ns))
        self._on[slot] = run, tour, person
        try:
            self._follow(slot, run.begin(now_ns), must=True)
        except CsuError:
            self._on.pop(slot, None)
            raise

    def tick(self, up: Collection[SlotId], people: Collection[str], now_ns: Nanoseconds) -> None:
        """Each second. A tour whose slot is not up, or whose person left, is broken off."""
        for slot, (run, _, person) in list(self._on.items()):
            run.live(run.camera is not None and self._is_seen(slot, run.camera), now_ns)
            goes_on = slot in up and person in people
            self._follow(slot, run.tick(now_ns) if goes_on else run.break_off(now_ns))

    def end(self, person: str, now_ns: Nanoseconds) -> None:
        """He breaks his tour off; there need be none."""
        for slot, (run, _, who) in list(self._on.items()):
            if who == person:
                self._follow(slot, run.break_off(now_ns))

    def _follow(self, slot: SlotId, outcomes: Sequence[TourOutcome], *, must: bool = False) -> None:
        for outcome in outcomes:
            _, tour, person = self._on[slot]
            told: WallInput = RequestEnded(slot)
            if isinstance(outcome, LookAt):
                told = CameraRequested(slot, outcome.camera, person, tour=tour.tour)
            else:
                del self._on[slot]
                self._tell(outcome)
            try:
                self._ask(told)
            except CsuError:
                if must:
                    raise
                # it is not seen there: the report says so
