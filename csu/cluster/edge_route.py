"""The edge mask route, put together from the masking room: the camera masks, each picture is looked at."""

from __future__ import annotations

from csu.cluster.view_keeper import ViewKeeper, ViewKeepers
from csu.hal.frames import CaptureTime, Chroma, ClearFrame, EncodedFormat, YuvPlanes
from csu.hal.media import Assignment
from csu.hal.place import Pose
from csu.hal.words import Words
from csu.ingest import EdgeRoute, Kept, NotKept, PictureShape
from csu.ingest.parameter_sets import NAL_SPS, nal_units, parse_sps
from csu.masking import CELL_PX, Cover, CoverPolicy
from csu.masking.edge import SelfMasked, VerifiedPicture


def edge_route(views: ViewKeepers) -> EdgeRoute:
    """A `csu.ingest.edge_connection.EdgeRoute` whose cameras' views are watched."""
    return lambda assignment, shape, sets_beside: _edge_stage(assignment, shape, sets_beside, views.of(assignment))


def _edge_stage(assignment: Assignment, shape: PictureShape, sets_beside: bytes, view: ViewKeeper) -> EdgeStage | None:
    """None where only the engine can mask.

    That is a camera without a plan, one that turns, one that is wholly masked (not signed off, moved, no pose), and
    pictures that are not 8-bit 4:2:0.
    """
    if view.is_locked:
        return None
    if assignment.edge is None or assignment.follows_pose or (shape.depth_bits, shape.chroma) != (8, Chroma.C420):
        return None
    policy = CoverPolicy(assignment, shape.width_px, shape.height_px)
    cover = policy.cover(CaptureTime(0, from_camera=False), 0, ())  # of a fixed camera: the same at all times
    try:
        return EdgeStage(SelfMasked(assignment, cover, shape.frames_per_s, sets_beside), cover, policy.view, view)
    except ValueError:
        return None


class EdgeStage:
    """A `csu.ingest.edge_connection.EdgeStage`."""

    def __init__(self, masks: SelfMasked, cover: Cover, pose: Pose | None, view: ViewKeeper) -> None:
        self._masks = masks
        self._cover = cover
        self._pose = pose
        self._view = view

    def verified(self, clear: ClearFrame, data: bytes) -> Kept | NotKept:
        if self._view.is_locked:
            self._masks.interrupt()
            return NotKept(_MOVED, is_failure=True)
        if self._view.hides:
            return self._suspected()
        found = self._masks.verified(clear, data)
        if not isinstance(found, VerifiedPicture):
            return NotKept(found.why, found.is_failure)
        if found.begins is not None and not _shows_all_it_codes(found.begins):
            self._masks.interrupt()
            return NotKept(_HIDDEN_BORDER, is_failure=True)
        self._view.seen(found.frame, self._cover, self._pose, clear.captured.at_ns)
        if self._view.hides:
            return self._suspected()
        return Kept(found.frame, found.packet, found.begins)

    def _suspected(self) -> NotKept:
        """The engine masks all of it, and goes on looking."""
        self._masks.interrupt()
        return NotKept(_MOVED, is_failure=False)

    def missing(self, planes: YuvPlanes) -> Words | None:
        return self._masks.missing(planes)

    def interrupt(self) -> None:
        self._masks.interrupt()


def _shows_all_it_codes(encoded: EncodedFormat) -> bool:
    """Whether the stream crops no more than what fills the last block: nobody looked at what is cropped."""
    try:
        cropped = [parse_sps(u).cropped_px for u in nal_units(encoded.extradata) if u[0] & 0x1F == NAL_SPS]
    except ValueError:
        return False
    return all(max(columns, rows) < CELL_PX for columns, rows in cropped)


_MOVED = Words(
    "elle a bougé : ses masques ne sont plus où ils doivent être",
    "it was moved: its masks are no longer where they must be",
)
_HIDDEN_BORDER = Words(
    "ses images portent un bord que l'on ne voit pas et que rien ne contrôle",
    "its pictures carry a border that is not shown, and that nothing audits",
)
