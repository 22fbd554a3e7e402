"""A fixed camera's own masks, from the control plane: push, read back, compare; again each day, and after a failure.

What comes out is a plan that the media node does not believe: it looks at every picture (decision 0023).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from csu.governance import Journal
from csu.governance.journaled_actions import OwnDeed, deed_entry
from csu.hal.camera import Camera, CameraCapabilities
from csu.hal.clock import NS_PER_DAY, NS_PER_MINUTE, Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.frames import CaptureTime
from csu.hal.media import Assignment, EdgePlan
from csu.hal.words import Words
from csu.masking import Cover, CoverPolicy
from csu.masking.edge import MASK_COLOURS_YUV, edge_masks, missing_in

WITHIN_S = 10.0
"""For all that is asked of the camera before its masks are pushed, and again for the reading back."""
SETTLE_S = 2.0
"""Between push and plan: cameras burn new masks in after a second or so."""
OTHER_COLOUR_AFTER_NS = 10 * NS_PER_MINUTE
AGAIN_EVERY_NS = NS_PER_DAY
"""After the first push, and after each other: in the other colour, so that a wall that happens to have the mask's does
not pass for a mask."""
AFTER_FAILURES_NS = (NS_PER_MINUTE, 10 * NS_PER_MINUTE, 60 * NS_PER_MINUTE)
"""How long after its first, second and third failure within a day a camera is tried again; then no more that day."""


@dataclass(frozen=True, slots=True)
class EdgeRefused:
    """The engine masks this camera, and why."""

    why: Words
    is_trouble: bool
    """False: this is what is to be expected of such a camera. True: somebody should know."""


class EdgeTimetable:
    """When one camera's masks are pushed next. A pure core; it begins with a push that is due."""

    def __init__(self) -> None:
        self._due_ns: Nanoseconds | None = 0
        self._was_pushed = False
        self._failures_ns: list[Nanoseconds] = []

    def is_due(self, now_ns: Nanoseconds) -> bool:
        """Whether to push now."""
        return self._due_ns is not None and now_ns >= self._due_ns

    def pushed(self, now_ns: Nanoseconds) -> None:
        """The masks were pushed and read back well."""
        self._due_ns = now_ns + (AGAIN_EVERY_NS if self._was_pushed else OTHER_COLOUR_AFTER_NS)
        self._was_pushed = True

    def failed(self, now_ns: Nanoseconds) -> None:
        """They were not, or an audit found them missing. At most `AFTER_FAILURES_NS` tries a day."""
        self._failures_ns = [at_ns for at_ns in self._failures_ns if now_ns - at_ns < AGAIN_EVERY_NS]
        tries = len(self._failures_ns)
        self._failures_ns = [*self._failures_ns, now_ns][-len(AFTER_FAILURES_NS) - 1 :]
        self._due_ns = now_ns + (AFTER_FAILURES_NS[tries] if tries < len(AFTER_FAILURES_NS) else AGAIN_EVERY_NS)

    def begin_again(self) -> None:
        """There are other masks to push."""
        self._due_ns, self._failures_ns = 0, []

    def never(self) -> None:
        """This camera does not mask by itself."""
        self._due_ns = None


class EdgeMasks:
    """One camera. `prepare` for one task at a time; what `timetable` says is the caller's to follow."""

    def __init__(
        self, camera: Camera, journal: Journal, *, audit_every_s: float = 60.0, settle_s: float = SETTLE_S
    ) -> None:
        self.timetable = EdgeTimetable()
        self._camera, self._journal = camera, journal
        self._audit_every_s = audit_every_s
        self._settle_s = settle_s
        self._pushes = 0

    async def prepare(self, assignment: Assignment, now_ns: Nanoseconds) -> EdgePlan | EdgeRefused:
        """Have the camera burn in what `assignment` hides, in the other colour than last time. A failure is an answer.

        The node must not hold a plan meanwhile (`edge=None` in its assignment): the old colour's audit would fail.
        """
        found = await self._prepare(assignment)
        if isinstance(found, EdgePlan):
            self.timetable.pushed(now_ns)
        elif found.is_trouble:
            self.timetable.failed(now_ns)
        else:
            self.timetable.never()
        return found

    async def _prepare(self, assignment: Assignment) -> EdgePlan | EdgeRefused:
        if assignment.follows_pose or assignment.pose is None or not assignment.commissioned:
            return EdgeRefused(_NOT_FIXED, is_trouble=False)
        try:
            async with asyncio.timeout(WITHIN_S):
                able = await self._camera.capabilities()
                if able.ptz or able.onboard_masks < 1 or not able.profiles:
                    return EdgeRefused(_NO_MASKS, is_trouble=False)
                drawn = await self._plan(assignment, able)
                if isinstance(drawn, EdgeRefused):
                    return drawn
                cover, plan = drawn
                epoch, camera = str(assignment.mask_epoch), self._camera.record.camera
                await self._journal.record(deed_entry(OwnDeed.CAMERA_MASKS, epoch, cameras=[camera]))
                await self._camera.push_masks(plan.masks)
                self._pushes += 1
            await asyncio.sleep(self._settle_s)
            async with asyncio.timeout(WITHIN_S):
                missing = missing_in(cover, plan.masks, await self._camera.read_masks())
        except CsuError as error:  # the camera, or the journal: then nothing is pushed, and the engine masks
            return EdgeRefused(error.trouble.beside(self._camera.record.camera), is_trouble=True)
        except TimeoutError:
            return EdgeRefused(_SILENT, is_trouble=True)
        return plan if missing is None else EdgeRefused(missing, is_trouble=True)

    async def _plan(self, assignment: Assignment, able: CameraCapabilities) -> tuple[Cover, EdgePlan] | EdgeRefused:
        main, colour = able.profiles[0], MASK_COLOURS_YUV[self._pushes % len(MASK_COLOURS_YUV)]
        size = (main.width_px, main.height_px)

        def draw() -> tuple[Cover, EdgePlan | None]:
            policy = CoverPolicy(replace(assignment, edge=None), *size)
            cover = policy.cover(CaptureTime(0, from_camera=False), 0, ())
            masks = edge_masks(cover, able.onboard_masks, able.onboard_mask_corners_max, colour)
            return cover, None if masks is None else EdgePlan(masks, audit_every_s=self._audit_every_s)

        cover, plan = await asyncio.get_running_loop().run_in_executor(None, draw)
        if plan is None:
            return EdgeRefused(_TOO_FEW, is_trouble=False)
        others = [await self._camera.stream(profile.profile) for profile in able.profiles[1:]]
        return cover, replace(plan, other_streams=tuple(others), snapshot=await self._camera.snapshot())


_NOT_FIXED = Words(
    "le moteur masque : la caméra tourne, ou ses masques ne sont pas encore signés",
    "the engine masks: the camera turns, or its masks are not signed off yet",
)
_NO_MASKS = Words("le moteur masque : la caméra n'a pas de masques", "the engine masks: the camera has no masks")
_TOO_FEW = Words(
    "le moteur masque : les masques de la caméra cacheraient trop, ou tout est à cacher",
    "the engine masks: the camera's own would hide too much, or all is to be hidden",
)
_SILENT = Words(
    f"la caméra n'a pas répondu en {WITHIN_S:g} s quand on lui a confié ses masques",
    f"the camera did not answer within {WITHIN_S:g} s when it was given its masks",
)
