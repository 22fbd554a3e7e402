"""Pictures on both sides of the mask.

`ClearFrame` lives between decode and mask, in the ingest process, and has no way out: it cannot be pickled, and no
recorder, wall, relay, detector or export accepts it. `MaskedFrame` and `MaskedPacket` can be built by `csu.masking`
alone, because only that room holds the seal (architecture rule 5, PRV-3).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from csu.hal._mask_seal import MaskSeal, is_seal
from csu.hal.camera import CameraId
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

Plane: TypeAlias = NDArray[np.uint8]
"""One picture plane: 2-D, 8 bit, C-contiguous rows (a view on a padded buffer is allowed)."""


class ClearPictureRefused(CsuError, TypeError):
    """Something that is not a masked picture reached a place that takes masked pictures only (PRV-3)."""

    def __init__(self, offered: object, *, where: str) -> None:
        name = type(offered).__name__
        super().__init__(
            Words(
                f"un objet {name} s'est présenté là où seules entrent des images masquées",
                f"a {name} was offered where only masked pictures may enter",
            ),
            where=where,
            what_to_do=Words(
                "Rien n'a été gardé : tout doit passer par csu.masking",
                "Nothing was kept: all must go through csu.masking",
            ),
        )


class Chroma(StrEnum):
    """How many colour samples a picture has."""

    C420 = "4:2:0"
    """One for two columns and two rows."""
    C422 = "4:2:2"
    """One for two columns, in every row."""


_SAMPLES = {8: np.dtype(np.uint8), 10: np.dtype(np.uint16)}
"""By depth, in bits."""


@dataclass(frozen=True, slots=True)
class YuvPlanes:
    """A picture in three planes. y is (height, width); u and v are (ceil(height/2), ceil(width/2)) in 4:2:0 and
    (height, ceil(width/2)) in 4:2:2.

    After the mask every picture is 8-bit 4:2:0, which is what the type of the planes says. Before it a camera may send
    10 bits a sample: then the planes are uint16, samples 0 to 1023 in the machine's byte order, and `depth_bits` is 10.
    """

    y: Plane
    u: Plane
    v: Plane
    full_range: bool = False
    """True for 0-255 luma (JPEG range), False for 16-235."""
    bt709: bool | None = None
    """The colour matrix the stream declares: True for BT.709, False for BT.601, None when it says nothing."""
    depth_bits: int = 8
    """Bits a sample: 8 (uint8) or 10 (uint16)."""

    @property
    def chroma(self) -> Chroma | None:
        """What the shapes of the planes say; None: neither of the two, and nobody may guess. (1 row: 4:2:0.)"""
        height, width = self.y.shape
        across = (width + 1) // 2
        if self.u.shape != self.v.shape:
            return None
        if self.u.shape == ((height + 1) // 2, across):
            return Chroma.C420
        return Chroma.C422 if self.u.shape == (height, across) else None

    @property
    def is_sound(self) -> bool:
        """True when the samples are of the depth that is declared and the shapes fit each other."""
        expected = _SAMPLES.get(self.depth_bits)  # asked of every picture twice: no generator, no table made anew
        y, u, v = self.y, self.u, self.v
        return (
            y.ndim == u.ndim == v.ndim == 2
            and expected is not None
            and y.dtype == u.dtype == v.dtype == expected
            and self.chroma is not None
        )

    @property
    def is_bt709(self) -> bool:
        """The matrix to use: as declared, else BT.709 from 720 lines up and BT.601 below, as broadcasting does."""
        return self.height_px >= 720 if self.bt709 is None else self.bt709

    @property
    def width_px(self) -> int:
        return int(self.y.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.y.shape[0])


@dataclass(frozen=True, slots=True)
class CaptureTime:
    """When a frame was captured, and how we know."""

    at_ns: Nanoseconds
    from_camera: bool
    """True: from the camera's RTCP sender reports. False: time of arrival, because no report has come yet."""
    at_latest_ns: Nanoseconds | None = field(default=None, compare=False)
    """By our clock: it had arrived by then, less the delay that varies. A camera's clock may be wrong, arrival not.
    None: nobody measured it."""


