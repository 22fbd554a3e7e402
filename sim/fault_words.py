"""The faults a scenario may declare for cameras, nodes and the engine itself. They are worked out before the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from csu.hal.words import Words
from csu.notation.fields import Count, Durations, Share
from sim.vocabulary import ChanceFault, Ground, LastingTelling, Refusal, Spoken, Trouble, Word, no_such_commune


class FaultKind(StrEnum):
    """What may go wrong in the city, and is worked out before the run."""

    CAMERA_LOST = "camera_lost"
    CAMERA_RESET = "camera_reset"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_COVERED = "camera_covered"
    CAMERA_KNOCKED = "camera_knocked"
    CAMERA_CLOCK = "camera_clock"
    CLOCK_DRIFT = "clock_drift"
    FIRMWARE_RESET = "firmware_reset"
    AUDIO_SWITCHED_ON = "audio_switched_on"
    PACKETS_LOST = "packets_lost"
    BIT_ROT = "bit_rot"
    TORN_WRITE = "torn_write"
    LYING_FSYNC = "lying_fsync"
    POWER_CUT = "power_cut"
    DISK_TROUBLE = "disk_trouble"
    DISK_FULL = "disk_full"
    DISK_SWAPPED = "disk_swapped"
    KEY_STORE_DOWN = "key_store_down"
    LINK_CUT = "link_cut"
    LINK_LOSS = "link_loss"
    LINK_DELAY = "link_delay"
    HALF_OPEN = "half_open"
    NODE_CRASH = "node_crash"
    NODE_FREEZE = "node_freeze"
    RECEIPTS_LOST = "receipts_lost"


EnginePoint: TypeAlias = Literal[
    "catalogue.write",
    "alarms.save",
    "calls.save",
    "dispatch.send",
    "orders.read",
    "journal.write",
    "purge.journaled",
    "purge.preserved",
    "purge.unlinked",
    "purge.marked",
    "purge.shredded",
    "purge.registered",
    "purge.dropped",
]
"""The fault points of the engine (`await chaos("catalogue.write")`), and of the ports that a run gives it."""

_F = FaultKind
OF_ONE_CAMERA = frozenset(
    {
        _F.CAMERA_LOST,
        _F.CAMERA_RESET,
        _F.CAMERA_FROZEN,
        _F.CAMERA_COVERED,
        _F.CAMERA_KNOCKED,
        _F.CAMERA_CLOCK,
        _F.CLOCK_DRIFT,
        _F.FIRMWARE_RESET,
        _F.AUDIO_SWITCHED_ON,
        _F.PACKETS_LOST,
        _F.BIT_ROT,
        _F.TORN_WRITE,
        _F.LYING_FSYNC,
    }
)
OF_A_CLOCK = frozenset({_F.CAMERA_CLOCK, _F.CLOCK_DRIFT})


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


class ToldDelay(ToldFault):
    """All that a node says comes late."""

    delay: Durations


class DelayByChance(ChanceFault):
    """Links that are slow, by chance."""

    delay: Durations


class EngineTrouble(Trouble):
    """Trouble inside the engine, at one of its own fault points."""

    point: EnginePoint
    active: Share = 1.0
    """Chance that the point makes trouble at all in a run."""
    fires: Share
    """Chance of each pass."""
    fails: Share
    """Of the passes that fire: how many fail, after the delay."""
    delay: Durations | None = None


_SEEN_AT_L0 = Words(
    "L0 : le centre la voit à ce que disent et taisent les nœuds",
    "L0: the centre sees it by what nodes say and do not say",
)
_NO_PIXEL = Words(
    "L0 : rien ne se voit, il n'y a pas d'image ; prouvé par le guet des vues (tests/masking, L1)",
    "L0: nothing shows, there is no picture; proven by the view watch (tests/masking, L1)",
)
_VIEW = Words(
    "L0 : l'événement du nœud ; l'image est prouvée en L1 et L2 (tests/cluster)",
    "L0: the node's event; the picture is proven at L1 and L2 (tests/cluster)",
)
_DISK_AT_L0 = Words(
    "L0 : le nœud dit l'ennui de son disque ; ce qui reste sur disque : csu recording torture",
    "L0: the node tells of its disk's trouble; what is left on disk: csu recording torture",
)
_TWO_OWNERS = Words(
    "L0 : deux propriétaires ; les comptes rendus de l'ancienne époque sont refusés",
    "L0: two owners; manifests of the old epoch are refused",
)


@dataclass(frozen=True, slots=True)
class FaultWord:
    """What people call a fault, and what shows of it."""

    said: Words
    shows: Words = _SEEN_AT_L0


_SAID: dict[FaultKind, FaultWord] = {
    _F.CAMERA_LOST: FaultWord(Words("caméra perdue", "camera lost")),
    _F.CAMERA_RESET: FaultWord(Words("caméra redémarrée", "camera restarts")),
    _F.CAMERA_FROZEN: FaultWord(Words("image figée", "picture frozen"), _NO_PIXEL),
    _F.CAMERA_COVERED: FaultWord(Words("caméra couverte", "camera covered"), _VIEW),
    _F.CAMERA_KNOCKED: FaultWord(Words("caméra heurtée", "camera knocked"), _VIEW),
    _F.CAMERA_CLOCK: FaultWord(Words("horloge fausse", "clock wrong")),
    _F.CLOCK_DRIFT: FaultWord(Words("horloge qui dérive", "clock drifts")),
    _F.FIRMWARE_RESET: FaultWord(Words("micrologiciel d'usine, sans masques", "factory firmware, masks gone"), _VIEW),
    _F.AUDIO_SWITCHED_ON: FaultWord(Words("son activé", "sound switched on"), _VIEW),
    _F.PACKETS_LOST: FaultWord(Words("paquets perdus", "packets lost")),
    _F.BIT_ROT: FaultWord(Words("bit retourné", "bit rot"), _DISK_AT_L0),
    _F.TORN_WRITE: FaultWord(Words("écriture déchirée", "torn write"), _DISK_AT_L0),
    _F.LYING_FSYNC: FaultWord(Words("fsync menteur", "lying fsync"), _DISK_AT_L0),
    _F.POWER_CUT: FaultWord(Words("coupure de courant", "power cut")),
    _F.DISK_TROUBLE: FaultWord(Words("disque en panne", "disk trouble")),
    _F.DISK_FULL: FaultWord(Words("disque plein", "disk full"), _DISK_AT_L0),
    _F.DISK_SWAPPED: FaultWord(Words("disque échangé", "disk swapped"), _DISK_AT_L0),
    _F.KEY_STORE_DOWN: FaultWord(Words("clés inaccessibles", "key store down"), _DISK_AT_L0),
    _F.LINK_CUT: FaultWord(Words("lien coupé", "link cut")),
    _F.LINK_LOSS: FaultWord(Words("lien qui perd", "link loses messages")),
    _F.LINK_DELAY: FaultWord(Words("lien lent", "link slow")),
    _F.HALF_OPEN: FaultWord(Words("lien à demi ouvert", "link half open")),
    _F.NODE_CRASH: FaultWord(Words("nœud arrêté", "node crash")),
    _F.NODE_FREEZE: FaultWord(Words("nœud gelé puis dégelé", "node freezes and thaws"), _TWO_OWNERS),
    _F.RECEIPTS_LOST: FaultWord(Words("acquits perdus", "receipts lost")),
}
FAULT_NAMES: dict[FaultKind, Words] = {kind: word.said for kind, word in _SAID.items()}


def _told_as(kind: FaultKind) -> type[ToldFault]:
    if kind in OF_A_CLOCK:
        return ToldClockFault
    if kind is FaultKind.LINK_DELAY:
        return ToldDelay
    return ToldCameraFault if kind in OF_ONE_CAMERA else ToldFault


def _by_chance_as(kind: FaultKind) -> type[ChanceFault]:
    if kind in OF_A_CLOCK:
        return ClockByChance
    return DelayByChance if kind is FaultKind.LINK_DELAY else ChanceFault


STORY_WORDS: tuple[Word[ToldFault], ...] = tuple(
    Word(kind.value, word.said, _told_as(kind), word.shows) for kind, word in _SAID.items()
)
FAULT_WORDS: tuple[Word[Trouble], ...] = (
    *(Word(kind.value, word.said, _by_chance_as(kind), word.shows) for kind, word in _SAID.items()),
    Word("engine_trouble", Words("trouble dans le moteur", "trouble inside the engine"), EngineTrouble),
)


def kind_of(spec: Spoken) -> FaultKind | None:
    """The fault of the city that this line declares, if it declares one."""
    return FaultKind(spec.kind) if spec.kind in FAULT_NAMES else None
