"""A site made ready: each camera asked what it can do and where it stands, made deaf, held to its floors, masked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from csu.centre.added import AddedStream
from csu.centre.masks.commissioning import CameraSurvey, Commissioning, survey, wholly_masked
from csu.centre.registers.registers import noting
from csu.governance import Journal, LocalDoctrine
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import Camera, CameraError, CameraId, CameraRecord
from csu.hal.errors import BadInput
from csu.hal.media import Assignment, NodeId
from csu.hal.site import Signatory, Site
from csu.hal.words import Words
from csu.machine import SystemClock
from csu.recording.floors import require_floors

AT_ONCE_MAX = 16
"""Cameras asked at one time: one that is silent for its ten seconds must not hold up a thousand others in turn."""


@dataclass(frozen=True, slots=True)
class AnsweredCamera:
    """What a camera said of itself, deaf from then on. `assignment`: wholly masked, until its masks are looked up."""

    camera: Camera
    assignment: Assignment
    survey: CameraSurvey
    masks_itself: bool
    """It is fixed, and has masks of its own."""
    found_at_m: tuple[float, float] | None
    """Where it stands, in the site's metres, if it knows."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """Cameras that did not answer when the centre opened, by the node that will serve them, and why they did not."""

    cameras: Mapping[NodeId, Sequence[tuple[Camera, Words]]]
    ask: Callable[[Camera], Awaitable[AnsweredCamera]]
    """The same question again. Raises CsuError."""
    signatories: Sequence[Signatory] = ()
    """Those of a simulated site, who sign when a camera of it comes late, too."""

    def all(self) -> list[tuple[Camera, Words]]:
        """Every one, node by node."""
        return [each for of_node in self.cameras.values() for each in of_node]


@dataclass(frozen=True, slots=True)
class PreparedSite:
    """The cameras a centre can begin with, and those that did not answer."""

    assignments: tuple[Assignment, ...]
    answered: tuple[Camera, ...]
    """The site's cameras that have one."""
    posed: tuple[Camera, ...]
    """The PTZ cameras, whether or not their masks are in force."""
    self_masking: tuple[Camera, ...]
    """Fixed cameras with masks of their own."""
    unreached: tuple[tuple[Camera, Words], ...]
    added: tuple[CameraId, ...]
    """Those of them that a person added."""
    found_at_m: Mapping[CameraId, tuple[float, float]]
    """Where cameras that know their pose stand, in the site's metres."""

    @property
    def records(self) -> tuple[CameraRecord, ...]:
        """Of every camera, also of those that did not answer."""
        answered = [assignment.record for assignment in self.assignments]
        return (*answered, *(camera.record for camera, _ in self.unreached))


async def prepare_site(
    site: Site, streams: Sequence[AddedStream], doctrine: LocalDoctrine, masks: Commissioning, journal: Journal
) -> PreparedSite:
    """Ask every camera, and say what masks it; one that does not answer harms no other. `streams`: added."""
    gate = asyncio.Semaphore(AT_ONCE_MAX)

    async def one(camera: Camera) -> AnsweredCamera | Words:
        async with gate:
            try:
                return await ask_camera(camera, site, doctrine, journal)
            except (CameraError, BadInput) as error:
                return error.trouble.beside(camera.record.camera)

    said = await asyncio.gather(*(one(camera) for camera in site.cameras))
    answers = [each for each in said if isinstance(each, AnsweredCamera)]
    silent = tuple(
        (camera, why) for camera, why in zip(site.cameras, said, strict=True) if not isinstance(why, AnsweredCamera)
    )
    last = max((camera.record.number for camera in site.cameras), default=0)
    added = [stream.assignment(last + 1 + index) for index, stream in enumerate(streams)]
    now_ns = SystemClock().now_ns()
    surveys = [each.survey for each in answers]
    await asyncio.to_thread(masks.take_in, surveys, site.signatories, now_ns, noting(journal))
    assignments = (*(each.assignment for each in answers), *added)
    return PreparedSite(
        tuple(masks.bind(assignment, now_ns) for assignment in assignments),
        tuple(each.camera for each in answers),
        tuple(each.camera for each in answers if each.survey.follows_pose),
        tuple(each.camera for each in answers if each.masks_itself),
        silent,
        tuple(assignment.record.camera for assignment in added),
        {each.assignment.record.camera: each.found_at_m for each in answers if each.found_at_m is not None},
    )


async def ask_camera(camera: Camera, site: Site, doctrine: LocalDoctrine, journal: Journal) -> AnsweredCamera:
    """Ask the camera what it can do, take its ears away, and say what must not be seen from where it stands.

    Raises CameraError; BadInput for a stream below the floors of its view (TEC-1, TEC-2).
    """
    capabilities = await camera.capabilities()
    main, record = capabilities.profiles[0], camera.record
    require_floors(record.camera, record.view, main.width_px, main.height_px, main.frames_per_s)
    if capabilities.audio_sources:
        await journal.record(deed_entry(OwnDeed.SOUND_REFUSED, cameras=[record.camera]))
        await camera.refuse_audio()  # a device that goes on offering sound is reported by its media node (AUD-2)
    bare = Assignment(
        record=record,
        address=await camera.stream(main.profile),
        pose=None,
        follows_pose=False,
        buildings=(),
        mask_above_m=doctrine.mask_above_m,
        mask_epoch=0,
        frosted=doctrine.frosted,
    )
    reading = await camera.pose()
    pose = reading.pose if reading is not None else None
    said = survey(record.camera, site, doctrine, capabilities, None if capabilities.ptz else pose)
    masks_itself = capabilities.onboard_masks > 0 and not capabilities.ptz
    found_at_m = (pose.x_m, pose.y_m) if pose is not None else None
    return AnsweredCamera(camera, wholly_masked(bare), said, masks_itself, found_at_m)
