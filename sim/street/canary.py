"""The canary: a colour that only the windows and cornices of dwellings above the doctrine's height have.

A picture that left ingest must not show it anywhere: the oracle behind "no clear pixel leaves ingest".
"""

from __future__ import annotations

import numpy as np

from csu.hal.frames import YuvPlanes

CANARY_BGR = (245, 0, 235)
"""Magenta. In BT.601 limited range: Y 99, U 202, V 216; nothing else in the street has both U and V above 150."""

CHROMA_MIN = 166
"""Both U and V from here on are canary. Halfway between the loudest other colour (below 150 in both) and the canary
after H.264 at the street's quality; a mask's fill (128, 128) that bleeds into a canary pixel stays below it."""


def canary_share(planes: YuvPlanes) -> float:
    """Share of the picture, 0 to 1, that shows the canary. Cheap: two comparisons on the chroma planes.

    It is a `csu.hal.site.PictureWitness`. Tolerates H.264 and scaling: a window smaller than a chroma sample fades out
    of sight of this oracle, as it fades out of sight of people.
    """
    hits = np.count_nonzero((planes.u >= CHROMA_MIN) & (planes.v >= CHROMA_MIN))
    return float(hits / planes.u.size)
