"""The only door through which a camera's own packet becomes a masked one: its decoded picture was looked at here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from csu.hal.camera import CameraId
from csu.hal.frames import ClearFrame, EncodedFormat, MaskedFrame, MaskedPacket, Plane, YuvPlanes
from csu.hal.media import Assignment
from csu.hal.words import Words
from csu.masking._seal import SEAL
from csu.masking.cover import Cover
from csu.masking.edge.packets import (
    AccessUnit,
    PacketNotKept,
    extradata,
    may_hold_second_picture,
    parameter_sets,
    read_access_unit,
)
from csu.masking.edge.polygons import has_known_colour
from csu.masking.edge.verify import EdgeVerifier
from csu.masking.encoder import TIME_BASE_HZ, Timeline, codec_name


@dataclass(frozen=True, slots=True)
class VerifiedPicture:
    """A camera's picture in which every pixel to be hidden shows the mask, and the packet it came from."""

    frame: MaskedFrame
    packet: MaskedPacket
    begins: EncodedFormat | None
    """A new run begins with this packet; None: it goes on with the last one."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """The packet must not be kept. `is_failure` False: not yet (no run has begun, or packets are missing)."""

    why: Words
    is_failure: bool


class SelfMasked:
    """One camera's own masks at one picture size. `verified` for one thread, `missing` for one other."""

    def __init__(self, assignment: Assignment, cover: Cover, frames_per_s: float, sets_beside: bytes = b"") -> None:
        """`cover`: what the engine would hide. `sets_beside`: SPS and PPS that came beside the packets, in Annex B.

        Raises ValueError when nothing could ever be verified: no plan, a camera that turns, a whole cover, a colour
        that is not one of the two.
        """
        plan = assignment.edge
        if plan is None or assignment.follows_pose or cover.is_whole or not has_known_colour(plan.masks):
            raise ValueError(f"camera {assignment.record.camera} cannot be left to mask by itself")
        if cover.cells.any() and not plan.masks:
            raise ValueError(f"camera {assignment.record.camera}: its plan has no mask, its picture needs one")
        self._camera: CameraId = assignment.record.camera
        self._mask_epoch = assignment.mask_epoch
        self._cover = cover
        self._colour = plan.masks[0].colour_yuv if plan.masks else (0, 0, 0)
        self._frames_per_s = frames_per_s
        self._beside = parameter_sets(sets_beside)
        self._verifier = self._verifier_for((cover.width_px, cover.height_px), is_recorded=True)
        self._others: dict[tuple[int, int], EdgeVerifier] = {}
        self._run: tuple[tuple[bytes, ...], tuple[bytes, ...]] | None = None
        self._timeline = Timeline(round(TIME_BASE_HZ / frames_per_s))

    def verified(self, clear: ClearFrame, data: bytes) -> VerifiedPicture | Unverified:
        """`clear` is the picture that packet `data` (Annex B) decodes to. A run begins at an IDR picture.

        After anything but a VerifiedPicture the run is over.
        """
        try:
            unit = read_access_unit(data)
        except PacketNotKept as error:
            return self._refused(Words(f"paquet non gardé ({error})", f"packet not kept ({error})"), is_failure=False)
        missing = self._verifier.missing(clear.planes)
        if missing is not None:
            return self._refused(missing, is_failure=True)
        begins: EncodedFormat | None = None
        if self._run is None or not self._goes_on(unit):
            if not unit.is_idr:
                return self._refused(_NO_KEY, is_failure=False)
            sets = (unit.sps or self._beside[0], unit.pps or self._beside[1])
            if not sets[0] or not sets[1] or any(may_hold_second_picture(pps) for pps in sets[1]):
                return self._refused(_SETS, is_failure=True)
            begins = self._begin(*sets)
        return VerifiedPicture(self._frame(clear), self._packet(clear, unit), begins)

    def missing(self, planes: YuvPlanes) -> Words | None:
        """As `EdgeVerifier.missing`, for a picture of another stream or a snapshot of the camera, of any size."""
        size = (planes.width_px, planes.height_px)
        known = self._others.get(size)
        if known is None:
            if len(self._others) >= 8:
                self._others.clear()
            known = self._others[size] = self._verifier_for(size, is_recorded=False)
        return known.missing(planes)

    def interrupt(self) -> None:
        """Packets are missing: the next run begins at an IDR picture."""
        self._run = None

    def _verifier_for(self, size_px: tuple[int, int], *, is_recorded: bool) -> EdgeVerifier:
        return EdgeVerifier(self._cover, self._colour, size_px, is_recorded=is_recorded)

    def _refused(self, why: Words, *, is_failure: bool) -> Unverified:
        self._run = None
        return Unverified(why, is_failure)

    def _goes_on(self, unit: AccessUnit) -> bool:
        """Whether the run's format still says all a decoder needs."""
        return self._run is not None and set(unit.sps) <= set(self._run[0]) and set(unit.pps) <= set(self._run[1])

    def _begin(self, sps: tuple[bytes, ...], pps: tuple[bytes, ...]) -> EncodedFormat:
        self._run = sps, pps
        self._timeline = Timeline(round(TIME_BASE_HZ / self._frames_per_s))
        sets = extradata(sps, pps)
        return EncodedFormat(
            self._cover.width_px, self._cover.height_px, self._frames_per_s, TIME_BASE_HZ, codec_name(sets), sets
        )

    def _frame(self, clear: ClearFrame) -> MaskedFrame:
        planes = clear.planes
        lent = replace(planes, y=_read_only(planes.y), u=_read_only(planes.u), v=_read_only(planes.v))
        return MaskedFrame(
            self._camera,
            clear.sequence,
            clear.captured,
            lent,
            mask_epoch=self._mask_epoch,
            covered_share=self._cover.share,
            seal=SEAL,
        )

    def _packet(self, clear: ClearFrame, unit: AccessUnit) -> MaskedPacket:
        pts, _ = self._timeline.place(clear.captured.at_ns)
        return MaskedPacket(
            self._camera,
            clear.sequence,
            clear.captured,
            unit.slices,
            pts=pts,
            dts=pts,
            is_key=unit.is_idr,
            mask_epoch=self._mask_epoch,
            wholly_masked=self._cover.share >= 1.0,
            seal=SEAL,
        )


_NO_KEY = Words("la suite commence à la prochaine image clé", "what follows begins at the next key frame")
_SETS = Words(
    "les paramètres H.264 de la caméra manquent, ou permettent des images que personne ne voit",
    "the camera's H.264 parameter sets are missing, or allow pictures that nobody sees",
)


def _read_only(plane: Plane) -> Plane:
    """The decoder predicts from it: nobody may write there."""
    view = plane[:]
    view.flags.writeable = False
    return view
