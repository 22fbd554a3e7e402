"""What a version of masks hides of the picture of a fixed camera, beside what it takes the place of: cells, no picture.

The very core that masks the stream draws it: what is drawn here is what will be hidden.
"""

from __future__ import annotations

from collections.abc import Iterable

from csu.console.dpo import MaskDrawing
from csu.governance import MaskSet
from csu.hal.camera import CameraRecord, CommuneId, StreamAddress, ViewType
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment
from csu.hal.words import Words
from csu.masking import Cover, CoverPolicy

NAMED_MAX = 8
"""Zones named in one line; more are counted."""


def drawing_of(wanted: MaskSet, before: MaskSet | None) -> MaskDrawing:
    """Blocks: a second of work where a whole town stands around. `before` None: the whole picture is hidden now."""
    size = wanted.pose_size_px
    if size is None or wanted.follows_pose:
        return MaskDrawing(0, 0, (), changes_of(wanted, before))
    after = _cover(wanted, size)
    former = Cover.whole(*size) if before is None or before.follows_pose else _cover(before, size)
    marks = former.cells.astype(int) + 2 * after.cells.astype(int)
    cells = tuple("".join(map(str, row)) for row in marks.tolist())
    return MaskDrawing(*size, cells, changes_of(wanted, before))


def changes_of(wanted: MaskSet, before: MaskSet | None) -> tuple[Words, ...]:
    """What is another in the new set, whether it shows more or hides more."""
    if before is None:
        return (Words("aujourd'hui, toute l'image est masquée", "today the whole picture is masked"),)
    told = [
        *_named({each.zone for each in wanted.zones if each not in before.zones}, _ADDED),
        *_named({each.zone for each in before.zones if each not in wanted.zones}, _GONE),
    ]
    if wanted.mask_above_m != before.mask_above_m:
        edges = before.mask_above_m, wanted.mask_above_m
        told.append(
            Words(
                f"logements masqués à partir de {edges[1]:g} m (avant : {edges[0]:g} m)",
                f"dwellings masked from {edges[1]:g} m up (before: {edges[0]:g} m)",
            )
        )
    if wanted.buildings != before.buildings:
        counts = len(before.buildings), len(wanted.buildings)
        told.append(
            Words(f"bâtiments : {counts[1]} (avant : {counts[0]})", f"buildings: {counts[1]} (before: {counts[0]})")
        )
    if (wanted.pose, wanted.follows_pose, wanted.pose_size_px) != (
        before.pose,
        before.follows_pose,
        before.pose_size_px,
    ):
        told.append(Words("une autre pose", "another pose"))
    if (wanted.bounds, wanted.dynamics) != (before.bounds, before.dynamics):
        told.append(Words("d'autres marges", "other margins"))
    return tuple(told)


_ADDED, _GONE = Words("zones ajoutées", "zones added"), Words("zones retirées", "zones taken away")


def _named(zones: set[str], what: Words) -> Iterable[Words]:
    if zones:
        more = len(zones) - NAMED_MAX
        names = ", ".join(sorted(zones)[:NAMED_MAX]) + (f" (+{more})" if more > 0 else "")
        yield Words(f"{what.fr} : {names}", f"{what.en}: {names}")


def _cover(mask_set: MaskSet, size: tuple[int, int]) -> Cover:
    record = CameraRecord(mask_set.camera, 1, mask_set.camera, CommuneId("-"), ViewType.WIDE)
    assignment = Assignment(
        record,
        StreamAddress(""),
        mask_set.pose,
        mask_set.follows_pose,
        mask_set.buildings,
        mask_set.mask_above_m,
        mask_epoch=1,
        pose_size_px=mask_set.pose_size_px,
        bounds=mask_set.bounds,
        zones=mask_set.zones,
        dynamics=mask_set.dynamics,
    )
    return CoverPolicy(assignment, *size).cover(CaptureTime(0, from_camera=False), 0, ())
