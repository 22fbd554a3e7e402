"""Which cameras of a city are played with pixels, what will happen to them, what of chance does not act there. Pure.

The street is loaded only for a city that has such cameras.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from csu.hal.camera import CameraId
from csu.hal.place import Pose
from csu.notation.quantities import DurationRange
from sim.cohort import CohortCamera
from sim.faults import Fault
from sim.levels.words import NOT_AT_L1, chosen
from sim.scenario import Scenario


@dataclass(frozen=True, slots=True)
class PixelPlan:
    """One camera of level L1: its home, its tour, and all that will happen to it."""

    camera: CameraId
    pose: Pose
    tour: DurationRange | None
    faults: tuple[Fault, ...] = ()


def pixel_plans(scenario: Scenario, cameras: Mapping[str, Sequence[CohortCamera]]) -> dict[CameraId, PixelPlan]:
    """The cameras of level L1, in the order of the city. `cameras`: of each commune, by its name."""
    media = scenario.media
    counts = {commune: len(there) for commune, there in cameras.items()}
    levels, group_of = chosen(media.level, media.groups, counts)
    plans: dict[CameraId, PixelPlan] = {}
    if "L1" not in levels.values():
        return plans
    from sim.levels.posts import pose_of

    places = {True: 0, False: 0}
    for (commune, number), level in levels.items():
        if level != "L1":
            continue
        camera = cameras[commune][number - 1].camera
        group = group_of.get((commune, number))
        tour = media.groups[group].tour if group is not None else None
        turns = tour is not None
        plans[camera] = PixelPlan(camera, pose_of(places[turns], turns=turns), tour)
        places[turns] += 1
    return plans


def dressed(camera: CohortCamera, plans: Mapping[CameraId, PixelPlan]) -> CohortCamera:
    """The camera, with what a node needs to mask it where there is something to mask."""
    plan = plans.get(camera.camera)
    if plan is None:
        return camera
    from sim.levels.posts import dressed as dress

    return replace(camera, assignment=dress(camera.assignment, plan))


def acting(
    faults: Sequence[Fault],
    plans: Mapping[CameraId, PixelPlan],
    cameras_of: Sequence[Sequence[CameraId]],
    *,
    shared_nodes: bool,
) -> tuple[tuple[Fault, ...], tuple[Fault, ...]]:
    """(those that act, those that chance dealt to cameras or nodes of L1 where they do not)."""
    with_pixels = {index for index, cameras in enumerate(cameras_of) if any(camera in plans for camera in cameras)}

    def is_out(fault: Fault) -> bool:
        if fault.kind not in NOT_AT_L1 or not plans:
            return False
        if fault.camera is not None:
            return fault.camera in plans
        return shared_nodes or fault.commune in with_pixels

    return tuple(f for f in faults if not is_out(f)), tuple(f for f in faults if is_out(f))


def with_faults(
    plans: Mapping[CameraId, PixelPlan], commune_of: Mapping[CameraId, int], faults: Sequence[Fault]
) -> dict[CameraId, PixelPlan]:
    """Each plan with the faults of its camera, and of its whole commune."""
    return {
        camera: replace(
            plan,
            faults=tuple(
                fault for fault in faults if fault.commune == commune_of[camera] and fault.camera in (None, camera)
            ),
        )
        for camera, plan in plans.items()
    }
