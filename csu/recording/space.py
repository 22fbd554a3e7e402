"""Several directories of media: which one takes the next segment, what is short of space, which disk is not ours. Pure.

Recorders write where `choose` says; nothing is ever overwritten. A centre that runs out of space has three answers, in
this order: tell early (high water), record no more where there is no room (a gap of cause DISK, declared), and, only by
a person's declared and journaled decision, lose footage before its time (`loss_to_declare`). Rotation by a full disk is
none of them (RET-6).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.clock import NS_PER_DAY, Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.words import Words
from csu.recording.destruction import Footage

IDENTITY_NAME = "csu-volume.json"
"""The file that says which volume a directory is."""
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Watermarks:
    """When a volume is told of, and when nothing more is written to it."""

    high_share: float = 0.90
    """Of its size: told once when reached, and again after it was below."""
    full_free_bytes: int = 2 * GIB
    """Less than this free: no new segment. What is being written still ends: 65 cameras hold 30 MB each at most."""

    def __post_init__(self) -> None:
        if not 0 < self.high_share < 1 or self.full_free_bytes <= 0:
            raise ValueError("watermarks lie between an empty and a full volume")


@dataclass(frozen=True, slots=True)
class VolumeIdentity:
    """What a media directory says of itself: an id given once, and how often csu opened it for writing."""

    volume: str
    sequence: int

    def to_bytes(self) -> bytes:
        """The content of its file."""
        return json.dumps({"csu_volume": self.volume, "sequence": self.sequence}).encode() + b"\n"

    @staticmethod
    def of_bytes(content: bytes, where: str) -> VolumeIdentity:
        """The inverse. Raises DiskError: a torn or foreign file is no identity."""
        try:
            held = json.loads(content)
            volume, sequence = held["csu_volume"], held["sequence"]
            if isinstance(volume, str) and volume and isinstance(sequence, int) and sequence >= 0:
                return VolumeIdentity(volume, sequence)
        except (ValueError, KeyError, TypeError):
            pass
        raise _refuse(where, Words("son fichier d'identité est illisible", "its identity file cannot be read"))


class VolumeFault(StrEnum):
    """Why a directory is not written to, nor believed when it holds less than the catalogue says."""

    ABSENT = "absent"
    """No identity: an empty mount point, a new disk in the place of another."""
    SWAPPED = "swapped"
    """It is another of our volumes, or somebody else's."""
    OLDER = "older"
    """It is ours as it was some openings ago: a restored image. Its expired footage is purged before it is used."""
    NEWER = "newer"
    """It was opened since by another centre, or our own note of it was restored from a backup."""


_FAULT_WORDS = {
    VolumeFault.ABSENT: Words("aucun volume de csu n'y est monté", "no volume of csu is mounted there"),
    VolumeFault.SWAPPED: Words("c'est un autre volume", "it is another volume"),
    VolumeFault.OLDER: Words("c'est une copie ancienne de ce volume", "it is an older copy of this volume"),
    VolumeFault.NEWER: Words("un autre centre l'a ouvert depuis", "another centre opened it since"),
}


def fault_of(expected: VolumeIdentity, found: VolumeIdentity | None) -> VolumeFault | None:
    """What is wrong with a directory, by its identity file and the centre's own note of it; None: it is the one."""
    if found is None:
        return VolumeFault.ABSENT
    if found.volume != expected.volume:
        return VolumeFault.SWAPPED
    if found.sequence != expected.sequence:
        return VolumeFault.OLDER if found.sequence < expected.sequence else VolumeFault.NEWER
    return None


def next_identity(expected: VolumeIdentity | None, found: VolumeIdentity | None, *, where: str) -> VolumeIdentity:
    """What is to be written, first into the centre's note and then into the directory, before any segment is.

    `expected` None: a directory that a person adds, which must hold no identity. Otherwise it must be the very one, or
    the very one whose last opening crashed between the two writes. Raises DiskError: fail closed, nothing is written.
    """
    if expected is None:
        if found is None:
            raise ValueError("a new volume gets its id from csu.hal.chance.Ids")
        raise _refuse(where, Words("il appartient déjà à un centre", "it belongs to a centre already"))
    fault = fault_of(expected, found)
    one_behind = found is not None and found.volume == expected.volume and found.sequence == expected.sequence - 1
    if fault is not None and not one_behind:
        raise _refuse(where, _FAULT_WORDS[fault])
    return VolumeIdentity(expected.volume, expected.sequence + 1)


