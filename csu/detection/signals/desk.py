"""The signal desk, a pure core: a person qualifies or dismisses what an analysis draws attention to (VSA-7).

What comes out are the four events of `signal.py` and nothing else. It calls nobody, opens nothing and knows no alarm,
ticket, case or person; confirmed or not, a signal ends here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TypeVar

from csu.detection.signals.signal import (
    Dismissal,
    JudgementRefused,
    Qualification,
    Signal,
    SignalDismissed,
    SignalExpired,
    SignalId,
    SignalQualified,
    SignalRaised,
    SignalRefused,
    SignalUnknown,
    Unjudged,
)
from csu.hal.analysis import HEAT_COLUMNS, HEAT_ROWS, EventSignal, EventType
from csu.hal.camera import CameraId
from csu.hal.chance import Ids
from csu.hal.clock import NS_PER_S, Nanoseconds
from csu.hal.personal_data import unfit_for_a_place
from csu.hal.words import Words

BOXES_MAX = 64
_Judgement = TypeVar("_Judgement", Qualification, Dismissal)


@dataclass(frozen=True, slots=True)
class SignalBounds:
    """How much people are shown [D]."""

    waits_s: float = 600.0
    """A signal that nobody judged for so long is over."""
    waiting_max: int = 40
    """At once, of all cameras: the oldest gives way."""
    of_camera_max: int = 6
    """New ones of a camera in `of_camera_s`; what comes beyond is counted and not shown."""
    of_camera_s: float = 600.0


DEFAULT_BOUNDS = SignalBounds()


class SignalDesk:
    """All signals that wait for a person. They live in memory: a restart drops them, and their rows say `waiting`.

    A judgement takes effect at once, so that no two people judge one signal; whoever keeps the desk writes what
    `outcome_of` says and calls `undo` with the event when it could not be written.
    """

    def __init__(self, ids: Ids, bounds: SignalBounds = DEFAULT_BOUNDS) -> None:
        self._ids, self._bounds = ids, bounds
        self._waiting: dict[SignalId, Signal] = {}
        """Oldest first."""
        self._recent: dict[CameraId, deque[Nanoseconds]] = {}

    def waiting(self) -> list[Signal]:
        """What is to be shown, oldest first."""
        return list(self._waiting.values())

    def signal(self, signal: SignalId) -> Signal:
        """One that waits. Raises SignalUnknown."""
        found = self._waiting.get(signal)
        if found is None:
            raise SignalUnknown(
                Words("ce signalement n'attend plus d'avis", "this signal does not wait for a judgement any more"),
                where=signal,
                what_to_do=Words("Rafraîchissez la liste", "Refresh the list"),
            )
        return found

    def take(self, told: EventSignal, now_ns: Nanoseconds) -> list[SignalRaised | SignalExpired]:
        """What an analysis said. Nothing comes of what is already shown of that place; in a storm, a count.

        Raises SignalRefused for a type that is none of the eight, and for what no rule says.
        """
        _require(told)
        same = next(
            (each for each in self._waiting.values() if each.place == (told.camera, told.zone, told.type)), None
        )
        if same is not None:
            again = replace(told, since_ns=min(same.told.since_ns, told.since_ns))
            self._waiting[same.signal] = replace(same, told=again, more=same.more + 1)
            return []
        signal = Signal(SignalId(self._ids.new("signal")), told, now_ns)
        if not self._has_room(told.camera, now_ns):
            return [SignalExpired(signal, Unjudged.CROWDED_OUT, now_ns)]
        ended: list[SignalRaised | SignalExpired] = []
        while len(self._waiting) >= self._bounds.waiting_max:
            ended.append(self._end(next(iter(self._waiting)), Unjudged.CROWDED_OUT, now_ns))
        self._waiting[signal.signal] = signal
        return [*ended, SignalRaised(signal)]

    def qualify(self, signal: SignalId, person: str, as_: Qualification, now_ns: Nanoseconds) -> SignalQualified:
        """A person says what he sees. Raises SignalUnknown; JudgementRefused without his account or a known word."""
        found, by, outcome = self._judged(signal, person, as_, Qualification)
        return SignalQualified(found, outcome, by, now_ns)

    def dismiss(self, signal: SignalId, person: str, as_: Dismissal, now_ns: Nanoseconds) -> SignalDismissed:
        """A person says that there is nothing, and why. Raises SignalUnknown, JudgementRefused."""
        found, by, outcome = self._judged(signal, person, as_, Dismissal)
        return SignalDismissed(found, outcome, by, now_ns)

    def undo(self, judged: SignalQualified | SignalDismissed) -> None:
        """What a person said could not be written: the signal waits as before, until its old end.

        If the same was told again in between, both wait.
        """
        waiting = [judged.signal, *self._waiting.values()]
        self._waiting = {each.signal: each for each in sorted(waiting, key=lambda each: each.raised_at_ns)}

    def withdraw(self, now_ns: Nanoseconds, cameras: Collection[CameraId] | None = None) -> list[SignalExpired]:
        """The analysis of these cameras ended (None: of all). Their signals are shown no more."""
        gone = [name for name, each in self._waiting.items() if cameras is None or each.told.camera in cameras]
        return [self._end(name, Unjudged.WITHDRAWN, now_ns) for name in gone]

    def tick(self, now_ns: Nanoseconds) -> list[SignalExpired]:
        """Those that nobody judged in time."""
        late = [name for name, each in self._waiting.items() if self.ends_at_ns(each) <= now_ns]
        return [self._end(name, Unjudged.EXPIRED, now_ns) for name in late]

    def due_at_ns(self) -> Nanoseconds | None:
        """When `tick` has something to tell next; None: nothing waits."""
        return min((self.ends_at_ns(each) for each in self._waiting.values()), default=None)

    def ends_at_ns(self, signal: Signal) -> Nanoseconds:
        """When it goes if nobody judges it."""
        return signal.raised_at_ns + round(self._bounds.waits_s * NS_PER_S)

    def _judged(
        self, name: SignalId, person: str, as_: _Judgement, kind: type[_Judgement]
    ) -> tuple[Signal, str, _Judgement]:
        signal = self.signal(name)
        if not isinstance(as_, kind):
            raise JudgementRefused(
                Words("cet avis n'est pas dans la liste", "this judgement is not on the list"),
                where=name,
                what_to_do=Words.same(", ".join(kind)),
            )
        if not person.strip():
            raise JudgementRefused(
                Words("personne n'a signé cet avis", "nobody signed this judgement"),
                where=name,
                what_to_do=Words("Dites qui l'a donné", "Say who gave it"),
            )
        del self._waiting[name]
        return signal, person, as_

    def _end(self, name: SignalId, why: Unjudged, now_ns: Nanoseconds) -> SignalExpired:
        return SignalExpired(self._waiting.pop(name), why, now_ns)

    def _has_room(self, camera: CameraId, now_ns: Nanoseconds) -> bool:
        """Whether one more of this camera may be shown; if so, it counts."""
        since_ns = now_ns - round(self._bounds.of_camera_s * NS_PER_S)
        self._recent = {each: times for each, times in self._recent.items() if times[-1] > since_ns}
        recent = self._recent.get(camera, deque())
        while recent and recent[0] <= since_ns:
            recent.popleft()
        if len(recent) >= self._bounds.of_camera_max:
            return False
        recent.append(now_ns)
        self._recent[camera] = recent
        return True


def _require(told: EventSignal) -> None:
    """Raises SignalRefused for what no rule of ours says: the process that analyses is believed in nothing else."""
    what: Words | None = None
    if not isinstance(told.type, EventType):
        what = Words("ce n'est aucun des huit types permis", "this is none of the eight permitted types")
    elif not told.camera or not told.zone:
        what = Words("ni caméra ni zone", "no camera or no zone")
    elif not told.order:
        what = Words("aucun arrêté ne le permet", "no order permits it")
    elif len(told.boxes) > BOXES_MAX or len(told.heat) not in (0, HEAT_COLUMNS * HEAT_ROWS):
        what = Words("trop de cadres, ou une carte d'une autre taille", "too many boxes, or a heat map of another size")
    else:
        what = unfit_for_a_place(told.zone)
    if what is not None:
        raise SignalRefused(
            what,
            where=told.camera or "analysis",
            what_to_do=Words("Rien n'est montré ; vérifiez l'analyse", "Nothing is shown; check the analysis"),
        )
