"""Several directories of media: which one takes the next segment, what is short of space, which disk is not ours. Pure.

Recorders write where `choose` says; nothing is ever overwritten. A centre that runs out of space has three answers, in
this order: tell early (high water), record no more where there is no room (a gap of cause DISK, declared), and, only by
a person's declared and journaled decision, lose footage before its time (`loss_to_declare`). Rotation by a full disk is
none of them (RET-6).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from csu.hal.clock import NS_PER_MINUTE, NS_PER_S, Nanoseconds
from csu.hal.disk import DiskError
from csu.hal.words import NO_WORDS, Words

IDENTITY_NAME = "csu-volume.json"
"""The file that says which volume a directory is."""
GIB = 1 << 30
TROUBLE_NS, TROUBLE_NS_MAX = 30 * NS_PER_S, 16 * NS_PER_MINUTE
"""How long a volume that failed is left alone, at first and at most."""


@dataclass(frozen=True, slots=True)
class Watermarks:
    """When a volume is told of, and when nothing more is written to it."""

    high_share: float = 0.90
    """Of its size: told once when reached, and again after it was below."""
    full_free_bytes: int = 2 * GIB
    """Less than this free: no new segment. What is being written still ends: 65 cameras hold 30 MB each at most."""
    full_free_share: float = 0.05
    """Of a volume too small for that: less than this share free."""

    def __post_init__(self) -> None:
        if not 0 < self.high_share < 1 or self.full_free_bytes <= 0 or not 0 < self.full_free_share < 1:
            raise ValueError("watermarks lie between an empty and a full volume")

    def kept_free_bytes(self, size_bytes: int) -> int:
        """What a volume of that size keeps for the segments that are being written."""
        return min(self.full_free_bytes, int(size_bytes * self.full_free_share))


MARKS = Watermarks()
"""Those of a centre."""


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


_FULL = Words("plein", "full")
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


def next_identity(
    expected: VolumeIdentity | None, found: VolumeIdentity | None, *, where: str, is_purged: bool = False
) -> VolumeIdentity:
    """What is to be written, first into the centre's note and then into the directory, before any segment is.

    `expected` None: a directory that a person adds, which must hold no identity. Otherwise it must be the very one, or
    the very one whose last opening crashed between the two writes; once what has expired was destroyed on it
    (`is_purged`), an older copy of it too. Raises DiskError: fail closed, nothing is written.
    """
    if expected is None:
        if found is None:
            raise ValueError("a new volume gets its id from csu.hal.chance.Ids")
        raise _refuse(where, Words("il appartient déjà à un centre", "it belongs to a centre already"))
    fault = fault_of(expected, found)
    one_behind = found is not None and found.volume == expected.volume and found.sequence == expected.sequence - 1
    if fault is not None and not one_behind and not (is_purged and fault is VolumeFault.OLDER):
        raise _refuse(where, _FAULT_WORDS[fault])
    return VolumeIdentity(expected.volume, expected.sequence + 1)


@dataclass(frozen=True, slots=True)
class VolumeState:
    """One directory as it was just looked at."""

    name: str
    size_bytes: int
    free_bytes: int
    fault: VolumeFault | None = None
    trouble: Words = NO_WORDS
    """What the disk said last: read-only, input/output error; empty: nothing."""

    @property
    def used_share(self) -> float:
        return 1 - self.free_bytes / self.size_bytes if self.size_bytes else 1.0

    @property
    def is_readable(self) -> bool:
        """Whether it is the one, and answers."""
        return self.fault is None and self.size_bytes > 0

    @property
    def may_be_purged(self) -> bool:
        """Whether it is the one, or an older copy of it, and answers. One that does not holds nothing to be read."""
        return self.fault in (None, VolumeFault.OLDER) and self.size_bytes > 0

    def is_writable(self, marks: Watermarks) -> bool:
        """Whether a new segment may begin on it."""
        return self.fault is None and not self.trouble and self.free_bytes >= marks.kept_free_bytes(self.size_bytes)

    def why_not(self, marks: Watermarks) -> Words:
        """Why no segment may begin on it; nothing where one may."""
        if self.fault is not None:
            return _FAULT_WORDS[self.fault]
        return self.trouble or (NO_WORDS if self.is_writable(marks) else _FULL)


def choose(volumes: Sequence[VolumeState], marks: Watermarks) -> str:
    """The directory of the next segment: the one with most room, by share, so that all fill alike.

    Raises DiskError when none can take it: a gap of cause DISK. Nothing is removed to make room.
    """
    ready = [volume for volume in volumes if volume.is_writable(marks)]
    if not ready:
        whys = [volume.why_not(marks).at(volume.name) for volume in volumes]
        fr, en = ", ".join(why.fr for why in whys), ", ".join(why.en for why in whys)
        raise DiskError(
            Words(f"aucun volume ne peut recevoir de segment ({fr})", f"no volume can take a segment ({en})"),
            where="media",
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

    def look(self, volumes: Sequence[VolumeState], hours_left: float | None = None) -> list[tuple[str, Words]]:
        """(volume, what to tell) for each whose state is another than at the last look.

        `hours_left`: until nothing can be recorded on any of them; None: at the present pace never.
        """
        news = []
        for volume in volumes:
            state, words = self._state(volume, hours_left)
            if self._told.get(volume.name, "well") != state:
                self._told[volume.name] = state
                news.append((volume.name, words))
        return news

    def _state(self, volume: VolumeState, hours_left: float | None) -> tuple[str, Words]:
        if volume.fault is not None:
            words = _FAULT_WORDS[volume.fault]
            told = Words(f"{words.fr} : rien n'y est écrit", f"{words.en}: nothing is written to it")
            return volume.fault.value, told
        if volume.trouble:
            why = volume.trouble
            told = Words(f"{why.fr} : rien n'y est écrit", f"{why.en}: nothing is written to it")
            return f"trouble {why.en}", told
        if not volume.is_writable(self._marks):
            return "full", Words("plein : plus rien n'y est enregistré", "full: nothing more is recorded on it")
        share = f"{volume.used_share:.0%}"
        if volume.used_share >= self._marks.high_share:
            left = _hours_words(hours_left)
            return "high", Words(f"bientôt plein ({share}){left.fr}", f"soon full ({share}){left.en}")
        return "well", Words(f"de nouveau en ordre ({share})", f"well again ({share})")


class Troubles:
    """Volumes that failed: each is left alone for a while, twice as long each time it fails again when it is tried."""

    def __init__(self) -> None:
        self._until: dict[str, tuple[Nanoseconds, Nanoseconds, Words]] = {}

    def failed(self, volume: str, why: Words, now_ns: Nanoseconds) -> None:
        """It refused something. Said again while it is left alone (files that were open), it changes nothing."""
        until_ns, waited_ns, _ = self._until.get(volume, (now_ns, 0, NO_WORDS))
        if now_ns >= until_ns:
            wait_ns = min(max(2 * waited_ns, TROUBLE_NS), TROUBLE_NS_MAX)
            self._until[volume] = now_ns + wait_ns, wait_ns, why

    def worked(self, volume: str, now_ns: Nanoseconds) -> None:
        """A segment was closed on it: if it is not left alone now, what was is forgotten."""
        if volume in self._until and now_ns >= self._until[volume][0]:
            del self._until[volume]

    def of(self, volume: str, now_ns: Nanoseconds) -> Words:
        """Why it is left alone now; nothing: it may be tried."""
        until_ns, _, why = self._until.get(volume, (now_ns, 0, NO_WORDS))
        return why if now_ns < until_ns else NO_WORDS


def _hours_words(hours_left: float | None) -> Words:
    if hours_left is None:
        return NO_WORDS
    hours = f"{hours_left:.1f}" if hours_left < 10 else f"{hours_left:.0f}"
    return Words(f" : plus de place dans {hours} h à ce rythme", f": no space left in {hours} h at this pace")


def _refuse(where: str, what: Words) -> DiskError:
    return DiskError(
        what,
        where=where,
        what_to_do=Words(
            "Rien n'y est écrit ni effacé : remontez le bon volume ; s'il est perdu, déclarez-le (csu recording lost)",
            "Nothing is written or removed: mount the right volume; if it is lost, declare it (csu recording lost)",
        ),
    )
