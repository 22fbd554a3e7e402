"""A camera's own masks: what it is asked to burn in, whether it says it does, and whether its pictures show it.

In: the cover a camera needs, what it read back, its decoded pictures with their packets. Out: polygons to push, words
for what is missing, and masked frames and packets of pictures in which every pixel to be hidden shows the mask.
"""

from csu.masking.edge.compare import missing_in
from csu.masking.edge.packets import PacketNotKept
from csu.masking.edge.polygons import EDGE_MARGIN_PX, MASK_COLOURS_YUV, edge_masks, has_known_colour
from csu.masking.edge.verified import SelfMasked, Unverified, VerifiedPicture
from csu.masking.edge.verify import EdgeVerifier

__all__ = [
    "EDGE_MARGIN_PX",
    "MASK_COLOURS_YUV",
    "EdgeVerifier",
    "PacketNotKept",
    "SelfMasked",
    "Unverified",
    "VerifiedPicture",
    "edge_masks",
    "has_known_colour",
    "missing_in",
]
