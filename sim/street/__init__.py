"""The street: a small world of buildings, people and vehicles, and the picture a camera has of it.

In: a seed, an instant, a pose. Out: the same 4:2:0 picture each time, and the truth about what is in it.
Pure: no clock, no file, no chance but the seed.
"""

from sim.street.cameras import Post, mark_is_clear, posts, sensitive_quads
from sim.street.canary import CANARY_BGR, CHROMA_MIN, canary_share
from sim.street.i420 import I420, new_i420, planes_of
from sim.street.mount import Motion, MountLimits, at_rest, drive, go_to
from sim.street.openings import zones_of
from sim.street.painter import StreetPainter
from sim.street.world import MASK_ABOVE_M, Street, build_street

__all__ = [
    "CANARY_BGR",
    "CHROMA_MIN",
    "I420",
    "MASK_ABOVE_M",
    "Motion",
    "MountLimits",
    "Post",
    "Street",
    "StreetPainter",
    "at_rest",
    "build_street",
    "canary_share",
    "drive",
    "go_to",
    "mark_is_clear",
    "new_i420",
    "planes_of",
    "posts",
    "sensitive_quads",
    "zones_of",
]
