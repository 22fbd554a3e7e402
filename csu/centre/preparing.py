"""A site made ready: each camera asked what it can do and where it stands, made deaf, held to its floors, masked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from csu.centre.added import AddedStream
from csu.centre.masks.commissioning import CameraSurvey, Commissioning, survey, wholly_masked
from csu.centre.registers.registers import noting
from csu.governance import Journal, LocalDoctrine
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import Camera, CameraError, CameraId, CameraRecord
from csu.hal.errors import BadInput
from csu.hal.media import Assignment
from csu.hal.site import Site
from csu.hal.words import Words
from csu.machine import SystemClock
from csu.recording.floors import require_floors


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
    unreached: tuple[tuple[CameraRecord, Words], ...]
    added: tuple[CameraId, ...]
    """Those of them that a person added."""
    found_at_m: Mapping[CameraId, tuple[float, float]]
    """Where cameras that know their pose stand, in the site's metres."""


async def prepare_site(
    site: Site, streams: Sequence[AddedStream], doctrine: LocalDoctrine, masks: Commissioning, journal: Journal
) -> PreparedSite:
    """Ask every camera, and say what masks it; one that does not answer harms no other. `streams`: added."""
    assignments: list[Assignment] = []
    answered: list[Camera] = []
    surveys: list[CameraSurvey] = []
    posed: list[Camera] = []
    found_at_m: dict[CameraId, tuple[float, float]] = {}
    self_masking: list[Camera] = []
    unreached: list[tuple[CameraRecord, Words]] = []
    for camera in site.cameras:
        try:
            assignment, said, masks_itself = await _ask(camera, site, doctrine, journal)
        except (CameraError, BadInput) as error:
            unreached.append((camera.record, error.trouble.beside(camera.record.camera)))
            continue
        try:
            reading = await camera.pose()
        except CameraError:  # a head that cannot say where it looks: its mask keeper tells it, and it is wholly masked
            reading = None
        if reading is not None:
            found_at_m[camera.record.camera] = (reading.pose.x_m, reading.pose.y_m)
        assignments.append(assignment)
        answered.append(camera)
        surveys.append(said)
        posed += [camera] if said.follows_pose else []
        self_masking += [camera] if masks_itself else []
    last = max((camera.record.number for camera in site.cameras), default=0)
    added = [stream.assignment(last + 1 + index) for index, stream in enumerate(streams)]
    assignments += added
    now_ns = SystemClock().now_ns()
    await asyncio.to_thread(masks.take_in, surveys, site.signatories, now_ns, noting(journal))
    bound = tuple(masks.bind(assignment, now_ns) for assignment in assignments)
    names = tuple(assignment.record.camera for assignment in added)
    return PreparedSite(bound, tuple(answered), tuple(posed), tuple(self_masking), tuple(unreached), names, found_at_m)


async def _ask(
    camera: Camera, site: Site, doctrine: LocalDoctrine, journal: Journal
) -> tuple[Assignment, CameraSurvey, bool]:
    """Ask the camera what it can do, take its ears away, and say what must not be seen from where it stands.

    The last value: whether it may be left to mask by itself. Raises CameraError; BadInput for a stream below the floors
    of its view (TEC-1, TEC-2).
    """
    capabilities = await camera.capabilities()
    main, record = capabilities.profiles[0], camera.record
    require_floors(record.camera, record.view, main.width_px, main.height_px, main.frames_per_s)
    if capabilities.audio_sources:
        await journal.record(deed_entry(OwnDeed.SOUND_REFUSED, cameras=[record.camera]))
        await camera.refuse_audio()  # a device that goes on offering sound is reported by its media node (AUD-2)
    reading = None if capabilities.ptz else await camera.pose()
    bare = Assignment(
        record=camera.record,
        address=await camera.stream(capabilities.profiles[0].profile),
        pose=None,
        follows_pose=False,
        buildings=(),
        mask_above_m=doctrine.mask_above_m,
        mask_epoch=0,
        frosted=doctrine.frosted,
    )
    said = survey(camera.record.camera, site, doctrine, capabilities, reading.pose if reading else None)
    return wholly_masked(bare), said, capabilities.onboard_masks > 0 and not capabilities.ptz
