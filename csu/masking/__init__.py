"""Masking: what must not be seen is destroyed before a picture exists for anybody.

In: `ClearFrame`s of the ingest process, a camera's `Assignment` and pose readings. Out: `MaskedFrame`s and
`MaskedPacket`s, which no other room can make. Geometry, cover, policy and fill are pure; only x264 is a shell.
"""

from csu.masking.cover import CELL_PX, Cover, cover_of, cover_of_path
from csu.masking.encoder import EncoderQuality, MaskedEncoder
from csu.masking.errors import MaskError
from csu.masking.fill import FILL_YUV, Fill, fill_yuv, mask
from csu.masking.freeze import FreezeWatch
from csu.masking.policy import CoverPolicy
from csu.masking.still import still_of
from csu.masking.surfaces import Surfaces, forbidden_surfaces
from csu.masking.track import READING_STALE_NS
from csu.masking.view import ViewChange, ViewWatch
from csu.masking.view_look import ViewState

__all__ = [
    "CELL_PX",
    "FILL_YUV",
    "READING_STALE_NS",
    "Cover",
    "CoverPolicy",
    "EncoderQuality",
    "Fill",
    "FreezeWatch",
    "MaskError",
    "MaskedEncoder",
    "Surfaces",
    "ViewChange",
    "ViewState",
    "ViewWatch",
    "cover_of",
    "cover_of_path",
    "fill_yuv",
    "forbidden_surfaces",
    "mask",
    "still_of",
]
