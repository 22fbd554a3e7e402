"""The words of levels: which cameras of a scenario are played at which level, and what cannot be played there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from csu.hal.clock import NS_PER_MINUTE, Nanoseconds
from csu.hal.words import Words
from csu.notation import KeyPath
from csu.notation.fields import Count, Durations, Strict
from sim.fault_words import FaultKind, ToldCameraFault, ToldFault, kind_of
from sim.vocabulary import ChanceFault, Telling, Trouble, no_such_commune

Level: TypeAlias = Literal["L0", "L1"]
"""L0: descriptors in closed form. L1: small real H.264 through the real masks and the real recorder."""

PIXEL_CAMERAS_MAX = 16
PIXEL_CAMERA_HOURS_MAX = 8
"""At L1 a camera's hour costs some 30 s of CPU (8 ms a picture): the rest of a city stays at L0."""
MASK_ABOVE_M_MAX = 2.5
"""The canary of the simulated street begins there: a doctrine that masks less would let it be seen lawfully."""

_ON_DISK = Words(
    "ce qui reste sur disque : csu recording torture", "what is left on a disk is proved by csu recording torture"
)
NOT_AT_L1: Mapping[FaultKind, Words] = {
    FaultKind.BIT_ROT: _ON_DISK,
    FaultKind.TORN_WRITE: _ON_DISK,
    FaultKind.LYING_FSYNC: _ON_DISK,
    FaultKind.NODE_FREEZE: Words(
        "deux propriétaires : prouvé en L0 et par tests/cluster", "two owners: proved at L0 and by tests/cluster"
    ),
}
"""What does not act on a camera or a node at L1, and what proves it instead."""


class GroupSpec(Strict):
    """Some cameras of the city, and how they are played."""

    cameras: Annotated[Count, Field(ge=1)]
    """How many: the first ones that no group before has taken."""
    commune: str | None = None
    """Of this commune; None: of the whole city."""
    level: Level | None = None
    """None: as `media.level`."""
    tour: Durations | None = None
    """They turn (PTZ): to their next view after so long. Where no picture is computed nothing shows of it."""


Numbered: TypeAlias = tuple[str, int]
"""A camera as the file counts it: its commune and its number there, from 1."""


def chosen(
    level: Level, groups: Sequence[GroupSpec], cameras_of: Mapping[str, int]
) -> tuple[dict[Numbered, Level], dict[Numbered, int]]:
    """The level of each camera, and the group of those that have one. A group too large gets those there are."""
    everyone = [(commune, number) for commune, count in cameras_of.items() for number in range(1, count + 1)]
    group_of: dict[Numbered, int] = {}
    for index, group in enumerate(groups):
        free = [each for each in everyone if each not in group_of and group.commune in (None, each[0])]
        group_of |= dict.fromkeys(free[: group.cameras], index)
    levels = {each: groups[group_of[each]].level or level if each in group_of else level for each in everyone}
    return levels, group_of


def group_refusals(groups: Sequence[GroupSpec], cameras_of: Mapping[str, int]) -> Iterator[tuple[KeyPath, Words]]:
    """What is wrong with the groups in this city."""
    _, group_of = chosen("L0", groups, cameras_of)
    taken = list(group_of.values())
    for index, group in enumerate(groups):
        at: KeyPath = ("media", "groups", index)
        if group.commune is not None and group.commune not in cameras_of:
            yield (*at, "commune"), no_such_commune(group.commune, cameras_of)
        elif (there := taken.count(index)) < group.cameras:
            yield (
                (*at, "cameras"),
                Words(f"il n'en reste que {there} pour ce groupe", f"only {there} are left for this group"),
            )


def pixel_refusals(
    levels: Mapping[Numbered, Level],
    duration_ns: Nanoseconds,
    mask_above_m: float,
    story: Mapping[int, Telling],
    faults: Mapping[int, Trouble],
    *,
    has_past: bool,
) -> Iterator[tuple[KeyPath, Words]]:
    """What cannot be played with these cameras at L1: where, and why."""
    pixels = {each for each, level in levels.items() if level == "L1"}
    if not pixels:
        return
    hours = len(pixels) * duration_ns / (60 * NS_PER_MINUTE)
    if len(pixels) > PIXEL_CAMERAS_MAX or hours > PIXEL_CAMERA_HOURS_MAX:
        most = f"{PIXEL_CAMERAS_MAX}, {PIXEL_CAMERA_HOURS_MAX} h"
        asked = f"{len(pixels)}, {hours:g} h"
        yield (
            ("media",),
            Words(
                f"trop de caméras en L1 ({asked} de caméra ; au plus {most}) : moins de caméras, moins longtemps, "
                "ou un groupe (media.groups)",
                f"too many cameras at L1 ({asked} of camera; at most {most}): fewer cameras, for less time, "
                "or a group (media.groups)",
            ),
        )
    if mask_above_m > MASK_ABOVE_M_MAX:
        yield (
            ("doctrine", "mask_above"),
            Words(
                f"en L1 la rue simulée juge au-dessus de {MASK_ABOVE_M_MAX:g} m : pas plus haut",
                f"at L1 the simulated street judges from {MASK_ABOVE_M_MAX:g} m up: no higher",
            ),
        )
    if has_past:
        yield (
            ("past",),
            Words("le passé se joue en L0 seulement", "a past is played at L0 only"),
        )
    communes = {commune for commune, _ in pixels}
    for index, line in story.items():
        kind = kind_of(line)
        if kind is None or kind not in NOT_AT_L1 or not isinstance(line, ToldFault):
            continue
        of_one = (line.commune, line.camera) in pixels if isinstance(line, ToldCameraFault) else False
        if of_one or (not isinstance(line, ToldCameraFault) and line.commune in communes):
            yield ("story", index, "kind"), _acts_not(line.kind, NOT_AT_L1[kind])
    if len(pixels) == len(levels):
        for index, fault in faults.items():
            kind = kind_of(fault)
            if kind is not None and kind in NOT_AT_L1 and isinstance(fault, ChanceFault):
                yield ("faults", index, "kind"), _acts_not(fault.kind, NOT_AT_L1[kind])


def _acts_not(kind: str, why: Words) -> Words:
    return Words(f"{kind} n'agit pas en L1 ({why.fr})", f"{kind} does not act at L1 ({why.en})")
