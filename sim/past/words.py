"""The words by which a scenario keeps a past: what is asked of it, what a requisition locks and what the room holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from csu.hal.clock import Nanoseconds
from csu.hal.words import Words
from csu.notation.fields import Count, Duration, Frequency, PositiveDuration, Share, Strict
from csu.notation.quantities import Rate
from sim.fault_words import ToldCameraFault
from sim.past.people import DeskPeople
from sim.vocabulary import Ground, Happening, Refusal, Signal, SignalKind, Stage, Telling, Word, no_such_commune

LOCKED, HELD, REFUSED, COPIED = "footage.locked", "footage.held", "footage.refused", "footage.copied"
DOCTRINE_DAYS, ORDER_DAYS = 29, 30
"""The doctrine is a day shorter than the orders: between the two a hold keeps what would have gone."""


class ActsSpec(Strict):
    """Requisitions and holds by chance, for what is on disk."""

    rate: Frequency
    holds: Share = 0.3
    """Of them, those by which the room asks for a hold."""


class PastSpec(Strict):
    """Registers, purge, requisition desk and doors run too."""

    asks: Frequency = Rate(6 / 3600)
    """How often somebody asks something of the console."""
    kept_days: Annotated[Count, Field(ge=1, le=31)] = DOCTRINE_DAYS
    """The doctrine: footage lives no longer."""
    before: Duration = 7_200_000_000_000
    """How much of what expires during the run was recorded before it: the whole month would be a run of its own."""
    acts: ActsSpec | None = None
    communes: tuple[str, ...] = ()
    """Whose footage is on disk, is destroyed and can be asked for; none named: all. Doors and journal are for all."""

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        """What is wrong with it in this city, if anything."""
        for name in self.communes:
            if ground.cameras_of and name not in ground.cameras_of:
                yield Refusal("communes", no_such_commune(name, ground.cameras_of))


class Desired(ToldCameraFault):
    """A stretch of one camera's time that somebody wants kept; `lasts` is its length."""

    filmed: PositiveDuration
    """How long before this moment the stretch begins."""

    @property
    def length_ns(self) -> Nanoseconds:
        return 0

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        yield from super().refusals(ground)
        if self.commune in ground.cameras_of and self.commune not in ground.past_of:
            yield Refusal("commune", _NOT_KEPT)
        if self.lasts > self.filmed:
            yield Refusal("lasts", _NOT_PAST)


async def _requisition(happening: Happening[Desired], stage: Stage) -> None:
    spec, from_ns = happening.spec, happening.start_ns - happening.spec.filmed
    kept = await stage.model(DeskPeople).requisition(spec.commune, spec.camera, from_ns, from_ns + spec.lasts)
    _tell(LOCKED if kept else REFUSED, happening, stage)


async def _hold(happening: Happening[Desired], stage: Stage) -> None:
    spec, from_ns = happening.spec, happening.start_ns - happening.spec.filmed
    kept = await stage.model(DeskPeople).hold(spec.commune, spec.camera, from_ns, from_ns + spec.lasts)
    _tell(HELD if kept else REFUSED, happening, stage)


def _tell(kind: str, happening: Happening[Desired], stage: Stage) -> None:
    spec = happening.spec
    camera, commune = stage.camera(spec.commune, spec.camera), stage.commune(spec.commune)
    fields = {"camera": str(camera), "commune": commune, "event": happening.name}
    stage.tell(Signal(kind, stage.clock.now_ns(), fields))


_NOT_KEPT = Words(
    "cette course ne garde pas les images de cette commune : nommez-la dans past.communes, ou écrivez past: {}",
    "this run keeps no footage of this commune: name it in past.communes, or write past: {}",
)
_NOT_PAST = Words("l'intervalle n'est pas encore passé", "the stretch has not passed yet")
STORY_WORDS: tuple[Word[Telling], ...] = (
    Word("requisition", Words("une réquisition arrive", "a requisition comes"), Desired, plays=_requisition),
    Word("hold", Words("la salle demande un gel", "the room asks for a hold"), Desired, plays=_hold),
)
_FIELDS = ("commune", "event")
SIGNALS = (
    SignalKind(LOCKED, Words("le greffe verrouille", "the clerk locks a stretch"), "camera", _FIELDS),
    SignalKind(HELD, Words("un gel est posé", "a hold is placed"), "camera", _FIELDS),
    SignalKind(REFUSED, Words("la demande est refusée", "the desk refuses"), "camera", _FIELDS),
    SignalKind(
        COPIED,
        Words("la purge met à part ce qui est verrouillé", "the purge sets a locked part aside"),
        "camera",
        ("commune",),
    ),
)
