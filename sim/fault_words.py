"""The faults a scenario may declare for cameras, nodes and the engine itself. They are worked out before the run."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from csu.hal.words import Words
from sim.notation import Count, Durations, Share
from sim.vocabulary import ChanceFault, Ground, LastingTelling, Refusal, Spoken, Trouble, Word, no_such_commune


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


OF_ONE_CAMERA = frozenset({FaultKind.CAMERA_LOST, FaultKind.PACKETS_LOST, FaultKind.CAMERA_CLOCK})


class ToldFault(LastingTelling):
    """A fault at a given time and place."""

    commune: str

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        cameras_of = ground.cameras_of
        if cameras_of and self.commune not in cameras_of:
            yield Refusal("commune", no_such_commune(self.commune, cameras_of))


class ToldCameraFault(ToldFault):
    """A fault of one camera."""

    camera: Annotated[Count, Field(ge=1)] = 1
    """Which camera of the commune, counted from 1."""

    def refusals(self, ground: Ground) -> Iterator[Refusal]:
        yield from super().refusals(ground)
        there = ground.cameras_of.get(self.commune)
        if there is not None and self.camera > there:
            yield Refusal(
                "camera",
                Words(
                    f"{self.commune} n'a que {there} caméras, il n'y a pas de n° {self.camera}",
                    f"{self.commune} has only {there} cameras, there is no number {self.camera}",
                ),
            )


class ToldClockFault(ToldCameraFault):
    """One camera's clock is wrong."""

    clock_error: Durations
    """How far it is ahead."""


class ClockByChance(ChanceFault):
    """Clocks of cameras that are wrong, by chance."""

    clock_error: Durations
    """How far they are ahead."""


class EngineTrouble(Trouble):
    """Trouble inside the engine, at one of its own fault points."""

    point: Literal["catalogue.write", "alarms.save"]
    active: Share = 1.0
    """Chance that the point makes trouble at all in a run."""
    fires: Share
    """Chance of each pass."""
    fails: Share
    """Of the passes that fire: how many fail, after the delay."""
    delay: Durations | None = None


FAULT_NAMES = {
    FaultKind.CAMERA_LOST: Words("caméra perdue", "camera lost"),
    FaultKind.PACKETS_LOST: Words("paquets perdus", "packets lost"),
    FaultKind.CAMERA_CLOCK: Words("horloge fausse", "clock wrong"),
    FaultKind.POWER_CUT: Words("coupure de courant", "power cut"),
    FaultKind.DISK_TROUBLE: Words("disque en panne", "disk trouble"),
    FaultKind.LINK_CUT: Words("lien coupé", "link cut"),
    FaultKind.NODE_CRASH: Words("nœud arrêté", "node crash"),
    FaultKind.RECEIPTS_LOST: Words("acquits perdus", "receipts lost"),
}


def _told_as(kind: FaultKind) -> type[ToldFault]:
    if kind is FaultKind.CAMERA_CLOCK:
        return ToldClockFault
    return ToldCameraFault if kind in OF_ONE_CAMERA else ToldFault


STORY_WORDS: tuple[Word[ToldFault], ...] = tuple(
    Word(kind.value, FAULT_NAMES[kind], _told_as(kind)) for kind in FaultKind
)
FAULT_WORDS: tuple[Word[Trouble], ...] = (
    *(
        Word(kind.value, FAULT_NAMES[kind], ClockByChance if kind is FaultKind.CAMERA_CLOCK else ChanceFault)
        for kind in FaultKind
    ),
    Word("engine_trouble", Words("trouble dans le moteur", "trouble inside the engine"), EngineTrouble),
)


def kind_of(spec: Spoken) -> FaultKind | None:
    """The fault of the city that this line declares, if it declares one."""
    return FaultKind(spec.kind) if spec.kind in FAULT_NAMES else None
