"""How long the space lasts at the present pace, and what a person would have to give up to gain some. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, Nanoseconds
from csu.recording.destruction import Footage
from csu.recording.space import VolumeState, Watermarks

RATE_STEP_NS, RATE_WINDOW_NS = NS_PER_MINUTE, 60 * NS_PER_MINUTE


class SpaceRate:
    """At what pace space is used, written less freed, from free bytes seen over the last hour."""

    def __init__(self, marks: Watermarks) -> None:
        self._marks = marks
        self._seen: deque[tuple[Nanoseconds, int]] = deque()
        self._names: tuple[str, ...] = ()

    def look(self, volumes: Sequence[VolumeState], now_ns: Nanoseconds) -> float | None:
        """Hours until nothing can be recorded, at the present pace; None: never, or nothing is known yet.

        What is known begins anew when a volume comes or goes: its space is no consumption.
        """
        usable = [volume for volume in volumes if volume.fault is None and not volume.trouble]
        names = tuple(volume.name for volume in usable)
        if names != self._names or (self._seen and now_ns < self._seen[-1][0]):
            self._seen.clear()
            self._names = names
        free_bytes = sum(volume.free_bytes for volume in usable)
        if not self._seen or now_ns - self._seen[-1][0] >= RATE_STEP_NS:
            self._seen.append((now_ns, free_bytes))
        while now_ns - self._seen[0][0] > RATE_WINDOW_NS:
            self._seen.popleft()
        since_ns, before_bytes = self._seen[0]
        if now_ns - since_ns < RATE_STEP_NS:
            return None
        used_bytes_per_day = round((before_bytes - free_bytes) * NS_PER_DAY / (now_ns - since_ns))
        days = days_left(usable, self._marks, used_bytes_per_day, 0)
        return None if days is None else days * 24


def days_left(
    volumes: Sequence[VolumeState], marks: Watermarks, written_bytes_per_day: int, freed_bytes_per_day: int
) -> float | None:
    """Days until nothing can be recorded, at today's pace; None: it goes on for ever."""
    grows = written_bytes_per_day - freed_bytes_per_day
    sound = [volume for volume in volumes if volume.fault is None and not volume.trouble]
    usable = sum(max(0, volume.free_bytes - marks.kept_free_bytes(volume.size_bytes)) for volume in sound)
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
