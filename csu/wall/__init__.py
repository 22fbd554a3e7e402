"""The wall of pictures: who is shown where, and the drawing of it.

In: a `WallScene` and masked pictures (from a `TileSource`). Out: pixels, and a reading of what those pixels show.
The pure parts are named here; `csu.wall.renderer` and `csu.wall.surface` need GL and are imported by whoever draws.
"""

from csu.wall.freshness import Freshness
from csu.wall.layout import grid_scene

__all__ = ["Freshness", "grid_scene"]