@final
class ClearFrame:
    """A decoded picture before the mask. It never leaves the process that decoded it."""

    __slots__ = ("camera", "captured", "planes", "sequence")

    def __init__(self, camera: CameraId, sequence: int, captured: CaptureTime, planes: YuvPlanes) -> None:
        self.camera = camera
        self.sequence = sequence
        self.captured = captured
        self.planes = planes

    def __reduce__(self) -> NoReturn:
        raise ClearPictureRefused(self, where=self.camera)

    def __repr__(self) -> str:
        return f"<ClearFrame of {self.camera}, sequence {self.sequence}>"


@final
class MaskedFrame:
    """A picture whose sensitive pixels are destroyed. `mask_epoch` names the version of the cover that did it.

    Always 8-bit 4:2:0, whatever the camera sends: wall, witness, shared memory and encoder build on it; other planes
    raise ValueError.
    """

    __slots__ = ("camera", "captured", "covered_share", "mask_epoch", "planes", "sequence")

    def __init__(
        self,
        camera: CameraId,
        sequence: int,
        captured: CaptureTime,
        planes: YuvPlanes,
        *,
        mask_epoch: int,
        covered_share: float,
        seal: MaskSeal,
    ) -> None:
        _require_seal(seal, camera)
        if not planes.is_sound or planes.depth_bits != 8 or planes.chroma is not Chroma.C420:
            raise ValueError(f"camera {camera}: a masked picture must be 8-bit 4:2:0")
        self.camera = camera
        self.sequence = sequence
        self.captured = captured
        self.planes = planes
        self.mask_epoch = mask_epoch
        self.covered_share = covered_share


@final
class MaskedPacket:
    """An encoded masked picture: H.264 Annex B or AVCC bytes as the encoder made them, with its times.

    `pts` and `dts` count in `1 / time_base_hz` seconds from the start of this encoder's life.
    """

    __slots__ = ("camera", "captured", "data", "dts", "is_key", "mask_epoch", "pts", "sequence", "wholly_masked")

    def __init__(
        self,
        camera: CameraId,
        sequence: int,
        captured: CaptureTime,
        data: bytes,
        *,
        pts: int,
        dts: int,
        is_key: bool,
        mask_epoch: int,
        wholly_masked: bool,
        seal: MaskSeal,
    ) -> None:
        _require_seal(seal, camera)
        self.camera = camera
        self.sequence = sequence
        self.captured = captured
        self.data = data
        self.pts = pts
        self.dts = dts
        self.is_key = is_key
        self.mask_epoch = mask_epoch
        self.wholly_masked = wholly_masked


@dataclass(frozen=True, slots=True)
class EncodedFormat:
    """What a reader of `MaskedPacket`s must know. `extradata` holds SPS and PPS (avcC or Annex B)."""

    width_px: int
    height_px: int
    frames_per_s: float
    time_base_hz: int
    codec: str
    """RFC 6381 name, for example `avc1.42C01E`."""
    extradata: bytes


def require_masked_packet(candidate: object, *, where: str) -> MaskedPacket:
    """`candidate` if it is a MaskedPacket. Raises ClearPictureRefused otherwise: the door of every consumer."""
    if not isinstance(candidate, MaskedPacket):
        raise ClearPictureRefused(candidate, where=where)
    return candidate


def require_masked_frame(candidate: object, *, where: str) -> MaskedFrame:
    """`candidate` if it is a MaskedFrame. Raises ClearPictureRefused otherwise."""
    if not isinstance(candidate, MaskedFrame):
        raise ClearPictureRefused(candidate, where=where)
    return candidate


def _require_seal(seal: MaskSeal, camera: CameraId) -> None:
    if not is_seal(seal):
        raise PermissionError(f"camera {camera}: only csu.masking makes masked pictures")