@dataclass(frozen=True, slots=True)
class VolumeState:
    """One directory as it was just looked at."""

    name: str
    size_bytes: int
    free_bytes: int
    fault: VolumeFault | None = None
    trouble: str = ""
    """What the disk said last: read-only, input/output error; empty: nothing."""

    @property
    def used_share(self) -> float:
        return 1 - self.free_bytes / self.size_bytes if self.size_bytes else 1.0

    def is_writable(self, marks: Watermarks) -> bool:
        """Whether a new segment may begin on it."""
        return self.fault is None and not self.trouble and self.free_bytes >= marks.full_free_bytes


def choose(volumes: Sequence[VolumeState], marks: Watermarks) -> str:
    """The directory of the next segment: the one with most room, by share, so that all fill alike.

    Raises DiskError when none can take it: a gap of cause DISK. Nothing is removed to make room.
    """
    ready = [volume for volume in volumes if volume.is_writable(marks)]
    if not ready:
        told = ", ".join(volume.name for volume in volumes) or "-"
        raise DiskError(
            Words("aucun volume ne peut recevoir de segment", "no volume can take a segment"),
            where=told,
            what_to_do=Words(
                "Ajoutez de la place ; rien n'est effacé avant son terme", "Add space; nothing goes before its time"
            ),
        )
    return min(ready, key=lambda volume: (volume.used_share, volume.name)).name


class SpaceWatch:
    """Tells of each volume once when it gets short, full, strange or sick, and once when it is well again."""

    def __init__(self, marks: Watermarks) -> None:
        self._marks = marks
        self._told: dict[str, str] = {}

    def look(self, volumes: Sequence[VolumeState]) -> list[tuple[str, Words]]:
        """(volume, what to tell) for each whose state is another than at the last look."""
        news = []
        for volume in volumes:
            state, words = self._state(volume)
            if self._told.get(volume.name, "well") != state:
                self._told[volume.name] = state
                news.append((volume.name, words))
        return news

    def _state(self, volume: VolumeState) -> tuple[str, Words]:
        if volume.fault is not None:
            words = _FAULT_WORDS[volume.fault]
            told = Words(f"{words.fr} : rien n'y est écrit", f"{words.en}: nothing is written to it")
            return volume.fault.value, told
        if volume.trouble:
            return f"trouble {volume.trouble}", Words.same(volume.trouble)
        if not volume.is_writable(self._marks):
            return "full", Words("plein : plus rien n'y est enregistré", "full: nothing more is recorded on it")
        share = f"{volume.used_share:.0%}"
        if volume.used_share >= self._marks.high_share:
            return "high", Words(f"bientôt plein ({share})", f"soon full ({share})")
        return "well", Words(f"de nouveau en ordre ({share})", f"well again ({share})")


def days_left(volumes: Sequence[VolumeState], written_bytes_per_day: int, freed_bytes_per_day: int) -> float | None:
    """Days until nothing can be recorded, at today's pace; None: it goes on for ever."""
    grows = written_bytes_per_day - freed_bytes_per_day
    usable = sum(volume.free_bytes for volume in volumes if volume.fault is None and not volume.trouble)
    return None if grows <= 0 else usable / grows


@dataclass(frozen=True, slots=True)
class Loss:
    """Footage that would go before its time: declared by a person, journaled, and told in the register as LOST."""

    footage: tuple[Footage, ...]
    bytes: int
    days_early_max: float


def loss_to_declare(
    oldest_first: Sequence[Footage],
    due_ns: Mapping[str, Nanoseconds],
    minimum_ends_ns: Mapping[str, Nanoseconds],
    wanted_bytes: int,
    now_ns: Nanoseconds,
) -> Loss | None:
    """The least that a person would have to give up to gain `wanted_bytes`: the oldest past their lawful minimum.

    `due_ns`, `minimum_ends_ns`: by name; what they do not name is locked or held and never goes. None: not even all of
    it would do, and recording stops instead: nothing inside a lawful minimum is given up (RET-3).
    """
    chosen: list[Footage] = []
    gained, early_ns = 0, 0
    for each in oldest_first:
        if gained >= wanted_bytes:
            break
        end_ns = minimum_ends_ns.get(each.name)
        if end_ns is None or each.name not in due_ns or now_ns < end_ns:
            continue
        chosen.append(each)
        gained += each.size_bytes
        early_ns = max(early_ns, due_ns[each.name] - now_ns)
    return Loss(tuple(chosen), gained, early_ns / NS_PER_DAY) if gained >= wanted_bytes else None


def _refuse(where: str, what: Words) -> DiskError:
    return DiskError(
        what,
        where=where,
        what_to_do=Words(
            "Rien n'y est écrit ni effacé : remontez le bon volume, ou déclarez sa perte (csu recording check)",
            "Nothing is written or removed: mount the right volume, or declare its loss (csu recording check)",
        ),
    )
